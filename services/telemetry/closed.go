package telemetry

import (
	"cmp"
	"slices"
)

// reopen matches what no open issue took to closed ones: by fingerprint,
// then by rule, file and line, the one closed last first.
func (l *Ledger) reopen(m *matcher, out *Outcome) error {
	var left []Finding
	for f := range m.findings {
		if m.issueOf[f] == nil {
			left = append(left, m.findings[f])
		}
	}
	if len(left) == 0 {
		return nil
	}
	if l.Past != nil {
		past, err := l.Past.Closed(left)
		if err != nil {
			return err
		}
		for _, issue := range past {
			if !l.ids[issue.PublicID] {
				l.keepClosed(issue)
			}
		}
	}
	l.back(m, BasisBackPrint, out, func(f *Finding) *Issue { return l.closed[PrintKey(f.Fingerprint)].find(f.Fingerprint) })
	l.back(m, BasisBackPlace, out, func(f *Finding) *Issue { return last(l.places[placeKey{f.Rule, f.File, f.Line}]) })
	return nil
}

// back reopens for each unmatched finding the closed issue that find returns.
func (l *Ledger) back(m *matcher, basis Basis, out *Outcome, find func(*Finding) *Issue) {
	for f := range m.findings {
		if m.issueOf[f] != nil {
			continue
		}
		if issue := find(&m.findings[f]); issue != nil {
			l.dropClosed(issue)
			m.issueOf[f], m.basis[f] = issue, basis
			out.Reopened++
		}
	}
}

// shelf is the closed issues whose fingerprints share a PrintKey.
type shelf struct {
	prints  map[string][]*Issue // by fingerprint, each list in reopenOrder
	lengths map[int]int         // how many of the fingerprints are so long
}

// find returns the issue of the same fingerprint that is to be reopened
// first, nil if there is none. Only a fingerprint that was cut off makes it
// look at all of the shelf.
func (s *shelf) find(print string) *Issue {
	if s == nil {
		return nil
	}
	var best *Issue
	consider := func(issue *Issue) {
		if issue != nil && (best == nil || reopenOrder(best, issue) < 0) {
			best = issue
		}
	}
	for n := range s.lengths {
		if n <= len(print) {
			consider(last(s.prints[print[:n]]))
			continue
		}
		for longer, issues := range s.prints {
			if len(longer) == n && SamePrint(longer, print) {
				consider(last(issues))
			}
		}
	}
	return best
}

func last(issues []*Issue) *Issue {
	if len(issues) == 0 {
		return nil
	}
	return issues[len(issues)-1]
}

// reopenOrder puts the issue that is to be reopened first last: the one
// closed last, of equals the one first seen earlier.
func reopenOrder(a, b *Issue) int {
	return cmp.Or(a.Closed.Compare(b.Closed), firstSeen(b, a))
}

func (l *Ledger) keepClosed(issue *Issue) {
	if l.closed == nil {
		l.closed, l.places = map[string]*shelf{}, map[placeKey][]*Issue{}
	}
	key, print, place := PrintKey(issue.Fingerprint), issue.Fingerprint, placeKey{issue.Rule, issue.File, issue.Line}
	s := l.closed[key]
	if s == nil {
		s = &shelf{prints: map[string][]*Issue{}, lengths: map[int]int{}}
		l.closed[key] = s
	}
	if s.prints[print] = inOrder(s.prints[print], issue); len(s.prints[print]) == 1 {
		s.lengths[len(print)]++
	}
	l.places[place] = inOrder(l.places[place], issue)
	l.taken(issue.PublicID)
}

func (l *Ledger) dropClosed(issue *Issue) {
	key, print, place := PrintKey(issue.Fingerprint), issue.Fingerprint, placeKey{issue.Rule, issue.File, issue.Line}
	s := l.closed[key]
	if s.prints[print] = without(s.prints[print], issue); len(s.prints[print]) == 0 {
		delete(s.prints, print)
		if s.lengths[len(print)]--; s.lengths[len(print)] == 0 {
			delete(s.lengths, len(print))
		}
	}
	l.places[place] = without(l.places[place], issue)
}

// inOrder and without keep a list in reopenOrder. What comes and goes stands
// near the end, so a long list is hardly moved.
func inOrder(list []*Issue, issue *Issue) []*Issue {
	at := len(list)
	for at > 0 && reopenOrder(list[at-1], issue) > 0 {
		at--
	}
	return slices.Insert(list, at, issue)
}

func without(list []*Issue, issue *Issue) []*Issue {
	for at, other := range slices.Backward(list) {
		if other == issue {
			return slices.Delete(list, at, at+1)
		}
	}
	return list
}
