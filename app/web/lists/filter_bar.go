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

// query reads the list's query.
func parsed(v shell.View) (query.Query, error) {
	if v.Panel.List == nil {
		return query.Query{}, nil
	}
	return dashboard.Parse(v.Panel.List, v.Search())
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
	b.Save, b.Exports = saveForm(v, q, sort), exports(v, q, sort, noun, total)
	tabs := tabs(v, saved, q, sort)
	if err := w.countTabs(ctx, v, tabs, total); err != nil {
		return b, err
	}
	b.Views = shell.RowsOf(tabs, func(t tab) parts.View { return t.View })
	if total != notAsked {
		b.Rows = parts.Number(total)
	}
	for _, name := range v.Panel.Menus {
		if name == "repo" && v.Scope != "" {
			continue
		}
		m := menu(q, name, v.Panel.Usual, dynamic(name, recent.Items))
		if name == "repo" && recent.Total > barChoices {
			m.More = "The " + parts.Number(barChoices) + " that ran last of " + parts.Number(recent.Total) + "; write repo: in the " +
				"box for any other."
		}
		b.Menus = append(b.Menus, m)
	}
	return b, nil
}

func (w *Web) recentRepos(ctx context.Context) (telemetry.List[telemetry.RepoRow], error) {
	return w.Dashboard.Repos.Rows(ctx, query.Ask{Page: query.Page{Number: 1, Size: barChoices, Sort: "last_run", Order: "desc"}})
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
// without it where it is chosen.
func menu(q query.Query, name, usual string, values []string) parts.Menu {
	m := parts.Menu{Label: menuLabel(name)}
	chosen := q.Values(name)
	several := false
	if known := q.Schema.Field(name); known != nil {
		values = append(slices.Clone(known.Words), values...)
		several = known.OneOf() && name != "kind" || known.Dynamic
	}
	for _, value := range chosen {
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	m.Value = strings.ReplaceAll(strings.Join(chosen, ", "), "_", " ")
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
	case "linked":
		return "Linked by"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}
