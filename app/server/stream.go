package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// stream answers with a body that r.Stream's function writes, in a goroutine
// of fasthttp's, after this has returned.
func (s *Server) stream(c *fiber.Ctx, r Route) error {
	write, err := r.Stream(c)
	if err != nil || c.Method() == fiber.MethodHead {
		return err
	}
	client := clientOf(c)
	if err := s.streams.begin(client); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.stop)
	conn, path := c.Context().Conn(), c.Path()
	body := fasthttp.NewStreamReader(func(pipe *bufio.Writer) {
		defer s.streams.end(client)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				_ = s.panicked(path, p) // it logs; the client sees the stream end
			}
		}()
		w := bufio.NewWriter(&patient{conn, pipe, s.o.times.write})
		if err := write(ctx, w); err != nil && ctx.Err() == nil {
			s.o.Log.Debug("a stream ended", "path", path, "err", err)
		}
		_ = w.Flush() // the client may be gone
	})
	c.Set("X-Accel-Buffering", "no")         // nginx would otherwise hold the stream back
	c.Response().ImmediateHeaderFlush = true // the client learns at once that it is connected
	c.Response().SetBodyStream(&watched{body, cancel}, -1)
	return nil
}

// patient gives each flush its own deadline: one for the whole answer would
// cut a stream.
type patient struct {
	conn net.Conn
	pipe *bufio.Writer
	wait time.Duration // for a client that does not read
}

func (p *patient) Write(b []byte) (int, error) {
	if err := p.conn.SetWriteDeadline(time.Now().Add(p.wait)); err != nil {
		return 0, err
	}
	n, err := p.pipe.Write(b)
	if err == nil {
		err = p.pipe.Flush()
	}
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
