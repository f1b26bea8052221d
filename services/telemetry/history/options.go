package history

import "time"

// Options say what to generate. The zero value of each field stands for the
// default that its comment names. Two equal Options give the same bytes.
type Options struct {
	Seed       uint64
	Repos      int       // target repositories; 14
	Start, End time.Time // the span of the scans; End: 14 May 2026 14:32 UTC, Start: 90 days earlier
	ActionRepo string    // "owner/name" of the action repository; northwind/codeql-devin-fixer

	ScansPerRepo    int     // exactly so many scans for each repository; 30. A World sets its own
	FindingsPerScan int     // mean over the repositories; 20. A World sets its own
	SessionsPerScan float64 // mean; 0.3, below zero: none
	Trend           float64 // share of the open issues that is gone at End: 0 (steady) to 1

	Disturb Disturbances
}

// Disturbances are the rates (0 to 1) of what makes it hard to tell that two
// findings are the same issue. The zero value is an undisturbed history.
type Disturbances struct {
	Shifts           float64 // per file and scan: lines are inserted or deleted above findings
	Renames          float64 // per scan: one file with findings gets another path
	Algorithm        float64 // per repository: all fingerprints change at one moment
	ShortHashes      float64 // per repository: the first records cut fingerprints to 16 digits, later ones to 20
	PathFingerprints float64 // per repository: fingerprints are made of the path too, so that a rename changes them
	NoFingerprints   float64 // per repository: records name findings without fingerprints
	Edits            float64 // per finding and scan: its own line is edited, which changes its fingerprint
	Duplicates       float64 // per issue: it has the fingerprint of another open one of its rule
	WithoutFindings  float64 // per scan: the record has no fingerprints, only counts
	ScopeReduced     float64 // per scan: it sees under 20 % of the findings (of 20 or more)
	Reopenings       float64 // per closed issue: it comes back after some scans
	Late             float64 // per record: it appears after newer ones
	Missing          float64 // per record: it never appears
}

// Believable returns the rates that a demo uses: each disturbance happens,
// none rules.
func Believable() Disturbances {
	return Disturbances{
		Shifts: 0.08, Renames: 0.02, Algorithm: 0.2, ShortHashes: 1, Duplicates: 0.05,
		ScopeReduced: 0.004, Reopenings: 0.07, Late: 0.01, Missing: 0.005,
	}
}

// The kinds of a File.
const (
	KindScan         = "scan"
	KindDispatch     = "dispatch"
	KindVerification = "verification"
)

// File is one run file. Nothing in it may be changed by its readers.
type File struct {
	Name  string
	Body  []byte
	At    time.Time // when it appears in the directory, UTC
	Repo  string    // "owner/name" of the target repository
	Kind  string    // KindScan, KindDispatch or KindVerification
	Truth []string  // the issue of each finding of a scan, in the order of issue_fingerprints; else nil

	ScopeReduced bool // a scan that looked at a part only
}

const defaultSpan = 90 * 24 * time.Hour

func (o Options) withDefaults() Options {
	if o.Repos <= 0 {
		o.Repos = len(profiles())
	}
	if o.End.IsZero() {
		o.End = time.Date(2026, 5, 14, 14, 32, 0, 0, time.UTC)
	}
	o.End = o.End.UTC()
	if o.Start.IsZero() || !o.Start.Before(o.End) {
		o.Start = o.End.Add(-defaultSpan)
	}
	o.Start = o.Start.UTC()
	if o.ActionRepo == "" {
		o.ActionRepo = "northwind/codeql-devin-fixer"
	}
	if o.ScansPerRepo <= 0 {
		o.ScansPerRepo = 30
	}
	if o.FindingsPerScan <= 0 {
		o.FindingsPerScan = 20
	}
	if o.SessionsPerScan == 0 {
		o.SessionsPerScan = 0.3
	}
	return o
}
