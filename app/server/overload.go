package server

import (
	"context"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"telemetry-dashboard/services/telemetry"
)

// The bounds of what is done at a time.
const (
	queueMost      = 128  // how many may wait
	upstreamMost   = 32   // answers that wait for an upstream
	streamsMost    = 1024 // streams, and at most a part
	streamsPart    = 4    // of the connections; one client may have half of the streams
	streamsLeast   = 6    // as many connections as a browser opens to a host
	callersPerMin  = 120  // requests of one caller that cost an upstream
	callersBurst   = 60
	callersKnown   = 10_000 // callers whose requests are counted
	ipv6ClientBits = 64     // the network that one IPv6 client has for itself
)

// computing is how many uncached answers are computed at a time: more would
// only make each of them slower.
func computing() int64 { return int64(max(8, 4*runtime.GOMAXPROCS(0))) }

// gate bounds how many answers are computed at a time, and how many wait for
// that. One beyond is refused at once, one that waits too long then.
type gate struct {
	places  *semaphore.Weighted
	waiting atomic.Int64
	logOnce logOnce
	log     *slog.Logger
	what    string
	wait    time.Duration
}

func newGate(places int64, what string, o Options) *gate {
	return &gate{places: semaphore.NewWeighted(places), what: what, log: o.Log, wait: o.times.queue}
}

// enter waits for a slot, which leave releases.
func (g *gate) enter(ctx context.Context) error {
	if g.places.TryAcquire(1) {
		return nil
	}
	if g.waiting.Add(1) <= queueMost {
		defer g.waiting.Add(-1)
		ctx, cancel := context.WithTimeout(ctx, g.wait)
		defer cancel()
		if g.places.Acquire(ctx, 1) == nil {
			return nil
		}
	} else {
		g.waiting.Add(-1)
	}
	if g.logOnce.due() {
		g.log.Warn("overloaded: answering further requests with 503", "what", g.what)
	}
	return &telemetry.Error{
		Code:       telemetry.CodeOverloaded,
		Message:    "The server is overloaded. Try again in a moment.",
		RetryAfter: g.wait,
	}
}

func (g *gate) leave() { g.places.Release(1) }

// streams bounds the streams that are open, of one client and of all.
type streams struct {
	most, mostOfOne int
	logOnce         logOnce
	log             *slog.Logger
	wait            time.Duration

	mu   sync.Mutex
	all  int
	open map[netip.Addr]int // by client
}

func newStreams(o Options) *streams {
	most := max(streamsLeast, min(streamsMost, o.Connections/streamsPart))
	return &streams{
		most:      most,
		mostOfOne: max(streamsLeast, most/2),
		log:       o.Log,
		wait:      o.times.write,
		open:      map[netip.Addr]int{},
	}
}

// begin counts a stream of a client, until end.
func (s *streams) begin(client netip.Addr) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all < s.most && s.open[client] < s.mostOfOne {
		s.all++
		s.open[client]++
		return nil
	}
	if s.logOnce.due() {
		s.log.Warn("too many streams are open: answering new ones with 503",
			"open", s.all, "most", s.most, "of one client", s.mostOfOne)
	}
	return &telemetry.Error{
		Code: telemetry.CodeOverloaded,
		Message: "Too many streams are open. Close other tabs or downloads, or try again later; " +
			"until then, pages update at intervals.",
		RetryAfter: s.wait,
	}
}

func (s *streams) end(client netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.open[client]--; s.open[client] <= 0 {
		delete(s.open, client)
	}
}

// callers bounds how often one caller may ask what costs an upstream, or send a
// webhook.
type callers struct {
	perMin  time.Duration
	burst   int
	message string // to one who asked too often

	mu    sync.Mutex
	known *simplelru.LRU[netip.Addr, *rate.Limiter] // the latest ones
}

func newCallers(perMin time.Duration, burst int, message string) *callers {
	known, err := simplelru.NewLRU[netip.Addr, *rate.Limiter](callersKnown, nil)
	if err != nil {
		panic(err) // only a size below 1 is refused
	}
	return &callers{perMin: perMin, burst: burst, message: message, known: known}
}

// allow counts a request of a client.
func (c *callers) allow(client netip.Addr) error {
	c.mu.Lock()
	limit, ok := c.known.Get(client)
	if !ok {
		limit = rate.NewLimiter(rate.Every(time.Minute/c.perMin), c.burst)
		c.known.Add(client, limit)
	}
	c.mu.Unlock()
	if limit.Allow() {
		return nil
	}
	return &telemetry.Error{
		Code:       telemetry.CodeRateLimited,
		Message:    c.message,
		RetryAfter: time.Minute / c.perMin,
	}
}

// clientOf is the client's IPv4 address, or the network of its IPv6 address,
// of which one client has many.
func clientOf(c *fiber.Ctx) netip.Addr {
	addr, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	addr = addr.Unmap()
	if addr.Is6() {
		if network, err := addr.Prefix(ipv6ClientBits); err == nil {
			return network.Addr()
		}
	}
	return addr
}
