package telemetry

import (
	"testing"
	"time"
)

func TestByInterval(t *testing.T) {
	for every, want := range map[time.Duration]StartedBy{
		15 * time.Second:        "automatically, every 15 s",
		1500 * time.Millisecond: "automatically, every 1.5 s",
		5 * time.Minute:         "automatically, every 5 min",
		90 * time.Second:        "automatically, every 90 s",
		2 * time.Hour:           "automatically, every 2 h",
	} {
		if got := ByInterval(every); got != want {
			t.Errorf("%v: %q, want %q", every, got, want)
		}
	}
}
