package github

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	gh "github.com/google/go-github/v60/github"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/expirable"

	"telemetry-dashboard/services/telemetry"
)

// DefaultURL is the address of GitHub's REST API.
const DefaultURL = "https://api.github.com"

const (
	defaultTimeout = 30 * time.Second
	// workers is how many requests of one call are open at a time, well
	// under GitHub's secondary limit of 100.
	workers = 8
	// maxHops is how many redirects are followed: a moved repository is one.
	maxHops = 5
	// keptAnswers is how many answers are kept for CacheTTL.
	keptAnswers = 1024
	// minTTL is the shortest time for which keeping an answer makes sense.
	minTTL = time.Millisecond
	// keptHeads is how many repositories' newest pull requests are remembered.
	keptHeads = 8192
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
	api     *gh.Client
	archive *http.Client
	wire    *wire
	host    string
	repo    telemetry.RepoName
	timeout time.Duration
	log     *slog.Logger

	branch  atomic.Pointer[string]  // the action repository's default branch, as last seen
	listed  atomic.Pointer[listing] // the run files, likewise
	flights flights
	heads   *lru.Cache[string, head]                  // by repository: what its newest pull requests were
	kept    *expirable.LRU[string, any]               // answers to pages; nil where nothing is kept
	last    *lru.Cache[string, telemetry.PullDetails] // the last good ones; nil likewise
}

// New returns a client. It makes no request. A malformed BaseURL or Token is
// an error that names GITHUB_API_URL or GITHUB_TOKEN.
func New(o Options) (*Client, error) {
	base, err := baseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	token := strings.TrimSpace(o.Token)
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"GITHUB_TOKEN holds a space or another character that no token has; copy the token again, for example ghp_… or github_pat_…")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	c := &Client{
		wire:    &wire{base: o.Transport, api: base, token: token, now: o.Now},
		host:    base.Host,
		repo:    o.ActionRepo,
		timeout: cmp.Or(max(o.HTTPTimeout, 0), defaultTimeout),
		log:     cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
	}
	if c.heads, err = lru.New[string, head](keptHeads); err != nil {
		return nil, err
	}
	if o.CacheTTL >= minTTL { // expirable takes 0 for "never expires", and panics on a few nanoseconds
		c.kept = expirable.NewLRU[string, any](keptAnswers, nil, o.CacheTTL)
		if c.last, err = lru.New[string, telemetry.PullDetails](keptAnswers); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256([]byte(token))
	c.api = gh.NewClient(&http.Client{
		Transport:     newRevalidator(c.wire, hex.EncodeToString(sum[:8])),
		Timeout:       c.timeout,
		CheckRedirect: sameHost,
	})
	c.api.BaseURL = base
	c.api.UserAgent = "telemetry-dashboard"
	c.archive = &http.Client{Transport: c.wire, CheckRedirect: anyHost}
	return c, nil
}

// RateLimit returns what GitHub last said of the token's hourly limit.
func (c *Client) RateLimit() telemetry.RateLimit { return c.wire.rateLimit() }

// Close closes the connections that are kept open between requests. The
// client may still be used.
func (c *Client) Close() { c.api.Client().CloseIdleConnections() }

// baseURL reads the API's address and gives it the slash at its end that
// go-github wants. Its error does not repeat the value, which may hold a
// password.
func baseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(cmp.Or(strings.TrimSpace(raw), DefaultURL), "/") + "/")
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, telemetry.Errorf(telemetry.CodeInvalid,
			"GITHUB_API_URL is no address of the form https://host or https://host/path, without user, query or fragment; for example %s",
			DefaultURL)
	}
	return u, nil
}

func newTransport() http.RoundTripper {
	shared, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := shared.Clone()
	own.MaxIdleConnsPerHost = 2 * workers
	return own
}

// sameHost follows a moved repository, and nothing that leads elsewhere or
// would make a GET of a POST.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) >= maxHops || !sameOrigin(req.URL, via[0].URL) || req.Method != via[0].Method {
		return http.ErrUseLastResponse
	}
	return nil
}

// anyHost follows an archive to where it is kept, often another host; the
// token stays behind (wire.RoundTrip).
func anyHost(req *http.Request, via []*http.Request) error {
	if len(via) >= maxHops || (req.URL.Scheme != "https" && (req.URL.Scheme != "http" || via[0].URL.Scheme != "http")) {
		return http.ErrUseLastResponse
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
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
		return "", "", telemetry.Errorf(telemetry.CodeInvalid, "%q is no repository; write owner/name.", repo)
	}
	return owner, name, nil
}

// get asks for JSON, unless it still is what etag names; then the failure is
// a 304. Of go-github it uses the client and not a service: these take no
// ETag, and do not notice that an answer ends early if its JSON does not.
func (c *Client) get(ctx context.Context, address, etag string, into any) (*gh.Response, error) {
	req, err := c.api.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	var body bytes.Buffer
	resp, err := c.api.Do(ctx, req, &body)
	if err != nil {
		return nil, err
	}
	return resp, json.Unmarshal(body.Bytes(), into)
}

// cached answers from what is kept, and else lets all who ask for key at
// the same moment share one ask, whose answer it keeps for CacheTTL.
func cached[T any](ctx context.Context, c *Client, key string, ask func(context.Context) (T, error)) (T, error) {
	if c.kept == nil {
		return flight(ctx, c, key, ask)
	}
	if v, ok := c.kept.Get(key); ok {
		return v.(T), nil
	}
	return flight(ctx, c, key, func(ctx context.Context) (T, error) {
		v, err := ask(ctx)
		if err == nil {
			c.kept.Add(key, v)
		}
		return v, err
	})
}
