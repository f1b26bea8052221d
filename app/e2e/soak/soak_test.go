package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
)

var soakFor = flag.Duration("soak", 0, "run TestSoak for so long on each database")

// soakSamples is how often the process is measured in a short soak; in a long
// one it is after each minute of load.
const soakSamples = 15

// How long the process must hold no fewer goroutines before it counts as at
// rest.
const (
	meanwhile = 3 * time.Second
	atEnd     = 15 * time.Second
)

// TestSoak: jobs, pages, streams, exports, odd input and faults at random
// leave the process as it was. Goroutines, descriptors and memory of the last
// third are those of the middle third; at the end goroutines and descriptors
// are those of the start.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("SKIPPED: the soak runs only when asked for: task soak, or -soak 30m")
	}
	t.Run("sqlite", func(t *testing.T) {
		newSoak(t, "sqlite:"+filepath.Join(t.TempDir(), "soak.db"), nil).run()
	})
	t.Run("postgres", func(t *testing.T) {
		address := freshPostgres(t)
		db, err := sql.Open("pgx", address)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxIdleConns(0) // its own connections do not count as the program's
		newSoak(t, address, db).run()
	})
}

// soak is a program under load, in this process.
type soak struct {
	t        *testing.T
	demo     *demo
	url      string
	postgres *sql.DB // nil on SQLite
	log      *soakLog
	subjects subjects

	paused sync.RWMutex // held for reading while a worker works

	mu      sync.Mutex
	status  map[int]int  // how many answers of each status
	cuts    map[bool]int // of database connections, by whether they succeeded
	held    []net.Conn   // of clients that read nothing
	samples []sample
}

// newSoak starts the program over a generated history, and waits until it has
// read it.
func newSoak(t *testing.T, database string, postgres *sql.DB) *soak {
	t.Helper()
	s := &soak{t: t, demo: newDemo(time.Now), postgres: postgres, log: newSoakLog(), status: map[int]int{}, cuts: map[bool]int{}}
	// What is sent must not make the players grow.
	s.demo.github.OnDispatch(func(map[string]string) {})
	s.demo.devin.OnMessage(func(string, string) {})
	cfg, err := parseConfig(map[string]string{
		"GITHUB_TOKEN": demoToken, "DEVIN_API_KEY": demoKey, "DEVIN_ORG_ID": demoOrg, "ACTION_REPO": demoActionRepo,
		"DATABASE_URL": database, "LISTEN_ADDR": "127.0.0.1:0", "REFRESH_INTERVAL": "5s", "POLL_INTERVAL": "3s", "CACHE_TTL": "2",
	})
	if err != nil {
		t.Fatal(err)
	}
	for set, player := range map[*BaseURL]http.Handler{
		&cfg.GitHubAPIURL: s.demo.github, &cfg.DevinAPIURL: s.demo.devin,
	} {
		address, stop, err := play(t.Context(), player, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		*set = BaseURL(address)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- run(ctx, cfg, false, slog.New(s.log), func(a net.Addr) { ready <- a }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	select {
	case a := <-ready:
		s.url = "http://" + a.String()
	case err := <-ended:
		ended <- err
		t.Fatal("the program did not start")
	}
	s.learn()
	return s
}

// run puts the program under load, measures it meanwhile, and judges.
func (s *soak) run() {
	s.calm()
	s.measure(0, atEnd)
	begun := time.Now()
	ctx, stop := context.WithDeadline(s.t.Context(), begun.Add(*soakFor))
	defer stop()
	var workers sync.WaitGroup
	for n, work := range s.workers() {
		w := newWorker(s, n)
		workers.Go(func() {
			defer w.client.CloseIdleConnections()
			for ctx.Err() == nil {
				s.paused.RLock()
				work(w, ctx)
				s.paused.RUnlock()
			}
		})
	}
	for ctx.Err() == nil {
		select {
		case <-time.After(min(time.Minute, *soakFor/soakSamples)):
			s.paused.Lock()
			s.calm()
			s.measure(time.Since(begun), meanwhile)
			s.paused.Unlock()
		case <-ctx.Done():
		}
	}
	workers.Wait()
	s.calm()
	s.measure(time.Since(begun), atEnd)
	s.judge()
}

// calm ends what disturbs the program: faults, clients that read nothing.
func (s *soak) calm() {
	s.demo.github.ClearFaults()
	s.demo.github.Forget()
	s.demo.devin.Fail(devintest.KindAny, devintest.Fault{})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.held {
		_ = c.Close() // the program may have closed it already
	}
	s.held = nil
}

// soakLog counts what the program logs, by its message, with an example of
// each, and keeps panics.
type soakLog struct {
	mu       sync.Mutex
	counts   map[string]int
	examples map[string]string
	panics   map[string]string // by message
}

func newSoakLog() *soakLog {
	return &soakLog{counts: map[string]int{}, examples: map[string]string{}, panics: map[string]string{}}
}

// Enabled is of slog.Handler.
func (l *soakLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle counts a record.
func (l *soakLog) Handle(_ context.Context, r slog.Record) error {
	var text strings.Builder
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&text, "%s=%v ", a.Key, a.Value)
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	message := r.Level.String() + " " + r.Message
	l.counts[message]++
	l.examples[message] = text.String()
	if strings.Contains(text.String(), "panic") {
		l.panics[message] = text.String()
	}
	return nil
}

// WithAttrs is of slog.Handler.
func (l *soakLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup is of slog.Handler.
func (l *soakLog) WithGroup(string) slog.Handler { return l }
