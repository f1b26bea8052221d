package lists_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestExportsLeaveReadersToPages: more downloads than there are readers read
// at the same time and do not come to an end; a page is read nevertheless, a
// further download waits, and all of them end.
func TestExportsLeaveReadersToPages(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		const open, mostExports = 40, 4
		release, ended := make(chan struct{}), make(chan error, open)
		reading := make(chan struct{}, open)
		for range open {
			go func() {
				ended <- s.ReadForExport(t.Context(), time.Time{}, nil, func(*store.Tx) error {
					reading <- struct{}{}
					<-release
					return nil
				})
			}()
		}
		for range mostExports {
			<-reading
		}
		patient, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		issues := lists.Issues(s.Store)
		for range 20 {
			if _, err := issues.Rows(patient, query.Ask{Page: query.Page{Number: 1, Size: 10}}); err != nil {
				t.Fatalf("a page beside the downloads: %v", err)
			}
		}
		waits, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := issues.Each(waits, query.Ask{}, func([]telemetry.IssueRow) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one more download: %v; want that it waits", err)
		}
		close(release)
		for range open {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}
