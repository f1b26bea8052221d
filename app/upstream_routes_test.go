package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"telemetry-dashboard/app/server"
	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/static"
)

// everyRoute is the whole surface of the program.
func everyRoute(cfg Config) (list []server.Route) {
	board := dashboard.New(dashboard.Options{Lists: listsOf(nil)})
	for _, r := range newAPI(cfg, false, board, nil, nil).Routes() {
		list = append(list, server.Route(r))
	}
	return append(list, newSite(cfg, false, web.Options{Assets: static.New(), Dashboard: board}).Routes()...)
}

// counted passes on what is sent to an upstream, and counts it.
func counted(t *testing.T, to BaseURL, n *atomic.Int64) BaseURL {
	t.Helper()
	target, err := url.Parse(string(to))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return BaseURL(front.URL)
}

// TestWhatAsksAnUpstreamIsBounded asks every route over the wire: one that
// makes the program ask GitHub or Devin must say so, since that is what
// bounds it for each caller.
func TestWhatAsksAnUpstreamIsBounded(t *testing.T) {
	var asked atomic.Int64
	var cfg Config
	p := startPlayed(t, shopRecords(), func(c *Config) {
		c.GitHubAPIURL, c.DevinAPIURL = counted(t, c.GitHubAPIURL, &asked), counted(t, c.DevinAPIURL, &asked)
		c.RefreshInterval, c.PollInterval = 0, 0
		cfg = *c
	})
	reach := map[string]bool{}
	for _, r := range everyRoute(cfg) {
		if r.Stream != nil {
			continue // it reads the database only
		}
		for _, parameter := range append([]string{""}, r.UpstreamIn...) {
			before := asked.Load()
			p.askRoute(r, parameter)
			if asked.Load() == before {
				continue
			}
			reach[r.Method+" "+r.Path] = true
			if !r.Upstream && (parameter == "" || !slices.Contains(r.UpstreamIn, parameter)) {
				t.Errorf("%s %s?%s asks an upstream, and its route does not say so", r.Method, r.Path, parameter)
			}
		}
	}
	for _, route := range []string{
		"POST /api/refresh", "POST /api/poll-prs", "POST /api/sessions/:id/messages", "GET /api/sessions/:id/messages",
		"GET /api/dispatch/preflight", "POST /api/dispatch", "GET /panels/checks", "GET /panels/messages", "GET /panels/preflight",
		"GET /pulls/:owner/:name/:number", "GET /sessions/:id", "GET /repo/:owner/:name/dispatch", "POST /actions/reply",
	} {
		if !reach[route] {
			t.Errorf("%s asked no upstream here, so that this test would not see whether it says so", route)
		}
	}
}

// askRoute asks a route for what there is, and waits for the job that it
// starts.
func (p *played) askRoute(r server.Route, parameter string) {
	p.t.Helper()
	path := strings.NewReplacer(":owner", "octo", ":name", "shop", ":number", "7", ":repository", "octo%2Fshop",
		":file", "a.json", ":id", waitingID).Replace(r.Path)
	query := url.Values{"scope": {"octo/shop"}, "target_repo": {"octo/shop"}, "id": {waitingID}}
	if strings.HasSuffix(path, "/checks") || strings.HasSuffix(path, "/pull") {
		query.Set("id", "octo/shop/7")
	}
	if parameter != "" {
		query.Set(parameter, "1")
	}
	media, body := "application/x-www-form-urlencoded", ""
	switch {
	case strings.HasSuffix(path, "/messages") && r.Method == http.MethodPost:
		media, body = "application/json", `{"message":"go on"}`
	case path == "/api/dispatch":
		media, body = "application/json", `{"target_repo":"octo/shop"}`
	case r.Method != http.MethodGet && !strings.HasPrefix(path, "/api/"):
		body = url.Values{"session": {waitingID}, "message": {"go on"}, "repo": {"octo/shop"}, "token": {newID()}}.Encode()
	}
	p.do(r.Method, path+"?"+query.Encode(), body, "HX-Request", "true", "Content-Type", media)
	if kind, ok := strings.CutPrefix(path, "/actions/"); ok && slices.Contains([]string{"refresh", "poll", "poll-prs", "backfill"}, kind) {
		p.do(http.MethodPost, "/api/"+kind, "") // it joins the job, and waits for its end
	}
}
