package notify_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/telemetry"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestStepIsDecidedByTheClockOfTheRule(t *testing.T) {
	berlin := telemetry.NotifyRule{On: true, Zone: "Europe/Berlin", QuietFrom: "22:00", QuietTo: "07:00"}
	digest := telemetry.NotifyRule{On: true, Zone: "UTC", DigestAt: "08:00", NextAt: telemetry.At(at(t, "2026-03-10T08:00:00Z"))}
	quietDigest := digest
	quietDigest.QuietFrom, quietDigest.QuietTo = "07:00", "09:00"
	off := berlin
	off.On = false
	day := telemetry.NotifyRule{On: true, Zone: "UTC", QuietFrom: "12:00", QuietTo: "13:00"}
	for name, c := range map[string]struct {
		rule    telemetry.NotifyRule
		pending int64
		now     string
		want    telemetry.NotifyStep
	}{
		"nothing to tell":               {berlin, 0, "2026-03-10T12:00:00Z", telemetry.NotifyNothing},
		"one":                           {berlin, 1, "2026-03-10T12:00:00Z", telemetry.NotifyEach},
		"as many as at once":            {berlin, 20, "2026-03-10T12:00:00Z", telemetry.NotifyEach},
		"more":                          {berlin, 21, "2026-03-10T12:00:00Z", telemetry.NotifyTogether},
		"switched off":                  {off, 1, "2026-03-10T12:00:00Z", telemetry.NotifyNothing},
		"before quiet hours":            {berlin, 1, "2026-03-10T20:59:00Z", telemetry.NotifyEach},
		"in quiet hours":                {berlin, 1, "2026-03-10T21:00:00Z", telemetry.NotifyNothing},
		"after midnight":                {berlin, 1, "2026-03-11T05:59:00Z", telemetry.NotifyNothing},
		"at their end":                  {berlin, 1, "2026-03-11T06:00:00Z", telemetry.NotifyEach},
		"before they end, in summer":    {berlin, 1, "2026-03-29T04:59:00Z", telemetry.NotifyNothing},
		"at their end, in summer":       {berlin, 1, "2026-03-29T05:00:00Z", telemetry.NotifyEach},
		"at their end, in winter again": {berlin, 1, "2026-10-25T06:00:00Z", telemetry.NotifyEach},
		"before their end, in winter":   {berlin, 1, "2026-10-25T05:30:00Z", telemetry.NotifyNothing},
		"quiet hours within a day":      {day, 1, "2026-03-10T12:30:00Z", telemetry.NotifyNothing},
		"digest before its time":        {digest, 5000, "2026-03-10T07:59:59Z", telemetry.NotifyNothing},
		"digest":                        {digest, 5000, "2026-03-10T08:00:00Z", telemetry.NotifyDigest},
		"digest in quiet hours":         {quietDigest, 1, "2026-03-10T08:00:00Z", telemetry.NotifyNothing},
		"digest at the end of such":     {quietDigest, 1, "2026-03-10T09:00:00Z", telemetry.NotifyDigest},
	} {
		if got := (notify.Plan{}).Step(c.rule, c.pending, at(t, c.now)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestDigestIsDueOnceADay also where the clock skips its time of day, or shows it twice.
func TestDigestIsDueOnceADay(t *testing.T) {
	for name, c := range map[string]struct{ zone, clock, after, want string }{
		"later today":                {"UTC", "08:00", "2026-03-10T07:00:00Z", "2026-03-10T08:00:00Z"},
		"tomorrow":                   {"UTC", "08:00", "2026-03-10T08:00:00Z", "2026-03-11T08:00:00Z"},
		"before summer time":         {"Europe/Berlin", "08:00", "2026-03-28T12:00:00Z", "2026-03-29T06:00:00Z"},
		"before winter time":         {"Europe/Berlin", "08:00", "2026-10-24T12:00:00Z", "2026-10-25T07:00:00Z"},
		"a time that is skipped":     {"Europe/Berlin", "02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
		"a time that comes twice":    {"Europe/Berlin", "02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"},
		"and not the second one":     {"Europe/Berlin", "02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"},
		"the other side of midnight": {"Pacific/Auckland", "08:00", "2026-03-10T12:00:00Z", "2026-03-10T19:00:00Z"},
		"across the year":            {"UTC", "00:00", "2026-12-31T12:00:00Z", "2027-01-01T00:00:00Z"},
	} {
		r := telemetry.NotifyRule{Zone: c.zone, DigestAt: c.clock}
		if got := (notify.Plan{}).NextDigest(r, at(t, c.after)).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
