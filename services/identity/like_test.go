package identity

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// plainLike is FindingIndex.Like without an index.
func plainLike(findings []telemetry.Finding, f telemetry.Finding) []int {
	var byFingerprint, byRule, byID []int
	id, key := telemetry.IssueKey(f.IssueID), f.Line == 0 && f.Fingerprint == telemetry.ComputedFingerprint(f)
	for i, g := range findings {
		sameID, sameRule := id != "" && telemetry.IssueKey(g.IssueID) == id, g.Rule == f.Rule && (f.File == "" || g.File == f.File)
		switch {
		case key && sameID && sameRule:
			byID = append(byID, i)
		case !key && telemetry.SameFingerprint(g.Fingerprint, f.Fingerprint):
			byFingerprint = append(byFingerprint, i)
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
	return byFingerprint
}

func TestFindingIndexPlainly(t *testing.T) {
	d := rand.New(rand.NewPCG(5, 6))
	found := 0
	for round := range 2000 {
		fingerprints := someFingerprints(d, round)
		finding := func() telemetry.Finding {
			f := telemetry.Finding{
				IssueID: []string{"", "A", "a ", "B"}[d.IntN(4)], Fingerprint: fingerprints[d.IntN(len(fingerprints))], Rule: string('r' + rune(d.IntN(2))),
				File: strings.Repeat("x", d.IntN(2)), Line: int64(d.IntN(2)),
			}
			if d.IntN(5) == 0 {
				f.Fingerprint = telemetry.ComputedFingerprint(f)
			}
			return f
		}
		findings := make([]telemetry.Finding, d.IntN(20))
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

// withoutFingerprint is a finding of a record that gave it no fingerprint.
func withoutFingerprint(f telemetry.Finding) telemetry.Finding {
	f.Fingerprint = telemetry.ComputedFingerprint(f)
	return f
}

func TestFindingIndex(t *testing.T) {
	long := strings.Repeat("0", 16)
	findings := []telemetry.Finding{
		{IssueID: "CQLF-R1-0001", Fingerprint: long + "aaaa", Rule: "r", File: "a"}, {IssueID: "CQLF-R1-0002", Fingerprint: long + "aaaa", Rule: "r", File: "b"},
		{IssueID: "CQLF-R1-0003", Fingerprint: "x", Rule: "q", File: "b"},
	}
	for _, c := range []struct {
		name string
		f    telemetry.Finding
		want []int
	}{
		{"id and fingerprint", telemetry.Finding{IssueID: "cqlf-r1-0002", Fingerprint: long + "aaaa", Rule: "r"}, []int{1}},
		{"a fingerprint cut shorter", telemetry.Finding{IssueID: "X", Fingerprint: long, Rule: "r", File: "b"}, []int{1}},
		{"a fingerprint of two", telemetry.Finding{Fingerprint: long + "aaaa", Rule: "r"}, []int{0, 1}},
		{"another rule", telemetry.Finding{Fingerprint: "x", Rule: "r", File: "z"}, []int{2}},
		{"the id alone", telemetry.Finding{IssueID: "CQLF-R1-0003", Fingerprint: "y", Rule: "q"}, nil},
		{"no fingerprint was recorded", withoutFingerprint(telemetry.Finding{IssueID: "cqlf-r1-0002", Rule: "r", File: "b"}), []int{1}},
		{"no fingerprint was recorded, another file", withoutFingerprint(telemetry.Finding{IssueID: "CQLF-R1-0002", Rule: "r", File: "c"}), nil},
	} {
		if got := IndexFindings(findings).Like(c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
