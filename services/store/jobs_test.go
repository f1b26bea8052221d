package store_test

import (
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// TestJobsAreForgotten: of many jobs the latest stay, and those that run.
func TestJobsAreForgotten(t *testing.T) {
	try := func(t *testing.T, s *store.Store) {
		start := time.Date(2026, 2, 1, 10, 0, 0, 0, time.UTC)
		for n := range 520 {
			j := telemetry.Job{ID: fmt.Sprint("job-", n), Kind: "refresh", State: telemetry.JobDone, Started: start.Add(time.Duration(n) * time.Minute)}
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
	t.Run("sqlite", func(t *testing.T) { try(t, open(t)) })
	t.Run("postgres", func(t *testing.T) { try(t, openPostgres(t)) })
}
