package derive_test

import (
	"maps"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestRenamedRepository: records name a repository under its old and its new
// name, and GitHub lists its pull requests under both: each is one.
func TestRenamedRepository(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		session := func(id, url string) []map[string]any {
			return []map[string]any{{"session_id": "devin-" + id, "status": "blocked", "issue_ids": []string{}, "pr_url": url}}
		}
		pull := func(repo, moved string, number int, title string) telemetry.PullRequest {
			return telemetry.PullRequest{Repo: repo, RenamedTo: moved, Number: number, Title: title, State: "open", CreatedAt: at, UpdatedAt: at}
		}
		want := func(what string, all, old, renamed int64) {
			t.Helper()
			for repo, n := range map[string]int64{"": all, "o/old": old, "o/new": renamed} {
				list, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Repo: repo, Page: storetest.AllRows()})
				totals, _, terr := s.TotalsOf(t.Context(), repo)
				if err != nil || terr != nil || list.Total != n || totals.PRs.Total != n {
					t.Errorf("%s: %q has %d pull requests listed and %d counted, want %d (%v, %v)", what, repo, list.Total, totals.PRs.Total, n, err, terr)
				}
			}
		}
		storetest.Put(t, s, storetest.ScanRecord{Repo: "o/old", Run: 1, At: "2026-03-01T00:00:00Z", Sessions: append(session("0a", "https://github.com/o/old/pull/1"), map[string]any{"session_id": "0c", "status": "blocked", "issue_ids": []string{storetest.IssueID(1, 0)}})}.File("1.json"),
			storetest.Fetched("v.json", []byte(`{"verified_at":"2026-03-01T02:00:00Z","summary":{"total_targeted":1,"fixed_count":1},"session_id":"0a","source_run_number":"1","pr_number":"1","pr_url":"https://github.com/o/old/pull/1"}`)))
		storetest.SavePulls(t, s, []telemetry.PullRequest{pull("o/old", "O/New", 1, "one"), pull("o/old", "O/New", 2, "two "+storetest.IssueID(1, 0))})
		want("GitHub was not asked", 2, 2, 0)
		askedAbout(t, s, telemetry.RepoAnswer{Asked: "o/old", GitHubRepo: telemetry.GitHubRepo{ID: 7, Name: "O/New"}})
		want("renamed", 2, 2, 2)
		storetest.Put(t, s, storetest.ScanRecord{Repo: "O/New", Run: 2, At: "2026-03-02T00:00:00Z", Sessions: session("0b", "https://github.com/o/new/pull/3")}.File("2.json"))
		for range 2 {
			storetest.SavePulls(t, s, []telemetry.PullRequest{pull("o/old", "O/New", 1, "one"), pull("o/old", "O/New", 2, "two "+storetest.IssueID(1, 0)), pull("o/old", "O/New", 3, "three"), pull("o/new", "", 1, "one"), pull("o/new", "", 2, "two "+storetest.IssueID(1, 0)), pull("o/new", "", 3, "three")})
			want("both names are recorded", 3, 3, 3)
		}
		if then := pullsThen(t, s, at.AddDate(0, 0, 3), "o/old"); then != 3 {
			t.Errorf("%d pull requests of the old name as of a later time, want 3", then)
		}
		before := storetest.DumpOf(t, s)
		if err := s.Exec(t.Context(), `UPDATE files SET derived = 'old rules'`); err != nil {
			t.Fatal(err)
		}
		if err := s.Rebuild(t.Context(), func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		storetest.SameDump(t, "rebuilt", storetest.DumpOf(t, s), before)
		list, err := lists.Sessions(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
		if err != nil || len(list.Items) != 3 {
			t.Fatal(list.Items, err)
		}
		for _, row := range list.Items {
			number := map[string]int64{"0a": 1, "0b": 3, "0c": 2}[row.Key]
			if row.PR == nil || row.PR.Repo.Key() != "o/new" || row.PR.Number != number || row.State != telemetry.StatePRReady {
				t.Errorf("session %s has %v and is %s", row.Key, row.PR, row.State)
			}
		}
	})
}

// TestRepositoryMadeAnew: after a repository was renamed, another one is made
// under its old name. What names pull requests by that name means the new
// one's, and the renamed one keeps its own.
func TestRepositoryMadeAnew(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		session := func(id, url string) []map[string]any {
			return []map[string]any{{"session_id": "devin-" + id, "status": "blocked", "issue_ids": []string{}, "pr_url": url}}
		}
		pull := func(repo, now string, number int, title string) telemetry.PullRequest {
			return telemetry.PullRequest{Repo: repo, RenamedTo: now, Number: number, Title: title, State: "open", CreatedAt: at, UpdatedAt: at}
		}
		storetest.Put(t, s, storetest.ScanRecord{Repo: "o/old", Run: 1, At: "2026-03-01T00:00:00Z", Sessions: session("0a", "https://github.com/o/old/pull/1")}.File("1.json"),
			storetest.ScanRecord{Repo: "o/new", Run: 2, At: "2026-03-02T00:00:00Z", Sessions: session("0b", "https://github.com/o/new/pull/2")}.File("2.json"),
			storetest.Fetched("v.json", []byte(`{"verified_at":"2026-03-01T02:00:00Z","summary":{"total_targeted":1,"fixed_count":1},"session_id":"0a","source_run_number":"1","pr_number":"1","pr_url":"https://github.com/o/old/pull/1"}`)))
		if err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{{ID: "0a", API: "v1", Status: "blocked", PRs: []telemetry.UpstreamPR{{URL: "https://github.com/o/old/pull/1"}}}}}); err != nil {
			t.Fatal(err)
		}
		storetest.SavePulls(t, s, []telemetry.PullRequest{pull("o/old", "o/new", 1, "one"), pull("o/old", "o/new", 2, "two"), pull("o/new", "o/new", 1, "one"), pull("o/new", "o/new", 2, "two")})
		askedAbout(t, s, telemetry.RepoAnswer{Asked: "o/old", GitHubRepo: telemetry.GitHubRepo{ID: 7, Name: "o/new"}},
			telemetry.RepoAnswer{Asked: "o/new", GitHubRepo: telemetry.GitHubRepo{ID: 7, Name: "o/new"}})
		pulls(t, s, "renamed", map[string]string{"o/new#1": "0a", "o/new#2": "0b"})
		askedAbout(t, s, telemetry.RepoAnswer{Asked: "o/old", GitHubRepo: telemetry.GitHubRepo{ID: 9, Name: "o/old"}})
		storetest.SavePulls(t, s, []telemetry.PullRequest{pull("o/old", "o/old", 1, "another one"), pull("o/old", "o/old", 4, "four "+storetest.IssueID(1, 0)), pull("o/new", "o/new", 2, "two")})
		want := map[string]string{"o/old#1": "0a", "o/new#2": "0b", "o/old#4": ""}
		pulls(t, s, "made anew", want)
		before := storetest.DumpOf(t, s)
		if err := s.Exec(t.Context(), `UPDATE files SET derived = 'old rules'`); err != nil {
			t.Fatal(err)
		}
		if err := s.Rebuild(t.Context(), func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		storetest.SameDump(t, "rebuilt", storetest.DumpOf(t, s), before)
	})
}

// askedAbout saves what GitHub answered.
func askedAbout(t *testing.T, s *storetest.Store, answers ...telemetry.RepoAnswer) {
	t.Helper()
	if _, err := s.SaveRepos(t.Context(), answers); err != nil {
		t.Fatal(err)
	}
}

// pulls compares the pull requests that are listed, by key with their session.
func pulls(t *testing.T, s *storetest.Store, what string, want map[string]string) {
	t.Helper()
	list, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range list.Items {
		got[telemetry.PullRef{Repo: p.Repo, Number: p.Number}.Key()] = telemetry.SessionKey(p.Session)
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
