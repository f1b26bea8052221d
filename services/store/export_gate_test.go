package store_test

import (
	"context"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// TestExportsLeaveReadersToPages: however many downloads are open, pages are
// read; and each download ends.
func TestExportsLeaveReadersToPages(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store) {
		put(t, s, tinyHistory()...)
		const open = 40
		held, ended := make(chan struct{}), make(chan error, open)
		for range open {
			go func() {
				ended <- s.EachIssue(t.Context(), telemetry.IssueFilter{}, telemetry.Page{}, func([]telemetry.IssueRow) error {
					<-held
					return nil
				})
			}()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for range 20 {
			if _, err := s.Totals(ctx); err != nil {
				t.Fatal(err)
			}
		}
		close(held)
		for range open {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}
