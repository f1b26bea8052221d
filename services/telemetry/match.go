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
	roots    map[string]string // by fingerprint, see printRoots
	issueOf  []*Issue          // by finding; nil: unmatched
	basis    []Basis
	taken    []bool // by issue
}

func matchOpen(findings []Finding, issues []*Issue) *matcher {
	m := &matcher{
		findings: findings,
		issues:   issues,
		issueOf:  make([]*Issue, len(findings)),
		basis:    make([]Basis, len(findings)),
		taken:    make([]bool, len(issues)),
	}
	m.roots = m.printRoots()
	m.exact(BasisSame, func(print string, at placeKey) placeKey { return placeKey{m.roots[print], at.file, at.line} },
		func(f Finding, i *Issue) bool { return SamePrint(f.Fingerprint, i.Fingerprint) })
	m.byPrint()
	m.exact(BasisPlace, func(_ string, at placeKey) placeKey { return at }, func(Finding, *Issue) bool { return true })
	m.byFile()
	return m
}

// printRoots returns for each fingerprint the shortest one at hand that is
// the same with digits cut off, mostly itself. Fingerprints that SamePrint
// calls equal have equal roots; those of one root differ only where a short
// fingerprint stands for several long ones.
func (m *matcher) printRoots() map[string]string {
	prints := make([]string, 0, len(m.findings)+len(m.issues))
	for f := range m.findings {
		prints = append(prints, m.findings[f].Fingerprint)
	}
	for _, issue := range m.issues {
		prints = append(prints, issue.Fingerprint)
	}
	slices.Sort(prints) // a root comes right before what begins with it
	roots := make(map[string]string, len(prints))
	root := ""
	for _, print := range prints {
		if len(root) < printPrefix || !strings.HasPrefix(print, root) {
			root = print
		}
		roots[print] = root
	}
	return roots
}

func (m *matcher) take(finding, issue int, basis Basis) {
	m.issueOf[finding], m.basis[finding], m.taken[issue] = m.issues[issue], basis, true
}

// exact matches by an equal key, the earlier finding first and to the
// issue first seen earlier.
func (m *matcher) exact(basis Basis, key func(print string, at placeKey) placeKey, same func(Finding, *Issue) bool) {
	waiting := map[placeKey][]int{}
	for i, issue := range m.issues {
		if !m.taken[i] {
			k := key(issue.Fingerprint, placeKey{issue.Rule, issue.File, issue.Line})
			waiting[k] = append(waiting[k], i)
		}
	}
	for f, finding := range m.findings {
		if m.issueOf[f] != nil {
			continue
		}
		k := key(finding.Fingerprint, placeKey{finding.Rule, finding.File, finding.Line})
		list := waiting[k]
		at := slices.IndexFunc(list, func(i int) bool { return same(finding, m.issues[i]) })
		switch {
		case at == 0: // nearly always: no shifting of a long list
			m.take(f, list[0], basis)
			waiting[k] = list[1:]
		case at > 0:
			m.take(f, list[at], basis)
			waiting[k] = slices.Delete(list, at, at+1)
		}
	}
}

// byPrint is pass 2: same fingerprint, same file first, then nearest line.
func (m *matcher) byPrint() {
	for _, g := range m.group(func(print, _, _ string) fileKey { return fileKey{rule: m.roots[print]} }) {
		if !m.uniform(g) {
			m.pairwise(g)
			continue
		}
		for _, sub := range m.byName(g) {
			m.nearest(sub, BasisPrint)
		}
		m.nearest(m.left(g), BasisPrint)
	}
}

// byFile is pass 4: same rule and file, smallest distance first.
func (m *matcher) byFile() {
	for _, g := range m.group(func(_, rule, file string) fileKey { return fileKey{rule, file} }) {
		m.nearest(g, BasisNear)
	}
}

// group is the findings and issues that share a key, by index, in order.
type group struct{ findings, issues []int }

// group collects what is unmatched by a key; groups come in the order of
// their first finding, and only those with both sides.
func (m *matcher) group(key func(print, rule, file string) fileKey) []*group {
	byKey := map[fileKey]*group{}
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

// uniform tells whether each finding's fingerprint is equal to each issue's:
// not so where a short one is the beginning of two that differ. That all of
// them begin one longest one is enough to know.
func (m *matcher) uniform(g *group) bool {
	longest := ""
	each := func(look func(print string) bool) bool {
		return !slices.ContainsFunc(g.findings, func(f int) bool { return !look(m.findings[f].Fingerprint) }) &&
			!slices.ContainsFunc(g.issues, func(i int) bool { return !look(m.issues[i].Fingerprint) })
	}
	each(func(print string) bool {
		if len(print) > len(longest) {
			longest = print
		}
		return true
	})
	return each(func(print string) bool { return SamePrint(longest, print) })
}

// pairwise is pass 2 for a group that is not uniform: every pair is looked
// at, which is affordable since such groups are accidents of hashing.
func (m *matcher) pairwise(g *group) {
	type pair struct {
		otherFile int
		distance  int64
		f, i      int
	}
	var pairs []pair
	for _, f := range g.findings {
		for _, i := range g.issues {
			a, b := &m.findings[f], m.issues[i]
			if SamePrint(a.Fingerprint, b.Fingerprint) {
				p := pair{0, apart(a.Line, b.Line), f, i}
				if a.File != b.File {
					p.otherFile = 1
				}
				pairs = append(pairs, p)
			}
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		return cmp.Or(a.otherFile-b.otherFile, cmp.Compare(a.distance, b.distance), a.f-b.f, a.i-b.i)
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
