package identity

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// literally matches as docs/rules.md#matching says, pass by pass over all pairs: slow
// and plain, to hold the real one against.
func literally(findings []telemetry.Finding, issues []*telemetry.Issue) []string {
	type pair struct {
		f, i     int
		far, gap int64
	}
	equal := func(a, b string) bool {
		return a == b || min(len(a), len(b)) >= 16 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
	}
	out := make([]string, len(findings))
	used := map[int]bool{}
	for n, fits := range []func(f *telemetry.Finding, i *telemetry.Issue) bool{
		func(f *telemetry.Finding, i *telemetry.Issue) bool {
			return equal(f.Fingerprint, i.Fingerprint) && f.File == i.File && f.Line == i.Line
		},
		func(f *telemetry.Finding, i *telemetry.Issue) bool { return equal(f.Fingerprint, i.Fingerprint) },
		func(f *telemetry.Finding, i *telemetry.Issue) bool {
			return f.Rule == i.Rule && f.File == i.File && f.Line == i.Line
		},
		func(f *telemetry.Finding, i *telemetry.Issue) bool { return f.Rule == i.Rule && f.File == i.File },
	} {
		var pairs []pair
		for f := range findings {
			for i, issue := range issues {
				if out[f] == "" && !used[i] && fits(&findings[f], issue) {
					p := pair{f: f, i: i, gap: max(findings[f].Line-issue.Line, issue.Line-findings[f].Line)}
					if findings[f].File != issue.File {
						p.far = 1
					}
					pairs = append(pairs, p)
				}
			}
		}
		slices.SortFunc(pairs, func(a, b pair) int {
			return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.gap, b.gap), a.f-b.f, a.i-b.i)
		})
		for _, p := range pairs {
			if out[p.f] == "" && !used[p.i] {
				out[p.f], used[p.i] = fmt.Sprintf("%d by %d", p.i, n+1), true
			}
		}
	}
	return out
}

// TestMatchLiterally holds the matcher against the rules' plain form, on
// crowded files with few fingerprints, some of them cut off.
func TestMatchLiterally(t *testing.T) {
	d := rand.New(rand.NewPCG(4, 2))
	passes := map[telemetry.Basis]int{telemetry.BasisSame: 1, telemetry.BasisFingerprint: 2, telemetry.BasisLocation: 3, telemetry.BasisNear: 4}
	seen := map[int]int{}
	for round := range 6000 {
		fingerprints := someFingerprints(d, round)
		finding := func() telemetry.Finding {
			return telemetry.Finding{Fingerprint: fingerprints[d.IntN(len(fingerprints))], Rule: string('r' + rune(d.IntN(2))), File: string('x' + rune(d.IntN(3))), Line: int64(d.IntN(3 + round%20))}
		}
		var findings []telemetry.Finding
		var issues []*telemetry.Issue
		index := map[*telemetry.Issue]int{}
		for range d.IntN(14) {
			findings = append(findings, finding())
		}
		for n := range d.IntN(14) {
			f := finding()
			issues = append(issues, &telemetry.Issue{Fingerprint: f.Fingerprint, Rule: f.Rule, File: f.File, Line: f.Line, FirstOrd: n})
			index[issues[n]] = n
		}
		m := matchOpen(findings, issues)
		got := make([]string, len(findings))
		for f, issue := range m.issueOf {
			if issue != nil {
				got[f] = fmt.Sprintf("%d by %d", index[issue], passes[m.basis[f]])
				seen[passes[m.basis[f]]]++
			}
		}
		if want := literally(findings, issues); !slices.Equal(got, want) {
			var b strings.Builder
			for n, f := range findings {
				fmt.Fprintf(&b, "finding %d: %+v: %q, want %q\n", n, f, got[n], want[n])
			}
			for n, i := range issues {
				fmt.Fprintf(&b, "issue %d: %s %s %s:%d\n", n, i.Fingerprint, i.Rule, i.File, i.Line)
			}
			t.Fatalf("round %d:\n%s", round, b.String())
		}
	}
	for pass := 1; pass <= 4; pass++ {
		if seen[pass] < 500 {
			t.Errorf("pass %d was tried %d times", pass, seen[pass])
		}
	}
}

func TestSameFingerprint(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"", "", true}, {"x", "x", true}, {"x", "xy", false}, {fingerprint16("a"), fingerprint20("a"), true}, {fingerprint16("a")[:15], fingerprint20("a"), false},
		{fingerprint20("a"), fingerprint16("a") + "bbbb", false}, {"0123456789abcdef:1", "0123456789abcdef:2", false}, {"0123456789abcdef", "0123456789abcdef:2", true},
	} {
		if telemetry.SameFingerprint(c.a, c.b) != c.same || telemetry.SameFingerprint(c.b, c.a) != c.same {
			t.Errorf("telemetry.SamePrint(%q, %q) is not %v", c.a, c.b, c.same)
		}
		if c.same && telemetry.FingerprintKey(c.a) != telemetry.FingerprintKey(c.b) {
			t.Errorf("the keys of %q and %q differ", c.a, c.b)
		}
	}
}

func TestComputedFingerprint(t *testing.T) {
	fingerprint := func(finding string) string {
		rec, err := telemetry.ParseRecord([]byte(`{"target_repo":"o/r","run_number":1,"timestamp":"2026-01-01T00:00:00Z","issues_found":1,"issue_fingerprints":[` + finding + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return rec.Findings[0].Fingerprint
	}
	base := fingerprint(`{"rule_id":"r","file":"x.go","start_line":7}`)
	if len(base) != 20 || base != fingerprint(`{"fingerprint":"","rule_id":"r","file":"x.go","start_line":7,"id":"CQLF-R1-0001"}`) || base != fingerprint(`{"fingerprint":null,"rule_id":"r","file":"x.go","start_line":7}`) {
		t.Errorf("computed fingerprint %q", base)
	}
	for _, other := range []string{`{"rule_id":"s","file":"x.go","start_line":7}`, `{"rule_id":"r","file":"y.go","start_line":7}`, `{"rule_id":"r","file":"x.go","start_line":8}`} {
		if fingerprint(other) == base {
			t.Errorf("%s has the same fingerprint", other)
		}
	}
	if fingerprint(`{"fingerprint":"abc","rule_id":"r"}`) != "abc" {
		t.Error("a recorded fingerprint was not kept")
	}
}

// BenchmarkIdentity applies two scans of n findings in one file and rule: time
// a finding stays nearly the same from 1,000 to 50,000.
func BenchmarkIdentity(b *testing.B) {
	const base = 1000
	kinds := []struct {
		name string
		next func(k int, f telemetry.Finding) telemetry.Finding
	}{
		{"shifted", func(_ int, f telemetry.Finding) telemetry.Finding { f.Line += 7; return f }},
		{"rehashed", func(k int, f telemetry.Finding) telemetry.Finding {
			f.Fingerprint = fmt.Sprintf("%020x", base+k*7919)
			return f
		}},
		{"both", func(k int, f telemetry.Finding) telemetry.Finding {
			f.Fingerprint, f.Line = fmt.Sprintf("%020x", base+k*7919), f.Line+int64(k%9)
			return f
		}},
		{"one hash", func(_ int, f telemetry.Finding) telemetry.Finding {
			f.Fingerprint, f.Line = fingerprint20("a"), f.Line+7
			return f
		}},
		{"no lines", func(k int, f telemetry.Finding) telemetry.Finding {
			f.Fingerprint, f.Line = fmt.Sprintf("%020x", base+k*7919), 0
			return f
		}},
	}
	for _, kind := range kinds {
		for _, n := range []int{1000, 10_000, 50_000} {
			first, second := make([]telemetry.Finding, n), make([]telemetry.Finding, n)
			for k := range n {
				first[k] = telemetry.Finding{Fingerprint: fmt.Sprintf("%020x", k), Rule: "r", File: "x.go", Line: int64(1 + k*3)}
				switch kind.name {
				case "one hash":
					first[k].Fingerprint = fingerprint20("a")
				case "no lines":
					first[k].Line = 0
				}
				second[n-1-k] = kind.next(k, first[k])
			}
			b.Run(fmt.Sprintf("%s/n=%d", kind.name, n), func(b *testing.B) {
				scans := placed(full(first), full(second), accepted(nil), full(second))
				for b.Loop() {
					l := &Ledger{Repo: "o/r"}
					for _, s := range scans { // the last one reopens all
						if _, err := l.Apply(s); err != nil {
							b.Fatal(err)
						}
					}
					if len(l.Open) != n || l.Open[0].Status != telemetry.StatusReopened {
						b.Fatalf("%d open, %s", len(l.Open), l.Open[0].Status)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n)/3, "ns/finding")
			})
		}
	}
}
