package identity

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// inLanguage makes n findings of a language, each in a file of its own.
func inLanguage(language string, n int) []telemetry.Finding {
	var out []telemetry.Finding
	for k := range n {
		out = append(out, telemetry.Finding{
			Fingerprint: fmt.Sprintf("%s%018d", language, k), Rule: language + "/r", File: fmt.Sprintf("%d.%s", k, language), Line: 7,
		})
	}
	return out
}

// scanIn is a scan that finds so many of each language: "cs 57 js 30".
func scanIn(text string) Scan {
	s, words := Scan{HasFindings: true}, strings.Fields(text)
	for n := 0; n+1 < len(words); n += 2 {
		found := 0
		_, _ = fmt.Sscan(words[n+1], &found)
		s.Findings = append(s.Findings, inLanguage(words[n], found)...)
	}
	return s
}

// TestLanguageGuard: a scan without a language that the scans before it had
// closes nothing of it, until a person accepts it, it is the third, or merged
// pull requests took all of its issues.
func TestLanguageGuard(t *testing.T) {
	whole, js := scanIn("cs 57 js 30"), scanIn("js 30")
	acceptedJS, takenJS := scanIn("js 30"), scanIn("js 30")
	acceptedJS.Accepted, takenJS.Taken = true, []string{"cs"}
	for _, c := range []struct {
		name           string
		scans          []Scan
		lost           string // by scan
		open, waiting  int
		fixed          int
		lostInTheEnd   int    // scans in a row without C#
		takenByScanTwo string // languages
	}{
		{name: "lost once", scans: []Scan{whole, js}, lost: "|cs", open: 87, waiting: 57, lostInTheEnd: 1},
		{name: "lost twice", scans: []Scan{whole, js, js}, lost: "|cs|cs", open: 87, waiting: 57, lostInTheEnd: 2},
		{name: "the third in a row counts", scans: []Scan{whole, js, js, js}, lost: "|cs|cs|", open: 30, fixed: 57},
		{name: "and those after it", scans: []Scan{whole, js, js, js, js}, lost: "|cs|cs||", open: 30, fixed: 57},
		{name: "back again", scans: []Scan{whole, js, whole}, lost: "|cs|", open: 87},
		{name: "a scan with it starts anew", scans: []Scan{whole, js, js, whole, js}, lost: "|cs|cs||cs", open: 87, waiting: 57, lostInTheEnd: 1},
		{name: "accepted", scans: []Scan{whole, acceptedJS, js}, lost: "||", open: 30, fixed: 57},
		{name: "accepted the second time", scans: []Scan{whole, js, acceptedJS}, lost: "|cs|", open: 30, fixed: 57},
		{name: "all taken by merged pull requests", scans: []Scan{whole, takenJS}, lost: "|", open: 30, fixed: 57, takenByScanTwo: "cs"},
		{name: "ten are enough", scans: []Scan{scanIn("cs 10 js 30"), js}, lost: "|cs", open: 40, waiting: 10, lostInTheEnd: 1},
		{name: "nine are too few to tell", scans: []Scan{scanIn("cs 9 js 30"), js}, lost: "|", open: 30, fixed: 9},
		{name: "the last scan that had it counts", scans: []Scan{whole, scanIn("cs 9 js 30"), js}, lost: "||", open: 30, fixed: 57},
		{name: "one is left", scans: []Scan{whole, scanIn("cs 1 js 30")}, lost: "|", open: 31, fixed: 56},
		{name: "another language instead", scans: []Scan{scanIn("cs 57"), scanIn("go 12")}, lost: "|cs", open: 69, waiting: 57, lostInTheEnd: 1},
		{name: "nothing found is no lost language", scans: []Scan{scanIn("cs 12"), scanIn("")}, lost: "|", fixed: 12},
		{name: "a reduced scan closes nothing, and counts", scans: []Scan{whole, scanIn("js 4"), js, js}, lost: "||cs|", open: 30, fixed: 57},
		{name: "two at once", scans: []Scan{scanIn("cs 20 go 20 js 30"), js}, lost: "|cs go", open: 70, waiting: 40, lostInTheEnd: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, every := &Ledger{Repo: "o/r"}, map[*telemetry.Issue]bool{}
			var lost []string
			for n, s := range placed(slices.Clone(c.scans)...) {
				out, err := l.Apply(s)
				if err != nil {
					t.Fatal(err)
				}
				lost = append(lost, strings.Join(out.Lost, " "))
				for _, m := range out.Matches {
					every[m.Issue] = true
				}
				if taken := strings.Join(out.Taken, " "); n == 1 && taken != c.takenByScanTwo {
					t.Errorf("taken %q, want %q", taken, c.takenByScanTwo)
				}
			}
			waiting, fixed := 0, 0
			for issue := range every {
				waiting += b2i(issue.Status == telemetry.StatusNotScanned)
				fixed += b2i(issue.Status == telemetry.StatusFixed)
			}
			if got := strings.Join(lost, "|"); got != c.lost || len(l.Open) != c.open || waiting != c.waiting || fixed != c.fixed {
				t.Errorf("lost %s, %d open, %d not scanned, %d fixed; want %s, %d, %d, %d",
					got, len(l.Open), waiting, fixed, c.lost, c.open, c.waiting, c.fixed)
			}
			if l.Languages["cs"].Lost != c.lostInTheEnd {
				t.Errorf("C# is lost %d times in a row, want %d", l.Languages["cs"].Lost, c.lostInTheEnd)
			}
		})
	}
}
