package identity

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// plainIssue and plainHistory tell docs/rules.md#issues once more, slowly and
// without any index, to hold the ledger against.
type plainIssue struct {
	now           telemetry.Finding
	first, ord    int
	scans         []int
	closed, fixed int // the scan that closed it, -1 while open; times that it was closed
	fromStart     bool
}

type plainHistory struct {
	issues          []*plainIssue
	counts          []int // findings of each scan with findings data
	reduced         []bool
	numbers         []int // of those scans
	named           bool
	withoutFindings bool
}

func (h *plainHistory) open() []*plainIssue {
	return slices.DeleteFunc(slices.Clone(h.issues), func(i *plainIssue) bool { return i.closed >= 0 })
}

func (h *plainHistory) isReduced(s Scan) bool {
	base, row := 0, 0
	for k := len(h.counts) - 1; k >= 0; k-- {
		if !h.reduced[k] {
			base = h.counts[k]
			break
		}
		row++
	}
	reduced := base >= 20 && float64(len(s.Findings)) < 0.2*float64(base) && row < 2 && !s.Accepted
	for _, f := range s.Findings {
		reduced = reduced && slices.ContainsFunc(h.open(), func(i *plainIssue) bool { return i.now.Rule == f.Rule && i.now.File == f.File })
	}
	return reduced
}

// apply applies a scan and returns its issues by index, with the pass.
func (h *plainHistory) apply(n int, s Scan) (matches []string, reduced bool) {
	if !s.HasFindings {
		h.withoutFindings = h.withoutFindings || !h.named
		return nil, false
	}
	reduced = h.isReduced(s)
	open := h.open()
	asIssues := make([]*telemetry.Issue, len(open))
	for k, i := range open {
		asIssues[k] = &telemetry.Issue{Fingerprint: i.now.Fingerprint, Rule: i.now.Rule, File: i.now.File, Line: i.now.Line}
	}
	owner, marks := make([]*plainIssue, len(s.Findings)), make([]string, len(s.Findings))
	for f, text := range literally(s.Findings, asIssues) {
		var k int
		if _, err := fmt.Sscanf(text, "%d by %s", &k, &marks[f]); err == nil {
			owner[f] = open[k]
		}
	}
	h.back(s, owner, marks, "p", func(f *telemetry.Finding, i *plainIssue) bool {
		return telemetry.SameFingerprint(f.Fingerprint, i.now.Fingerprint)
	})
	h.back(s, owner, marks, "l", func(f *telemetry.Finding, i *plainIssue) bool {
		return f.Rule == i.now.Rule && f.File == i.now.File && f.Line == i.now.Line
	})
	for f := range s.Findings {
		if owner[f] == nil {
			owner[f], marks[f] = &plainIssue{first: n, ord: f, closed: -1, fromStart: !h.named && h.withoutFindings}, "+"
			h.issues = append(h.issues, owner[f])
		}
	}
	for f, i := range owner {
		i.now, i.closed, i.scans = s.Findings[f], -1, append(i.scans, n)
		matches = append(matches, fmt.Sprint(slices.Index(h.issues, i), marks[f]))
	}
	for _, i := range h.issues {
		if !reduced && i.closed < 0 && i.scans[len(i.scans)-1] != n {
			i.closed = n
			i.fixed++
		}
	}
	h.counts, h.reduced, h.numbers = append(h.counts, len(s.Findings)), append(h.reduced, reduced), append(h.numbers, n)
	h.named = h.named || len(s.Findings) > 0
	return matches, reduced
}

func (h *plainHistory) back(s Scan, owner []*plainIssue, marks []string, mark string, fits func(*telemetry.Finding, *plainIssue) bool) {
	for f := range s.Findings {
		if owner[f] != nil {
			continue
		}
		var best *plainIssue
		for _, i := range h.issues { // in the order of first appearance
			if i.closed >= 0 && !slices.Contains(owner, i) && fits(&s.Findings[f], i) && (best == nil || i.closed > best.closed) {
				best = i
			}
		}
		if best != nil {
			owner[f], marks[f] = best, mark
		}
	}
}

func (h *plainHistory) status(i *plainIssue) telemetry.Status {
	latest := len(h.numbers) - 1
	reference := latest
	for reference >= 0 && h.reduced[reference] {
		reference--
	}
	last := i.scans[len(i.scans)-1]
	switch {
	case last == h.numbers[latest] && i.fixed > 0:
		return telemetry.StatusReopened
	case last == h.numbers[latest] && (len(i.scans) > 1 || i.fromStart):
		return telemetry.StatusRecurring
	case last == h.numbers[latest]:
		return telemetry.StatusNew
	case h.reduced[latest] && last >= h.numbers[reference]:
		return telemetry.StatusNotScanned
	}
	return telemetry.StatusFixed
}

// againstPlain applies scans with the ledger and with plainHistory, and counts
// in seen what came up.
func againstPlain(t *testing.T, scans []Scan, seen map[string]int) {
	t.Helper()
	l, plain := &Ledger{Repo: "o/r"}, &plainHistory{}
	index := map[*telemetry.Issue]int{}
	marks := map[telemetry.Basis]string{
		telemetry.BasisNew: "+", telemetry.BasisSame: "1", telemetry.BasisFingerprint: "2", telemetry.BasisLocation: "3", telemetry.BasisNear: "4", telemetry.BasisReopenedByFingerprint: "p", telemetry.BasisReopenedByLocation: "l",
	}
	for n, s := range scans {
		out, err := l.Apply(s)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range out.Matches {
			if m.Basis == telemetry.BasisNew {
				index[m.Issue] = len(index)
			}
			got = append(got, fmt.Sprint(index[m.Issue], marks[m.Basis]))
			seen[marks[m.Basis]]++
		}
		want, reduced := plain.apply(n, s)
		if !slices.Equal(got, want) || out.Reduced != reduced {
			t.Fatalf("scan %d: %s (reduced %v)\nwant %s (%v)\n%+v", n, strings.Join(got, " "), out.Reduced, strings.Join(want, " "), reduced, scans)
		}
		seen["reduced"] += b2i(reduced)
		if len(plain.numbers) == 0 {
			continue
		}
		for issue, k := range index {
			if issue.Status != plain.status(plain.issues[k]) {
				t.Fatalf("scan %d: issue %d is %s, want %s\n%+v", n, k, issue.Status, plain.status(plain.issues[k]), scans)
			}
			seen[string(issue.Status)]++
		}
	}
}

// someFingerprints are fingerprints few enough to meet often. In odd rounds they
// begin with each other in every way.
func someFingerprints(d *rand.Rand, round int) []string {
	if round%2 == 0 {
		return []string{
			"a", "b", "0123456789abcde", "0123456789abcdef", "0123456789abcdef01", "0123456789abcdef0123", "0123456789abcdef0124",
			"0123456789abcdef9", "fedcba9876543210", "fedcba9876543210ffff",
		}
	}
	fingerprints := make([]string, 2+d.IntN(24))
	for n := range fingerprints {
		fingerprints[n] = strings.Repeat(string('a'+rune(d.IntN(2))), 15+b2i(d.IntN(8) > 0))
		for range d.IntN(6) {
			fingerprints[n] += string('0' + rune(d.IntN(2)))
		}
	}
	return fingerprints
}

// TestLedgerPlainly applies crowded random histories both ways.
func TestLedgerPlainly(t *testing.T) {
	d := rand.New(rand.NewPCG(11, 3))
	seen := map[string]int{}
	for round := range 400 {
		fingerprints := someFingerprints(d, round)
		var scans []Scan
		for range 12 {
			size := d.IntN(8)
			if d.IntN(2) == 0 {
				size = 18 + d.IntN(12)
			}
			s := Scan{HasFindings: d.IntN(9) > 0, Accepted: d.IntN(12) == 0}
			for range size * b2i(s.HasFindings) {
				s.Findings = append(s.Findings, telemetry.Finding{
					Fingerprint: fingerprints[d.IntN(len(fingerprints))], Rule: string('r' + rune(d.IntN(2))),
					File: string('x' + rune(d.IntN(2))), Line: int64(d.IntN(4 + round%30)),
				})
			}
			scans = append(scans, s)
		}
		againstPlain(t, placed(scans...), seen)
	}
	for _, want := range []string{"+", "1", "2", "3", "4", "p", "l", "reduced", "new", "recurring", "reopened", "not_scanned", "fixed"} {
		if seen[want] < 20 {
			t.Errorf("%s came up %d times", want, seen[want])
		}
	}
}
