package derive_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// dueDates are the due dates of all issues by rule, at a time or now; * stands behind
// one that is overdue.
func dueDates(t *testing.T, s *storetest.Store, at time.Time, q string) string {
	t.Helper()
	list := lists.Issues(s.Store)
	rows, err := list.Rows(t.Context(), query.Ask{AsOf: at, Query: storetest.Parse(t, list, q), Page: query.Page{Number: 1, Size: 100, Sort: "rule"}})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, row := range rows.Items {
		text := row.Rule + " never"
		if !row.DueAt.IsZero() {
			text = row.Rule + row.DueAt.UTC().Format(" 01-02 15:04")
		}
		if row.Overdue {
			text += "*"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func dueDate(t *testing.T, s *storetest.Store, want string) {
	t.Helper()
	if got := dueDates(t, s, time.Time{}, ""); got != want {
		t.Errorf("due %s, want %s", got, want)
	}
}

// TestDueDatesFollowSeverityAndRegistry: the days of the severity times the factor of
// the repository, from the scan that first saw the issue; a change of either changes
// all of them, and a past time keeps what the registry said then.
func TestDueDatesFollowSeverityAndRegistry(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa critical", "js/b b.js 2 bb high"))
		storetest.Put(t, s, scan(2, "2026-03-09T10:00:00Z", "js/a a.js 1 aa critical", "js/b b.js 2 bb high", "js/c c.js 3 cc medium", "js/d d.js 4 dd odd"))
		dueDate(t, s, "js/a 03-08 10:00*, js/b 03-31 10:00, js/c 06-07 10:00, js/d never")
		before := *now
		*now = now.Add(time.Hour)
		storetest.PutSide(t, s, telemetry.RegistryFile, []byte(`{"repos": [{"repo": "acme/app", "importance": "low"}]}`))
		dueDate(t, s, "js/a 03-15 10:00, js/b 04-30 10:00, js/c 09-05 10:00, js/d never")
		if got, want := dueDates(t, s, before, ""), "js/a 03-08 10:00*, js/b 03-31 10:00, js/c 06-07 10:00, js/d never"; got != want {
			t.Errorf("before the registry was fetched: %s, want %s", got, want)
		}
		storetest.PutSide(t, s, telemetry.RegistryFile, []byte(`{"repos": [{"repo": "acme/app", "importance_score": 95}]}`))
		dueDate(t, s, "js/a 03-04 22:00*, js/b 03-16 10:00, js/c 04-23 10:00, js/d never")
		days, err := telemetry.ParseDueDays("critical=1,medium=2")
		if err == nil {
			err = s.SetDueDays(t.Context(), days)
		}
		if err != nil {
			t.Fatal(err)
		}
		dueDate(t, s, "js/a 03-01 22:00*, js/b 03-16 10:00, js/c 03-10 10:00*, js/d never")
	})
}

// TestTheClockOfADueDatePauses: while the issue is dismissed, accepted or not scanned;
// it begins anew with the scan that reopens it, and ends with the one that closes it.
func TestTheClockOfADueDatePauses(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		at := func(text string) { *now = storetest.Day(text) }
		wide := func(more ...string) []string { // enough for a scan without most of them to be scope-reduced
			for n := range 24 {
				more = append(more, fmt.Sprintf("js/z z.js %d %02dff low", 10+n, n))
			}
			return more
		}
		only := func(q, asOf, want string) {
			t.Helper()
			var when time.Time
			if asOf != "" {
				when = storetest.Day(asOf)
			}
			if got := dueDates(t, s, when, "-rule:js/z "+q); got != want {
				t.Errorf("%s at %s, as of %s: %s, want %s", q, now.Format(time.DateTime), asOf, got, want)
			}
		}
		at("2026-03-01 12:00")
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", wide("js/a a.js 1 aa critical", "js/b b.js 2 bb critical")...))
		only("", "", "js/a 03-08 10:00, js/b 03-08 10:00")
		at("2026-03-02 10:00")
		made := decide(t, s, telemetry.NewDecision{Action: telemetry.ActionDismiss, Reason: telemetry.ReasonMitigated, By: "you", Query: "rule:js/a", Expect: 1})
		decide(t, s, telemetry.NewDecision{Action: telemetry.ActionAccept, Until: storetest.Day("2026-03-05 10:00"), By: "you", Query: "rule:js/b", Expect: 1})
		only("", "", "js/a never, js/b never")
		at("2026-03-04 10:00")
		if _, err := s.UndoDecision(t.Context(), made.ID, "you"); err != nil {
			t.Fatal(err)
		}
		only("", "", "js/a 03-10 10:00, js/b never")
		at("2026-03-06 00:00") // the acceptance ended by itself
		only("", "", "js/a 03-10 10:00, js/b 03-11 10:00")
		at("2026-03-06 10:00")
		storetest.Put(t, s, scan(2, "2026-03-06T10:00:00Z", "js/a a.js 1 aa critical")) // scope-reduced: js/b is not scanned
		at("2026-03-07 10:00")
		only("", "", "js/a 03-10 10:00, js/b 03-12 10:00")
		at("2026-03-13 10:00")
		only("", "", "js/a 03-10 10:00*, js/b 03-18 10:00")
		only("is:overdue", "", "js/a 03-10 10:00*")
		only("is:open due:<5d", "", "js/a 03-10 10:00*")
		only("is:open due:<=5d -is:overdue", "", "js/b 03-18 10:00")
		only("due:2026-03-10", "", "js/a 03-10 10:00*")
		storetest.Put(t, s, scan(3, "2026-03-13T10:00:00Z", wide("js/b b.js 2 bb critical")...))
		only("", "", "js/a never, js/b 03-18 10:00")
		only("is:late", "", "js/a never")
		only("is:in_time", "", "")
		at("2026-03-20 10:00")
		storetest.Put(t, s, scan(4, "2026-03-20T10:00:00Z", wide("js/a a.js 1 aa critical")...))
		only("", "", "js/a 03-27 10:00, js/b never")
		only("is:late", "", "js/b never")
		for asOf, want := range map[string]string{
			"2026-03-01 12:00": "js/a 03-08 10:00, js/b 03-08 10:00", "2026-03-03 10:00": "js/a never, js/b never",
			"2026-03-05 00:00": "js/a 03-10 10:00, js/b never", "2026-03-06 00:00": "js/a 03-10 10:00, js/b 03-11 10:00",
			"2026-03-07 10:00": "js/a 03-10 10:00, js/b 03-12 10:00", "2026-03-12 10:00": "js/a 03-10 10:00*, js/b 03-17 10:00",
		} {
			only("", asOf, want)
		}
		only("is:overdue", "2026-03-12 10:00", "js/a 03-10 10:00*")
		only("is:late", "2026-03-14 10:00", "js/a never")
	})
}

// TestAnIssueBecomesOverdueByTheClockAlone: no record arrives; lists, counts and what
// waits for a person know it, and a snooze or a fix takes it away again.
func TestAnIssueBecomesOverdueByTheClockAlone(t *testing.T) {
	clocked(t, func(t *testing.T, s *storetest.Store, now *time.Time) {
		*now = storetest.Day("2026-03-02 12:00")
		storetest.Put(t, s, scan(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa critical", "js/b b.js 2 bb medium"))
		storetest.Put(t, s, scan(2, "2026-03-02T10:00:00Z", "js/a a.js 1 aa critical", "js/b b.js 2 bb medium"))
		waits := func(want string) {
			t.Helper()
			rows, err := lists.Needs(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows.Items {
				got = append(got, fmt.Sprint(r.Need, " ", r.Rule, " ", r.Late, r.DueAt.UTC().Format(" 01-02 15:04")))
			}
			if text := strings.Join(got, ", "); text != want {
				t.Errorf("at %s waits %q, want %q", now.Format(time.DateTime), text, want)
			}
		}
		waits("")
		*now = storetest.Day("2026-03-08 10:00")
		dueDate(t, s, "js/a 03-08 10:00, js/b 05-30 10:00")
		waits("")
		*now = now.Add(time.Millisecond)
		dueDate(t, s, "js/a 03-08 10:00*, js/b 05-30 10:00")
		waits("new js/a true 03-08 10:00")
		repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Repos(s.Store), "overdue:1")})
		if err != nil || len(repos.Items) != 1 || repos.Items[0].Overdue != 1 {
			t.Errorf("repositories with one that is overdue: %+v, %v", repos.Items, err)
		}
		*now = storetest.Day("2026-06-08 10:00") // a medium one is overdue, too, and waits for nobody
		dueDate(t, s, "js/a 03-08 10:00*, js/b 05-30 10:00*")
		waits("new js/a true 03-08 10:00")
		made := decide(t, s, telemetry.NewDecision{Action: telemetry.ActionSnooze, Until: now.Add(time.Hour), By: "you", Query: "rule:js/a", Expect: 1})
		waits("")
		if _, err := s.UndoDecision(t.Context(), made.ID, "you"); err != nil {
			t.Fatal(err)
		}
		waits("new js/a true 03-08 10:00")
		storetest.Put(t, s, scan(3, "2026-06-08T10:00:00Z", "js/b b.js 2 bb medium"))
		waits("")
	})
}
