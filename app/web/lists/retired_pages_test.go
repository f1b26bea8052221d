package lists_test

import (
	"testing"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/telemetry"
)

// TestRetiredRepository: a repository that was archived says so wherever it is
// listed, its issues are listed as retired and not as open, and nothing of it needs
// someone; at a time before, it was in use.
func TestRetiredRepository(t *testing.T) {
	s := webtest.Shop(t)
	const before = "&as_of=2026-03-09"
	archived := telemetry.GitHubRepo{ID: 7, Name: "octo/shop", Archived: true}
	if _, err := s.Store.SaveRepos(t.Context(), []telemetry.RepoAnswer{{Asked: "octo/shop", GitHubRepo: archived}}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, path string
		want       webtest.Want
	}{
		{"its page", "/repo/octo/shop", webtest.Want{Status: 200,
			Text: []string{"octo/shop", "Retired. This repository was archived on GitHub", "Its issues"},
			HTML: []string{`href="/repo/octo/shop/issues?q=is%3Aretired"`}}},
		{"its page before", "/repo/octo/shop?x=1" + before, webtest.Want{Status: 200, Lacks: []string{"Retired."}}},
		{"the list of repositories", "/repos", webtest.Want{Status: 200, Text: []string{"octo/shop", "archived"}}},
		{"those retired", "/repos?q=is:retired", webtest.Want{Status: 200, Text: []string{"octo/shop", "archived"}, Lacks: []string{"octo/ledger"}}},
		{"those retired before", "/repos?q=is:retired" + before, webtest.Want{Status: 200, Text: []string{"0 repositories", "Nothing matches is:retired"}}},
		{"open issues", "/issues?q=is:open", webtest.Want{Status: 200, Lacks: []string{"js/rule-05"}}},
		{"open issues before", "/issues?q=is:open+repo:octo/shop" + before, webtest.Want{Status: 200, Text: []string{"js/rule-05"}}},
		{"its issues", "/repo/octo/shop/issues?q=is:retired", webtest.Want{Status: 200, Text: []string{"Retired", "js/rule-05"}}},
		{"what needs someone", "/needs-you?q=repo:octo/shop", webtest.Want{Status: 200, Lacks: []string{`href="/repo/octo/shop"`}}},
		{"what needed someone", "/needs-you?q=repo:octo/shop" + before, webtest.Want{Status: 200, HTML: []string{`href="/repo/octo/shop?`}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Get(tc.path).Check(t, tc.want) })
	}
}
