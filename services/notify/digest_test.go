package notify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// TestTenThousandOverdueAreOneDigestAnOwner: whatever becomes overdue at once, an owner
// gets one message of bounded length when the digest is due, and none again.
func TestTenThousandOverdueAreOneDigestAnOwner(t *testing.T) {
	c := newClock()
	storetest.OnClock(t, c.now, func(t *testing.T, s *storetest.Store) {
		c.mu.Lock()
		c.at = storetest.Day("2026-03-10 12:00")
		c.mu.Unlock()
		smtp := newSMTP(t, func(int) string { return "" })
		told := service(t, s, c, func(o *notify.Options) { o.SMTPURL = "smtp://" + smtp.addr })
		issues := testsize.Of(t, "issues", 2000, 10_000)
		var findings []string
		for i := range issues {
			dir := []string{"pay", "web"}[i%2]
			findings = append(findings, fmt.Sprintf("js/r%d %s/f%d.js 1 %020x critical", i, dir, i, i+1<<40))
		}
		scan(t, s, 1, "2026-03-10", findings...)
		owners := telemetry.CodeownersFile{Path: "CODEOWNERS", Text: "/pay/ @acme/payments\n/web/ @acme/web\n"}
		if err := s.SaveCodeowners(t.Context(), "octo/shop", owners); err != nil {
			t.Fatal(err)
		}
		save(t, told, telemetry.NotifyRule{Event: telemetry.NotifyOverdue, Channel: telemetry.ChannelMail, Addresses: []string{"a@example.com"},
			DigestAt: "08:00", Zone: "Europe/Berlin"})
		for _, later := range []time.Duration{6 * 24 * time.Hour, 21 * time.Hour, 3 * time.Hour} { // 7 days: they are overdue at 11:00 in Berlin
			c.add(later)
			told.Turn(t.Context())
		}
		subjects, _ := smtp.taken()
		if len(subjects) != 0 {
			t.Fatalf("before the digest is due, sent %q", subjects)
		}
		c.add(19*time.Hour + 30*time.Minute) // 08:30 in Berlin
		told.Turn(t.Context())
		told.Turn(t.Context())
		subjects, _ = smtp.taken()
		slices.Sort(subjects)
		each, left := map[bool]string{true: "1,000", false: "5,000"}[issues == 2000], map[bool]string{true: "and 950 more", false: "and 4,950 more"}[issues == 2000]
		want := []string{each + " in your digest: issue overdue, for @acme/payments", each + " in your digest: issue overdue, for @acme/web"}
		if !slices.Equal(subjects, want) {
			t.Fatalf("sent %q, want %q", subjects, want)
		}
		for _, text := range smtp.texts {
			if len(text) > 64<<10 || !strings.Contains(text, left) || !strings.Contains(text, "owner") {
				t.Errorf("a mail of %d bytes: %.600s", len(text), text)
			}
		}
	})
}

// TestManyAtOnceBecomeOne: a rule that would send many messages at once sends one.
func TestManyAtOnceBecomeOne(t *testing.T) {
	c := newClock()
	storetest.OnClock(t, c.now, func(t *testing.T, s *storetest.Store) {
		to := newReceiver(t, nil)
		told := service(t, s, c, func(o *notify.Options) { o.WebhookURL = to.URL })
		save(t, told, telemetry.NotifyRule{Event: telemetry.NotifyNew, Channel: telemetry.ChannelWebhook})
		var findings []string
		for i := range telemetry.NotifyAtOnce + 1 {
			findings = append(findings, fmt.Sprintf("js/r%d f%d.js 1 %020x high", i, i, i+1))
		}
		scan(t, s, 1, "2026-03-10", findings[:3]...)
		told.Turn(t.Context())
		if got := to.titles(); len(got) != 3 {
			t.Fatalf("of 3: %q", got)
		}
		scan(t, s, 2, "2026-03-10", append(findings, "js/more m.js 1 mmmmmmmmmmmmmmmmmmmm high", "js/many n.js 1 nnnnnnnnnnnnnnnnnnnn high", "js/most l.js 1 llllllllllllllllllll high")...)
		told.Turn(t.Context())
		if got := to.titles(); len(got) != 4 || got[3] != "New issue: 21" {
			t.Errorf("of 21: %q", got)
		}
	})
}

// TestQuietHoursHoldMessagesBack: what comes in quiet hours is sent when they end.
func TestQuietHoursHoldMessagesBack(t *testing.T) {
	c := newClock()
	c.at = storetest.Day("2026-03-10 22:30")
	storetest.OnClock(t, c.now, func(t *testing.T, s *storetest.Store) {
		c.mu.Lock()
		c.at = storetest.Day("2026-03-10 22:30")
		c.mu.Unlock()
		to := newReceiver(t, nil)
		told := service(t, s, c, func(o *notify.Options) { o.WebhookURL = to.URL })
		save(t, told, telemetry.NotifyRule{Event: telemetry.NotifyNew, Channel: telemetry.ChannelWebhook, QuietFrom: "22:00", QuietTo: "07:00"})
		scan(t, s, 1, "2026-03-10", first)
		told.Turn(t.Context())
		c.add(8 * time.Hour) // 06:30
		told.Turn(t.Context())
		if got := to.titles(); len(got) != 0 {
			t.Errorf("in quiet hours: %q", got)
		}
		c.add(30 * time.Minute)
		told.Turn(t.Context())
		if got := to.titles(); len(got) != 1 {
			t.Errorf("after them: %q", got)
		}
	})
}
