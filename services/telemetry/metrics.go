package telemetry

import (
	"math"
	"time"
)

// DayMillis is a day (UTC) in milliseconds.
const DayMillis = 24 * 60 * 60 * 1000

// The rule of an overdue scan (ux.md, "Needs you"): with at least so many
// scans, later than twice the median interval and this long.
const (
	OverdueScans   = 4
	OverdueAtLeast = 48 * time.Hour
)

// StuckAfter is how long a polled session may work without an update before
// it counts as stuck (ux.md, "Needs you").
const StuckAfter = 2 * time.Hour

// RecordedFor is how long a state that only a record tells counts as that of
// now (product.md §5).
const RecordedFor = 24 * time.Hour

// Quantile returns the q-quantile of sorted numbers by the nearest rank, the
// mean of the two in the middle for the median of an even count; 0 of none.
func Quantile(sorted []int64, q float64) int64 {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	if q == 0.5 && n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	rank := int(math.Ceil(q * float64(n)))
	return sorted[min(max(rank, 1), n)-1]
}

// Period is a stretch of time that ends now.
type Period struct {
	Name  string    // 7d, 30d, 90d or all
	Since time.Time // a midnight (UTC), inclusive; zero for all
	Until time.Time // now, or the time of as_of; inclusive
}

// PeriodDefault is the period of pages and figures that name none.
const PeriodDefault = "30d"

// periodDays are the periods, today (UTC) being their last day.
func periodDays() map[string]int { return map[string]int{"7d": 7, "30d": 30, "90d": 90, "all": 0} }

// ParsePeriod reads a period that ends at until, "" being PeriodDefault. The
// error is CodeInvalid and names what is allowed.
func ParsePeriod(name string, until time.Time) (Period, error) {
	if name == "" {
		name = PeriodDefault
	}
	days, ok := periodDays()[name]
	if !ok {
		return Period{}, Errorf(CodeInvalid, "period: unknown; use one of 7d, 30d, 90d, all.")
	}
	p := Period{Name: name, Until: until.UTC()}
	if days > 0 {
		p.Since = Midnight(until).AddDate(0, 0, 1-days)
	}
	return p, nil
}

// Midnight is the beginning of a time's day in UTC.
func Midnight(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Monday is the beginning of a time's week in UTC.
func Monday(t time.Time) time.Time {
	day := Midnight(t)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// Sum adds the counts of a map.
func Sum(counts map[string]int64) int64 {
	var n int64
	for _, c := range counts {
		n += c
	}
	return n
}

