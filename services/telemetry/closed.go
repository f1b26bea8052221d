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
	l.back(m, BasisBackPrint, out, func(f *Finding) *Issue {
		return lastOf(l.closed[PrintKey(f.Fingerprint)], func(i *Issue) bool { return SamePrint(i.Fingerprint, f.Fingerprint) })
	})
	l.back(m, BasisBackPlace, out, func(f *Finding) *Issue {
		return lastOf(l.places[placeKey{f.Rule, f.File, f.Line}], func(*Issue) bool { return true })
	})
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

func lastOf(issues []*Issue, fits func(*Issue) bool) *Issue {
	for _, issue := range slices.Backward(issues) {
		if fits(issue) {
			return issue
		}
	}
	return nil
}

// reopenOrder puts the issue that is to be reopened first last: the one
// closed last, of equals the one first seen earlier.
func reopenOrder(a, b *Issue) int {
	return cmp.Or(a.Closed.Compare(b.Closed), firstSeen(b, a))
}

func (l *Ledger) keepClosed(issue *Issue) {
	if l.closed == nil {
		l.closed, l.places = map[string][]*Issue{}, map[placeKey][]*Issue{}
	}
	print, place := PrintKey(issue.Fingerprint), placeKey{issue.Rule, issue.File, issue.Line}
	l.closed[print] = inOrder(l.closed[print], issue)
	l.places[place] = inOrder(l.places[place], issue)
	l.taken(issue.PublicID)
}

func (l *Ledger) dropClosed(issue *Issue) {
	print, place := PrintKey(issue.Fingerprint), placeKey{issue.Rule, issue.File, issue.Line}
	l.closed[print] = without(l.closed[print], issue)
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
