package figures_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// event is what a program stores at a time.
type event struct {
	at    time.Time
	store func(t *testing.T, s *storetest.Store)
}

// eventsOf are records at their times and, where they name sessions, what Devin
// and GitHub say of these later.
func eventsOf(files []telemetry.FetchedFile) []event {
	var events []event
	for _, f := range files {
		if f.Record == nil {
			continue
		}
		at := f.Record.Timestamp
		events = append(events, event{at, func(t *testing.T, s *storetest.Store) { storetest.Put(t, s, f) }})
		if len(events)%3 == 0 {
			events = append(events, decisionAfter(f.Record, len(events)))
		}
		for n, session := range f.Record.Sessions {
			if telemetry.SessionKey(session.ID) != "" {
				events = append(events, sessionEvents(f.Record, session, n)...)
			}
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	return events
}

// decisionAfter is what somebody decides of an issue that a record left open.
func decisionAfter(rec *telemetry.Record, n int) event {
	at := rec.Timestamp.Add(20 * time.Minute)
	return event{at, func(t *testing.T, s *storetest.Store) {
		list := lists.Issues(s.Store)
		open := storetest.Rows(t, list, query.Ask{Repo: rec.Repo.Key(), Query: storetest.Parse(t, list, "is:open")})
		if len(open) == 0 {
			return
		}
		slices.SortFunc(open, func(a, b telemetry.IssueRow) int { return strings.Compare(a.PublicID, b.PublicID) })
		d := telemetry.NewDecision{By: "ann", Issues: []string{open[n%len(open)].PublicID}}
		switch n % 4 {
		case 0:
			d.Action, d.Reason = telemetry.ActionDismiss, telemetry.ReasonFalsePositive
		case 1:
			d.Action, d.Until = telemetry.ActionAccept, at.Add(100*time.Hour)
		case 2:
			d.Action, d.Assignee = telemetry.ActionAssign, "bob"
		default:
			d.Action, d.Until = telemetry.ActionSnooze, at.Add(30*time.Hour)
		}
		if _, err := s.Decide(t.Context(), d, query.Ask{}); err != nil {
			t.Fatal(err)
		}
	}}
}

// sessionEvents are the polls of a session, and its pull request. What happens
// follows from its id alone.
func sessionEvents(rec *telemetry.Record, session telemetry.RecordedSession, n int) []event {
	hash := fnv.New32a()
	hash.Write([]byte(session.ID))
	fate := int(hash.Sum32() % 12)
	var events []event
	poll := func(after time.Duration, status string, acus int64, output string) {
		at := rec.Timestamp.Add(after + time.Duration(n)*time.Second)
		u := telemetry.UpstreamSession{
			ID: telemetry.SessionKey(session.ID), API: "v1", Status: status, Title: "Session " + session.ID, UpdatedAt: at,
			MilliACUs: acus, Tags: []string{"fate-" + fmt.Sprint(fate)}, Playbook: []string{"", "p1", "p2"}[fate%3], Output: []byte(output),
		}
		events = append(events, event{at, func(t *testing.T, s *storetest.Store) {
			if err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{u}}); err != nil {
				t.Fatal(err)
			}
		}})
	}
	if fate%4 != 3 { // the others are never polled
		ids, _ := json.Marshal(session.IssueIDs)
		poll(2*time.Hour, "working", 900, "")
		poll(9*time.Hour, []string{"finished", "blocked", "expired"}[fate%3], 2700, fmt.Sprintf(`{"status":"done","issues_fixed":%s}`, ids))
		if fate%2 == 0 {
			poll(50*time.Hour, []string{"finished", "blocked", "expired"}[fate%3], 3100,
				fmt.Sprintf(`{"status":"blocked","issues_blocked":%s,"tests_passing":false}`, ids))
		}
	}
	if fate < 8 {
		events = append(events, pullEvents(rec, session, fate)...)
	}
	return events
}

func pullEvents(rec *telemetry.Record, session telemetry.RecordedSession, fate int) []event {
	hash := fnv.New32a()
	hash.Write([]byte("pull " + session.ID))
	p := telemetry.PullRequest{
		Repo: string(rec.Repo), Number: 1000 + int(hash.Sum32()%1_000_000), Title: "Fix " + strings.Join(session.IssueIDs, ", "), State: "open",
		Body: "https://app.devin.ai/sessions/" + telemetry.SessionKey(session.ID), CreatedAt: rec.Timestamp.Add(10 * time.Hour),
	}
	p.UpdatedAt = p.CreatedAt
	stored := func(p telemetry.PullRequest) event {
		return event{p.UpdatedAt, func(t *testing.T, s *storetest.Store) { storetest.SavePulls(t, s, []telemetry.PullRequest{p}) }}
	}
	events := []event{stored(p)}
	if fate < 6 {
		p.State, p.ClosedAt = "closed", rec.Timestamp.Add(time.Duration(30+20*fate)*time.Hour)
		p.UpdatedAt = p.ClosedAt
		if fate%3 != 0 {
			p.MergedAt = p.ClosedAt
		}
		events = append(events, stored(p))
	}
	return events
}

// build stores events up to a time, each when it was, and leaves the clock there.
func build(t *testing.T, like *storetest.Store, events []event, until time.Time) *storetest.Store {
	t.Helper()
	now := until
	clock := func() time.Time { return now }
	lite := false
	if err := like.Read(t.Context(), func(tx *store.Tx) error { lite = tx.WantsHints(); return tx.Err() }); err != nil {
		t.Fatal(err)
	}
	var s *storetest.Store
	if lite {
		s = storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "past.db"), Now: clock})
	} else {
		s = storetest.OpenPostgresAt(t, clock)
	}
	for _, e := range events {
		if !e.at.After(until) {
			now = e.at
			e.store(t, s)
		}
	}
	now = until
	return s
}

// seen is all that can be asked as of a time, as JSON: zero is now.
func seen(t *testing.T, s *storetest.Store, at, now time.Time) map[string][]any {
	t.Helper()
	out := map[string][]string{}
	note := func(what string, v any, err error) {
		if err != nil {
			t.Fatalf("%s as of %v: %v", what, at, err)
		}
		body, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out[what] = append(out[what], string(body))
	}
	issues := rowsAt(t, note, lists.Issues(s.Store), at, "")
	sessions := append(rowsAt(t, note, lists.Sessions(s.Store), at, ""), rowsAt(t, note, lists.Sessions(s.Store), at, "is:never_started")...)
	pulls := rowsAt(t, note, lists.Pulls(s.Store), at, "")
	runs := rowsAt(t, note, lists.Runs(s.Store), at, "")
	rowsAt(t, note, lists.Repos(s.Store), at, "")
	rowsAt(t, note, lists.Verifications(s.Store), at, "is:any")
	rowsAt(t, note, lists.Changes(s.Store), at, "")
	rowsAt(t, note, lists.Needs(s.Store), at, "is:todo,started")
	for _, q := range []string{"claim:fixed", "found:gone,still_there", "tried:<30d", "no:playbook", "verified:gone,not_merged", "has:pr", "is:under_way"} {
		rowsAt(t, note, lists.Issues(s.Store), at, q)
	}
	for _, q := range []string{"claim:blocked", "found:thrown_away", "acus:>2", "playbook:p1", "tests:failing", "tag:fate-*", "is:active", "age:>2d"} {
		rowsAt(t, note, lists.Sessions(s.Store), at, q)
	}
	for _, row := range some(issues) {
		d, _, found, err := s.IssueDetail(t.Context(), row.PublicID, at)
		note("issue", []any{d, d.Outcomes(), found}, err)
	}
	for _, row := range some(sessions) {
		d, _, err := s.SessionDetail(t.Context(), row.Key, at)
		note("session", d, err)
	}
	for _, row := range some(pulls) {
		d, _, err := s.PullDetail(t.Context(), telemetry.PullRef{Repo: row.Repo, Number: row.Number}, at)
		note("pull", d, err)
	}
	for _, row := range some(runs) {
		d, err := s.RunDetail(t.Context(), row.Source, row.File, at)
		note("run", d, err)
	}
	for _, period := range []string{"30d", "all"} {
		p, err := telemetry.ParsePeriod(period, now)
		if err != nil {
			t.Fatal(err)
		}
		e, _, err := s.Effectiveness(t.Context(), p, "", at)
		e.Period = telemetry.Period{}
		sort.Slice(e.ThrownAway, func(i, j int) bool { return e.ThrownAway[i].PullKey < e.ThrownAway[j].PullKey })
		note("effectiveness", fmt.Sprintf("%+v", e), err)
	}
	decoded := map[string][]any{}
	for what, rows := range out {
		slices.Sort(rows)
		for _, row := range rows {
			var v any
			_ = json.Unmarshal([]byte(row), &v) // it was encoded above
			forget(v)
			decoded[what] = append(decoded[what], v)
		}
	}
	return decoded
}

// some are rows whose details are compared: not all of many.
func some[T any](rows []T) []T {
	const most = 25
	var list []T
	for i := 0; i < len(rows); i += 1 + len(rows)/most {
		list = append(list, rows[i])
	}
	return list
}

// forget leaves out what nobody can tell of a past time: when GitHub last
// touched a pull request that it has touched again since.
func forget(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			forget(e)
		}
	case map[string]any:
		if _, pull := v["pr_number"]; pull {
			delete(v, "updated_at")
		}
		for _, e := range v {
			forget(e)
		}
	}
}

func rowsAt[T any](t *testing.T, note func(string, any, error), l *lists.List[T], at time.Time, q string) []T {
	t.Helper()
	list, err := l.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, l, q), AsOf: at, Page: storetest.AllRows()})
	what := l.Name + " " + q
	note(what+" total", list.Total, err)
	for _, row := range list.Items {
		note(what, row, nil)
	}
	return list.Items
}

// TestThePastIsWhatItsTimeGave: as of any time, every list, detail and figure is
// what a program shows that has stored just what there was by then.
func TestThePastIsWhatItsTimeGave(t *testing.T) {
	for name, files := range map[string]func(*testing.T) []telemetry.FetchedFile{
		"real": storetest.RealFiles, "generated": func(*testing.T) []telemetry.FetchedFile { return storetest.GeneratedFiles(5) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, like *storetest.Store) {
				events := eventsOf(files(t))
				last := events[len(events)-1].at.Add(time.Hour)
				all := build(t, like, events, last)
				parts := []int{2, 1, 3}
				for _, part := range parts[:testsize.Of(t, "times", 1, len(parts))] {
					at := events[len(events)*part/4].at.Add(10 * time.Minute)
					then := build(t, like, events, at)
					want, got := seen(t, then, time.Time{}, at), seen(t, all, at, at)
					for _, what := range slices.Sorted(maps.Keys(want)) {
						if diff := cmp.Diff(want[what], got[what]); diff != "" {
							t.Errorf("%s as of %s (-then +as of):\n%s", what, at.Format(time.RFC3339), diff[:min(len(diff), 3000)])
						}
					}
				}
			})
		})
	}
}
