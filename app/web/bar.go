package web

import (
	"context"
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// barChoices bounds the choices of a menu: a page must not grow with the
// number of repositories or families. The box takes any.
const barChoices = 40

// query reads the list's query.
func (v view) parsed() (query.Query, error) {
	if v.spec.list == nil {
		return query.Query{}, nil
	}
	return dashboard.Parse(v.spec.list, v.search())
}

// bar makes the list's bar. For a query that cannot be read it has no menus.
func (w *Web) bar(ctx context.Context, v view, noun string, sort parts.Sort, total int) (parts.Bar, error) {
	schema := v.spec.list.Schema()
	b := parts.Bar{Name: v.spec.name, Query: v.search(), Hint: "Filter, for example " + schema.Example, Count: parts.Plural(total, noun, "")}
	if b.Query != v.spec.usual {
		b.Clear = orBlank(v.spec.usual)
	}
	q, err := v.parsed()
	if err != nil {
		return b, nil //nolint:nilerr // the caller says it; the box must stay to mend it
	}
	recent, err := w.recentRepos(ctx)
	if err != nil {
		return b, err
	}
	saved, err := w.o.Dashboard.Views(ctx)
	if err != nil {
		return b, err
	}
	b.Save, b.Exports = v.saveForm(q, sort), v.exports(q, sort, noun, total)
	tabs := v.tabs(saved, q, sort)
	if err := w.countTabs(ctx, v, tabs, total); err != nil {
		return b, err
	}
	b.Views = rowsOf(tabs, func(t tab) parts.View { return t.View })
	if total != notAsked {
		b.Rows = parts.Number(total)
	}
	for _, name := range v.spec.menus {
		if name == "repo" && v.scope != "" {
			continue
		}
		m := menu(q, name, v.spec.usual, dynamic(name, recent.Items))
		if name == "repo" && recent.Total > barChoices {
			m.More = "The " + parts.Number(barChoices) + " that ran last of " + number(recent.Total) + "; write repo: in the box for any other."
		}
		b.Menus = append(b.Menus, m)
	}
	return b, nil
}

// recentRepos are the repositories that ran last.
func (w *Web) recentRepos(ctx context.Context) (telemetry.List[telemetry.RepoRow], error) {
	return w.o.Dashboard.Repos.Rows(ctx, query.Ask{Page: query.Page{Number: 1, Size: barChoices, Sort: "last_run", Order: "desc"}})
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
			next = without(chosen, value)
		case several:
			next = append(slices.Clone(chosen), value)
		}
		if with, err := q.With(name, next...); err == nil {
			m.Choices = append(m.Choices, parts.Choice{
				Text:    strings.ReplaceAll(value, "_", " "),
				Query:   queryFor(with.String(), usual),
				Current: is,
			})
		}
	}
	return m
}

// menuLabel is a qualifier as a menu calls it.
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

// queryFor is the value of q in an address: none where it is the usual one.
func queryFor(text, usual string) string {
	if text == usual {
		return ""
	}
	return orBlank(text)
}

func orBlank(text string) string {
	if text == "" {
		return parts.Blank
	}
	return text
}

// termText is a query of one term, "" where no query can ask for the value.
func termText(field string, values ...string) string {
	t := query.Term{Field: field}
	for _, value := range values {
		if strings.TrimSpace(value) == "" || query.Check(value) != nil {
			return ""
		}
		t.Values = append(t.Values, query.Value{Text: value})
	}
	return t.String()
}
