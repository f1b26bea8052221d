package overview

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// OpenNow is what is open by severity and family.
func (w *Web) OpenNow() shell.Panel {
	return panel("open", "Open now", w.drawOpen, telemetry.TopicRecords)
}

// familyRows is how many families the breakdown names; the rest is summed.
const familyRows = 9

// drawOpen shows what is open by severity and family. Each leads to the list of
// issues, which says how many more are not listed.
func (w *Web) drawOpen(ctx context.Context, v shell.View) (templ.Component, error) {
	b := panels.Breakdown{Frame: v.Brief(), Empty: parts.Empty{Icon: "check-circle", Title: "No open issues"}}
	totals, err := w.Stats(ctx, v)
	if err != nil {
		return nil, err
	}
	severity, category := totals.OpenSeverity, totals.OpenCategory
	list := links.In(v.Scope, links.Issues)
	b.Note, b.Count, b.CountURL = "by severity and CWE family", parts.Number(totals.Open), list
	b.Severity = panels.SeveritySlices(telemetry.Severities(), severity, func(tier string) string {
		return links.Matching(list, shell.QueryOpen+" severity:"+tier)
	})
	known := int64(0)
	for _, s := range b.Severity {
		known += int64(s.N)
	}
	for _, rest := range []parts.Slice{
		{
			Name: telemetry.KeywordOther,
			N:    int(telemetry.Sum(severity) - known),
			URL:  links.Matching(list, shell.QueryOpen+" severity:"+telemetry.KeywordOther),
		},
	} {
		if rest.N > 0 {
			b.Severity = append(b.Severity, rest)
		}
	}
	b.Family = familySlices(category, list)
	b.Summary = summarizeSlices(b.Severity, "No open issues")
	return panels.OpenNow(b), nil
}

// listedOpen are the open issues that have a list.
func (w *Web) listedOpen(ctx context.Context, v shell.View, t dashboard.Stats) (severity, category map[string]int64, err error) {
	switch {
	case t.Unlisted == 0:
		return t.OpenSeverity, t.OpenCategory, nil
	case v.Scope != "": // either all of a repository has a list, or nothing
		return nil, nil, nil
	}
	q, err := dashboard.Parse(w.Dashboard.Repos, shell.QueryUnlisted)
	if err != nil {
		return nil, nil, err
	}
	without, err := w.Dashboard.Repos.Rows(ctx, query.Ask{Query: q, AsOf: v.AsOf, Page: query.Page{Sort: "repo", Order: "asc"}})
	severity, category = maps.Clone(t.OpenSeverity), maps.Clone(t.OpenCategory)
	for _, r := range without.Items {
		for name, n := range r.OpenSeverity {
			severity[name] -= n
		}
		for name, n := range r.OpenCategory {
			category[name] -= n
		}
	}
	return severity, category, err
}

func familySlices(counts map[string]int64, list string) []parts.Slice {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	names = slices.DeleteFunc(names, func(name string) bool { return counts[name] <= 0 })
	named, rest := names, 0
	if len(names) > familyRows+1 {
		named = names[:familyRows]
	}
	for _, name := range names[len(named):] {
		rest += int(counts[name])
	}
	var out []parts.Slice
	for _, name := range named {
		out = append(out, parts.Slice{Name: familyName(name), N: int(counts[name]), URL: familyURL(list, "family", name)})
	}
	if rest > 0 {
		out = append(out, parts.Slice{
			Name: "other families",
			N:    rest,
			URL:  familyURL(list, "-family", named...),
		})
	}
	return out
}

func familyURL(list, qualifier string, names ...string) string {
	families := shell.TermText(qualifier, names...)
	if families == "" {
		return "" // a name that no query can ask for has no list
	}
	return links.Matching(list, shell.QueryOpen+" "+families)
}
