package identity

import (
	"cmp"
	"container/heap"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// nearest matches the pairs of groups by distance of their lines, smallest
// over all pairs first; ties go to the earlier finding, then the earlier
// issue. In each group every pair counts; a finding or an issue may be in
// several. basis says what a pair of a distance was matched by.
//
// The closest pair of a group always stands on neighboring lines (anything
// between the two would be closer to one of them), so a heap of neighbors is
// enough: n places in groups cost n log n instead of n².
func (m *matcher) nearest(groups []*group, basis func(distance int64) telemetry.Basis) {
	c := m.chainOf(groups)
	for s := range c.lines {
		c.push(s, s)
		c.push(s, c.lines[s].next)
	}
	for c.queue.Len() > 0 {
		p := heap.Pop(&c.queue).(linePair)
		if again, ok := c.best(p.a, p.b); !ok || again != p || (p.a != p.b && c.lines[p.a].next != p.b) {
			continue // its findings or its neighbour have changed since; the newer pair is queued
		}
		m.assign(p.f, p.i, basis(p.distance))
		for _, s := range c.ofFinding[p.f] {
			c.refresh(s)
		}
		for _, s := range c.ofIssue[p.i] {
			c.refresh(s)
		}
	}
}

// chain is the lines of groups, and the pairs to look at.
type chain struct {
	m     *matcher
	lines []lineGroup
	queue pairQueue

	ofFinding, ofIssue map[int][]int // the lines of each
}

// lineGroup is one line of a group with what is unmatched on it, in order. What
// was matched elsewhere leaves a list when it comes to its front.
type lineGroup struct {
	line             int64
	findings, issues []int
	prev, next       int // of the same group; none at its ends
}

const (
	none = -1
	gone = -2 // as prev: the line was taken out of the chain
)

func (m *matcher) chainOf(groups []*group) *chain {
	c := &chain{m: m, ofFinding: map[int][]int{}, ofIssue: map[int][]int{}}
	for _, g := range groups {
		from := len(c.lines)
		c.add(g)
		for s := from; s < len(c.lines); s++ {
			c.lines[s].prev, c.lines[s].next = s-1, s+1
		}
		c.lines[from].prev, c.lines[len(c.lines)-1].next = none, none
	}
	for s := range c.lines {
		for _, f := range c.lines[s].findings {
			c.ofFinding[f] = append(c.ofFinding[f], s)
		}
		for _, i := range c.lines[s].issues {
			c.ofIssue[i] = append(c.ofIssue[i], s)
		}
	}
	return c
}

// add appends the lines of a group, which is not empty, by line.
func (c *chain) add(g *group) {
	at := make(map[int64]*lineGroup, len(g.findings))
	var lines []int64
	on := func(line int64) *lineGroup {
		if at[line] == nil {
			at[line] = &lineGroup{line: line}
			lines = append(lines, line)
		}
		return at[line]
	}
	for _, f := range g.findings {
		s := on(c.line(c.m.findings[f].Line))
		s.findings = append(s.findings, f)
	}
	for _, i := range g.issues {
		s := on(c.line(c.m.issues[i].Line))
		s.issues = append(s.issues, i)
	}
	slices.Sort(lines)
	for _, line := range lines {
		c.lines = append(c.lines, *at[line])
	}
}

func (c *chain) line(line int64) int64 {
	if c.m.anywhere {
		return 0
	}
	return line
}

// refresh brings a line up to date after a match: what now comes first on it
// is compared with its neighbors, and an empty line leaves the chain.
func (c *chain) refresh(s int) {
	at := &c.lines[s]
	for len(at.findings) > 0 && c.m.issueOf[at.findings[0]] != nil {
		at.findings = at.findings[1:]
	}
	for len(at.issues) > 0 && c.m.assigned[at.issues[0]] {
		at.issues = at.issues[1:]
	}
	switch {
	case at.prev == gone:
	case len(at.findings) > 0 || len(at.issues) > 0:
		c.push(s, s)
		c.push(at.prev, s)
		c.push(s, at.next)
	default:
		before, after := at.prev, at.next
		if before != none {
			c.lines[before].next = after
		}
		if after != none {
			c.lines[after].prev = before
		}
		at.prev = gone
		c.push(before, after)
	}
}

// push queues the best pair between two neighbors (or on one line).
func (c *chain) push(a, b int) {
	if a == none || b == none {
		return
	}
	if p, ok := c.best(a, b); ok {
		heap.Push(&c.queue, p)
	}
}

// linePair is the best pair between two lines (or on one).
type linePair struct {
	distance int64
	f, i     int
	a, b     int
}

func (c *chain) best(a, b int) (linePair, bool) {
	c.m.steps++
	x, y := &c.lines[a], &c.lines[b]
	best, found := linePair{}, false
	consider := func(fs, is []int) {
		if len(fs) == 0 || len(is) == 0 {
			return
		}
		p := linePair{max(x.line-y.line, y.line-x.line), fs[0], is[0], a, b}
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
