package shell

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
)

// The stream of events.
const (
	heartbeatInterval = 5 * time.Second        // how soon a client that left is noticed, and a poll without news is reported
	settleTime        = 200 * time.Millisecond // changes within it are reported as one
)

// Events sends a page the versions of all topics: at once, and whenever one
// is raised. The page asks again for the panels whose topics are newer than
// what it shows. It also sends the freshness, which raises no version: a poll
// without news changes the strip's times and nothing else. The stream ends
// with its client and with the server.
func (w *Shell) Events(c *fiber.Ctx) (func(context.Context, *bufio.Writer) error, error) {
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return func(ctx context.Context, out *bufio.Writer) error {
		changed, end := w.Changes.Watch()
		defer end()
		heartbeat := time.NewTicker(heartbeatInterval)
		defer heartbeat.Stop()
		strip := w.sharedFreshness(ctx)
		for text := w.versionsEvent() + freshnessEvent(strip); ; {
			if _, err := out.WriteString(text); err != nil {
				return err
			}
			if err := out.Flush(); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-heartbeat.C:
				// Even if it is unchanged: a page that was drawn meanwhile may
				// show something else.
				strip = w.sharedFreshness(ctx)
				text = freshnessEvent(strip)
			case <-changed:
				settle(ctx, changed)
				text = w.versionsEvent()
				if now := w.sharedFreshness(ctx); now != strip {
					strip = now
					text += freshnessEvent(now)
				}
			}
		}
	}, nil
}

func (w *Shell) versionsEvent() string {
	return fmt.Sprintf("event: versions\ndata: %s\n\n", versions(w.Versions()))
}

func freshnessEvent(text string) string { return "event: freshness\ndata: " + text + "\n\n" }

// settle waits a moment, so that many changes in a row are reported as one.
func settle(ctx context.Context, changed <-chan struct{}) {
	timer := time.NewTimer(settleTime)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-changed:
		}
	}
}
