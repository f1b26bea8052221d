package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// memory is a store of the tests; what it does not define is not asked.
type memory struct {
	ingest.Store
	mu    sync.Mutex
	known map[string]string
	jobs  []telemetry.Job // as last saved, oldest first
	saves int
	full  bool // no job can be saved
	led   bool // this program has the lease

	hooked map[string]bool // of which webhooks tell
	due    []telemetry.Delivery
	ended  []telemetry.Delivery // each try of one

	pulls     map[int]bool // by number
	watermark time.Time    // of the one repository
	named     []telemetry.PullRef
}

func (m *memory) PullSyncs(context.Context) ([]telemetry.PullSync, error) {
	return []telemetry.PullSync{{Repo: "octo/shop", Watermark: m.watermark}}, nil
}

func (m *memory) SavePulls(_ context.Context, _ telemetry.RepoName, pulls []telemetry.PullRequest, watermark time.Time) error {
	for _, p := range pulls {
		m.pulls[p.Number] = true
	}
	if !watermark.IsZero() {
		m.watermark = watermark
	}
	return nil
}

func (m *memory) PullsFailed(context.Context, telemetry.RepoName, error) (bool, error) {
	return true, nil
}
func (m *memory) ListedPulls(context.Context) (int64, error) { return int64(len(m.pulls)), nil }
func (m *memory) UnfetchedPulls(context.Context, bool, int) ([]telemetry.PullRef, error) {
	return m.named, nil
}

func (m *memory) PullsToAsk(context.Context, bool, int) ([]telemetry.PullRef, error) { return nil, nil }
func (m *memory) PullsRead(context.Context, telemetry.RepoName) error                { return nil }
func (m *memory) PutOffPull(context.Context, telemetry.PullRef) error                { return nil }
func (m *memory) SavePullDetails(context.Context, telemetry.PullDetails) error       { return nil }

func (m *memory) DueDeliveries(_ context.Context, busy []string, _ int) (due []telemetry.Delivery, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.due = slices.DeleteFunc(m.due, func(d telemetry.Delivery) bool {
		is := !d.NextTry.After(time.Now()) && !slices.Contains(busy, d.Repo.Key())
		if is {
			due = append(due, d)
		}
		return is
	})
	return due, nil
}

func (m *memory) SaveDelivery(_ context.Context, d telemetry.Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full {
		d.NextTry, d.State = telemetry.Time{}, telemetry.DeliveryQueued // it stands as it was
		m.due = append(m.due, d)
		return errors.New("the disk is full")
	}
	m.ended = append(m.ended, d)
	if d.State == telemetry.DeliveryQueued {
		m.due = append(m.due, d)
	}
	return nil
}

func (m *memory) KnownRepo(context.Context, string) (bool, error) { return true, nil }
func (m *memory) KnownPulls(context.Context, string, []int64, string, string) ([]telemetry.PullRef, error) {
	return []telemetry.PullRef{{Repo: "octo/shop", Number: 7}}, nil
}

func (m *memory) Hooked(context.Context, time.Time) (map[string]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hooked, nil
}

func (m *memory) RetryFiles(context.Context) error { return nil }

func (m *memory) KnownFiles(context.Context, string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := map[string]string{}
	for name, sha := range m.known {
		known[name] = sha
	}
	return known, nil
}

func (m *memory) PutFiles(_ context.Context, _ string, files []telemetry.FetchedFile) (telemetry.PutResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range files {
		m.known[f.Name] = f.SHA
	}
	return telemetry.PutResult{New: int64(len(files))}, nil
}

func (m *memory) MarkGone(context.Context, string, []string) error         { return nil }
func (m *memory) SaveSource(context.Context, telemetry.SourceStatus) error { return nil }
func (m *memory) KeepRunsSources(context.Context, []string) error          { return nil }
func (m *memory) RebuildPending(context.Context) (bool, error)             { return false, nil }
func (m *memory) SessionsToPoll(context.Context, time.Duration) (telemetry.PollTurn, error) {
	return telemetry.PollTurn{Due: []telemetry.DueSession{{ID: "a"}}, Known: []string{"a"}}, nil
}
func (m *memory) SavePoll(context.Context, telemetry.SessionAnswer) error { return nil }
func (m *memory) Job(context.Context, string) (telemetry.Job, bool, error) {
	return telemetry.Job{}, false, nil
}
func (m *memory) SaveJob(_ context.Context, j telemetry.Job) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full {
		return errors.New("the disk is full")
	}
	m.saves++
	at := slices.IndexFunc(m.jobs, func(o telemetry.Job) bool { return o.ID == j.ID })
	if at < 0 {
		m.jobs = append(m.jobs, j)
	} else {
		m.jobs[at] = j
	}
	return nil
}

// Lead gives the program the lease; what an earlier one left is queued again.
func (m *memory) Lead(_ context.Context, resumed []string) (telemetry.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.led {
		m.led = true
		for i, j := range m.jobs {
			if j.State == telemetry.JobInterrupted && slices.Contains(resumed, j.Kind) {
				m.jobs[i].State = telemetry.JobQueued
			}
		}
	}
	return telemetry.Lease{Own: true, Held: true, Fence: 1}, nil
}

func (m *memory) Under(ctx context.Context, _ telemetry.Lease) context.Context { return ctx }
func (m *memory) Watch() (<-chan struct{}, func())                             { return nil, func() {} }

func (m *memory) TakeJobs(context.Context, []string) (taken []telemetry.Job, cancel, unsure []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, j := range m.jobs {
		if j.State == telemetry.JobQueued {
			m.jobs[i].State = telemetry.JobRunning
			taken = append(taken, m.jobs[i])
		}
	}
	return taken, nil, nil, nil
}

// saved are the jobs as last saved, oldest first.
func (m *memory) saved() []telemetry.Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.jobs)
}

// source is a directory whose listing takes a while, fails or panics.
type source struct {
	mu     sync.Mutex
	asked  []time.Duration // since the start
	start  time.Time
	takes  time.Duration
	deaf   chan bool // if set: what it waits for instead, whatever its context says
	err    error
	panics bool
	files  []telemetry.RunFile

	pulls []telemetry.PullRequest
	after time.Time // what was asked for last
}

func (s *source) PullRequests(_ context.Context, _ string, after time.Time) ([]telemetry.PullRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = after
	return s.pulls, s.err
}

func (s *source) PullRequest(ctx context.Context, _ string, _ int) (telemetry.PullRequest, error) {
	if err := s.ask(ctx); err != nil {
		return telemetry.PullRequest{}, err
	}
	return telemetry.PullRequest{}, errors.New("nothing is asked by number")
}

func (s *source) FreshPullDetails(ctx context.Context, repo string, number int) (telemetry.PullDetails, error) {
	pull, err := s.PullRequest(ctx, repo, number)
	return telemetry.PullDetails{Pull: pull}, err
}

func (s *source) ask(ctx context.Context) error {
	s.mu.Lock()
	s.asked = append(s.asked, time.Since(s.start))
	takes, err, panics, deaf := s.takes, s.err, s.panics, s.deaf
	s.mu.Unlock()
	if panics {
		panic("a bug")
	}
	if deaf != nil {
		<-deaf
		return err
	}
	select {
	case <-time.After(takes):
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *source) RunFiles(ctx context.Context) ([]telemetry.RunFile, error) {
	s.mu.Lock()
	files := s.files // as they were when it was asked
	s.mu.Unlock()
	return files, s.ask(ctx)
}

func (s *source) FetchRunFiles(_ context.Context, files []telemetry.RunFile, got func(telemetry.RunFile, []byte, error) error) error {
	for _, f := range files {
		if err := got(f, []byte("{}"), nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) Changed(context.Context, time.Time, []string) (answer telemetry.SessionAnswer, told bool, err error) {
	return answer, false, nil
}

func (s *source) Sessions(ctx context.Context, wanted []string, _ ...string) (telemetry.SessionAnswer, error) {
	return telemetry.SessionAnswer{Skipped: wanted}, s.ask(ctx)
}

// asks are the times at which it was asked, and forgets them.
func (s *source) asks() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprint(s.asked)
	s.asked = nil
	return text
}

func (s *source) change(do func(*source)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(s)
}

// world is a Runner on a clock that moves only when all wait. A goroutine
// that is left behind fails the test.
type world struct {
	*ingest.Runner
	store       *memory
	runs, devin *source
	pulls       *source          // nil: GitHub is not asked
	log         *strings.Builder // guarded by the handler's own lock; read it only when all wait
	stop        func()
}

func inWorld(t *testing.T, refresh, poll time.Duration, try func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{store: &memory{known: map[string]string{}, pulls: map[int]bool{}}, runs: &source{start: time.Now()}, devin: &source{start: time.Now()}, log: &strings.Builder{}}
		w.begin(refresh, poll)
		try(t, w)
		w.stop()
	})
}

// begin starts a Runner on what the one before left.
func (w *world) begin(refresh, poll time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	n := len(w.store.saved())
	w.store.led = false
	var mu sync.Mutex
	var pulls ingest.PullRequests
	if w.pulls != nil {
		pulls = w.pulls
	}
	w.Runner = ingest.New(ctx, ingest.Options{PullRequests: pulls, Store: w.store, Sources: []ingest.Source{{Files: w.runs}}, Devin: w.devin, RefreshInterval: refresh, PollInterval: poll,
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: time.Now, NewID: func() string { mu.Lock(); defer mu.Unlock(); n++; return fmt.Sprint("job-", n) }})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.Run(ctx) // always nil
	}()
	w.stop = func() {
		cancel()
		<-ended
	}
	synctest.Wait()
}

// pass lets time go by.
func pass(d time.Duration) {
	time.Sleep(d) // on the bubble's clock
	synctest.Wait()
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// lockedText is what is logged.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines are those with a text.
func (l *lockedText) lines(text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}
