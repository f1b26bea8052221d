package identity

import (
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// fingerprintForest knows which of the fingerprints at hand begin with another one.
// Two of them are equal (see SameFingerprint) if they are the same or one is a
// beginning of the other; those of one root can be equal, those of two cannot.
type fingerprintForest struct {
	roots   map[string]string // of every fingerprint: the shortest at hand that is a beginning of it
	crowded map[string]bool   // roots of several fingerprints
}

func forestOf(findings []telemetry.Finding, issues []*telemetry.Issue) fingerprintForest {
	fingerprints := make([]string, 0, len(findings)+len(issues))
	for f := range findings {
		fingerprints = append(fingerprints, findings[f].Fingerprint)
	}
	for _, issue := range issues {
		fingerprints = append(fingerprints, issue.Fingerprint)
	}
	slices.Sort(fingerprints) // a root comes right before what begins with it
	forest := fingerprintForest{roots: make(map[string]string, len(fingerprints)), crowded: map[string]bool{}}
	root := ""
	for _, fingerprint := range fingerprints {
		switch {
		case len(root) < telemetry.FingerprintPrefix || !strings.HasPrefix(fingerprint, root):
			root = fingerprint
		case fingerprint != root:
			forest.crowded[root] = true
		}
		forest.roots[fingerprint] = root
	}
	return forest
}

func (p fingerprintForest) root(fingerprint string) string { return p.roots[fingerprint] }

// plain reports whether a root is the only fingerprint of its own.
func (p fingerprintForest) plain(root string) bool { return !p.crowded[root] }

// blocks divides a group of one root into groups in which every finding's
// fingerprint is equal to every issue's, so that each equal pair is in exactly
// one of them. n members are in n log n places at most, however fingerprints
// begin with each other: what begins with a fingerprint stands behind it in
// sorted order, which makes it a range, and a range is some log n nodes of a
// tree over the order.
func (m *matcher) blocks(g *group) []*group {
	if g.empty() {
		return nil
	}
	t := m.rangesOf(g)
	if len(t.ends) == 1 {
		return []*group{g}
	}
	longer := make([]group, 2*len(t.ends))  // an issue's fingerprint begins the finding's
	shorter := make([]group, 2*len(t.ends)) // the finding's begins the issue's
	for _, i := range g.issues {
		at := t.place[m.issues[i].Fingerprint]
		t.cover(at, t.ends[at], func(node int) { longer[node].issues = append(longer[node].issues, i) })
	}
	for _, f := range g.findings {
		at := t.place[m.findings[f].Fingerprint]
		t.cover(at+1, t.ends[at], func(node int) { shorter[node].findings = append(shorter[node].findings, f) })
		for node := at + len(t.ends); node > 0; node /= 2 {
			if len(longer[node].issues) > 0 {
				longer[node].findings = append(longer[node].findings, f)
			}
		}
	}
	for _, i := range g.issues {
		for node := t.place[m.issues[i].Fingerprint] + len(t.ends); node > 0; node /= 2 {
			if len(shorter[node].findings) > 0 {
				shorter[node].issues = append(shorter[node].issues, i)
			}
		}
	}
	var blocks []*group
	for node := range longer {
		for _, block := range []*group{&longer[node], &shorter[node]} {
			if !block.empty() {
				blocks = append(blocks, block)
			}
		}
	}
	return blocks
}

// fingerprintRanges is the distinct fingerprints of a group in sorted order: those
// from at to ends[at] begin with the one at at.
type fingerprintRanges struct {
	place map[string]int
	ends  []int
}

func (m *matcher) rangesOf(g *group) fingerprintRanges {
	fingerprints := make([]string, 0, len(g.findings)+len(g.issues))
	for _, f := range g.findings {
		fingerprints = append(fingerprints, m.findings[f].Fingerprint)
	}
	for _, i := range g.issues {
		fingerprints = append(fingerprints, m.issues[i].Fingerprint)
	}
	slices.Sort(fingerprints)
	fingerprints = slices.Compact(fingerprints)
	t := fingerprintRanges{place: make(map[string]int, len(fingerprints)), ends: make([]int, len(fingerprints))}
	var open []int // fingerprints whose range is not at its end, each the beginning of the next
	for at, fingerprint := range fingerprints {
		for len(open) > 0 && !strings.HasPrefix(fingerprint, fingerprints[open[len(open)-1]]) {
			t.ends[open[len(open)-1]] = at
			open = open[:len(open)-1]
		}
		t.place[fingerprint], open = at, append(open, at)
	}
	for _, at := range open {
		t.ends[at] = len(fingerprints)
	}
	return t
}

// cover calls each with the nodes of the tree that make up a range. The
// leaves are the nodes from len(ends) on; the parent of a node is its half.
func (t fingerprintRanges) cover(from, to int, each func(node int)) {
	for from, to = from+len(t.ends), to+len(t.ends); from < to; from, to = from/2, to/2 {
		if from%2 == 1 {
			each(from)
			from++
		}
		if to%2 == 1 {
			to--
			each(to)
		}
	}
}
