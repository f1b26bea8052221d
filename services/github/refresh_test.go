package github_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/telemetry"
)

// runner is the write side on a real store, as the program wires it.
func runner(t *testing.T, c *github.Action) *ingest.Runner {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "d.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	n := 0
	return ingest.New(t.Context(), ingest.Options{
		Store: derive.New(db), Sources: []ingest.Source{{Name: actionRepo, Files: c}}, PullRequests: c, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		NewID: func() string { n++; return fmt.Sprint("job", n) },
	})
}

// refresh runs a refresh to its end.
func refresh(t *testing.T, r *ingest.Runner) (got ingest.RefreshResult, err error) {
	t.Helper()
	h, err := r.Start(ingest.JobRefresh, ingest.Order{})
	if err != nil {
		t.Fatal(err)
	}
	job, err := h.Wait(t.Context())
	if err == nil {
		err = json.Unmarshal(job.Result, &got)
	}
	return got, err
}

func putScan(r *githubtest.Repo, i int) {
	r.PutFile(fmt.Sprintf("telemetry/runs/scan_%03d.json", i), fmt.Appendf(nil,
		`{"target_repo": "https://github.com/o/shop", "fork_url": "https://github.com/acme/shop", "run_number": %d, "run_id": "%d", "timestamp": %q, "issues_found": 0}`,
		i, 1000+i, day(i).Format(time.RFC3339)))
}

// TestRefreshOverTheWire: the whole way from the wire to the store, its
// price, and what a failure part-way leaves to the next refresh.
func TestRefreshOverTheWire(t *testing.T) {
	p, c := start(t)
	action := p.Repo(actionRepo)
	for i := 1; i <= 60; i++ {
		putScan(action, i)
	}
	p.Repo("o/shop").PutPull(telemetry.PullRequest{Number: 1, Title: "fix CQLF-R1-0001", UpdatedAt: day(1)})
	p.Repo("acme/shop")
	r := runner(t, c)
	got, err := refresh(t, r)
	if err != nil || got.Downloaded != 60 || got.TotalFiles != 60 || got.PRsFound != 1 || len(got.Errors) > 0 {
		t.Fatalf("first: %+v, error %v", got, err)
	}
	p.Forget()
	got, err = refresh(t, r)
	if err != nil || got.Downloaded != 0 || got.TotalFiles != 60 || len(got.Errors) > 0 {
		t.Errorf("unchanged: %+v, error %v", got, err)
	}
	if n := p.Counted(); n != 0 {
		t.Errorf("unchanged, it costs %d counted requests:\n%s", n, paths(p))
	}

	for i := 61; i <= 63; i++ {
		putScan(action, i)
	}
	p.Fail(githubtest.Fault{Path: "/git/blobs/", Status: http.StatusInternalServerError, Times: 3})
	got, err = refresh(t, r)
	if err != nil && !strings.Contains(err.Error(), "the next refresh fetches them") {
		t.Errorf("part-way: %+v, error %v", got, err)
	}
	p.ClearFaults()
	if got, err = refresh(t, r); err != nil || got.TotalFiles != 63 || len(got.Errors) > 0 {
		t.Errorf("completed: %+v, error %v", got, err)
	}
	for _, status := range []int{http.StatusUnauthorized, http.StatusNotFound} {
		p.Fail(githubtest.Fault{Status: status})
		if got, err := refresh(t, r); err == nil {
			t.Errorf("%d: %+v, want an error", status, got)
		}
		p.ClearFaults()
		if got, err := refresh(t, r); err != nil || got.Gone != 0 || got.New != 0 || got.TotalFiles != 63 {
			t.Errorf("after %d: %+v, error %v", status, got, err)
		}
	}
}
