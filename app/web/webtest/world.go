package webtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// The sessions of the shop's runs, by outcome.
const (
	Working = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1" // it works since a day, and has an open pull request, 8
	Merged  = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2" // its pull request, 7, is merged and verified
	Waiting = "ccccccccccccccccccccccccccccccc3" // it waits for an answer
	Unknown = "ddddddddddddddddddddddddddddddd4" // Devin cannot find it
)

// Shop serves three repositories, read from GitHub and polled:
//
//   - octo/shop, four scans: run 1 named findings 1 to 24, run 2 not finding 1,
//     run 3 (at which the sessions started) names it again and finding 25 and
//     moves finding 3, run 4 does not name finding 2, which session Merged took;
//   - octo/api, whose record names no findings;
//   - octo/ledger, whose last scan found far less than the one before.
//
// There are also a verification of pull request 7 and a record that cannot be
// read.
func Shop(t *testing.T, change ...func(*web.Options)) *Site {
	t.Helper()
	s := Open(t, change...)
	for name, record := range shopRecords() {
		s.write(name, record)
	}
	s.GitHub.Repo(ActionRepo).PutFile("telemetry/runs/broken.json",
		[]byte(`{"target_repo": "https://github.com/octo/shop", "run_number": "x"`))
	shop := s.GitHub.Repo("octo/shop")
	shop.PutPull(telemetry.PullRequest{
		Number: 7, Title: "fix(CQLF-R3-0002): escape the output", User: "devin[bot]",
		CreatedAt: Day(6), UpdatedAt: Day(7), MergedAt: Day(7),
	})
	shop.PutPull(telemetry.PullRequest{Number: 8, Title: "fix(CQLF-R3-0003): check the path", User: "devin[bot]", CreatedAt: Day(7),
		UpdatedAt: Day(7)})
	shop.SetChecks(8,
		telemetry.Check{Name: "build", Status: "completed", Conclusion: "success", URL: "https://github.com/octo/shop/runs/1"},
		telemetry.Check{Name: "lint", Status: "completed", Conclusion: "failure"},
		telemetry.Check{Name: "deploy", Status: "in_progress"})
	shop.SetReviews(8, telemetry.Review{Reviewer: "mona", State: "CHANGES_REQUESTED", URL: "https://github.com/octo/shop/pull/8#r1",
		At: Day(8)})
	for _, other := range []string{"octo/api", "octo/ledger", "forks/shop"} {
		s.GitHub.Repo(other)
	}
	s.Devin.Put(devintest.Session{ID: Working, Status: "running", Detail: "working", Title: "Fix path traversal", UpdatedAt: Day(9)})
	s.Devin.Put(devintest.Session{ID: Merged, Status: "running", Detail: "finished", Title: "Fix XSS", UpdatedAt: Day(7)})
	s.Devin.Put(devintest.Session{ID: Waiting, Status: "running", Detail: "waiting_for_user", Title: "Fix injection", UpdatedAt: Day(9),
		Messages: []telemetry.Message{{From: "devin", Text: "Which branch shall I use?", At: telemetry.At(Day(9))}}})
	s.Refresh()
	s.Run(ingest.JobPoll, ingest.Order{By: telemetry.ByAPI})
	s.ReadLogs()
	return s
}

// Put adds a record to the action repository, and reads it.
func (s *Site) Put(name string, record map[string]any) {
	s.t.Helper()
	s.write(name, record)
	s.Refresh()
}

// PutUnasked stores a record in the database alone, so that nothing asks for
// the log of its run.
func (s *Site) PutUnasked(name string, record map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(record)
	if err != nil {
		s.t.Fatal(err)
	}
	storetest.Put(s.t, s.Store, storetest.Fetched(name, body))
}

// ReadLogs asks for run logs, and returns when none is asked for any more.
func (s *Site) ReadLogs() {
	s.t.Helper()
	s.Run(ingest.JobLogs, ingest.Order{By: telemetry.ByAPI})
}

// Refresh reads the action repository.
func (s *Site) Refresh() {
	s.t.Helper()
	s.Run(ingest.JobRefresh, ingest.Order{By: telemetry.ByPage})
}

func (s *Site) write(name string, record any) {
	s.t.Helper()
	body, err := json.Marshal(record)
	if err != nil {
		s.t.Fatal(err)
	}
	s.GitHub.Repo(ActionRepo).PutFile("telemetry/runs/"+name, body)
}

// Day is noon of a day of March 2026.
func Day(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }

// Finding is how a record of the shop names finding n of a run.
func Finding(run, n int) map[string]any {
	return map[string]any{
		"id":            fmt.Sprintf("CQLF-R%d-%04d", run, n),
		"fingerprint":   fmt.Sprintf("%016x", n*7919),
		"rule_id":       fmt.Sprintf("js/rule-%02d", n),
		"severity_tier": []string{"critical", "high", "medium", "low"}[n%4],
		"cwe_family":    []string{"xss", "injection", "path-traversal"}[n%3],
		"file":          fmt.Sprintf("src/<b>%d</b>/page.ts", n),
		"start_line":    10 * n,
	}
}

// Scan is a record of a scan.
func Scan(repo string, run int, at time.Time, findings []map[string]any, sessions ...map[string]any) map[string]any {
	severity, family := map[string]int{}, map[string]int{}
	for _, f := range findings {
		severity[f["severity_tier"].(string)]++
		family[f["cwe_family"].(string)]++
	}
	if sessions == nil {
		sessions = []map[string]any{}
	}
	record := map[string]any{
		"target_repo": "https://github.com/" + repo, "run_number": run, "run_id": fmt.Sprint(1000 + run),
		"run_url":   fmt.Sprintf("https://github.com/%s/actions/runs/%d", ActionRepo, 1000+run),
		"run_label": fmt.Sprintf("run-%d", run), "timestamp": at.Format(time.RFC3339), "issues_found": len(findings),
		"severity_breakdown": severity, "category_breakdown": family, "batches_created": len(sessions),
		"sessions": sessions, "issue_fingerprints": findings,
	}
	if owner, name, _ := strings.Cut(repo, "/"); owner == "octo" && name == "shop" {
		record["fork_url"] = "https://github.com/forks/shop"
	}
	return record
}

// Session is how a record names a session that worked on findings of its run.
func Session(id string, batch int, status string, issues ...string) map[string]any {
	s := map[string]any{"session_id": id, "batch_id": batch, "status": status, "issue_ids": issues}
	if len(id) == 32 {
		s["session_url"] = "https://app.devin.ai/sessions/" + id
	}
	return s
}

// findings are those of a run with the numbers from first to last.
func findings(run, first, last int) (list []map[string]any) {
	for n := first; n <= last; n++ {
		list = append(list, Finding(run, n))
	}
	return list
}

func shopRecords() map[string]any {
	third := findings(3, 1, 25)
	third[2]["start_line"] = 42
	fourth := append(findings(4, 1, 1), findings(4, 3, 25)...)
	fourth[1]["start_line"] = 42
	merged := Session(Merged, 1, "finished", "CQLF-R3-0002")
	merged["pr_url"] = "https://github.com/octo/shop/pull/7"
	unlisted := Scan("octo/api", 5, Day(4), nil)
	unlisted["issues_found"], unlisted["severity_breakdown"], unlisted["category_breakdown"] = 5, map[string]int{"high": 5},
		map[string]int{"xss": 5}
	delete(unlisted, "issue_fingerprints")
	return map[string]any{
		"shop-1.json": Scan("octo/shop", 1, Day(1), findings(1, 1, 24)),
		"shop-2.json": Scan("octo/shop", 2, Day(3), findings(2, 2, 24)),
		"shop-3.json": Scan("octo/shop", 3, Day(5), third, merged,
			Session(Working, 2, "running", "CQLF-R3-0003"), Session(Waiting, 3, "running", "CQLF-R3-0004", "CQLF-R3-0005"),
			Session(Unknown, 4, "running", "CQLF-R3-0006"), Session("", 5, "error: 429 Client Error: Too Many Requests", "CQLF-R3-0007")),
		"shop-4.json":   Scan("octo/shop", 4, Day(9), fourth),
		"api-5.json":    unlisted,
		"ledger-6.json": Scan("octo/ledger", 6, Day(2), findings(6, 31, 54)),
		"ledger-7.json": Scan("octo/ledger", 7, Day(8), findings(7, 31, 32)),
		"verification_7.json": map[string]any{
			"verified_at": Day(6).Add(time.Hour).Format(time.RFC3339), "pr_number": "7", "pr_url": "https://github.com/octo/shop/pull/7",
			"session_id": Merged, "source_run_number": "3", "cwe_family": "path-traversal",
			"summary":        map[string]any{"total_original": 25, "total_targeted": 1, "fixed_count": 1, "remaining_count": 0},
			"verified_fixed": []map[string]any{Finding(3, 2)}, "still_present": []map[string]any{},
		},
	}
}
