package devin

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"telemetry-dashboard/services/cache"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// DefaultURL is the address of Devin's API, without a version.
const DefaultURL = "https://api.devin.ai"

const (
	apiV1 = "v1"
	apiV3 = "v3"

	defaultTimeout = 15 * time.Second
	// Times a request's timeout, the longest life of a question about one
	// session, and of one about many.
	oneTimeouts  = 2
	manyTimeouts = 16
	// concurrent is how many requests of one question are open at a time.
	concurrent = 4
)

// Options say which Devin to ask, and how.
type Options struct {
	BaseURL     string                                    // "" is DefaultURL; a trailing slash, /v1 or /v3 is dropped
	Key         string                                    // its prefix chooses the API; "" makes every call answer CodeMissingSetting
	OrgID       string                                    // v3's organization (org-…); "" asks GET /v3/self once
	CacheTTL    time.Duration                             // how long messages are kept; 0 keeps nothing
	HTTPTimeout time.Duration                             // of one request, its answer's body included; 0 is 15 s
	Transport   http.RoundTripper                         // nil is one of its own
	Around      func(http.RoundTripper) http.RoundTripper // puts around it what counts its requests; nil puts nothing
	Log         *slog.Logger                              // nil logs nothing
	Now         func() time.Time                          // nil is time.Now; nothing that Devin says is later

	// AllowPlainHTTP lets the key go over http to another machine.
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

	budget  *upstream.Budget
	flights upstream.Flights
	limits  *upstream.Limits

	org              atomic.Pointer[string]
	unprefixedPaths  atomic.Bool // paths took the id without devin- last time
	unprefixedFilter atomic.Bool // session_ids did
	noChanges        atomic.Bool // the server does not know updated_after

	ttl  time.Duration
	mu   sync.Mutex         // held while messages are kept or dropped
	sent atomic.Int64       // messages sent so far
	kept *cache.Cache[kept] // by session key
}

// New returns a client. It makes no request. A malformed BaseURL, Key or OrgID is
// an error that names its variable, and so is a key that would go in plain text.
func New(o Options) (*Client, error) {
	address := strings.TrimRight(strings.TrimSpace(o.BaseURL), "/")
	for _, version := range []string{"/" + apiV1, "/" + apiV3} {
		address = strings.TrimRight(strings.TrimSuffix(address, version), "/")
	}
	key, org := strings.TrimSpace(o.Key), strings.TrimSpace(o.OrgID)
	secret := upstream.Secret{Value: key, Variable: "DEVIN_API_KEY", AddressVariable: "DEVIN_API_URL"}
	base, err := secret.Base(address, DefaultURL, o.AllowPlainHTTP)
	if err != nil {
		return nil, err
	}
	if org != "" && !isOrg(org) {
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"DEVIN_ORG_ID is not the id of an organization: want letters, digits, - and _, for example org-0123abcd.")
	}
	c := &Client{
		base:    base.String(),
		host:    base.Host,
		key:     key,
		api:     apiV1,
		timeout: cmp.Or(max(o.HTTPTimeout, 0), defaultTimeout),
		log:     cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		now:     o.Now,
		budget:  upstream.NewBudget(largeAnswers),
		ttl:     o.CacheTTL,
		kept:    cache.New[kept](keptSessions, keptSessions*keptBytes, keptBytes),
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
	c.limits = upstream.NewLimits("Devin", key, 0, c.now)
	if c.http.Transport == nil {
		c.http.Transport = upstream.Transport(concurrent, c.timeout)
	}
	if o.Around != nil {
		c.http.Transport = o.Around(c.http.Transport)
	}
	if org != "" {
		c.org.Store(&org)
	}
	return c, nil
}

// API returns the version that the key's prefix chooses: "v3" for cog_…, else "v1".
func (c *Client) API() string { return c.api }

// RateLimit returns what Devin last said of the key's limit, where its answers do.
func (c *Client) RateLimit() telemetry.RateLimit { return c.limits.Rate() }

// Limits are those of the key.
func (c *Client) Limits() *upstream.Limits { return c.limits }

// Close closes the idle connections. The client may still be used.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func isOrg(org string) bool { return isID(strings.ToLower(org)) }

// sessionsPath is where the sessions are: of v3, those of the organization.
func (c *Client) sessionsPath(ctx context.Context) (string, error) {
	if c.api == apiV1 {
		return "/v1/sessions", nil
	}
	org, err := c.organization(ctx)
	return "/v3/organizations/" + url.PathEscape(org) + "/sessions", err
}

// organization returns the organization of v3's paths, which it asks for once.
func (c *Client) organization(ctx context.Context) (string, error) {
	if org := c.org.Load(); org != nil {
		return *org, nil
	}
	return share(ctx, c, "asking Devin for the key's organization", c.askOrganization)
}

func (c *Client) askOrganization(ctx context.Context) (string, error) {
	r := request{what: "the key's organization", path: "/v3/self", limit: maxSmall, shape: "is not an object"}
	org, err := get(ctx, c, r, readSelf)
	if code := telemetry.CodeOf(err); err != nil && code != telemetry.CodeUpstreamNotFound && code != telemetry.CodeUpstreamDenied {
		return "", err
	}
	if org == "" {
		return "", telemetry.Errorf(telemetry.CodeMissingSetting,
			"Devin (%s) does not say which organization the key belongs to. Set DEVIN_ORG_ID to its id (org-…, shown in Devin's settings).",
			c.host).Because(err)
	}
	c.org.Store(&org)
	return org, nil
}

// readSelf returns the organization that /v3/self names, "" for null or none.
func readSelf(in io.Reader) (string, error) {
	o, err := readObject(in, nil, "org_id")
	if err != nil {
		return "", err
	}
	var org *string
	if raw := cmp.Or(string(o["org_id"]), "null"); json.Unmarshal([]byte(raw), &org) != nil || org != nil && !isOrg(*org) {
		return "", unread("its org_id is not the id of an organization")
	}
	if org == nil {
		return "", nil
	}
	return *org, nil
}

func share[T any](ctx context.Context, c *Client, what string, ask func(context.Context) (T, error)) (T, error) {
	answer, err := upstream.Share(ctx, &c.flights, what, oneTimeouts*c.timeout, ask)
	if err != nil && ctx.Err() != nil {
		return answer, c.ended(ctx)
	}
	return answer, err
}
