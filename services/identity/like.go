package identity

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// FindingIndex finds what other records mean among the findings of a scan.
type FindingIndex struct {
	findings      []telemetry.Finding
	byID          map[string][]int // by IssueKey
	byFingerprint []int            // places by fingerprint, then place
	lengths       []int            // of the fingerprints
}

// IndexFindings returns the index of a scan's findings, which must not change.
func IndexFindings(findings []telemetry.Finding) *FindingIndex {
	x := &FindingIndex{findings: findings, byID: make(map[string][]int, len(findings)), byFingerprint: make([]int, len(findings))}
	lengths := map[int]bool{}
	for i := range findings {
		x.byFingerprint[i] = i
		lengths[len(findings[i].Fingerprint)] = true
		if key := telemetry.IssueKey(findings[i].IssueID); key != "" {
			x.byID[key] = append(x.byID[key], i)
		}
	}
	slices.SortFunc(x.byFingerprint, func(a, b int) int {
		return cmp.Or(strings.Compare(findings[a].Fingerprint, findings[b].Fingerprint), a-b)
	})
	x.lengths = slices.Sorted(maps.Keys(lengths))
	return x
}

// Like returns the places of the findings that a dispatch or a verification means by
// f: those with its id and fingerprint, else with its fingerprint, rule and file, else
// with its fingerprint. One that was recorded without a fingerprint has no line to
// compute it from, and is known by id, rule and file.
func (x *FindingIndex) Like(f telemetry.Finding) []int {
	sameRule := func(g telemetry.Finding) bool { return g.Rule == f.Rule && (f.File == "" || g.File == f.File) }
	id := telemetry.IssueKey(f.IssueID)
	if f.Line == 0 && f.Fingerprint == telemetry.ComputedFingerprint(f) {
		return x.those(x.byID[id], sameRule)
	}
	same := x.sameFingerprint(f.Fingerprint)
	if id != "" {
		if named := x.those(same, func(g telemetry.Finding) bool { return telemetry.IssueKey(g.IssueID) == id }); len(named) > 0 {
			return named
		}
	}
	if ruled := x.those(same, sameRule); len(ruled) > 0 {
		return ruled
	}
	return same
}

func (x *FindingIndex) those(places []int, fit func(telemetry.Finding) bool) (fitting []int) {
	for _, i := range places {
		if fit(x.findings[i]) {
			fitting = append(fitting, i)
		}
	}
	return fitting
}

// sameFingerprint returns the places, in order, of the findings whose fingerprint
// is equal to fingerprint (see SameFingerprint).
func (x *FindingIndex) sameFingerprint(fingerprint string) []int {
	var places []int
	from := func(text string) int {
		at, _ := slices.BinarySearchFunc(x.byFingerprint, text, func(i int, text string) int {
			return strings.Compare(x.findings[i].Fingerprint, text)
		})
		return at
	}
	for _, n := range x.lengths {
		if n < telemetry.FingerprintPrefix || n >= len(fingerprint) {
			continue
		}
		for _, i := range x.byFingerprint[from(fingerprint[:n]):] {
			if x.findings[i].Fingerprint != fingerprint[:n] {
				break
			}
			places = append(places, i)
		}
	}
	for _, i := range x.byFingerprint[from(fingerprint):] { // those that begin with fingerprint stand behind it
		if found := x.findings[i].Fingerprint; !strings.HasPrefix(found, fingerprint) || !telemetry.SameFingerprint(found, fingerprint) {
			break
		}
		places = append(places, i)
	}
	slices.Sort(places)
	return places
}
