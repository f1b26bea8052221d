package derive_test

import (
	"fmt"
	"strings"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestRecordThatMeansEverything: where each finding of a verification means
// each of a scan, those beyond the bound are counted as found nowhere.
func TestRecordThatMeansEverything(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		const same, named = 1000, telemetry.MaxAttempts/1000 + 50
		scan := storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-03-01T00:00:00Z"}
		for line := range same {
			scan.Findings = append(scan.Findings, fmt.Sprintf("js/xss a.js %d aaaaaaaaaaaaaaaa", line))
		}
		var findings []string
		for n := range named {
			findings = append(findings, fmt.Sprintf(`{"id":"CQLF-R9-%d","fingerprint":"aaaaaaaaaaaaaaaabbbb","rule_id":"js/xss","file":"a.js"}`, n))
		}
		storetest.Put(t, s, scan.File("1.json"), storetest.Fetched("v.json", []byte(`{"verified_at":"2026-03-02T00:00:00Z","source_run_number":"1",
			"summary":{"total_targeted":1},"verified_fixed":[`+strings.Join(findings, ",")+`]}`)))
		list, err := lists.Verifications(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Size: 5}})
		if err != nil || len(list.Items) != 1 {
			t.Fatal(list.Items, err)
		}
		if v := list.Items[0]; v.Unmatched != 50 || v.StillThere != same {
			t.Errorf("%d were found nowhere, want 50; %d are still there, want %d", v.Unmatched, v.StillThere, same)
		}
	})
}
