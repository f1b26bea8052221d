package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func resumed() []string { return []string{"refresh", "poll"} }

func saveJob(t *testing.T, s *storetest.Store, id, kind, state string, minute int) {
	t.Helper()
	if err := s.SaveJob(t.Context(), telemetry.Job{ID: id, Kind: kind, State: state, By: telemetry.ByPage, Started: telemetry.At(time.Date(2026, 2, 1, 10, minute, 0, 0, time.UTC))}); err != nil {
		t.Fatal(err)
	}
}

func wantStates(t *testing.T, when string, s *storetest.Store, states map[string]string) {
	t.Helper()
	for id, want := range states {
		if j, found, err := s.Job(t.Context(), id); err != nil || !found || j.State != want || j.By != telemetry.ByPage {
			t.Errorf("%s: the job %s is %+v, %v, want it %s", when, id, j, err, want)
		}
	}
}

// lead asks for the lease, and checks whether the program gets it.
func lead(t *testing.T, when string, s *storetest.Store, own bool, fence int64) telemetry.Lease {
	t.Helper()
	lease, err := s.Lead(t.Context(), resumed())
	if err != nil || lease.Own != own || lease.Fence != fence || !lease.Held {
		t.Errorf("%s: the lease is %+v, %v; want it own: %v, fence %d", when, lease, err, own, fence)
	}
	return lease
}

// silent makes the leases of all programs those of programs that have said nothing for long.
func silent(t *testing.T, s *storetest.Store) {
	t.Helper()
	if err := s.Exec(t.Context(), `UPDATE leases SET until = 1`); err != nil {
		t.Fatal(err)
	}
}

// replica opens programs on one PostgreSQL whose clocks are off.
func replica(t *testing.T) func(off time.Duration) *storetest.Store {
	address := storetest.PostgresAddress(t)
	return func(off time.Duration) *storetest.Store {
		return storetest.OpenWith(t, store.Options{URL: address, Now: func() time.Time { return time.Now().Add(off) }})
	}
}

// TestOneProgramHasTheLease: of several programs on one database one has the
// lease, until it is silent for long or gives it back, whatever their clocks say.
func TestOneProgramHasTheLease(t *testing.T) {
	program := replica(t)
	first, fast, slow := program(0), program(time.Minute), program(-time.Hour)
	lease := lead(t, "the first asks", first, true, 1)
	if since := time.Since(lease.Since.Time); since < -time.Minute || since > time.Hour {
		t.Errorf("it has the lease since %v", lease.Since)
	}
	lead(t, "it asks again", first, true, 1)
	lead(t, "a fast clock", fast, false, 1)
	lead(t, "a slow clock", slow, false, 1)
	silent(t, first)
	lead(t, "the first was silent, and nobody asked", first, true, 1)
	silent(t, first)
	lead(t, "the first is silent", fast, true, 2)
	lead(t, "the first is back", first, false, 2)
	lead(t, "with a slow clock it is the second's", slow, false, 2)
	if err := fast.Close(); err != nil {
		t.Fatal(err)
	}
	lead(t, "the second gave it back", slow, true, 3)
	if lease, err := first.Lease(t.Context()); err != nil || lease.Own || !lease.Held || lease.Fence != 3 {
		t.Errorf("the first reads %+v, %v", lease, err)
	}
}

// TestFormerHolderStoresNothing: what a program writes under a lease that another one
// has since is refused whole, also if it has got the lease again; what people
// write is not.
func TestFormerHolderStoresNothing(t *testing.T) {
	program := replica(t)
	first, second := program(0), program(0)
	under := first.Under(t.Context(), lead(t, "the first asks", first, true, 1))
	refused := func(when string) {
		t.Helper()
		_, err := first.PutFiles(under, "", []telemetry.FetchedFile{storetest.TinyScan(1, "2026-03-01T10:00:00Z", 3, nil)})
		if !errors.Is(err, telemetry.ErrLeaseLost) || telemetry.CodeOf(err) != telemetry.CodeStopping {
			t.Errorf("%s: it stored files: %v", when, err)
		}
		err = first.SaveJob(context.WithoutCancel(under), telemetry.Job{ID: "late", Kind: "refresh", State: telemetry.JobDone})
		if !errors.Is(err, telemetry.ErrLeaseLost) {
			t.Errorf("%s: it stored a job: %v", when, err)
		}
	}
	if err := first.MarkGone(under, "", nil); err != nil {
		t.Errorf("while it has the lease: %v", err)
	}
	saveJob(t, first, "mine", "refresh", telemetry.JobRunning, 1)
	silent(t, first)
	before := first.Versions()["records"]
	lead(t, "the second asks", second, true, 2)
	refused("the second has the lease")
	if _, err := first.AddView(t.Context(), telemetry.View{Name: "mine", List: "issues"}, 10, false); err != nil {
		t.Errorf("what a person saves: %v", err)
	}
	silent(t, first)
	lead(t, "the first asks again", first, true, 3)
	refused("the first has the lease again")
	if known, err := first.KnownFiles(t.Context(), ""); err != nil || len(known) > 0 || first.Versions()["records"] != before {
		t.Errorf("stored nevertheless: %v, %v", known, err)
	}
	if jobs, err := first.Texts(t.Context(), `SELECT id || ' ' || state FROM jobs`); err != nil || len(jobs) != 1 || jobs[0] != "mine queued" {
		t.Errorf("the jobs are %q, %v", jobs, err)
	}
}

// TestTransactionKeepsTheLease: a program renews its lease while one of its own
// transactions takes long.
func TestTransactionKeepsTheLease(t *testing.T) {
	s := replica(t)(0)
	lead(t, "it asks", s, true, 1)
	err := s.Write(t.Context(), func(*store.Tx) error {
		lead(t, "in the middle of a transaction", s, true, 1)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestStoppedProgramBlocksNobody: a program that is stopped in the middle of a
// transaction does not keep the others from writing for ever, and stores nothing.
func TestStoppedProgramBlocksNobody(t *testing.T) {
	program := replica(t)
	first, second := program(0), program(0)
	err := first.Write(t.Context(), func(tx *store.Tx) error {
		tx.SetMeta("stopped", "here")
		return second.Exec(t.Context(), `UPDATE meta SET value = value WHERE key = 'writer'`)
	})
	if err == nil {
		t.Error("what the stopped program wrote was stored")
	}
	if left, err := second.Texts(t.Context(), `SELECT value FROM meta WHERE key = 'stopped'`); err != nil || len(left) > 0 {
		t.Errorf("it left %q, %v", left, err)
	}
}

// TestJobsOfAFormerHolder: the next holder finds the jobs of the one before
// queued, but for those that are not resumed or were to be canceled.
func TestJobsOfAFormerHolder(t *testing.T) {
	before, after := map[string]string{"r": "refresh", "c": "poll", "b": "backfill"}, map[string]string{
		"r": telemetry.JobQueued, "i": telemetry.JobQueued, "c": telemetry.JobCancelled, "b": telemetry.JobInterrupted, "d": telemetry.JobDone,
	}
	try := func(t *testing.T, first *storetest.Store, next func() *storetest.Store) {
		lead(t, "the first asks", first, true, 1)
		for id, kind := range before {
			saveJob(t, first, id, kind, telemetry.JobRunning, 1)
		}
		saveJob(t, first, "d", "refresh", telemetry.JobDone, 9)
		saveJob(t, first, "i", "poll", telemetry.JobInterrupted, 2)
		if err := first.CancelJob(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		second := next()
		lead(t, "the second asks", second, true, 2)
		wantStates(t, "the first has ended", second, after)
		lead(t, "the second asks again", second, true, 2)
		taken, _, _, err := second.TakeJobs(t.Context(), nil)
		if err != nil || len(taken) != 2 || taken[0].ID != "r" || taken[1].ID != "i" || taken[0].Kind != "refresh" {
			t.Errorf("it resumes %+v, %v", taken, err)
		}
		if taken, _, _, err := second.TakeJobs(t.Context(), nil); err != nil || len(taken) > 0 {
			t.Errorf("it resumes once more %+v, %v", taken, err)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		o := store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "x.db"), Now: time.Now, Alone: true}
		first := storetest.OpenWith(t, o)
		try(t, first, func() *storetest.Store {
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			return storetest.OpenWith(t, o)
		})
	})
	t.Run("postgres", func(t *testing.T) {
		program := replica(t)
		first := program(0)
		try(t, first, func() *storetest.Store {
			silent(t, first)
			return program(0)
		})
	})
}

// TestQueue: jobs are queued once for the same wish, taken in order, and canceled
// in any state but an end.
func TestQueue(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		queue := func(id, kind string, order telemetry.JobOrder, want string, joined int64) {
			t.Helper()
			minute := len(id)
			j, err := s.QueueJob(t.Context(), telemetry.Job{ID: id, Kind: kind, By: telemetry.ByAPI, Order: order,
				Started: telemetry.At(time.Date(2026, 2, 1, 10, minute, 0, 0, time.UTC))})
			if err != nil || j.ID != want || j.Joined != joined || j.State == telemetry.JobDone {
				t.Errorf("%s is queued as %+v, %v; want it as %s with %d joined", id, j, err, want, joined)
			}
		}
		queue("a", "refresh", telemetry.JobOrder{}, "a", 0)
		queue("bb", "refresh", telemetry.JobOrder{}, "a", 1)
		queue("ccc", "backfill", telemetry.JobOrder{DryRun: true}, "ccc", 0)
		queue("dddd", "backfill", telemetry.JobOrder{}, "dddd", 0)
		queue("dddd", "backfill", telemetry.JobOrder{}, "dddd", 0)
		log := telemetry.LogRef{Repo: "octo/shop", Label: "l"}
		queue("eeeee", "run-logs", telemetry.JobOrder{Log: log}, "eeeee", 0)
		if err := s.CancelJob(t.Context(), "dddd"); err != nil {
			t.Fatal(err)
		}
		taken, cancel, _, err := s.TakeJobs(t.Context(), nil)
		if err != nil || len(cancel) > 0 || len(taken) != 3 || taken[0].ID != "a" || taken[0].Joined != 1 || taken[0].By != telemetry.ByAPI ||
			!taken[1].Order.DryRun || taken[2].Order.Log != log {
			t.Errorf("taken %+v, %v, %v", taken, cancel, err)
		}
		queue("ffffff", "refresh", telemetry.JobOrder{}, "ffffff", 0)
		for _, id := range []string{"a", "none", "dddd"} {
			if err := s.CancelJob(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		taken, cancel, _, err = s.TakeJobs(t.Context(), []string{"ccc", "dddd"}) // whose answer was lost, say
		if err != nil || len(cancel) != 1 || cancel[0] != "a" || len(taken) != 2 || taken[0].ID != "ccc" || taken[1].ID != "ffffff" {
			t.Errorf("taken %+v, to cancel %q, %v", taken, cancel, err)
		}
	})
}

// TestSubmissionsOfProgramsThatAreGone: the outcome of what such a program was
// sending is not known.
func TestSubmissionsOfProgramsThatAreGone(t *testing.T) {
	program := replica(t)
	first, second := program(0), program(time.Minute)
	sub := telemetry.Submission{Token: "t", Kind: telemetry.SubmissionReply, Subject: "a1"}
	if _, fresh, err := first.BeginSubmission(t.Context(), sub); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	lead(t, "the first lives", second, true, 1)
	if noted, _, err := second.BeginSubmission(t.Context(), sub); err != nil || noted.State != telemetry.SubmissionBegun {
		t.Errorf("while its program lives: %+v, %v", noted, err)
	}
	silent(t, first)
	lead(t, "the first is gone", second, true, 1)
	if noted, _, err := second.BeginSubmission(t.Context(), sub); err != nil || noted.State != telemetry.SubmissionUnknown {
		t.Errorf("after its program has gone: %+v, %v", noted, err)
	}
}

// TestLimitsAreShared: what one program learned of a limit the others know,
// whatever their clocks say; a later hourly limit does not end a pause.
func TestLimitsAreShared(t *testing.T) {
	program := replica(t)
	first, fast := program(0), program(time.Minute)
	reset := time.Unix(2_000_000_000, 0).UTC()
	rate := telemetry.RateLimit{Known: true, Limit: 5000, Remaining: 12, Reset: reset}
	save := func(s *storetest.Store, l telemetry.Limit) {
		t.Helper()
		if err := s.SaveLimit(t.Context(), "github", l); err != nil {
			t.Fatal(err)
		}
	}
	save(first, telemetry.Limit{Rate: rate, Until: first.Now().Add(time.Hour)})
	l, found, err := fast.LimitOf(t.Context(), "github")
	left := l.Until.Sub(fast.Now())
	if err != nil || !found || l.Rate.Remaining != 12 || !l.Rate.Known || !l.Rate.Reset.Equal(reset) || left > time.Hour || left < 50*time.Minute {
		t.Errorf("the other program knows %+v, %v of %v, %v", l, left, found, err)
	}
	if _, found, err := first.LimitOf(t.Context(), "github"); found || err != nil {
		t.Errorf("it hears of its own limit: %v", err)
	}
	rate.Remaining = 4000
	save(fast, telemetry.Limit{Rate: rate})
	if l, _, err := first.LimitOf(t.Context(), "github"); err != nil || l.Rate.Remaining != 4000 || l.Until.Before(first.Now().Add(50*time.Minute)) {
		t.Errorf("afterwards: %+v, %v", l, err)
	}
	if _, found, err := first.LimitOf(t.Context(), "devin"); found || err != nil {
		t.Errorf("of another upstream: %v, %v", found, err)
	}
}
