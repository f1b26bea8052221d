package lists

import (
	"context"
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// barChoices bounds the choices of a menu: a page must not grow with the
// number of repositories or families. The box takes any.
const barChoices = 40

// parsed reads the list's query.
func parsed(v shell.View) (query.Query, error) {
	if v.Panel.List == nil {
		return query.Query{}, nil
	}
	return dashboard.Parse(v.Panel.List, v.Search())
}

// offered is what the list's queries understand of the time that is shown.
func offered(v shell.View) *query.Schema {
	s := v.Panel.List.Schema()
	if !v.AsOf.IsZero() {
		s = s.Past()
	}
	return s
}

// bar makes the list's bar. For a query that cannot be read it has no menus.
func (w *Web) bar(ctx context.Context, v shell.View, noun string, sort parts.Sort, total int) (parts.Bar, error) {
	schema := v.Panel.List.Schema()
	b := parts.Bar{Name: v.Panel.Name, Query: v.Search(), Hint: "Filter, for example " + schema.Example,
		Count: parts.Plural(total, noun, "")}
	if b.Query != v.Panel.Usual {
		b.Clear = shell.OrBlank(v.Panel.Usual)
	}
	q, err := parsed(v)
	if err != nil {
		return b, nil //nolint:nilerr // the caller reports it; the box must stay, to correct the query
	}
	recent, err := w.recentRepos(ctx)
	if err != nil {
		return b, err
	}
	saved, err := w.Dashboard.Views(ctx)
	if err != nil {
		return b, err
	}
	b.Columns = columnChoices(v)
	b.Save, b.Exports = saveForm(v, q, sort), exports(v, q, sort, noun, total)
	tabs := tabs(v, saved, q, sort)
	if err := w.countTabs(ctx, v, tabs, total); err != nil {
		return b, err
	}
	b.Views = shell.RowsOf(tabs, func(t tab) parts.View { return t.View })
	if total != notAsked {
		b.Rows = parts.Number(total)
	}
	b.Menus, err = w.menus(ctx, v, q, recent)
	return b, err
}

// columnChoices are the columns that the list shows on request.
func columnChoices(v shell.View) []parts.ColumnChoice {
	var all []parts.ColumnChoice
	shown := v.Columns()
	for _, name := range v.Panel.Chosen {
		c := parts.ColumnChoice{Text: menuLabel(name), Current: slices.Contains(shown, name)}
		next := append(slices.Clone(shown), name)
		if c.Current {
			next = shell.Without(shown, name)
		}
		c.Changes = []string{"columns", strings.Join(next, ",")}
		all = append(all, c)
	}
	return all
}

// menus are the bar's menus. Their repositories are the recent ones, or those
// that the text finds for which a person looks.
func (w *Web) menus(ctx context.Context, v shell.View, q query.Query, recent telemetry.List[telemetry.RepoRow]) ([]parts.Menu, error) {
	var menus []parts.Menu
	schema := offered(v)
	for _, name := range v.Panel.Menus {
		known := schema.Field(name)
		if known == nil || name == "repo" && v.Scope != "" {
			continue
		}
		found, find := recent, ""
		if v.Get("in") == name {
			find = strings.TrimSpace(v.Get("find"))
		}
		if find != "" && name == "repo" {
			var err error
			if found, err = w.foundRepos(ctx, find); err != nil {
				return menus, err
			}
		}
		m := menu(q, known, v.Panel.Usual, find, dynamic(name, found.Items))
		if name == "repo" && found.Total > barChoices {
			m.More = "The " + parts.Number(barChoices) + " that ran last of " + parts.Number(found.Total) + "."
		}
		menus = append(menus, m)
	}
	return menus, nil
}

func (w *Web) recentRepos(ctx context.Context) (telemetry.List[telemetry.RepoRow], error) {
	return w.reposOf(ctx, query.Query{})
}

// foundRepos are the repositories that a text finds; one that is no query
// finds none.
func (w *Web) foundRepos(ctx context.Context, text string) (telemetry.List[telemetry.RepoRow], error) {
	q, err := dashboard.Parse(w.Dashboard.Repos, text)
	if err != nil {
		return telemetry.List[telemetry.RepoRow]{}, nil //nolint:nilerr // the menu says that nothing matches
	}
	return w.reposOf(ctx, q)
}

func (w *Web) reposOf(ctx context.Context, q query.Query) (telemetry.List[telemetry.RepoRow], error) {
	return w.Dashboard.Repos.Rows(ctx, query.Ask{Query: q, Page: query.Page{Number: 1, Size: barChoices, Sort: "last_run", Order: "desc"}})
}

// dynamic are the data's values of a qualifier: those of the repositories
// that ran last, so that a list costs the same however many there are.
func dynamic(name string, recent []telemetry.RepoRow) []string {
	var names []string
	for _, r := range recent {
		switch name {
		case "repo":
			names = append(names, string(r.Name))
		case "family":
			names = slices.AppendSeq(names, maps.Keys(r.CategorySum))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// menu offers the values of a qualifier, each as the query with it, or
// without it where it is chosen. Of the values it has those that hold find.
func menu(q query.Query, known *query.Field, usual, find string, values []string) parts.Menu {
	name := known.Name
	m := parts.Menu{Name: name, Label: menuLabel(name), Find: find}
	chosen := q.Values(name)
	values = append(slices.Clone(known.Words), values...)
	several := known.OneOf() && name != "kind" && name != "group" || known.Dynamic
	for _, value := range chosen {
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	m.Value = strings.ReplaceAll(strings.Join(chosen, ", "), "_", " ")
	values = slices.DeleteFunc(values, func(value string) bool {
		return !strings.Contains(strings.ToLower(strings.ReplaceAll(value, "_", " ")), strings.ToLower(find))
	})
	for _, value := range values[:min(barChoices, len(values))] {
		is := slices.Contains(chosen, value)
		next := []string{value}
		switch {
		case is:
			next = shell.Without(chosen, value)
		case several:
			next = append(slices.Clone(chosen), value)
		}
		if with, err := q.With(name, next...); err == nil {
			m.Choices = append(m.Choices, parts.Choice{
				Text:    strings.ReplaceAll(value, "_", " "),
				Query:   shell.QueryFor(with.String(), usual),
				Current: is,
			})
		}
	}
	return m
}

func menuLabel(name string) string {
	switch name {
	case "is":
		return "State"
	case "repo":
		return "Repository"
	case "cwe":
		return "CWE"
	case "linked":
		return "Linked by"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

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
		case i < countedTabs && v.AsOf.IsZero() && light(t.query):
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
