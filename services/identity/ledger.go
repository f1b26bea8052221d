// Package identity says which findings of a repository's scans are the same
// issue: a ledger applies the scans in time order, and a matcher matches the
// findings of each to the issues before it. It is pure: it reads no clock, no
// file and no database; what the store has of closed issues is asked through
// an interface.
package identity

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"telemetry-dashboard/services/telemetry"
)

// Scan is one scan as the ledger applies it.
type Scan struct {
	telemetry.ScanPosition
	Findings    []telemetry.Finding
	HasFindings bool // it names its findings, or says that there were none
	Accepted    bool // a person accepted it as a full scan, whatever its scope

	Taken []string // languages of which merged pull requests of sessions took every open issue
}

// guardMinimum and guardShare are the scope guard of docs/rules.md#scope-guard: a scan
// with under 20 % of at least 20 findings, all of them known, is scope-reduced.
const (
	guardMinimum  = 20
	guardShare    = 5 // one fifth
	guardPatience = 3 // the third scope-reduced scan in a row counts as a full one
)

// Ledger derives the issues of one repository from its scans. Scans must be
// applied in the order of their places. It is not for concurrent use.
type Ledger struct {
	Repo telemetry.RepoName

	Open []*telemetry.Issue // in the order in which they were first seen

	Latest             telemetry.ScanPosition // the last scan with findings data
	Reference          telemetry.ScanPosition // the last of those that was not scope-reduced
	LatestReduced      bool
	LatestLost         []string // languages that the latest did not look at
	Baseline           int      // findings of the reference scan
	ReducedInRow       int      // scope-reduced scans since then
	Languages          map[string]Language
	SawNamed           bool // a scan with fingerprints was applied
	SawWithoutFindings bool // a scan without findings data was applied before the first of those

	// Past knows the closed issues of the store, and which public ids are taken. It may
	// be nil where the ledger itself has applied everything.
	Past interface {
		Closed(findings []telemetry.Finding) ([]*telemetry.Issue, error)
		Exists(publicID string) (bool, error)
	}

	closed           map[string]*closedByKey     // by FingerprintKey of the last fingerprint
	closedByLocation map[locationKey]*closedList // closed issues by the last place
	ids              map[string]bool
	steps            int // see matcher
}

// ScanResult is what one scan did.
type ScanResult struct {
	Reduced  bool     // scope-reduced: it closed nothing
	Lost     []string // languages that it did not look at: it closed nothing of them
	Taken    []string // those of scan.Taken that it would not have looked at otherwise
	Matches  []Match
	New      int
	Reopened int
	Moved    int // the same issue on another line or in another file
	Closed   []*telemetry.Issue
	Touched  []*telemetry.Issue // every issue that changed, each once
}

// Match says which issue a finding is.
type Match struct {
	Issue *telemetry.Issue
	Basis telemetry.Basis
}

// Apply applies the next scan. An error is Past's; the ledger must then be
// thrown away.
func (l *Ledger) Apply(scan Scan) (ScanResult, error) {
	if !scan.HasFindings {
		l.SawWithoutFindings = l.SawWithoutFindings || !l.SawNamed
		return ScanResult{}, nil
	}
	out := ScanResult{Reduced: l.reduced(scan)}
	if !out.Reduced {
		out.Lost, out.Taken = l.lostLanguages(scan)
	}
	m := matchOpen(scan.Findings, l.Open)
	fromStart := len(scan.Findings) > 0 && !l.SawNamed && l.SawWithoutFindings
	if err := l.reopen(m, &out); err != nil {
		return ScanResult{}, err
	}
	fresh, err := l.enter(m, scan, fromStart, &out)
	if err != nil {
		return ScanResult{}, err
	}
	l.note(scan, out.Reduced)
	l.LatestLost = out.Lost
	l.noteLanguages(scan, &out)
	l.closeMissing(m, scan, fresh, &out)
	l.steps += m.steps
	return out, nil
}

// reduced is the scope guard.
func (l *Ledger) reduced(scan Scan) bool {
	if scan.Accepted || l.Baseline < guardMinimum || len(scan.Findings)*guardShare >= l.Baseline || l.ReducedInRow+1 >= guardPatience {
		return false
	}
	known := make(map[fileKey]bool, len(l.Open))
	for _, issue := range l.Open {
		known[fileKey{issue.Rule, issue.File}] = true
	}
	for _, f := range scan.Findings {
		if !known[fileKey{f.Rule, f.File}] {
			return false
		}
	}
	return true
}

// note moves the ledger's pointers to the scan.
func (l *Ledger) note(scan Scan, reduced bool) {
	l.Latest, l.LatestReduced = scan.ScanPosition, reduced
	l.SawNamed = l.SawNamed || len(scan.Findings) > 0
	if reduced {
		l.ReducedInRow++
		return
	}
	l.Reference, l.Baseline, l.ReducedInRow = scan.ScanPosition, len(scan.Findings), 0
}

// firstSeen orders issues by first appearance: scan, then place in its record.
func firstSeen(a, b *telemetry.Issue) int {
	return cmp.Or(telemetry.ScanPosition(a.FirstSeen).Compare(telemetry.ScanPosition(b.FirstSeen)), cmp.Compare(a.FirstOrd, b.FirstOrd))
}

// enter makes issues of the findings that are still unmatched, and writes
// the scan into all matched ones. It returns those that are open anew.
func (l *Ledger) enter(m *matcher, scan Scan, fromStart bool, out *ScanResult) ([]*telemetry.Issue, error) {
	var fresh []*telemetry.Issue
	ordinals, free := map[string]int{}, map[string]int{}
	for f := range m.findings {
		finding := &m.findings[f]
		key := finding.Rule + "\x00" + finding.Fingerprint
		ordinal := ordinals[key]
		ordinals[key]++
		issue := m.issueOf[f]
		switch {
		case issue == nil:
			id, at, err := l.newID(finding, max(ordinal, free[key]))
			if err != nil {
				return nil, err
			}
			free[key] = at + 1
			issue = &telemetry.Issue{PublicID: id, FirstSeen: telemetry.FirstSeen(scan.ScanPosition), FirstOrd: f, FromStart: fromStart}
			m.issueOf[f], m.basis[f] = issue, telemetry.BasisNew
			out.New++
			fresh = append(fresh, issue)
		case m.basis[f] == telemetry.BasisReopenedByFingerprint || m.basis[f] == telemetry.BasisReopenedByLocation:
			fresh = append(fresh, issue)
		case issue.File != finding.File || issue.Line != finding.Line:
			out.Moved++
		}
		see(issue, finding, scan.ScanPosition)
		out.Matches = append(out.Matches, Match{Issue: issue, Basis: m.basis[f]})
		out.Touched = append(out.Touched, issue)
	}
	return fresh, nil
}

// see writes one appearance into the issue.
func see(i *telemetry.Issue, f *telemetry.Finding, at telemetry.ScanPosition) {
	i.Fingerprint, i.Rule, i.Severity, i.Family = f.Fingerprint, f.Rule, f.Severity, f.Family
	i.File, i.Line, i.LatestIssueID, i.LastSeen = f.File, f.Line, f.IssueID, telemetry.LastSeen(at)
	i.Appearances++
	i.Runs = append(i.Runs, at.Run)
	if !slices.Contains(i.Fingerprints, f.Fingerprint) {
		i.Fingerprints = append(i.Fingerprints, f.Fingerprint)
	}
}

// closeMissing closes what a full scan no longer names, and gives every issue
// that can have changed its status.
func (l *Ledger) closeMissing(m *matcher, scan Scan, fresh []*telemetry.Issue, out *ScanResult) {
	open := l.Open[:0:0]
	for i, issue := range l.Open {
		switch {
		case m.assigned[i]:
			open = append(open, issue)
		case out.Reduced || slices.Contains(out.Lost, telemetry.RuleLanguage(issue.Rule)):
			open = append(open, issue)
			if issue.Status != telemetry.StatusNotScanned {
				out.Touched = append(out.Touched, issue)
			}
		default:
			issue.Closed, issue.EverFixed = scan.ScanPosition, true
			out.Closed = append(out.Closed, issue)
			out.Touched = append(out.Touched, issue)
		}
	}
	for _, issue := range slices.Backward(out.Closed) { // in reopenOrder
		l.keepClosed(issue)
	}
	l.Open = append(open, fresh...)
	slices.SortFunc(l.Open, firstSeen)
	for _, issue := range out.Touched {
		issue.Status = l.StatusOf(issue)
	}
}

// StatusOf says what has become of an issue as of the ledger's last scan.
func (l *Ledger) StatusOf(i *telemetry.Issue) telemetry.Status {
	switch {
	case !i.Closed.IsZero():
		return telemetry.StatusFixed
	case telemetry.ScanPosition(i.LastSeen).Compare(l.Latest) != 0:
		return telemetry.StatusNotScanned
	case i.EverFixed:
		return telemetry.StatusReopened
	case i.Appearances > 1 || i.FromStart:
		return telemetry.StatusRecurring
	}
	return telemetry.StatusNew
}

func (l *Ledger) reserve(id string) {
	l.knowIDs()
	l.ids[id] = true
}

// knowIDs notes the ids of the issues that the ledger began with.
func (l *Ledger) knowIDs() {
	if l.ids != nil {
		return
	}
	l.ids = make(map[string]bool, len(l.Open))
	for _, issue := range l.Open {
		l.ids[issue.PublicID] = true
	}
}

// newID returns the public id of an issue that is first seen, and the ordinal
// in it. Where an older issue was first seen with the same rule, fingerprint
// and ordinal, the ordinal counts on: a repository's ids are unique.
func (l *Ledger) newID(f *telemetry.Finding, ordinal int) (id string, at int, err error) {
	l.knowIDs()
	for ; ; ordinal++ {
		l.steps++
		id = PublicID(l.Repo, f.Rule, f.Fingerprint, ordinal)
		taken := l.ids[id]
		if !taken && l.Past != nil {
			if taken, err = l.Past.Exists(id); err != nil {
				return "", 0, err
			}
		}
		if !taken {
			l.reserve(id)
			return id, ordinal, nil
		}
	}
}

// PublicID is an issue's public id: 12 hex digits of the SHA-256 of its
// repository, rule, first fingerprint, and the finding's place (from 0)
// among equals in its first scan.
func PublicID(repo telemetry.RepoName, rule, fingerprint string, ordinal int) string {
	sum := sha256.Sum256([]byte(repo.Key() + "\x00" + rule + "\x00" + fingerprint + "\x00" + strconv.Itoa(ordinal)))
	return hex.EncodeToString(sum[:6])
}
