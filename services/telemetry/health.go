package telemetry

import (
	"slices"
	"time"
)

// RepoHealth is what a reader of a repository's figures should know of its
// scans.
type RepoHealth struct {
	LastScan  Time
	Interval  time.Duration  // usual time between two scans, the median; 0 with too few
	Reduced   *ReducedScan   // nil unless its latest scan with findings data was scope-reduced
	Lost      *RunRow        // its latest scan with findings data, if that did not look at a language
	Rematched *RematchedScan // nil unless one of its latest scans was
	Broken    []string       // its files whose latest version cannot be read, at most BrokenShown
	Owners    string         // where its CODEOWNERS lies; "" without one
	Invalid   []InvalidOwnerLine
	Seldom    []SeldomAsked // of it and its forks, now: those that GitHub is asked for at growing distance
}

// SeldomAsked is a repository whose pull requests are asked for at growing
// distance.
type SeldomAsked struct {
	Repo  RepoName
	Cause string // why GitHub does not show it, "" where it shows it as archived
	Next  Time   // when it is asked again
}

// BrokenShown is how many broken files of a repository are named.
const BrokenShown = 3

// ReducedScan is a scope-reduced scan, beside the full one before it.
type ReducedScan struct {
	Source, File string
	Run          int64
	Found        int64
	Full         int64 // number of the full scan's run
	FullFile     string
	FullFound    int64
}

// RematchedScan is a scan whose findings found their issues by rule and location
// more often than by fingerprint: the fingerprints had changed.
type RematchedScan struct {
	File    string
	Run     int64
	Changed int64 // matched without their fingerprint
	Matched int64
}

// RepoDaysShown is over how many days the list of repositories tells, and
// sorts by, what has changed.
const RepoDaysShown = 30

// RepoDays is how a repository went over the last days.
type RepoDays struct {
	Open   []int64 // at the end of each day, the last one today
	Before int64   // at the end of the day before them
	Closed int64   // in these days; one issue that closed twice counts twice
}

// Change is how many more are open than before these days.
func (d RepoDays) Change() int64 {
	if len(d.Open) == 0 {
		return 0
	}
	return d.Open[len(d.Open)-1] - d.Before
}

// ScanDue returns the median interval of scans at sorted times, and when the next is
// overdue (docs/rules.md#overdue-scans), in milliseconds; 0 with too few scans.
func ScanDue(times []int64) (interval, due int64) {
	if len(times) < OverdueScans {
		return 0, 0
	}
	gaps := make([]int64, len(times)-1)
	for i := range gaps {
		gaps[i] = times[i+1] - times[i]
	}
	slices.Sort(gaps)
	interval = Quantile(gaps, 0.5)
	return interval, times[len(times)-1] + max(2*interval, OverdueAtLeast.Milliseconds())
}

// LastRun is when the newest run was, and how long usually passes between two
// scans of a repository; 0 where that is not known.
type LastRun struct {
	At    Time
	Usual time.Duration
}

// Late reports whether no run came for three times as long as usual.
func (l LastRun) Late(now time.Time) bool {
	return !l.At.IsZero() && l.Usual > 0 && now.Sub(l.At.Time) > 3*l.Usual
}
