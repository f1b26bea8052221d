package telemetry

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Basis says which pass matched a finding to its issue.
type Basis string

// The passes of product.md §4, in their order.
const (
	BasisSame       Basis = "fingerprint and location" // (1)
	BasisPrint      Basis = "fingerprint"              // (2)
	BasisPlace      Basis = "rule, file and line"      // (3)
	BasisNear       Basis = "rule and file"            // (4)
	BasisBackPrint  Basis = "reopened by fingerprint"
	BasisBackPlace  Basis = "reopened by rule, file and line"
	BasisFirstSight Basis = "new"
)

// printPrefix is how many digits two fingerprints must share for the shorter
// to count as the longer one cut off.
const printPrefix = 16

// SamePrint tells whether two fingerprints are equal: equal as they are, or
// one is the first 16 or more digits of the other.
func SamePrint(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || (len(a) >= printPrefix && strings.HasPrefix(b, a))
}

// PrintKey is equal for all fingerprints that SamePrint can call equal.
func PrintKey(print string) string {
	if len(print) >= printPrefix {
		return print[:printPrefix]
	}
	return print
}

// computedFingerprint stands in where a record gives none (seed.md:
// rule_id + file + start_line).
func computedFingerprint(f Finding) string {
	sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.File + "\x00" + strconv.FormatInt(f.Line, 10)))
	return hex.EncodeToString(sum[:10])
}

type fileKey struct{ rule, file string }

type placeKey struct {
	rule, file string
	line       int64
}

// matcher matches findings to issues, each issue taken once. Issues are given
// in the order in which a tie prefers them.
type matcher struct {
	findings []Finding
	issues   []*Issue
	prints   printForest
	issueOf  []*Issue // by finding; nil: unmatched
	basis    []Basis
	taken    []bool // by issue
	anywhere bool   // lines do not count
	steps    int    // comparisons of pairs, for the tests of cost
}

func newMatcher(findings []Finding, issues []*Issue) *matcher {
	return &matcher{
		findings: findings,
		issues:   issues,
		prints:   forestOf(findings, issues),
		issueOf:  make([]*Issue, len(findings)),
		basis:    make([]Basis, len(findings)),
		taken:    make([]bool, len(issues)),
	}
}

// matchOpen matches a scan's findings to the open issues, which are in the
// order in which they were first seen.
func matchOpen(findings []Finding, issues []*Issue) *matcher {
	m := newMatcher(findings, issues)
	m.exact(BasisSame, func(print string, at placeKey) (placeKey, bool) {
		root := m.prints.root(print)
		return placeKey{root, at.file, at.line}, m.prints.plain(root)
	})
	m.byPrint()
	m.exact(BasisPlace, func(_ string, at placeKey) (placeKey, bool) { return at, true })
	m.byFile()
	return m
}

func (m *matcher) take(finding, issue int, basis Basis) {
	m.issueOf[finding], m.basis[finding], m.taken[issue] = m.issues[issue], basis, true
}

// exact matches by an equal key, the earlier finding first and to the issue
// that comes first. What key refuses stays unmatched.
func (m *matcher) exact(basis Basis, key func(print string, at placeKey) (placeKey, bool)) {
	waiting := map[placeKey][]int{}
	for i, issue := range m.issues {
		if k, ok := key(issue.Fingerprint, placeKey{issue.Rule, issue.File, issue.Line}); ok && !m.taken[i] {
			waiting[k] = append(waiting[k], i)
		}
	}
	for f := range m.findings {
		finding := &m.findings[f]
		k, ok := key(finding.Fingerprint, placeKey{finding.Rule, finding.File, finding.Line})
		if list := waiting[k]; ok && m.issueOf[f] == nil && len(list) > 0 {
			m.take(f, list[0], basis)
			waiting[k] = list[1:]
		}
	}
}

// byPrint is pass 2: same fingerprint, same file first, then nearest line.
// Pass 1 is the part of it at distance 0: where fingerprints begin alike it
// was left for here.
func (m *matcher) byPrint() {
	for _, g := range m.group(func(f *Finding, i *Issue) fileKey { return fileKey{rule: m.prints.root(printOf(f, i))} }) {
		var blocks []*group
		for _, sub := range m.byName(g) {
			blocks = append(blocks, m.blocks(sub)...)
		}
		m.nearest(blocks, func(distance int64) Basis {
			if distance == 0 {
				return BasisSame
			}
			return BasisPrint
		})
		m.nearest(m.blocks(m.left(g)), func(int64) Basis { return BasisPrint })
	}
}

// byFile is pass 4: same rule and file, smallest distance first.
func (m *matcher) byFile() {
	for _, g := range m.group(func(f *Finding, i *Issue) fileKey {
		if i != nil {
			return fileKey{i.Rule, i.File}
		}
		return fileKey{f.Rule, f.File}
	}) {
		m.nearest([]*group{g}, func(int64) Basis { return BasisNear })
	}
}

func printOf(f *Finding, i *Issue) string {
	if i != nil {
		return i.Fingerprint
	}
	return f.Fingerprint
}

// group is findings and issues, by index, in order.
type group struct{ findings, issues []int }

func (g *group) empty() bool { return len(g.findings) == 0 || len(g.issues) == 0 }

// group collects what is unmatched by a key, which is called with either a
// finding or an issue; groups come in the order of their first finding, and
// only those with both sides.
func (m *matcher) group(key func(*Finding, *Issue) fileKey) []*group {
	byKey := map[fileKey]*group{}
	var order []*group
	for f := range m.findings {
		if m.issueOf[f] != nil {
			continue
		}
		k := key(&m.findings[f], nil)
		g := byKey[k]
		if g == nil {
			g = &group{}
			byKey[k] = g
			order = append(order, g)
		}
		g.findings = append(g.findings, f)
	}
	for i, issue := range m.issues {
		if m.taken[i] {
			continue
		}
		if g := byKey[key(nil, issue)]; g != nil {
			g.issues = append(g.issues, i)
		}
	}
	return slices.DeleteFunc(order, (*group).empty)
}

// byName divides a group by file.
func (m *matcher) byName(g *group) []*group {
	byKey := map[string]*group{}
	var order []*group
	for _, f := range g.findings {
		file := m.findings[f].File
		if byKey[file] == nil {
			byKey[file] = &group{}
			order = append(order, byKey[file])
		}
		byKey[file].findings = append(byKey[file].findings, f)
	}
	for _, i := range g.issues {
		if sub := byKey[m.issues[i].File]; sub != nil {
			sub.issues = append(sub.issues, i)
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
		if !m.taken[i] {
			rest.issues = append(rest.issues, i)
		}
	}
	return rest
}
