package telemetry

import (
	"cmp"
	"container/heap"
	"slices"
)

// nearest matches a group's pairs by distance of their lines, smallest over
// all pairs first; ties go to the earlier finding, then the earlier issue.
//
// The closest pair always stands on neighbouring lines (anything between the
// two would be closer to one of them), so a heap of neighbours is enough:
// n findings cost n log n instead of n².
func (m *matcher) nearest(g *group, basis Basis) {
	if len(g.findings) == 0 || len(g.issues) == 0 {
		return
	}
	stops := m.stops(g)
	for s := range stops {
		stops[s].prev, stops[s].next = s-1, s+1
	}
	q := &pairQueue{}
	push := func(a, b int) {
		if a < 0 || b >= len(stops) {
			return
		}
		if p, ok := bestPair(stops, a, b); ok {
			heap.Push(q, p)
		}
	}
	for s := range stops {
		push(s, s)
		push(s, s+1)
	}
	for q.Len() > 0 {
		p := heap.Pop(q).(linePair)
		if again, ok := bestPair(stops, p.a, p.b); !ok || again != p || (p.a != p.b && stops[p.a].next != p.b) {
			continue // its findings or its neighbour have changed since; the newer pair is queued
		}
		m.take(p.f, p.i, basis)
		stops[p.a].drop(p.f, p.i)
		if p.b != p.a {
			stops[p.b].drop(p.f, p.i)
		}
		for _, s := range [...]int{p.a, p.b} {
			if stops[s].empty() && stops[s].prev != gone {
				before, after := stops[s].prev, stops[s].next
				if before >= 0 {
					stops[before].next = after
				}
				if after < len(stops) {
					stops[after].prev = before
				}
				stops[s].prev = gone
				push(before, after)
			}
		}
		for _, s := range [...]int{p.a, p.b} {
			if stops[s].prev != gone {
				push(s, s)
				push(stops[s].prev, s)
				push(s, stops[s].next)
			}
		}
	}
}

// gone marks a stop that was taken out of the chain.
const gone = -2

// stop is one line with what is unmatched on it, in order.
type stop struct {
	line             int64
	findings, issues []int
	prev, next       int
}

func (s *stop) empty() bool { return len(s.findings) == 0 && len(s.issues) == 0 }

func (s *stop) drop(f, i int) {
	if len(s.findings) > 0 && s.findings[0] == f {
		s.findings = s.findings[1:]
	}
	if len(s.issues) > 0 && s.issues[0] == i {
		s.issues = s.issues[1:]
	}
}

func (m *matcher) stops(g *group) []stop {
	at := map[int64]*stop{}
	var lines []int64
	on := func(line int64) *stop {
		if at[line] == nil {
			at[line] = &stop{line: line}
			lines = append(lines, line)
		}
		return at[line]
	}
	for _, f := range g.findings {
		s := on(m.findings[f].Line)
		s.findings = append(s.findings, f)
	}
	for _, i := range g.issues {
		s := on(m.issues[i].Line)
		s.issues = append(s.issues, i)
	}
	slices.Sort(lines)
	stops := make([]stop, len(lines))
	for n, line := range lines {
		stops[n] = *at[line]
	}
	return stops
}

// linePair is the best pair between two stops (or on one).
type linePair struct {
	distance int64
	f, i     int
	a, b     int
}

func bestPair(stops []stop, a, b int) (linePair, bool) {
	x, y := &stops[a], &stops[b]
	best, found := linePair{}, false
	consider := func(fs, is []int) {
		if len(fs) == 0 || len(is) == 0 {
			return
		}
		p := linePair{apart(x.line, y.line), fs[0], is[0], a, b}
		if !found || comparePairs(p, best) < 0 {
			best, found = p, true
		}
	}
	consider(x.findings, y.issues)
	if a != b {
		consider(y.findings, x.issues)
	}
	return best, found
}

func comparePairs(p, q linePair) int {
	return cmp.Or(cmp.Compare(p.distance, q.distance), cmp.Compare(p.f, q.f), cmp.Compare(p.i, q.i))
}

type pairQueue []linePair

func (q pairQueue) Len() int           { return len(q) }
func (q pairQueue) Less(a, b int) bool { return comparePairs(q[a], q[b]) < 0 }
func (q pairQueue) Swap(a, b int)      { q[a], q[b] = q[b], q[a] }
func (q *pairQueue) Push(x any)        { *q = append(*q, x.(linePair)) }
func (q *pairQueue) Pop() any {
	last := len(*q) - 1
	p := (*q)[last]
	*q = (*q)[:last]
	return p
}
