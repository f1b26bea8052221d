package overview

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Needs is what most urgently waits for a person.
func (w *Web) Needs() shell.Panel {
	p := panel("needs", "Needs you", w.drawNeeds, append(shell.Everything(), telemetry.TopicSubmissions)...)
	p.Every, p.Clock = "30s", true
	return p
}

func (w *Web) drawNeeds(ctx context.Context, v shell.View) (templ.Component, error) {
	l := panels.NeedList{}
	forYou, err := dashboard.Parse(w.Dashboard.Needs, shell.NeedsForYou)
	if err != nil {
		return nil, err
	}
	if l.Table, err = shell.Short(ctx, v, briefRows, parts.Sort{Key: "urgency"}, w.NeedsOf(v, forYou)); err != nil {
		return nil, err
	}
	groups, err := w.Dashboard.NeedGroups(ctx, query.Ask{Repo: v.RepoKey(), AsOf: v.AsOf, Query: forYou})
	if err != nil {
		return nil, err
	}
	for _, need := range telemetry.Needs() {
		if n := groups.Counts[need]; n > 0 {
			l.Groups = append(l.Groups, parts.Segment{
				Text: panels.NeedCount(need, n), URL: links.Matching(links.NeedsYou, shell.NeedsForYou+" group:"+string(need)),
			})
		}
	}
	l.More = parts.Link{Text: "All " + l.Count, URL: links.NeedsYou}
	if len(l.Rows) == 0 {
		l.More = parts.Link{}
		l.Empty, err = w.NothingNeeded(ctx, v)
	}
	l.Summary, l.Expanded = summarizeSegments(l.Groups, l.Empty.Title), true
	return panels.Needs(l), err
}
