package telemetry_test

import (
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

func TestQuantile(t *testing.T) {
	for _, test := range []struct {
		numbers []int64
		q       float64
		want    int64
	}{
		{nil, 0.5, 0}, {[]int64{7}, 0.5, 7}, {[]int64{7}, 0.9, 7}, {[]int64{1, 3}, 0.5, 2}, {[]int64{1, 2, 9}, 0.5, 2}, {[]int64{1, 2, 9}, 0.9, 9},
		{[]int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.9, 9}, {[]int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 0.5, 5}, {[]int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 1, 10},
	} {
		if got := telemetry.Quantile(test.numbers, test.q); got != test.want {
			t.Errorf("the %v quantile of %v is %d, want %d", test.q, test.numbers, got, test.want)
		}
	}
}

func TestMonday(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-02T00:00:00Z": "2026-03-02", "2026-03-08T23:59:59Z": "2026-03-02", "2026-03-09T00:30:00+02:00": "2026-03-02", "2026-01-01T12:00:00Z": "2025-12-29", "1969-12-31T23:00:00Z": "1969-12-29",
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := telemetry.Monday(at).Format(time.DateOnly); got != want {
			t.Errorf("the week of %s begins on %s, want %s", text, got, want)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	until := time.Date(2026, 3, 12, 23, 30, 0, 0, time.FixedZone("", -2*60*60)) // 13 March in UTC
	for name, since := range map[string]string{"7d": "2026-03-07", "30d": "2026-02-12", "": "2026-02-12", "90d": "2025-12-14", "all": "0001-01-01"} {
		p, err := telemetry.ParsePeriod(name, until)
		if err != nil || p.Since.Format(time.DateOnly) != since || !p.Until.Equal(until) {
			t.Errorf("%q: %+v %v, want from %s", name, p, err, since)
		}
	}
	_, err := telemetry.ParsePeriod("14d", until)
	if telemetry.CodeOf(err) != telemetry.CodeInvalid || !strings.Contains(err.Error(), "7d, 30d, 90d, all") {
		t.Errorf("14d: %v", err)
	}
}
