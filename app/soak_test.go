package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
)

var soakFor = flag.Duration("soak", 0, "run TestSoak for so long on each database")

// soakSamples is how often the process is measured.
const soakSamples = 15

// TestSoak: jobs, pages, streams, exports and faults at random leave the
// process as it was: goroutines, descriptors and memory of the last third are
// those of the middle third.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("SKIPPED: task soak runs it")
	}
	t.Run("sqlite", func(t *testing.T) { newSoak(t, nil).run() })
	t.Run("postgres", func(t *testing.T) {
		url := freshPostgres(t)
		newSoak(t, func(c *Config) { c.DatabaseURL = DatabaseURL(url) }).run()
	})
}

// soak is a program under load, in this process.
type soak struct {
	*played
	client *http.Client
	paused sync.RWMutex // held for reading while a worker works
	mu     sync.Mutex
	status map[int]int // how many answers of each status
	rows   []atRest
}

// atRest is what a process holds at rest.
type atRest struct {
	at         time.Duration
	goroutines int
	files      int
	heap       uint64
	resident   uint64 // with what SQLite holds outside the heap
	answers    int
}

func newSoak(t *testing.T, set func(*Config)) *soak {
	p := startPlayed(t, shopRecords(), func(c *Config) {
		c.RefreshInterval, c.PollInterval = 5*time.Second, 3*time.Second
		if set != nil {
			set(c)
		}
	})
	p.working()
	return &soak{played: p, status: map[int]int{}, client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 16}}}
}

func (s *soak) run() {
	ctx, stop := context.WithTimeout(s.t.Context(), *soakFor)
	defer stop()
	var workers sync.WaitGroup
	for n, work := range []func(context.Context, *rand.Rand){s.page, s.page, s.page, s.page, s.job, s.stream, s.stream, s.change, s.fault} {
		workers.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(n), 1))
			for ctx.Err() == nil {
				s.paused.RLock()
				work(ctx, dice)
				s.paused.RUnlock()
			}
		})
	}
	begun := time.Now()
	every := time.NewTicker(*soakFor / soakSamples)
	defer every.Stop()
	for len(s.rows) < soakSamples-1 && ctx.Err() == nil {
		select {
		case <-every.C:
			s.measure(time.Since(begun))
		case <-ctx.Done():
		}
	}
	stop()
	workers.Wait()
	s.measure(time.Since(begun))
	s.judge()
}

// ask makes one request and reads its answer; what it is does not matter.
func (s *soak) ask(ctx context.Context, method, path string) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, nil)
	if err != nil {
		return
	}
	res, err := s.client.Do(req)
	if err != nil {
		return
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status[res.StatusCode]++
}

func oneOf[T any](dice *rand.Rand, list ...T) T { return list[dice.IntN(len(list))] }

func (s *soak) page(ctx context.Context, dice *rand.Rand) {
	s.ask(ctx, http.MethodGet, oneOf(dice, "/", "/issues", "/sessions", "/pulls", "/runs", "/repos", "/repo/octo/shop", "/activity", "/needs-you",
		"/search?q=rule-07", "/session/"+shopSession, "/nowhere", "/issues?q=colour:red", "/panels/tiles", "/api/stats", "/api/trends", "/api/issues",
		"/api/jobs", "/api/sources", "/api/issues.csv", "/api/sessions.json", "/api/runs.csv", "/api/sessions/"+shopSession+"/messages",
		"/api/prs/octo/shop/7", "/api/dispatch/preflight?target_repo=octo/shop", "/api/openapi.yaml", "/docs/api"))
}

func (s *soak) job(ctx context.Context, dice *rand.Rand) {
	s.ask(ctx, http.MethodPost, oneOf(dice, "/api/refresh", "/api/poll", "/api/poll-prs", "/api/backfill?dry_run=true"))
}

// stream opens a stream of events, reads some, and leaves.
func (s *soak) stream(ctx context.Context, dice *rand.Rand) {
	ctx, leave := context.WithTimeout(ctx, time.Duration(50+dice.IntN(1500))*time.Millisecond)
	defer leave()
	s.ask(ctx, http.MethodGet, "/events")
}

// change lets the upstreams have something new, in a few versions that come
// again, so that the players themselves do not grow.
func (s *soak) change(ctx context.Context, dice *rand.Rand) {
	name, version := fmt.Sprintf("soak-%d.json", dice.IntN(4)), dice.IntN(2)
	at := time.Date(2026, 5, 14, 10, version, 0, 0, time.UTC)
	s.put(s.t, map[string]any{name: scan(50+version, at, []map[string]any{finding(50+version, 1, "high", "xss", "js/soak", "src/soak.ts", 1+version)})})
	s.devin.Update(shopSession, func(session *devintest.Session) {
		session.Detail = oneOf(dice, "working", "waiting_for_user", "finished")
	})
	sleep(ctx, time.Duration(dice.IntN(500))*time.Millisecond)
}

// fault lets an upstream fail for a moment.
func (s *soak) fault(ctx context.Context, dice *rand.Rand) {
	s.github.Fail(oneOf(dice, githubtest.Fault{Status: 502}, githubtest.Fault{Drop: true}, githubtest.Fault{CutShort: true, Raw: `[{"number": 1`},
		githubtest.Fault{Status: 200, Raw: "null"}, githubtest.Fault{Status: 200, Raw: "[null]"}, githubtest.Fault{Delay: 2 * time.Second},
		githubtest.Fault{Status: 404}, githubtest.Fault{Status: 200, Raw: "<html>"}, githubtest.Secondary(http.StatusForbidden, 1)))
	s.devin.Fail(devintest.KindAny, oneOf(dice, devintest.Fault{Status: 500}, devintest.Fault{Abort: true}, devintest.Fault{Cut: true},
		devintest.Fault{NotJSON: true}, devintest.Fault{Delay: 2 * time.Second}, devintest.Fault{Status: 429, RetryAfter: "1"}))
	sleep(ctx, time.Duration(dice.IntN(700))*time.Millisecond)
	s.calm()
	sleep(ctx, time.Duration(dice.IntN(700))*time.Millisecond)
}

func (s *soak) calm() {
	s.github.ClearFaults()
	s.devin.Fail(devintest.KindAny, devintest.Fault{})
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// measure lets everything come to rest and notes what is still held.
func (s *soak) measure(at time.Duration) {
	s.paused.Lock()
	defer s.paused.Unlock()
	s.calm()
	s.client.CloseIdleConnections()
	s.http.CloseIdleConnections()
	least := atRest{at: at, goroutines: 1 << 30, files: 1 << 30}
	for range 20 { // the loops' own jobs come and go
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		least.goroutines, least.heap = min(least.goroutines, runtime.NumGoroutine()), m.HeapAlloc
		least.resident = resident()
		if open, err := os.ReadDir("/proc/self/fd"); err == nil {
			least.files = min(least.files, len(open))
		}
		sleep(s.t.Context(), 100*time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.status {
		least.answers += n
	}
	s.rows = append(s.rows, least)
}

// resident is the memory that the process has, 0 where /proc does not tell.
func resident() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if fields := strings.Fields(string(text)); err == nil && len(fields) > 1 {
		pages, _ := strconv.ParseUint(fields[1], 10, 64)
		return pages * uint64(os.Getpagesize())
	}
	return 0
}

// judge prints the measures and fails where they climb.
func (s *soak) judge() {
	var table strings.Builder
	fmt.Fprintf(&table, "\n%10s%12s%8s%10s%13s%10s\n", "after", "goroutines", "files", "heap MB", "resident MB", "answers")
	for _, m := range s.rows {
		fmt.Fprintf(&table, "%10s%12d%8d%10.1f%13.1f%10d\n",
			m.at.Round(time.Second), m.goroutines, m.files, float64(m.heap)/(1<<20), float64(m.resident)/(1<<20), m.answers)
	}
	s.t.Logf("%sanswers by status: %v", table.String(), s.status)
	third := len(s.rows) / 3
	if third == 0 || s.rows[len(s.rows)-1].answers == 0 {
		s.t.Fatalf("%d measures and %v answers are too few to judge", len(s.rows), s.status)
	}
	for _, what := range []struct {
		name  string
		of    func(atRest) float64
		slack float64 // by how much a third may differ by chance, beside a tenth
	}{
		{"goroutines", func(m atRest) float64 { return float64(m.goroutines) }, 10},
		{"descriptors", func(m atRest) float64 { return float64(m.files) }, 8},
		{"heap", func(m atRest) float64 { return float64(m.heap) }, 8 << 20},
		{"resident memory", func(m atRest) float64 { return float64(m.resident) }, 24 << 20},
	} {
		mean := func(rows []atRest) (sum float64) {
			for _, m := range rows {
				sum += what.of(m) / float64(len(rows))
			}
			return sum
		}
		middle, last := mean(s.rows[third:2*third]), mean(s.rows[len(s.rows)-third:])
		if last > middle*1.1+what.slack {
			s.t.Errorf("%s climb: %.0f in the middle third, %.0f in the last", what.name, middle, last)
		}
	}
}
