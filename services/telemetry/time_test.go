package telemetry_test

import (
	"encoding/json"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

func TestTimeInJSON(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		time time.Time
		want string
	}{
		"none":            {time.Time{}, `null`},
		"whole seconds":   {noon, `"2026-03-01T12:00:00Z"`},
		"milliseconds":    {noon.Add(120 * time.Millisecond), `"2026-03-01T12:00:00.120Z"`},
		"of another zone": {noon.In(time.FixedZone("", 3600)), `"2026-03-01T12:00:00Z"`},
	} {
		got, err := json.Marshal(telemetry.At(tc.time))
		if err != nil || string(got) != tc.want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, tc.want)
		}
		var back telemetry.Time
		if err := json.Unmarshal(got, &back); err != nil || !back.Equal(tc.time) {
			t.Errorf("%s: read back as %v, %v, want %v", name, back, err, tc.time)
		}
	}
}

func TestTimeFromAColumn(t *testing.T) {
	for _, tc := range []struct {
		column any
		want   time.Time
		fails  bool
	}{
		{column: nil},
		{column: int64(0)},
		{column: int64(1772366400120), want: time.Date(2026, 3, 1, 12, 0, 0, 120e6, time.UTC)},
		{column: "2026-03-01", fails: true},
	} {
		got := telemetry.At(time.Unix(1, 0)) // of the row before
		if err := got.Scan(tc.column); (err != nil) != tc.fails || got.Time != tc.want {
			t.Errorf("%v: %v, %v, want %v", tc.column, got, err, tc.want)
		}
	}
}
