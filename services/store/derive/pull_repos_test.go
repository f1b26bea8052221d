package derive_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestForksOfAllRuns: the pull requests of every fork that a run names belong
// to its target, and to nobody once no run names it any more.
func TestForksOfAllRuns(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		for run, fork := range []string{"", "https://github.com/Old/f", "", "https://github.com/new/f.git"} {
			body, _ := json.Marshal(map[string]any{"target_repo": "https://github.com/o/r", "fork_url": fork, "run_number": run + 1, "run_id": fmt.Sprint(run + 1),
				"timestamp": fmt.Sprintf("2026-03-0%dT00:00:00Z", run+1), "issues_found": 0, "sessions": []any{}})
			storetest.Put(t, s, storetest.Fetched(fmt.Sprintf("%d.json", run+1), body))
		}
		for i, repo := range []string{"o/r", "old/F", "new/f", "else/f"} {
			at := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
			storetest.SavePulls(t, s, []telemetry.PullRequest{{Repo: repo, Number: i + 1, Title: "fix " + storetest.IssueID(1, i), State: "open", CreatedAt: at, UpdatedAt: at}})
		}
		want := func(what string, asked, pulls, then int64) {
			t.Helper()
			syncs, err := s.PullSyncs(t.Context())
			if err != nil || int64(len(syncs)) != asked {
				t.Errorf("%s: %v are asked for pull requests (%v), want %d", what, syncs, err, asked)
			}
			list, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Repo: "o/r", Page: storetest.AllRows()})
			if err != nil || list.Total != pulls {
				t.Errorf("%s: %d pull requests listed (%v), want %d", what, list.Total, err, pulls)
			}
			written := query.Ask{Query: storetest.Parse(t, lists.Pulls(s.Store), "repo:O/R"), Page: storetest.AllRows()}
			if list, err = lists.Pulls(s.Store).Rows(t.Context(), written); err != nil || list.Total != pulls {
				t.Errorf("%s: %d pull requests of repo:O/R (%v), want %d", what, list.Total, err, pulls)
			}
			totals, _, err := s.TotalsOf(t.Context(), "o/r")
			if err != nil || totals.PRs.Total != pulls || totals.PRs.Open != pulls {
				t.Errorf("%s: counted %+v (%v), want %d", what, totals.PRs, err, pulls)
			}
			repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
			if err != nil || repos.Items[0].PRs.Total != pulls {
				t.Errorf("%s: the repository has %+v (%v), want %d", what, repos.Items[0].PRs, err, pulls)
			}
			day := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
			old, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Repo: "o/r", AsOf: day, Page: storetest.AllRows()})
			if got := pullsThen(t, s, day, "o/r"); err != nil || got != then || old.Total != then {
				t.Errorf("%s: as of run 3 %d counted and %d listed (%v), want %d", what, got, old.Total, err, then)
			}
		}
		want("both forks", 3, 3, 2)
		if err := s.MarkGone(t.Context(), "", []string{"2.json"}); err != nil {
			t.Fatal(err)
		}
		want("the old fork's run is gone", 2, 2, 1)
		want("again", 2, 2, 1)
		if err := s.MarkGone(t.Context(), "", []string{"4.json"}); err != nil {
			t.Fatal(err)
		}
		want("no fork", 1, 1, 1)
	})
}

// TestOneMeaningOfRepo: the parameter repo and the qualifier repo: find the
// same pull requests, today and at a past time: those in a repository, and of
// a target those in the forks that its runs had named by then.
func TestOneMeaningOfRepo(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		record := func(run int, at, target string) {
			body, _ := json.Marshal(map[string]any{"target_repo": "https://github.com/" + target, "fork_url": "https://github.com/fork/shop", "run_number": run,
				"run_id": fmt.Sprint(run), "timestamp": at, "issues_found": 0,
				"sessions": []any{map[string]any{"session_id": fmt.Sprintf("devin-0%d", run), "status": "finished", "pr_url": fmt.Sprintf("https://github.com/fork/shop/pull/%d", run)}}})
			storetest.Put(t, s, storetest.Fetched(fmt.Sprintf("%d.json", run), body))
		}
		record(2, "2026-01-10T00:00:00Z", "acme/shop")
		record(3, "2026-06-10T00:00:00Z", "acme/axb")
		for _, at := range []struct {
			time   time.Time
			totals map[string]int64
		}{
			{time.Time{}, map[string]int64{"acme/shop": 2, "acme/axb": 2, "fork/shop": 2, "other/x": 0}},
			{storetest.Day("2026-02-09 00:00"), map[string]int64{"acme/shop": 1, "acme/axb": 0, "fork/shop": 1, "other/x": 0}},
		} {
			for repo, want := range at.totals {
				list := lists.Pulls(s.Store)
				written, _ := storetest.Total(t, list, query.Ask{Query: storetest.Parse(t, list, "repo:"+repo), AsOf: at.time})
				given, _ := storetest.Total(t, list, query.Ask{Repo: repo, AsOf: at.time})
				if written != want || given != want {
					t.Errorf("%s at %v: %d of the qualifier, %d of the parameter, want %d", repo, at.time, written, given, want)
				}
			}
			all, _ := storetest.Total(t, lists.Pulls(s.Store), query.Ask{Query: storetest.Parse(t, lists.Pulls(s.Store), "repo:acme/*,fork/*"), AsOf: at.time})
			if want := at.totals["fork/shop"]; all != want {
				t.Errorf("of two owners at %v: %d, want %d", at.time, all, want)
			}
		}
	})
}

// pullsThen is how many pull requests a repository had at a time.
func pullsThen(t *testing.T, s *storetest.Store, at time.Time, repo string) int64 {
	t.Helper()
	totals, _, err := s.TotalsAsOf(t.Context(), at, repo)
	if err != nil {
		t.Fatal(err)
	}
	return totals.PRs.Total
}
