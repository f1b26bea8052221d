package decisions_test

import (
	"context"
	"fmt"
	"strconv"
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
			return s.Decide(ctx, telemetry.NewDecision{Action: telemetry.ActionSnooze, Needs: []string{key}, Until: until, By: "you"}, query.Ask{})
		}
		expect("at first", "js/a js/b js/c", "")
		rows := rowsOf(ctx, t, s, "group:new", time.Time{})
		for n, until := range []time.Time{now.Add(time.Hour), {}} {
			if d, err := snooze(rows[n].Key, until); err != nil || d.Issues != 0 || fmt.Sprint(d.Needs) != fmt.Sprint([]string{rows[n].Key}) {
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

// TestSeveralRowsAreSnoozedByOneDecision: it says which, is undone as one, and
// leaves out a row that is there no more. Nothing is decided where none is there.
func TestSeveralRowsAreSnoozedByOneDecision(t *testing.T) {
	waiting(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		ctx := t.Context()
		rows := rowsOf(ctx, t, s, "group:new", time.Time{})
		began := *now
		snooze := func(keys ...string) (telemetry.Decision, error) {
			return s.Decide(ctx, telemetry.NewDecision{Action: telemetry.ActionSnooze, Needs: keys, Until: now.Add(time.Hour), By: "you"}, query.Ask{})
		}
		made, err := snooze(rows[1].Key, "new octo/shop js/none", rows[0].Key, rows[0].Key)
		if want := fmt.Sprint([]string{rows[0].Key, rows[1].Key}); err != nil || fmt.Sprint(made.Needs) != want {
			t.Fatalf("%v snoozed, want %s; %v", made.Needs, want, err)
		}
		snoozed := rowsOf(ctx, t, s, "is:snoozed", time.Time{})
		if len(snoozed) != 2 || snoozed[0].Snooze != made.ID || snoozed[1].Snooze != made.ID || snoozed[0].SnoozedRows != 2 {
			t.Errorf("%+v", snoozed)
		}
		list, err := lists.Decisions(s.Store).Rows(ctx, query.Ask{Page: storetest.AllRows()})
		if err != nil || list.Total != 1 || fmt.Sprint(list.Items[0].Needs) != fmt.Sprint(made.Needs) {
			t.Errorf("%+v, %v", list.Items, err)
		}
		if _, err := snooze("new octo/shop js/none", rows[0].Key); telemetry.CodeOf(err) != telemetry.CodeNotFound {
			t.Errorf("one that is not there and one that is snoozed: %v", err)
		}
		*now = now.Add(time.Minute)
		if _, err := s.UndoDecision(ctx, made.ID, "you"); err != nil {
			t.Fatal(err)
		}
		if got := rulesOf(ctx, t, s, "group:new", time.Time{}); got != "js/a js/b js/c" {
			t.Errorf("undone, %q wait", got)
		}
		if got := rulesOf(ctx, t, s, "is:snoozed", began.Add(30*time.Second)); got != "js/a js/b" {
			t.Errorf("before it was undone %q were snoozed", got)
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

// TestRowsAreForTheTeamsThatOwnThem: what a person's team owns is theirs. While the
// teams of a person are not known, what any team owns is for them, but not theirs.
func TestRowsAreForTheTeamsThatOwnThem(t *testing.T) {
	waiting(t, func(t *testing.T, s *storetest.Store, _ *time.Time) {
		scan(t, s, 3, "js/z z.js 1 zz", "js/e e.js 1 ee", "js/f f.js 2 ff", "js/g g.js 3 gg", "js/h h.js 4 hh")
		owners := telemetry.CodeownersFile{Path: "CODEOWNERS", Text: "e.js @octo/web\nf.js @octo/data @ann\nh.js @ann\n"}
		if err := s.SaveCodeowners(t.Context(), "octo/shop", owners); err != nil {
			t.Fatal(err)
		}
		mona := telemetry.Person{Key: "github:mona", Name: "mona", Role: telemetry.RoleOperator, Way: telemetry.EntryGitHub}
		for i, c := range []struct {
			teams     []string
			you, mine string
		}{
			{nil, "js/e js/f js/g", ""},
			{[]string{"Octo/Web", "other/data"}, "js/e js/g", "js/e"},
			{nil, "js/e js/g", "js/e"}, // a sign-in that was not told keeps what is known
			{[]string{}, "js/g", ""},
			{[]string{"octo/web", "octo/data"}, "js/e js/f js/g", "js/e js/f"},
		} {
			mona.Teams = c.teams
			in := telemetry.SignIn{ID: strconv.Itoa(i), Person: mona, Until: telemetry.At(storetest.Day("2026-04-01 12:00"))}
			if err := s.PutSignIn(t.Context(), in, ""); err != nil {
				t.Fatal(err)
			}
			ctx := telemetry.AsPerson(t.Context(), mona)
			if you, mine := rulesOf(ctx, t, s, "for:you", time.Time{}), rulesOf(ctx, t, s, "for:me", time.Time{}); you != c.you || mine != c.mine {
				t.Errorf("%d, in %q: for you %q, mine %q; want %q, %q", i, c.teams, you, mine, c.you, c.mine)
			}
		}
	})
}
