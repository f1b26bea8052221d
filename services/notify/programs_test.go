package notify_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// program is one of those that share a database, with its jobs and its notifications.
// end ends it, and returns when it has given the lease back.
func program(t *testing.T, address, smtp string) (s *storetest.Store, told *notify.Service, end func()) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: address, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	s = storetest.Of(db)
	told, err = notify.New(notify.Options{
		Store: s, SMTPURL: "smtp://" + smtp, From: "Dashboard <dashboard@example.com>", AllowPrivate: true, FirstPause: time.Millisecond, LookEvery: 10 * time.Millisecond,
		Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: telemetry.NewID,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r := ingest.New(ctx, ingest.Options{Store: derive.New(db), Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: telemetry.NewID, Notify: told.Run})
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{db.Follow, r.Run} {
		parts.Go(func() { _ = part(ctx) }) // always nil
	}
	end = sync.OnceFunc(func() {
		cancel()
		parts.Wait()
		_ = db.Close()
	})
	t.Cleanup(end)
	return s, told, end
}

// until waits until something holds, asking whenever the database has changed.
func until(t *testing.T, s *storetest.Store, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	raised, end := s.Watch()
	defer end()
	for !holds() {
		select {
		case <-raised:
		case <-ctx.Done():
			t.Fatalf("it is not so that %s", what)
		}
	}
}

func count(t *testing.T, s *storetest.Store, states ...telemetry.NotificationState) (n int) {
	t.Helper()
	for _, one := range logOf(t, s) {
		if slices.Contains(states, one.State) {
			n++
		}
	}
	return n
}

// TestTwoProgramsAndAFlappingServer: of two programs one sends; when it ends, the other
// goes on. Whatever the mail server does, each event is told once, none is lost, and of
// an issue the one that came first is told first.
func TestTwoProgramsAndAFlappingServer(t *testing.T) {
	faults := []string{"refuse", "", "busy", "", "late", "", "refuse", "busy", ""}
	smtp := newSMTP(t, func(n int) string { return faults[n%len(faults)] })
	address := storetest.PostgresAddress(t)
	one, told, endOne := program(t, address, smtp.addr)
	two, _, _ := program(t, address, smtp.addr)
	for _, event := range []telemetry.NotifyEvent{telemetry.NotifyNew, telemetry.NotifyReopened} {
		save(t, told, telemetry.NotifyRule{Name: string(event), Event: event, Channel: telemetry.ChannelMail, Addresses: []string{"team@example.com"}})
	}
	const issues = 8
	finding := func(k int) string {
		return fmt.Sprintf("js/r%d f%d.js 1 %s critical", k, k, strings.Repeat(string(rune('a'+k)), 20))
	}
	var want []string
	run, other := int64(0), "js/other o.js 9 oooooooooooooooooooo low"
	next := func(findings ...string) {
		run++
		day := storetest.Day("2026-03-01").Add(time.Duration(run) * time.Hour)
		storetest.Put(t, two, storetest.ScanRecord{Repo: "octo/shop", Run: run, At: day.Format(time.RFC3339), Findings: append(findings, other)}.File(fmt.Sprintf("run-%d.json", run)))
	}
	tells := func(subject string) {
		want = append(want, subject)
		until(t, two, subject+" is queued", func() bool {
			return slices.ContainsFunc(logOf(t, two), func(n telemetry.Notification) bool { return n.Title == subject })
		})
	}
	next()
	tells("New issue (low): js/other in o.js:9")
	for k := range issues {
		next(finding(k))
		tells(fmt.Sprintf("New issue (critical): js/r%d in f%d.js:1", k, k))
		if k == issues/2 {
			endOne() // what it was sending is sent, and the other goes on
		}
		next()
		next(finding(k))
		tells(fmt.Sprintf("Issue reopened (critical): js/r%d in f%d.js:1", k, k))
	}
	until(t, two, "all are sent", func() bool { return count(t, two, telemetry.NotificationSent) == len(want) })
	got, again := smtp.taken()
	if !slices.Equal(got, want) || again != 0 {
		t.Errorf("the server took %d mails, %d of them again:\n%s\nwant %d:\n%s", len(got), again, strings.Join(got, "\n"), len(want), strings.Join(want, "\n"))
	}
	if n := count(t, two, telemetry.NotificationGivenUp, telemetry.NotificationFailed, telemetry.NotificationWaiting); n != 0 {
		t.Errorf("%d messages are not sent", n)
	}
	_ = one
}
