package web

import (
	"bufio"
	"context"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/ingest"
)

// Route is one address and what it needs, field by field as app/server takes
// it.
type Route struct {
	Method, Path string
	Handle       func(c *fiber.Ctx) error
	Topics       []string
	Clock        bool
	ClockIn      []string
	Waits        bool
	Upstream     bool
	UpstreamIn   []string
	Stream       func(c *fiber.Ctx) (write func(ctx context.Context, w *bufio.Writer) error, err error)
}

// Routes is the whole surface of the pages. A page has no ETag: it also
// shows how fresh its data is, and the jobs of the browser that asks.
func (w *Web) Routes() []Route {
	page := func(path string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodGet, Path: path, Handle: h}
	}
	action := func(path string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodPost, Path: path, Handle: h}
	}
	// What these show or do, GitHub or Devin is asked for; a page only where
	// it was opened with that panel unfolded.
	outward := func(path string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodPost, Path: path, Handle: h, Upstream: true}
	}
	unfolded := func(path, panel string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodGet, Path: path, Handle: h, UpstreamIn: []string{panel}}
	}
	routes := []Route{
		page("/", w.overviewPage),
		page("/needs-you", w.listPage(w.specAllNeeds())),
		page("/issues", w.listPage(w.specIssues())),
		page("/issues/:id", w.detailPage(w.specIssue(), w.loadIssue, []string{"id"})),
		page("/changes", w.changesPage),
		page("/report", w.reportPage),
		page("/sessions", w.listPage(w.specSessions())),
		unfolded("/sessions/:id", w.specMessages().name,
			w.detailPage(w.specSession(), w.loadSession, []string{"id"}, w.specMessages(), w.specReplyForm())),
		page("/pulls", w.listPage(w.specPulls())),
		unfolded("/pulls/:owner/:name/:number", w.specChecks().name,
			w.detailPage(w.specPull(), w.loadPull, []string{"owner", "name", "number"}, w.specChecks())),
		page("/runs", w.listPage(w.specRuns(), w.specFiles())),
		page("/runs/:file", w.detailPage(w.specRun(), w.loadRun, []string{"file"})),
		page("/repos", w.listPage(w.specRepos())),
		page("/repo/:owner/:name", w.repoPage(w.specIssues(), w.specTiles(), w.specTrend())),
		page("/activity", w.listPage(w.specActivity())),
		page("/search", w.searchPage),
		page("/docs/api", w.docsPage),
		{Method: fiber.MethodGet, Path: "/panels/first", Handle: w.firstPanel, Topics: w.specFirst().topics},
		outward("/actions/refresh", w.action(ingest.JobRefresh)),
		outward("/actions/poll", w.action(ingest.JobPoll)),
		outward("/actions/poll-prs", w.action(ingest.JobPollPRs)),
		outward("/actions/backfill", w.action(ingest.JobBackfill)),
		unfolded("/repo/:owner/:name/dispatch", w.specPreflight().name, w.dispatchPage),
		outward("/actions/dispatch", w.dispatch),
		outward("/actions/reply", w.reply),
		action("/actions/accept-scope", w.acceptScope),
		action("/actions/accept-listing", w.acceptListing),
		action("/actions/dismiss", w.dismiss),
		action(actionSave, w.saveView),
		action(actionRename, w.renameView),
		action(actionDelete, w.deleteView),
		{Method: fiber.MethodPost, Path: "/actions/cancel", Handle: w.cancel, Waits: true},
		{Method: fiber.MethodGet, Path: "/events", Stream: w.events},
	}
	for _, s := range w.tabSpecs() {
		routes = append(routes, page("/repo/:owner/:name"+s.tab, w.repoPage(s, w.specTiles(), w.specTrend())))
	}
	for _, s := range w.panelSpecs() {
		r := Route{
			Method:  fiber.MethodGet,
			Path:    "/panels/" + s.name,
			Handle:  w.fragment(s),
			Topics:  s.topics,
			Clock:   s.clock || s.list != nil,
			ClockIn: []string{"q"},
		}
		if s.lazy {
			r.Topics, r.Upstream = nil, true
		}
		routes = append(routes, r)
	}
	return routes
}

// panelSpecs are all panels, each with an address of its own.
func (w *Web) panelSpecs() []spec {
	return []spec{
		w.specFreshness(), w.specJobs(), w.specNeeds(), w.specAllNeeds(), w.specTiles(), w.specTrend(), w.specRates(),
		w.specSpans(), w.specOutcomes(), w.specChanges(), w.specVerdicts(), w.specWorst(), w.specNow(), w.specOpen(),
		w.specQueue(), w.specTop(), w.specRecent(),
		w.specIssues(), w.specSessions(), w.specPulls(), w.specRuns(), w.specFiles(), w.specRepos(), w.specActivity(),
		w.specIssue(), w.specSession(), w.specMessages(), w.specPull(), w.specChecks(), w.specRun(), w.specSaved(),
		w.specReply(), w.specDispatch(), w.specPreflight(),
	}
}
