package web

import (
	"bufio"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"
)

// The stream of events.
const (
	heartbeat     = 15 * time.Second // how soon a client that left is noticed
	flushDeadline = 10 * time.Second // a client that reads nothing for so long is given up
	settleTime    = 200 * time.Millisecond
)

// events tells a page the versions of all topics: at once, and whenever one
// is raised. The page asks again for the panels whose topics are newer than
// what it shows. The stream ends with its client and with the server.
func (w *Web) events(c *fiber.Ctx) error {
	ctx, conn := c.UserContext(), c.Context().Conn()
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no")
	c.Context().SetBodyStreamWriter(func(out *bufio.Writer) {
		defer func() { _ = recover() }() // a panic here would end the program; the page falls back to asking
		changed, end := w.o.Changes.Watch()
		defer end()
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		for text := w.versionsEvent(); ; {
			_ = conn.SetWriteDeadline(time.Now().Add(flushDeadline))
			if _, err := out.WriteString(text); err != nil {
				return
			}
			if err := out.Flush(); err != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
				text = ":\n\n"
			case <-changed:
				settle(ctx, changed)
				text = w.versionsEvent()
			}
		}
	})
	return nil
}

func (w *Web) versionsEvent() string {
	return fmt.Sprintf("event: versions\ndata: %s\n\n", versions(w.o.Changes.Versions()))
}
