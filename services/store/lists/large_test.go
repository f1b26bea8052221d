package lists_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestLargeRecords: an answer never holds more than some megabytes of
// records: who asks for more gets an error, a page that shows none is not concerned,
// and a download reads a few at a time.
func TestLargeRecords(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		const count = 10
		padding := `,"padding":"` + strings.Repeat("x", 8<<20) + `"}`
		for n := 1; n <= count; n++ {
			f := storetest.TinyScan(int64(n), fmt.Sprintf("2026-03-%02dT10:00:00Z", n), 0, []string{"A high xss"})
			storetest.Put(t, s, storetest.Fetched(f.Name, append(bytes.TrimSuffix(bytes.TrimSpace(f.Body), []byte("}")), padding...)))
		}
		page := query.Page{Number: 1, Size: 200}
		if _, err := lists.Runs(s.Store).Rows(t.Context(), query.Ask{Page: page}); telemetry.CodeOf(err) != telemetry.CodeTooLarge || !strings.Contains(err.Error(), "per_page") {
			t.Errorf("80 MB of records at once: %v", err)
		}
		list, err := lists.Runs(s.Store).Rows(t.Context(), query.Ask{Brief: true, Page: page})
		if err != nil || len(list.Items) != count || list.Items[0].Item != nil {
			t.Errorf("without records: %d rows, %v", len(list.Items), err)
		}
		list, err = lists.Runs(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Number: 2, Size: 5}})
		if err != nil || len(list.Items) != 5 || len(list.Items[0].Item) < 8<<20 {
			t.Errorf("five at once: %d rows, %v", len(list.Items), err)
		}
		most, rows := 0, 0
		err = lists.Runs(s.Store).Each(t.Context(), query.Ask{Page: page}, func(some []telemetry.RunRow) error {
			size := 0
			for _, r := range some {
				size += len(r.Item)
			}
			most, rows = max(most, size), rows+len(some)
			return nil
		})
		if err != nil || rows != count || most > 72<<20 {
			t.Errorf("a download has %d rows, %d bytes at once: %v", rows, most, err)
		}
	})
}
