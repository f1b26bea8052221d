package overview

import (
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 12, 0, 0, 0, time.UTC) }

// TestRateTile: of no pull request there is no rate.
func TestRateTile(t *testing.T) {
	var o dashboard.Overview
	if got := rateTile(o).Value; got != "–" {
		t.Errorf("of no pull request: %q", got)
	}
	o.PRs.Total, o.PRs.Merged = 4, 1
	if got := rateTile(o).Value; got != "25.0 %" {
		t.Errorf("one of four: %q", got)
	}
}

// TestPullsTile: how long the oldest waits, else of how many; those never
// fetched stand apart.
func TestPullsTile(t *testing.T) {
	got := pullsTile("/pulls", telemetry.PullCounts{Open: 2, Total: 9, Unknown: 3}, telemetry.Measure{})
	if got.Value != "2" || len(got.Line) != 2 || got.Line[0].Text != "of 9" ||
		got.Line[1] != (parts.Segment{Text: "3 not fetched", URL: "/pulls?q=is%3Aunknown"}) {
		t.Errorf("%+v", got)
	}
	if got = pullsTile("/pulls", telemetry.PullCounts{}, telemetry.Measure{Most: 50 * time.Hour}); got.Line[0].Text != "oldest 2 d" {
		t.Errorf("%+v", got)
	}
}

// TestChangeArrow: more that is open is worse.
func TestChangeArrow(t *testing.T) {
	for n, want := range map[int64]parts.Segment{
		0: {}, 1200: {Text: "↑ 1,200", Tone: parts.Danger}, -3: {Text: "↓ 3", Tone: parts.Success},
	} {
		if got := changeSegment(n); got != want {
			t.Errorf("%d: %+v", n, got)
		}
	}
}

// TestFamilySlices: the largest families have a slice each, the rest one that
// asks for all others.
func TestFamilySlices(t *testing.T) {
	few := familySlices(map[string]int64{"xss": 2, "": 3, "gone": 0}, "/issues")
	if len(few) != 2 || few[0].Name != "no family" || few[0].URL != "" || few[1].URL != "/issues?q=is%3Aopen+family%3Axss" {
		t.Errorf("%+v", few)
	}
	many := map[string]int64{}
	for i := range familyRows + 3 {
		many[string(rune('a'+i))] = int64(100 - i)
	}
	got := familySlices(many, "/issues")
	rest := got[len(got)-1]
	if len(got) != familyRows+1 || rest.Name != "other families" || rest.N != 91+90+89 {
		t.Fatalf("%d, %+v", len(got), rest)
	}
	if want := "/issues?q=is%3Aopen+-family%3Aa%2Cb%2Cc%2Cd%2Ce%2Cf%2Cg%2Ch%2Ci"; rest.URL != want {
		t.Errorf("%q, want %q", rest.URL, want)
	}
}

// TestRateRows: few attempts are gray, and beyond the named families there is
// a row for the rest whose link leaves out the named ones.
func TestRateRows(t *testing.T) {
	o := dashboard.Overview{}
	o.Period.Since = day(1)
	for i := range familyRows + 2 {
		o.Families = append(o.Families, telemetry.FamilyRate{Family: string(rune('a' + i)), Attempted: 10, Closed: 5})
	}
	o.Families[1].Attempted = rateLeast - 1
	v := shell.View{Scope: "octo/shop", Repo: telemetry.RepoRow{Name: "octo/shop"}}
	rows := rateRows(v, o)
	if len(rows) != familyRows+1 || rows[0].Faint || !rows[1].Faint || rows[0].Percent != "50.0 %" || rows[0].PerMille != 500 {
		t.Errorf("%+v", rows)
	}
	rest := rows[familyRows]
	if rest.Name != "other families" || rest.Tried != 20 || rest.Done != 10 {
		t.Errorf("%+v", rest)
	}
	want := "/issues?q=taken%3A%3E%3D2026-03-01T12%3A00%3A00Z+-is%3Adismissed%2Caccepted+repo%3Aocto%2Fshop+-family%3Aa+-family%3Ab" +
		"+-family%3Ac+-family%3Ad+-family%3Ae+-family%3Af+-family%3Ag+-family%3Ah+-family%3Ai"
	if rest.URL != want || rest.DoneURL != want+"+is%3Afixed" {
		t.Errorf("%q\nwant %q", rest.URL, want)
	}
	if all := rateAll(v, o); all.Tried != 10*familyRows+20-10+rateLeast-1 {
		t.Errorf("all: %+v", all)
	}
}

// TestWeekGroups: many weeks make bars of several, and the first is cut where
// the period begins, so that the bars add up to the period's figures.
func TestWeekGroups(t *testing.T) {
	monday := time.Date(2020, 1, 6, 0, 0, 0, 0, time.UTC)
	o := dashboard.Overview{}
	for i := range barsMost + 1 {
		o.Weeks = append(o.Weeks, telemetry.WeekPoint{Monday: monday.AddDate(0, 0, 7*i), Opened: 2, Closed: 1})
	}
	o.Opened, o.Closed = 2*int64(len(o.Weeks))-1, int64(len(o.Weeks))
	o.Period.Since, o.Period.Until = monday.AddDate(0, 0, 1), monday.AddDate(0, 0, 7*len(o.Weeks)-3)
	groups, size := weekGroups(o)
	opened := int64(0)
	for _, g := range groups {
		opened += g.opened
	}
	if size != 2 || len(groups) != 31 || opened != o.Opened || !groups[0].from.Equal(o.Period.Since) {
		t.Errorf("%d groups of %d, %d opened, from %v", len(groups), size, opened, groups[0].from)
	}
	if got := groups[0].name(); got != "7 Jan 2020 – 19 Jan 2020" {
		t.Errorf("%q", got)
	}
	last := groups[len(groups)-1]
	if got := last.name(); got != "week from 1 Mar 2021" || !last.last(o.Period.Until).Equal(o.Period.Until) {
		t.Errorf("%q until %v", got, last.last(o.Period.Until))
	}
	if got := groups[1].last(o.Period.Until); !got.Equal(groups[1].to.Add(-time.Millisecond)) {
		t.Errorf("a bar that is over ends at %v", got)
	}
}

// TestPhoneLines: what a collapsed panel says in a line.
func TestPhoneLines(t *testing.T) {
	now := day(10)
	rates := panels.Rates{Empty: parts.Empty{Title: "none"}}
	outcomes := panels.Outcomes{Empty: parts.Empty{Title: "none"}}
	outcomes.Count = "5"
	queue := panels.Table[panels.PullRow]{Empty: parts.Empty{Title: "none"}}
	var lines []string
	lines = append(lines, summarizeRates(rates), summarizeOutcomes(outcomes), summarizeQueue(queue, now), summarizeTop(panels.Table[panels.RepoRow]{}),
		summarizeRuns(panels.Table[panels.RunRow]{}))
	if want := []string{"none", "none", "none", "", ""}; !slices.Equal(lines, want) {
		t.Errorf("of nothing: %q", lines)
	}
	rates.All = panels.RateRow{Tried: 8, Percent: "25.0 %"}
	outcomes.Rows = []panels.OutcomeRow{{State: "finished", N: 1}, {State: "waiting", N: 4}}
	queue.Rows = []panels.PullRow{{}}
	if got, want := []string{summarizeRates(rates), summarizeOutcomes(outcomes), summarizeQueue(queue, now)},
		[]string{"25.0 % closed of 8 attempted", "4 waiting for you of 5", "waiting for a review"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	o := dashboard.Overview{}
	if got := summarizeSpans(o); got != "No issues closed" {
		t.Errorf("%q", got)
	}
	o.TimeToFix, o.Ages = telemetry.Measure{N: 1, Median: 72 * time.Hour}, []telemetry.AgeBucket{{Name: "over 90 days", N: 2}}
	if got := summarizeSpans(o); got != "3 d to fix, median · 2 open over 90 days" {
		t.Errorf("%q", got)
	}
}

// TestPointTitles: a point of the trend says its day and what was open.
func TestPointTitles(t *testing.T) {
	p := telemetry.DayPoint{Day: day(1), Unlisted: 5}
	if got := pointTitle(p); got != "1 Mar 2026: 5 open (5 of them not listed)" {
		t.Errorf("%q", got)
	}
	if got := pointTitle(telemetry.DayPoint{Day: day(1)}); got != "1 Mar 2026: 0 open" {
		t.Errorf("%q", got)
	}
}

// TestQuietPeriod: an overview whose period holds no run offers the shortest
// that does.
func TestQuietPeriod(t *testing.T) {
	now := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		period string
		days   int // since the newest run
		want   string
	}{
		{"7d", 3, ""}, {"7d", 20, "/?period=30d"}, {"", 20, ""}, {"", 60, "/?period=90d"}, {"90d", 289, "/?period=all"}, {"all", 289, ""},
	} {
		got := ""
		for _, n := range quietPeriod(tc.period, now.AddDate(0, 0, -tc.days), now) {
			got += n.Link.URL
		}
		if got != tc.want {
			t.Errorf("the period %q, %d days after the newest run: %q, want %q", tc.period, tc.days, got, tc.want)
		}
	}
	if got := quietPeriod("7d", time.Time{}, now); got != nil {
		t.Errorf("without a run: %v", got)
	}
}
