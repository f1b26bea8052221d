package lists

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/views/parts"
)

// notAsked is the total of a list that was not read.
const notAsked = -1

// countedTabs bounds how many tabs have their count: the usual views, and the
// first of those that people saved.
const countedTabs = 24

// tabTotals remembers the totals of views for as long as nothing that is
// stored, nor the minute, has changed: the pages of a list, and everyone who
// looks at it, share them. The zero tabTotals is empty.
type tabTotals struct {
	mu sync.Mutex
	at string // the versions and the minute that they are of
	of map[string]int64
}

// get returns the totals that are known at a moment, by key.
func (t *tabTotals) get(at string, keys []string) map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := map[string]int64{}
	for _, key := range keys {
		if n, ok := t.of[key]; ok && t.at == at {
			known[key] = n
		}
	}
	return known
}

func (t *tabTotals) put(at, key string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at != at {
		t.at, t.of = at, map[string]int64{}
	}
	t.of[key] = n
}

// countTabs gives the tabs their counts: the current one that of the list,
// which the caller has, the others in one question, where they are light. A
// list as of a past time has that of the current one alone.
func (w *Web) countTabs(ctx context.Context, v shell.View, tabs []tab, total int) error {
	at := w.tabsAt() // before the question: what changes meanwhile is asked for again
	var keys []string
	counted := map[string][]*tab{}
	for i := range tabs {
		t := &tabs[i]
		switch {
		case t.Current && total != notAsked:
			t.Count = parts.Number(total)
		case i < countedTabs && v.Get("as_of") == "" && light(t.query):
			key := v.Panel.List.Schema().Name + " " + v.RepoKey() + " " + t.query.String()
			if counted[key] == nil {
				keys = append(keys, key)
			}
			counted[key] = append(counted[key], t)
		}
	}
	known := w.tabs.get(at, keys)
	missing := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { _, ok := known[key]; return ok })
	asks := shell.RowsOf(missing, func(key string) query.Ask { return query.Ask{Repo: v.RepoKey(), Query: counted[key][0].query} })
	totals, err := v.Panel.List.Counts(ctx, asks)
	if err != nil {
		return err
	}
	for i, key := range missing {
		known[key] = totals[i]
		w.tabs.put(at, key, totals[i])
	}
	for key, same := range counted {
		for _, t := range same {
			t.Count = parts.Number(int(known[key]))
		}
	}
	return nil
}

// tabsAt names the moment whose totals are those of now.
func (w *Web) tabsAt() string {
	known, at := w.Versions(), strings.Builder{}
	for _, topic := range shell.Everything() {
		at.WriteString(strconv.FormatUint(known[topic], 10) + " ")
	}
	return at.String() + strconv.FormatInt(w.Now().Unix()/60, 10)
}

// light reports whether a query can be counted with its list without slowing
// the page: by kept counts and indexes. What has to read rows cannot.
func light(q query.Query) bool {
	return !slices.ContainsFunc(q.Terms, func(t query.Term) bool {
		f := q.Schema.Field(t.Field)
		return f == nil || !f.Cheap
	})
}
