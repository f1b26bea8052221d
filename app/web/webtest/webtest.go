// Package webtest serves the pages and the API to tests: the real server over a
// real SQLite file and real jobs, with GitHub and Devin played on the wire. No
// loop runs, and the clock is stopped at Now, unless a test has its own.
package webtest

import (
	"context"
	"encoding/hex"
	"errors"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/feeds"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
	"telemetry-dashboard/static"
	"telemetry-dashboard/views/links"
)

// Now is the time of every site.
func Now() time.Time { return time.Date(2026, 3, 10, 12, 0, 30, 0, time.UTC) }

// The names of the played action repository, and what it is asked with.
const (
	ActionRepo = "octo/action"
	token      = "ghp_played"
	key        = "cog_played"
	org        = "org-played"
)

// Site is the pages of one database, served on a port of their own.
type Site struct {
	Store  *storetest.Store
	Jobs   *ingest.Runner
	Lists  dashboard.Lists
	GitHub *githubtest.Player
	Devin  *devintest.Player

	t    *testing.T
	now  func() time.Time
	url  string
	http *http.Client
}

// Open serves an empty database, until the test's end. change adapts what the
// pages are given.
func Open(t *testing.T, change ...func(*web.Options)) *Site {
	t.Helper()
	return OpenAt(t, Now, change...)
}

// OpenAt is Open by another clock.
func OpenAt(t *testing.T, clock func() time.Time, change ...func(*web.Options)) *Site {
	t.Helper()
	s := &Site{
		GitHub: githubtest.New(githubtest.Options{Token: token, Now: clock}),
		Devin:  devintest.New(devintest.Options{Key: key, OrgID: org, Now: clock}),
		t:      t,
		now:    clock,
		http:   &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	s.Store = giveTime(t, storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "pages.db"), Now: clock}))
	gh, dv := s.clients()
	action := gh.Action(ActionRepo, "")
	reading := storetest.Reading(s.Store.Store)
	reading.GitHub, reading.Messages, reading.Keeper = gh, dv, s.Store
	reading.Decider, reading.Campaigner, reading.Known, reading.People = s.Store, s.Store, s.Store.HasPerson, s.Store.People
	s.Lists = reading.Lists
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s.Jobs = ingest.New(ctx, ingest.Options{
		Store:        s.Store,
		Sources:      []ingest.Source{actionSource(action)},
		Repositories: gh,
		PullRequests: gh,
		RunLogs:      gh,
		LogAllowance: upstream.NewAllowance(gh.Limits(), "run logs"),
		Devin:        dv,
		Messenger:    dv,
		Starter:      dv,
		Log:          slog.New(slog.DiscardHandler),
		Now:          clock,
		NewID:        ids(),
	})
	ended := make(chan error, 1)
	o := web.Options{
		Dashboard:   dashboard.New(sending(reading, s.Jobs)),
		Jobs:        s.Jobs,
		Changes:     s.Store,
		Scopes:      s.Store,
		Submissions: s.Jobs,
		Redeliver:   s.Store, Notify: s.notify(),
		NewID:   ids(),
		Assets:  static.New(),
		Quotas:  web.Quotas{GitHub: gh.RateLimit, Devin: dv.RateLimit},
		APIDocs: static.OpenAPI(),
		Now:     clock,
		Settings: web.Settings{
			ActionRepo:   ActionRepo,
			GitHubWeb:    "https://github.com",
			DevinWeb:     "https://app.devin.ai",
			PollInterval: 30 * time.Second,
			Polls:        true,
			AsksLogs:     true,
		},
	}
	for _, c := range change {
		c(&o)
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + ln.Addr().String()
	go func() { ended <- telemetry.Guard("the server", func() error { return s.serve(ctx, ln, o) }) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.Jobs.Run(ctx)); err != nil { // which waits for the last job
			t.Errorf("the site ended with %v", err)
		}
	})
	return s
}

// actionSource is the action's repository.
func actionSource(action *github.Action) ingest.Source {
	page := links.GitHub("https://github.com").Workflow(ActionRepo, ingest.Workflow)
	return ingest.Source{Name: ActionRepo, Files: action, Dispatcher: action, WorkflowPage: page}
}

// sending adds what is needed to send issues to Devin.
func sending(o dashboard.Options, to dashboard.Sender) dashboard.Options {
	o.Sender, o.SendLimits = to, telemetry.SendLimits{PerDay: 20, MaxACUs: 10}
	return o
}

// clients returns the clients of the played upstreams.
func (s *Site) clients() (*github.Client, *devin.Client) {
	s.t.Helper()
	s.GitHub.Repo(ActionRepo)
	play := func(h http.Handler) string {
		player := httptest.NewServer(h)
		s.t.Cleanup(player.Close)
		return player.URL
	}
	log := slog.New(slog.DiscardHandler)
	gh, err := github.New(github.Options{
		BaseURL: play(s.GitHub), AllowPlainHTTP: true, Token: token, Log: log, Now: s.now,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(gh.Close)
	dv, err := devin.New(devin.Options{BaseURL: play(s.Devin), AllowPlainHTTP: true, Key: key, OrgID: org, Log: log, Now: s.now})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(dv.Close)
	return gh, dv
}

// serve serves pages until ctx ends.
func (s *Site) serve(ctx context.Context, ln net.Listener, o web.Options) error {
	pages := web.New(o)
	srv := server.New(server.Options{
		Log:         slog.New(slog.DiscardHandler),
		BuildID:     "test",
		DatabaseID:  s.Store.ID(),
		Versions:    s.Store.Versions,
		RenderError: pages.RenderError,
		Access:      access.Everyone("you"),
		Assets:      static.New(),
		ListenAddr:  ln.Addr().String(),
		Now:         s.now,
	}, s.routes(o, pages))
	return srv.Serve(ctx, ln)
}

// routes are those of the pages, of the API and of feeds.
func (s *Site) routes(o web.Options, pages *web.Web) []server.Route {
	surface := &api.API{Dashboard: o.Dashboard, Jobs: s.Jobs, Scope: s.Store, Redeliver: s.Store, Notify: o.Notify,
		Description: o.APIDocs, Now: s.now, GitHubWeb: "https://github.com"}
	var routes []server.Route
	for _, r := range surface.Routes() {
		routes = append(routes, server.Route(r))
	}
	routes = append(routes, feeds.Routes(feeds.Options{Dashboard: o.Dashboard})...)
	return append(routes, pages.Routes()...)
}

// ids makes ids that are not the same, the same in each run.
func ids() func() string {
	var n atomic.Uint32
	return func() string {
		i := n.Add(1)
		return "id" + hex.EncodeToString([]byte{byte(i >> 8), byte(i)})
	}
}

// Run runs a job and waits for its end.
func (s *Site) Run(kind string, order ingest.Order) telemetry.Job {
	s.t.Helper()
	h, err := s.Jobs.Start(kind, order)
	if err != nil {
		s.t.Fatal(err)
	}
	job, err := h.Wait(s.t.Context())
	if err != nil {
		s.t.Fatalf("%s: %v", kind, err)
	}
	return job
}

// URL is where the site is served.
func (s *Site) URL() string { return s.url }

// Answer is what the site answered.
type Answer struct {
	Status int
	Header http.Header
	HTML   string
}

// Get asks for a page as a browser does without JavaScript.
func (s *Site) Get(path string, header ...string) Answer {
	return s.do(http.MethodGet, path, nil, header)
}

// Send sends JSON.
func (s *Site) Send(method, path, body string) Answer {
	return s.send(method, path, body, []string{"Content-Type", "application/json"})
}

// Panel asks for a panel as htmx does.
func (s *Site) Panel(path string, header ...string) Answer {
	return s.do(http.MethodGet, links.Panel(path), nil, append(header, "HX-Request", "true"))
}

// Post sends a form.
func (s *Site) Post(path string, form url.Values, header ...string) Answer {
	return s.do(http.MethodPost, path, form, append(header, "Content-Type", "application/x-www-form-urlencoded"))
}

func (s *Site) do(method, path string, form url.Values, header []string) Answer {
	return s.send(method, path, form.Encode(), header)
}

func (s *Site) send(method, path, body string, header []string) Answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.Host = req.Header.Get("Host") // "" is that of the URL
	res, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return Answer{res.StatusCode, res.Header, string(read)}
}

// Text is what a person reads of the answer, its white space made one blank.
func (a Answer) Text() string {
	text := strings.ReplaceAll(a.HTML, `</span><span class="whole">`, "") // the halves of one name
	text = regexp.MustCompile(`(?s)<(script|style|svg)\b.*?</(script|style|svg)>|<[^>]*>`).ReplaceAllString(text, " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// Want is what an answer must be. Text is looked for in what a person reads,
// in this order; HTML in the markup.
type Want struct {
	Status int
	Text   []string
	HTML   []string
	Lacks  []string // in the markup
}

// Check holds an answer against what it must be.
func (a Answer) Check(t *testing.T, want Want) {
	t.Helper()
	if a.Status != want.Status {
		t.Errorf("status %d, want %d: %.300s", a.Status, want.Status, a.Text())
	}
	rest := a.Text()
	for _, text := range want.Text {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Errorf("no %q, in this order, in: %.2500s", text, a.Text())
			continue
		}
		rest = after
	}
	for _, text := range want.HTML {
		if !strings.Contains(a.HTML, text) {
			t.Errorf("no %q in the markup:\n%.6000s", text, a.HTML[max(0, strings.Index(a.HTML, "<main")):])
		}
	}
	for _, text := range want.Lacks {
		if strings.Contains(a.HTML, text) {
			t.Errorf("%q is in the markup", text)
		}
	}
}

// giveTime lets nothing of the worlds of pages be overdue.
func giveTime(t *testing.T, s *storetest.Store) *storetest.Store {
	t.Helper()
	days := telemetry.DefaultDueDays()
	days["critical"] = 30
	if err := s.SetDueDays(t.Context(), days); err != nil {
		t.Fatal(err)
	}
	return s
}

// notify keeps the rules of notifications; no channel is set up.
func (s *Site) notify() *notify.Service {
	told, err := notify.New(notify.Options{Store: s.Store, Log: slog.New(slog.DiscardHandler), Now: s.now, NewID: ids()})
	if err != nil {
		s.t.Fatal(err)
	}
	return told
}
