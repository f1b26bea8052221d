package ingest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// shopOnGitHub is a GitHub whose action repository has records of so many runs,
// and whose scanned repository has a log of each but the last.
func shopOnGitHub(t *testing.T, runs int, set ...func(*githubtest.Player)) (*githubtest.Player, *ingest.Runner, *storetest.Store) {
	t.Helper()
	p := githubtest.New(githubtest.Options{})
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	for n := 1; n <= runs; n++ {
		p.Repo("octo/action").PutFile(fmt.Sprintf("telemetry/runs/%d.json", n),
			[]byte(scanRecord(n, fmt.Sprintf(`"sessions": [{"session_id": "devin-aa%d", "batch_id": 1, "issue_ids": ["CQLF-R%d-1"]}],`, n, n))))
		if n < runs {
			p.Repo("octo/shop").PutFile(fmt.Sprintf("logs/run-%d/issues.json", n), []byte(strings.ReplaceAll(shopIssues, "R1-", fmt.Sprintf("R%d-", n))))
		}
	}
	p.Repo("octo/shop").PutFile("README.md", []byte("# Shop"))
	c, err := github.New(github.Options{BaseURL: srv.URL, Token: "ghp_x"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for _, do := range set {
		do(p)
	}
	action := c.Action("octo/action", "")
	jobs, s := runnerOn(t, ingest.Options{
		Sources: []ingest.Source{{Name: "octo/action", Files: action, Sides: action}}, RunLogs: c,
		LogAllowance: upstream.NewAllowance(c.Limits(), "run logs"),
	})
	return p, jobs, s
}

func logsResult(t *testing.T, job telemetry.Job) (r ingest.LogsResult) {
	t.Helper()
	if err := json.Unmarshal(job.Result, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// asked counts the requests for a part of the scanned repository.
func asked(p *githubtest.Player, part string) (n int) {
	for _, r := range p.Requests() {
		if strings.Contains(r.Path, "octo/shop/"+part) {
			n++
		}
	}
	return n
}

// TestLogsOfGitHub: the logs of new records are asked for, each once, and name
// what sessions took; a run without a log is asked about no more.
func TestLogsOfGitHub(t *testing.T) {
	p, jobs, s := shopOnGitHub(t, 3)
	if job := run(t, jobs, ingest.JobRefresh); len(job.Errors) > 0 {
		t.Error(job.Errors)
	}
	run(t, jobs, ingest.JobLogs)
	found(t, s, logStates, "run-1 found, run-2 found, run-3 missing")
	found(t, s, `SELECT session || ' ' || basis FROM attempts ORDER BY session`, "aa1 log, aa2 log")
	found(t, s, `SELECT DISTINCT origin FROM run_logs WHERE state = 'found'`, "octo/shop")
	if n := asked(p, "git/blobs/"); n != 2 {
		t.Errorf("%d files were fetched, want 2", n)
	}
	p.Forget()
	if r := logsResult(t, run(t, jobs, ingest.JobLogs)); r.Asked != 0 || len(p.Requests()) != 0 {
		t.Errorf("what is known was asked for again: %+v, %d requests", r, len(p.Requests()))
	}
	p.Repo("octo/shop").PutFile("logs/run-3/issues.json", []byte(shopIssues))
	h, err := jobs.AskLog(t.Context(), telemetry.LogRef{Repo: "octo/shop", Label: "run-3"}, telemetry.ByPage)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	found(t, s, logStates, "run-1 found, run-2 found, run-3 found")
	if _, err := jobs.AskLog(t.Context(), telemetry.LogRef{Repo: "octo/shop", Label: "run-9"}, telemetry.ByPage); telemetry.CodeOf(err) != telemetry.CodeNotFound {
		t.Errorf("a log of no run: %v", err)
	}
}

// TestLogsLeaveQuota: logs take at most a fifth of GitHub's limit, and nothing of the
// fifth that is kept for people; what a person asks for is asked for all the same, and
// the next turn continues.
func TestLogsLeaveQuota(t *testing.T) {
	p, jobs, s := shopOnGitHub(t, 30, func(p *githubtest.Player) { p.SetRate(5000, 60, time.Now().Add(time.Hour), http.StatusForbidden) })
	run(t, jobs, ingest.JobRefresh)
	if r := logsResult(t, run(t, jobs, ingest.JobLogs)); !r.Left || r.Asked != 0 || asked(p, "") != 0 {
		t.Errorf("with 60 requests left %+v, and %d requests", r, asked(p, ""))
	}
	h, err := jobs.AskLog(t.Context(), telemetry.LogRef{Repo: "octo/shop", Label: "run-7"}, telemetry.ByPage)
	if err != nil {
		t.Fatal(err)
	}
	if job, err := h.Wait(t.Context()); err != nil || logsResult(t, job).Found != 1 {
		t.Errorf("a log that a person wants: %s, %v", job.Result, err)
	}
	found(t, s, logStates, "run-7 found")
	for i, c := range []struct {
		limit, remaining, most int
		found, left            bool
	}{{5000, 1000, 0, false, true}, {150, 150, 30, true, true}, {5000, 5000, 1000, true, false}} {
		p.SetRate(c.limit, c.remaining, time.Now().Add(time.Duration(i+2)*10*time.Minute), http.StatusForbidden)
		run(t, jobs, ingest.JobRefresh) // hears of the limit
		p.Forget()
		r := logsResult(t, run(t, jobs, ingest.JobLogs))
		if n := p.Counted(); n > c.most || r.Found > 0 != c.found || r.Left != c.left {
			t.Errorf("with %d of %d requests left: %+v took %d", c.remaining, c.limit, r, n)
		}
	}
	found(t, s, `SELECT state || ' ' || COUNT(*) FROM run_logs GROUP BY state ORDER BY state`, "found 29, missing 1")
}

// TestOfferedLog: a log that is offered is asked for in the background, once
// however often it is offered, whatever comes of it; not where GitHub's limit
// leaves no room, and not where none can be asked for.
func TestOfferedLog(t *testing.T) {
	for name, c := range map[string]struct {
		label     string
		set       func(*githubtest.Player)
		offered   bool
		states    string
		requested bool
	}{
		"there":             {"run-1", func(*githubtest.Player) {}, true, "run-1 found, run-2 missing", true},
		"not there":         {"run-2", func(*githubtest.Player) {}, true, "run-1 found, run-2 missing", true},
		"no label":          {"", func(*githubtest.Player) {}, false, "", false},
		"no such run":       {"run-9", func(*githubtest.Player) {}, true, "run-1 found, run-2 missing", true},
		"no allowance left": {"run-1", func(p *githubtest.Player) { p.SetRate(60, 60, time.Now().Add(time.Hour), http.StatusForbidden) }, false, "", false},
		"the token is refused": {"run-1", func(p *githubtest.Player) {
			p.Fail(githubtest.Fault{Path: "octo/shop/git/trees", Status: http.StatusUnauthorized, Message: "Bad credentials"})
		}, true, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			p, jobs, s := shopOnGitHub(t, 2, c.set)
			storetest.Put(t, s, storetest.Fetched("1.json", []byte(scanRecord(1, ""))), storetest.Fetched("2.json", []byte(scanRecord(2, ""))))
			if name == "no allowance left" {
				run(t, jobs, ingest.JobRefresh) // hears of the limit
				p.Forget()
			}
			ref := telemetry.LogRef{Repo: "octo/shop", Label: c.label}
			h := jobs.OfferLog(ref)
			if h != nil != c.offered {
				t.Fatalf("offered: %v, want %v", h != nil, c.offered)
			}
			if h != nil {
				_, _ = h.Wait(t.Context()) // a refused token ends the job
			}
			found(t, s, logStates, c.states)
			if n := asked(p, ""); n > 0 != c.requested {
				t.Errorf("%d requests", n)
			}
			p.Forget()
			for range 3 {
				if jobs.OfferLog(ref) != nil {
					t.Error("it is offered again")
				}
			}
			if n := asked(p, ""); n != 0 {
				t.Errorf("offered again: %d requests", n)
			}
		})
	}
}

// TestLogsThatCannotBeRead: a repository that refuses says so once in the job,
// and the others are read, however many of its logs are newer.
func TestLogsThatCannotBeRead(t *testing.T) {
	p, jobs, s := shopOnGitHub(t, 59, func(p *githubtest.Player) {
		p.Repo("octo/action").PutFile("telemetry/runs/other.json", []byte(strings.ReplaceAll(scanRecord(0, ""), "octo/shop", "octo/other")))
		p.Repo("octo/other").PutFile("logs/run-0/issues.json", []byte("[]"))
		p.Fail(githubtest.Fault{Path: "octo/shop/git/trees", Status: http.StatusForbidden, Message: "Resource not accessible by personal access token"})
	})
	run(t, jobs, ingest.JobRefresh)
	run(t, jobs, ingest.JobLogs)
	found(t, s, `SELECT DISTINCT repo_key || ' ' || state FROM run_logs ORDER BY 1`, "octo/other found, octo/shop failed")
	found(t, s, `SELECT DISTINCT substr(error, 1, 12) FROM run_logs WHERE state = 'failed'`, "The token in")
	p.ClearFaults()
	p.Fail(githubtest.Fault{Path: "octo/shop/git/trees", Status: http.StatusUnauthorized, Message: "Bad credentials"})
	h, err := jobs.AskLog(t.Context(), telemetry.LogRef{Repo: "octo/shop", Label: "run-3"}, telemetry.ByPage)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Wait(t.Context()); telemetry.CodeOf(err) != telemetry.CodeUpstreamToken {
		t.Errorf("a token that is not taken: %v", err)
	}
}
