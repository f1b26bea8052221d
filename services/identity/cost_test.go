package identity

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// crowd makes the findings of a scan that are hard to tell apart. scan counts
// from 0.
type crowd struct {
	name    string
	finding func(n, k, scan int) telemetry.Finding
}

// crowds are records made to cost much: what one of them has in common for
// all findings would be looked at once for each pair.
func crowds() []crowd {
	const prefix = "0123456789abcdef"
	digits := func(k int) string { return prefix + fmt.Sprintf("%06x", uint32(k)*2654435761>>8) }
	chain := func(k int) string { return prefix + fmt.Sprintf("%0280d", 0)[:k%281] }
	return []crowd{
		{"prints that begin alike, lines shuffled", func(n, k, scan int) telemetry.Finding {
			return telemetry.Finding{Fingerprint: digits(k + scan*n/2), Rule: "r", File: "x", Line: int64(k * 7919 % n)}
		}},
		{"short prints after long ones", func(n, k, scan int) telemetry.Finding {
			if scan%2 == 1 {
				return telemetry.Finding{Fingerprint: prefix, Rule: "s", File: "y", Line: int64(k * 7919 % n)}
			}
			return telemetry.Finding{Fingerprint: digits(k), Rule: "r", File: "x", Line: 1}
		}},
		{"one short print among long ones", func(n, k, scan int) telemetry.Finding {
			if k == n/2 {
				return telemetry.Finding{Fingerprint: prefix, Rule: "r", File: "x", Line: int64(scan)}
			}
			return telemetry.Finding{Fingerprint: digits(k + scan*n), Rule: "r", File: "x", Line: int64(k)}
		}},
		{"prints each the beginning of the next", func(n, k, scan int) telemetry.Finding {
			return telemetry.Finding{Fingerprint: chain(k*7919 + scan), Rule: fmt.Sprint("r", scan), File: "x", Line: int64(k * 104729 % n)}
		}},
		{"prints cut to many lengths", func(n, k, scan int) telemetry.Finding {
			return telemetry.Finding{Fingerprint: digits(k)[:16+(k+scan)%7], Rule: fmt.Sprint("r", scan), File: fmt.Sprint(k % 3), Line: int64(k)}
		}},
		{"one rule and file, prints all new", func(n, k, scan int) telemetry.Finding {
			return telemetry.Finding{Fingerprint: fmt.Sprintf("%020d", k+scan*n), Rule: "r", File: "x", Line: int64((k*7919 + scan*13) % (3 * n))}
		}},
		{"one print, lines apart", func(n, k, scan int) telemetry.Finding {
			return telemetry.Finding{Fingerprint: digits(1), Rule: "r", File: "x", Line: int64(k + scan*2*n)}
		}},
		{"all the same", func(int, int, int) telemetry.Finding {
			return telemetry.Finding{Fingerprint: digits(1), Rule: "r", File: "x", Line: 3}
		}},
		{"one line", func(n, k, scan int) telemetry.Finding {
			return telemetry.Finding{Fingerprint: digits(k*(1+scan) + scan), Rule: "r", File: "x", Line: 3}
		}},
		{"one print, rules and files all new", func(n, k, scan int) telemetry.Finding {
			return telemetry.Finding{Fingerprint: digits(1), Rule: fmt.Sprint(k + scan), File: fmt.Sprint(k * (scan + 1)), Line: int64(k)}
		}},
	}
}

// costOf applies a history of n findings a scan: grown, found again, closed,
// reopened; and each of the last ones twice. It returns comparisons and bytes.
func costOf(t *testing.T, c crowd, n int) (steps, bytes float64) {
	t.Helper()
	findings := func(scan, n int) []telemetry.Finding {
		list := make([]telemetry.Finding, n)
		for k := range list {
			list[k] = c.finding(n, k, scan)
		}
		rand.New(rand.NewPCG(1, uint64(scan))).Shuffle(n, func(a, b int) { list[a], list[b] = list[b], list[a] })
		return list
	}
	scans := placed(full(findings(0, n)), full(findings(1, n)), full(slices.Concat(findings(0, n), findings(1, n))),
		accepted(nil), full(findings(1, n/2)), full(findings(2, n)), full(findings(2, 3)), full(findings(0, n)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l := &Ledger{Repo: "o/r"}
	for _, s := range scans {
		if _, err := l.Apply(s); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if len(l.Open) < n {
		t.Fatalf("%d are open of %d", len(l.Open), n)
	}
	return float64(l.steps), float64(after.TotalAlloc - before.TotalAlloc)
}

// TestFoldingIsNearLinear: eight times the findings cost about eight times
// as much (64 times would be quadratic), in comparisons and in memory, however
// much they have in common.
func TestFoldingIsNearLinear(t *testing.T) {
	const times = 8
	few := testsize.Of(t, "findings", 300, 800)
	for _, c := range crowds() {
		t.Run(c.name, func(t *testing.T) {
			steps, bytes := costOf(t, c, few)
			manySteps, manyBytes := costOf(t, c, few*times)
			if limit := times * 2.0; manySteps > limit*steps || manyBytes > limit*bytes {
				t.Errorf("%d times the findings: comparisons %.0f → %.0f (× %.1f), bytes %.0f → %.0f (× %.1f)",
					times, steps, manySteps, manySteps/steps, bytes, manyBytes, manyBytes/bytes)
			}
			if manySteps > float64(400*few*times) {
				t.Errorf("%.0f comparisons a finding", manySteps/float64(few*times))
			}
		})
	}
}
