package soak

import (
	"context"
	"database/sql"
	"flag"
	"net"
	"os/exec"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/store/storetest"
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

func TestMain(m *testing.M) { program.Main(m) }

// TestSoak: jobs, pages, streams, exports, odd input and faults at random
// leave the process as it was. Goroutines, descriptors and memory of the last
// third are those of the middle third; at the end goroutines and descriptors
// are those of the start.
func TestSoak(t *testing.T) {
	if *soakFor == 0 {
		t.Skip("SKIPPED: the soak runs only when asked for: task soak, or -soak 30m")
	}
	t.Run("sqlite", func(t *testing.T) { newSoak(t, "", nil).run() })
	t.Run("postgres", func(t *testing.T) {
		address := storetest.PostgresAddress(t)
		db, err := sql.Open("pgx", address)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		newSoak(t, address, db).run()
	})
}

// soak is a program under load.
type soak struct {
	*program.Played
	postgres *sql.DB // nil on SQLite
	log      *logCounts
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
	s := &soak{
		Played: program.NewPlayed(t, "cog_soak", nil), postgres: postgres, log: newLogCounts(),
		status: map[int]int{}, cuts: map[bool]int{},
	}
	s.playHistory()
	settings := s.Settings(nil).With(program.Traced(200)).With(program.Settings{
		"DATABASE_URL": database, "REFRESH_INTERVAL": "5s", "POLL_INTERVAL": "3s", "CACHE_TTL": "2", "LOG_FORMAT": "json",
	})
	s.Program = program.Start(t, settings, func(c *exec.Cmd) { c.Stderr = s.log })
	s.learn()
	return s
}

// run puts the program under load, measures it meanwhile, and judges.
func (s *soak) run() {
	s.endFaults()
	s.measure(0, atEnd)
	begun := time.Now()
	ctx, stop := context.WithDeadline(s.T.Context(), begun.Add(*soakFor))
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
			s.endFaults()
			s.measure(time.Since(begun), meanwhile)
			s.paused.Unlock()
		case <-ctx.Done():
		}
	}
	workers.Wait()
	s.endFaults()
	s.measure(time.Since(begun), atEnd)
	s.judge()
}

// endFaults ends what disturbs the program: faults, clients that read nothing.
func (s *soak) endFaults() {
	s.GitHub.ClearFaults()
	s.GitHub.Forget()
	s.Devin.Fail(devintest.KindAny, devintest.Fault{})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.held {
		_ = c.Close() // the program may have closed it already
	}
	s.held = nil
}
