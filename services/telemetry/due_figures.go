package telemetry

import "math"

// DueLine is how issues stand with their due dates: all of them, or those of one
// severity, repository or owner.
type DueLine struct {
	Name    string           // "" for all, or for what nobody owns
	Open    map[string]int64 // open issues that have a list, by severity
	Overdue int64            // of these
	Soon    int64            // of these, due within DueSoon
	InTime  int64            // fixed in the period, by their due date
	Late    int64            // fixed in the period, after it

	// Of an owner alone: of the issues that are neither dismissed nor accepted, on
	// which a session worked in the period, and the fixed of these.
	Attempted, Fixed int64
}

// N is of how many issues the rate is.
func (l DueLine) N() int64 { return l.InTime + l.Late + l.Overdue }

// Percent is how many of them were closed in time, to one decimal; nil of none.
func (l DueLine) Percent() *float64 {
	if l.N() == 0 {
		return nil
	}
	p := math.Round(float64(l.InTime)*1000/float64(l.N())) / 10
	return &p
}

// FixRate is how many of the attempted issues are fixed, to one decimal; 0 of none.
func (l DueLine) FixRate() float64 { return PullCounts{Total: l.Attempted, Merged: l.Fixed}.FixRate() }

// Add adds other issues.
func (l *DueLine) Add(more DueLine) {
	if l.Open == nil {
		l.Open = map[string]int64{}
	}
	for tier, n := range more.Open {
		l.Open[tier] += n
	}
	l.Overdue, l.Soon, l.InTime, l.Late = l.Overdue+more.Overdue, l.Soon+more.Soon, l.InTime+more.InTime, l.Late+more.Late
	l.Attempted, l.Fixed = l.Attempted+more.Attempted, l.Fixed+more.Fixed
}

// DueFigures are how issues stand with their due dates in a period.
type DueFigures struct {
	Period     Period
	All        DueLine
	BySeverity []DueLine // the worst first
	ByRepo     []DueLine // the most overdue first, then the most that are open; likewise
	ByOwner    []DueLine // an issue with several owners counts for each
}
