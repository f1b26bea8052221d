package telemetry

import (
	"maps"
	"math"
	"slices"
	"time"
)

// DayMillis is a day (UTC) in milliseconds.
const DayMillis = 24 * 60 * 60 * 1000

// The rule of an overdue scan (docs/rules.md#overdue-scans): with at least so many
// scans, later than twice the median interval and this long.
const (
	OverdueScans   = 4
	OverdueAtLeast = 48 * time.Hour
)

// StuckAfter is how long a polled session may work without an update before
// it counts as stuck (docs/rules.md#needs-you).
const StuckAfter = 2 * time.Hour

// RecordedFor is how long a state that only a record tells counts as that of
// now (docs/rules.md#age-of-a-recorded-state).
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

// Period is a span of time that ends now.
type Period struct {
	Name  string    // 7d, 30d, 90d or all
	Since time.Time // a midnight (UTC), inclusive; zero for all
	Until time.Time // now, or the time of as_of; inclusive
}

// PeriodDefault is the period of pages and figures that name none.
const PeriodDefault = "30d"

// ParsePeriod reads a period that ends at until, "" being PeriodDefault. The
// error is CodeInvalid and names what is allowed.
func ParsePeriod(name string, until time.Time) (Period, error) {
	if name == "" {
		name = PeriodDefault
	}
	days, ok := map[string]int{"7d": 7, "30d": 30, "90d": 90, "all": 0}[name] // today (UTC) is the last
	if !ok {
		return Period{}, Errorf(CodeInvalid, "Invalid period: want one of 7d, 30d, 90d, all.")
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

// IssueEvent is one event in an issue's life.
type IssueEvent struct {
	Event    string `json:"event"` // opened (first seen), reopened, closed
	At       Time   `json:"at"`
	File     string `json:"file"` // the scan
	Run      int64  `json:"run_number"`
	Issue    string `json:"id"`          // public id
	Repo     string `json:"target_repo"` // as recorded
	Rule     string `json:"rule_id"`
	Severity string `json:"severity_tier"`
	Family   string `json:"cwe_family"`
	OpenedAt Time   `json:"opened_at"` // of a closing: when it was first seen or reopened

	RepoName RepoName `json:"-"` // as it is called now
}

// Measure is a set of durations, or one of counts: how many, and their
// quantiles in whole milliseconds.
type Measure struct {
	N           int64
	Median, P90 time.Duration
	Most        time.Duration
}

// MeasureOf measures durations in milliseconds, which it sorts.
func MeasureOf(durations []int64) Measure {
	slices.Sort(durations)
	m := Measure{N: int64(len(durations))}
	if m.N > 0 {
		m.Median, m.P90 = time.Duration(Quantile(durations, 0.5))*time.Millisecond, time.Duration(Quantile(durations, 0.9))*time.Millisecond
		m.Most = time.Duration(durations[m.N-1]) * time.Millisecond
	}
	return m
}

// DayPoint is what was open at the end of a day (UTC), or at the end of the
// period on its last.
type DayPoint struct {
	Day        time.Time
	BySeverity map[string]int64
	Listed     int64 // issues that have a row
	Unlisted   int64 // counts of scans that name no findings
	Dismissed  int64 // open by scans, and not in the counts above
	Accepted   int64

	UnlistedBySeverity map[string]int64 // of BySeverity, what has no row; nil = nothing
}

// NewDayPoint makes the point of a day from what was open by severity, and
// what of it has no row.
func NewDayPoint(day time.Time, open, unlisted map[string]int64) DayPoint {
	notZero := func(counts map[string]int64) map[string]int64 {
		kept := maps.Clone(counts)
		maps.DeleteFunc(kept, func(_ string, n int64) bool { return n == 0 })
		return kept
	}
	p := DayPoint{Day: day, BySeverity: notZero(open), Unlisted: Sum(unlisted)}
	p.Listed = Sum(open) - p.Unlisted
	if without := notZero(unlisted); len(without) > 0 {
		p.UnlistedBySeverity = without
	}
	return p
}

// ListedOf counts what was open of a tier and has a row.
func (p DayPoint) ListedOf(tier string) int64 { return p.BySeverity[tier] - p.UnlistedBySeverity[tier] }

// Total is all that was open.
func (p DayPoint) Total() int64 { return p.Listed + p.Unlisted }

// WeekPoint is what changed in a week, Monday to Sunday (UTC).
type WeekPoint struct {
	Monday         time.Time
	Opened, Closed int64
}

// AgeBucket counts open issues by the time since they were first seen.
type AgeBucket struct {
	Name   string    `json:"bucket"`
	Since  time.Time `json:"-"` // first seen; zero: without bound
	Before time.Time `json:"-"`
	N      int64     `json:"n"`
}

// FamilyRate is how many issues of a CWE family sessions worked on, and how many
// of those are fixed.
type FamilyRate struct {
	Family            string
	Attempted, Closed int64
}

// MissingRuns are the gaps in the run numbers of one action repository.
type MissingRuns struct {
	Source  string     `json:"source"` // "" for RUNS_DIR
	First   int64      `json:"first"`
	Last    int64      `json:"last"`
	Numbers int64      `json:"numbers"` // the numbers that there are
	N       int64      `json:"n"`
	Ranges  [][2]int64 `json:"ranges"` // inclusive; the first hundred
}

// OverdueScan is a repository whose next scan is late.
type OverdueScan struct {
	Repo     string // target_repo as recorded
	Name     RepoName
	LastScan Time
	Due      Time
	Interval time.Duration // the median
}

// SessionOutcome counts the sessions of one state.
type SessionOutcome struct {
	State  State `json:"state"`
	WithPR bool  `json:"with_pr"`
	N      int64 `json:"n"`
}

// TrendQuery asks for trends. Repo is a RepoName.Key, "" for all. With AsOf only what
// was recorded up to Period.Until counts. No Parts are all of them.
type TrendQuery struct {
	Period Period
	Repo   string
	AsOf   bool
	Parts  []TrendPart
}

// Asks reports whether a part is asked for.
func (q TrendQuery) Asks(part TrendPart) bool {
	return len(q.Parts) == 0 || slices.Contains(q.Parts, part)
}

// TrendPart is a part of Trends that costs a question of its own.
type TrendPart string

// The parts, by the fields that they fill.
const (
	TrendOpen     TrendPart = "open"     // what was open, opened and closed: in every answer
	TrendFix      TrendPart = "fix"      // TimeToFix, ClosedIssues
	TrendAges     TrendPart = "ages"     // Ages, Attempts
	TrendFamilies TrendPart = "families" // Families
	TrendSessions TrendPart = "sessions" // Sessions
	TrendWaiting  TrendPart = "waiting"  // PRsWaiting
	TrendScans    TrendPart = "scans"    // Missing, Overdue
	TrendPulls    TrendPart = "pulls"    // the pull requests of the period
)

// Trends are the figures of a period.
type Trends struct {
	Period       Period
	StepDays     int64 // between two points of Open
	Open         []DayPoint
	Before       DayPoint // at the end of the day before the period
	Weeks        []WeekPoint
	Opened       int64
	Closed       int64
	ClosedIssues int64 // issues that were closed at least once
	TimeToFix    Measure
	Ages         []AgeBucket
	Families     []FamilyRate
	Attempts     []int64 // issues by number of attempts: 0, 1, 2, 3 or more
	Sessions     []SessionOutcome
	PRsWaiting   Measure
	Missing      []MissingRuns
	Overdue      []OverdueScan
}

// RunSums are sums over runs.
type RunSums struct {
	IssuesFound int64
	Sessions    int64 // that the runs name, with an id
	Numbers     int64 // different run numbers
	Severity    map[string]int64
	Category    map[string]int64
}
