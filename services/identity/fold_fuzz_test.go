package identity

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
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
			fingerprint, place, line := data[0], data[1], data[2]
			prefix := strings.Repeat(string('a'+rune(fingerprint&1)), 15+int(min(fingerprint>>1&7, 1)))
			for bit := range fingerprint >> 4 & 7 { // digits that later ones begin with
				prefix += string('0' + rune(place>>bit&1))
			}
			s.Findings = append(s.Findings, telemetry.Finding{
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
// whether it is applied at once, scan by scan with a store between, or in any
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
		outcomes, issues := applyAll(t, "o/r", scans)
		d := rand.New(rand.NewPCG(uint64(len(data)), 1))
		if stored, issuesStored := applyStored(t, "o/r", scans, d); !slices.Equal(outcomes, stored) || issues != issuesStored {
			t.Errorf("scan by scan is not as at once:\n%s\n%s", issuesStored, issues)
		}
		s := newStoredLedger(t, "o/r", d)
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
