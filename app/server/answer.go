package server

import (
	"bytes"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/cache"
	"telemetry-dashboard/services/telemetry"
)

// answersBytes bounds the memory of encoded answers; one answer may take a
// fourth of it.
const answersBytes = 16 << 20

// newAnswers keeps encoded answers by their ETag, which names all that they depend on:
// none goes stale, and what is no longer asked for falls out.
func newAnswers(most int) *cache.Cache[*answer] { return cache.New[*answer](1<<30, most, most/4) }

// answer is an encoded answer. It does not change.
type answer struct {
	body        []byte
	contentType string
	headers     [][2]string // what else the handler set

	once   sync.Once
	zipped []byte
}

// size counts the compressed form too, before there is one: what compresses
// at all shrinks to less than half.
func (e *answer) size() int { return len(e.body) + len(e.body)/2 + 512 }

// answerOf copies the answer that a handler wrote.
func answerOf(c *fiber.Ctx) *answer {
	e := &answer{body: bytes.Clone(c.Response().Body()), contentType: string(c.Response().Header.ContentType())}
	for key, value := range c.Response().Header.All() {
		switch name := string(key); name {
		case fiber.HeaderContentType, fiber.HeaderContentLength, fiber.HeaderDate, fiber.HeaderServer:
		default:
			e.headers = append(e.headers, [2]string{name, string(value)})
		}
	}
	return e
}

// compressedFrom is the size from which compressing pays: below, an answer
// fits one packet anyway.
const compressedFrom = 1400

// send writes the answer, compressed where that pays and the client takes it.
func (e *answer) send(c *fiber.Ctx) {
	h := &c.Response().Header
	h.SetContentType(e.contentType)
	for _, pair := range e.headers {
		h.Set(pair[0], pair[1])
	}
	vary(c)
	body := e.body
	if len(body) >= compressedFrom && c.Request().Header.HasAcceptEncoding("gzip") && compressible(e.contentType) {
		e.once.Do(func() { e.zipped = fasthttp.AppendGzipBytesLevel(nil, e.body, fasthttp.CompressDefaultCompression) })
		if len(e.zipped) < len(body) {
			body = e.zipped
			h.Set(fiber.HeaderContentEncoding, "gzip")
		}
	}
	c.Response().SetBodyRaw(body)
}

func compressible(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.HasPrefix(contentType, "application/json") ||
		strings.HasPrefix(contentType, "image/svg+xml") ||
		strings.HasPrefix(contentType, "application/yaml") || strings.HasPrefix(contentType, "application/manifest+json")
}

// vary says on which request headers the answer depends. Pages may answer a
// fragment to htmx.
func vary(c *fiber.Ctx) {
	h := &c.Response().Header
	if isAPI(c) {
		h.Set(fiber.HeaderVary, "Accept-Encoding")
	} else {
		h.Set(fiber.HeaderVary, "Accept-Encoding, HX-Request")
	}
}

// plain answers without an ETag.
func (s *Server) plain(c *fiber.Ctx, r Route) error {
	if err := s.ask(c, r); err != nil {
		return err
	}
	h := &c.Response().Header
	if !c.Response().IsBodyStream() && len(h.ContentEncoding()) == 0 && len(c.Response().Body()) >= compressedFrom {
		(&answer{body: c.Response().Body(), contentType: string(h.ContentType())}).send(c)
	}
	return nil
}

// cached answers 304 where the client has the answer already, else from the
// cache, else by asking.
func (s *Server) cached(c *fiber.Ctx, r Route) error {
	tag := s.etag(c, r)
	h := &c.Response().Header
	if known := c.Request().Header.Peek(fiber.HeaderIfNoneMatch); len(known) > 0 && matches(string(known), tag) {
		h.Set(fiber.HeaderETag, tag)
		vary(c)
		c.Status(fiber.StatusNotModified)
		s.counts.unchanged.Add(1)
		return nil
	}
	e, _ := s.answers.Get(tag)
	if e != nil {
		s.counts.kept.Add(1)
	} else {
		s.counts.computed.Add(1)
		var err error
		if e, err = s.computed(c, r, tag); err != nil || e == nil {
			return err
		}
	}
	h.Set(fiber.HeaderETag, tag)
	e.send(c)
	return nil
}

// computed asks for the answer of a tag once for all concurrent requests.
// It returns nil where the handler has written what is not kept.
func (s *Server) computed(c *fiber.Ctx, r Route, tag string) (*answer, error) {
	first := false
	shared, err, _ := s.flights.Do(tag, func() (any, error) {
		first = true
		var kept *answer
		err := telemetry.Guard(c.Path(), func() error {
			if err := s.ask(c, r); err != nil {
				return err
			}
			if c.Response().StatusCode() == fiber.StatusOK && !c.Response().IsBodyStream() {
				kept = answerOf(c)
				s.answers.Put(tag, kept, kept.size())
			}
			return nil
		})
		return kept, err
	})
	kept, _ := shared.(*answer)
	if kept == nil && err == nil && !first {
		return nil, s.ask(c, r) // what the first one got is not for all
	}
	return kept, err
}

func isAPI(c *fiber.Ctx) bool {
	return underAPI(c.Request().URI().PathOriginal())
}

// apiPath is what the API is under, and mcpPath where agents ask: what is
// answered there is read by programs.
const (
	apiPath = "/api/"
	mcpPath = "/mcp"
)

func underAPI(path []byte) bool {
	return bytes.HasPrefix(path, []byte(apiPath)) || string(path) == "/api" || string(path) == mcpPath
}
