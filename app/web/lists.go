package web

import (
	"context"
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// listing is what makes a list's panel: rows of the kind R, drawn as V.
type listing[R, V any] struct {
	noun  string // of one row
	sort  parts.Sort
	from  func(v view, q query.Query) ask[R]
	row   func(R) V
	empty parts.Empty // where there are records but no row
	draw  func(panels.Table[V]) templ.Component
}

// asked asks a list for what a view shows of it, its query being q.
func asked[R any](l dashboard.List[R], v view, q query.Query) ask[R] {
	return func(ctx context.Context, p query.Page) (telemetry.List[R], error) {
		return l.Rows(ctx, query.Ask{Repo: v.repoKey(), Query: q, Page: p, Brief: true})
	}
}

// joined asks for rows and adds to them what the list shows beside them.
func joined[A, B any](rows ask[A], more func(context.Context, []A) ([]B, error)) ask[B] {
	return func(ctx context.Context, p query.Page) (telemetry.List[B], error) {
		list, err := rows(ctx, p)
		if err != nil {
			return telemetry.List[B]{}, err
		}
		items, err := more(ctx, list.Items)
		return telemetry.List[B]{Items: items, Total: list.Total}, err
	}
}

// list makes the draw function of a list's panel.
func list[R, V any](w *Web, l listing[R, V]) draw {
	return func(ctx context.Context, v view) (templ.Component, error) {
		q, err := v.parsed()
		if err != nil {
			return nil, err
		}
		t, err := table(ctx, v, l.sort, l.from(v, q), l.row)
		if err != nil {
			return nil, err
		}
		if t.Bar, err = w.bar(ctx, v, l.noun, t.Sort, t.Pager.Total); err != nil {
			return nil, err
		}
		t.Empty, t.Plain, t.List = l.empty, true, true
		if len(t.Rows) == 0 && t.Bar.Clear == "" {
			err = w.noRuns(ctx, &t.Empty, &t.Action)
		}
		return l.draw(t), err
	}
}

// listPage makes the handler of showList.
func (w *Web) listPage(s spec, below ...spec) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v, err := w.viewOf(c, s)
		if err != nil {
			return err
		}
		return w.showList(c, v, below...)
	}
}

// showList is the page of one list, with other panels below.
func (w *Web) showList(c *fiber.Ctx, v view, below ...spec) error {
	list, status, err := w.listOr(c, v)
	if err != nil {
		return err
	}
	if v.fault != nil {
		status = fiber.StatusBadRequest
	}
	body := pages.Body{Title: v.spec.title, Notices: v.pastNotice(), Rows: [][]templ.Component{{list}}}
	for _, b := range below {
		body.Rows = append(body.Rows, []templ.Component{w.panel(c.UserContext(), b, v)})
	}
	return w.show(c, screen{title: v.spec.title, current: v.spec.page, status: status, body: body})
}

// listOr draws a list, or, where it is asked for wrongly, its bar and what
// is wrong, with the status that says so.
func (w *Web) listOr(c *fiber.Ctx, v view) (templ.Component, int, error) {
	list, err := v.spec.draw(c.UserContext(), v)
	if code := telemetry.CodeOf(err); err == nil || code != telemetry.CodeInvalid && code != telemetry.CodeNoPast {
		return list, fiber.StatusOK, err
	}
	var bar parts.Bar
	if v.spec.list != nil {
		var failed error
		if bar, failed = w.bar(c.UserContext(), v, "row", parts.Sort{}, notAsked); failed != nil {
			return nil, 0, failed
		}
	}
	bar.Count, bar.Clear, bar.Save, bar.Exports = "", orBlank(v.spec.usual), parts.SaveForm{}, parts.Exports{}
	f := v.frame()
	f.Plain, f.List = true, true
	f.Topics, f.Every = "", ""                  // asked again, it would be the same fault
	if _, unread := v.parsed(); unread == nil { // the query is none of the fault: what is beside it goes
		f.At.Query = url.Values{}
		f.At.Query.Set("q", v.search())
	}
	if v.spec.list == nil { // it has no box: what was asked stands in its address alone
		f.At.Query, f.List, bar = url.Values{}, false, parts.Bar{}
	}
	return panels.Fault(f, bar, sentence(err)), fiber.StatusBadRequest, nil
}

// noRuns says what to do while there are no records at all.
func (w *Web) noRuns(ctx context.Context, e *parts.Empty, action *parts.Action) error {
	totals, err := w.o.Dashboard.Totals(ctx)
	if err != nil || totals.Runs > 0 {
		return err
	}
	*e = parts.Empty{Icon: "inbox", Title: "No runs yet",
		Text: "This dashboard reads telemetry/runs of the action repository. Set ACTION_REPO and GITHUB_TOKEN, or RUNS_DIR, or start it with --demo."}
	switch {
	case w.o.Settings.ActionRepo != "":
		e.Text = "This dashboard reads telemetry/runs in " + w.o.Settings.ActionRepo + "."
	case w.o.Settings.RunsDir != "":
		e.Text = "This dashboard reads the run files in RUNS_DIR."
	default:
		return nil
	}
	*action = parts.Action{Text: "Refresh", Icon: "sync", URL: "/actions/refresh"}
	return nil
}

// pastNotice says that a list is shown as it was.
func (v view) pastNotice() []parts.Notice {
	at, err := v.moment("as_of")
	if err != nil || at.IsZero() || !slices.Contains(v.spec.params, "as_of") {
		return nil
	}
	return []parts.Notice{{
		Icon:   "clock",
		Strong: "As of " + at.Format("2 Jan 2006 15:04") + " UTC.",
		Text:   "By the scans up to then; what was learned later is left out.",
		Link:   parts.Link{Text: "Show today", URL: v.address().Href("as_of", "", "page", "")},
	}}
}
