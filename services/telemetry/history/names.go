package history

import (
	"fmt"
	"time"
)

// profile is what sets a demo repository apart from the others.
type profile struct {
	name            string // "owner/name"
	fork            string // where Devin pushes, "" for the target itself
	language        string
	base            int           // open issues at the start
	scans           int           // in the default span
	sessions        float64       // sessions a scan
	withoutFindings bool          // its action version writes no fingerprints
	quiet           time.Duration // its regular scans stop so long before End
	still           bool          // nothing starts a scan of it but the user
	relapse         float64       // share of its closed issues that come back, beyond the usual
}

const day = 24 * time.Hour

// profiles are the repositories of a demo. One is overdue (docs-site), one has
// no issue (mail-templates), one was last scanned in part (risk-engine, see
// cast), one names no findings (edge-proxy).
func profiles() []profile {
	return []profile{
		{name: "northwind/storefront", fork: "devin-forks/storefront", language: "js", base: 74, scans: 85, sessions: 0.35},
		{name: "northwind/claims-api", language: "java", base: 29, scans: 34, sessions: 0.4},
		{name: "northwind/patient-portal", language: "cs", base: 25, scans: 34, sessions: 0.3, relapse: 0.4},
		{name: "northwind/fhir-gateway", language: "go", base: 13, scans: 30, sessions: 0.25},
		{name: "harbor-pay/checkout-web", language: "js", base: 21, scans: 32, sessions: 0.35},
		{name: "harbor-pay/ledger", fork: "devin-forks/ledger", language: "go", base: 14, scans: 30, sessions: 0.25},
		{name: "harbor-pay/webhooks", language: "go", base: 11, scans: 28, sessions: 0.2},
		{name: "harbor-pay/risk-engine", language: "py", base: 52, scans: 24, sessions: 0.3, quiet: 30 * time.Hour, still: true},
		{name: "harbor-pay/backoffice", language: "cs", base: 9, scans: 18, sessions: 0.25},
		{name: "atlas-labs/docs-site", language: "js", base: 8, scans: 30, sessions: 0.2, quiet: 11 * day, still: true},
		{name: "atlas-labs/edge-proxy", language: "go", base: 9, scans: 14, sessions: 0.15, withoutFindings: true, still: true},
		{name: "atlas-labs/notebook-runner", language: "py", base: 10, scans: 20, sessions: 0.3},
		{name: "atlas-labs/identity-hub", language: "java", base: 13, scans: 20, sessions: 0.25},
		{name: "atlas-labs/mail-templates", language: "js", base: 0, scans: 12, still: true},
	}
}

// repoNames returns n different names of invented repositories.
func repoNames(d dice, n int) []string {
	owners := []string{
		"northwind", "harbor-pay", "atlas-labs", "bluefin-io", "cedar-health", "lumen-grid", "orchard-hq", "quayside",
		"redwood-data", "sable-systems", "tidewater", "umbra-sec", "vela-mobility", "willowbank", "zephyr-air",
		"granite-bank", "kestrel-ai", "meridian-log",
	}
	first := []string{
		"claims", "ledger", "portal", "checkout", "identity", "billing", "search", "catalog", "booking", "metrics",
		"gateway", "fleet", "notes", "inventory", "pricing", "payout", "tenant", "media", "consent", "forecast",
		"routing", "survey", "archive", "loyalty",
	}
	second := []string{
		"api", "web", "service", "worker", "hub", "engine", "admin", "client", "core", "proxy", "jobs", "sync", "ui",
		"relay", "store",
	}
	total := len(owners) * len(first) * len(second)
	names := make([]string, n)
	start := d.IntN(total)
	for i := range names {
		// The step shares no factor with the total, so that it meets every
		// combination before it meets one again.
		k := (start + i*1901) % total
		name := owners[k%len(owners)] + "/" + first[k/len(owners)%len(first)] + "-" + second[k/(len(owners)*len(first))]
		if round := i / total; round > 0 {
			name = fmt.Sprintf("%s-%d", name, round+1)
		}
		names[i] = name
	}
	return names
}
