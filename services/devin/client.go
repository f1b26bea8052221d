package devin

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/sync/singleflight"

	"telemetry-dashboard/services/telemetry"
)

// DefaultURL is the address of Devin's API, without a version.
const DefaultURL = "https://api.devin.ai"

const (
	apiV1 = "v1"
	apiV3 = "v3"

	defaultTimeout = 15 * time.Second
	// flightTimeouts times a request's timeout is the longest life of a
	// flight, which no caller's context ends.
	flightTimeouts = 2
	// concurrent is how many requests of one question are open at a time.
	concurrent = 4
)

// Options say which Devin to ask, and how.
type Options struct {
	BaseURL     string            // "" is DefaultURL; a trailing slash, /v1 or /v3 is dropped
	Key         string            // its prefix chooses the API; "" makes every call answer CodeMissingSetting
	OrgID       string            // v3's organization (org-…); "" asks GET /v3/self once
	CacheTTL    time.Duration     // how long messages are kept; 0 keeps nothing
	HTTPTimeout time.Duration     // of one request, its answer's body included; 0 is 15 s
	Transport   http.RoundTripper // nil is one of its own
	Log         *slog.Logger      // nil logs nothing
	Now         func() time.Time  // nil is time.Now; reads a Retry-After that is a date

	// AllowPlainHTTP lets the key go over http to a host that is not this
	// machine.
	AllowPlainHTTP bool
}

// Client asks one Devin API with one key. It is safe for concurrent use.
type Client struct {
	base    string
	host    string
	key     string
	api     string
	http    *http.Client
	timeout time.Duration
	log     *slog.Logger
	now     func() time.Time

	org        atomic.Pointer[string]
	barePaths  atomic.Bool // paths took the id without devin- last time
	bareFilter atomic.Bool // session_ids did
	flights    singleflight.Group

	mu    sync.Mutex                                  // held while messages are kept or dropped
	sent  int                                         // messages sent so far
	fresh *expirable.LRU[string, []telemetry.Message] // by bare id; nil where nothing is kept
	last  *lru.Cache[string, []telemetry.Message]     // last good answers, nil likewise
}

// New returns a client. It makes no request. A malformed BaseURL or Key is an
// error that names DEVIN_API_URL or DEVIN_API_KEY.
func New(o Options) (*Client, error) {
	base, host, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	key := strings.TrimSpace(o.Key)
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"DEVIN_API_KEY holds a space or another character that no key has. Copy the key again, for example cog_… or apk_….")
	}
	c := &Client{
		base:    base,
		host:    host,
		key:     key,
		api:     apiV1,
		timeout: cmp.Or(max(o.HTTPTimeout, 0), defaultTimeout),
		log:     cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		now:     o.Now,
		http: &http.Client{
			Transport: o.Transport,
			// A redirect would carry the key elsewhere, or make a GET of a message.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if strings.HasPrefix(key, "cog_") {
		c.api = apiV3
	}
	if c.now == nil {
		c.now = time.Now
	}
	if c.http.Transport == nil {
		c.http.Transport = newTransport()
	}
	if org := strings.TrimSpace(o.OrgID); org != "" {
		c.org.Store(&org)
	}
	return c, c.makeCaches(o.CacheTTL)
}

// API returns the version that the key's prefix chooses: "v3" for cog_…,
// "v1" for every other key.
func (c *Client) API() string { return c.api }

// Close closes the connections that are kept open between requests. The
// client may still be used.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func newTransport() http.RoundTripper {
	shared, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := shared.Clone()
	own.MaxIdleConnsPerHost = concurrent
	return own
}

// baseURL returns the address without version or trailing slash, and its
// host. Its error does not repeat the value, which may hold a password.
func baseURL(raw string) (base, host string, err error) {
	base = strings.TrimRight(cmp.Or(strings.TrimSpace(raw), DefaultURL), "/")
	for _, version := range []string{"/" + apiV1, "/" + apiV3} {
		base = strings.TrimRight(strings.TrimSuffix(base, version), "/")
	}
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", "", telemetry.Errorf(telemetry.CodeInvalid,
			"DEVIN_API_URL is no address of the form https://host or https://host/path, without user, query or fragment, for example %s.",
			DefaultURL)
	}
	return base, u.Host, nil
}

// organization returns the organization that v3's paths name, which it asks
// for once.
func (c *Client) organization(ctx context.Context) (string, error) {
	if org := c.org.Load(); org != nil {
		return *org, nil
	}
	return flight(ctx, c, "organization", func(ctx context.Context) (string, error) {
		raw, err := c.get(ctx, request{what: "the key's organization", path: "/v3/self"})
		if code := telemetry.CodeOf(err); err != nil && code != telemetry.CodeUpstreamNotFound && code != telemetry.CodeUpstreamDenied {
			return "", err
		}
		org := readObject(raw).text("org_id")
		if org == "" {
			return "", telemetry.Errorf(telemetry.CodeMissingSetting,
				"Devin (%s) does not say which organization the key belongs to. Set DEVIN_ORG_ID to its id (org-…, shown in Devin's settings).",
				c.host).Because(err)
		}
		c.org.Store(&org)
		return org, nil
	})
}

// flight lets all who ask for key at the same moment share one ask. It
// outlives the caller that began it, so that one who leaves takes nothing
// from the others, and ends by its own timeout.
func flight[T any](ctx context.Context, c *Client, key string, ask func(context.Context) (T, error)) (T, error) {
	var none T
	if ctx.Err() != nil {
		return none, c.ended(ctx)
	}
	done := c.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flightTimeouts*c.timeout)
		defer cancel()
		return ask(ctx)
	})
	select {
	case r := <-done:
		if r.Err != nil {
			return none, r.Err
		}
		return r.Val.(T), nil
	case <-ctx.Done():
		return none, c.ended(ctx)
	}
}
