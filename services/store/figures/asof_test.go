package figures_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// answers is everything that is asked as of a time.
type answers struct {
	Totals telemetry.Totals
	Issues []telemetry.IssueRow
	Repos  []telemetry.RepoRow
	Trends telemetry.Trends
}

func period(t *testing.T, name string, until time.Time) telemetry.Period {
	t.Helper()
	p, err := telemetry.ParsePeriod(name, until)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func asOf(t *testing.T, s *storetest.Store, at time.Time, repo string) answers {
	t.Helper()
	totals, _, err := s.TotalsAsOf(t.Context(), at, repo)
	if err != nil {
		t.Fatal(err)
	}
	issues, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Repo: repo, AsOf: at, Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	trends, _, err := s.Trends(t.Context(), telemetry.TrendQuery{Period: period(t, "90d", at), Repo: repo, AsOf: true})
	if err != nil {
		t.Fatal(err)
	}
	totals.BrokenFiles = 0                     // by the time of reading, which is later than any record here
	totals.Active = telemetry.ActiveSessions{} // by the store's clock, which runs on
	return answers{totals, stripped(issues.Items), reposAt(t, s, at, repo), trends}
}

// reposAt are the repositories as of a time, zero for now, without their active
// sessions and overdue issues, which follow the store's clock.
func reposAt(t *testing.T, s *storetest.Store, at time.Time, repo string) []telemetry.RepoRow {
	t.Helper()
	repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Repo: repo, AsOf: at, Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range repos.Items {
		repos.Items[i].SessionsActive, repos.Items[i].SessionsWaiting, repos.Items[i].Overdue = 0, 0, 0
	}
	return repos.Items
}

func current(t *testing.T, s *storetest.Store, now time.Time, repo string) answers {
	t.Helper()
	totals, err := s.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	totals.Active = telemetry.ActiveSessions{}
	issues, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Repo: repo, Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	trends, _, err := s.Trends(t.Context(), telemetry.TrendQuery{Period: period(t, "90d", now), Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	return answers{totals, stripped(issues.Items), reposAt(t, s, time.Time{}, repo), trends}
}

// stripped leaves out what no client sees, and what has no past.
func stripped(rows []telemetry.IssueRow) []telemetry.IssueRow {
	for i := range rows {
		rows[i].StoreID, rows[i].Closed, rows[i].Claim, rows[i].Found = 0, telemetry.ScanPosition{}, "", ""
		if rows[i].Overdue, rows[i].DueSoon = false, false; !rows[i].PausedAt.IsZero() { // these follow the store's clock
			rows[i].DueAt = telemetry.Time{}
		}
	}
	return rows
}

func newest(files []telemetry.FetchedFile) time.Time {
	var last time.Time
	for _, f := range files {
		if f.Record != nil && f.Record.Timestamp.After(last) {
			last = f.Record.Timestamp
		}
	}
	return last
}

// What the read models say now is what a count over appearances says as of
// now.
func TestAsOfNowIsTheCurrentAnswer(t *testing.T) {
	for name, files := range map[string]func(*testing.T) []telemetry.FetchedFile{
		"real": storetest.RealFiles, "generated": func(*testing.T) []telemetry.FetchedFile { return storetest.GeneratedFiles(7) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
				list := files(t)
				for i, f := range list {
					storetest.Put(t, s, f)
					if i%25 != 24 && i != len(list)-1 {
						continue
					}
					now := newest(list[:i+1]).Add(time.Minute)
					want, got := current(t, s, now, ""), asOf(t, s, now, "")
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("after %d files, current and as of now differ (-current +as of):\n%s", i+1, diff)
					}
				}
			})
		})
	}
}

// A record of a later time changes no answer about an earlier one.
func TestLaterRecordsChangeNoOlderAnswer(t *testing.T) {
	for name, files := range map[string]func(*testing.T) []telemetry.FetchedFile{
		"real": storetest.RealFiles, "generated": func(*testing.T) []telemetry.FetchedFile { return storetest.GeneratedFiles(11) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
				list := slices.DeleteFunc(files(t), func(f telemetry.FetchedFile) bool { return f.Record == nil })
				slices.SortStableFunc(list, func(a, b telemetry.FetchedFile) int { return a.Record.Timestamp.Compare(b.Record.Timestamp) })
				type asked struct {
					at   time.Time
					repo string
					answers
				}
				var before []asked
				for i, f := range list {
					storetest.Put(t, s, f)
					if i%20 == 19 && f.Record.Kind == telemetry.KindScan {
						for _, repo := range []string{"", f.Record.Repo.Key()} {
							before = append(before, asked{f.Record.Timestamp, repo, asOf(t, s, f.Record.Timestamp, repo)})
						}
					}
				}
				if len(before) == 0 {
					t.Fatal("nothing was asked")
				}
				for _, b := range before {
					if diff := cmp.Diff(b.answers, asOf(t, s, b.at, b.repo)); diff != "" {
						t.Fatalf("as of %s in %q (-before +after later records):\n%s", b.at, b.repo, diff)
					}
				}
			})
		})
	}
}

// The read models end the same in whatever order records arrive.
func TestFiguresDoNotDependOnArrival(t *testing.T) {
	files := storetest.GeneratedFiles(3)
	now := newest(files).Add(time.Minute)
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, files...)
		want := current(t, s, now, "")
		reverse := storetest.Open(t)
		for _, f := range slices.Backward(files) {
			storetest.Put(t, reverse, f)
		}
		got := current(t, reverse, now, "")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-in order +in reverse):\n%s", diff)
		}
	})
	if len(files) < 40 {
		t.Fatal(fmt.Sprint("too few files: ", len(files)))
	}
}
