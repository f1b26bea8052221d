package telemetry

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// plainLike is FindingIndex.Like without an index.
func plainLike(findings []Finding, f Finding) []int {
	var byPrint, byRule, byID []int
	id, bare := IssueKey(f.IssueID), f.Line == 0 && f.Fingerprint == computedFingerprint(f)
	for i, g := range findings {
		sameID, sameRule := id != "" && IssueKey(g.IssueID) == id, g.Rule == f.Rule && (f.File == "" || g.File == f.File)
		switch {
		case bare && sameID && sameRule:
			byID = append(byID, i)
		case !bare && SamePrint(g.Fingerprint, f.Fingerprint):
			byPrint = append(byPrint, i)
			if sameRule {
				byRule = append(byRule, i)
			}
			if sameID {
				byID = append(byID, i)
			}
		}
	}
	for _, list := range [][]int{byID, byRule} {
		if len(list) > 0 {
			return list
		}
	}
	return byPrint
}

func TestFindingIndexPlainly(t *testing.T) {
	d := rand.New(rand.NewPCG(5, 6))
	found := 0
	for round := range 2000 {
		prints := somePrints(d, round)
		finding := func() Finding {
			f := Finding{
				IssueID: []string{"", "A", "a ", "B"}[d.IntN(4)], Fingerprint: prints[d.IntN(len(prints))], Rule: string('r' + rune(d.IntN(2))),
				File: strings.Repeat("x", d.IntN(2)), Line: int64(d.IntN(2)),
			}
			if d.IntN(5) == 0 {
				f.Fingerprint = computedFingerprint(f)
			}
			return f
		}
		findings := make([]Finding, d.IntN(20))
		for i := range findings {
			findings[i] = finding()
		}
		x := IndexFindings(findings)
		for range 5 {
			f := finding()
			got, want := x.Like(f), plainLike(findings, f)
			if !slices.Equal(got, want) {
				t.Fatalf("%+v means %v, want %v of\n%+v", f, got, want, findings)
			}
			found += len(want)
		}
	}
	if found < 1000 {
		t.Errorf("%d findings were meant", found)
	}
}
