package shell

import (
	"slices"
	"strings"
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
		{done(`{"new":1}`, "octo/shop: no", "octo/api: no", "The directory: gone.", ": no", "x.json: no"),
			"1 new file, 0 updated, 2 repositories failed, 3 errors."},
	} {
		if got := JobSummary(c.job); got != c.want {
			t.Errorf("%v: %q, want %q", c.job.Errors, got, c.want)
		}
	}
}

// TestCardErrors: what ended a job is said once on its card.
func TestCardErrors(t *testing.T) {
	card := new(Shell).jobCard(telemetry.Job{State: telemetry.JobFailed, Ended: telemetry.At(telemetry.Job{}.Started.AddDate(1, 0, 0)),
		Error: "GitHub is away.", Errors: []string{"x.json: no", "GitHub is away."}})
	if want := []string{"x.json: no"}; !slices.Equal(card.Errors, want) || card.Summary != "GitHub is away." {
		t.Errorf("errors %q, summary %q", card.Errors, card.Summary)
	}
}

// TestStartedText: a job is this browser's own where it started it, else it
// joined; a card from before this was kept says nothing wrong.
func TestStartedText(t *testing.T) {
	for _, c := range []struct {
		by     telemetry.StartedBy
		joined int64
		mine   bool
		want   string
	}{
		{telemetry.ByPage, 0, true, "by you"},
		{telemetry.ByPage, 1, true, "by you, 1 more joined"},
		{telemetry.ByPage, 1, false, "by a page, you joined"},
		{telemetry.ByAPI, 3, false, "by the API, you and 2 more joined"},
		{telemetry.ByInterval(5 * time.Minute), 1, false, "automatically, every 5 min, you joined"},
		{telemetry.ByStart, 0, false, "automatically, at start"},
		{"", 1, false, "you joined"},
		{"", 0, false, ""},
	} {
		if got := startedText(telemetry.Job{By: c.by, Joined: c.joined}, c.mine); got != c.want {
			t.Errorf("%q, %d joined, mine %v: %q, want %q", c.by, c.joined, c.mine, got, c.want)
		}
	}
}

// TestWithJob: a second click of one browser leaves its job its own.
func TestWithJob(t *testing.T) {
	job := telemetry.Job{ID: "a", By: telemetry.ByPage}
	jobs := WithJob(nil, job)
	job.Joined = 1
	if got, want := WithJob(WithJob(jobs, telemetry.Job{ID: "b", By: telemetry.ByPage, Joined: 1}), job),
		[]OwnJob{{"a", true}, {"b", false}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestJobSummaries: what each kind of job came to, in a sentence.
func TestJobSummaries(t *testing.T) {
	for _, c := range []struct {
		kind, result, want string
	}{
		{ingest.JobRefresh, `{"new":1,"gone":2,"broken":3,"prs_found":1}`,
			"1 new file, 0 updated, 2 gone, 3 could not be read, 1 pull request."},
		{ingest.JobPoll, `{"polled":1,"skipped":2,"missing":3}`, "1 session polled, 0 pull requests, 2 left for later, 3 not found by Devin."},
		{ingest.JobPollPRs, `{"prs_found":4}`, "4 pull requests."},
		{ingest.JobBackfill, `{}`, "Nothing to correct: no known issue id or pull request is missing from a record."},
		{ingest.JobBackfill, `{"dry_run":true,"patched_files":1,"changes":[{},{}]}`,
			"2 changes in 1 record. Nothing has been changed yet. The original records are kept."},
		{ingest.JobBackfill, `{"patched_files":2,"changes":[{}]}`, "1 change in 2 records applied."},
		{ingest.JobPollPRs, `not JSON`, "0 pull requests."},
		{ingest.JobPrune, `{"days":90,"records":1204,"logs":310,"freed_bytes":812000000,"errors":[]}`,
			"Pruned 1,204 records and 310 logs older than 90 days, 812.0 MB."},
		{ingest.JobPrune, `{"days":1,"records":0,"logs":0,"freed_bytes":0}`, "Nothing to prune: nothing is older than 1 day."},
		{ingest.JobLogs, `{"asked":3,"found":2}`, "2 run logs read."},
		{ingest.JobLogs, `{"found":1,"missing":2,"left":true}`, "1 run log read, 2 runs without one, the others later, to keep within GitHub’s limit."},
	} {
		if got := JobSummary(telemetry.Job{Kind: c.kind, State: telemetry.JobDone, Result: []byte(c.result)}); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.result, got, c.want)
		}
	}
}

// TestJobTitles: a job and how far it is.
func TestJobTitles(t *testing.T) {
	for state, want := range map[string]string{
		telemetry.JobQueued: "queued", telemetry.JobRunning: "running", telemetry.JobDone: "done", telemetry.JobInterrupted: "interrupted",
		telemetry.JobCancelled: "canceled", telemetry.JobFailed: "failed",
	} {
		if got := JobTitle(telemetry.Job{Kind: ingest.JobPollPRs, State: state}); got != "Poll pull requests: "+want {
			t.Errorf("%s: %q", state, got)
		}
	}
}

// TestJobCards: a running job can be canceled, where that leaves nothing half
// done; a dry run lists what it would change, and applies it.
func TestJobCards(t *testing.T) {
	start := site().Now().Add(-75 * time.Second)
	card := site().jobCard(telemetry.Job{ID: "1", Kind: ingest.JobRefresh, State: telemetry.JobRunning, Started: telemetry.At(start),
		Steps: []telemetry.JobStep{{Name: "Download", Done: 1200, Total: 2000, Seconds: 65}, {Name: "Index", Done: 3}, {Name: "Wait"}}})
	if card.Dismiss.Text != "Cancel" || card.Took != "1:15" || card.Summary != "" {
		t.Errorf("%+v", card)
	}
	if s := card.Steps; s[0].Count != "1,200/2,000" || s[0].Took != "1:05" || s[1].Count != "3" || s[2].Count != "" {
		t.Errorf("%+v", s)
	}
	if card = site().jobCard(telemetry.Job{Kind: ingest.JobBackfill, State: telemetry.JobRunning, Started: telemetry.At(start)}); card.Dismiss.Text != "" {
		t.Errorf("a backfill can be cut off: %+v", card.Dismiss)
	}
	changes := `{"file":"a.json","field":"sessions[0].pr_url","old":null,"new":"https://github.com/octo/shop/pull/7","reason":"link"}`
	many := strings.Repeat(changes+",", changesMost) + changes
	card = site().jobCard(telemetry.Job{ID: "7", Kind: ingest.JobBackfill, State: telemetry.JobDone, Started: telemetry.At(start),
		Ended:  telemetry.At(start.Add(2 * time.Second)),
		Result: []byte(`{"dry_run":true,"patched_files":1,"changes":[` + many + `]}`)})
	if len(card.Changes) != changesMost || card.More != 1 || card.Confirm.Text != "Apply 101 changes" ||
		card.Confirm.Hidden[0].Value != "7" {
		t.Errorf("%d changes, %d more, %+v", len(card.Changes), card.More, card.Confirm)
	}
	if c := card.Changes[0]; c.Old != "empty" || c.New != "octo/shop#7" || c.Reason != "link" {
		t.Errorf("%+v", c)
	}
}
