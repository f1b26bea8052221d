package telemetry

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// scansOf reads a history out of any bytes: three a finding, 0xff begins the
// next scan, whose next byte says what kind it is.
func scansOf(data []byte) []Scan {
	var scans []Scan
	for len(data) > 0 && len(scans) < 12 {
		kind := data[0]
		s := Scan{HasFindings: kind&1 == 0, Accepted: kind&6 == 6}
		for data = data[1:]; len(data) > 0 && data[0] != 0xff; data = data[min(3, len(data)):] {
			if len(data) < 3 || !s.HasFindings || len(s.Findings) >= 60 {
				continue
			}
			print, place, line := data[0], data[1], data[2]
			prefix := strings.Repeat(string('a'+rune(print&1)), 15+int(min(print>>1&7, 1)))
			for bit := range print >> 4 & 7 { // digits that later ones begin with
				prefix += string('0' + rune(place>>bit&1))
			}
			s.Findings = append(s.Findings, Finding{
				Fingerprint: prefix, Rule: string('r' + rune(place&1)), File: string('x' + rune(place>>1&1)), Line: int64(line % 32),
			})
		}
		if len(data) > 0 {
			data = data[1:]
		}
		scans = append(scans, s)
	}
	return placed(scans...)
}

// FuzzFold: a history has the issues that the rules' plain form says,
// whether it is folded at once, scan by scan with a store between, or in any
// order of arrival; and what that costs stays near its size.
func FuzzFold(f *testing.F) {
	d := rand.New(rand.NewPCG(8, 8))
	for n := range 12 {
		seed := make([]byte, 40+n*40)
		for i := range seed {
			seed[i] = byte(d.UintN(256))
			if d.IntN(60) == 0 {
				seed[i] = 0xff
			}
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		scans := scansOf(data)
		againstPlain(t, scans, map[string]int{})
		outcomes, issues := fold(t, "o/r", scans)
		d := rand.New(rand.NewPCG(uint64(len(data)), 1))
		if stored, issuesStored := foldStored(t, "o/r", scans, d); !slices.Equal(outcomes, stored) || issues != issuesStored {
			t.Errorf("scan by scan is not as at once:\n%s\n%s", issuesStored, issues)
		}
		s := newStoredFold(t, "o/r", d)
		for _, n := range d.Perm(len(scans)) {
			s.arrive(scans[n])
		}
		if late := s.store.text(); late != issues {
			t.Errorf("the order of arrival matters:\n%s\n%s", late, issues)
		}
		l, size := &Ledger{Repo: "o/r"}, 1
		for _, scan := range scans {
			size += len(scan.Findings) + len(l.Open)
			if _, err := l.Apply(scan); err != nil {
				t.Fatal(err)
			}
			size += len(l.closed) // the findings that were closed are looked at once a scan
		}
		if most := 60 * size * bits.Len(uint(size)); l.steps > most {
			t.Errorf("%d comparisons for %d findings", l.steps, size)
		}
	})
}

// FuzzLinks: links join what was given, each pair once, in order, and do not
// depend on the order in which sessions and pull requests come.
func FuzzLinks(f *testing.F) {
	f.Add("a\x00b\x00c", "https://github.com/o/r/pull/1 CQLF-R1-0001 devin-a", byte(3))
	f.Add("devin-devin-x", "devin-devin-x cqlf-all-r1-1 Revert", byte(255))
	f.Fuzz(func(t *testing.T, ids, text string, how byte) {
		var sessions []LinkSession
		ref := PullRef{Repo: "o/r", Number: int64(how%3) + 1}
		for n, id := range strings.Split(ids, "\x00") {
			s := LinkSession{ID: BareID(id), Repos: []string{"o/r"}, IssueIDs: IssueIDs(text)}
			if slices.ContainsFunc(sessions, func(o LinkSession) bool { return o.ID == s.ID }) || n > 20 {
				continue
			}
			for bit, list := range []*[]PullRef{&s.Devin, &s.Verified, &s.Recorded} {
				if int(how)>>bit&1 == n&1 {
					*list = []PullRef{ref, ParsePull(text)}
				}
			}
			sessions = append(sessions, s)
		}
		pulls := []LinkPull{
			{Ref: ref, IssueIDs: IssueIDs(text), Tokens: SessionTokens(text, ids)},
			{Ref: PullRef{Repo: "o/r", Number: 9}, IssueIDs: IssueIDs(text), Tokens: SessionTokens(text)},
		}
		links := LinkAll(sessions, pulls)
		for n, l := range links {
			if n > 0 && (links[n-1].Pull > l.Pull || links[n-1].Pull == l.Pull && links[n-1].Session >= l.Session) {
				t.Errorf("%v comes after %v", l, links[n-1])
			}
			if l.Basis.Rank() < 0 || l.Guess && l.Basis.stated() || !slices.ContainsFunc(sessions, func(s LinkSession) bool { return s.ID == l.Session }) {
				t.Errorf("a link of nothing: %+v", l)
			}
		}
		slices.Reverse(sessions)
		slices.Reverse(pulls)
		if again := LinkAll(sessions, pulls); !slices.Equal(again, links) {
			t.Errorf("another order gives other links:\n%v\n%v", again, links)
		}
	})
}
