package identity

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// The rules of docs/rules.md#issues, each on records small enough to follow by hand.

// fingerprint20 and print16 make fingerprints from one digit.
func fingerprint20(digit string) string { return strings.Repeat(digit, 20) }
func fingerprint16(digit string) string { return strings.Repeat(digit, 16) }

// at makes a finding: "a x.go:10" has the 20-digit fingerprint of a, the rule
// "r", and stands at x.go:10. A longer first word is the fingerprint itself;
// a third word is the rule.
func at(text string) telemetry.Finding {
	words := strings.Fields(text)
	file, line, _ := strings.Cut(words[1], ":")
	n, _ := strconv.ParseInt(line, 10, 64)
	f := telemetry.Finding{Fingerprint: words[0], Rule: "r", File: file, Line: n}
	if len(f.Fingerprint) == 1 {
		f.Fingerprint = fingerprint20(f.Fingerprint)
	}
	if len(words) > 2 {
		f.Rule = words[2]
	}
	return f
}

// many makes n findings in one file and rule, each with its own fingerprint.
func many(n int) []telemetry.Finding {
	var out []telemetry.Finding
	for k := range n {
		out = append(out, telemetry.Finding{Fingerprint: fmt.Sprintf("%020d", k+1), Rule: "r", File: "m.go", Line: int64(10 * (k + 1))})
	}
	return out
}

func named(findings ...string) Scan {
	s := Scan{HasFindings: true}
	for _, f := range findings {
		s.Findings = append(s.Findings, at(f))
	}
	return s
}

func full(findings []telemetry.Finding) Scan { return Scan{HasFindings: true, Findings: findings} }
func accepted(findings []telemetry.Finding) Scan {
	return Scan{HasFindings: true, Findings: findings, Accepted: true}
}
func withoutFindings() Scan { return Scan{} }

// placed gives the scans one place an hour.
func placed(scans ...Scan) []Scan {
	for n := range scans {
		scans[n].ScanPosition = telemetry.ScanPosition{At: telemetry.At(time.Date(2026, 3, 1, n, 0, 0, 0, time.UTC)), File: fmt.Sprintf("%02d.json", n), Run: int64(n + 1)}
	}
	return scans
}

// told writes what scans did: for each finding the letter of its issue, in
// the order of first appearance, and the pass: + new, 1–4, p reopened by
// fingerprint, l by place. A reduced scan begins with "~".
func told(t *testing.T, l *Ledger, scans []Scan) (lines []string, letters map[*telemetry.Issue]string) {
	t.Helper()
	letters = map[*telemetry.Issue]string{}
	marks := map[telemetry.Basis]string{telemetry.BasisNew: "+", telemetry.BasisSame: "1", telemetry.BasisFingerprint: "2", telemetry.BasisLocation: "3", telemetry.BasisNear: "4", telemetry.BasisReopenedByFingerprint: "p", telemetry.BasisReopenedByLocation: "l"}
	for _, s := range scans {
		out, err := l.Apply(s)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, m := range out.Matches {
			if letters[m.Issue] == "" {
				letters[m.Issue] = string(rune('A' + len(letters)))
			}
			words = append(words, letters[m.Issue]+marks[m.Basis])
		}
		line := strings.Join(words, " ")
		if out.Reduced {
			line = "~" + line
		}
		lines = append(lines, line)
	}
	return lines, letters
}

// statuses writes what has become of each issue, by letter.
func statuses(l *Ledger, letters map[*telemetry.Issue]string) string {
	var words []string
	for issue, letter := range letters {
		words = append(words, letter+" "+string(l.StatusOf(issue)))
		if issue.Status != l.StatusOf(issue) {
			words = append(words, letter+" keeps "+string(issue.Status))
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// rule is a case of matching: what each scan's findings are matched to, as
// told writes it, and what has become of the issues in the end.
type rule struct {
	name  string
	scans []Scan
	want  []string
	end   string
}

func TestMatching(t *testing.T) {
	tryRules(t, []rule{
		{"1: fingerprint and location", []Scan{named("a x.go:10", "b x.go:20"), named("b x.go:20", "a x.go:10")},
			[]string{"A+ B+", "B1 A1"}, "A recurring, B recurring"},
		{"1: repeated hashes keep their places", []Scan{named("a x.go:10", "a y.go:10", "a x.go:30"), named("a x.go:30", "a y.go:10", "a x.go:10")},
			[]string{"A+ B+ C+", "C1 B1 A1"}, "A recurring, B recurring, C recurring"},
		{"1: a tie goes to the issue seen first", []Scan{named("a x.go:10", "a x.go:10"), named("a x.go:10")},
			[]string{"A+ B+", "A1"}, "A recurring, B fixed"},
		{"1: of issues seen in different scans too", []Scan{named("a x.go:30"), named("a x.go:10", "a x.go:30"), named("b x.go:30", "b x.go:30")},
			[]string{"A+", "B+ A1", "A3 B4"}, "A recurring, B recurring"},
		{"1: a tie goes to the earlier finding", []Scan{named("a x.go:10"), named("a x.go:10", "a x.go:10")},
			[]string{"A+", "A1 B+"}, "A recurring, B new"},
		{"1: says nothing of the rule", []Scan{named("a x.go:10 r"), named("a x.go:10 s")},
			[]string{"A+", "A1"}, "A recurring"},
		{"1: digits may be cut off", []Scan{named(fingerprint16("a") + " x.go:10"), named(fingerprint20("a") + " x.go:10"), named(fingerprint20("a")[:18] + " x.go:10")},
			[]string{"A+", "A1", "A1"}, "A recurring"},
		{"2: the line moved", []Scan{named("a x.go:10"), named("a x.go:90")},
			[]string{"A+", "A2"}, "A recurring"},
		{"2: same file before the nearer line", []Scan{named("a x.go:10", "a y.go:99"), named("a y.go:10")},
			[]string{"A+ B+", "B2"}, "A fixed, B recurring"},
		{"2: another file, the nearest line", []Scan{named("a x.go:10", "a y.go:40"), named("a z.go:35")},
			[]string{"A+ B+", "B2"}, "A fixed, B recurring"},
		{"2: the nearest of all pairs first", []Scan{named("a x.go:10", "a x.go:20"), named("a x.go:13", "a x.go:12")},
			[]string{"A+ B+", "B2 A2"}, "A recurring, B recurring"},
		{"2: 16 of 20 digits", []Scan{named(fingerprint16("a") + " x.go:10"), named(fingerprint20("a") + " y.go:50"), named(fingerprint16("a") + " z.go:10")},
			[]string{"A+", "A2", "A2"}, "A recurring"},
		{"2: 15 of 20 digits are another", []Scan{named(fingerprint20("a")[:15] + " x.go:10"), named(fingerprint20("a") + " y.go:10")},
			[]string{"A+", "B+"}, "A fixed, B new"},
		{"2: 16 digits that begin two", []Scan{named("aaaaaaaaaaaaaaaa x.go:10"), named("aaaaaaaaaaaaaaaa1 x.go:40", "aaaaaaaaaaaaaaaa2 x.go:20")},
			[]string{"A+", "B+ A2"}, "A recurring, B new"},
		{"2: 20 digits that share 16 are two", []Scan{named("aaaaaaaaaaaaaaaa1111 x.go:10 r"), named("aaaaaaaaaaaaaaaa2222 y.go:10 r")},
			[]string{"A+", "B+"}, "A fixed, B new"},
		{"2 before 3: a fingerprint that moved onto another's place", []Scan{named("a x.go:10", "b x.go:20"), named("a x.go:20", "c x.go:25")},
			[]string{"A+ B+", "A2 B4"}, "A recurring, B recurring"},
		{"3: rule, file and line", []Scan{named("a x.go:10", "b x.go:11"), named("c x.go:11", "d x.go:10")},
			[]string{"A+ B+", "B3 A3"}, "A recurring, B recurring"},
		{"3: another rule is another issue", []Scan{named("a x.go:10 r"), named("b x.go:10 s")},
			[]string{"A+", "B+"}, "A fixed, B new"},
		{"4: smallest distance over all pairs", []Scan{named("a x.go:10", "b x.go:20"), named("c x.go:13", "d x.go:12")},
			[]string{"A+ B+", "B4 A4"}, "A recurring, B recurring"},
		{"4: a tie goes to the earlier finding", []Scan{named("a x.go:12"), named("b x.go:14", "c x.go:10")},
			[]string{"A+", "A4 B+"}, "A recurring, B new"},
		{"4: then to the issue seen first", []Scan{named("a x.go:14", "b x.go:10"), named("c x.go:12")},
			[]string{"A+ B+", "A4"}, "A recurring, B fixed"},
		{"4: the finding comes before the issue", []Scan{named("a x.go:10", "b x.go:14"), named("c x.go:16", "d x.go:12")},
			[]string{"A+ B+", "B4 A4"}, "A recurring, B recurring"},
		{"4: no limit", []Scan{named("a x.go:1"), named("b x.go:900000")},
			[]string{"A+", "A4"}, "A recurring"},
		{"4: not across files", []Scan{named("a x.go:10"), named("b y.go:10")},
			[]string{"A+", "B+"}, "A fixed, B new"},
		{"4: no line is line 0", []Scan{named("a x.go:0", "b x.go:9"), named("c x.go:0", "d x.go:1")},
			[]string{"A+ B+", "A3 B4"}, "A recurring, B recurring"},
		{"paths are compared as they come, in one form from their records", []Scan{named("a caf\u00e9.go:10"), named("b cafe\u0301.go:10")},
			[]string{"A+", "B+"}, "A fixed, B new"},
		{"the last location counts", []Scan{named("a x.go:10"), named("b x.go:60"), named("c x.go:55", "d x.go:12")},
			[]string{"A+", "A4", "A4 B+"}, "A recurring, B new"},
		{"the last fingerprint counts, not an older one", []Scan{named("a x.go:10"), named("b x.go:10"), named("a y.go:10", "b z.go:10")},
			[]string{"A+", "A3", "B+ A2"}, "A recurring, B new"},
	})
}

func TestReopening(t *testing.T) {
	tryRules(t, []rule{
		{"back by fingerprint, wherever it is", []Scan{named("a x.go:10"), named(), named("a y.go:77")},
			[]string{"A+", "", "Ap"}, "A reopened"},
		{"back by place", []Scan{named("a x.go:10"), named(), named("b x.go:10")},
			[]string{"A+", "", "Al"}, "A reopened"},
		{"not back by rule and file alone", []Scan{named("a x.go:10"), named(), named("b x.go:11")},
			[]string{"A+", "", "B+"}, "A fixed, B new"},
		{"not back by an older fingerprint", []Scan{named("a x.go:10"), named("b x.go:10"), named(), named("a y.go:10")},
			[]string{"A+", "A3", "", "B+"}, "A fixed, B new"},
		{"back: fingerprint before place, over all findings", []Scan{named("a x.go:10"), named(), named("b x.go:10", "a y.go:10")},
			[]string{"A+", "", "B+ Ap"}, "A reopened, B new"},
		{"back: the one closed last", []Scan{named("a x.go:10", "a y.go:10"), named("a y.go:10"), named(), named("a z.go:10")},
			[]string{"A+ B+", "B1", "", "Bp"}, "A fixed, B reopened"},
		{"back: of two closed at once the one seen first", []Scan{named("a x.go:10", "a y.go:10"), named(), named("a z.go:10", "a z.go:20")},
			[]string{"A+ B+", "", "Ap Bp"}, "A reopened, B reopened"},
		{"an open one before a closed one", []Scan{named("a x.go:10", "b x.go:50"), named("b x.go:50"), named("a x.go:10")},
			[]string{"A+ B+", "B1", "B4"}, "A fixed, B recurring"},
		{"once fixed, reopened for ever", []Scan{named("a x.go:10"), named(), named("a x.go:10"), named("a x.go:10")},
			[]string{"A+", "", "Ap", "A1"}, "A reopened"},
	})
}

func tryRules(t *testing.T, rules []rule) {
	for _, c := range rules {
		t.Run(c.name, func(t *testing.T) {
			l := &Ledger{Repo: "o/r"}
			got, letters := told(t, l, placed(c.scans...))
			if !slices.Equal(got, c.want) {
				t.Errorf("matches %q, want %q", got, c.want)
			}
			if end := statuses(l, letters); end != c.end {
				t.Errorf("statuses: %s\nwant      %s", end, c.end)
			}
		})
	}
}

func TestNewIssue(t *testing.T) {
	for _, c := range []struct {
		name  string
		scans []Scan
		end   string
	}{
		{"alone", []Scan{named("a x.go:10")}, "A new"},
		{"in the first scan with fingerprints, after one without", []Scan{withoutFindings(), named("a x.go:10")}, "A recurring"},
		{"after that", []Scan{withoutFindings(), named("a x.go:10"), named("a x.go:10", "b y.go:10")}, "A recurring, B new"},
		{"an older one without any finding is no such scan", []Scan{named(), named("a x.go:10")}, "A new"},
		{"nor is a later one without fingerprints", []Scan{named("a x.go:10"), withoutFindings()}, "A new"},
		{"nor one between", []Scan{named("a x.go:10"), withoutFindings(), named("b y.go:10")}, "A fixed, B new"},
		{"without fingerprints nothing closes", []Scan{named("a x.go:10"), withoutFindings(), named("a x.go:10")}, "A recurring"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &Ledger{Repo: "o/r"}
			_, letters := told(t, l, placed(c.scans...))
			if end := statuses(l, letters); end != c.end {
				t.Errorf("statuses: %s\nwant      %s", end, c.end)
			}
		})
	}
}

func TestScopeGuard(t *testing.T) {
	elsewhere := append(many(3), at("f other.go:10"))
	otherRule := append(many(3), at("f m.go:9 s"))
	twice := append(many(3), telemetry.Finding{Fingerprint: fingerprint20("f"), Rule: "r", File: "m.go", Line: 11})
	for _, c := range []struct {
		name    string
		scans   []Scan
		reduced string // one sign a scan: ~ reduced, = full, . without findings data
		open    int
		waiting int // of them not scanned
		file    string
	}{
		{"4 of 25 is under a fifth", []Scan{full(many(25)), full(many(4))}, "=~", 25, 21, "00"},
		{"5 of 25 is a fifth", []Scan{full(many(25)), full(many(5))}, "==", 5, 0, "01"},
		{"3 of 20", []Scan{full(many(20)), full(many(3))}, "=~", 20, 17, "00"},
		{"4 of 20", []Scan{full(many(20)), full(many(4))}, "==", 4, 0, "01"},
		{"1 of 19: too few to tell", []Scan{full(many(19)), full(many(1))}, "==", 1, 0, "01"},
		{"0 of 20", []Scan{full(many(20)), full(nil)}, "=~", 20, 20, "00"},
		{"0 of 19", []Scan{full(many(19)), full(nil)}, "==", 0, 0, "01"},
		{"one in another file", []Scan{full(many(25)), full(elsewhere)}, "==", 4, 0, "01"},
		{"one of another rule", []Scan{full(many(25)), full(otherRule)}, "==", 4, 0, "01"},
		{"two in a row close nothing", []Scan{full(many(25)), full(many(4)), full(many(2))}, "=~~", 25, 23, "00"},
		{"the third in a row counts as full", []Scan{full(many(25)), full(many(4)), full(many(2)), full(many(3))}, "=~~=", 3, 0, "03"},
		{"a full one between starts anew", []Scan{full(many(25)), full(many(4)), full(many(24)), full(many(4)), full(many(4))}, "=~=~~", 24, 20, "02"},
		{"one without findings data between does not", []Scan{full(many(25)), full(many(4)), withoutFindings(), full(many(4)), withoutFindings(), full(many(4))}, "=~.~.=", 4, 0, "05"},
		{"a scan without findings data is no baseline", []Scan{full(many(25)), withoutFindings(), full(many(4))}, "=.~", 25, 21, "00"},
		{"a reduced scan is no baseline", []Scan{full(many(200)), full(many(30)), full(many(5))}, "=~~", 200, 195, "00"},
		{"after the third, its findings are the baseline", []Scan{full(many(25)), full(many(4)), full(many(4)), full(many(4)), full(nil)}, "=~~==", 0, 0, "04"},
		{"accepted", []Scan{full(many(25)), accepted(many(4))}, "==", 4, 0, "01"},
		{"accepted after a reduced one", []Scan{full(many(25)), full(many(4)), accepted(many(4)), full(many(1))}, "=~==", 1, 0, "03"},
		{"reduced after an accepted one", []Scan{full(many(200)), accepted(many(30)), full(many(5))}, "==~", 30, 25, "01"},
		{"nothing found, accepted", []Scan{full(many(25)), accepted(nil)}, "==", 0, 0, "01"},
		{"a reduced scan may name a new issue in a known place", []Scan{full(many(25)), full(twice), full(many(4))}, "=~~", 25, 21, "00"},
		{"full again", []Scan{full(many(25)), full(many(4)), full(many(25))}, "=~=", 25, 0, "02"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &Ledger{Repo: "o/r"}
			got := ""
			for _, s := range placed(c.scans...) {
				out, err := l.Apply(s)
				switch {
				case err != nil:
					t.Fatal(err)
				case !s.HasFindings:
					got += "."
				case out.Reduced:
					got += "~"
				default:
					got += "="
				}
				if out.Reduced && len(out.Closed) > 0 {
					t.Errorf("a reduced scan closed %d", len(out.Closed))
				}
			}
			waiting := 0
			for _, issue := range l.Open {
				waiting += b2i(issue.Status == telemetry.StatusNotScanned)
			}
			if got != c.reduced || len(l.Open) != c.open || waiting != c.waiting {
				t.Errorf("scans %s, open %d, not scanned %d; want %s, %d, %d", got, len(l.Open), waiting, c.reduced, c.open, c.waiting)
			}
			if l.Reference.File != c.file+".json" {
				t.Errorf("the reference scan is %s, want %s", l.Reference.File, c.file)
			}
		})
	}
}

// TestReducedScanNamesNew: open is then more than the reference scan's count.
func TestReducedScanNamesNew(t *testing.T) {
	l := &Ledger{Repo: "o/r"}
	// Two findings in a file and rule with one issue: one of them must be new.
	base := append(many(24), at("e lone.go:10"))
	part := []telemetry.Finding{at("e lone.go:10"), at("f lone.go:20")}
	lines, letters := told(t, l, placed(full(base), full(part)))
	if lines[1] != "~Y1 Z+" || len(l.Open) != 26 {
		t.Errorf("%q, %d open", lines[1], len(l.Open))
	}
	if s := statuses(l, letters); !strings.Contains(s, "A not_scanned") || !strings.Contains(s, "Y recurring, Z new") {
		t.Error(s)
	}
}

// TestNotScanned: whatever an issue was before, a reduced scan that does not
// name it says nothing of it; one closed before stays fixed.
func TestNotScanned(t *testing.T) {
	l := &Ledger{Repo: "o/r"}
	base := many(25)
	lines, letters := told(t, l, placed(full(base), full(base[1:]), full(base), full(base[:24]), full(base[3:6])))
	s := statuses(l, letters)
	for _, want := range []string{"A not_scanned", "B not_scanned", "D recurring", "Y fixed"} {
		if !strings.Contains(s, want) {
			t.Errorf("%s is missing in %s (%q)", want, s, lines)
		}
	}
	if _, err := l.Apply(placed(make([]Scan, 5)...)[4]); err != nil {
		t.Fatal(err)
	}
	next := full(base[:24])
	next.ScanPosition = telemetry.ScanPosition{At: telemetry.At(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)), File: "later.json"}
	if _, err := l.Apply(next); err != nil {
		t.Fatal(err)
	}
	s = statuses(l, letters)
	for _, want := range []string{"A reopened", "B recurring", "D recurring", "Y fixed"} {
		if !strings.Contains(s, want) {
			t.Errorf("%s is missing in %s", want, s)
		}
	}
}

func TestPublicID(t *testing.T) {
	l := &Ledger{Repo: "Owner/Repo"}
	scans := placed(
		named("a x.go:10", "a x.go:20", "a x.go:30 s", "b x.go:40"),
		named("c x.go:10", "a x.go:20", "a x.go:30 s", "b x.go:40"), // the first one's fingerprint changes
		named("c x.go:10", "a x.go:20", "a x.go:30 s", "b x.go:40", "a y.go:99"),
	)
	_, letters := told(t, l, scans)
	ids := map[string]string{}
	for issue, letter := range letters {
		ids[letter] = issue.PublicID
	}
	want := map[string]string{
		"A": PublicID("owner/repo", "r", fingerprint20("a"), 0),
		"B": PublicID("owner/repo", "r", fingerprint20("a"), 1),
		"C": PublicID("owner/repo", "s", fingerprint20("a"), 0),
		"D": PublicID("owner/repo", "r", fingerprint20("b"), 0),
		// It is the first of its scan, but 0 and 1 were given away.
		"E": PublicID("owner/repo", "r", fingerprint20("a"), 2),
	}
	for letter, id := range want {
		if ids[letter] != id {
			t.Errorf("%s is %s, want %s", letter, ids[letter], id)
		}
	}
	// printf 'owner/repo\0r\0aaaaaaaaaaaaaaaaaaaa\0%s' 0 | sha256sum | cut -c1-12
	if ids["A"] != "51b8b637388d" {
		t.Errorf("the public id is %s", ids["A"])
	}
	if fingerprints := l.Open[0].Fingerprints; !slices.Equal(fingerprints, []string{fingerprint20("a"), fingerprint20("c")}) {
		t.Errorf("the issue keeps %q", fingerprints)
	}
}

func TestEqualTimesByFileName(t *testing.T) {
	when := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	a, b := telemetry.ScanPosition{At: telemetry.At(when), File: "a.json"}, telemetry.ScanPosition{At: telemetry.At(when), File: "b.json"}
	if a.Compare(b) >= 0 || b.Compare(a) <= 0 || a.Compare(telemetry.ScanPosition{At: telemetry.At(when), File: "a.json", Run: 9}) != 0 || b.Compare(telemetry.ScanPosition{At: telemetry.At(when.Add(time.Millisecond)), File: "a.json"}) >= 0 {
		t.Error("places are ordered by time, equal times by file name")
	}
}
