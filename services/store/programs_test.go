package store_test

import (
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

var resumable = []string{"refresh", "poll"}

func saveJob(t *testing.T, s *storetest.Store, id, kind, state string, minute int) {
	t.Helper()
	if err := s.SaveJob(t.Context(), telemetry.Job{ID: id, Kind: kind, State: state, By: telemetry.ByPage, Started: telemetry.At(time.Date(2026, 2, 1, 10, minute, 0, 0, time.UTC))}); err != nil {
		t.Fatal(err)
	}
}

// wantJobs checks what a program has to resume, and each job's state.
func wantJobs(t *testing.T, when string, s *storetest.Store, resume string, states map[string]string) {
	t.Helper()
	taken, err := s.Resume(t.Context(), resumable)
	if err != nil {
		t.Fatal(err)
	}
	ids := ""
	for _, j := range taken {
		if j.By != telemetry.ByPage {
			t.Errorf("%s: %s forgot by what it was started: %q", when, j.ID, j.By)
		}
		ids += j.ID + ":" + j.Kind + " "
	}
	if ids != resume {
		t.Errorf("%s: %q is to resume, want %q", when, ids, resume)
	}
	for id, want := range states {
		if j, found, err := s.Job(t.Context(), id); err != nil || !found || j.State != want {
			t.Errorf("%s: the job %s is %+v, %v, want it %s", when, id, j, err, want)
		}
	}
}

// TestProgramsOnOneDatabase: a job is of the program that runs it until that
// ends, or is silent for long; then it is one other's.
func TestProgramsOnOneDatabase(t *testing.T) {
	address := storetest.PostgresAddress(t)
	var later atomic.Int64
	program := func() *storetest.Store {
		return storetest.OpenWith(t, store.Options{URL: address, Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	}
	first := program()
	saveJob(t, first, "a", "refresh", telemetry.JobRunning, 1)
	saveJob(t, first, "b", "backfill", telemetry.JobRunning, 2)
	saveJob(t, first, "c", "poll", telemetry.JobRunning, 3)
	second := program()
	wantJobs(t, "both live", second, "", map[string]string{"a": telemetry.JobRunning, "b": telemetry.JobRunning})
	saveJob(t, second, "d", "poll", telemetry.JobDone, 4)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	third := program()
	wantJobs(t, "the first has ended", second, "a:refresh ", map[string]string{"a": telemetry.JobInterrupted, "b": telemetry.JobInterrupted, "c": telemetry.JobInterrupted, "d": telemetry.JobDone})
	wantJobs(t, "the second has the job", third, "", nil)
	saveJob(t, second, "a", "refresh", telemetry.JobRunning, 5)
	later.Store(int64(10 * time.Second))
	wantJobs(t, "the second is silent for a while", third, "", map[string]string{"a": telemetry.JobRunning})
	later.Store(int64(30 * time.Second))
	wantJobs(t, "the second is silent for long", third, "a:refresh ", map[string]string{"a": telemetry.JobInterrupted})
	saveJob(t, third, "a", "refresh", telemetry.JobRunning, 6)
	wantJobs(t, "the second is back", second, "", map[string]string{"a": telemetry.JobRunning})
}

// TestProgramsOfOneFile: the next program on a SQLite file takes the jobs of
// the one before over at once, and once.
func TestProgramsOfOneFile(t *testing.T) {
	address := "sqlite:" + t.TempDir() + "/x.db"
	program := func() *storetest.Store {
		return storetest.OpenWith(t, store.Options{URL: address, Now: time.Now, Alone: true})
	}
	first := program()
	wantJobs(t, "there are none", first, "", nil)
	saveJob(t, first, "a", "refresh", telemetry.JobRunning, 1)
	wantJobs(t, "it runs here", first, "", map[string]string{"a": telemetry.JobRunning})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := program()
	wantJobs(t, "the first has ended", second, "a:refresh ", map[string]string{"a": telemetry.JobInterrupted})
	wantJobs(t, "asked again", second, "", nil)
}
