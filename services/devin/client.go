package devin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/expirable"

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
	BaseURL     string            // "" is DefaultURL; a trailing slash, /v1 or /v3 is dropped
	Key         string            // its prefix chooses the API; "" makes every call answer CodeMissingSetting
	OrgID       string            // v3's organization (org-…); "" asks GET /v3/self once
	CacheTTL    time.Duration     // how long messages are kept; 0 keeps nothing
	HTTPTimeout time.Duration     // of one request, its answer's body included; 0 is 15 s
	Transport   http.RoundTripper // nil is one of its own
	Log         *slog.Logger      // nil logs nothing
	Now         func() time.Time  // nil is time.Now; nothing that Devin says is later

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

	budget  *upstream.Budget
	flights upstream.Flights

	org              atomic.Pointer[string]
	unprefixedPaths  atomic.Bool // paths took the id without devin- last time
	unprefixedFilter atomic.Bool // session_ids did

	mu    sync.Mutex                                  // held while messages are kept or dropped
	sent  atomic.Int64                                // messages sent so far
	fresh *expirable.LRU[string, []telemetry.Message] // by session key; nil where nothing is kept
	last  *lru.Cache[string, []telemetry.Message]     // last good answers, nil likewise
}

// New returns a client. It makes no request. A malformed BaseURL, Key or
// OrgID is an error that names its variable, and so is a BaseURL over which
// the key would go in plain text.
func New(o Options) (*Client, error) {
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	key, org := strings.TrimSpace(o.Key), strings.TrimSpace(o.OrgID)
	secret := upstream.Secret{Value: key, Variable: "DEVIN_API_KEY", AddressVariable: "DEVIN_API_URL"}
	if err := secret.Check(base, o.AllowPlainHTTP); err != nil {
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
	if org != "" {
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
	own := upstream.Transport()
	own.MaxIdleConnsPerHost = concurrent
	return own
}

// baseURL returns the address without version or trailing slash. Its error
// does not repeat the value, which may hold a password.
func baseURL(raw string) (*url.URL, error) {
	base := strings.TrimRight(cmp.Or(strings.TrimSpace(raw), DefaultURL), "/")
	for _, version := range []string{"/" + apiV1, "/" + apiV3} {
		base = strings.TrimRight(strings.TrimSuffix(base, version), "/")
	}
	u := upstream.Base(base)
	if u == nil {
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"DEVIN_API_URL is not an address of the form https://host or https://host/path, without user, query or fragment, for example %s.",
			DefaultURL)
	}
	return u, nil
}

// isOrg reports whether an organization's id can stand in a path as one
// harmless segment.
func isOrg(org string) bool { return isID(strings.ToLower(org)) }

// organization returns the organization that v3's paths name, which it asks
// for once.
func (c *Client) organization(ctx context.Context) (string, error) {
	if org := c.org.Load(); org != nil {
		return *org, nil
	}
	return share(ctx, c, "asking Devin for the key's organization", c.askOrganization)
}

func (c *Client) askOrganization(ctx context.Context) (string, error) {
	r := request{what: "the key's organization", path: "/v3/self", limit: maxSmall, shape: "is not an object"}
	var org string
	err := c.get(ctx, r, func(in io.Reader) (err error) {
		org, err = readSelf(in)
		return err
	})
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
	o, err := readObject(in, ignore, "org_id")
	if err != nil && !errors.Is(err, upstream.ErrListMissing) {
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

// share lets all who ask what at the same moment share one ask, which no
// caller's context ends but its own time.
func share[T any](ctx context.Context, c *Client, what string, ask func(context.Context) (T, error)) (T, error) {
	answer, err := upstream.Share(ctx, &c.flights, what, oneTimeouts*c.timeout, ask)
	if err != nil && ctx.Err() != nil {
		err = c.ended(ctx)
	}
	return answer, err
}
