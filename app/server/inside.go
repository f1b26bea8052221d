package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// Inside returns the transport by which the handler of a request asks other
// routes of this server on behalf of who sent the request: with the same
// credentials, from the same address. So each of these requests needs its
// role, is noted in the audit log, and is bounded, like any other. It asks
// without a connection: the host of its addresses does not matter. It copies
// what it needs of c, and may be used after its handler.
//
// The handler's own route must have Waits: one that held a place among the
// bounded answers could wait for another place for ever.
func (s *Server) Inside(c *fiber.Ctx) http.RoundTripper {
	i := &inside{server: s, from: c.Context().RemoteAddr(), carried: http.Header{}}
	for _, name := range []string{fiber.HeaderAuthorization, fiber.HeaderCookie, s.o.Access.Names().Header, RequestIDHeader} {
		if name != "" {
			i.carried[http.CanonicalHeaderKey(name)] = headerValues(c, name)
		}
	}
	return i
}

// inside is what Inside returns.
type inside struct {
	server  *Server
	from    net.Addr
	carried http.Header // what says who asks, and the id of the request
}

// RoundTrip asks a route. A route that waits for work is given up at the
// deadline of the request's context; any other has a time of its own.
func (i *inside) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	var ask fasthttp.Request
	ask.Header.SetMethod(req.Method)
	ask.SetRequestURI(req.URL.RequestURI())
	ask.Header.SetHost(i.server.o.ListenAddr)
	for _, headers := range []http.Header{req.Header, i.carried} {
		for name, values := range headers {
			ask.Header.Del(name)
			for _, value := range values {
				ask.Header.Add(name, value)
			}
		}
	}
	if req.Body != nil {
		defer req.Body.Close()
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		ask.SetBodyRaw(body)
	}
	var ctx fasthttp.RequestCtx
	ctx.Init(&ask, i.from, quiet{i.server.o.Log})
	if until, ok := req.Context().Deadline(); ok {
		ctx.SetUserValue(untilKey{}, until)
	}
	i.server.app.Server().Handler(&ctx)
	if ctx.Response.IsBodyStream() {
		_ = ctx.Response.CloseBodyStream() // it says why it ended to its reader
		return nil, fmt.Errorf("%s %s is a stream: it has no end to wait for", req.Method, req.URL.Path)
	}
	answer := &http.Response{StatusCode: ctx.Response.StatusCode(), Header: http.Header{}, Request: req,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: io.NopCloser(bytes.NewReader(bytes.Clone(ctx.Response.Body())))}
	for name, value := range ctx.Response.Header.All() {
		answer.Header.Add(string(name), string(value))
	}
	return answer, nil
}

// untilKey is where a request that is asked from inside has the time at which
// it is given up.
type untilKey struct{}

// untilAsked is ctx, ended when who asks from inside gives up.
func untilAsked(c *fiber.Ctx, ctx context.Context) (context.Context, context.CancelFunc) {
	if until, ok := c.Context().UserValue(untilKey{}).(time.Time); ok {
		return context.WithDeadline(ctx, until)
	}
	return ctx, func() {}
}
