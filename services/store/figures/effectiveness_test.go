package figures_test

import (
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestRatesLeaveOutWhatIsDecided: dismissed and accepted issues are out of what
// came of attempts, of the odds and of the rates by family, from when they were
// decided until that ends; a fixed one stays. Each number is the total of its
// list, now and at past times, and no cost changes.
func TestRatesLeaveOutWhatIsDecided(t *testing.T) {
	var now time.Time
	storetest.OnClock(t, func() time.Time { return now }, func(t *testing.T, s *storetest.Store) {
		events := eventsOf(storetest.GeneratedFiles(5))
		for _, e := range events {
			now = e.at
			e.store(t, s)
		}
		now = now.Add(time.Hour)
		before := rates{t, s, time.Time{}, now}
		first, fixed := before.check(), total(t, s, "is:fixed has:session", time.Time{})
		taken := storetest.Rows(t, lists.Issues(s.Store), query.Ask{Query: storetest.Parse(t, lists.Issues(s.Store), "is:open has:session")})
		if len(taken) < 6 {
			t.Fatalf("only %d open issues were taken", len(taken))
		}
		earlier := now
		now = now.Add(time.Minute)
		for i, d := range []telemetry.NewDecision{
			{Action: telemetry.ActionDismiss, Reason: telemetry.ReasonWontFix, Issues: []string{taken[0].PublicID, taken[1].PublicID}},
			{Action: telemetry.ActionAccept, Comment: "behind a proxy", Until: now.Add(240 * time.Hour), Issues: []string{taken[2].PublicID}},
		} {
			d.By = "ann"
			if _, err := s.Decide(t.Context(), d, query.Ask{}); err != nil {
				t.Fatal(i, err)
			}
		}
		now = now.Add(time.Minute)
		decided := rates{t, s, time.Time{}, now}.check()
		if want := first.Issues - 3; decided.Issues != want {
			t.Errorf("%d issues count after three were decided, want %d", decided.Issues, want)
		}
		if n := decided.Count(nil, telemetry.FoundGone); n != first.Count(nil, telemetry.FoundGone) {
			t.Errorf("%d are gone, before the decisions %d", n, first.Count(nil, telemetry.FoundGone))
		}
		if n := total(t, s, "is:fixed has:session", time.Time{}); n != fixed {
			t.Errorf("%d are fixed, before the decisions %d", n, fixed)
		}
		if got, want := fmt.Sprint(decided.Cost, decided.Sessions), fmt.Sprint(first.Cost, first.Sessions); got != want {
			t.Errorf("the cost is %s, before the decisions %s", got, want)
		}
		if got := (rates{t, s, earlier, earlier}).check(); got.Issues != first.Issues {
			t.Errorf("as of before the decisions %d issues count, want %d", got.Issues, first.Issues)
		}
		if got := (rates{t, s, now, now}).check(); got.Issues != decided.Issues {
			t.Errorf("as of after the decisions %d issues count, want %d", got.Issues, decided.Issues)
		}
		now = now.AddDate(0, 0, 11)
		if got := (rates{t, s, time.Time{}, now}).check(); got.Issues != decided.Issues+1 {
			t.Errorf("%d issues count after the acceptance ended, want %d", got.Issues, decided.Issues+1)
		}
	})
}

func total(t *testing.T, s *storetest.Store, q string, at time.Time) int64 {
	t.Helper()
	l := lists.Issues(s.Store)
	n, _ := storetest.Total(t, l, query.Ask{Query: storetest.Parse(t, l, q), AsOf: at})
	return n
}

// rates are the rates of a store as of a time, zero for now.
type rates struct {
	t       *testing.T
	s       *storetest.Store
	at, now time.Time
}

const undecided = "-is:dismissed,accepted "

func (r rates) same(what string, n int64, q string) {
	r.t.Helper()
	if want := total(r.t, r.s, undecided+q, r.at); n != want {
		r.t.Errorf("as of %v, %s: %d, its list has %d", r.at, what, n, want)
	}
}

// check compares the rates with the totals of their lists.
func (r rates) check() telemetry.Effectiveness {
	r.t.Helper()
	p := period(r.t, "all", r.now)
	e, _, err := r.s.Effectiveness(r.t.Context(), p, "", r.at)
	if err != nil {
		r.t.Fatal(err)
	}
	r.same("issues", e.Issues, "has:session")
	for _, said := range telemetry.Saids() {
		for _, found := range telemetry.Founds() {
			r.same(string(said+" "+telemetry.Said(found)), e.Count([]telemetry.Said{said}, found), fmt.Sprintf("claim:%s found:%s", said, found))
		}
	}
	for _, group := range []telemetry.RateGroup{telemetry.RateByRule, telemetry.RateByRepo, telemetry.RateBySeverity} {
		for _, rate := range e.Rates[group] {
			term := fmt.Sprintf("has:session %s:%s", group, rate.Name)
			r.same(term, rate.Issues, term)
			r.same(term+", gone", rate.Gone, term+" found:gone")
		}
	}
	out, _, err := r.s.Trends(r.t.Context(), telemetry.TrendQuery{Period: p, AsOf: !r.at.IsZero(), Parts: []telemetry.TrendPart{telemetry.TrendFamilies}})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range out.Families {
		r.same("family "+f.Family, f.Attempted, "has:session family:"+f.Family)
		r.same("family "+f.Family+", closed", f.Closed, "has:session is:fixed family:"+f.Family)
	}
	issues := storetest.Rows(r.t, lists.Issues(r.s.Store), query.Ask{Query: storetest.Parse(r.t, lists.Issues(r.s.Store), "has:session"), AsOf: r.at})
	for _, i := range issues[:min(len(issues), 6)] {
		d, _, _, err := r.s.IssueDetail(r.t.Context(), i.PublicID, r.at)
		if err != nil {
			r.t.Fatal(err)
		}
		of := fmt.Sprintf("has:session repo:%s", i.Repo)
		if d.Odds.By != "repo" {
			of += fmt.Sprintf(" %s:%s", d.Odds.By, d.Odds.Name)
		}
		r.same("odds "+of, d.Odds.Issues, of)
		r.same("odds "+of+", gone", d.Odds.Gone, of+" found:gone")
	}
	return e
}
