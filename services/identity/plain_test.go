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
	languages       []map[string]int // findings of each of those scans by language
	lost            [][]string       // languages that each of them did not look at
	numbers         []int            // of those scans
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

// isLost reports whether a scan did not look at a language.
func (h *plainHistory) isLost(s Scan, language string) bool {
	row, since := 0, true // since the last scan that had it
	for k := len(h.counts) - 1; k >= 0; k-- {
		found := h.languages[k][language]
		switch {
		case found > 0 && !h.reduced[k]:
			return found >= 10 && row < 2 && !s.Accepted && len(s.Findings) > 0
		case found > 0:
			since = false
		case h.counts[k] == 0 && h.reduced[k]:
		case h.reduced[k] || slices.Contains(h.lost[k], language):
			row += b2i(since)
		default:
			return false // that scan closed it
		}
	}
	return false
}

// lostLanguages are the languages that a scan did not look at.
func (h *plainHistory) lostLanguages(s Scan) (lost []string) {
	named := languagesOf(s.Findings)
	for _, language := range []string{"cs", "js"} {
		if named[language] == 0 && h.isLost(s, language) {
			lost = append(lost, language)
		}
	}
	return lost
}

// apply applies a scan and returns its issues by index, with the pass.
func (h *plainHistory) apply(n int, s Scan) (matches []string, reduced bool) {
	if !s.HasFindings {
		h.withoutFindings = h.withoutFindings || !h.named
		return nil, false
	}
	reduced = h.isReduced(s)
	var lost []string
	if !reduced {
		lost = h.lostLanguages(s)
	}
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
		if !reduced && i.closed < 0 && i.scans[len(i.scans)-1] != n && !slices.Contains(lost, strings.Split(i.now.Rule, "/")[0]) {
			i.closed = n
			i.fixed++
		}
	}
	h.counts, h.reduced, h.numbers = append(h.counts, len(s.Findings)), append(h.reduced, reduced), append(h.numbers, n)
	h.languages, h.lost = append(h.languages, languagesOf(s.Findings)), append(h.lost, lost)
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
	last := i.scans[len(i.scans)-1]
	switch {
	case last == h.numbers[latest] && i.fixed > 0:
		return telemetry.StatusReopened
	case last == h.numbers[latest] && (len(i.scans) > 1 || i.fromStart):
		return telemetry.StatusRecurring
	case last == h.numbers[latest]:
		return telemetry.StatusNew
	case i.closed < 0:
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
		if s.HasFindings && !slices.Equal(out.Lost, plain.lost[len(plain.lost)-1]) {
			t.Fatalf("scan %d lost %v, want %v\n%+v", n, out.Lost, plain.lost[len(plain.lost)-1], scans)
		}
		seen["reduced"] += b2i(reduced)
		seen["lost"] += len(out.Lost)
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
		rules := []string{"r", "s"}
		if round%3 == 0 {
			rules = []string{"cs/r", "js/r"}
		}
		for range 12 {
			names := 2 - b2i(round%3 == 0 && d.IntN(3) == 0)
			size := d.IntN(8)
			if d.IntN(2) == 0 {
				size = 18 + d.IntN(12)
			}
			s := Scan{HasFindings: d.IntN(9) > 0, Accepted: d.IntN(12) == 0}
			for range size * b2i(s.HasFindings) {
				s.Findings = append(s.Findings, telemetry.Finding{
					Fingerprint: fingerprints[d.IntN(len(fingerprints))], Rule: rules[d.IntN(names)],
					File: string('x' + rune(d.IntN(2))), Line: int64(d.IntN(4 + round%30)),
				})
			}
			scans = append(scans, s)
		}
		againstPlain(t, placed(scans...), seen)
	}
	for _, want := range []string{"+", "1", "2", "3", "4", "p", "l", "reduced", "lost", "new", "recurring", "reopened", "not_scanned", "fixed"} {
		if seen[want] < 20 {
			t.Errorf("%s came up %d times", want, seen[want])
		}
	}
}
