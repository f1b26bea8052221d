package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestSaveSource: a row tells the last good reading and the first failure
// since, with what went wrong last.
func TestSaveSource(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		at := func(minute int) time.Time { return time.Date(2026, 5, 14, 10, minute, 0, 0, time.UTC) }
		down := telemetry.SourceStatus{Name: "runs", Error: "GitHub is down.", Code: telemetry.CodeUpstreamDown}
		failed := func(minute int) telemetry.SourceStatus {
			st := down
			st.FailedAt = telemetry.At(at(minute))
			return st
		}
		before := s.Versions()
		limited := telemetry.SourceStatus{Name: "runs", FailedAt: telemetry.At(at(4)), RetryAt: telemetry.At(at(40)), Error: "Slow down.", Code: telemetry.CodeRateLimited}
		for i, step := range []struct{ save, want telemetry.SourceStatus }{
			{failed(1), failed(1)},
			{telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(at(2))}, telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(at(2))}},
			{failed(3), telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(at(2)), FailedAt: telemetry.At(at(3)), Error: down.Error, Code: down.Code}},
			{limited, telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(at(2)), FailedAt: telemetry.At(at(3)), RetryAt: telemetry.At(at(40)), Error: "Slow down.", Code: telemetry.CodeRateLimited}},
			{failed(5), telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(at(2)), FailedAt: telemetry.At(at(3)), Error: down.Error, Code: down.Code}},
			{telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(at(6))}, telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(at(6))}},
			{failed(7), telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(at(6)), FailedAt: telemetry.At(at(7)), Error: down.Error, Code: down.Code}},
		} {
			if err := s.SaveSource(t.Context(), step.save); err != nil {
				t.Fatal(err)
			}
			got, err := s.Sources(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]telemetry.SourceStatus{step.want}, got); diff != "" {
				t.Errorf("step %d: -want +got\n%s", i, diff)
			}
		}
		if diff := cmp.Diff(before, s.Versions()); diff != "" {
			t.Errorf("a reading that changed nothing raised versions: %s", diff)
		}
	})
}
