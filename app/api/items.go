package api

import (
	"context"
	"time"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// repoItem is a repository with its pull requests counted in fields of its
// own, a note on what its counts are of, and where they lead.
type repoItem struct {
	telemetry.RepoRow
	telemetry.PullCounts
	StatusNote string            `json:"status_note"`
	Links      map[string]string `json:"links"`
}

func (a *API) repoOf(r telemetry.RepoRow, asOf time.Time) repoItem {
	_, note := r.StatusNote()
	return repoItem{r, r.PRs, note, a.paths(dashboard.RepoLinks(r, asOf))}
}

func (a *API) repoItems(_ context.Context, asked query.Ask, rows []telemetry.RepoRow) ([]repoItem, error) {
	return mapped(rows, func(r telemetry.RepoRow) repoItem { return a.repoOf(r, asked.AsOf) }), nil
}

// changeItem is a change with how long the issue had been open.
type changeItem struct {
	telemetry.IssueEvent
	Hours *float64 `json:"hours"` // of a closing
}

func changeOf(e telemetry.IssueEvent) changeItem {
	item := changeItem{IssueEvent: e}
	if !e.OpenedAt.IsZero() {
		item.Hours = hours(e.At.Sub(e.OpenedAt.Time))
	}
	return item
}
