package ingest_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// refreshAs starts the program with an ACTION_REPO, refreshes, and ends it.
func refreshAs(t *testing.T, s *storetest.Store, url string, repos ...string) ingest.RefreshResult {
	t.Helper()
	c, err := github.New(github.Options{BaseURL: url, Token: "a-token", HTTPTimeout: 10 * time.Second, Transport: &http.Transport{}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var sources []ingest.Source
	for _, repo := range repos {
		sources = append(sources, ingest.Source{Name: repo, Files: c.Action(telemetry.RepoName(repo), "")})
	}
	ctx, stop := context.WithCancel(t.Context())
	jobs := ingest.New(ctx, ingest.Options{
		Store: s.Writer, Sources: sources, Repositories: c, PullRequests: c,
		Log: quiet(), Now: time.Now, NewID: rand.Text,
	})
	ended := make(chan error, 1)
	go func() { ended <- jobs.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	h, err := jobs.Start(ingest.JobRefresh, ingest.Order{By: telemetry.ByAPI})
	if err != nil {
		t.Fatal(err)
	}
	job, err := h.Wait(t.Context())
	if err != nil || job.Error != "" {
		t.Fatalf("refresh of %s: %v, %s", repos, err, job.Error)
	}
	var result ingest.RefreshResult
	if err := json.Unmarshal(job.Result, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// TestRenamedActionRepository: an ACTION_REPO that is corrected after the
// repository was renamed has the same runs, each once, and fetches none again.
// Another repository with such files stays another one.
func TestRenamedActionRepository(t *testing.T) {
	scan := storetest.ScanRecord{Repo: "acme/app", Run: 34, At: "2026-11-10T10:00:00Z",
		Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1", "js/xss b.js 1 bbbbbbbbbbbbbbbb1", "js/xss c.js 1 cccccccccccccccc1"}}.File("acme_app_run_34.json")
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		player := githubtest.New(githubtest.Options{Token: "a-token"})
		server := httptest.NewServer(player)
		defer server.Close()
		repo := player.Repo("acme/x")
		repo.PutFile("telemetry/runs/acme_app_run_34.json", scan.Body)
		player.Repo("other/x").PutFile("telemetry/runs/acme_app_run_34.json", scan.Body)
		total := func(what string, want int64) {
			t.Helper()
			runs, _ := storetest.Total(t, lists.Runs(s.Store), query.Ask{})
			if runs != want {
				t.Errorf("%s: %d runs, want %d", what, runs, want)
			}
		}
		refreshAs(t, s, server.URL, "acme/x")
		total("before", 1)
		repo.Rename("neworg/x")
		refreshAs(t, s, server.URL, "acme/x")
		total("renamed, under the old name", 1)
		if result := refreshAs(t, s, server.URL, "neworg/x"); result.New != 0 {
			t.Errorf("under the new name: %d files are new", result.New)
		}
		total("under the new name", 1)
		issues, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
		if err != nil || len(issues.Items) != 3 || issues.Items[0].Status != telemetry.StatusNew || len(issues.Items[0].Runs) != 1 {
			t.Errorf("issues: %+v (%v), want 3 new ones of one run", issues.Items, err)
		}
		refreshAs(t, s, server.URL, "other/x")
		total("another repository", 2)
		result := refreshAs(t, s, server.URL, "neworg/x", "acme/x", "other/x")
		if said := strings.Join(result.Errors, " "); !strings.Contains(said, "ACTION_REPO names neworg/x and acme/x, which are one repository. Remove one of them") {
			t.Errorf("named twice: %q", said)
		}
		total("named twice", 2)
	})
}
