package telemetry

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DueDays are the days within which issues are to be fixed, by severity
// (SLA_DAYS, docs/rules.md#due-dates). A severity that it lacks has no due date.
type DueDays map[string]int64

// DefaultDueDays are the days of which nobody said otherwise.
func DefaultDueDays() DueDays { return DueDays{"critical": 7, "high": 30, "medium": 90, "low": 180} }

// dueDaysMost is the most days that a severity may have: ten years.
const dueDaysMost = 3650

// ParseDueDays reads days as in "critical=7,high=30"; a severity that it does not
// name keeps its default. The error is a sentence without its beginning.
func ParseDueDays(text string) (DueDays, error) {
	days := DefaultDueDays()
	if strings.TrimSpace(text) == "" {
		return days, nil
	}
	named := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if days[name] == 0 {
			return nil, fmt.Errorf("names %q; want critical, high, medium or low, each with its days", Shown(strings.TrimSpace(part)))
		}
		if named[name] {
			return nil, fmt.Errorf("names %s twice; want each severity once", name)
		}
		named[name] = true
		n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil || n < 1 || n > dueDaysMost {
			return nil, fmt.Errorf("gives %s %q; want whole days from 1 to %d", name, Shown(strings.TrimSpace(value)), dueDaysMost)
		}
		days[name] = n
	}
	return days, nil
}

// Text are the days as ParseDueDays reads them.
func (d DueDays) Text() string {
	var parts []string
	for _, severity := range Severities() {
		if n := d[severity]; n > 0 {
			parts = append(parts, severity+"="+strconv.FormatInt(n, 10))
		}
	}
	return strings.Join(parts, ",")
}

// DueFactorNone is the factor, in tenths, of a repository without an entry in the
// registry, or of whose importance that says nothing.
const DueFactorNone = 10

// DueFactor is by how many tenths of DueDays the issues of a repository are due, by
// what the registry says: its importance or, without one that is known, its score,
// -1 for none.
func DueFactor(importance string, score int64) int64 {
	factors := map[string]int64{"critical": 5, "high": 10, "medium": 15, "low": 20}
	if factor := factors[importance]; factor != 0 {
		return factor
	}
	switch {
	case score < 0:
		return DueFactorNone
	case score >= 90:
		return factors["critical"]
	case score >= 70:
		return factors["high"]
	case score >= 40:
		return factors["medium"]
	}
	return factors["low"]
}

// DueTenth is a tenth of some days in milliseconds: a factor is in tenths.
func DueTenth(days int64) int64 { return days * DayMillis / 10 }

// Stretch is a length of time, in unix milliseconds; To is not in it, and Never
// where nothing ends it.
type Stretch struct{ From, To int64 }

// DuePause is a time in which the clock of a due date pauses. Before is how long
// it had paused earlier, in milliseconds.
type DuePause struct {
	Stretch
	Before int64
}

// DuePauses are the pauses of the clock that runs in open, in order: what is in
// some of still, which may overlap and be in any order. None touch.
func DuePauses(open Stretch, still []Stretch) []DuePause {
	var pauses []DuePause
	still = slices.Clone(still)
	slices.SortFunc(still, func(a, b Stretch) int { return int(min(max(a.From-b.From, -1), 1)) })
	before := int64(0)
	for _, s := range still {
		s.From, s.To = max(s.From, open.From), min(s.To, open.To)
		if s.From >= s.To {
			continue
		}
		if n := len(pauses); n > 0 && s.From <= pauses[n-1].To {
			pauses[n-1].To = max(pauses[n-1].To, s.To)
			continue
		} else if n > 0 {
			before += pauses[n-1].To - pauses[n-1].From
		}
		pauses = append(pauses, DuePause{s, before})
	}
	return pauses
}

// DueClock is where the clock of a due date stands, in unix milliseconds.
type DueClock struct {
	Due    int64 // when its issue is due; 0 for never
	Paused int64 // since when it pauses, while Due moves on with the time; 0 where it runs
}

// DueClockAt is the clock at a time of an issue that was opened at start and is to
// be fixed within a number of milliseconds, 0 for never.
func DueClockAt(start, within int64, pauses []DuePause, at int64) DueClock {
	if within == 0 {
		return DueClock{}
	}
	c := DueClock{Due: start + within}
	for _, p := range slices.Backward(pauses) {
		switch {
		case p.From > at:
			continue
		case p.To > at:
			c.Due, c.Paused = c.Due+p.Before, p.From
		default:
			c.Due += p.Before + p.To - p.From
		}
		break
	}
	return c
}

// At is when the issue is due as of a time; 0 for never.
func (c DueClock) At(at int64) int64 {
	if c.Due != 0 && c.Paused != 0 {
		return c.Due + at - c.Paused
	}
	return c.Due
}

// Overdue reports whether an open issue is overdue at a time.
func (c DueClock) Overdue(at int64) bool { return c.Due != 0 && c.At(at) < at }

// DueSoon is how long before its due date an issue counts as due soon.
const DueSoon = 7 * 24 * time.Hour

// Due is how the due date of an issue came about.
type Due struct {
	At      Time  `json:"due_at"`         // null while it is dismissed or accepted, or has none
	Overdue bool  `json:"overdue"`        // it is open, and due_at has passed
	Start   Time  `json:"clock_start"`    // the scan that first saw the issue, or reopened it last
	Days    int64 `json:"days"`           // for its severity, by SLA_DAYS; 0 for a severity that has none
	Factor  Tenth `json:"factor"`         // by the registry
	Paused  int64 `json:"paused_seconds"` // in which the clock paused since Start
	Since   Time  `json:"paused_since"`   // since when it pauses; null where it runs
	Met     *bool `json:"closed_in_time"` // of a fixed issue: whether it was closed by its due date
}

// Tenth is a number with one decimal, in tenths.
type Tenth int64

// MarshalJSON writes the number.
func (t Tenth) MarshalJSON() ([]byte, error) { return []byte(t.String()), nil }

func (t Tenth) String() string {
	if t%10 == 0 {
		return strconv.FormatInt(int64(t)/10, 10)
	}
	return strconv.FormatFloat(float64(t)/10, 'f', 1, 64)
}
