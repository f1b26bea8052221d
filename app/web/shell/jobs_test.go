package shell

import (
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

func TestSummary(t *testing.T) {
	done := func(result string, errs ...string) telemetry.Job {
		return telemetry.Job{ID: "1", Kind: ingest.JobRefresh, State: telemetry.JobDone, Result: []byte(result), Errors: errs}
	}
	for _, c := range []struct {
		job  telemetry.Job
		want string
	}{
		{done(`{"new":6,"updated":2}`), "6 new files, 2 updated."},
		{done(`{"new":6,"updated":2}`, "octo/Shop: no"), "6 new files, 2 updated, 1 repository failed."},
		{done(`{"new":1}`, "octo/shop: no", "octo/api: no", "The directory: gone.", ": no", "x.json: no"), "1 new file, 0 updated, 2 repositories failed, 3 errors."},
	} {
		if got := JobSummary(c.job); got != c.want {
			t.Errorf("%v: %q, want %q", c.job.Errors, got, c.want)
		}
	}
}

// TestCardErrors: what ended a job is said once on its card.
func TestCardErrors(t *testing.T) {
	card := new(Shell).jobCard(telemetry.Job{State: telemetry.JobFailed, Ended: telemetry.Job{}.Started.AddDate(1, 0, 0), Error: "GitHub is away.", Errors: []string{"x.json: no", "GitHub is away."}})
	if want := []string{"x.json: no"}; !slices.Equal(card.Errors, want) || card.Summary != "GitHub is away." {
		t.Errorf("errors %q, summary %q", card.Errors, card.Summary)
	}
}

// TestStartedWords: a job is this browser's own where it started it, else it
// joined; a card from before this was kept says nothing wrong.
func TestStartedWords(t *testing.T) {
	for _, c := range []struct {
		by     telemetry.Starter
		joined int64
		mine   bool
		want   string
	}{
		{telemetry.ByPage, 0, true, "by you"},
		{telemetry.ByPage, 1, true, "by you, 1 more joined"},
		{telemetry.ByPage, 1, false, "by a page, you joined"},
		{telemetry.ByAPI, 3, false, "by the API, you and 2 more joined"},
		{telemetry.ByInterval(5 * time.Minute), 1, false, "on its own every 5 min, you joined"},
		{telemetry.ByStart, 0, false, "on its own at the start"},
		{"", 1, false, "you joined"},
		{"", 0, false, ""},
	} {
		if got := startedWords(telemetry.Job{By: c.by, Joined: c.joined}, c.mine); got != c.want {
			t.Errorf("%q, %d joined, mine %v: %q, want %q", c.by, c.joined, c.mine, got, c.want)
		}
	}
}

// TestWithJob: a second click of one browser leaves its job its own.
func TestWithJob(t *testing.T) {
	job := telemetry.Job{ID: "a", By: telemetry.ByPage}
	jobs := WithJob(nil, job)
	job.Joined = 1
	if got, want := WithJob(WithJob(jobs, telemetry.Job{ID: "b", By: telemetry.ByPage, Joined: 1}), job), []OwnJob{{"a", true}, {"b", false}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
