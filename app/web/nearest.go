package web

import (
	"cmp"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// farMost is how many letters off a near match may be.
const farMost = 6

// nearMost is how many near matches a page offers.
const nearMost = 5

// nearest returns the names that a mistyped "owner/name" may have meant,
// the nearest first: those that share the repository's name or hold it, and
// those a few letters away.
func nearest(wanted string, names []string) []string {
	type match struct {
		name string
		far  int
	}
	wanted = strings.ToLower(wanted)
	_, short, _ := strings.Cut(wanted, "/")
	var found []match
	for _, name := range names {
		lower := strings.ToLower(name)
		_, own, _ := strings.Cut(lower, "/")
		far := min(telemetry.Distance(wanted, lower), telemetry.Distance(short, own)+1)
		if short != "" && strings.Contains(own, short) {
			far = min(far, 2)
		}
		if short != "" && far <= min(max(2, len(short)/3), farMost) {
			found = append(found, match{name, far})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.name, b.name)) })
	var out []string
	for _, m := range found[:min(nearMost, len(found))] {
		out = append(out, m.name)
	}
	return out
}
