package http

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// storyRecords are five scans of octo/shop: a finding whose fingerprint gets
// longer, moves, is fixed by a session's pull request and comes back; one
// more that stays; and from the fourth scan on a new one.
func storyRecords(at time.Time) map[string]any {
	found := func(run, line int, print string) map[string]any {
		f := program.Finding(run, 1, "high", "injection", "js/sql-injection", "routes/login.ts", line)
		f["fingerprint"] = print
		return f
	}
	stays := func(run int) map[string]any {
		return program.Finding(run, 2, "low", "xss", "js/reflected-xss", "views/a.ts", 9)
	}
	later := func(run int) map[string]any {
		return program.Finding(run, 3, "critical", "xss", "js/xss", "views/new.ts", 7)
	}
	const short, long = "fe76b0ffaa6493af", "fe76b0ffaa6493afd47d"
	day := func(n int) time.Time { return at.Add(time.Duration(n) * 24 * time.Hour) }
	session := map[string]any{
		"session_id": "devin-" + program.SampleSession,
		"batch_id":   2,
		"status":     "created",
		"issue_ids":  []string{"CQLF-R2-0001", "CQLF-R2-0002"},
	}
	return map[string]any{
		"1.json": program.Scan(1, day(0), []map[string]any{found(1, 34, short), stays(1)}),
		"2.json": program.Scan(2, day(1), []map[string]any{found(2, 34, long), stays(2)}, session),
		"3.json": program.Scan(3, day(5), []map[string]any{stays(3)}),
		"4.json": program.Scan(4, day(12), []map[string]any{found(4, 41, long), stays(4), later(4)}),
		"5.json": program.Scan(5, day(13), []map[string]any{found(5, 41, long), stays(5), later(5)}),
	}
}

// storyAt is when the first scan of the story was.
func storyAt() time.Time { return time.Now().UTC().Truncate(time.Hour).Add(-20 * 24 * time.Hour) }

// startStory plays the story: the session was polled, its pull request merged.
func startStory(t *testing.T) *program.Played {
	t.Helper()
	at := storyAt()
	p := program.WithPlayers(t, storyRecords(at), nil)
	p.Devin.Put(
		devintest.Session{
			ID:     program.SampleSession,
			Status: "running",
			Detail: "finished",
			Title:  "Fix SQL injection",
			PRs:    []telemetry.UpstreamPR{{URL: "https://github.com/octo/shop/pull/104", State: "merged"}},
		},
	)
	p.GitHub.Repo("octo/shop").PutPull(
		telemetry.PullRequest{
			Number:    104,
			Title:     "fix(CQLF-R2-0001, CQLF-R2-0002): resolve injection",
			State:     "closed",
			User:      "devin",
			CreatedAt: at.Add(26 * time.Hour),
			ClosedAt:  at.Add(50 * time.Hour),
			MergedAt:  at.Add(50 * time.Hour),
		},
	)
	for _, job := range []string{"/api/poll", "/api/poll-prs"} {
		if status, body := p.Post(job); status != http.StatusOK {
			t.Fatalf("%s: %d %s", job, status, body)
		}
	}
	return p
}

// issuePage is the address of the page of the one issue that a query finds.
func issuePage(s *program.Program, q string) string {
	s.T.Helper()
	_, body := s.Get("/issues?q=" + url.QueryEscape(q))
	m := regexp.MustCompile(`href="(/issues/[0-9a-f]{12})"`).FindStringSubmatch(body)
	if m == nil {
		s.T.Fatalf("no issue is %s", q)
	}
	return m[1]
}

// TestIssuePage: the timeline shows what the records, the polls and GitHub
// said, and nothing else.
func TestIssuePage(t *testing.T) {
	p := startStory(t)
	page := issuePage(p.Program, "rule:js/sql-injection")
	body := p.Says(
		page,
		http.StatusOK,
		"js/sql-injection in routes/login.ts:41",
		"High",
		"Reopened",
		"after being fixed for 7 d",
		"First seen run 1 routes/login.ts:34",
		"Fingerprint re-linked run 2 16 to 20 hex digits, the same beginning after 24 h",
		"Dispatched, attempt 1 run 2 · batch 2 one of 2 issues devin-01234567",
		"PR #104 opened fix(CQLF-R2-0001, CQLF-R2-0002): resolve injection linked by Devin’s answer",
		"PR #104 merged #104 into octo/shop",
		"Fixed run 3 first scan without it",
		"Reopened run 4 routes/login.ts:41 7 lines lower same fingerprint",
		"Session finished",
		"run 2 · batch 2 named by record Finished #104 merged",
		"Fixed for 7 d, then reopened",
		"2 present 1 gone 2 back",
		"!Verified, ",
		"now, and 5 d before",
		"Since run 2 fe76b0ffaa6493afd47d",
		"Run 1 fe76b0ffaa6493af",
		"Issue ids 4",
		"run 5 CQLF-R5-0001",
		"run 4 CQLF-R4-0001",
		"run 2 CQLF-R2-0001",
		"run 1 CQLF-R1-0001",
		"Start another run",
	)
	if order := regexp.MustCompile(`(?s)First seen.*re-linked.*Dispatched.*opened.*merged.*Fixed.*Reopened`); !order.MatchString(
		program.Text(body),
	) {
		t.Error("the timeline is not in time order")
	}
	p.Says(
		issuePage(p.Program, "rule:js/reflected-xss"),
		http.StatusOK,
		"Low",
		"Recurring",
		"5 present",
		"Still there after the merge",
		"Start another run",
		"!Back ",
		"!Gone ",
	)
	p.Says(
		issuePage(p.Program, "rule:js/xss"),
		http.StatusOK,
		"Critical",
		"Recurring",
		"Attempts 0",
		"No attempts recorded.",
		"2 present",
		"!Start another run",
	)
	p.Says("/issues/000000000000", http.StatusNotFound, "Issue 000000000000 not found", "All issues", "!Did you mean")
}

// TestSeenInScans: one mark per scan, with the issue's state in it.
func TestSeenInScans(t *testing.T) {
	s := program.WithRuns(t, storyRecords(storyAt()), nil)
	_, body := s.Get(issuePage(s, "rule:js/sql-injection"))
	var marks []string
	for _, m := range regexp.MustCompile(`<li class="mark-(\w+)" title="(run \d)`).FindAllStringSubmatch(body, -1) {
		marks = append(marks, m[2]+" "+m[1])
	}
	if got := strings.Join(marks, ", "); got != "run 1 present, run 2 present, run 3 gone, run 4 back, run 5 back" {
		t.Errorf("the strip shows %s", got)
	}
	if text := program.Text(body); !strings.Contains(text, "2 present 1 gone 2 back") {
		t.Error("the legend does not count the marks")
	}
}

// TestRunPage: what a scan changed against the one before it, and against any
// other before it.
func TestRunPage(t *testing.T) {
	p := startStory(t)
	p.Says(
		"/runs/4.json",
		http.StatusOK,
		"run 4 of octo/shop",
		"New 1",
		"js/xss",
		"Reopened 1",
		"js/sql-injection",
		"Gone 0",
		"Moved 0",
		"No sessions started.",
		"Issues in no session 3",
	)
	p.Says("/runs/4.json?against=1.json", http.StatusOK, "New 1", "Reopened 0", "Gone 0", "Moved 1", "routes/ login.ts :41 before: line 34")
	p.Says("/runs/3.json", http.StatusOK, "New 0", "Gone 1", "js/sql-injection")
	p.Says("/runs/5.json", http.StatusOK, "New 0", "Reopened 0", "Gone 0", "Moved 0")
	p.Says("/runs/5.json?against=3.json", http.StatusOK, "New 1", "js/xss", "Reopened 1", "js/sql-injection")
	p.Says("/runs/1.json", http.StatusOK, "This is the first scan of its repository", "New 2")
	p.Says(
		"/runs/2.json",
		http.StatusOK,
		"Batches and sessions 1",
		"2 Finished",
		"#104 merged",
		"All issues were given to a session.",
	)
	p.Says("/runs/2.json?against=5.json", http.StatusOK, "5.json is later than 2.json", "!New 0")
	p.Says("/runs/2.json?against=none.json", http.StatusOK, "Run file none.json not found")
	p.Says("/runs/none.json", http.StatusNotFound, "Run file none.json not found", "All runs")
	p.Says("/runs/4.json?list=old", http.StatusBadRequest, "Invalid list", "new")
}

// TestPullPage: a pull request with what it belongs to, and one that nobody
// asked GitHub about.
func TestPullPage(t *testing.T) {
	p := startStory(t)
	p.Says(
		"/pulls/octo/shop/104",
		http.StatusOK,
		"fix(CQLF-R2-0001, CQLF-R2-0002): resolve injection #104",
		"Merged",
		"Sessions 1",
		"run 2 · batch 2",
		"Devin’s answer",
		"Issues 2",
		"js/sql-injection",
		"js/reflected-xss",
		"Not verified: no re-scan is recorded.",
		"Author devin",
		"Issue ids 2 as named CQLF-R2-0001",
	)
	p.Says("/pulls/octo/shop/105", http.StatusNotFound, "Pull request octo/shop#105 not found", "All pull requests")
	p.Says("/pulls/octo/shop/x", http.StatusNotFound, "a whole number from 1")

	s := program.WithRuns(t, program.Sample(), nil)
	s.Says(
		"/pulls/octo/shop/7",
		http.StatusOK,
		"Pull request #7",
		"Unknown",
		"not fetched yet, or not visible on GitHub",
		"run record",
		"js/rule-02",
	)
}

// TestNarrowScan: a scan that found far less says so, a person takes it for a
// full one, and takes that back.
func TestNarrowScan(t *testing.T) {
	records := program.Sample()
	few := records["a.json"].(map[string]any)["issue_fingerprints"].([]map[string]any)[5:10]
	records["c.json"] = program.Scan(3, time.Now().Add(-10*time.Minute), few)
	s := program.WithRuns(t, records, nil)
	s.Says("/runs/c.json", http.StatusOK, "Scope reduced.", "Accept as a full scan", "Gone 0")
	s.Says("/issues", http.StatusOK, "59 issues")
	accept := func(fields ...string) {
		t.Helper()
		res, body := s.Do(http.MethodPost, "/actions/accept-scope", program.Form(append(fields, "file", "c.json")...))
		if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/runs/c.json") {
			t.Fatalf("accept: %d %s %s", res.StatusCode, res.Header.Get("Location"), body)
		}
	}
	accept()
	s.Says("/runs/c.json", http.StatusOK, "Accepted as a full scan.", "Undo", "Gone 54", "All 54")
	s.Says("/issues", http.StatusOK, "5 issues")
	accept("undo", "true")
	s.Says("/runs/c.json", http.StatusOK, "Scope reduced.", "Gone 0")
	s.Says("/issues", http.StatusOK, "59 issues")
}

// TestRunOfManyFindings: whatever a scan found, its page has a page's rows;
// all of a list is pages away.
func TestRunOfManyFindings(t *testing.T) {
	const many = 3000
	findings := make([]map[string]any, many)
	for i := range findings {
		findings[i] = program.Finding(1, i+1, "high", "xss", "js/xss", fmt.Sprintf("src/%04d.ts", i), 1)
	}
	s := program.WithRuns(t, map[string]any{"a.json": program.Scan(1, time.Now().Add(-time.Hour), findings)}, nil)
	rows := func(body string) int { return strings.Count(body, `class="k-state2"`) }
	body := s.Says(
		"/runs/a.json",
		http.StatusOK,
		"New 3,000",
		"All 3,000",
		"Issues in no session 3,000",
		"src/ 0000.ts",
		"src/ 0024.ts",
		"!0025.ts",
	)
	if n := rows(body); n != 50 {
		t.Errorf("the run's page has %d rows of issues, want 25 of each of its two lists", n)
	}
	if !strings.Contains(body, `href="/runs/a.json?list=new"`) || !strings.Contains(body, `href="/runs/a.json?list=unassigned"`) {
		t.Error("the lists do not lead to all of them")
	}
	body = s.Says(
		"/runs/a.json?list=new&page=2",
		http.StatusOK,
		"51–100 of 3,000",
		"src/ 0050.ts",
		"!0049.ts",
		"!Batches and sessions",
		"Back to the run",
	)
	if n := rows(body); n != 50 {
		t.Errorf("a page of a list has %d rows", n)
	}
	s.Says(
		"/runs/a.json?list=unassigned&page=999&per_page=100",
		http.StatusOK,
		"2,901–3,000 of 3,000",
		"Page 999 does not exist; this is the last page.",
		"src/ 2999.ts",
	)
	if res, body := s.Get("/panels/run?id=a.json&list=new&page=60", "HX-Request", "true"); res.StatusCode != http.StatusOK ||
		!strings.Contains(program.Text(body), "2,951–3,000 of 3,000") {
		t.Errorf("the panel alone: %d", res.StatusCode)
	}
}

// TestSessionPage: its states so far, its issues, its pull request and the
// last of what was said; what GitHub and Devin do not know is said, too.
func TestSessionPage(t *testing.T) {
	p := startStory(t)
	p.Says(
		"/sessions/devin-"+program.SampleSession,
		http.StatusOK,
		"Fix SQL injection 01234567",
		"Finished",
		"Issues 2",
		"js/sql-injection",
		"Pull requests 1",
		"#104",
		"by Devin’s answer",
		"State history",
		"Queued as recorded created",
		"Reply to Devin",
		"Open in Devin",
		"Named in records 1 run 2",
		"batch 2, created",
	)
	p.Says("/sessions/ffffffffffffffffffffffffffffffff", http.StatusNotFound, "not found: no run names it", "All sessions")
	p.Devin.Put(devintest.Session{ID: program.SampleSession, Status: "hibernating", Title: "Fix SQL injection"})
	p.Post("/api/poll")
	p.Says("/sessions/"+program.SampleSession, http.StatusOK, "Unknown “hibernating”", "polled hibernating")
}
