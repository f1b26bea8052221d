package telemetry_test

import (
	"fmt"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// TestWhetherACampaignSends: at once, when its next turn comes, when a limit is
// renewed, when somebody does something, or not before it is switched on again.
func TestWhetherACampaignSends(t *testing.T) {
	now := time.Date(2026, 3, 10, 13, 20, 0, 0, time.UTC) // in the third of four parts of the day
	slot := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	const waits, stopped = "waiting", "stopped"
	for name, c := range map[string]struct {
		change func(f *telemetry.AutoSendFacts)
		state  string
		next   string // "" = nobody knows
		reason string
	}{
		"nothing keeps it": {func(*telemetry.AutoSendFacts) {}, "sending", "", "The next batch is sent within a minute."},
		"off":              {func(f *telemetry.AutoSendFacts) { f.PerDay = 0 }, "off", "", "It does not send by itself."},
		"closed":           {func(f *telemetry.AutoSendFacts) { f.ClosedAt = telemetry.At(now) }, "off", "", "The campaign is closed."},
		"stopped before":   {func(f *telemetry.AutoSendFacts) { f.Stopped = "Why." }, stopped, "", "Why."},
		"the switch": {func(f *telemetry.AutoSendFacts) { f.Switch = telemetry.SendSwitch{Stopped: true, By: "mona"} }, stopped, "",
			"All automatic sending was stopped by mona."},
		"no key":       {func(f *telemetry.AutoSendFacts) { f.Off = "DEVIN_API_KEY is not set." }, waits, "", "DEVIN_API_KEY is not set."},
		"nothing left": {func(f *telemetry.AutoSendFacts) { f.Sendable = 0 }, waits, "", "Nothing is left to send."},
		"at the floor": {func(f *telemetry.AutoSendFacts) {
			f.Attempts = telemetry.CampaignAttempts{Ended: 10, Issues: 20, Gone: 6}
		}, "sending", "", "The next batch is sent within a minute."},
		"nine of nothing": {func(f *telemetry.AutoSendFacts) { f.Attempts = telemetry.CampaignAttempts{Ended: 9, Issues: 20} }, "sending", "", "The next batch is sent within a minute."},
		"under the floor": {func(f *telemetry.AutoSendFacts) {
			f.Attempts = telemetry.CampaignAttempts{Ended: 10, Issues: 20, Gone: 5}
		}, stopped, "",
			"The odds are 25 % in the last 10 attempts (5 of 20 issues gone), under the floor of 30 %. It stays stopped until somebody switches it on again."},
		"sessions are spent": {func(f *telemetry.AutoSendFacts) { f.MaxSessions, f.Use.Sessions = 8, 8 }, waits, "",
			"The budget is spent: 8 of 8 sessions are used."},
		"ACUs are spent": {func(f *telemetry.AutoSendFacts) {
			f.MaxACUs, f.Use = 60, telemetry.CampaignUse{MilliACU: 41500, Reserved: 14000}
		}, waits, "", "The budget has no room for another session of up to 5 ACUs: 41.5 of 60 ACUs, and sessions under way may use 14 more."},
		"ACUs for one more": {func(f *telemetry.AutoSendFacts) {
			f.MaxACUs, f.Use = 60, telemetry.CampaignUse{MilliACU: 41000, Reserved: 14000}
		}, "sending", "", "The next batch is sent within a minute."},
		"too many before ten have ended": {func(f *telemetry.AutoSendFacts) { f.Attempts = telemetry.CampaignAttempts{Ended: 9, Running: 5} }, waits, "",
			"5 of its sessions have not ended. It sends no more than 5 at a time until 10 have ended."},
		"as many after": {func(f *telemetry.AutoSendFacts) {
			f.Attempts = telemetry.CampaignAttempts{Ended: 10, Issues: 10, Gone: 10, Running: 50}
		}, "sending", "", "The next batch is sent within a minute."},
		"the limit of a day": {func(f *telemetry.AutoSendFacts) { f.Today = 20 }, waits, "2026-03-11 00:00:00",
			"The limit of a day is reached: 20 of 20 sessions (MAX_SESSIONS_PER_DAY)."},
		"no limit of a day": {func(f *telemetry.AutoSendFacts) { f.Today, f.Most = 99, 0 }, "sending", "", "The next batch is sent within a minute."},
		"its own day":       {func(f *telemetry.AutoSendFacts) { f.SentToday = 4 }, waits, "2026-03-11 00:00:00", "It has started as many sessions as it may today: 4 of 4."},
		"this part of the day": {func(f *telemetry.AutoSendFacts) { f.LastSlot = slot }, waits, "2026-03-10 18:00:00",
			"It has sent, and waits for its next turn."},
		"the last failed": {func(f *telemetry.AutoSendFacts) {
			f.LastSlot, f.LastState, f.LastError = slot, telemetry.BatchFailed, "Devin refused."
		}, waits, "2026-03-10 18:00:00",
			"The last send failed: Devin refused."},
		"the last is not known": {func(f *telemetry.AutoSendFacts) { f.LastSlot, f.LastState = slot, telemetry.BatchUnknown }, waits, "2026-03-10 18:00:00",
			"It is not known whether the last session was started: it is looked for by its tag."},
		"a later part, of more a day before": {func(f *telemetry.AutoSendFacts) { f.LastSlot = slot.Add(time.Hour) }, waits, "2026-03-10 18:00:00",
			"It has sent, and waits for its next turn."},
		"the clock was ahead": {func(f *telemetry.AutoSendFacts) { f.LastSlot = slot.Add(6 * time.Hour) }, waits, "2026-03-11 00:00:00",
			"It has sent, and waits for its next turn."},
		"two failed": {func(f *telemetry.AutoSendFacts) { f.Failing = 2 }, "sending", "", "The next batch is sent within a minute."},
		"three failed": {func(f *telemetry.AutoSendFacts) {
			f.LastSlot, f.LastState, f.LastError, f.Failing = slot, telemetry.BatchFailed, "Devin refused.", 3
		}, stopped, "", "Its last 3 batches did not start a session, or it is not known whether they did. The last send failed: Devin refused. " +
			"It stays stopped until somebody switches it on again."},
		"run files are old": {func(f *telemetry.AutoSendFacts) {
			f.Stale = telemetry.StaleRuns([]telemetry.SourceStatus{{Name: "runs", OKAt: telemetry.At(now.Add(-61 * time.Minute))}}, now)
		}, waits, "", "The run files have not been read for an hour. It sends once they have: somebody else may work on its issues."},
		"run files are new": {func(f *telemetry.AutoSendFacts) {
			f.Stale = telemetry.StaleRuns([]telemetry.SourceStatus{{Name: "runs", OKAt: telemetry.At(now.Add(-59 * time.Minute))}, {Name: "pulls"}}, now)
		}, "sending", "", "The next batch is sent within a minute."},
		"a note of a time to come": {func(f *telemetry.AutoSendFacts) { f.Note, f.NotedAt = "Nothing.", telemetry.At(now.Add(time.Hour)) }, "sending", "",
			"The next batch is sent within a minute."},
		"one before failed": {func(f *telemetry.AutoSendFacts) { f.LastSlot, f.LastError = slot.Add(-6*time.Hour), "Devin refused." }, "sending", "",
			"The next batch is sent within a minute."},
		"tried just now": {func(f *telemetry.AutoSendFacts) {
			f.Note, f.NotedAt = "Nothing can be sent now.", telemetry.At(now.Add(-9*time.Minute))
		}, waits, "2026-03-10 13:21:00", "Nothing can be sent now."},
		"tried a while ago": {func(f *telemetry.AutoSendFacts) {
			f.Note, f.NotedAt = "Nothing can be sent now.", telemetry.At(now.Add(-10*time.Minute))
		}, "sending", "", "The next batch is sent within a minute."},
	} {
		t.Run(name, func(t *testing.T) {
			f := telemetry.AutoSendFacts{Most: 20, Each: 5, Sendable: 7}
			f.AutoSend = telemetry.AutoSend{PerDay: 4, Floor: 30}
			c.change(&f)
			s := f.State(now)
			next := ""
			if !s.NextAt.IsZero() {
				next = s.NextAt.Format(time.DateTime)
			}
			if string(s.State) != c.state || next != c.next || s.Reason != c.reason {
				t.Errorf("%s, next %q: %s", s.State, next, s.Reason)
			}
			if s.State == telemetry.AutoSending && !s.Slot.Equal(slot) || s.State != telemetry.AutoSending && !s.Slot.IsZero() {
				t.Errorf("%s in the part from %s", s.State, s.Slot)
			}
			if s.Halt != (name == "under the floor" || name == "three failed") {
				t.Errorf("it is stopped for good: %v", s.Halt)
			}
		})
	}
}

// TestThePartsOfADay are as many as sessions, without a gap, and begin at midnight.
func TestThePartsOfADay(t *testing.T) {
	midnight := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	for _, perDay := range []int64{1, 2, 3, 7, 13, 100} {
		a := telemetry.AutoSend{PerDay: perDay}
		at, n := midnight, int64(0)
		for ; at.Before(midnight.Add(24 * time.Hour)); n++ {
			from, until := a.Slot(at)
			last, _ := a.Slot(until.Add(-time.Millisecond))
			if !from.Equal(at) || !until.After(at) || !last.Equal(at) {
				t.Fatalf("%d a day: at %s from %s until %s, whose end is of %s", perDay, at, from, until, last)
			}
			at = until
		}
		if n != perDay || !at.Equal(midnight.Add(24*time.Hour)) {
			t.Errorf("%d parts for %d sessions, the last until %s", n, perDay, at)
		}
	}
}

// TestRoomOfABudget: as many sessions as its sessions and its ACUs have room for.
func TestRoomOfABudget(t *testing.T) {
	for _, c := range []struct {
		sessions, acus, each int64
		use                  telemetry.CampaignUse
		want                 int64
	}{
		{0, 0, 5, telemetry.CampaignUse{Sessions: 90, MilliACU: 90_000}, -1},
		{8, 0, 5, telemetry.CampaignUse{Sessions: 5}, 3},
		{8, 0, 5, telemetry.CampaignUse{Sessions: 9}, 0},
		{8, 60, 5, telemetry.CampaignUse{Sessions: 5, MilliACU: 40_000, Reserved: 9_000}, 2},
		{0, 60, 5, telemetry.CampaignUse{MilliACU: 55_001}, 0},
		{0, 60, 0, telemetry.CampaignUse{MilliACU: 59_999}, 1},
		{0, 60, 0, telemetry.CampaignUse{MilliACU: 60_000}, 0},
	} {
		of := telemetry.Campaign{MaxSessions: c.sessions, MaxACUs: c.acus}
		if got := c.use.Room(of, c.each); got != c.want {
			t.Errorf("%s: room for %d of %d ACUs, want %d", fmt.Sprint(c.use), got, c.each, c.want)
		}
	}
}
