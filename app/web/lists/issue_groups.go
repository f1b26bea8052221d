package lists

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

const (
	groupsMost   = 200 // groups of a page
	groupOpen    = 8   // open ones
	groupRows    = 10  // rows of an open one
	groupDivider = "|" // between those that the address names as open
)

// drawIssues draws the list, or its groups where the query names what they are by.
func (w *Web) drawIssues(
	ctx context.Context, v shell.View, q query.Query, t panels.Table[panels.IssueRow],
) (templ.Component, error) {
	by := q.Values("group")
	if len(by) == 0 || len(t.Rows) == 0 {
		return panels.Issues(t), nil
	}
	counted, err := w.Dashboard.IssueGroups(ctx, query.Ask{Repo: v.RepoKey(), Query: q, AsOf: v.AsOf}, by[0])
	if err != nil {
		return nil, err
	}
	open := strings.Split(v.Get("open"), groupDivider)
	if v.Get("open") == "" {
		open = nil
	}
	if t.Pager = (parts.Pager{}); len(counted) > groupsMost {
		t.Note = "the first " + parts.Decimal(groupsMost) + " groups of " + parts.Number(len(counted))
	}
	var groups []panels.IssueGroup
	for _, g := range counted[:min(groupsMost, len(counted))] {
		name := g.Value
		if name == "" {
			name = "none"
		}
		p := panels.IssueGroup{IssueGroup: g, By: by[0], Name: name, Open: slices.Contains(open, name)}
		within, err := inGroup(q.Without("group"), by[0], g.Value)
		if err != nil { // no query can name it
			groups = append(groups, p)
			continue
		}
		p.URL = links.Matching(v.Address().Page, within.String())
		p.Query = inScope(v, within).String()
		next := append(slices.Clone(open), name)
		if p.Open {
			next = shell.Without(open, name)
		}
		p.Changes = []string{"open", strings.Join(next[max(0, len(next)-groupOpen):], groupDivider)}
		if p.Open {
			rows, err := w.IssuesOf(v, within)(ctx, query.Page{Number: 1, Size: groupRows, Sort: t.Sort.Key, Order: t.Sort.Order()})
			if err != nil {
				return nil, err
			}
			p.Rows = rows.Items
		}
		groups = append(groups, p)
	}
	return panels.GroupedIssues(t, groups), nil
}

// inScope is a query that also names the repository whose page shows the list.
func inScope(v shell.View, q query.Query) query.Query {
	if v.Scope != "" {
		if with, err := q.With("repo", v.Scope); err == nil {
			return with
		}
	}
	return q
}

// inGroup is a query of those of a group alone.
func inGroup(q query.Query, by, value string) (query.Query, error) {
	switch {
	case value != "":
		return q.And(by, value)
	case by == "owner" || by == "family":
		return q.And("no", by)
	}
	return q, telemetry.Errorf(telemetry.CodeInvalid, "No query names issues without %s.", by)
}
