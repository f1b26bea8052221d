package telemetry

import (
	"cmp"
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

// matcher matches one scan's findings to issues, each issue taken once.
// Issues are given in the order in which they were first seen.
type matcher struct {
	findings []Finding
	issues   []*Issue
	issueOf  []*Issue // by finding; nil: unmatched
	basis    []Basis
	taken    []bool // by issue
}

func matchOpen(findings []Finding, issues []*Issue) *matcher {
	m := &matcher{findings: findings, issues: issues, issueOf: make([]*Issue, len(findings)), basis: make([]Basis, len(findings)), taken: make([]bool, len(issues))}
	m.exact(BasisSame, func(print, rule, file string, line int64) any {
		return struct {
			print, file string
			line        int64
		}{PrintKey(print), file, line}
	}, func(f Finding, i *Issue) bool { return SamePrint(f.Fingerprint, i.Fingerprint) })
	m.byPrint()
	m.exact(BasisPlace, func(_, rule, file string, line int64) any { return placeKey{rule, file, line} }, func(Finding, *Issue) bool { return true })
	m.byFile()
	return m
}

func (m *matcher) take(finding, issue int, basis Basis) {
	m.issueOf[finding], m.basis[finding], m.taken[issue] = m.issues[issue], basis, true
}

// exact matches by an equal key, the earlier finding first and to the
// issue first seen earlier.
func (m *matcher) exact(basis Basis, key func(print, rule, file string, line int64) any, same func(Finding, *Issue) bool) {
	waiting := map[any][]int{}
	for i, issue := range m.issues {
		if !m.taken[i] {
			k := key(issue.Fingerprint, issue.Rule, issue.File, issue.Line)
			waiting[k] = append(waiting[k], i)
		}
	}
	for f, finding := range m.findings {
		if m.issueOf[f] != nil {
			continue
		}
		k := key(finding.Fingerprint, finding.Rule, finding.File, finding.Line)
		list := waiting[k]
		for at, i := range list {
			if same(finding, m.issues[i]) {
				m.take(f, i, basis)
				waiting[k] = slices.Delete(list, at, at+1)
				break
			}
		}
	}
}

// byPrint is pass 2: same fingerprint, same file first, then nearest line.
func (m *matcher) byPrint() {
	groups := m.group(func(print, _, _ string) any { return PrintKey(print) })
	for _, g := range groups {
		if !m.uniform(g) {
			m.pairwise(g)
			continue
		}
		byFile := m.split(g, func(_, file string) any { return file })
		for _, sub := range byFile {
			m.nearest(sub, BasisPrint)
		}
		m.nearest(m.left(g), BasisPrint)
	}
}

// byFile is pass 4: same rule and file, smallest distance first.
func (m *matcher) byFile() {
	for _, g := range m.group(func(_, rule, file string) any { return fileKey{rule, file} }) {
		m.nearest(g, BasisNear)
	}
}

// group is the findings and issues that share a key, by index, in order.
type group struct{ findings, issues []int }

// group collects what is unmatched by a key; groups come in the order of
// their first finding, and only those with both sides.
func (m *matcher) group(key func(print, rule, file string) any) []*group {
	byKey := map[any]*group{}
	var order []*group
	for f, finding := range m.findings {
		if m.issueOf[f] != nil {
			continue
		}
		k := key(finding.Fingerprint, finding.Rule, finding.File)
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
		if g := byKey[key(issue.Fingerprint, issue.Rule, issue.File)]; g != nil {
			g.issues = append(g.issues, i)
		}
	}
	return slices.DeleteFunc(order, func(g *group) bool { return len(g.issues) == 0 })
}

// split divides a group further.
func (m *matcher) split(g *group, key func(rule, file string) any) []*group {
	byKey := map[any]*group{}
	var order []*group
	for _, f := range g.findings {
		k := key(m.findings[f].Rule, m.findings[f].File)
		if byKey[k] == nil {
			byKey[k] = &group{}
			order = append(order, byKey[k])
		}
		byKey[k].findings = append(byKey[k].findings, f)
	}
	for _, i := range g.issues {
		if sub := byKey[key(m.issues[i].Rule, m.issues[i].File)]; sub != nil {
			sub.issues = append(sub.issues, i)
		}
	}
	return order
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

// uniform tells whether all fingerprints of a group are equal to each other:
// not so where two long ones differ behind the digits that they share.
func (m *matcher) uniform(g *group) bool {
	longest := ""
	for _, f := range g.findings {
		longest = longer(longest, m.findings[f].Fingerprint)
	}
	for _, i := range g.issues {
		longest = longer(longest, m.issues[i].Fingerprint)
	}
	for _, f := range g.findings {
		if !SamePrint(longest, m.findings[f].Fingerprint) {
			return false
		}
	}
	for _, i := range g.issues {
		if !SamePrint(longest, m.issues[i].Fingerprint) {
			return false
		}
	}
	return true
}

func longer(a, b string) string {
	if len(b) > len(a) {
		return b
	}
	return a
}

// pairwise is pass 2 for a group that is not uniform: every pair is looked
// at, which is affordable since such groups are accidents of hashing.
func (m *matcher) pairwise(g *group) {
	type pair struct {
		otherFile bool
		distance  int64
		f, i      int
	}
	var pairs []pair
	for _, f := range g.findings {
		for _, i := range g.issues {
			a, b := m.findings[f], m.issues[i]
			if SamePrint(a.Fingerprint, b.Fingerprint) {
				pairs = append(pairs, pair{a.File != b.File, apart(a.Line, b.Line), f, i})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if a.otherFile != b.otherFile {
			if b.otherFile {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.f, b.f), cmp.Compare(a.i, b.i))
	})
	for _, p := range pairs {
		if m.issueOf[p.f] == nil && !m.taken[p.i] {
			m.take(p.f, p.i, BasisPrint)
		}
	}
}

func apart(a, b int64) int64 {
	if a > b {
		return a - b
	}
	return b - a
}
