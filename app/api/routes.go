package api

import (
	"bufio"
	"context"
	"slices"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// Route is one endpoint and what it needs, field by field as app/server
// takes it.
type Route struct {
	Method, Path string
	Needs        telemetry.Role
	Action       string
	Handle       func(c *fiber.Ctx) error
	Topics       []string
	Clock        bool
	ClockIn      []string
	Waits        bool
	Upstream     bool
	UpstreamIn   []string
	Hook         bool
	Probe        bool
	Feed         bool
	Cache        string
	Body         int
	Params       []string
	Stream       func(c *fiber.Ctx) (write func(ctx context.Context, w *bufio.Writer) error, err error)
}

// Routes is the whole JSON API.
func (a *API) Routes() []Route {
	const viewer, operator, admin = telemetry.RoleViewer, telemetry.RoleOperator, telemetry.RoleAdmin
	records, everything := []string{telemetry.TopicRecords}, []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls}
	get := func(path string, topics []string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodGet, Path: path, Needs: viewer, Handle: a.onlyNow(h), Topics: topics}
	}
	// What these answer has a past, and does not depend on the clock.
	ofOne := func(path string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodGet, Path: path, Needs: viewer, Handle: h, Topics: everything}
	}
	post := func(path string, needs telemetry.Role, action string, h fiber.Handler, params ...string) Route {
		return Route{Method: fiber.MethodPost, Path: path, Needs: needs, Action: action, Handle: h, Waits: true, Params: params}
	}
	// GitHub or Devin is asked for what these answer.
	upstream := func(method, path string, needs telemetry.Role, action string, h fiber.Handler) Route {
		return Route{Method: method, Path: path, Needs: needs, Action: action, Handle: a.onlyNow(h), Upstream: true}
	}
	// What these answer has a past or depends on the clock.
	byMinute := func(path string, h fiber.Handler) Route {
		return Route{Method: fiber.MethodGet, Path: path, Needs: viewer, Handle: h, Topics: everything, Clock: true}
	}
	campaigns := a.campaignRoutes(append(slices.Clone(everything), telemetry.TopicCampaigns, telemetry.TopicDecisions))
	return append(slices.Concat(a.lists(), campaigns, a.notifyRoutes()), []Route{
		byMinute("/api/stats", a.stats),
		byMinute("/api/trends", a.trends),
		byMinute("/api/effectiveness", a.effectiveness),
		byMinute("/api/owners", a.owners),
		{Method: fiber.MethodGet, Path: "/api/needs-attention", Needs: viewer, Handle: a.needsAttention, Clock: true,
			Topics: append(slices.Clone(everything), telemetry.TopicSubmissions)},
		byMinute("/api/repo/:owner/:name", a.repo),
		byMinute("/api/repo/:repository", a.repo),
		{Method: fiber.MethodGet, Path: "/api/issues/:id", Needs: viewer, Handle: a.issue,
			Topics: append(slices.Clone(everything), telemetry.TopicDecisions)},
		ofOne("/api/sessions/:id", a.session),
		ofOne("/api/prs/:owner/:name/:number", a.pull),
		ofOne("/api/runs/:file", a.run),
		get("/api/runs/:file/raw", records, a.raw),
		ofOne("/api/runs/:file/diff", a.diff),
		post("/api/runs/:file/accept-scope", admin, "accept-scope", a.acceptScope, "source", "undo"),
		{Method: fiber.MethodDelete, Path: "/api/runs/:file/accept-scope", Needs: admin, Action: "undo-accept-scope",
			Handle: a.acceptScope, Waits: true, Params: []string{"source"}},
		byMinute("/api/search", a.search),
		ofOne("/api/complete", a.complete),
		get("/api/views", []string{telemetry.TopicViews}, a.views),
		post("/api/views", operator, "save-view", a.addView),
		{Method: fiber.MethodPatch, Path: "/api/views/:id", Needs: operator, Action: "rename-view", Handle: a.renameView},
		{Method: fiber.MethodDelete, Path: "/api/views/:id", Needs: operator, Action: "delete-view", Handle: a.deleteView},
		{Method: fiber.MethodPost, Path: "/api/decisions", Needs: operator, Action: "decide", Handle: a.decide,
			Waits: true, Body: telemetry.DecisionBodyMost},
		{Method: fiber.MethodDelete, Path: "/api/decisions/:id", Needs: operator, Action: "undo-decision", Handle: a.undoDecision, Waits: true},
		get("/api/batches", []string{telemetry.TopicSubmissions}, a.batches),
		large(upstream(fiber.MethodPost, "/api/batches", operator, "send", a.sendIssues)),
		upstream(fiber.MethodPost, "/api/batches/:id/retry", operator, "send", a.retryBatch),
		post("/api/files/accept-listing", admin, "accept-listing", a.acceptListing, "source", "kept", "async"),
		post("/api/deliveries/:id/retry", operator, "retry-delivery", a.retryDelivery),
		get("/api/sources", nil, a.sources),
		get("/api/jobs/:id", nil, a.job),
		{Method: fiber.MethodDelete, Path: "/api/jobs/:id", Needs: operator, Action: "cancel-job", Handle: a.cancelJob, Waits: true},
		get("/api/config", nil, a.config),
		get("/api/openapi.yaml", nil, a.description),
		a.startJob("/api/refresh", operator, ingest.JobRefresh, nil),
		a.startJob("/api/poll", operator, ingest.JobPoll, a.addSessions),
		a.startJob("/api/poll-prs", operator, ingest.JobPollPRs, a.addPulls),
		a.startJob("/api/backfill", admin, ingest.JobBackfill, nil),
		upstream(fiber.MethodGet, "/api/sessions/:id/messages", viewer, "", a.messages),
		upstream(fiber.MethodPost, "/api/sessions/:id/messages", operator, "reply", a.reply),
		upstream(fiber.MethodPost, "/api/dispatch", operator, "dispatch", a.dispatch),
		upstream(fiber.MethodGet, "/api/dispatch/preflight", viewer, "", a.preflight),
	}...)
}

// large is a route whose requests name as many issues as a decision's.
func large(r Route) Route {
	r.Body = telemetry.DecisionBodyMost
	return r
}

// onlyNow refuses as_of, except for today's date: what h answers has no past.
func (a *API) onlyNow(h fiber.Handler) fiber.Handler {
	return func(c *fiber.Ctx) error {
		at, err := telemetry.AsOfParam(c.Query("as_of"), a.now())
		if err == nil && !at.IsZero() {
			err = telemetry.Errorf(telemetry.CodeNoPast, "This has no past: it does not support as_of. Leave it out.")
		}
		if err != nil {
			return err
		}
		return h(c)
	}
}

// startJob is the endpoint that starts a job of the kind; add completes its result.
func (a *API) startJob(path string, needs telemetry.Role, kind string, add func(*fiber.Ctx, map[string]any) error) Route {
	r := Route{Method: fiber.MethodPost, Path: path, Needs: needs, Action: kind, Waits: true, Upstream: true, Params: []string{"async"}}
	if kind == ingest.JobBackfill {
		r.Params = append(r.Params, "dry_run", "undo")
	}
	r.Handle = a.action(kind, r.Params, add)
	return r
}
