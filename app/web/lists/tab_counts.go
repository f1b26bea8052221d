package lists

import (
	"context"
	"slices"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/views/parts"
)

// notAsked is the total of a list that was not read.
const notAsked = -1

// countedTabs bounds how many tabs have their count: the usual views, and the
// first of those that people saved.
const countedTabs = 24

// countTabs gives the tabs their counts: the current one that of the list,
// which the caller has, the others in one question, where they are light. A
// list as of a past time has that of the current one alone.
func (w *Web) countTabs(ctx context.Context, v shell.View, tabs []tab, total int) error {
	var asks []query.Ask
	var counted []*tab
	for i := range tabs {
		t := &tabs[i]
		switch {
		case t.Current && total != notAsked:
			t.Count = parts.Number(total)
		case i < countedTabs && v.Get("as_of") == "" && light(t.query):
			asks, counted = append(asks, query.Ask{Repo: v.RepoKey(), Query: t.query}), append(counted, t)
		}
	}
	totals, err := v.Panel.List.Counts(ctx, asks)
	if err != nil {
		return err
	}
	for i, t := range counted {
		t.Count = parts.Number(totals[i])
	}
	return nil
}

// light reports whether a query can be counted with its list without slowing
// the page: by kept counts and indexes. What has to read rows cannot.
func light(q query.Query) bool {
	return !slices.ContainsFunc(q.Terms, func(t query.Term) bool {
		f := q.Schema.Field(t.Field)
		return f == nil || !f.Cheap
	})
}
