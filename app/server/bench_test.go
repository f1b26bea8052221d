package server

import (
	"bytes"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

// BenchmarkHot measures what a hot answer and an unchanged one cost beside a
// bare Fiber handler (Immutable) that returns the same bytes and headers
// (docs/benchmarks.md#endpoints): without a socket, so that the program's own part
// shows.
func BenchmarkHot(b *testing.B) {
	body := bytes.Repeat([]byte(`{"pr_number":12,"title":"fix"},`), 400)
	versions := map[string]uint64{"records": 1, "sessions": 2, "pulls": 3, "jobs": 4}
	srv := New(Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), ListenAddr: "127.0.0.1:5000", DatabaseID: "db", BuildID: "b", Now: time.Now,
		Access:   access.Everyone("you"),
		Versions: func() map[string]uint64 { return versions }},
		[]Route{{Method: "GET", Path: "/api/list", Needs: telemetry.RoleViewer, Topics: []string{"records", "sessions", "pulls"}, Handle: func(c *fiber.Ctx) error {
			c.Set("Content-Type", "application/json; charset=utf-8")
			return c.Send(body)
		}}})
	ours := srv.app.Server().Handler
	request := func(match string) *fasthttp.RequestCtx {
		ctx := &fasthttp.RequestCtx{}
		ctx.Request.SetRequestURI("/api/list?page=1")
		ctx.Request.Header.SetHost("127.0.0.1:5000")
		if match != "" {
			ctx.Request.Header.Set("If-None-Match", match)
		}
		return ctx
	}
	first := request("")
	ours(first)
	tag := string(first.Response.Header.Peek("ETag"))
	bare := fiber.New(fiber.Config{Immutable: true})
	bare.Get("/api/list", func(c *fiber.Ctx) error {
		for _, name := range []string{"Content-Type", "ETag", "Vary", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Cache-Control"} {
			c.Set(name, string(first.Response.Header.Peek(name)))
		}
		if c.Get("If-None-Match") != "" {
			return c.SendStatus(fiber.StatusNotModified)
		}
		return c.Send(body)
	})
	for name, run := range map[string]struct {
		handle fasthttp.RequestHandler
		match  string
	}{"bare": {bare.Handler(), ""}, "hot": {ours, ""}, "bare304": {bare.Handler(), tag}, "unchanged": {ours, tag}} {
		b.Run(name, func(b *testing.B) {
			ctx := request(run.match)
			for b.Loop() {
				ctx.Response.Reset()
				run.handle(ctx)
			}
		})
	}
}
