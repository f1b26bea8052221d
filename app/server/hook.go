package server

import (
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/semaphore"

	"telemetry-dashboard/services/telemetry"
)

const (
	// HookBody is the largest body of a webhook, GitHub's own limit.
	HookBody = 25 << 20
	// hookBodies is how much the bodies over bodyLimit may take at a time.
	hookBodies = 2 * HookBody
	// hookTime is when a body that nobody has come for is not held any more:
	// longer than it may take to arrive and to be answered.
	hookTime = time.Minute

	hooksPerMin = 1200 // webhooks of one sender
	hooksBurst  = 600
)

// hookRoom grants room for the bodies of webhooks before they are read: what all
// connections together may hold is bounded.
type hookRoom struct {
	paths map[string]bool
	large map[string]int // the limits of paths with a Body of their own
	room  *semaphore.Weighted

	mu   sync.Mutex
	held map[*fasthttp.RequestHeader]*heldBody // by the header of the request
}

// heldBody is the room of one body, none where there was not enough.
type heldBody struct {
	bytes int64
	late  *time.Timer
}

func newHookRoom(routes []Route) *hookRoom {
	h := &hookRoom{paths: map[string]bool{}, large: map[string]int{}, room: semaphore.NewWeighted(hookBodies),
		held: map[*fasthttp.RequestHeader]*heldBody{}}
	for _, r := range routes {
		if r.Hook {
			h.paths[r.Path] = true
		}
		if r.Body > 0 {
			h.large[r.Path] = r.Body
		}
	}
	return h
}

// at reports whether a path is that of webhooks.
func (h *hookRoom) at(path []byte) bool { return h.paths[string(path)] }

// limitOf is how large a body at a path may be.
func (h *hookRoom) limitOf(path []byte) int { return max(bodyLimit, h.large[string(path)]) }

// admit is how large the body of a request may be, whose header has come.
func (h *hookRoom) admit(header *fasthttp.RequestHeader, path []byte) (limit int) {
	if !header.IsPost() || !h.at(path) {
		return h.limitOf(path)
	}
	size := int64(header.ContentLength())
	if size >= 0 && size <= bodyLimit || size > HookBody {
		return bodyLimit // it is read at once, or refused at once
	}
	if size < 0 {
		size = HookBody // it does not say
	}
	h.leave(header) // of an earlier request, whose sender left
	body := &heldBody{}
	if h.room.TryAcquire(size) {
		body.bytes = size
		body.late = time.AfterFunc(hookTime, func() { h.leave(header) })
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held[header] = body
	if body.bytes == 0 {
		return bodyLimit
	}
	return HookBody
}

// leave gives the room of a request's body back, and reports whether there was
// none for it.
func (h *hookRoom) leave(header *fasthttp.RequestHeader) (refused bool) {
	h.mu.Lock()
	body := h.held[header]
	delete(h.held, header)
	h.mu.Unlock()
	if body == nil {
		return false
	}
	if body.bytes == 0 {
		return true
	}
	body.late.Stop()
	h.room.Release(body.bytes)
	return false
}

// noRoom is the error for a webhook whose body there is no room for.
func noRoom() error {
	return &telemetry.Error{
		Code: telemetry.CodeOverloaded, RetryAfter: 5 * time.Second,
		Message: "Too many large webhooks arrive at once. Redeliver this one in a moment.",
	}
}

// tooLarge is the message for a body over the limit of its path.
func (s *Server) tooLarge(c *fiber.Ctx) *telemetry.Error {
	limit := s.hooks.limitOf(c.Request().URI().PathOriginal())
	if s.hooks.at(c.Request().URI().PathOriginal()) {
		limit = HookBody
	}
	return telemetry.Errorf(telemetry.CodeTooLarge, "The request's body is larger than %d bytes. Send less at a time.", limit)
}
