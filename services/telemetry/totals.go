package telemetry

// Totals are the figures over all repositories.
type Totals struct {
	Repos         []string // target_repo as recorded, latest first
	Runs          int64
	Scans         int64
	Dispatches    int64
	Verifications int64
	BrokenFiles   int64
	IssuesFound   int64

	Open         int64 // issues that are shown as open, with what Unlisted adds
	OpenSeverity map[string]int64
	OpenCategory map[string]int64
	Dismissed    int64
	Accepted     int64

	Latest         int64 // open issues by scans alone: Open + Dismissed + Accepted
	Unlisted       int64 // of repositories without a reference scan
	LatestSeverity map[string]int64
	LatestCategory map[string]int64
	SeveritySum    map[string]int64
	CategorySum    map[string]int64

	SessionsByState  map[State]int64 // never-started ones included
	SessionsCreated  int64
	SessionsWithPR   int64
	SessionsFinished int64
	Active           ActiveSessions
	PRs              PullCounts
}

// AddOpen completes what scans name: LatestSeverity and LatestCategory hold what
// decisions take out of it.
func (t *Totals) AddOpen() {
	t.Latest = t.Open + t.Dismissed + t.Accepted
	for severity, n := range t.OpenSeverity {
		t.LatestSeverity[severity] += n
	}
	for family, n := range t.OpenCategory {
		t.LatestCategory[family] += n
	}
}

// ActiveSessions counts what Devin does now. What only a record tells, and
// told long ago, is not among it (RecordedFor).
type ActiveSessions struct {
	Working int64 // queued or working
	Waiting int64 // for its user, without a pull request
}
