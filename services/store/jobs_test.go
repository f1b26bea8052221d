package store_test

import (
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestJobsAreForgotten: of many jobs the latest stay, and those that run.
func TestJobsAreForgotten(t *testing.T) {
	try := func(t *testing.T, s *storetest.Store) {
		start := time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
		for n := range 520 {
			j := telemetry.Job{ID: fmt.Sprint("job-", n), Kind: "refresh", State: telemetry.JobDone, Started: telemetry.At(start.Add(time.Duration(n) * time.Minute))}
			if n == 3 {
				j.State = telemetry.JobRunning
			}
			if err := s.SaveJob(t.Context(), j); err != nil {
				t.Fatal(err)
			}
		}
		for id, want := range map[string]bool{"job-3": true, "job-19": false, "job-20": true, "job-519": true} {
			if _, found, err := s.Job(t.Context(), id); err != nil || found != want {
				t.Errorf("%s: found %v, %v", id, found, err)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { try(t, storetest.Open(t)) })
	t.Run("postgres", func(t *testing.T) { try(t, storetest.OpenPostgres(t)) })
}

// TestStartedByIsKept: by what a job and a submission were asked for is shown where
// they are listed.
func TestStartedByIsKept(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		now := time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
		if err := s.SaveJob(t.Context(), telemetry.Job{ID: "j", Kind: "refresh", State: telemetry.JobInterrupted, By: telemetry.ByPage, Started: telemetry.At(now)}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.BeginSubmission(t.Context(), telemetry.Submission{Token: "d", Kind: telemetry.SubmissionDispatch, Subject: "octo/shop", By: telemetry.ByAPI}); err != nil {
			t.Fatal(err)
		}
		job, found, err := s.Job(t.Context(), "j")
		if err != nil || !found || job.By != telemetry.ByPage {
			t.Errorf("the job: %+v, %v", job, err)
		}
		list, _, err := s.Activity(t.Context(), telemetry.ActivityFilter{}, telemetry.ActivityCursor{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		by := map[telemetry.ActivityKind]telemetry.StartedBy{}
		for _, a := range list {
			by[a.Kind] = a.By
		}
		if by[telemetry.ActivityJob] != telemetry.ByPage || by[telemetry.ActivitySubmission] != telemetry.ByAPI {
			t.Errorf("activity by %v", by)
		}
	})
}
