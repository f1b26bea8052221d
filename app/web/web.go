// Package web is the pages: one file a screen, each handler of which
// parses, asks the dashboard, builds finished rows and renders. routes.go
// shows the whole surface. A panel is drawn by one function, whether within
// its page or alone for htmx.
//
// A further panel is a spec (name, title, topics, interval, draw) in the file
// of its screen, a row builder in rows.go, a template in views/panels, and
// its place in panelSpecs and in a page's rows. A further list is a spec
// whose draw is list(…): the query box, menus, sorting, paging and the
// fragment's address follow from it.
package web

import (
	"bytes"
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Jobs starts and finds jobs.
type Jobs interface {
	Start(kind string, order ingest.Order) (*ingest.Handle, error)
	Running(id string) (telemetry.Job, bool)
	Cancel(ctx context.Context, id string) (telemetry.Job, error)
	AcceptListing(ctx context.Context, source string, kept int64, by telemetry.Starter) (*ingest.Handle, error)
}

// Changes tells when something that was stored has changed.
type Changes interface {
	Versions() map[string]uint64
	Watch() (<-chan struct{}, func())
}

// Assets names the front-end files; static.Assets does.
type Assets interface{ URL(name string) string }

// Missing is a setting that is not set: what is off without it, and where to
// get it, in sentences.
type Missing struct{ Variable, Off, Where string }

// Settings are what pages say of the program's settings; no secret is among
// them.
type Settings struct {
	ActionRepo      string // owner/name, "" if not set
	RunsDir         string
	GitHubWeb       string // "https://github.com": where repositories are looked at
	DevinWeb        string // "https://app.devin.ai"
	Missing         []Missing
	RefreshInterval time.Duration // 0: only when asked
	PollInterval    time.Duration
	Polls           bool // Devin can be asked
	Demo            bool
	Open            bool // others can reach the dashboard, and nobody signs in
}

// Options are what a Web works with.
type Options struct {
	Dashboard *dashboard.Dashboard
	Jobs      Jobs
	Changes   Changes
	Scopes    Scopes
	Outward   Outward
	NewID     func() string // of a form: letters, digits and -
	Assets    Assets
	Quota     Quota // nil: GitHub is not asked
	Settings  Settings
	APIDocs   string // the JSON API's description, OpenAPI 3.1 in YAML
	Now       func() time.Time
}

// Web answers for the pages. It is safe for concurrent use.
type Web struct {
	o      Options
	assets pages.Assets
	manual func() (pages.Manual, error) // read when it is first asked for
	shared pulseShared
	tabs   tabTotals
}

// New returns a Web.
func New(o Options) *Web {
	return &Web{
		o: o,
		assets: pages.Assets{
			CSS:   o.Assets.URL("app.css"),
			Theme: o.Assets.URL("theme.js"),
			App:   o.Assets.URL("app.js"),
			Icon:  o.Assets.URL("icon.svg"),
		},
		shared: pulseShared{asking: make(chan struct{}, 1)},
		manual: sync.OnceValues(func() (pages.Manual, error) { return readManual(o.APIDocs) }),
	}
}

// draw makes one panel. An error is what stands in its place.
type draw func(ctx context.Context, v view) (templ.Component, error)

// panel draws a panel within a page: where that fails the page is whole, and
// the panel says what happened.
func (w *Web) panel(ctx context.Context, s spec, v view) templ.Component {
	v = v.of(s)
	c, err := s.draw(ctx, v)
	if err != nil {
		f := v.frame()
		f.Failure = sentence(err)
		return panels.Broken(f)
	}
	return c
}

// screen is a page before its shell.
type screen struct {
	title   string // of the document
	current string // the entry of the navigation
	status  int    // 0 = 200
	body    pages.Body
}

// show renders a page.
func (w *Web) show(c *fiber.Ctx, s screen) error {
	return render(c, cmp.Or(s.status, fiber.StatusOK), pages.Page(w.shell(c, s.title, s.current), s.body))
}

func render(c *fiber.Ctx, status int, page templ.Component) error {
	var body bytes.Buffer
	if err := page.Render(c.UserContext(), &body); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	return c.Status(status).Send(body.Bytes())
}

// shell is what stands around a page. Its versions are read before the
// panels are asked, so that a change meanwhile is asked for again.
func (w *Web) shell(c *fiber.Ctx, title, current string) pages.Shell {
	s := w.bareShell(title, current)
	ctx, v := c.UserContext(), view{query: url.Values{}, jobs: ownJobs(c)}
	s.Versions = versions(w.o.Changes.Versions())
	s.Jobs = w.panel(ctx, w.specJobs(), v)
	s.Saved = w.panel(ctx, w.specSaved(), v)
	s.Views, _ = w.savedGroups(ctx) // the panel beside it tells what failed
	if c.Path() == "/search" {      // elsewhere q is of the page's own list
		s.Search = c.Query("q")
	}
	p, err := w.pulse(ctx)
	if err != nil {
		s.Fresh = w.panel(ctx, w.specFreshness(), v) // it asks again, and says what is wrong
		return s
	}
	s.Fresh = w.freshness(v.of(w.specFreshness()), p)
	for i := range s.Nav {
		if s.Nav[i].URL == "/needs-you" && p.needs > 0 {
			s.Nav[i].Count = number(p.needs)
		}
	}
	w.hold(p, s.Buttons)
	w.hold(p, s.Menu)
	return s
}

// hold switches buttons off whose upstream has a limit that has not ended.
func (w *Web) hold(p pulse, buttons []parts.Action) {
	github, devin := w.held(p)
	for i, b := range buttons {
		until := map[string]time.Time{"github": github, "devin": devin}[b.Upstream]
		if !until.IsZero() {
			buttons[i].Wait = clock(until)
			buttons[i].Off = "The rate limit is reached; resumes " + resumesAt(until, w.o.Now())
		}
	}
}

// bareShell asks nothing: an error page must not fail in turn.
func (w *Web) bareShell(title, current string) pages.Shell {
	s := pages.Shell{
		Title:  title,
		Assets: w.assets,
		Demo:   w.o.Settings.Demo,
		Open:   w.o.Settings.Open,
		Source: w.o.Settings.ActionRepo,
	}
	if s.Source == "" && w.o.Settings.RunsDir != "" {
		s.Source = "RUNS_DIR"
	}
	for _, entry := range navigation() {
		s.Nav = append(s.Nav, parts.Tab{Text: entry.Text, URL: entry.URL, Current: entry.URL == current})
	}
	refresh := parts.Action{Text: "Refresh", Icon: "sync", URL: "/actions/refresh", Upstream: "github"}
	if w.o.Settings.RunsDir != "" {
		refresh.Upstream = "" // the directory can be read whatever GitHub says
	}
	s.Buttons = []parts.Action{refresh, {Text: "Poll sessions", Icon: "hubot", URL: "/actions/poll", Upstream: "devin"}}
	s.Menu = []parts.Action{
		{
			Text:     "Poll pull requests",
			Icon:     "git-pull-request",
			URL:      "/actions/poll-prs",
			Class:    "menu-item",
			Upstream: "github",
		},
		{
			Text:   "Backfill old records…",
			Icon:   "tools",
			URL:    "/actions/backfill",
			Class:  "menu-item",
			Hidden: []parts.Field{{Name: "dry_run", Value: "true"}},
		},
	}
	return s
}

func navigation() []parts.Link {
	return []parts.Link{
		{Text: "Overview", URL: "/"}, {Text: "Needs you", URL: "/needs-you"}, {Text: "Issues", URL: "/issues"},
		{Text: "Sessions", URL: "/sessions"},
		{Text: "Pull requests", URL: "/pulls"}, {Text: "Runs", URL: "/runs"}, {Text: "Repositories", URL: "/repos"},
		{Text: "Activity", URL: "/activity"},
	}
}

// navigationText is what the navigation calls a page.
func navigationText(url string) string {
	for _, entry := range navigation() {
		if entry.URL == url {
			return entry.Text
		}
	}
	return ""
}

// versions writes the versions of topics as the page and its events carry
// them: "jobs=3 pulls=1 records=12 sessions=8".
func versions(of map[string]uint64) string {
	var list []string
	for topic, n := range of {
		list = append(list, topic+"="+strconv.FormatUint(n, 10))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
