package web

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
)

// The stream of events.
const (
	heartbeat  = 15 * time.Second       // how soon a client that left is noticed
	settleTime = 200 * time.Millisecond // changes within it are told as one
)

// events tells a page the versions of all topics: at once, and whenever one
// is raised. The page asks again for the panels whose topics are newer than
// what it shows. The stream ends with its client and with the server.
func (w *Web) events(c *fiber.Ctx) (func(context.Context, *bufio.Writer) error, error) {
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return func(ctx context.Context, out *bufio.Writer) error {
		changed, end := w.o.Changes.Watch()
		defer end()
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		for text := w.versionsEvent(); ; {
			if _, err := out.WriteString(text); err != nil {
				return err
			}
			if err := out.Flush(); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-beat.C:
				text = ":\n\n"
			case <-changed:
				settle(ctx, changed)
				text = w.versionsEvent()
			}
		}
	}, nil
}

func (w *Web) versionsEvent() string {
	return fmt.Sprintf("event: versions\ndata: %s\n\n", versions(w.o.Changes.Versions()))
}

// settle waits a moment, so that many changes in a row are told as one.
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
