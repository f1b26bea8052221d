package shell

import (
	"context"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
)

// TakenIssue is an issue with the latest session that worked on it, nil if
// that is unknown.
type TakenIssue struct {
	telemetry.IssueRow
	session *telemetry.SessionRow
}

// TakenIssues are issues with their sessions. As of a past time the sessions
// stay out: what is known of them is of now.
func (w *Shell) TakenIssues(v View, q query.Query) Source[TakenIssue] {
	more := w.WithSessions
	if v.Get("as_of") != "" {
		more = func(_ context.Context, issues []telemetry.IssueRow) ([]TakenIssue, error) {
			return RowsOf(issues, func(i telemetry.IssueRow) TakenIssue { return TakenIssue{IssueRow: i} }), nil
		}
	}
	return joined(w.issuesOf(v, q), more)
}

// WithSessions adds their sessions to issues, all asked at once.
func (w *Shell) WithSessions(ctx context.Context, issues []telemetry.IssueRow) ([]TakenIssue, error) {
	items := make([]TakenIssue, len(issues))
	var keys []string
	for i, row := range issues {
		items[i].IssueRow = row
		if row.Session != "" {
			keys = append(keys, row.Session)
		}
	}
	if len(keys) == 0 {
		return items, nil
	}
	sessions, err := w.Dashboard.SessionsByKey(ctx, keys)
	for i := range items {
		if s, ok := sessions[items[i].Session]; ok {
			items[i].session = &s
		}
	}
	return items, err
}

// TakenRow is an issue as lists show it, with its latest session.
func (w *Shell) TakenRow(i TakenIssue) panels.IssueRow {
	r := w.IssueRow(i.IssueRow)
	r.Latest.Short = ShortID(i.Session)
	if s := i.session; s != nil {
		row := w.SessionRow(*s)
		r.Latest.Page, r.Latest.State, r.Latest.Reason, r.Latest.PR = row.Page, row.State, row.Reason, row.PR
	}
	return r
}

// MarkedPull is a pull request with its issues' severities and its latest
// verification.
type MarkedPull struct {
	telemetry.PullRow
	telemetry.PullExtras
}

// WithMarks adds them to pull requests, all asked at once.
func (w *Shell) WithMarks(ctx context.Context, pulls []telemetry.PullRow) ([]MarkedPull, error) {
	items, keys := make([]MarkedPull, len(pulls)), make([]string, len(pulls))
	for i, p := range pulls {
		items[i].PullRow, keys[i] = p, telemetry.PullRef{Repo: p.Repo, Number: p.Number}.Key()
	}
	if len(keys) == 0 {
		return items, nil
	}
	marks, err := w.Dashboard.PullExtras(ctx, keys)
	for i, key := range keys {
		items[i].PullExtras = marks[key]
	}
	return items, err
}

// MarkedRow is a pull request as lists show it, with the severities of its
// issues and its latest verification.
func (w *Shell) MarkedRow(p MarkedPull) panels.PullRow {
	r := w.PullRow(p.PullRow)
	other := 0
	for tier, n := range p.Severity {
		if telemetry.SeverityRank(tier) == len(telemetry.Severities()) {
			other += int(n)
		}
	}
	for _, tier := range telemetry.Severities() {
		if n := int(p.Severity[tier]); n > 0 {
			r.Tiers = append(r.Tiers, panels.Tier{Severity: tier, N: n})
		}
	}
	if other > 0 {
		r.Tiers = append(r.Tiers, panels.Tier{N: other})
	}
	if p.Outcome != "" {
		r.Verified = panels.VerdictState(string(p.Outcome), false) // the column of states says that the merge is not known
	}
	return r
}

// RepoTrend is a repository with its last days.
type RepoTrend struct {
	telemetry.RepoRow
	days         telemetry.RepoDays
	since, until time.Time // the range of these days
}

// ReposOf asks for repositories with their last days, of all repositories
// whatever the page is about.
func (w *Shell) ReposOf(_ View, q query.Query) Source[RepoTrend] {
	all := View{}
	return joined(Asked(w.Dashboard.Repos, all, q), w.WithDays)
}

// WithDays adds their last days to repositories.
func (w *Shell) WithDays(ctx context.Context, repos []telemetry.RepoRow) ([]RepoTrend, error) {
	keys := make([]string, len(repos))
	for i, r := range repos {
		keys[i] = r.Name.Key()
	}
	until := w.Now().UTC().Truncate(time.Minute).Add(time.Minute - time.Millisecond)
	days, err := w.Dashboard.RepoDays(ctx, keys, until, telemetry.RepoDaysShown)
	items := make([]RepoTrend, len(repos))
	for i, r := range repos {
		items[i] = RepoTrend{
			RepoRow: r,
			days:    days[keys[i]],
			since:   telemetry.Midnight(until).AddDate(0, 0, 1-telemetry.RepoDaysShown),
			until:   until,
		}
	}
	return items, err
}

// QueryOpen is the query of the list of issues where its address names none.
const QueryOpen = "is:open"

func (w *Shell) issuesOf(v View, q query.Query) Source[telemetry.IssueRow] {
	return func(ctx context.Context, p query.Page) (telemetry.List[telemetry.IssueRow], error) {
		asOf, err := telemetry.AsOfParam(v.Get("as_of"), w.Now())
		if err != nil {
			return telemetry.List[telemetry.IssueRow]{}, err
		}
		return w.Dashboard.Issues.Rows(ctx, query.Ask{Repo: v.RepoKey(), Query: q, AsOf: asOf, Page: p})
	}
}

// PullsOf asks for pull requests with what is known of their issues.
func (w *Shell) PullsOf(v View, q query.Query) Source[MarkedPull] {
	return joined(Asked(w.Dashboard.Pulls, v, q), w.WithMarks)
}

// RunsOf asks for scans and dispatches.
func (w *Shell) RunsOf(v View, q query.Query) Source[telemetry.RunRow] {
	return Asked(w.Dashboard.Runs, v, q)
}

// SessionsOf asks for sessions.
func (w *Shell) SessionsOf(v View, q query.Query) Source[telemetry.SessionRow] {
	return Asked(w.Dashboard.Sessions, v, q)
}
