package github

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/cache"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// DefaultURL is the address of GitHub's REST API.
const DefaultURL = "https://api.github.com"

const (
	defaultTimeout = 30 * time.Second
	// idlePart is which part of a request's time is waited for a connection
	// and for each byte of an answer: 10 s, as GitHub ends a request itself.
	idlePart = 3
	// A call ends after so many times the time of one request, whatever is
	// repeated or paged in it: a question, the wait for the next file of an
	// archive, all files that are fetched one by one.
	timesQuestion, timesArchive, timesFetch = 4, 10, 30
	workers                                 = 8 // of one call, well under GitHub's secondary limit of 100
	// The most values and bytes of each kind that are kept in memory.
	keptValues = 4096
	keptBytes  = 16 << 20
)

// Options say which GitHub to ask, and how.
type Options struct {
	BaseURL     string                                    // "" is DefaultURL; GitHub Enterprise Server is https://HOST/api/v3
	Token       string                                    // "" asks without one
	CacheTTL    time.Duration                             // how long OpenPulls and PullDetails are kept; 0 keeps nothing
	HTTPTimeout time.Duration                             // of one request, its body included; 0 is 30 s. Of an archive: without a byte
	Transport   http.RoundTripper                         // nil is one of its own
	Around      func(http.RoundTripper) http.RoundTripper // puts around it what counts its requests; nil puts nothing
	// AllowPlainHTTP lets the token be sent unencrypted to another machine.
	AllowPlainHTTP bool
	Log            *slog.Logger     // nil logs nothing
	Now            func() time.Time // nil is time.Now
}

// Client asks one GitHub with one token. It is safe for concurrent use. Its answers
// may be shared, and must not be changed.
type Client struct {
	api       *gh.Client
	downloads *http.Client
	wire      *wire
	budget    *upstream.Budget
	host      string
	timeout   time.Duration
	ttl       time.Duration
	log       *slog.Logger
	lifetime  context.Context // until Close
	end       context.CancelFunc

	flights upstream.Flights
	answers *cache.Cache[answer] // by address: whole answers, to ask whether they changed
	heads   *cache.Cache[head]   // by repository: what its newest pull requests were
	kept    *cache.Cache[kept]   // answers to pages
}

// kept is an answer to a page. After CacheTTL it is only the last good one.
type kept struct {
	value any
	until time.Time
}

// New returns a client. It makes no request. A malformed BaseURL or Token is an
// error that names its variable, and so is a token that would be sent unencrypted.
func New(o Options) (*Client, error) {
	token := strings.TrimSpace(o.Token)
	secret := upstream.Secret{Value: token, Variable: "GITHUB_TOKEN", AddressVariable: "GITHUB_API_URL"}
	base, err := secret.Base(o.BaseURL, DefaultURL, o.AllowPlainHTTP)
	if err != nil {
		return nil, err
	}
	base = base.JoinPath("/") // go-github wants a slash at its end
	if o.Now == nil {
		o.Now = time.Now
	}
	timeout := cmp.Or(max(o.HTTPTimeout, 0), defaultTimeout)
	if o.Transport == nil {
		o.Transport = upstream.Transport(2*workers, timeout/idlePart)
	}
	if o.Around != nil {
		o.Transport = o.Around(o.Transport)
	}
	c := &Client{
		wire: &wire{
			base: o.Transport, api: base, token: token, now: o.Now, limits: upstream.NewLimits("GitHub", token, breath, o.Now),
		},
		budget:  upstream.NewBudget(largeAnswers),
		host:    base.Host,
		timeout: timeout,
		ttl:     o.CacheTTL,
		log:     cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		answers: cache.New[answer](keptValues, keptBytes, keptBytes/2),
		heads:   cache.New[head](2*keptValues, keptBytes, keptBytes),
		kept:    cache.New[kept](keptValues, keptBytes, keptBytes),
	}
	c.lifetime, c.end = context.WithCancel(context.Background())
	// Without its own Timeout: each request has a context with one. go-github
	// leaves the bodies of errors and of 304 open, whose timers would run on.
	c.api = gh.NewClient(&http.Client{Transport: c.wire, CheckRedirect: followAPI})
	c.api.BaseURL = base
	c.api.UserAgent = "telemetry-dashboard"
	c.downloads = &http.Client{Transport: c.wire, CheckRedirect: c.followDownload}
	return c, nil
}

// RateLimit returns what GitHub last said of the token's hourly limit.
func (c *Client) RateLimit() telemetry.RateLimit { return c.wire.limits.Rate() }

// Limits are those of the token.
func (c *Client) Limits() *upstream.Limits { return c.wire.limits }

// Close ends the questions that are under way, and closes the connections.
func (c *Client) Close() {
	c.end()
	c.api.Client().CloseIdleConnections()
}

func ownerName(repo string) (string, error) {
	name := string(telemetry.ParseRepo(repo))
	if !strings.Contains(name, "/") {
		return "", telemetry.Errorf(telemetry.CodeInvalid, "Invalid repository %q: want owner/name.", repo)
	}
	return name, nil
}

func share[T any](ctx context.Context, c *Client, key string, ask func(context.Context) (T, error)) (T, error) {
	v, err := upstream.Share(ctx, &c.flights, key, timesQuestion*c.timeout, func(ctx context.Context) (T, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(c.lifetime, cancel)()
		return ask(ctx)
	})
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return v, c.ended(ctx)
	}
	return v, err
}

// cached is share for an answer that is kept for CacheTTL. size tells its bytes.
func cached[T any](ctx context.Context, c *Client, key string, size func(T) int, ask func(context.Context) (T, error)) (T, error) {
	if k, ok := c.kept.Get(key); ok && c.wire.now().Before(k.until) {
		return k.value.(T), nil
	}
	return share(ctx, c, key, func(ctx context.Context) (T, error) {
		v, err := ask(ctx)
		if err == nil {
			c.keepFor(key, v, size(v))
		}
		return v, err
	})
}

// keepFor keeps an answer to a page for CacheTTL.
func (c *Client) keepFor(key string, v any, size int) {
	if c.ttl > 0 {
		c.kept.Put(key, kept{v, c.wire.now().Add(c.ttl)}, size)
	}
}
