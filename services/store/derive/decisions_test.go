package derive_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// clocked runs a test on both databases, with a clock that it moves.
func clocked(t *testing.T, do func(t *testing.T, s *storetest.Store, now *time.Time)) {
	for name, open := range map[string]func(t *testing.T, now func() time.Time) *storetest.Store{
		"sqlite": func(t *testing.T, now func() time.Time) *storetest.Store {
			return storetest.OpenWith(t, store.Options{URL: "sqlite:" + t.TempDir() + "/test.db", Now: now})
		},
		"postgres": func(t *testing.T, now func() time.Time) *storetest.Store { return storetest.OpenPostgresAt(t, now) },
	} {
		t.Run(name, func(t *testing.T) {
			now := storetest.Day("2026-03-10 12:00")
			do(t, open(t, func() time.Time { return now }), &now)
		})
	}
}

func decide(t *testing.T, s *storetest.Store, d telemetry.NewDecision) telemetry.Decision {
	t.Helper()
	made, err := s.Decide(t.Context(), d, query.Ask{Query: storetest.Parse(t, lists.Issues(s.Store), d.Query)})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// states are the states of all issues by rule, at a time or now.
func states(t *testing.T, s *storetest.Store, at time.Time) string {
	t.Helper()
	rows, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{AsOf: at, Page: query.Page{Number: 1, Size: 100, Sort: "rule"}})
	if err != nil {
		t.Fatal(err)
	}
	byRule := map[string]string{}
	for _, row := range rows.Items {
		byRule[row.Rule] = string(row.State)
	}
	return strings.TrimPrefix(fmt.Sprint(byRule), "map")
}

func publicID(t *testing.T, s *storetest.Store, rule string) string {
	t.Helper()
	var id string
	if err := s.Read(t.Context(), func(tx *store.Tx) error {
		id = store.One[string](tx, `SELECT public_id FROM issues WHERE rule = $1`, rule)
		return tx.Err()
	}); err != nil || id == "" {
		t.Fatalf("issue of %s: %q, %v", rule, id, err)
	}
	return id
}

func scan(run int64, at string, findings ...string) telemetry.FetchedFile {
	return storetest.ScanRecord{Repo: "acme/app", Run: run, At: at, Findings: findings}.File(fmt.Sprintf("run_%d.json", run))
}

func TestADismissedIssueIsOutOfWhatIsOpen(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		storetest.Put(t, s, scan(2, "2026-03-02T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb", "js/c c.js 3 cc"))
		made := decide(t, s, telemetry.NewDecision{
			Action: telemetry.ActionDismiss, Reason: telemetry.ReasonFalsePositive, Comment: "<b>no</b>", By: "you",
			Query: "rule:js/b", Expect: 1,
		})
		if got := states(t, s, time.Time{}); got != "[js/a:recurring js/b:dismissed js/c:new]" {
			t.Error(got)
		}
		if got := states(t, s, storetest.Day("2026-03-10 11:59")); got != "[js/a:recurring js/b:recurring js/c:new]" {
			t.Errorf("before the decision: %s", got)
		}
		totals, err := s.Totals(t.Context())
		if err != nil || totals.Open != 2 || totals.Dismissed != 1 || totals.Latest != 3 || totals.LatestSeverity["high"] != 3 || totals.OpenSeverity["high"] != 2 {
			t.Errorf("%+v %v", totals, err)
		}
		*now = now.Add(time.Hour)
		if got := states(t, s, storetest.Day("2026-03-10 12:30")); got != "[js/a:recurring js/b:dismissed js/c:new]" {
			t.Errorf("after the decision: %s", got)
		}
		if _, err := s.UndoDecision(t.Context(), made.ID, "you"); err != nil {
			t.Fatal(err)
		}
		if got := states(t, s, time.Time{}); got != "[js/a:recurring js/b:recurring js/c:new]" {
			t.Error(got)
		}
	})
}

func TestAnAcceptanceEndsByTheClock(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		decide(t, s, telemetry.NewDecision{
			Action: telemetry.ActionAccept, By: "you", Until: now.Add(time.Hour), Issues: []string{publicID(t, s, "js/a")},
		})
		if got := states(t, s, time.Time{}); got != "[js/a:accepted js/b:new]" {
			t.Error(got)
		}
		before := s.Versions()[telemetry.TopicRecords]
		*now = now.Add(time.Hour)
		if s.Versions()[telemetry.TopicRecords] == before {
			t.Error("no version was raised, and open pages ask for nothing")
		}
		if got := states(t, s, time.Time{}); got != "[js/a:new js/b:new]" {
			t.Errorf("after its end: %s", got)
		}
		if got := states(t, s, now.Add(-time.Minute)); got != "[js/a:accepted js/b:new]" {
			t.Errorf("a minute before its end: %s", got)
		}
		if totals, err := s.Totals(t.Context()); err != nil || totals.Open != 2 || totals.Accepted != 0 {
			t.Errorf("%+v %v", totals, err)
		}
	})
}

func TestADecisionEndsWhenItsIssueIsFixed(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		decide(t, s, telemetry.NewDecision{
			Action: telemetry.ActionDismiss, Reason: telemetry.ReasonWontFix, By: "you", Issues: []string{publicID(t, s, "js/a")},
		})
		*now = now.AddDate(0, 0, 3)
		storetest.Put(t, s, scan(2, "2026-03-11T10:00:00Z", "js/b b.js 2 bb"))
		if got := states(t, s, time.Time{}); got != "[js/a:fixed js/b:recurring]" {
			t.Error(got)
		}
		storetest.Put(t, s, scan(3, "2026-03-12T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		if got := states(t, s, time.Time{}); got != "[js/a:reopened js/b:recurring]" {
			t.Errorf("back again it asks again: %s", got)
		}
		if got := states(t, s, storetest.Day("2026-03-10 18:00")); got != "[js/a:dismissed js/b:new]" {
			t.Errorf("while it was dismissed: %s", got)
		}
	})
}

func TestADecisionFollowsItsIssue(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		storetest.Put(t, s, scan(2, "2026-03-02T10:00:00Z", "js/a a.js 1 aaaaaaaaaaaaaaaa", "js/b b.js 2 bbbbbbbbbbbbbbbb"))
		decide(t, s, telemetry.NewDecision{
			Action: telemetry.ActionDismiss, Reason: telemetry.ReasonMitigated, By: "you", Issues: []string{publicID(t, s, "js/a")},
		})
		want := func(when, shown string) {
			t.Helper()
			if got := states(t, s, time.Time{}); got != shown {
				t.Errorf("%s: %s, want %s", when, got, shown)
			}
		}
		*now = now.AddDate(0, 0, 5)
		storetest.Put(t, s, scan(3, "2026-03-11T10:00:00Z", "js/a a.js 40 aaaaaaaaaaaaaaaa", "js/b b.js 2 bbbbbbbbbbbbbbbb"))
		want("its line moved", "[js/a:dismissed js/b:recurring]")
		storetest.Put(t, s, scan(4, "2026-03-12T10:00:00Z", "js/a a.js 40 cccccccccccccccc", "js/b b.js 2 bbbbbbbbbbbbbbbb"))
		want("its fingerprint changed", "[js/a:dismissed js/b:recurring]")
		storetest.Put(t, s, scan(5, "2026-03-13T10:00:00Z", "js/a lib/z.js 7 cccccccccccccccc", "js/b b.js 2 bbbbbbbbbbbbbbbb"))
		want("its file was renamed", "[js/a:dismissed js/b:recurring]")
		was := publicID(t, s, "js/a")
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/a a.js 1 dddddddddddddddd", "js/b b.js 2 bbbbbbbbbbbbbbbb"))
		if publicID(t, s, "js/a") == was {
			t.Error("the late record changed no id, so that this shows nothing")
		}
		want("a late record changed its id", "[js/a:dismissed js/b:recurring]")
		empty(t, s)
		if err := s.Rebuild(t.Context(), func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		want("all was derived again from nothing", "[js/a:dismissed js/b:recurring]")
		totals, err := s.Totals(t.Context())
		if err != nil || totals.Open != 1 || totals.Dismissed != 1 {
			t.Errorf("%+v %v", totals, err)
		}
	})
}

// empty empties what is derived of issues, and has all records derived again.
func empty(t *testing.T, s *storetest.Store) {
	t.Helper()
	for _, statement := range []string{
		`DELETE FROM issues`, `DELETE FROM appearances`, `DELETE FROM redirects`, `DELETE FROM issue_intervals`, `DELETE FROM days`,
		`DELETE FROM decided`, `DELETE FROM issue_counts`, `DELETE FROM needs`, `UPDATE decision_issues SET issue_id = 0`,
		`UPDATE files SET derived = 'x'`,
	} {
		if err := s.Exec(context.WithoutCancel(t.Context()), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADecisionFollowsARenamedRepository(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		storetest.Put(t, s, storetest.ScanRecord{Repo: "acme/copy", Run: 9, At: "2026-03-01T10:00:00Z",
			Findings: []string{"js/other a.js 1 aa"}}.File("copy.json"))
		decide(t, s, telemetry.NewDecision{
			Action: telemetry.ActionDismiss, Reason: telemetry.ReasonWontFix, By: "you", Issues: []string{publicID(t, s, "js/a")},
		})
		was := publicID(t, s, "js/a")
		*now = now.AddDate(0, 0, 1)
		askedAbout(t, s, telemetry.RepoAnswer{Asked: "acme/app", GitHubRepo: telemetry.GitHubRepo{ID: 7, Name: "acme/renamed"}})
		storetest.Put(t, s, storetest.ScanRecord{Repo: "acme/renamed", Run: 2, At: "2026-03-11T08:00:00Z",
			Findings: []string{"js/a a.js 1 aa", "js/b b.js 2 bb"}}.File("run_2.json"))
		if publicID(t, s, "js/a") == was {
			t.Error("the new name changed no id, so that this shows nothing")
		}
		if got := states(t, s, time.Time{}); got != "[js/a:dismissed js/b:recurring js/other:new]" {
			t.Error(got)
		}
	})
}

func TestASnoozedIssueWaitsForNobody(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/z z.js 1 zz"))
		storetest.Put(t, s, scan(2, "2026-03-02T10:00:00Z", "js/z z.js 1 zz", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		waiting := func(at time.Time) string {
			t.Helper()
			rows, err := lists.Needs(s.Store).Rows(t.Context(), query.Ask{
				Query: storetest.Parse(t, lists.Needs(s.Store), "group:new"), AsOf: at, Page: storetest.AllRows(),
			})
			if err != nil {
				t.Fatal(err)
			}
			rules := ""
			for _, row := range rows.Items {
				rules += row.Rule + " "
			}
			return rules
		}
		if got := waiting(time.Time{}); got != "js/a js/b " {
			t.Fatal(got)
		}
		decide(t, s, telemetry.NewDecision{Action: telemetry.ActionSnooze, By: "you", Until: now.Add(time.Hour), Issues: []string{publicID(t, s, "js/a")}})
		decide(t, s, telemetry.NewDecision{
			Action: telemetry.ActionAccept, By: "you", Until: now.Add(2 * time.Hour), Issues: []string{publicID(t, s, "js/b")},
		})
		for hours, want := range []string{"", "js/a ", "js/a js/b "} {
			if got := waiting(time.Time{}); got != want {
				t.Errorf("after %d hours %q waits, want %q", hours, got, want)
			}
			*now = now.Add(time.Hour)
		}
		if got := waiting(storetest.Day("2026-03-10 13:30")); got != "js/a " {
			t.Errorf("as of an hour and a half after: %q", got)
		}
	})
}

func TestDecisionsAsOfAPastTime(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa"))
		made := decide(t, s, telemetry.NewDecision{Action: telemetry.ActionComment, Comment: "x", By: "you", Issues: []string{publicID(t, s, "js/a")}})
		*now = now.Add(time.Hour)
		if _, err := s.UndoDecision(t.Context(), made.ID, "you"); err != nil {
			t.Fatal(err)
		}
		for at, want := range map[string]string{"2026-03-10 11:59": "[]", "2026-03-10 12:30": "[false]", "2026-03-10 13:00": "[true]"} {
			rows, err := lists.Decisions(s.Store).Rows(t.Context(), query.Ask{AsOf: storetest.Day(at), Page: storetest.AllRows()})
			undone := []bool{}
			for _, row := range rows.Items {
				undone = append(undone, !row.UndoneAt.IsZero())
			}
			if err != nil || fmt.Sprint(undone) != want {
				t.Errorf("as of %s: %v, want %s (%v)", at, undone, want, err)
			}
		}
	})
}
