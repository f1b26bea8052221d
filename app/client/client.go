// Package client is the command line against a dashboard that runs: app get,
// app mcp and app completion. It asks the dashboard's API by HTTP, with an
// access token, and shows what that answers: it has no rule of its own, and
// must not read settings, a database or another package of the program.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Variables of the environment that say which dashboard is asked, and as whom.
const (
	VarURL       = "DASHBOARD_URL"
	VarToken     = "DASHBOARD_TOKEN"
	VarPlainHTTP = "ALLOW_PLAIN_HTTP_UPSTREAM" // "true": a token may go to another machine unencrypted
)

// DefaultURL is where a dashboard is asked that nothing else is said of.
const DefaultURL = "http://127.0.0.1:5000"

// Env is what a command works with.
type Env struct {
	URL   string // of the dashboard; "" is DefaultURL
	Token string // "" sends none
	Plain bool   // the token may be sent to another machine by plain http
	In    io.Reader
	Out   io.Writer
	Err   io.Writer
	Width int // of the terminal in columns; 0 for no terminal, which cuts nothing
}

// Misuse is a command line that a command cannot take.
type Misuse struct{ message string }

func (m *Misuse) Error() string { return m.message }

func misuse(format string, args ...any) error { return &Misuse{fmt.Sprintf(format, args...)} }

// dashboard is one that is asked. It is safe for concurrent use.
type dashboard struct {
	base  string
	token string
	http  *http.Client
}

// The bounds of waiting: an answer may take long once it has begun.
const (
	dialTime  = 10 * time.Second
	firstTime = 2 * time.Minute
	redirects = 5
	errorMost = 64 << 10 // bytes of an error
)

// open returns the dashboard of env. It asks nothing yet. Proxies and further
// certificates are those of the environment, as Go's http package reads them.
func open(env Env) (*dashboard, error) {
	address := env.URL
	if address == "" {
		address = DefaultURL
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("invalid address of the dashboard %q: want for example %s or https://example.com/dashboard; "+
			"it is set by %s or --url", address, DefaultURL, VarURL)
	}
	if strings.ContainsFunc(env.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("invalid " + VarToken + ": an access token has no spaces and no line breaks")
	}
	if env.Token != "" && u.Scheme == "http" && !env.Plain && !thisMachine(u.Hostname()) {
		return nil, fmt.Errorf("%s is plain http on another machine, which would send the token unencrypted. Use https, or set %s=true",
			address, VarPlainHTTP)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: dialTime}).DialContext
	transport.ResponseHeaderTimeout = firstTime
	return &dashboard{
		base:  strings.TrimSuffix(u.String(), "/"),
		token: env.Token,
		http: &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
				return fmt.Errorf("%s redirects to %s://%s, where the token is not sent. Set %s to the address of the dashboard itself",
					first.Redacted(), req.URL.Scheme, req.URL.Host, VarURL)
			}
			if len(via) > redirects {
				return fmt.Errorf("%s redirects in a circle", via[0].URL.Redacted())
			}
			return nil
		}},
	}, nil
}

// errInterrupted is that of a command that a person ended.
var errInterrupted = errors.New("interrupted before the dashboard had answered")

// thisMachine reports whether a host is loopback.
func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// get asks for an address of the API, and returns an answer that succeeded.
// The caller closes its body.
func (d *dashboard) get(ctx context.Context, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+address, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := d.do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		return nil, d.refusal(res)
	}
	return res, nil
}

// do sends a request with the token.
func (d *dashboard) do(req *http.Request) (*http.Response, error) {
	if d.token != "" {
		req.Header.Set("Authorization", "Bearer "+d.token)
	}
	res, err := d.http.Do(req)
	if err == nil {
		return res, nil
	}
	if req.Context().Err() != nil {
		return nil, errInterrupted
	}
	cause := err
	if e, ok := errors.AsType[*url.Error](err); ok {
		cause = e.Err
	}
	if strings.Contains(cause.Error(), " redirects ") { // of CheckRedirect
		return nil, cause
	}
	return nil, fmt.Errorf("cannot reach the dashboard at %s: %w. Is it running? %s or --url says where it is", d.base, cause, VarURL)
}

// read asks for an address and reads its JSON.
func (d *dashboard) read(ctx context.Context, address string, into any) error {
	res, err := d.get(ctx, address)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return fmt.Errorf("the answer of %s was cut short or is not JSON: %w", d.base, err)
	}
	return nil
}

// refusal is the sentence of an answer that did not succeed.
func (d *dashboard) refusal(res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, errorMost))
	if err != nil {
		return fmt.Errorf("the answer of %s was cut short: %w", d.base, err)
	}
	var failed struct{ Error string }
	if json.Unmarshal(body, &failed) != nil || failed.Error == "" {
		return fmt.Errorf("%s answers %s, and not as a dashboard does. Check %s, and what stands before it: a proxy may want people to sign in",
			d.base, res.Status, VarURL)
	}
	if res.StatusCode == http.StatusUnauthorized {
		return errors.New(failed.Error + " Make a token on the dashboard's page /tokens, or on its machine by: " +
			"app token create --role viewer NAME. Then set " + VarToken + " to it.")
	}
	return errors.New(failed.Error)
}
