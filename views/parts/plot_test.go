package parts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestScale(t *testing.T) {
	for _, tc := range []struct {
		most, steps int
		want        string
	}{{0, 5, "[1 0]"}, {1, 5, "[1 0]"}, {3, 5, "[3 2 1 0]"}, {7, 5, "[8 6 4 2 0]"}, {87, 5, "[100 80 60 40 20 0]"}, {247, 5, "[250 200 150 100 50 0]"}, {251, 5, "[300 200 100 0]"}, {12345, 5, "[12500 10000 7500 5000 2500 0]"}} {
		s := NewScale(tc.most, tc.steps)
		if got := fmt.Sprint(s.Lines()); got != tc.want {
			t.Errorf("%d in %d steps: %s, want %s", tc.most, tc.steps, got, tc.want)
		}
	}
	for most := range 3000 {
		s := NewScale(most, 5)
		if s.Top < most || s.Top%s.Step != 0 || s.Top/s.Step > 5 {
			t.Fatalf("%d: %+v", most, s)
		}
	}
}

// days makes a chart of so many days whose bands are given.
func days(n int, bands ...[]int) Chart {
	c := Chart{Height: 176, BarHeight: 56}
	first := time.Date(2026, 2, 13, 0, 0, 0, 0, time.UTC)
	for i := range n {
		c.Points = append(c.Points, Point{At: first.AddDate(0, 0, i)})
	}
	for i, b := range bands {
		c.Series = append(c.Series, Series{Name: fmt.Sprint(i), N: b})
	}
	return c
}

func TestTicks(t *testing.T) {
	for _, tc := range []struct {
		days int
		want string
	}{
		{1, "13 Feb@100%"},
		{7, "13 Feb@0% 14 Feb@16.67% 15 Feb@33.33% 16 Feb@50% 17 Feb@66.67% 18 Feb@83.33% 19 Feb@100%"},
		{30, "13 Feb@0% 20 Feb@24.14% 27 Feb@48.28% 6 Mar@72.41% 14 Mar@100%"},
		{90, "13 Feb@0% 27 Feb@15.73% 13 Mar@31.46% 27 Mar@47.19% 10 Apr@62.92% 24 Apr@78.65% 13 May@100%"},
	} {
		var got []string
		for _, tick := range days(tc.days).ticks() {
			got = append(got, tick.text+"@"+tick.at)
		}
		if text := strings.Join(got, " "); text != tc.want {
			t.Errorf("%d days: %s", tc.days, text)
		}
	}
	long := days(2000).ticks()
	if len(long) > ticksMost+2 || long[0].text != "Feb 2026" {
		t.Errorf("2,000 days: %d dates from %s", len(long), long[0].text)
	}
}

func TestAreas(t *testing.T) {
	c := days(3, []int{1, 1, 1}, []int{0, 0, 0}, []int{1, 3, 3})
	areas := c.areas()
	if len(areas) != 2 {
		t.Fatalf("%d bands are drawn, want the two that are not always 0", len(areas))
	}
	if got, want := areas[0].line, "M0 132L1000 132"; got != want {
		t.Errorf("the lowest: %s, want %s", got, want)
	}
	if got, want := areas[1].fill, "M0 88L500 0L1000 0L1000 132L0 132Z"; got != want {
		t.Errorf("above it: %s, want %s", got, want)
	}
	if got, want := days(1, []int{2}).areas()[0].line, "M0 0L1000 0"; got != want {
		t.Errorf("a single day: %s, want %s", got, want)
	}
	if !days(3, []int{0, 0, 0}).Empty() || !days(0).Empty() || c.Empty() {
		t.Error("empty is what has nothing to draw")
	}
}

func TestMarksCoverThePlot(t *testing.T) {
	for _, n := range []int{1, 2, 7, 59, 60, 61, 90, 400} {
		c := days(n)
		marks := c.marks()
		if len(marks) > marksMost || marks[0].x != "0" || !marks[len(marks)-1].At.Equal(c.Points[n-1].At) {
			t.Errorf("%d points: %d marks from %s to %s", n, len(marks), marks[0].x, marks[len(marks)-1].At)
		}
	}
}

func TestEndsKeepApart(t *testing.T) {
	for _, bands := range [][]int{{1, 1, 1, 1}, {8, 98, 61, 8}, {100, 0, 0, 1}, {0, 0, 0, 500}, {1, 200, 1, 1}} {
		var series [][]int
		for _, n := range bands {
			series = append(series, []int{1, n})
		}
		last := -endGap
		ends := days(2, series...).ends()
		if len(ends) != 4 || !slices.IsSortedFunc(ends, func(a, b end) int { return a.step - b.step }) {
			t.Fatalf("%v: %+v", bands, ends)
		}
		for _, e := range ends {
			if e.step < last+endGap || e.step > 176/endStep-endGap {
				t.Errorf("%v: label %s stands on step %d after %d", bands, e.Name, e.step, last)
			}
			last = e.step
		}
	}
}

func TestChartBars(t *testing.T) {
	c := days(8)
	monday := c.Points[0].At
	week := func(from, n int) Range {
		return Range{From: monday.AddDate(0, 0, from), To: monday.AddDate(0, 0, from+7), N: n}
	}
	c.Bars = []BarSeries{{Bars: []Range{week(0, 10), week(7, 3)}}, {Bars: []Range{week(0, 0), week(7, 24)}}}
	bars := c.placedBars()
	if got := c.barScale(); got.Top != 24 || got.Step != 12 {
		t.Errorf("scale %+v, want 12 and 24", got)
	}
	if r := bars[3]; r.y != "0" || r.height != "56" {
		t.Errorf("the highest bar: %+v", r)
	}
	if r := bars[1]; r.hitX != "984" {
		t.Errorf("a week that began today has its place at the end, not %s", r.hitX)
	}
}

func TestSparkPath(t *testing.T) {
	if got := SparkPath([]int{4, 0, 2}); got != "M0 1L50 19L100 10" {
		t.Error(got)
	}
	if SparkPath([]int{4}) != "" {
		t.Error("one number is no line")
	}
}
