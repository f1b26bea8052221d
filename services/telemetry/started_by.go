package telemetry

import (
	"fmt"
	"strings"
	"time"
)

// StartedBy is what asked for a job, a reply, a dispatch or an accepted scan: no name,
// since there are no accounts. "" was stored before this was kept.
type StartedBy string

// MarshalJSON implements json.Marshaler: "" is null.
func (s StartedBy) MarshalJSON() ([]byte, error) { return textOrNull(string(s)) }

const automatically = "automatically"

// What can ask for something.
const (
	ByPage  StartedBy = "a page"
	ByAPI   StartedBy = "the API"
	ByStart StartedBy = automatically + ", at start"

	ByWebhook StartedBy = "a webhook"
)

// Person reports whether somebody asked, and waits for it.
func (s StartedBy) Person() bool { return s == ByPage || s == ByAPI }

// ByInterval is a loop that runs at each interval.
func ByInterval(every time.Duration) StartedBy {
	return StartedBy(automatically + ", every " + SpanText(every))
}

// Automatic reports whether no person waits for what was started.
func (s StartedBy) Automatic() bool {
	return s == ByWebhook || strings.HasPrefix(string(s), automatically)
}

// SpanText is a duration as a setting says it: "15 s", "5 min", "2 h".
func SpanText(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", int(d.Hours()))
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%g s", d.Seconds())
}
