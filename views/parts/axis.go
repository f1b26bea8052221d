package parts

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scale is the upright axis of a plot: from 0 to Top in equal steps.
type Scale struct{ Step, Top int }

// NewScale returns the axis that holds most in at most so many steps, each
// of 1, 2, 2.5 or 5 times a power of ten, and whole.
func NewScale(most, steps int) Scale {
	for power := 1; ; power *= 10 {
		for _, step := range []int{power, 2 * power, 5 * power / 2, 5 * power} {
			if step*steps >= most {
				n := max(1, (most+step-1)/step)
				return Scale{Step: step, Top: n * step}
			}
		}
	}
}

// Lines are the values of the axis, the highest first.
func (s Scale) Lines() []int {
	var lines []int
	for v := s.Top; v >= 0; v -= s.Step {
		lines = append(lines, v)
	}
	return lines
}

// y is the position of a value in a plot of this height.
func (s Scale) y(v float64, height int) float64 {
	return float64(height) * (1 - v/float64(s.Top))
}

// tick is a date beneath the plot, at a share of its width.
type tick struct {
	text   string
	at     string // "37.5%"
	anchor string // start, middle, end
	minor  bool   // left out where there is little room
}

// tickDays are the distances between dates in days.
func tickDays() []int { return []int{1, 2, 7, 14, 28, 56, 91, 182, 364, 728, 1456, 3640} }

// ticksMost is how many distances fit beneath a plot; lastRoom the share of
// the width that the last date needs for itself.
const (
	ticksMost = 7
	lastRoom  = 0.07
)

// ticks are the dates of a plot: its first, every so many days, and its
// last.
func ticks(first, last time.Time) []tick {
	days := int(last.Sub(first).Hours()) / 24
	if days <= 0 {
		return []tick{{text: dayText(last, false), at: "100%", anchor: "end"}}
	}
	step := tickDays()[0]
	for _, step = range tickDays() {
		if days <= step*ticksMost {
			break
		}
	}
	years := first.Year() != last.Year() && days > 300
	var out []tick
	for d := 0; d < days; d += step {
		share := float64(d) / float64(days)
		if share > 1-lastRoom {
			break
		}
		t := tick{text: dayText(first.AddDate(0, 0, d), years), at: percent(share), anchor: "middle", minor: len(out)%2 == 1}
		if d == 0 {
			t.anchor = "start"
		}
		out = append(out, t)
	}
	if n := len(out); n > 1 {
		out[n-1].minor = n%2 == 0 || float64(days-(n-1)*step) < float64(days)/5
	}
	return append(out, tick{text: dayText(last, years), at: "100%", anchor: "end"})
}

func dayText(t time.Time, year bool) string {
	if year {
		return t.UTC().Format("Jan 2006")
	}
	return t.UTC().Format("2 Jan")
}

func percent(share float64) string { return coordinate(100*share) + "%" }

// coordinate writes a length with at most two decimals.
func coordinate(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// SparkPath is a small line of numbers over the width of 100 and the height
// of 20, from 0 up; "" for fewer than two.
func SparkPath[N Whole](numbers []N) string {
	if len(numbers) < 2 {
		return ""
	}
	most := max(1, slices.Max(numbers))
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = coordinate(100*float64(i)/float64(len(numbers)-1)) + " " + coordinate(19-18*float64(max(n, 0))/float64(most))
	}
	return "M" + strings.Join(words, "L")
}
