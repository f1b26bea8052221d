package http

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/telemetry"
)

// counted passes on what is sent to an upstream, and counts it.
func counted(n *atomic.Int64) program.Front {
	return func(player http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.Add(1)
			player.ServeHTTP(w, r)
		})
	}
}

// TestWhatAsksAnUpstreamIsBounded asks every route over the wire: one that
// makes the program ask GitHub or Devin must say so, since that is what
// bounds it for each caller.
func TestWhatAsksAnUpstreamIsBounded(t *testing.T) {
	var asked atomic.Int64
	p := program.NewPlayed(t, "cog_played", program.Sample())
	p.Start(p.Settings(program.Fronts{"GITHUB_API_URL": counted(&asked), "DEVIN_API_URL": counted(&asked)}))
	for _, kind := range []string{"refresh", "poll", "poll-prs", "backfill"} {
		p.Do(http.MethodPost, "/api/"+kind, "") // it joins what runs since the start
	}
	untilQuiet(p, &asked)
	reach := map[string]bool{}
	for _, r := range routes() {
		if r.Stream != nil {
			continue // it reads the database only
		}
		for _, parameter := range append([]string{""}, r.UpstreamIn...) {
			before := asked.Load()
			askRoute(p, r, parameter)
			if r.Method != http.MethodGet {
				untilQuiet(p, &asked) // a job that it started is not the next route's
			}
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

// untilQuiet waits for jobs that nobody waits for: those of the start, and those
// that another job or a press of a button leaves behind.
func untilQuiet(p *program.Played, asked *atomic.Int64) {
	p.T.Helper()
	last := int64(-1)
	p.Until("it goes on asking upstreams", func() bool {
		_, jobs := p.Get("/api/jobs")
		now := asked.Load()
		same := now == last
		last = now
		return same && !strings.Contains(jobs, `"state":"running"`) && !strings.Contains(jobs, `"state":"queued"`)
	})
}

// askRoute asks a route for what there is, and waits for the job that it
// starts.
func askRoute(p *program.Played, r server.Route, parameter string) {
	p.T.Helper()
	path := strings.NewReplacer(":owner", "octo", ":name", "shop", ":number", "7", ":repository", "octo%2Fshop",
		":file", "a.json", ":id", program.SampleSession).Replace(r.Path)
	query := url.Values{"scope": {"octo/shop"}, "target_repo": {"octo/shop"}, "id": {program.SampleSession}}
	if r.Method != http.MethodGet { // it refuses what it does not read
		query = url.Values{}
	}
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
		form := url.Values{
			"session": {program.SampleSession},
			"message": {"go on"},
			"repo":    {"octo/shop"},
			"token":   {telemetry.NewID()},
			"id":      {program.SampleSession},
		}
		maps.DeleteFunc(form, func(name string, _ []string) bool { return !slices.Contains(r.Params, name) })
		body = form.Encode()
	}
	p.Do(r.Method, path+"?"+query.Encode(), body, "HX-Request", "true", "Content-Type", media)
	if kind, ok := strings.CutPrefix(path, "/actions/"); ok && slices.Contains([]string{"refresh", "poll", "poll-prs", "backfill"}, kind) {
		p.Do(http.MethodPost, "/api/"+kind, "") // it joins the job, and waits for its end
	}
}
