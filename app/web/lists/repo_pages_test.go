package lists_test

import (
	"testing"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/telemetry"
)

// TestRepositoryPages: a repository's figures, what is unusual about them, and
// its lists as tabs.
func TestRepositoryPages(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, path string
		want       webtest.Want
	}{
		{"its head, figures and tabs", "/repo/octo/shop", webtest.Want{Status: 200,
			Text: []string{"Repositories / octo/shop Start a run", "Fixes go to forks/shop", "Last scan 9 Mar 2026 12:00 UTC run 4",
				"Next due 11 Mar 2026 12:00 UTC usually every 2 d", "Open issues 24", "Closed in 30 days 2", "Open issues over time",
				"Issues 24 Sessions 4 Pull requests 2 Runs 4", "All open 24", "js/rule-12"},
			HTML: []string{`href="/repo/octo/shop/pulls"`, `href="/activity?repo=octo%2Fshop"`, `href="/report?period=30d&amp;repo=octo%2Fshop"`,
				`hx-get="/panels/dispatch?scope=octo%2Fshop"`}}},
		{"in any case, and a tab that keeps the period", "/repo/OCTO/Shop/sessions?period=7d", webtest.Want{Status: 200,
			Text: []string{"Closed in 7 days", "4 sessions"}, HTML: []string{`href="/repo/octo/shop/runs?period=7d"`}}},
		{"a reduced scan", "/repo/octo/ledger", webtest.Want{Status: 200,
			Text: []string{"Scope reduced. Run 7 found 2 issues , all known; the full scan before it found 24 .", "Review it, or accept it as a full scan"},
			HTML: []string{`href="/runs/ledger-7.json"`}}},
		{"a record that names no findings", "/repo/octo/api", webtest.Want{Status: 200,
			Text: []string{"Not listed. The latest scan lists no findings", "5 not listed", "Issues 0"}, HTML: []string{`href="/runs/api-5.json"`}}},
		{"a query that cannot be read", "/repo/octo/shop/runs?q=is:x", webtest.Want{Status: 400,
			Text: []string{"octo/shop", "Open issues 24", "Cannot show this list"}}},
		{"a name close to another", "/repo/octo/shpo", webtest.Want{Status: 404,
			Text: []string{"Repository not found", "octo/shpo", "Did you mean", "octo/shop"}, HTML: []string{`href="/repo/octo/shop"`}}},
		{"a name close to none", "/repo/x/nothing-like-it",
			webtest.Want{Status: 404, Text: []string{"Repository not found"}, Lacks: []string{"Did you mean"}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Get(tc.path).Check(t, tc.want) })
	}
	if a := s.Get("/repo/forks/Shop/runs"); a.Status != 303 || a.Header.Get("Location") != "/repo/octo/shop/runs" {
		t.Errorf("a fork leads to %d %s, want its target's tab", a.Status, a.Header.Get("Location"))
	}
}

// TestSearchPage: what a text names exactly, the lists that have it, and those
// that have not.
func TestSearchPage(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name, path string
		want       webtest.Want
	}{
		{"nothing typed", "/search?q=%20", webtest.Want{Status: 200, Text: []string{"Search for a repository, a rule, a file,"}}},
		{"a rule", "/search?q=rule-03", webtest.Want{Status: 200,
			Text: []string{"Issues 1 Open as a list", "js/rule-03", "#8 open", "Nothing in Repositories no match Pull requests no match"},
			HTML: []string{`href="/issues?q=rule-03"`}}},
		{"more than is shown", "/search?q=js/rule", webtest.Want{Status: 200, Text: []string{"Issues 49 All 49"}}},
		{"an issue's id in sessions and pull requests", "/search?q=CQLF-R3-0003", webtest.Want{Status: 200,
			Text: []string{"Pull requests 1", "#8 fix(CQLF-R3-0003)", "Sessions 1", "Working xss", "Nothing in Repositories"}}},
		{"a repository exactly", "/search?q=octo/shop", webtest.Want{Status: 200,
			Text: []string{"Exact matches 1", "octo/shop", "Repositories 1"}, HTML: []string{`href="/repo/octo/shop"`}}},
		{"a qualifier that no list takes so", "/search?q=is:(", webtest.Want{Status: 200,
			Text: []string{"Nothing matches", `Repositories Invalid is "(": want one of listed, reduced, clean, retired.`, "Sessions Invalid is"}}},
		{"a text that cannot be read", "/search?q=%22unended", webtest.Want{Status: 400, Text: []string{"Invalid search."}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Get(tc.path).Check(t, tc.want) })
	}
}

// TestRepositoryUnderFormerNames: pages of former names lead to that of the
// present one with their query, htmx is answered by the panel, and lists take
// former names.
func TestRepositoryUnderFormerNames(t *testing.T) {
	s := webtest.Shop(t)
	for _, name := range []telemetry.RepoName{"octo/middle", "acme/store"} {
		if _, err := s.Store.SaveRepos(t.Context(), []telemetry.RepoAnswer{
			{Asked: "octo/shop", GitHubRepo: telemetry.GitHubRepo{ID: 7, Name: name}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, former := range []string{"octo/shop", "Octo/Shop", "octo/middle"} {
		for page, want := range map[string]string{
			"/repo/" + former + "?period=7d&q=is%3Aopen": "/repo/acme/store?period=7d&q=is%3Aopen",
			"/repo/" + former + "/runs":                  "/repo/acme/store/runs",
			"/repo/" + former + "/dispatch":              "/repo/acme/store/dispatch",
			"/pulls/" + former + "/8?x=1":                "/pulls/acme/store/8?x=1",
		} {
			a := s.Get(page)
			if location := a.Header.Get("Location"); a.Status != 301 || location != want || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d to %q, kept by %q, want %s", page, a.Status, location, a.Header.Get("Cache-Control"), want)
			}
		}
		s.Get("/repo/"+former, "HX-Request", "true").Check(t, webtest.Want{Status: 200, Text: []string{"acme/store"}})
		s.Panel("issues?scope="+former).Check(t, webtest.Want{Status: 200, Text: []string{"js/rule-03"}})
		s.Panel("pull?id="+former+"/8").Check(t, webtest.Want{Status: 200, Text: []string{"acme/store", "check the path"}})
		for _, page := range []string{"/issues?q=repo:", "/sessions?q=repo:", "/pulls?q=repo:", "/runs?q=repo:", "/repos?q=repo:",
			"/verifications?q=repo:", "/changes?repo=", "/activity?repo=", "/report?repo=", "/effectiveness?repo="} {
			s.Get(page+former).Check(t, webtest.Want{Status: 200, Text: []string{"acme/store"}})
		}
	}
	s.Get("/repos").Check(t, webtest.Want{Status: 200, Text: []string{"acme/store"}, Lacks: []string{"octo/shop"}})
	s.Get("/repo/acme/store").Check(t, webtest.Want{Status: 200, Text: []string{"acme/store"}})
}
