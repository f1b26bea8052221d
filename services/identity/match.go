package identity

import (
	"slices"

	"telemetry-dashboard/services/telemetry"
)

type fileKey struct{ rule, file string }

type locationKey struct {
	rule, file string
	line       int64
}

// matcher matches findings to issues, each issue taken once. Issues are given
// in the order in which a tie prefers them.
type matcher struct {
	findings     []telemetry.Finding
	issues       []*telemetry.Issue
	fingerprints fingerprintForest
	issueOf      []*telemetry.Issue // by finding; nil: unmatched
	basis        []telemetry.Basis
	assigned     []bool // by issue
	anywhere     bool   // lines do not count
	steps        int    // comparisons of pairs, for the tests of cost
}

func newMatcher(findings []telemetry.Finding, issues []*telemetry.Issue) *matcher {
	return &matcher{
		findings:     findings,
		issues:       issues,
		fingerprints: forestOf(findings, issues),
		issueOf:      make([]*telemetry.Issue, len(findings)),
		basis:        make([]telemetry.Basis, len(findings)),
		assigned:     make([]bool, len(issues)),
	}
}

// matchOpen matches a scan's findings to the open issues, which are in the
// order in which they were first seen.
func matchOpen(findings []telemetry.Finding, issues []*telemetry.Issue) *matcher {
	m := newMatcher(findings, issues)
	m.exact(telemetry.BasisSame, func(fingerprint string, at locationKey) (locationKey, bool) {
		root := m.fingerprints.root(fingerprint)
		return locationKey{root, at.file, at.line}, m.fingerprints.plain(root)
	})
	m.byFingerprint()
	m.exact(telemetry.BasisLocation, func(_ string, at locationKey) (locationKey, bool) { return at, true })
	m.byFile()
	return m
}

func (m *matcher) assign(finding, issue int, basis telemetry.Basis) {
	m.issueOf[finding], m.basis[finding], m.assigned[issue] = m.issues[issue], basis, true
}

// exact matches by an equal key, the earlier finding first and to the issue
// that comes first. What key refuses stays unmatched.
func (m *matcher) exact(basis telemetry.Basis, key func(fingerprint string, at locationKey) (locationKey, bool)) {
	waiting := map[locationKey][]int{}
	for i, issue := range m.issues {
		if k, ok := key(issue.Fingerprint, locationKey{issue.Rule, issue.File, issue.Line}); ok && !m.assigned[i] {
			waiting[k] = append(waiting[k], i)
		}
	}
	for f := range m.findings {
		finding := &m.findings[f]
		k, ok := key(finding.Fingerprint, locationKey{finding.Rule, finding.File, finding.Line})
		if list := waiting[k]; ok && m.issueOf[f] == nil && len(list) > 0 {
			m.assign(f, list[0], basis)
			waiting[k] = list[1:]
		}
	}
}

// byFingerprint is pass 2: same fingerprint, same file first, then nearest line.
// Pass 1 is the part of it at distance 0: where fingerprints begin alike it
// was left for here.
func (m *matcher) byFingerprint() {
	for _, g := range m.group(func(f *telemetry.Finding, i *telemetry.Issue) fileKey {
		return fileKey{rule: m.fingerprints.root(fingerprintOf(f, i))}
	}) {
		var blocks []*group
		for _, sub := range m.divide(g, byFileName) {
			blocks = append(blocks, m.blocks(sub)...)
		}
		m.nearest(blocks, func(distance int64) telemetry.Basis {
			if distance == 0 {
				return telemetry.BasisSame
			}
			return telemetry.BasisFingerprint
		})
		m.nearest(m.blocks(m.left(g)), func(int64) telemetry.Basis { return telemetry.BasisFingerprint })
	}
}

// byFile is pass 4: same rule and file, smallest distance first.
func (m *matcher) byFile() {
	for _, g := range m.group(func(f *telemetry.Finding, i *telemetry.Issue) fileKey {
		if i != nil {
			return fileKey{i.Rule, i.File}
		}
		return fileKey{f.Rule, f.File}
	}) {
		m.nearest([]*group{g}, func(int64) telemetry.Basis { return telemetry.BasisNear })
	}
}

func byFileName(f *telemetry.Finding, i *telemetry.Issue) fileKey {
	if i != nil {
		return fileKey{file: i.File}
	}
	return fileKey{file: f.File}
}

func fingerprintOf(f *telemetry.Finding, i *telemetry.Issue) string {
	if i != nil {
		return i.Fingerprint
	}
	return f.Fingerprint
}

// group is findings and issues, by index, in order.
type group struct{ findings, issues []int }

func (g *group) empty() bool { return len(g.findings) == 0 || len(g.issues) == 0 }

// group divides what is unmatched by a key, which is called with either a
// finding or an issue.
func (m *matcher) group(key func(*telemetry.Finding, *telemetry.Issue) fileKey) []*group {
	all := &group{}
	for f := range m.findings {
		all.findings = append(all.findings, f)
	}
	for i := range m.issues {
		all.issues = append(all.issues, i)
	}
	return m.divide(m.left(all), key)
}

// divide gives the groups of equal keys in the order of their first finding,
// and only those with both sides.
func (m *matcher) divide(g *group, key func(*telemetry.Finding, *telemetry.Issue) fileKey) []*group {
	byKey := map[fileKey]*group{}
	var order []*group
	for _, f := range g.findings {
		k := key(&m.findings[f], nil)
		if byKey[k] == nil {
			byKey[k] = &group{}
			order = append(order, byKey[k])
		}
		byKey[k].findings = append(byKey[k].findings, f)
	}
	for _, i := range g.issues {
		if of := byKey[key(nil, m.issues[i])]; of != nil {
			of.issues = append(of.issues, i)
		}
	}
	return slices.DeleteFunc(order, (*group).empty)
}

// left returns what of a group is still unmatched.
func (m *matcher) left(g *group) *group {
	rest := &group{}
	for _, f := range g.findings {
		if m.issueOf[f] == nil {
			rest.findings = append(rest.findings, f)
		}
	}
	for _, i := range g.issues {
		if !m.assigned[i] {
			rest.issues = append(rest.issues, i)
		}
	}
	return rest
}
