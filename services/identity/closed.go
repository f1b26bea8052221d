package identity

import (
	"cmp"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// reopen matches what no open issue took to closed ones: by fingerprint,
// then by rule, file and line, the one closed last first.
func (l *Ledger) reopen(m *matcher, out *ScanResult) error {
	var left []telemetry.Finding
	var places []int // of left in the scan
	for f := range m.findings {
		if m.issueOf[f] == nil {
			left, places = append(left, m.findings[f]), append(places, f)
		}
	}
	if len(left) == 0 {
		return nil
	}
	if err := l.recall(left); err != nil {
		return err
	}
	back := newMatcher(left, l.alike(left))
	back.anywhere = true
	back.exact(telemetry.BasisReopenedByFingerprint, func(fingerprint string, _ locationKey) (locationKey, bool) {
		return locationKey{rule: fingerprint}, back.fingerprints.plain(back.fingerprints.root(fingerprint))
	})
	for _, g := range back.group(func(f *telemetry.Finding, i *telemetry.Issue) fileKey {
		return fileKey{rule: back.fingerprints.root(fingerprintOf(f, i))}
	}) {
		back.nearest(back.blocks(g), func(int64) telemetry.Basis { return telemetry.BasisReopenedByFingerprint })
	}
	m.steps += back.steps
	for n, f := range places {
		if issue := back.issueOf[n]; issue != nil {
			m.reopened(f, issue, telemetry.BasisReopenedByFingerprint, out)
		}
	}
	for n, f := range places {
		if m.issueOf[f] != nil {
			continue
		}
		for _, s := range l.closedByLocation[locationKey{left[n].Rule, left[n].File, left[n].Line}].top(1) {
			m.reopened(f, s.issue, telemetry.BasisReopenedByLocation, out)
		}
	}
	return nil
}

// recall fetches the closed issues of Past that the findings could reopen.
func (l *Ledger) recall(left []telemetry.Finding) error {
	if l.Past == nil {
		return nil
	}
	past, err := l.Past.Closed(left)
	if err != nil {
		return err
	}
	for _, issue := range past {
		if !l.ids[issue.PublicID] {
			l.keepClosed(issue)
		}
	}
	return nil
}

func (m *matcher) reopened(f int, issue *telemetry.Issue, basis telemetry.Basis, out *ScanResult) {
	m.issueOf[f], m.basis[f] = issue, basis
	issue.Closed = telemetry.ScanPosition{}
	out.Reopened++
}

// closedByKey is the closed issues whose fingerprints share a FingerprintKey.
type closedByKey struct {
	byFingerprint map[string]*closedList // by fingerprint
	lengths       map[int]bool           // of the fingerprints
}

// alike returns the closed issues whose fingerprints can equal those of the findings,
// the one to reopen first in front: of each, as many as findings can ask for.
func (l *Ledger) alike(findings []telemetry.Finding) []*telemetry.Issue {
	asking := map[string]int{} // by FingerprintKey
	for f := range findings {
		asking[telemetry.FingerprintKey(findings[f].Fingerprint)]++
	}
	wanted, emptied := map[*closedList]int{}, map[*closedByKey]bool{}
	for f := range findings {
		fingerprint := findings[f].Fingerprint
		key := telemetry.FingerprintKey(fingerprint)
		s := l.closed[key]
		if s == nil || emptied[s] {
			continue
		}
		for n := range s.lengths {
			if n <= len(fingerprint) {
				wanted[s.byFingerprint[fingerprint[:n]]] = asking[key]
				continue
			}
			emptied[s] = true // a fingerprint that was cut off asks for all
			for _, p := range s.byFingerprint {
				wanted[p] = asking[key]
			}
			break
		}
	}
	var list []closedIssue
	for p, n := range wanted {
		list = append(list, p.top(n)...)
	}
	l.steps += len(wanted) + len(list)
	slices.SortFunc(list, func(a, b closedIssue) int { return reopenOrder(b, a) })
	issues := make([]*telemetry.Issue, len(list))
	for i, s := range list {
		issues[i] = s.issue
	}
	return issues
}

// closedIssue is an issue as it was closed. It is no longer one to reopen once
// the issue is open, or was closed again.
type closedIssue struct {
	issue  *telemetry.Issue
	closed telemetry.ScanPosition
}

// reopenOrder puts the issue that is to be reopened first last: the one
// closed last, of equals the one first seen earlier.
func reopenOrder(a, b closedIssue) int {
	return cmp.Or(a.closed.Compare(b.closed), firstSeen(b.issue, a.issue))
}

// closedList is closed issues with something in common. The nil pile is empty.
type closedList struct {
	list     []closedIssue
	unsorted bool
}

func (p *closedList) add(s closedIssue) {
	p.unsorted = p.unsorted || len(p.list) > 0 && reopenOrder(p.list[len(p.list)-1], s) > 0
	p.list = append(p.list, s)
}

// top returns the n to reopen first, fewer where there are not so many.
func (p *closedList) top(n int) []closedIssue {
	if p == nil {
		return nil
	}
	if p.unsorted {
		slices.SortFunc(p.list, reopenOrder)
		p.unsorted = false
	}
	var top []closedIssue
	at := len(p.list)
	for ; at > 0 && len(top) < n; at-- {
		if s := p.list[at-1]; s.issue.Closed.Compare(s.closed) == 0 {
			top = append(top, s)
		}
	}
	p.list = p.list[:at] // what is not to be reopened any more goes
	for _, s := range slices.Backward(top) {
		p.list = append(p.list, s)
	}
	return top
}

func (l *Ledger) keepClosed(issue *telemetry.Issue) {
	if l.closed == nil {
		l.closed, l.closedByLocation = map[string]*closedByKey{}, map[locationKey]*closedList{}
	}
	fingerprint, key := issue.Fingerprint, telemetry.FingerprintKey(issue.Fingerprint)
	s := l.closed[key]
	if s == nil {
		s = &closedByKey{byFingerprint: map[string]*closedList{}, lengths: map[int]bool{}}
		l.closed[key] = s
	}
	if s.byFingerprint[fingerprint] == nil {
		s.byFingerprint[fingerprint], s.lengths[len(fingerprint)] = &closedList{}, true
	}
	s.byFingerprint[fingerprint].add(closedIssue{issue, issue.Closed})
	place := locationKey{issue.Rule, issue.File, issue.Line}
	if l.closedByLocation[place] == nil {
		l.closedByLocation[place] = &closedList{}
	}
	l.closedByLocation[place].add(closedIssue{issue, issue.Closed})
	l.reserve(issue.PublicID)
}
