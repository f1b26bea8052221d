package api

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// listed is a list as the API answers it: rows R by items T.
type listed[R, T any] struct {
	list   dashboard.List[R]
	items  func(context.Context, query.Ask, []R) ([]T, error) // of rows; nil: a row is its own item
	params []param
	needs  telemetry.Role                                      // of who asks; "" is a viewer
	whole  bool                                                // its endpoint answers all rows, without an envelope
	sums   func(ctx context.Context, a query.Ask) (any, error) // where sums=true asks for them; nil has none
	now    func() time.Time
}

// lists are the endpoints of all lists: a page of each, and its downloads. The
// log of activity is none of them: it is put together from these.
func (a *API) lists() []Route {
	records, everything := []string{telemetry.TopicRecords}, []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls}
	return slices.Concat(
		a.issues().routes(everything), a.sessions().routes(everything), a.pulls().routes(everything),
		a.runs().routes(everything), a.repos().routes(everything), a.verifications().routes(everything),
		a.needs().downloads(links.APIList(a.Dashboard.Needs.Schema().Name)),
		a.changes().routes(records), a.files().routes(records), a.jobs().routes(nil),
		a.deliveries().routes([]string{telemetry.TopicDeliveries}), a.audit().routes([]string{telemetry.TopicAudit}),
		a.decisions().routes([]string{telemetry.TopicDecisions, telemetry.TopicRecords}),
		a.notifications().routes([]string{telemetry.TopicNotify}),
	)
}

// routes are the endpoint of the list, which shows topics, and its downloads.
// Only a query's ages depend on the clock.
func (l listed[R, T]) routes(topics []string) []Route {
	path, handle := links.APIList(l.list.Schema().Name), l.page
	if l.whole {
		handle = l.all
	}
	return append(l.downloads(path),
		Route{Method: fiber.MethodGet, Path: path, Needs: l.needed(), Handle: handle, Topics: topics, ClockIn: []string{"q"}})
}

// needed is the role that the list's endpoints need.
func (l listed[R, T]) needed() telemetry.Role { return cmp.Or(l.needs, telemetry.RoleViewer) }

// rows is a list whose rows are its items.
type rows[R any] = listed[R, R]

// itemsOf are the items of rows.
func (l listed[R, T]) itemsOf(ctx context.Context, a query.Ask, rows []R) ([]T, error) {
	if l.items == nil {
		return any(rows).([]T), nil
	}
	return l.items(ctx, a, rows)
}

// each makes items of rows that need nothing but themselves.
func each[R, T any](item func(R) T) func(context.Context, query.Ask, []R) ([]T, error) {
	return func(_ context.Context, _ query.Ask, rows []R) ([]T, error) { return mapped(rows, item), nil }
}

// param reads a parameter into what a list is asked.
type param func(c *fiber.Ctx, l dashboard.Described, a *query.Ask) error

func (a *API) issues() rows[telemetry.IssueRow] {
	return rows[telemetry.IssueRow]{
		list: a.Dashboard.Issues, now: a.now,
		params: []param{ofRepo, words("status", "status", append(telemetry.Statuses(), telemetry.KeywordOpen)),
			words("state", "is", append(telemetry.IssueStates(), telemetry.KeywordOpen)),
			texts("severity", "tier"), texts("family", "family"), texts("rule", "rule"), ofQuery},
	}
}

func (a *API) sessions() rows[telemetry.SessionRow] {
	return rows[telemetry.SessionRow]{
		list: a.Dashboard.Sessions, now: a.now,
		params: []param{ofRepo, words("state", "is", telemetry.States()), ofRun, ofQuery},
	}
}

func (a *API) pulls() rows[telemetry.PullRow] {
	return rows[telemetry.PullRow]{
		list: a.Dashboard.Pulls, now: a.now, sums: a.pullSums,
		params: []param{ofRepo, single("state"), words("state", "is", []string{"open", "closed", "merged", "unknown"}), ofSession, ofQuery},
	}
}

func (a *API) runs() listed[telemetry.RunRow, json.RawMessage] {
	return listed[telemetry.RunRow, json.RawMessage]{
		list: a.Dashboard.Runs, items: a.runItems, now: a.now, sums: a.runSums,
		params: []param{ofRepo, words("kind", "kind", []telemetry.Kind{telemetry.KindScan, telemetry.KindDispatch}), ofQuery},
	}
}

func (a *API) repos() listed[telemetry.RepoRow, repoItem] {
	return listed[telemetry.RepoRow, repoItem]{
		list: a.Dashboard.Repos, items: a.repoItems, now: a.now, whole: true, params: []param{ofQuery},
	}
}

func (a *API) files() rows[telemetry.FileRow] {
	return rows[telemetry.FileRow]{
		list: a.Dashboard.Files, now: a.now, params: []param{words("state", "is", []string{"error", "gone", "ok"})},
	}
}

func (a *API) verifications() rows[telemetry.VerificationRow] {
	return rows[telemetry.VerificationRow]{
		list: a.Dashboard.Verifications, now: a.now,
		params: []param{ofRepo, words("outcome", "outcome", telemetry.VerificationOutcomes()), ofSession, replacedToo, ofQuery},
	}
}

func (a *API) changes() listed[telemetry.IssueEvent, changeItem] {
	return listed[telemetry.IssueEvent, changeItem]{
		list: a.Dashboard.Changes, items: each(changeOf), now: a.now,
		params: []param{ofRepo, words("event", "is", []string{"opened", "closed"}), between("since", "until", "at")},
	}
}

func (a *API) jobs() rows[telemetry.Job] {
	return rows[telemetry.Job]{list: a.Dashboard.Jobs, now: a.now}
}

func (a *API) deliveries() rows[telemetry.Delivery] {
	return rows[telemetry.Delivery]{
		list: a.Dashboard.Deliveries, now: a.now,
		params: []param{ofRepo, words("state", "is", telemetry.DeliveryStates()), texts("event", "event"), ofQuery},
	}
}

func (a *API) audit() rows[telemetry.AuditEntry] {
	return rows[telemetry.AuditEntry]{
		list: a.Dashboard.Audit, now: a.now, needs: telemetry.RoleAdmin,
		params: []param{words("result", "is", telemetry.AuditResults()), texts("action", "action"), between("since", "until", "at"), ofQuery},
	}
}

// ask reads what a request asks of a list, page and order included.
func (l listed[R, T]) ask(c *fiber.Ctx) (a query.Ask, err error) {
	if a.Page, err = pageOf(c); err != nil {
		return a, err
	}
	for _, read := range l.params {
		if err := read(c, l.list, &a); err != nil {
			return a, err
		}
	}
	a.AsOf, err = telemetry.AsOfParam(c.Query("as_of"), l.now()) // a list without a past refuses it itself
	return a, err
}

// page answers one page of the list.
func (l listed[R, T]) page(c *fiber.Ctx) error {
	a, err := l.ask(c)
	if err != nil {
		return err
	}
	wanted := false
	if l.sums != nil {
		if wanted, err = boolParam(c, "sums"); err != nil {
			return err
		}
	}
	list, err := l.list.Rows(c.UserContext(), a)
	if err != nil {
		return err
	}
	items, err := l.itemsOf(c.UserContext(), a, list.Items)
	if err != nil {
		return err
	}
	answer := summed[T]{envelope: envelopeOf(items, list.Total, a.Page)}
	if wanted {
		if answer.Sums, err = l.sums(c.UserContext(), a); err != nil {
			return err
		}
	}
	if records, ok := any(answer.Items).([]json.RawMessage); ok {
		answer.Items = nil
		return sendRecords(c, answer, records)
	}
	return send(c, fiber.StatusOK, answer)
}

// all answers the whole list, without an envelope.
func (l listed[R, T]) all(c *fiber.Ctx) error {
	a, err := l.ask(c)
	if err != nil {
		return err
	}
	a.Page.Number, a.Page.Size = 1, 0
	list, err := l.list.Rows(c.UserContext(), a)
	if err != nil {
		return err
	}
	items, err := l.itemsOf(c.UserContext(), a, list.Items)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, items)
}

// ofRepo reads repo as owner/name or a URL.
func ofRepo(c *fiber.Ctx, _ dashboard.Described, a *query.Ask) (err error) {
	a.Repo, err = repoParam(c)
	return err
}

// ofQuery reads q, the query language of the list. Terms of other parameters
// are added to it.
func ofQuery(c *fiber.Ctx, l dashboard.Described, a *query.Ask) error {
	q, err := dashboard.Parse(l, c.Query("q"))
	*a = a.And(q.Terms...)
	return err
}

// words reads words separated by commas, any of which a field may have.
func words[W ~string](name, field string, allowed []W) param {
	return func(c *fiber.Ctx, l dashboard.Described, a *query.Ask) error {
		given, err := telemetry.WordsParam(name, c.Query(name), allowed)
		if err != nil || len(given) == 0 {
			return err
		}
		t, err := dashboard.Term(l, field, plain(given)...)
		*a = a.And(t)
		return err
	}
}

// single refuses several words.
func single(name string) param {
	return func(c *fiber.Ctx, _ dashboard.Described, _ *query.Ask) error {
		if strings.Contains(c.Query(name), ",") {
			return telemetry.Errorf(telemetry.CodeInvalid, "Invalid %s: want one word. For several, use q, for example q=is:open,closed.", name)
		}
		return nil
	}
}

// texts reads texts separated by commas, any of which a field may have.
func texts(name, field string) param {
	return func(c *fiber.Ctx, _ dashboard.Described, a *query.Ask) error {
		text := c.Query(name)
		if text == "" {
			return nil
		}
		t, err := dashboard.Texts(field, strings.Split(text, ",")...)
		*a = a.And(t)
		return err
	}
}

// ofSession reads the id of a session, with or without "devin-".
func ofSession(c *fiber.Ctx, _ dashboard.Described, a *query.Ask) error {
	if id := telemetry.SessionKey(c.Query("session_id")); id != "" {
		*a = a.And(query.Term{Field: "session", Values: []query.Value{{Text: id}}})
	}
	return nil
}

// ofRun reads the number of a run.
func ofRun(c *fiber.Ctx, _ dashboard.Described, a *query.Ask) error {
	if c.Query("run_number") == "" {
		return nil
	}
	n, err := intParam(c, "run_number", 0, 0, math.MaxInt64-1)
	exactly := &query.Span{Low: n, HasLow: true, High: n + 1, HasHigh: true}
	*a = a.And(query.Term{Field: "run", Values: []query.Value{{Span: exactly}}})
	return err
}

// replacedToo reads all=true, which asks also for what a later row replaced.
func replacedToo(c *fiber.Ctx, l dashboard.Described, a *query.Ask) error {
	all, err := boolParam(c, "all")
	if err != nil || !all {
		return err
	}
	t, err := dashboard.Term(l, "is", "any")
	*a = a.And(t)
	return err
}

// between reads two times, both included.
func between(since, until, field string) param {
	return func(c *fiber.Ctx, _ dashboard.Described, a *query.Ask) error {
		from, err := telemetry.TimeParam(since, c.Query(since))
		if err != nil {
			return err
		}
		to, err := telemetry.TimeParam(until, c.Query(until))
		if err == nil && !(from.IsZero() && to.IsZero()) {
			*a = a.And(query.Between(field, from, to))
		}
		return err
	}
}

// summed is envelope with sums over the whole list.
type summed[T any] struct {
	envelope[T]
	Sums any `json:"sums,omitempty"`
}

func (a *API) runSums(ctx context.Context, ask query.Ask) (any, error) {
	s, err := a.Dashboard.RunSums(ctx, ask)
	return fiber.Map{
		"issues_found":       s.IssuesFound,
		"sessions":           s.Sessions,
		"run_numbers":        s.Numbers,
		"severity_breakdown": s.Severity,
		"category_breakdown": s.Category,
	}, err
}

func (a *API) pullSums(ctx context.Context, ask query.Ask) (any, error) {
	n, err := a.Dashboard.PullSums(ctx, ask)
	return fiber.Map{"open": n.Open, "closed": n.Closed, "merged": n.Merged, "unknown": n.Unknown, "fix_rate": n.FixRate()}, err
}
