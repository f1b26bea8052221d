package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// hostHeader carries the host that the client asked past the proxy, so that
// addresses in answers lead there.
const hostHeader = "X-Asked-Host"

// proxies hold requests and answers against descriptions. Each is a process of
// Prism in front of the player.
type proxies struct {
	prism  string
	player atomic.Pointer[http.Handler] // that answers now
	behind *httptest.Server             // where the proxies lead

	mu         sync.Mutex
	each       map[api]*proxy
	violations []string
	compared   int
	exempt     int
}

// unfollowed moves the address of a redirect out of the sight of Prism, which
// would follow it.
type unfollowed struct{ http.ResponseWriter }

const toHeader = "X-Redirected-To"

func (u unfollowed) WriteHeader(status int) {
	move(u.Header(), "Location", toHeader)
	u.ResponseWriter.WriteHeader(status)
}

func move(h http.Header, from, to string) {
	if v := h.Get(from); v != "" {
		h.Set(to, v)
		h.Del(from)
	}
}

// proxy compares with one description.
type proxy struct {
	url        *url.URL
	operations []string
	paths      []*regexp.Regexp
	seen       map[string]int
}

func newProxies(t *testing.T, prism string) *proxies {
	p := &proxies{prism: prism, each: map[api]*proxy{}}
	p.behind = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = r.Header.Get(hostHeader)
		(*p.player.Load()).ServeHTTP(unfollowed{w}, r)
	}))
	t.Cleanup(p.behind.Close)
	return p
}

// start starts a proxy, which ends with the test.
func (p *proxies) start(t *testing.T, of api, description string, operations []string) {
	t.Helper()
	free := httptest.NewServer(http.NotFoundHandler())
	free.Close()
	address := free.Listener.Addr().String()
	_, port, _ := strings.Cut(address, ":")
	cmd := exec.CommandContext(t.Context(), "node", p.prism, "proxy", description, p.behind.URL, "--port", port) //nolint:gosec // see packages
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatalf("prism: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if said := listens(out); said != "" {
		t.Fatalf("prism did not start with %s:\n%s", description, said)
	}
	one := &proxy{url: &url.URL{Scheme: "http", Host: address}, operations: operations, seen: map[string]int{}}
	for _, operation := range operations {
		_, path, _ := strings.Cut(operation, " ")
		path = strings.ReplaceAll(path, "{path}", ".+")
		one.paths = append(one.paths, regexp.MustCompile("^"+regexp.MustCompile(`\{\w+\}`).ReplaceAllString(path, "[^/]+")+"$"))
	}
	p.each[of] = one
}

// listens waits until Prism listens, or returns what it said before its end.
// What it says later is dropped, since a full pipe would stop it.
func listens(out io.Reader) (said string) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "is listening") {
			go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
			return ""
		}
		said += lines.Text() + "\n"
	}
	return said + "It ended."
}

func (p *proxies) of(name api) *proxy { return p.each[name] }

// through is a player behind the proxies. What is no part of a described API
// goes to it directly: the addresses to which GitHub redirects, by a
// repository's id and for downloads.
func (p *proxies) through(player http.Handler, call string) http.Handler {
	p.player.Store(&player)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by := p.of(gh)
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, "/v1/"):
			by = p.of(v1)
		case strings.HasPrefix(path, "/v3/"):
			by = p.of(v3)
		case strings.HasPrefix(path, "/repositories/"), strings.HasPrefix(path, "/_archive/"), strings.HasPrefix(path, "/raw/"):
			by = nil
		}
		if by == nil {
			p.mu.Lock()
			p.exempt++
			p.mu.Unlock()
			player.ServeHTTP(w, r)
			return
		}
		asked := r.Method + " " + r.URL.RequestURI()
		forward := &httputil.ReverseProxy{
			Rewrite: func(out *httputil.ProxyRequest) {
				out.SetURL(by.url)
				out.Out.Header.Set(hostHeader, r.Host)
			},
			ModifyResponse: func(resp *http.Response) error {
				p.compare(by, call, asked, resp)
				move(resp.Header, toHeader, "Location")
				return nil
			},
		}
		forward.ServeHTTP(w, r)
	})
}

// compare keeps what the proxy says of an exchange. An answer of 304, which
// the description of an operation may leave out, is GitHub's to every question
// with an ETag.
func (p *proxies) compare(by *proxy, call, asked string, resp *http.Response) {
	var found []struct {
		Location []string
		Code     string
		Message  string
	}
	said := resp.Header.Get("Sl-Violations")
	resp.Header.Del("Sl-Violations")
	err := json.Unmarshal([]byte(said), &found)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.compared++
	if said != "" && err != nil {
		p.violations = append(p.violations, fmt.Sprintf("%s: %s", asked, said))
	}
	for _, v := range found {
		if resp.StatusCode == http.StatusNotModified && strings.HasPrefix(strings.Join(v.Location, "."), "response") {
			continue
		}
		text := fmt.Sprintf("%s: %d: %s: %s", asked, resp.StatusCode, strings.Join(v.Location, "."), v.Message)
		if !slices.ContainsFunc(p.violations, func(known string) bool { return strings.HasPrefix(known, text) }) {
			p.violations = append(p.violations, text+" (in the call \""+call+"\")")
		}
	}
	for i, operation := range by.operations {
		method, _, _ := strings.Cut(operation, " ")
		if resp.StatusCode < 400 && resp.Request.Method == method && by.paths[i].MatchString(resp.Request.URL.Path) {
			by.seen[operation]++
		}
	}
}

// take returns the violations so far, and forgets them.
func (p *proxies) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.violations
	p.violations = nil
	return taken
}
