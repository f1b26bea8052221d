// Package shell is what the pages share: the document around a page with its
// header and strip, the events that keep it fresh, errors, what a request asks
// of a panel, and the rows that several families of pages show. The families
// import it and never each other.
package shell

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/parts"
)

// Jobs finds running jobs.
type Jobs interface {
	Running(id string) (telemetry.Job, bool)
}

// Changes reports when something that is stored has changed.
type Changes interface {
	Versions() map[string]uint64
	Watch() (<-chan struct{}, func())
}

// Assets has the front-end files; static.Assets does.
type Assets interface {
	URL(name string) string
	CountedIcon(n int64) ([]byte, error)
}

// Missing is a setting that is not set: what is off without it, and where to
// get it, as sentences.
type Missing struct{ Variable, Off, Where string }

// Settings are what pages say of the program's settings; no secret is among
// them.
type Settings struct {
	ActionRepo      string // owner/name, "" if not set
	RunsDir         string
	GitHubWeb       links.GitHub
	DevinWeb        links.Devin
	Missing         []Missing
	RefreshInterval time.Duration // 0: only when asked
	Webhooks        bool          // GitHub's are accepted
	PollInterval    time.Duration
	Polls           bool // Devin can be asked
	AsksLogs        bool // GitHub can be asked for run logs
	Demo            bool
	Open            bool               // others can reach the dashboard, and there is no sign-in
	Team            []telemetry.Person // of the demo: each visitor may be any of them
}

// Options are what a Shell works with.
type Options struct {
	Dashboard *dashboard.Dashboard
	Jobs      Jobs
	Changes   Changes
	Assets    Assets
	Quotas    Quotas
	Settings  Settings
	Now       func() time.Time
}

// Shell is what all pages share. It is safe for concurrent use.
type Shell struct {
	Options
	files  pages.Assets
	assets Assets
	shared freshnessShared
}

// New returns a Shell.
func New(o Options) *Shell {
	return &Shell{
		Options: o,
		assets:  o.Assets,
		files: pages.Assets{
			CSS:   o.Assets.URL("app.css"),
			Theme: o.Assets.URL("theme.js"),
			App:   o.Assets.URL("app.js"),
			Icon:  o.Assets.URL("icon.svg"),
		},
		shared: freshnessShared{asking: make(chan struct{}, 1), of: map[string]freshnessSaid{}},
	}
}

// Files are the front-end files of a document.
func (w *Shell) Files() pages.Assets { return w.files }

// Versions are the versions of what is stored, by topic.
func (w *Shell) Versions() map[string]uint64 { return w.Changes.Versions() }

// Screen is a page before its shell.
type Screen struct {
	Title   string // of the document
	Current string // the entry of the navigation
	Status  int    // 0 = 200
	Body    pages.Body
	Feed    string // the Atom feed of what it lists, "" without one
}

// Show renders a page.
func (w *Shell) Show(c *fiber.Ctx, s Screen) error {
	s.Body.Notices = append(w.PastNotice(c), s.Body.Notices...)
	document := w.Document(c, s.Title, s.Current)
	document.Feed = s.Feed
	return Render(c, cmp.Or(s.Status, fiber.StatusOK), pages.Page(document, s.Body))
}

// Render answers with HTML.
func Render(c *fiber.Ctx, status int, page templ.Component) error {
	var body bytes.Buffer
	if err := page.Render(offering(c.UserContext()), &body); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/html; charset=utf-8")
	text := body.Bytes()
	if asOf := c.Query("as_of"); asOf != "" {
		text = carried(text, asOf)
	}
	return c.Status(status).Send(text)
}

// Document is the document around a page. Its versions are read before the
// panels are asked, so that a change meanwhile is asked for again.
func (w *Shell) Document(c *fiber.Ctx, title, current string) pages.Shell {
	s := w.bareShell(title, current)
	s.Account = w.account(c)
	ctx, v := c.UserContext(), View{Query: url.Values{}, Jobs: OwnJobs(c)}
	s.Versions = versions(w.Versions())
	s.AsOf, _ = telemetry.AsOfParam(c.Query("as_of"), w.Now()) // the page itself refuses another
	if !s.AsOf.IsZero() {
		s.Then = []parts.Field{{Name: "as_of", Value: c.Query("as_of")}}
	}
	s.Jobs = w.JobCards().Within(ctx, v)
	s.Saved = w.Saved().Within(ctx, v)
	s.Views, _ = w.savedGroups(ctx) // the menu itself says what failed
	if c.Path() == links.Search {   // elsewhere q is of the page's own list
		s.Search = c.Query("q")
	}
	p, err := w.freshness(ctx)
	if err != nil {
		s.Fresh = w.Freshness().Within(ctx, v) // it asks again, and says what is wrong
		return s
	}
	s.Fresh = w.strip(v.Of(w.Freshness()), p)
	for i := range s.Nav {
		if s.Nav[i].URL == links.NeedsYou && p.needs > 0 && s.AsOf.IsZero() { // it counts what waits now
			s.Nav[i].Count = parts.Number(p.needs)
			s.Assets.Icon = links.With(links.Icon, "n", parts.Decimal(p.needs))
		}
	}
	w.hold(p, s.Buttons)
	w.hold(p, s.Menu)
	return s
}

// account is the menu of who asks.
func (w *Shell) account(c *fiber.Ctx) pages.Account {
	p := telemetry.PersonOf(c.UserContext())
	a := pages.Account{Name: p.Name, Role: string(p.Role), Team: w.Teammates(p.Name, c.OriginalURL())}
	if p.May(telemetry.RoleAdmin) {
		a.Links = []parts.Link{{Text: "Access tokens", URL: links.Tokens}, {Text: "Audit log", URL: links.Audit}}
	}
	if p.Session != "" {
		a.Actions = []parts.Action{{Text: "Sign out", URL: links.ActionSignOut}, {Text: "Sign out everywhere", URL: links.ActionSignOutAll}}
	}
	return a
}

// Teammates are links with which the visitor of a demo becomes somebody else of
// its team and comes back to a page.
func (w *Shell) Teammates(name, back string) (list []parts.Link) {
	for _, p := range w.Settings.Team {
		if p.Name != name {
			list = append(list, parts.Link{
				Text: p.Name + " (" + string(p.Role) + ")", URL: links.With(links.SignInGitHub, "login", p.Name, "redirect", back),
			})
		}
	}
	return list
}

// hold switches buttons off whose upstream has a limit that has not ended.
func (w *Shell) hold(p freshness, buttons []parts.Action) {
	github, devin := w.held(p)
	for i, b := range buttons {
		until := map[string]time.Time{"github": github, "devin": devin}[b.Upstream]
		if !until.IsZero() {
			buttons[i].Wait = clock(until)
			buttons[i].Off = "The rate limit is reached; resumes " + resumesAt(until, w.Now())
		}
	}
}

// bareShell queries nothing: an error page must not fail itself.
func (w *Shell) bareShell(title, current string) pages.Shell {
	s := pages.Shell{
		Title:  title,
		Assets: w.files,
		Demo:   w.Settings.Demo,
		Open:   w.Settings.Open,
		Source: w.Settings.ActionRepo,
	}
	if s.Source == "" && w.Settings.RunsDir != "" {
		s.Source = "RUNS_DIR"
	}
	for _, entry := range navigation() {
		s.Nav = append(s.Nav, parts.Tab{Text: entry.Text, URL: entry.URL, Current: entry.URL == current})
	}
	refresh := parts.Action{Text: "Refresh", Icon: "sync", URL: links.ActionRefresh, Upstream: "github"}
	if w.Settings.RunsDir != "" {
		refresh.Upstream = "" // the directory can be read whatever GitHub says
	}
	s.Buttons = []parts.Action{refresh, {Text: "Poll sessions", Icon: "hubot", URL: links.ActionPoll, Upstream: "devin"}}
	s.Menu = []parts.Action{
		{
			Text:     "Poll pull requests",
			Icon:     "git-pull-request",
			URL:      links.ActionPollPRs,
			Class:    "menu-item",
			Upstream: "github",
		},
		{
			Text:   "Backfill old records…",
			Icon:   "tools",
			URL:    links.ActionBackfill,
			Class:  "menu-item",
			Hidden: []parts.Field{{Name: "dry_run", Value: "true"}},
		},
	}
	return s
}

func navigation() []parts.Link {
	return []parts.Link{
		{Text: "Overview", URL: links.Overview}, {Text: "Needs you", URL: links.NeedsYou}, {Text: "Issues", URL: links.Issues},
		{Text: "Sessions", URL: links.Sessions},
		{Text: "Pull requests", URL: links.Pulls}, {Text: "Runs", URL: links.Runs}, {Text: "Repositories", URL: links.Repos},
		{Text: "Campaigns", URL: links.Campaigns},
		{Text: "Effectiveness", URL: links.Effectiveness}, {Text: "Activity", URL: links.Activity},
	}
}

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

// KeyPage is the page on which to create the value of a variable, the zero
// Link if there is none.
func (w *Shell) KeyPage(variable string) parts.Link {
	web := map[string]string{"GITHUB_TOKEN": w.Settings.GitHubWeb.Tokens(), "DEVIN_API_KEY": w.Settings.DevinWeb.Keys()}[variable]
	if web == "" {
		return parts.Link{}
	}
	return parts.Link{Text: "Where to get one", URL: web}
}
