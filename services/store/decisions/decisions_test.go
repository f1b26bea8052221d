package decisions_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// world is a database that gets scans and decisions as a history goes on, and
// some scans late.
type world struct {
	*storetest.Store
	t     *testing.T
	dice  *rand.Rand
	now   time.Time
	made  map[int64]finding // by decision, the finding that it was made for
	times []time.Time       // moments of the history
}

// finding is the place of a finding among those of a run file.
type finding struct {
	file string
	ord  int64
}

func TestDecisionsStandOnTheirIssuesAndAddUp(t *testing.T) {
	for seed := range uint64(testsize.Of(t, "histories", 1, 2)) {
		for name, open := range map[string]func(t *testing.T, now func() time.Time) *storetest.Store{
			"sqlite": func(t *testing.T, now func() time.Time) *storetest.Store {
				return storetest.OpenWith(t, store.Options{URL: "sqlite:" + t.TempDir() + "/test.db", Now: now})
			},
			"postgres": func(t *testing.T, now func() time.Time) *storetest.Store { return storetest.OpenPostgresAt(t, now) },
		} {
			t.Run(fmt.Sprintf("%s %d", name, seed), func(t *testing.T) {
				w := &world{t: t, dice: rand.New(rand.NewPCG(seed, 7)), made: map[int64]finding{}}
				w.Store = open(t, func() time.Time { return w.now })
				w.play(storetest.DisturbedFiles(seed + 30))
			})
		}
	}
}

func (w *world) play(files []telemetry.FetchedFile) {
	var late []telemetry.FetchedFile
	for _, f := range files {
		if f.Record == nil || f.Record.Timestamp.Before(w.now) {
			continue
		}
		if w.dice.IntN(7) == 0 {
			late = append(late, f)
			continue
		}
		w.now = f.Record.Timestamp.Add(time.Minute)
		storetest.Put(w.t, w.Store, f)
		w.times = append(w.times, w.now)
		for range w.dice.IntN(3) {
			w.now = w.now.Add(time.Duration(w.dice.IntN(90)) * time.Second)
			w.decide()
		}
	}
	w.check("the history went on")
	for _, f := range late {
		storetest.Put(w.t, w.Store, f)
	}
	w.now = w.now.AddDate(0, 0, 2)
	w.check("late records came")
	before := w.states()
	for _, table := range []string{"issues", "appearances", "redirects", "issue_intervals", "days", "decided", "issue_counts", "needs"} {
		w.exec(`DELETE FROM ` + table)
	}
	w.exec(`UPDATE decision_issues SET issue_id = 0`)
	w.exec(`UPDATE files SET derived = 'x'`)
	if err := w.Rebuild(w.t.Context(), func(int, int) {}); err != nil {
		w.t.Fatal(err)
	}
	w.check("all was derived again from nothing")
	if after := w.states(); before != after {
		w.t.Errorf("derived again, issues are in other states:\n%s\nthan before:\n%s", after, before)
	}
	if len(w.made) < 10 {
		w.t.Errorf("only %d decisions were made", len(w.made))
	}
}

func (w *world) exec(statement string) {
	w.t.Helper()
	if err := w.Exec(w.t.Context(), statement); err != nil {
		w.t.Fatal(err)
	}
}

// decide makes or undoes a decision about an open issue.
func (w *world) decide() {
	w.t.Helper()
	if len(w.made) > 0 && w.dice.IntN(5) == 0 {
		ids := make([]int64, 0, len(w.made))
		for id := range w.made {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		if _, err := w.UndoDecision(w.t.Context(), ids[w.dice.IntN(len(ids))], "you"); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	open := w.issues("status:open", time.Time{})
	if len(open) == 0 {
		return
	}
	issue := open[w.dice.IntN(len(open))]
	d := telemetry.NewDecision{By: "you", Issues: []string{issue.PublicID}}
	switch w.dice.IntN(5) {
	case 0, 1:
		d.Action, d.Reason = telemetry.ActionDismiss, telemetry.DismissReasons()[w.dice.IntN(4)]
	case 2, 3:
		d.Action, d.Until = telemetry.ActionAccept, w.now.Add(time.Duration(1+w.dice.IntN(1000))*time.Hour)
	case 4:
		d.Action = telemetry.ActionReopen
	}
	made, err := w.Decide(w.t.Context(), d, query.Ask{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.made[made.ID] = w.lastFinding(issue)
	w.times = append(w.times, w.now)
}

func (w *world) issues(q string, at time.Time) []telemetry.IssueRow {
	w.t.Helper()
	l := lists.Issues(w.Store.Store)
	rows, err := l.Rows(w.t.Context(), query.Ask{Query: storetest.Parse(w.t, l, q), AsOf: at, Page: storetest.AllRows()})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows.Items
}

func (w *world) lastFinding(issue telemetry.IssueRow) (f finding) {
	w.t.Helper()
	err := w.Read(w.t.Context(), func(tx *store.Tx) error {
		tx.Row(`SELECT r.file, a.ord FROM appearances a JOIN runs r ON r.id = a.run_id WHERE a.issue_id = $1
			ORDER BY r.at DESC, r.file DESC LIMIT 1`, issue.StoreID).Scan(&f.file, &f.ord)
		return tx.Err()
	})
	if err != nil || f.file == "" {
		w.t.Fatal(f, err)
	}
	return f
}

// states are the states of all issues.
func (w *world) states() string {
	var texts []string
	for _, row := range w.issues("", time.Time{}) {
		texts = append(texts, fmt.Sprint(row.PublicID, row.State, row.DecisionID))
	}
	slices.Sort(texts)
	return fmt.Sprint(texts)
}

// check: each decision is on the issue that has the finding for which it was
// made, and at any time all issues are open, dismissed, accepted or fixed, in
// lists, totals, repositories, exports and trends alike.
func (w *world) check(when string) {
	w.t.Helper()
	for id, f := range w.made {
		var has string
		_ = w.Read(w.t.Context(), func(tx *store.Tx) error {
			has = store.One[string](tx, `SELECT i.public_id FROM runs r JOIN appearances a ON a.run_id = r.id JOIN issues i ON i.id = a.issue_id
				WHERE r.file = $1 AND a.ord = $2`, f.file, f.ord)
			return tx.Err()
		})
		if on := w.issues(fmt.Sprintf("decision:%d", id), time.Time{}); len(on) != 1 || on[0].PublicID != has {
			w.t.Errorf("%s: decision %d is about %d issues, want %s alone", when, id, len(on), has)
		}
	}
	w.addUp(when, time.Time{})
	for range 4 {
		w.addUp(when, w.times[w.dice.IntN(len(w.times))].Add(time.Duration(w.dice.IntN(7200))*time.Second))
	}
}

func (w *world) addUp(when string, at time.Time) {
	w.t.Helper()
	if at.After(w.now) {
		return
	}
	count := map[telemetry.Status]int64{}
	all := w.issues("", at)
	var open int64
	for _, row := range all {
		if count[row.State]++; row.State.Open() {
			open++
		}
	}
	sum := open + count[telemetry.StateDismissed] + count[telemetry.StateAccepted] + count[telemetry.StatusFixed]
	want := [3]int64{open, count[telemetry.StateDismissed], count[telemetry.StateAccepted]}
	if sum != int64(len(all)) || open != int64(len(w.issues("is:open", at))) || want[1] != int64(len(w.issues("is:dismissed", at))) {
		w.t.Errorf("%s, at %v: %d issues, by state %v", when, at, len(all), count)
	}
	scanned := int64(len(w.issues("status:open", at)))
	totals, _, err := w.TotalsOf(w.t.Context(), "")
	until := w.now
	if !at.IsZero() {
		totals, _, err = w.TotalsAsOf(w.t.Context(), at, "")
		until = at
	}
	if got := [3]int64{totals.Open - totals.Unlisted, totals.Dismissed, totals.Accepted}; err != nil || got != want || totals.Latest-totals.Unlisted != scanned {
		w.t.Errorf("%s, at %v: totals have open, dismissed, accepted %v and latest %d, lists %v and %d; %v", when, at, got,
			totals.Latest-totals.Unlisted, want, scanned, err)
	}
	trends, _, err := w.Trends(w.t.Context(), telemetry.TrendQuery{Period: telemetry.Period{Name: "all", Until: until}, AsOf: !at.IsZero()})
	if err != nil || len(trends.Open) == 0 {
		w.t.Fatalf("%s, at %v: no trend, %v", when, at, err)
	}
	last := trends.Open[len(trends.Open)-1]
	if got := [3]int64{last.Listed, last.Dismissed, last.Accepted}; got != want {
		w.t.Errorf("%s, at %v: the trend ends with open, dismissed, accepted %v, lists have %v", when, at, got, want)
	}
	repos, err := lists.Repos(w.Store.Store).Rows(w.t.Context(), query.Ask{AsOf: at, Page: storetest.AllRows()})
	var got [3]int64
	for _, r := range repos.Items {
		if got[1], got[2] = got[1]+r.Dismissed, got[2]+r.Accepted; r.Listed {
			got[0] += r.Open
		}
	}
	if err != nil || got != want {
		w.t.Errorf("%s, at %v: repositories add up to %v, lists have %v; %v", when, at, got, want, err)
	}
	exported := map[telemetry.Status]int64{}
	err = lists.Issues(w.Store.Store).Each(w.t.Context(), query.Ask{AsOf: at}, func(rows []telemetry.IssueRow) error {
		for _, row := range rows {
			exported[row.State]++
		}
		return nil
	})
	if err != nil || fmt.Sprint(exported) != fmt.Sprint(count) {
		w.t.Errorf("%s, at %v: exported %v, listed %v; %v", when, at, exported, count, err)
	}
}

// TestTenThousandIssuesAreDecidedAtOnce, and one more are refused with nothing decided.
func TestTenThousandIssuesAreDecidedAtOnce(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		findings := make([]string, telemetry.DecisionIssuesMost+1)
		for i := range findings {
			findings[i] = fmt.Sprintf("js/a f%d.js 1 %08x", i, i)
		}
		findings[0] = "js/last last.js 1 last"
		storetest.Put(t, s, storetest.ScanRecord{Repo: "octo/shop", Run: 1, At: "2026-03-01T10:00:00Z", Findings: findings}.File("run_1.json"))
		l := lists.Issues(s.Store)
		decide := func(q string, expect int64) (telemetry.Decision, error) {
			d := telemetry.NewDecision{Action: telemetry.ActionDismiss, Reason: telemetry.ReasonWontFix, By: "you", Query: q, Expect: expect}
			return s.Decide(t.Context(), d, query.Ask{Query: storetest.Parse(t, l, q)})
		}
		dismissed := func() int64 {
			n, err := l.Counts(t.Context(), []query.Ask{{Query: storetest.Parse(t, l, "is:dismissed")}})
			if err != nil {
				t.Fatal(err)
			}
			return n[0]
		}
		_, err := decide("is:open", telemetry.DecisionIssuesMost+1)
		if telemetry.CodeOf(err) != telemetry.CodeInvalid || dismissed() != 0 {
			t.Errorf("one too many: %v, %d dismissed", err, dismissed())
		}
		made, err := decide("is:open -rule:js/last", telemetry.DecisionIssuesMost)
		if err != nil || made.Issues != telemetry.DecisionIssuesMost || dismissed() != telemetry.DecisionIssuesMost {
			t.Errorf("%v, about %d issues, %d dismissed", err, made.Issues, dismissed())
		}
		if _, err := s.UndoDecision(t.Context(), made.ID, "you"); err != nil || dismissed() != 0 {
			t.Errorf("undone: %v, %d dismissed", err, dismissed())
		}
	})
}
