package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

func TestLoopsKeepTime(t *testing.T) {
	inWorld(t, 5*time.Minute, 30*time.Second, func(t *testing.T, w *world) {
		pass(11 * time.Minute)
		equal(t, "refreshes", w.runs.asks(), "[0s 5m0s 10m0s]")
		equal(t, "polls", fmt.Sprint(strings.Count(w.devin.asks(), "s")), "22")
		if w.store.saves != 0 {
			t.Errorf("turns that change nothing wrote %d times", w.store.saves)
		}
		w.runs.change(func(s *source) { s.files = []telemetry.RunFile{{Name: "a.json", SHA: "1"}} })
		pass(10 * time.Minute)
		if len(w.store.saved()) != 1 || w.store.saved()[0].State != telemetry.JobDone || w.store.known["a.json"] != "1" {
			t.Errorf("a new file came, and the jobs are %+v", w.store.saved())
		}
	})
}

func TestOnlyWhenAsked(t *testing.T) {
	inWorld(t, 0, 0, func(t *testing.T, w *world) {
		pass(24 * time.Hour)
		equal(t, "refreshes", w.runs.asks(), "[0s]")
		equal(t, "polls", w.devin.asks(), "[]")
	})
}

func TestLoopsWaitForLimits(t *testing.T) {
	limit := telemetry.Errorf(telemetry.CodeRateLimited, "wait")
	limit.RetryAfter = 12 * time.Minute
	inWorld(t, 5*time.Minute, 30*time.Second, func(t *testing.T, w *world) {
		w.runs.change(func(s *source) { s.err = limit })
		w.devin.change(func(s *source) { s.err = limit })
		pass(16 * time.Minute)
		equal(t, "refreshes", w.runs.asks(), "[0s 5m0s]")
		equal(t, "polls", w.devin.asks(), "[30s 12m30s]")
		if _, err := w.Start(ingest.JobRefresh, ingest.Order{}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		equal(t, "a refresh that was asked for", w.runs.asks(), "[16m0s]")
	})
}

// TestCallersJoin: who asks while the job runs joins it, and is answered by one
// more pass, which all of them share: what they had seen before they asked may
// be missing from the listing that is under way.
func TestCallersJoin(t *testing.T) {
	inWorld(t, 0, 0, func(t *testing.T, w *world) {
		w.runs.asks()
		w.runs.change(func(s *source) { s.takes = time.Minute })
		first, err := w.Start(ingest.JobRefresh, ingest.Order{})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		second, err := w.Start(ingest.JobRefresh, ingest.Order{})
		if err != nil || second.Job().ID != first.Job().ID {
			t.Errorf("the second caller got a job of its own (%v)", err)
		}
		third, err := w.Start(ingest.JobRefresh, ingest.Order{})
		if err != nil {
			t.Fatal(err)
		}
		w.runs.change(func(s *source) { s.files = []telemetry.RunFile{{Name: "pushed.json", SHA: "1"}} })
		leaves, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if _, err := second.Wait(leaves); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who leaves: %v", err)
		}
		job, err := first.Wait(t.Context())
		if err != nil || job.State != telemetry.JobDone || job.Joined != 2 || job.Ended.Sub(job.Started.Time) != time.Minute {
			t.Errorf("the first pass: %+v, %v", job, err)
		}
		for _, h := range []*ingest.Handle{second, third} {
			if job, err := h.Wait(t.Context()); err != nil || job.State != telemetry.JobDone || !strings.Contains(string(job.Result), `"total_files":1`) {
				t.Errorf("who joined: %+v, %v", job, err)
			}
		}
		equal(t, "refreshes", w.runs.asks(), "[0s 1m0s]")
		if jobs := w.store.saved(); len(jobs) != 1 || jobs[0].State != telemetry.JobDone {
			t.Errorf("the jobs as stored: %+v", jobs)
		}
	})
}

// TestJoinedTurn: a loop's turn that someone waits for is written down.
func TestJoinedTurn(t *testing.T) {
	inWorld(t, 5*time.Minute, 0, func(t *testing.T, w *world) {
		w.runs.change(func(s *source) { s.takes = time.Minute })
		pass(5*time.Minute + time.Second)
		h, err := w.Start(ingest.JobRefresh, ingest.Order{})
		if err != nil {
			t.Fatal(err)
		}
		if len(w.store.saved()) != 1 || w.store.saved()[0].State != telemetry.JobRunning {
			t.Errorf("joined: %+v", w.store.saved())
		}
		if job, err := h.Wait(t.Context()); err != nil || job.ID != w.store.saved()[0].ID {
			t.Errorf("%+v, %v", job, err)
		}
		synctest.Wait()
		equal(t, "the job as stored", w.store.saved()[0].State, telemetry.JobDone)
	})
}

// TestJobsSayByWhat: a job keeps what started it, whoever joins it.
func TestJobsSayByWhat(t *testing.T) {
	inWorld(t, 5*time.Minute, 0, func(t *testing.T, w *world) {
		w.runs.change(func(s *source) { s.takes = time.Minute })
		w.stop()
		w.begin(5*time.Minute, 0)
		for _, want := range []telemetry.StartedBy{telemetry.ByStart, telemetry.ByAPI, telemetry.ByInterval(5 * time.Minute)} {
			h, err := w.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByAPI})
			if err != nil {
				t.Fatal(err)
			}
			if job, err := h.Wait(t.Context()); err != nil || job.By != want {
				t.Errorf("started by %q, want %q (%v)", job.By, want, err)
			}
			if want == telemetry.ByAPI {
				pass(3*time.Minute + time.Second) // into the next turn
			}
		}
	})
}

func TestPanicEndsOnlyItsJob(t *testing.T) {
	inWorld(t, 5*time.Minute, 0, func(t *testing.T, w *world) {
		w.runs.change(func(s *source) { s.panics = true })
		pass(6 * time.Minute)
		last := w.store.saved()[len(w.store.saved())-1]
		if last.State != telemetry.JobFailed || strings.Contains(string(last.Error), "a bug") || last.Error == "" {
			t.Errorf("after a panic: %+v", last)
		}
		w.runs.change(func(s *source) { s.panics = false })
		w.runs.asks()
		pass(5 * time.Minute)
		equal(t, "refreshes after it", w.runs.asks(), "[10m0s]")
	})
}

func TestCancelledAndInterrupted(t *testing.T) {
	inWorld(t, 0, 0, func(t *testing.T, w *world) {
		w.devin.change(func(s *source) { s.takes = time.Hour })
		h, err := w.Start(ingest.JobPoll, ingest.Order{})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if job, err := w.Cancel(t.Context(), h.Job().ID); err != nil || job.State != telemetry.JobCancelled {
			t.Errorf("canceled: %+v, %v", job, err)
		}
		if h, err = w.Start(ingest.JobPoll, ingest.Order{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.stop()
		job, err := h.Wait(t.Context())
		if telemetry.CodeOf(err) != telemetry.CodeStopping || job.State != telemetry.JobInterrupted {
			t.Errorf("interrupted: %+v, %v", job, err)
		}
		if _, err := w.Start(ingest.JobPoll, ingest.Order{}); telemetry.CodeOf(err) != telemetry.CodeStopping {
			t.Errorf("started after the end: %v", err)
		}
		w.devin.asks()
		w.devin.change(func(s *source) { s.takes = 0 })
		w.begin(0, 0)
		pass(time.Second)
		last := w.store.saved()[len(w.store.saved())-1]
		if n := strings.Count(w.devin.asks(), "s"); n != 1 || last.State != telemetry.JobDone || last.ID != job.ID || len(w.store.saved()) != 2 {
			t.Errorf("at the next start Devin was asked %d times; the interrupted job was %s, the jobs are %+v", n, job.ID, w.store.saved())
		}
	})
}

// TestJobThatCannotBeWrittenDown: one that ends while the database is away is
// written down once that is back.
func TestJobThatCannotBeWrittenDown(t *testing.T) {
	inWorld(t, 0, 0, func(t *testing.T, w *world) {
		w.devin.change(func(s *source) { s.takes = time.Minute })
		h, err := w.Start(ingest.JobPoll, ingest.Order{})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		full := func(is bool) {
			w.store.mu.Lock()
			w.store.full = is
			w.store.mu.Unlock()
		}
		full(true)
		if _, err := h.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if jobs := w.store.saved(); jobs[0].State != telemetry.JobRunning {
			t.Fatalf("the database was away, and has %+v", jobs)
		}
		full(false)
		pass(10 * time.Second)
		if jobs := w.store.saved(); len(jobs) != 1 || jobs[0].State != telemetry.JobDone {
			t.Errorf("after it came back: %+v", jobs)
		}
	})
}

// TestJobsThatCannotBeWrittenDownAreBounded: the last hundred are kept.
func TestJobsThatCannotBeWrittenDownAreBounded(t *testing.T) {
	inWorld(t, 0, 0, func(t *testing.T, w *world) {
		full := func(is bool) {
			w.store.mu.Lock()
			w.store.full = is
			w.store.mu.Unlock()
		}
		full(true)
		last := ""
		for range 105 {
			h, err := w.Start(ingest.JobPoll, ingest.Order{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			last = h.Job().ID
		}
		full(false)
		pass(10 * time.Second)
		if jobs := w.store.saved(); len(jobs) != 100 || jobs[99].ID != last {
			t.Errorf("%d jobs were kept, want 100 up to %s: %+v", len(jobs), last, jobs[len(jobs)-1])
		}
	})
}

// TestCanceledAmongNamedPulls: a job that is canceled while it asks for single
// pull requests lists no failure.
func TestCanceledAmongNamedPulls(t *testing.T) {
	inWorld(t, 0, 0, func(t *testing.T, w *world) {
		w.stop()
		w.pulls = &source{start: time.Now(), takes: time.Hour}
		w.begin(0, 0)
		w.store.named = []telemetry.PullRef{{Repo: "octo/shop", Number: 7}}
		h, err := w.Start(ingest.JobPollPRs, ingest.Order{})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if asks := w.pulls.asks(); asks != "[0s]" {
			t.Fatalf("asked for single pull requests at %s", asks)
		}
		job, err := w.Cancel(t.Context(), h.Job().ID)
		if err != nil || job.State != telemetry.JobCancelled || len(job.Errors) > 0 {
			t.Errorf("%+v, %v", job, err)
		}
	})
}
