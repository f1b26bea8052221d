package decisions_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// waiting opens a store on each database in which new issues of js/a, js/b and
// js/c wait for a person.
func waiting(t *testing.T, do func(t *testing.T, s *storetest.Store, now *time.Time)) {
	for name, open := range map[string]func(t *testing.T, now func() time.Time) *storetest.Store{
		"sqlite": func(t *testing.T, now func() time.Time) *storetest.Store {
			return storetest.OpenWith(t, store.Options{URL: "sqlite:" + t.TempDir() + "/test.db", Now: now})
		},
		"postgres": func(t *testing.T, now func() time.Time) *storetest.Store { return storetest.OpenPostgresAt(t, now) },
	} {
		t.Run(name, func(t *testing.T) {
			now := storetest.Day("2026-03-10 12:00")
			s := open(t, func() time.Time { return now })
			scan(t, s, 1, "js/z z.js 1 zz")
			scan(t, s, 2, "js/z z.js 1 zz", "js/a a.js 1 aa", "js/b b.js 2 bb", "js/c c.js 3 cc")
			do(t, s, &now)
		})
	}
}

func scan(t *testing.T, s *storetest.Store, run int64, findings ...string) {
	t.Helper()
	at := storetest.Day("2026-03-01 10:00").AddDate(0, 0, int(run)).Format(time.RFC3339)
	record := storetest.ScanRecord{Repo: "octo/shop", Run: run, At: at, Findings: findings}
	storetest.Put(t, s, record.File("run_"+at[:10]+".json"))
}

func rowsOf(ctx context.Context, t *testing.T, s *storetest.Store, text string, at time.Time) []telemetry.NeedRow {
	t.Helper()
	l := lists.Needs(s.Store)
	rows, err := l.Rows(ctx, query.Ask{Query: storetest.Parse(t, l, text), AsOf: at, Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	return rows.Items
}

func rulesOf(ctx context.Context, t *testing.T, s *storetest.Store, text string, at time.Time) string {
	t.Helper()
	var rules []string
	for _, row := range rowsOf(ctx, t, s, text, at) {
		rules = append(rules, row.Rule)
	}
	return strings.Join(rules, " ")
}

// TestARowIsSnoozedUntilATimeOrAChange: it waits for nobody meanwhile, and is
// among those that are snoozed, now and as of a past time.
func TestARowIsSnoozedUntilATimeOrAChange(t *testing.T) {
	waiting(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		ctx := t.Context()
		expect := func(when, todo, snoozed string) {
			t.Helper()
			if a, b := rulesOf(ctx, t, s, "group:new", time.Time{}), rulesOf(ctx, t, s, "is:snoozed", time.Time{}); a != todo || b != snoozed {
				t.Errorf("%s: %q waits and %q is snoozed, want %q and %q", when, a, b, todo, snoozed)
			}
		}
		snooze := func(key string, until time.Time) (telemetry.Decision, error) {
			return s.Decide(ctx, telemetry.NewDecision{Action: telemetry.ActionSnooze, Need: key, Until: until, By: "you"}, query.Ask{})
		}
		expect("at first", "js/a js/b js/c", "")
		rows := rowsOf(ctx, t, s, "group:new", time.Time{})
		for n, until := range []time.Time{now.Add(time.Hour), {}} {
			if d, err := snooze(rows[n].Key, until); err != nil || d.Issues != 0 || string(d.Need) != rows[n].Key {
				t.Fatal(d, err)
			}
		}
		began := *now
		expect("snoozed", "js/c", "js/a js/b")
		if row := rowsOf(ctx, t, s, "is:snoozed", time.Time{}); row[0].Snooze == 0 || !row[0].SnoozedUntil.Equal(now.Add(time.Hour)) || !row[1].SnoozedUntil.IsZero() {
			t.Errorf("%+v", row)
		}
		*now = now.Add(2 * time.Hour)
		expect("an hour has passed", "js/a js/c", "js/b")
		if got := rulesOf(ctx, t, s, "is:snoozed", began.Add(30*time.Minute)); got != "js/a js/b" {
			t.Errorf("%q is snoozed as of half an hour after", got)
		}
		scan(t, s, 3, "js/z z.js 1 zz", "js/a a.js 1 aa", "js/b b.js 2 bb", "js/c c.js 3 cc")
		expect("all are known by now", "", "")
		if got := rulesOf(ctx, t, s, "is:snoozed", began.Add(30*time.Minute)); got != "" {
			t.Errorf("the scan of then made them known, and %q is snoozed as of then", got)
		}
		scan(t, s, 4, "js/z z.js 1 zz", "js/n n.js 1 n1")
		key := rowsOf(ctx, t, s, "group:new", time.Time{})[0].Key
		made, err := snooze(key, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		expect("one more", "", "js/n")
		if _, err := s.UndoDecision(ctx, made.ID, "you"); err != nil {
			t.Fatal(err)
		}
		expect("undone", "js/n", "")
		if _, err := snooze(key, time.Time{}); err != nil {
			t.Fatal(err)
		}
		scan(t, s, 5, "js/z z.js 1 zz", "js/n n.js 1 n1", "js/n more.js 7 n2")
		expect("another issue joined the row", "js/n", "")
		if _, err := snooze("new octo/shop js/none", time.Time{}); telemetry.CodeOf(err) != telemetry.CodeNotFound {
			t.Errorf("a row that is not there: %v", err)
		}
	})
}

// TestRowsAreForThoseOfTheirWorstIssue: what is assigned to me is mine, what is
// nobody's is for me too, and what is another's is not. Where nobody signs in
// all is for the one person.
func TestRowsAreForThoseOfTheirWorstIssue(t *testing.T) {
	waiting(t, func(t *testing.T, s *storetest.Store, _ *time.Time) {
		l := lists.Issues(s.Store)
		for rule, who := range map[string]string{"js/a": "mona", "js/b": "hubot"} {
			q := "rule:" + rule
			d := telemetry.NewDecision{Action: telemetry.ActionAssign, Assignee: who, By: "you", Query: q, Expect: 1}
			if _, err := s.Decide(t.Context(), d, query.Ask{Query: storetest.Parse(t, l, q)}); err != nil {
				t.Fatal(err)
			}
		}
		mona := telemetry.AsPerson(t.Context(), telemetry.Person{Key: "github:mona", Name: "mona", Role: telemetry.RoleOperator, Way: telemetry.EntryGitHub})
		for query, want := range map[string]string{
			"for:you": "js/a js/c", "for:me": "js/a", "": "js/a js/b js/c", "-for:you": "js/b", "assignee:hubot": "js/b", "assignee:@me": "js/a",
		} {
			if got := rulesOf(mona, t, s, query, time.Time{}); got != want {
				t.Errorf("%q: %q, want %q", query, got, want)
			}
		}
		if got := rulesOf(t.Context(), t, s, "for:you", time.Time{}); got != "js/a js/b js/c" {
			t.Errorf("alone: %q", got)
		}
	})
}
