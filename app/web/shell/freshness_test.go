package shell

import (
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// TestSourceNote: a part of the strip is late after three of its intervals,
// and failed with its cause whatever its age (docs/rules.md#freshness).
func TestSourceNote(t *testing.T) {
	now := time.Date(2026, 5, 14, 14, 32, 0, 0, time.UTC)
	w := &Shell{
		Now:      func() time.Time { return now },
		Settings: Settings{RefreshInterval: 5 * time.Minute, PollInterval: 15 * time.Second},
	}
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, test := range []struct {
		told  string
		s     telemetry.SourceStatus
		tone  parts.Tone
		cause string
	}{
		{"in time", telemetry.SourceStatus{Name: "sessions", OKAt: ago(45 * time.Second)}, "", ""},
		{"late", telemetry.SourceStatus{Name: "sessions", OKAt: ago(46 * time.Second)}, parts.Attention, "usually every 15 s"},
		{"its own interval", telemetry.SourceStatus{Name: "runs", OKAt: ago(15 * time.Minute)}, "", ""},
		{"late by its own", telemetry.SourceStatus{Name: "pulls", OKAt: ago(16 * time.Minute)}, parts.Attention, "usually every 5 min"},
		{"failed", telemetry.SourceStatus{Name: "pulls", OKAt: ago(time.Second), FailedAt: now, Code: telemetry.CodeUpstreamTimeout}, parts.Danger, "timed out"},
		{"not writable", telemetry.SourceStatus{Name: "database", FailedAt: now, Code: telemetry.CodeUnavailable}, parts.Danger, "not writable"},
		{"refused", telemetry.SourceStatus{Name: "runs", FailedAt: now, Code: telemetry.CodeUpstreamToken}, parts.Danger, "token refused"},
	} {
		if got := w.sourceNote(test.s); got.Tone != test.tone || got.Cause != test.cause {
			t.Errorf("%s: %q, %q; want %q, %q", test.told, got.Tone, got.Cause, test.tone, test.cause)
		}
	}
	w.Settings.PollInterval = 0 // only when asked: never late
	if got := w.sourceNote(telemetry.SourceStatus{Name: "sessions", OKAt: ago(24 * time.Hour)}); got.Tone != "" {
		t.Errorf("without an interval it is %q", got.Tone)
	}
}
