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
		const issues = 10_000
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
		c.add(7 * 24 * time.Hour) // they are due within 7 days, and it is 13:00 in Berlin
		told.Turn(t.Context())
		subjects, _ := smtp.taken()
		if len(subjects) != 2 && len(subjects) != 0 {
			t.Fatalf("sent %q", subjects)
		}
		c.add(24 * time.Hour)
		told.Turn(t.Context())
		told.Turn(t.Context())
		subjects, _ = smtp.taken()
		slices.Sort(subjects)
		want := []string{"5,000 in your digest: issue overdue, for @acme/payments", "5,000 in your digest: issue overdue, for @acme/web"}
		if !slices.Equal(subjects, want) {
			t.Fatalf("sent %q, want %q", subjects, want)
		}
		for _, text := range smtp.texts {
			if len(text) > 64<<10 || !strings.Contains(text, "and 4,950 more") || !strings.Contains(text, "owner") {
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
