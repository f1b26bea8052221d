package parts

import (
	"math"
	"slices"
	"strings"
	"time"
)

// The width of a plot in its own units: it is stretched to the room there
// is, and its heights are pixels.
const plotWidth = 1000

// barMost is the widest a bar becomes, in units of the plot.
const barMost = 24

// endStep is the height in pixels of the steps on which end labels are placed;
// two labels keep endGap steps apart.
const (
	endStep = 8
	endGap  = 2
)

// Series is one band of a stacked plot.
type Series struct {
	Name  string
	Class string // its colour: chart-critical …; "" = neutral
	URL   string // the list of its last value
	N     []int  // by point
}

// Point is a moment of a plot. It may lead to what was counted then.
type Point struct {
	At    time.Time
	Title string // what a mark says when it is pointed at
	URL   string
}

// Range is a count over a range of time.
type Range struct {
	From, To time.Time // To is exclusive
	N        int
	Title    string
	URL      string
}

// BarSeries is one of the kinds of bars that are drawn side by side.
type BarSeries struct {
	Name  string
	Class string
	URL   string
	Total string
	Bars  []Range
}

// Row is a line of a chart's table.
type Row struct {
	Name  string
	Cells []Link
}

// Chart is a stacked plot over time with bars beneath it, and the same as a
// table. Points are in time order, at least one; a series that is always 0
// is not drawn.
type Chart struct {
	ID        string
	Label     string // what it shows, in a few words
	Height    int    // of the plot in pixels, a multiple of 8
	BarHeight int    // of the bars
	Points    []Point
	Series    []Series  // the lowest first
	Stepped   bool      // a value holds until the next point
	Until     time.Time // where the axis ends, if that is after the last point
	Lines     []PlotLine
	Bars      []BarSeries
	BarNote   string // "per week"
	Columns   []string
	Rows      []Row
}

// PlotLine is a straight line over the plot, from one moment and value to another.
type PlotLine struct {
	Name     string
	Class    string // line-plan, line-forecast or line-due
	From, To time.Time
	A, B     float64
}

// end is the last moment of the axis.
func (c Chart) end() time.Time {
	last := c.Points[len(c.Points)-1].At
	if c.Until.After(last) {
		return c.Until
	}
	return last
}

// at is the place of a moment and a value in the plot, as a path has it.
func (c Chart) at(t time.Time, v float64) string {
	return coordinate(plotWidth*c.share(t)) + " " + coordinate(c.scale().y(v, c.Height))
}

// share is how far along the plot a moment is, from 0 to 1.
func (c Chart) share(t time.Time) float64 {
	first, last := c.Points[0].At, c.end()
	if !last.After(first) {
		return 1
	}
	return min(max(float64(t.Sub(first))/float64(last.Sub(first)), 0), 1)
}

func (c Chart) ticks() []tick { return ticks(c.Points[0].At, c.end()) }

// drawn are the series that are not always 0.
func (c Chart) drawn() []Series {
	return slices.DeleteFunc(slices.Clone(c.Series), func(s Series) bool {
		return !slices.ContainsFunc(s.N, func(n int) bool { return n != 0 })
	})
}

// Empty reports whether there is nothing to draw.
func (c Chart) Empty() bool {
	counted := func(b BarSeries) bool { return slices.ContainsFunc(b.Bars, func(r Range) bool { return r.N != 0 }) }
	return len(c.Points) == 0 || len(c.drawn()) == 0 && !slices.ContainsFunc(c.Bars, counted)
}

func (c Chart) scale() Scale {
	most := 0
	for i := range c.Points {
		sum := 0
		for _, s := range c.Series {
			sum += max(s.N[i], 0)
		}
		most = max(most, sum)
	}
	return NewScale(max(most, 1), 5)
}

// barScale has two steps, so that its middle is a whole number.
func (c Chart) barScale() Scale {
	most := 1
	for _, s := range c.Bars {
		for _, b := range s.Bars {
			most = max(most, b.N)
		}
	}
	half := roundHalf((most + 1) / 2)
	return Scale{Step: half, Top: 2 * half}
}

// roundHalf is the next larger number that is easily read.
func roundHalf(n int) int {
	if n <= 10 {
		return n
	}
	for power := 10; ; power *= 10 {
		for _, tenths := range []int{10, 12, 15, 20, 25, 30, 40, 50, 60, 80} {
			if round := power * tenths / 10; round >= n {
				return round
			}
		}
	}
}

// area is a band of the plot as paths: its fill, and its upper line.
type area struct {
	Series
	fill, line string
}

// areas stacks the series, from the lowest up.
func (c Chart) areas() []area {
	scale, base := c.scale(), make([]int, len(c.Points))
	var out []area
	for _, s := range c.drawn() {
		top := make([]int, len(base))
		for i := range base {
			top[i] = base[i] + max(s.N[i], 0)
		}
		line := c.path(scale, top)
		out = append(out, area{Series: s, line: "M" + line, fill: "M" + line + "L" + c.path(scale, base, true) + "Z"})
		base = top
	}
	return out
}

// path writes the points of a line, backwards if asked to. A single point is
// drawn across the whole plot; a point on a straight piece is left out.
func (c Chart) path(scale Scale, values []int, backwards ...bool) string {
	var list [][2]float64
	if len(values) == 1 && !c.Until.After(c.Points[0].At) {
		list = append(list, [2]float64{0, scale.y(float64(values[0]), c.Height)})
	}
	for i, v := range values {
		if i > 0 && i < len(values)-1 && values[i-1] == v && values[i+1] == v {
			continue
		}
		x := plotWidth * c.share(c.Points[i].At)
		if c.Stepped && i > 0 && values[i-1] != v {
			list = append(list, [2]float64{x, scale.y(float64(values[i-1]), c.Height)})
		}
		list = append(list, [2]float64{x, scale.y(float64(v), c.Height)})
	}
	if len(backwards) > 0 {
		slices.Reverse(list)
	}
	words := make([]string, len(list))
	for i, p := range list {
		words[i] = coordinate(p[0]) + " " + coordinate(p[1])
	}
	return strings.Join(words, "L")
}

// mark is the part of the plot that belongs to a point.
type mark struct {
	Point
	x, width string
}

const marksMost = 60

// marks are those of the points that can be pointed at, the last among them,
// each with the part that is nearer to it than to the others.
func (c Chart) marks() []mark {
	step := (len(c.Points) + marksMost - 1) / marksMost
	var at []int
	for i := (len(c.Points) - 1) % step; i < len(c.Points); i += step {
		at = append(at, i)
	}
	out := make([]mark, len(at))
	for n, i := range at {
		from, to := 0.0, 1.0
		if n > 0 {
			from = (c.share(c.Points[at[n-1]].At) + c.share(c.Points[i].At)) / 2
		}
		if n < len(at)-1 {
			to = (c.share(c.Points[at[n+1]].At) + c.share(c.Points[i].At)) / 2
		}
		out[n] = mark{c.Points[i], coordinate(plotWidth * from), coordinate(plotWidth * (to - from))}
	}
	return out
}

// chartBar is a bar and its place in the plot.
type chartBar struct {
	Range
	class               string
	x, y, width, height string
	hitX, hitWidth      string // the part that reacts to the pointer
}

// spanLeast is the least width of a range, in units of the plot: a week
// that began today has hardly any of its own.
const spanLeast = 16

// span is the position of a range in the plot.
func (c Chart) span(b Range) (from, to float64) {
	from, to = plotWidth*c.share(b.From), plotWidth*c.share(b.To)
	switch {
	case len(c.Points) == 1:
		return 0, plotWidth
	case to-from >= spanLeast:
		return from, to
	case to >= plotWidth:
		return to - spanLeast, to
	}
	return from, from + spanLeast
}

// placedBars returns the bars with their places: those of one range side by side.
func (c Chart) placedBars() []chartBar {
	scale := c.barScale()
	var out []chartBar
	for k, s := range c.Bars {
		for _, b := range s.Bars {
			from, to := c.span(b)
			room := (to - from) / float64(len(c.Bars))
			width := min(room*0.8, barMost)
			middle := (from + to) / 2
			x := middle + (float64(k)-float64(len(c.Bars))/2)*width
			y := scale.y(float64(b.N), c.BarHeight)
			out = append(out, chartBar{
				Range:    b,
				class:    s.Class,
				x:        coordinate(x),
				y:        coordinate(y),
				width:    coordinate(width * 0.92),
				height:   coordinate(float64(c.BarHeight) - y),
				hitX:     coordinate(from + float64(k)*room),
				hitWidth: coordinate(room),
			})
		}
	}
	return out
}

// end is a label at the end of the plot, on one of its steps.
type end struct {
	Series
	last int
	step int
}

// ends are the labels of the bands, the highest first, each near the middle
// of its band's last value and clear of the others.
func (c Chart) ends() []end {
	scale, sum := c.scale(), 0
	var out []end
	for _, s := range c.drawn() {
		last := max(s.N[len(s.N)-1], 0)
		middle := scale.y(float64(sum)+float64(last)/2, c.Height)
		sum += last
		out = append([]end{{s, last, int(math.Round(middle/endStep)) - endGap/2}}, out...)
	}
	most := c.Height/endStep - endGap
	for i := range out { // from the top down, none above the one before
		out[i].step = max(out[i].step, 0)
		if i > 0 {
			out[i].step = max(out[i].step, out[i-1].step+endGap)
		}
	}
	for i := len(out) - 1; i >= 0; i-- { // and from the bottom up, none beneath the plot
		out[i].step = min(out[i].step, most-(len(out)-1-i)*endGap)
	}
	return out
}
