package lists_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestExportOfAPastTime: a file of a past time has the rows of its list, all
// of them once and in its order, however many.
func TestExportOfAPastTime(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		var findings []string
		for i := range 1203 {
			findings = append(findings, fmt.Sprintf("rule%d f%d.go %d %020x", i%7, i%50, i+1, i+1))
		}
		storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-03-01T00:00:00Z", Findings: findings}.File("1.json"),
			storetest.ScanRecord{Repo: "o/r", Run: 2, At: "2026-03-02T00:00:00Z", Findings: findings[:900]}.File("2.json"),
			storetest.ScanRecord{Repo: "o/r", Run: 3, At: "2026-03-03T00:00:00Z", Findings: findings[:700]}.File("3.json"))
		for _, p := range []query.Page{{}, {Sort: "repo"}, {Sort: "severity", Order: "desc"}} {
			a := query.Ask{AsOf: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Page: p}
			var got []telemetry.IssueRow
			err := lists.Issues(s.Store).Each(t.Context(), a, func(rows []telemetry.IssueRow) error {
				got = append(got, rows...)
				return nil
			})
			want, wantErr := lists.Issues(s.Store).Rows(t.Context(), a)
			if err != nil || wantErr != nil || len(got) != 1203 || want.Total != 1203 || !reflect.DeepEqual(got, want.Items) {
				t.Errorf("sort %q: %d rows in the file, %d of %d in the list (%v, %v)", p.Sort, len(got), len(want.Items), want.Total, err, wantErr)
			}
		}
	})
}
