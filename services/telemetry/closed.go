package telemetry

import (
	"cmp"
	"slices"
)

// reopen matches what no open issue took to closed ones: by fingerprint,
// then by rule, file and line, the one closed last first.
func (l *Ledger) reopen(m *matcher, out *Outcome) error {
	var left []Finding
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
	back.exact(BasisBackPrint, func(print string, _ placeKey) (placeKey, bool) {
		return placeKey{rule: print}, back.prints.plain(back.prints.root(print))
	})
	for _, g := range back.group(func(f *Finding, i *Issue) fileKey { return fileKey{rule: back.prints.root(printOf(f, i))} }) {
		back.nearest(back.blocks(g), func(int64) Basis { return BasisBackPrint })
	}
	m.steps += back.steps
	for n, f := range places {
		if issue := back.issueOf[n]; issue != nil {
			m.reopened(f, issue, BasisBackPrint, out)
		}
	}
	for n, f := range places {
		if m.issueOf[f] != nil {
			continue
		}
		for _, s := range l.places[placeKey{left[n].Rule, left[n].File, left[n].Line}].top(1) {
			m.reopened(f, s.issue, BasisBackPlace, out)
		}
	}
	return nil
}

// recall fetches the closed issues of Past that the findings could reopen.
func (l *Ledger) recall(left []Finding) error {
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

func (m *matcher) reopened(f int, issue *Issue, basis Basis, out *Outcome) {
	m.issueOf[f], m.basis[f] = issue, basis
	issue.Closed = Place{}
	out.Reopened++
}

// shelf is the closed issues whose fingerprints share a PrintKey.
type shelf struct {
	piles   map[string]*pile // by fingerprint
	lengths map[int]bool     // of the fingerprints
}

// alike returns the closed issues whose fingerprints can be equal to those of
// the findings, the one to reopen first in front. Of those with one
// fingerprint there are at most as many as findings can ask for.
func (l *Ledger) alike(findings []Finding) []*Issue {
	asking := map[string]int{} // by PrintKey
	for f := range findings {
		asking[PrintKey(findings[f].Fingerprint)]++
	}
	wanted, emptied := map[*pile]int{}, map[*shelf]bool{}
	for f := range findings {
		print := findings[f].Fingerprint
		key := PrintKey(print)
		s := l.closed[key]
		if s == nil || emptied[s] {
			continue
		}
		for n := range s.lengths {
			if n <= len(print) {
				wanted[s.piles[print[:n]]] = asking[key]
				continue
			}
			emptied[s] = true // a fingerprint that was cut off asks for all
			for _, p := range s.piles {
				wanted[p] = asking[key]
			}
			break
		}
	}
	var list []shelved
	for p, n := range wanted {
		list = append(list, p.top(n)...)
	}
	l.steps += len(wanted) + len(list)
	slices.SortFunc(list, func(a, b shelved) int { return reopenOrder(b, a) })
	issues := make([]*Issue, len(list))
	for i, s := range list {
		issues[i] = s.issue
	}
	return issues
}

// shelved is an issue as it was closed. It is no longer one to reopen once
// the issue is open, or was closed again.
type shelved struct {
	issue  *Issue
	closed Place
}

// reopenOrder puts the issue that is to be reopened first last: the one
// closed last, of equals the one first seen earlier.
func reopenOrder(a, b shelved) int {
	return cmp.Or(a.closed.Compare(b.closed), firstSeen(b.issue, a.issue))
}

// pile is closed issues with something in common. The nil pile is empty.
type pile struct {
	list     []shelved
	unsorted bool
}

func (p *pile) add(s shelved) {
	p.unsorted = p.unsorted || len(p.list) > 0 && reopenOrder(p.list[len(p.list)-1], s) > 0
	p.list = append(p.list, s)
}

// top returns the n to reopen first, fewer where there are not so many.
func (p *pile) top(n int) []shelved {
	if p == nil {
		return nil
	}
	if p.unsorted {
		slices.SortFunc(p.list, reopenOrder)
		p.unsorted = false
	}
	var top []shelved
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

func (l *Ledger) keepClosed(issue *Issue) {
	if l.closed == nil {
		l.closed, l.places = map[string]*shelf{}, map[placeKey]*pile{}
	}
	print, key := issue.Fingerprint, PrintKey(issue.Fingerprint)
	s := l.closed[key]
	if s == nil {
		s = &shelf{piles: map[string]*pile{}, lengths: map[int]bool{}}
		l.closed[key] = s
	}
	if s.piles[print] == nil {
		s.piles[print], s.lengths[len(print)] = &pile{}, true
	}
	s.piles[print].add(shelved{issue, issue.Closed})
	place := placeKey{issue.Rule, issue.File, issue.Line}
	if l.places[place] == nil {
		l.places[place] = &pile{}
	}
	l.places[place].add(shelved{issue, issue.Closed})
	l.taken(issue.PublicID)
}
