package ingest_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// TestJobsThatHangEnd: a job whose upstream never answers ends with words, and
// the next one runs.
func TestJobsThatHangEnd(t *testing.T) {
	for kind, limit := range map[string]time.Duration{ingest.JobRefresh: 5 * time.Minute, ingest.JobPoll: 5 * time.Minute} {
		inWorld(t, 0, 0, func(t *testing.T, w *world) {
			hang := func(takes time.Duration) {
				w.runs.change(func(s *source) { s.takes = takes })
				w.devin.change(func(s *source) { s.takes = takes })
			}
			hang(1000 * time.Hour)
			h, err := w.Start(kind, ingest.Order{})
			if err != nil {
				t.Fatal(err)
			}
			job, err := h.Wait(t.Context())
			if telemetry.CodeOf(err) != telemetry.CodeUpstreamTimeout || job.State != telemetry.JobFailed ||
				!strings.Contains(string(job.Error), "did not end within 5 min") || job.Ended.Sub(job.Started.Time) != limit {
				t.Errorf("%s: %+v, %v", kind, job, err)
			}
			hang(0)
			if h, err = w.Start(kind, ingest.Order{}); err != nil {
				t.Fatal(err)
			}
			if job, err := h.Wait(t.Context()); err != nil || job.State != telemetry.JobDone {
				t.Errorf("the next %s: %+v, %v", kind, job, err)
			}
		})
	}
}

// TestStopDoesNotWaitForAHangingJob: the program ends within ten seconds, even
// where a job hears nothing of it; the next start resumes that.
func TestStopDoesNotWaitForAHangingJob(t *testing.T) {
	inWorld(t, 0, 0, func(t *testing.T, w *world) {
		deaf := make(chan bool)
		w.runs.change(func(s *source) { s.deaf = deaf })
		if _, err := w.Start(ingest.JobRefresh, ingest.Order{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		before := time.Now()
		w.stop()
		if took := time.Since(before); took > 10*time.Second {
			t.Errorf("it took %v to stop", took)
		}
		close(deaf)
		synctest.Wait()
		if last := w.store.saved()[0]; last.State != telemetry.JobInterrupted {
			t.Errorf("the job: %+v", last)
		}
	})
}

// TestTheSameFailureIsLoggedSeldom: a loop that fails alike at each turn logs
// it once an hour, another failure when it comes, and the same one again after
// it had worked.
func TestTheSameFailureIsLoggedSeldom(t *testing.T) {
	inWorld(t, time.Minute, 0, func(t *testing.T, w *world) {
		lines := func() int {
			n := strings.Count(w.log.String(), "a job failed")
			w.log.Reset()
			return n
		}
		fail := func(err error) { w.runs.change(func(s *source) { s.err = err }) }
		down := telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub is down.")
		for _, step := range []struct {
			err   error
			lasts time.Duration
			want  int
		}{
			{down, 59 * time.Minute, 1},
			{down, 10 * time.Hour, 10},
			{errors.New("another"), 30 * time.Minute, 1},
			{nil, 5 * time.Minute, 0},
			{errors.New("another"), 30 * time.Minute, 1},
		} {
			fail(step.err)
			pass(step.lasts)
			if got := lines(); got != step.want {
				t.Errorf("%v for %v: %d lines, want %d", step.err, step.lasts, got, step.want)
			}
		}
	})
}
