package server

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// stream answers with a body that r.Stream's function writes, in a goroutine
// of fasthttp's, after this has returned.
func (s *Server) stream(c *fiber.Ctx, r Route) error {
	write, err := s.begun(c, r)
	if err != nil || c.Method() == fiber.MethodHead {
		return err
	}
	client := clientOf(c)
	if err := s.streams.begin(client); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.asking(s.stop, c))
	unwatch := s.entered.add(s.entryOf(c, r.Needs, cancel))
	conn, path, request := c.Context().Conn(), c.Path(), requestID(c)
	body := fasthttp.NewStreamReader(func(pipe *bufio.Writer) {
		defer s.streams.end(client)
		defer unwatch()
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				_ = s.panicked(path, request, p) // it logs; the client sees the stream end
			}
		}()
		to := &patient{conn: conn, pipe: pipe, wait: s.o.times.write}
		w := bufio.NewWriter(to)
		if err := write(ctx, w); err != nil && ctx.Err() == nil {
			level := slog.LevelWarn
			if to.gone {
				level = slog.LevelDebug
			}
			s.o.Log.Log(ctx, level, "a stream failed", "path", path, "err", err, "request", request)
		}
		_ = w.Flush() // the client may be gone
	})
	c.Set("X-Accel-Buffering", "no")         // nginx would otherwise hold the stream back
	c.Response().ImmediateHeaderFlush = true // the client learns at once that it is connected
	c.Response().SetBodyStream(&watched{body, cancel}, -1)
	return nil
}

// begun reads the request of a stream and returns what writes it. Until then
// it is an answer like others: with a deadline, and one of a bounded number.
func (s *Server) begun(c *fiber.Ctx, r Route) (write func(context.Context, *bufio.Writer) error, err error) {
	r.Handle = func(c *fiber.Ctx) (err error) {
		write, err = r.Stream(c)
		return err
	}
	err = s.ask(c, r)
	return write, err
}

// patient gives each flush its own deadline: one for the whole answer would
// cut a stream.
type patient struct {
	conn net.Conn
	pipe *bufio.Writer
	wait time.Duration // for a client that does not read
	gone bool          // the client is, or does not read
}

func (p *patient) Write(b []byte) (int, error) {
	n, err := 0, p.conn.SetWriteDeadline(time.Now().Add(p.wait))
	if err == nil {
		n, err = p.pipe.Write(b)
	}
	if err == nil {
		err = p.pipe.Flush()
	}
	p.gone = p.gone || err != nil
	return n, err
}

// watched ends the stream's context as soon as fasthttp gives the body up,
// which it does at its end and when the client is gone.
type watched struct {
	io.ReadCloser
	gone context.CancelFunc
}

func (w *watched) Close() error {
	w.gone()
	return w.ReadCloser.Close()
}
