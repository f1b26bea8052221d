package github

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
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
	// idlePart is which part of a request's time is waited for a connection,
	// for the first byte of an answer and then for each further one: 10 s, as
	// GitHub ends a request itself.
	idlePart = 3
	// A call ends after so many times the time of one request, whatever is
	// repeated or paged in it: a question, an archive, all of FetchRunFiles.
	timesQuestion, timesArchive, timesFetch = 4, 10, 30
	// workers is how many requests of one call are open at a time, well
	// under GitHub's secondary limit of 100.
	workers = 8
	// The most values and bytes of each kind that are kept in memory.
	keptValues = 4096
	keptBytes  = 16 << 20
)

// Options say which GitHub to ask, and how.
type Options struct {
	BaseURL     string             // "" is DefaultURL; GitHub Enterprise Server is https://HOST/api/v3
	Token       string             // "" asks without one
	ActionRepo  telemetry.RepoName // whose run files and workflow; "" makes what needs it CodeMissingSetting
	CacheTTL    time.Duration      // how long OpenPulls and PullDetails are kept; 0 keeps nothing
	HTTPTimeout time.Duration      // of one request, its body included; 0 is 30 s. Of an archive: without a byte
	Transport   http.RoundTripper  // nil is one of its own
	// AllowPlainHTTP lets the token be sent unencrypted to a host that is not
	// this one. Without it New refuses such a BaseURL.
	AllowPlainHTTP bool
	Log            *slog.Logger     // nil logs nothing
	Now            func() time.Time // nil is time.Now
}

// Client asks one GitHub with one token. It is safe for concurrent use. Who
// asks the same at the same moment shares one answer, which is not to be
// changed.
type Client struct {
	api       *gh.Client
	downloads *http.Client
	wire      *wire
	budget    *upstream.Budget
	host      string
	repo      telemetry.RepoName
	timeout   time.Duration
	ttl       time.Duration
	log       *slog.Logger
	lifetime  context.Context // until Close
	end       context.CancelFunc

	branch  atomic.Pointer[string]              // the action repository's default branch, as last seen
	listed  atomic.Pointer[listing]             // the run files, likewise
	sides   atomic.Pointer[[]telemetry.RunFile] // what lay beside them; nil: not known
	flights upstream.Flights
	answers *cache.Cache[answer]                // by address: whole answers, to ask whether they changed
	heads   *cache.Cache[head]                  // by repository: what its newest pull requests were
	kept    *cache.Cache[kept]                  // answers to pages, for CacheTTL
	last    *cache.Cache[telemetry.PullDetails] // the last good ones
}

// kept is an answer to a page.
type kept struct {
	value any
	until time.Time
}

// New returns a client. It makes no request. A malformed BaseURL or Token is
// an error that names GITHUB_API_URL or GITHUB_TOKEN, and so is a token that
// would be sent unencrypted.
func New(o Options) (*Client, error) {
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	token := strings.TrimSpace(o.Token)
	secret := upstream.Secret{Value: token, Variable: "GITHUB_TOKEN", AddressVariable: "GITHUB_API_URL"}
	if err := secret.Check(base, o.AllowPlainHTTP); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	timeout := cmp.Or(max(o.HTTPTimeout, 0), defaultTimeout)
	if o.Transport == nil {
		o.Transport = newTransport(timeout / idlePart)
	}
	c := &Client{
		wire:    &wire{base: o.Transport, api: base, token: token, now: o.Now},
		budget:  upstream.NewBudget(largeAnswers),
		host:    base.Host,
		repo:    o.ActionRepo,
		timeout: timeout,
		ttl:     o.CacheTTL,
		log:     cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		answers: cache.New[answer](keptValues, keptBytes, keptBytes),
		heads:   cache.New[head](2*keptValues, keptBytes, keptBytes),
		kept:    cache.New[kept](keptValues, keptBytes, keptBytes),
		last:    cache.New[telemetry.PullDetails](keptValues, keptBytes, keptBytes),
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
func (c *Client) RateLimit() telemetry.RateLimit { return c.wire.rateLimit() }

// Close ends the questions that are under way, whose callers get a canceled
// context, and closes the connections.
func (c *Client) Close() {
	c.end()
	c.api.Client().CloseIdleConnections()
}

func newTransport(idle time.Duration) http.RoundTripper {
	shared, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := shared.Clone()
	own.MaxIdleConnsPerHost = 2 * workers
	own.DialContext = (&net.Dialer{Timeout: idle}).DialContext
	own.TLSHandshakeTimeout = idle
	own.ResponseHeaderTimeout = idle
	own.MaxResponseHeaderBytes = 1 << 20
	return own
}

// actionRepo returns the owner and the name of the action repository.
func (c *Client) actionRepo() (owner, name string, err error) {
	if c.repo == "" {
		return "", "", telemetry.Errorf(telemetry.CodeMissingSetting,
			"ACTION_REPO is not set, so it is not known which repository holds the run files and the workflow. Set it to owner/name and restart.")
	}
	return split(string(c.repo))
}

// split reads "owner/name" or a repository's URL.
func split(repo string) (owner, name string, err error) {
	owner, name, ok := strings.Cut(string(telemetry.ParseRepo(repo)), "/")
	if !ok {
		return "", "", telemetry.Errorf(telemetry.CodeInvalid, "Invalid repository %q: want owner/name.", repo)
	}
	return owner, name, nil
}

// share lets all who ask for key at the same moment share one ask. It ends
// with the client, and after a time that is generous.
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

// cached answers from what is kept, and else shares one ask, whose answer it
// keeps for CacheTTL. size tells its bytes.
func cached[T any](ctx context.Context, c *Client, key string, size func(T) int, ask func(context.Context) (T, error)) (T, error) {
	if k, ok := c.kept.Get(key); ok && c.wire.now().Before(k.until) {
		return k.value.(T), nil
	}
	return share(ctx, c, key, func(ctx context.Context) (T, error) {
		v, err := ask(ctx)
		if err == nil && c.ttl > 0 {
			c.kept.Put(key, kept{v, c.wire.now().Add(c.ttl)}, size(v))
		}
		return v, err
	})
}
