package server

import (
	"bufio"
	"context"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

// Route is one route and what it needs. It has a Handle or a Stream.
type Route struct {
	Method, Path string
	Needs        telemetry.Role // of who asks; without one nobody may
	Action       string         // what it does, for the audit log; "" of a route that changes nothing that is stored
	Handle       func(c *fiber.Ctx) error
	Topics       []string // whose versions its answer depends on; none: no ETag
	Clock        bool     // its answer also depends on the minute (UTC)
	ClockIn      []string // the same, but only with one of these query parameters
	Waits        bool     // it waits for a job: no deadline
	Upstream     bool     // it may ask an upstream: bounded for each caller
	UpstreamIn   []string // the same, but only with one of these query parameters
	Hook         bool     // a program sends it that knows a secret, by whatever name of this server, with a body of up to HookBody
	Probe        bool     // a program that watches this one asks it, by whatever name of this server, and is answered under any load
	Feed         bool     // programs ask it, which may have its read token in the address: its errors are JSON
	Cache        string   // its Cache-Control, where that is not the usual one
	Body         int      // how large its body may be, where that is more than others may have
	Params       []string // of a route that writes: all that it reads from its query, or from a form

	// Stream reads the request and returns what writes the answer's body,
	// which may never end (server-sent events). write must not use c. Its ctx
	// ends when the client is gone and when the server stops; a flush to a
	// client that does not read fails after half a minute. A stream has no
	// deadline, no compression and no ETag, and its panic ends only itself.
	Stream func(c *fiber.Ctx) (write func(ctx context.Context, w *bufio.Writer) error, err error)
}
