package web

import (
	"context"
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/parts"
)

// barChoices bounds the choices of a menu: a page must not grow with the
// number of repositories or families. The box takes any.
const barChoices = 40

// query reads the list's query.
func (v view) parsed() (telemetry.Query, error) {
	if v.spec.list == "" {
		return telemetry.Query{}, nil
	}
	return telemetry.ParseQuery(v.spec.list, v.search())
}

// bar makes the list's bar. For a query that cannot be read it has no menus.
func (w *Web) bar(ctx context.Context, v view, noun string, sort parts.Sort, total int) (parts.Bar, error) {
	b := parts.Bar{Name: v.spec.name, Query: v.search(), Hint: "Filter, for example " + v.example(), Count: parts.Plural(total, noun, "")}
	if b.Query != v.spec.usual {
		b.Clear = orBlank(v.spec.usual)
	}
	q, err := v.parsed()
	if err != nil {
		return b, nil //nolint:nilerr // the caller says it; the box must stay to mend it
	}
	recent, err := w.o.Dashboard.Repos(ctx, telemetry.RepoFilter{}, telemetry.Page{
		Number: 1,
		Size:   barChoices,
		Sort:   "last_run",
		Order:  "desc",
	})
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

// example is a query that the list understands.
func (v view) example() string {
	switch v.spec.list {
	case telemetry.ListIssues:
		return "is:open severity:critical,high age:>30d"
	case telemetry.ListSessions:
		return "is:active age:>2h"
	case telemetry.ListPulls:
		return "is:open age:>7d"
	case telemetry.ListRuns:
		return "kind:scan new:>0"
	}
	return "open:>0"
}

// usualViews are the usual queries of a list: their name, and in URL the
// query.
func usualViews(list telemetry.ListName) []parts.Link {
	if list == telemetry.ListIssues {
		return []parts.Link{
			{Text: "All open", URL: "is:open"},
			{Text: "Critical and high", URL: "is:open severity:critical,high"},
			{Text: "Reopened", URL: "is:reopened"},
			{Text: "Tried 3 times or more", URL: "is:open attempts:>=3"},
			{Text: "Never attempted", URL: "is:open attempts:0"},
			{Text: "New this week", URL: "is:open age:<7d"},
			{Text: "Fixed", URL: "is:fixed"},
			{Text: "All", URL: ""},
		}
	}
	if list == telemetry.ListSessions {
		return []parts.Link{
			{Text: "All", URL: ""},
			{Text: "Active", URL: "is:active"},
			{Text: "Waiting for you", URL: "is:waiting"},
			{Text: "PR ready", URL: "is:pr_ready"},
			{Text: "Never started", URL: "is:never_started"},
		}
	}
	if list == telemetry.ListPulls {
		return []parts.Link{
			{Text: "All", URL: ""},
			{Text: "Open", URL: "is:open"},
			{Text: "Merged", URL: "is:merged"},
			{Text: "Closed", URL: "is:closed"},
			{Text: "Not fetched", URL: "is:unknown"},
		}
	}
	return nil
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
func menu(q telemetry.Query, name, usual string, values []string) parts.Menu {
	m := parts.Menu{Label: menuLabel(name)}
	chosen := q.Values(name)
	several := false
	for _, known := range telemetry.Qualifiers(q.List) {
		if known.Name == name {
			values = append(slices.Clone(known.Values), values...)
			several = known.Kind == telemetry.ValueWord && name != "kind" || known.Dynamic
		}
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

// searchURL is a list's page with a query.
func searchURL(page, query string) string {
	return parts.Address{Page: page}.Href("q", query)
}
