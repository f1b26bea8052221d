package lists

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
)

func whole(n int64) *int64 { return &n }

// TestRepoNotices: what is unusual about a repository's figures is said, with
// a link to the record that shows it.
func TestRepoNotices(t *testing.T) {
	scanned := telemetry.RepoRow{Listed: true, LatestRun: whole(9), LatestFile: "n.json", ReferenceRun: whole(8)}
	unnamed, unlisted := scanned, scanned
	unnamed.WithoutFindings, unlisted.Listed = true, false
	for _, tc := range []struct {
		name   string
		repo   telemetry.RepoRow
		health telemetry.RepoHealth
		want   []string // "strong | text | link"
	}{
		{"nothing", scanned, telemetry.RepoHealth{}, nil},
		{"no findings named", unlisted, telemetry.RepoHealth{}, []string{"Not listed. | The latest scan lists no findings | /runs/n.json"}},
		{"no scan yet", telemetry.RepoRow{}, telemetry.RepoHealth{}, nil},
		{"a reduced scan", scanned, telemetry.RepoHealth{Reduced: &telemetry.ReducedScan{Run: 9, File: "r.json", Found: 1, FullFound: 1200}},
			[]string{"Scope reduced. | Run 9 found 1 issue, all known; the full scan before it found 1,200. | /runs/r.json"}},
		{"a reduced scan without a number", scanned, telemetry.RepoHealth{Reduced: &telemetry.ReducedScan{Found: 2}},
			[]string{"Scope reduced. | The scan found 2 issues | "}},
		{"a newer scan names no findings", unnamed, telemetry.RepoHealth{},
			[]string{"A newer scan lists no findings. | Open issues are as of run 8. | /runs/n.json"}},
		{"fingerprints that changed", scanned, telemetry.RepoHealth{Rematched: &telemetry.RematchedScan{Run: 7, File: "f.json", Changed: 3,
			Matched: 4}},
			[]string{"Fingerprints re-linked. | Run 7 changed 3 of 4 fingerprints | /runs/f.json"}},
		{"records that are broken", scanned, telemetry.RepoHealth{Broken: []string{"a.json", "b.json"}},
			[]string{"A record cannot be read. | a.json, b.json cannot be read | /runs#files"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := repoNotices(tc.repo, tc.health)
			if len(got) != len(tc.want) {
				t.Fatalf("%d notices, want %d: %+v", len(got), len(tc.want), got)
			}
			for i, want := range tc.want {
				part := strings.Split(want, " | ")
				n := got[i]
				for _, said := range n.Said {
					n.Text += said.Text
				}
				if n.Strong != part[0] || !strings.Contains(n.Text, part[1]) || n.Link.URL != part[2] {
					t.Errorf("%+v, want %s", n, want)
				}
			}
		})
	}
}

// TestRepoFacts: a scan that should have come is said to have been due.
func TestRepoFacts(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	w := New(&shell.Shell{Options: shell.Options{
		Now: func() time.Time { return now }, Settings: shell.Settings{GitHubWeb: "https://github.com"},
	}}, nil, nil)
	repo := telemetry.RepoRow{Name: "octo/shop", Fork: "OCTO/Shop"}
	if facts := w.repoFacts(shell.View{}, repo, telemetry.RepoHealth{}); len(facts) != 1 || facts[0].Link.URL != "https://github.com/octo/shop" {
		t.Errorf("a repository that is its own fork and has no scan: %+v", facts)
	}
	repo.Fork = "forks/shop"
	for word, last := range map[string]time.Time{"Next due": now.Add(-time.Hour), "Was due": now.Add(-72 * time.Hour)} {
		facts := w.repoFacts(shell.View{}, repo, telemetry.RepoHealth{LastScan: telemetry.At(last), Interval: 48 * time.Hour})
		due := facts[len(facts)-1]
		if due.Text != word || due.Time.After != "usually every 2 d" || !due.Time.At.Equal(last.Add(48*time.Hour)) {
			t.Errorf("%+v, want %q", due, word)
		}
		if facts[1].Link.Text != "Fixes go to forks/shop" {
			t.Errorf("%+v", facts[1])
		}
	}
}

// TestSeldomNotices: each repository that is asked for at growing distance says
// why, and when it is asked for again.
func TestSeldomNotices(t *testing.T) {
	at := telemetry.At(time.Date(2026, 3, 10, 12, 5, 0, 0, time.UTC))
	got := seldomNotices([]telemetry.SeldomAsked{
		{Repo: "bots/app", Next: at},
		{Repo: "bots/web", Cause: "GitHub shows no repository bots/web (404)."},
	})
	if len(got) != 2 || got[0].Strong != "Archived on GitHub." || !strings.Contains(got[0].Text, "bots/app") ||
		!strings.Contains(got[0].Text, "again after 10 Mar 2026 12:05 UTC.") {
		t.Errorf("%+v", got)
	}
	if got[1].Strong != "Not shown by GitHub." || !strings.HasPrefix(got[1].Text, "GitHub shows no repository bots/web (404). ") ||
		!strings.Contains(got[1].Text, "with the next refresh") {
		t.Errorf("%+v", got[1])
	}
}
