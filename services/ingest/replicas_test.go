package ingest_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// runner is a program on a PostgreSQL whose clock is off. end ends it and
// returns when it has given the lease back.
func runner(t *testing.T, address string, off time.Duration, files ingest.RunFiles) (r *ingest.Runner, end func()) {
	t.Helper()
	now := func() time.Time { return time.Now().Add(off) }
	db, err := store.Open(t.Context(), store.Options{URL: address, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r = ingest.New(ctx, ingest.Options{Store: derive.New(db), Sources: []ingest.Source{{Files: files}}, Log: quiet(), Now: now, NewID: telemetry.NewID})
	var parts [2]chan struct{}
	for i, part := range []func(context.Context) error{db.Follow, r.Run} {
		parts[i] = make(chan struct{})
		go func() {
			defer close(parts[i])
			_ = part(ctx) // always nil
		}()
	}
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		<-parts[0]
		<-parts[1]
		_ = db.Close()
	}
	t.Cleanup(end)
	return r, end
}

// TestProgramsWhoseClocksDiffer: whichever clock is fast, a job that is asked of
// one program is run by the other, and one that is cut off goes on under its id.
func TestProgramsWhoseClocksDiffer(t *testing.T) {
	for _, off := range []time.Duration{time.Minute, -time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			address, dir := storetest.PostgresAddress(t), t.TempDir()
			slow := &source{start: time.Now()}
			first, endFirst := runner(t, address, off, slow)
			h, err := first.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByAPI})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			second, _ := runner(t, address, -off, ingest.Dir{Path: dir})
			asked := func() int { slow.mu.Lock(); defer slow.mu.Unlock(); return len(slow.asked) }
			before := asked()
			h, err = second.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByPage})
			if err != nil || h.Job().State != telemetry.JobQueued {
				t.Fatalf("%+v, %v", h, err)
			}
			job, err := h.Wait(t.Context())
			if err != nil || job.State != telemetry.JobDone || job.By != telemetry.ByPage || asked() <= before {
				t.Errorf("asked of the other program: %+v, %v", job, err)
			}
			slow.change(func(s *source) { s.takes = time.Hour })
			before = asked()
			if h, err = second.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByPage}); err != nil {
				t.Fatal(err)
			}
			for asked() == before {
				time.Sleep(10 * time.Millisecond)
				if t.Context().Err() != nil {
					t.Fatal("the job does not begin")
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "a.json"), []byte(`{"target_repo":"o/r","run_number":1,"timestamp":"2026-02-01T10:00:00Z"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			endFirst()
			again, err := h.Wait(t.Context())
			if err != nil || again.State != telemetry.JobDone || again.ID != h.Job().ID || string(again.Result) == string(job.Result) {
				t.Errorf("cut off: %+v, %v", again, err)
			}
		})
	}
}
