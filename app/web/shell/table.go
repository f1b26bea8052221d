package shell

import (
	"context"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Source answers one page of a list.
type Source[R any] func(ctx context.Context, p query.Page) (telemetry.List[R], error)

// Asked asks a list for what a view shows of it, its query being q.
func Asked[R any](l dashboard.List[R], v View, q query.Query) Source[R] {
	return func(ctx context.Context, p query.Page) (telemetry.List[R], error) {
		return l.Rows(ctx, query.Ask{Repo: v.RepoKey(), Query: q, AsOf: v.AsOf, Page: p, Brief: true})
	}
}

// Each makes rows of items one by one, for Joined.
func Each[A, B any](row func(A) B) func(context.Context, []A) ([]B, error) {
	return func(_ context.Context, items []A) ([]B, error) { return RowsOf(items, row), nil }
}

// Joined asks for items and makes the rows that a list shows of them, which
// can ask for related data.
func Joined[A, B any](rows Source[A], more func(context.Context, []A) ([]B, error)) Source[B] {
	return func(ctx context.Context, p query.Page) (telemetry.List[B], error) {
		list, err := rows(ctx, p)
		if err != nil {
			return telemetry.List[B]{}, err
		}
		items, err := more(ctx, list.Items)
		return telemetry.List[B]{Items: items, Total: list.Total}, err
	}
}

// Table asks for the page that the view names, the last one where it names
// one beyond the end.
func Table[V any](ctx context.Context, v View, sort parts.Sort, from Source[V]) (panels.Table[V], error) {
	t := panels.Table[V]{Frame: v.Frame(), HideRepo: v.Scope != ""}
	if v.Panel.List != nil && !v.AsOf.IsZero() {
		t.NowOnly = v.Panel.List.Schema().NowOnly
	}
	p, err := v.Paging(sort)
	if err != nil {
		return t, err
	}
	list, err := from(ctx, p)
	if err != nil {
		return t, err
	}
	pages := max(1, (list.Total+p.Size-1)/p.Size)
	asked := p.Number
	if asked > pages {
		p.Number = pages
		if list, err = from(ctx, p); err != nil {
			return t, err
		}
	}
	t.Rows = list.Items
	t.Count = parts.Number(list.Total)
	t.Sort = parts.Sort{Key: p.Sort, Desc: p.Order == "desc"}
	t.Pager = parts.Pager{Page: int(p.Number), Pages: int(pages), PerPage: int(p.Size), Total: int(list.Total), Asked: int(asked)}
	return t, nil
}

// Short asks for the first few rows of a list, for an overview.
func Short[V any](ctx context.Context, v View, n int64, sort parts.Sort, from Source[V]) (panels.Table[V], error) {
	t := panels.Table[V]{Frame: v.Brief(), HideRepo: v.Scope != "", Brief: true}
	list, err := from(ctx, query.Page{Number: 1, Size: n, Sort: sort.Key, Order: sort.Order()})
	if err != nil {
		return t, err
	}
	t.Rows, t.Count = list.Items, parts.Number(list.Total)
	return t, nil
}

// RowsOf makes a row of each item.
func RowsOf[R, V any](items []R, row func(R) V) []V {
	rows := make([]V, len(items))
	for i, item := range items {
		rows[i] = row(item)
	}
	return rows
}

// CountOf counts the rows of a list by queries, of the repository and the time
// that a view is about.
func CountOf(ctx context.Context, l dashboard.Described, v View, texts ...string) ([]int64, error) {
	asks := make([]query.Ask, len(texts))
	for i, text := range texts {
		q, err := dashboard.Parse(l, text)
		if err != nil {
			return nil, err
		}
		asks[i] = query.Ask{Repo: v.RepoKey(), Query: q, AsOf: v.AsOf}
	}
	return l.Counts(ctx, asks)
}

// NoRuns says what to do while there are no records at all.
func (w *Shell) NoRuns(ctx context.Context, e *parts.Empty, action *parts.Action) error {
	totals, err := w.Dashboard.Totals(ctx)
	if err != nil || totals.Runs > 0 {
		return err
	}
	*e = parts.Empty{Icon: "inbox", Title: "No runs yet",
		Text: "This dashboard reads telemetry/runs of the action repository. Set ACTION_REPO and GITHUB_TOKEN, or RUNS_DIR, or " +
			"start it with --demo."}
	switch {
	case w.Settings.ActionRepo != "":
		e.Text = "This dashboard reads telemetry/runs in " + w.Settings.ActionRepo + "."
	case w.Settings.RunsDir != "":
		e.Text = "This dashboard reads the run files in RUNS_DIR."
	default:
		return nil
	}
	*action = parts.Action{Text: "Refresh", Icon: "sync", URL: links.ActionRefresh}
	return nil
}
