package shell

import (
	"context"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// QueryOpen is the query of the list of issues where its address names none.
const QueryOpen = "is:open"

// IssuesOf asks for issues with their sessions.
func (w *Shell) IssuesOf(v View, q query.Query) Source[panels.IssueRow] {
	rows := func(ctx context.Context, p query.Page) (telemetry.List[telemetry.IssueRow], error) {
		return w.Dashboard.Issues.Rows(ctx, query.Ask{Repo: v.RepoKey(), Query: q, AsOf: v.AsOf, Page: p})
	}
	return Joined(rows, w.IssueRows(v.AsOf))
}

// IssueRows makes issues what lists show of them as of a time, each with its
// latest session.
func (w *Shell) IssueRows(asOf time.Time) func(context.Context, []telemetry.IssueRow) ([]panels.IssueRow, error) {
	return func(ctx context.Context, issues []telemetry.IssueRow) ([]panels.IssueRow, error) {
		keys := Named(RowsOf(issues, func(i telemetry.IssueRow) string { return i.Session }))
		sessions, err := w.Dashboard.SessionsByKey(ctx, keys, asOf)
		return RowsOf(issues, func(i telemetry.IssueRow) panels.IssueRow {
			row := w.IssueRow(i)
			if s, known := sessions[i.Session]; known {
				latest := w.SessionRow(s)
				row.Latest = &latest
			}
			return row
		}), err
	}
}

// PullsOf asks for pull requests with what is known of their issues.
func (w *Shell) PullsOf(v View, q query.Query) Source[panels.PullRow] {
	return Joined(Asked(w.Dashboard.Pulls, v, q), w.PullRows(v.AsOf))
}

// PullRows makes pull requests what lists show of them as of a time, each with
// the severities of its issues and its latest verification.
func (w *Shell) PullRows(asOf time.Time) func(context.Context, []telemetry.PullRow) ([]panels.PullRow, error) {
	return func(ctx context.Context, pulls []telemetry.PullRow) ([]panels.PullRow, error) {
		key := func(p telemetry.PullRow) string { return telemetry.PullRef{Repo: p.Repo, Number: p.Number}.Key() }
		extras, err := w.Dashboard.PullExtras(ctx, RowsOf(pulls, key), asOf)
		return RowsOf(pulls, func(p telemetry.PullRow) panels.PullRow { return w.markedRow(p, extras[key(p)]) }), err
	}
}

func (w *Shell) markedRow(p telemetry.PullRow, x telemetry.PullExtras) panels.PullRow {
	r := w.PullRow(p)
	other := telemetry.Sum(x.Severity)
	for _, tier := range telemetry.Severities() {
		if n := x.Severity[tier]; n > 0 {
			r.Tiers = append(r.Tiers, panels.Tier{Severity: tier, N: int(n), URL: tierURL(p, tier)})
			other -= n
		}
	}
	if other > 0 {
		r.Tiers = append(r.Tiers, panels.Tier{N: int(other), URL: tierURL(p, telemetry.KeywordOther)})
	}
	if x.Outcome != "" {
		r.Verified = panels.VerdictState(x.Outcome, false) // the column of states says that the merge is not known
	}
	return r
}

// tierURL is the list of the issues of a pull request with a severity.
func tierURL(p telemetry.PullRow, tier string) string {
	of := TermText("pr", telemetry.PullRef{Repo: p.Repo, Number: p.Number}.Key())
	return links.Matching(links.Issues, of+" severity:"+tier)
}

// ReposOf asks for repositories with their last days, of all repositories
// whatever the page is about.
func (w *Shell) ReposOf(v View, q query.Query) Source[panels.RepoRow] {
	return Joined(Asked(w.Dashboard.Repos, View{AsOf: v.AsOf}, q), w.RepoRows(v.AsOf))
}

// RepoRows makes repositories what lists show of them, each with its last days
// up to a time; zero is now.
func (w *Shell) RepoRows(asOf time.Time) func(context.Context, []telemetry.RepoRow) ([]panels.RepoRow, error) {
	return func(ctx context.Context, repos []telemetry.RepoRow) ([]panels.RepoRow, error) {
		until := asOf
		if asOf.IsZero() {
			until = w.Now().UTC().Truncate(time.Minute).Add(time.Minute - time.Millisecond)
		}
		since := telemetry.Midnight(until).AddDate(0, 0, 1-telemetry.RepoDaysShown)
		keys := RowsOf(repos, func(r telemetry.RepoRow) string { return r.Name.Key() })
		days, err := w.Dashboard.RepoDays(ctx, keys, until, telemetry.RepoDaysShown)
		for _, r := range repos {
			if of := days[r.Name.Key()].Open; len(of) > 0 {
				of[len(of)-1] = r.Open // the day may not have been over
			}
		}
		return RowsOf(repos, func(r telemetry.RepoRow) panels.RepoRow { return repoRow(r, days[r.Name.Key()], since, until) }), err
	}
}

// RunsOf asks for scans and dispatches.
func (w *Shell) RunsOf(v View, q query.Query) Source[panels.RunRow] {
	return Joined(Asked(w.Dashboard.Runs, v, q), Each(w.RunRow))
}

// NeedsOf asks for what waits for a person. What waited at a past time is only
// looked at: nothing is to be done about it.
func (w *Shell) NeedsOf(v View, q query.Query) Source[panels.NeedRow] {
	return Joined(Asked(w.Dashboard.Needs, v, q), Each(func(n telemetry.NeedRow) panels.NeedRow {
		row := w.NeedRow(n)
		if !v.AsOf.IsZero() {
			row.Action, row.Dialog = parts.Link{}, ""
		}
		return row
	}))
}

// SessionsOf asks for sessions.
func (w *Shell) SessionsOf(v View, q query.Query) Source[panels.SessionRow] {
	return Joined(Asked(w.Dashboard.Sessions, v, q), Each(w.SessionRow))
}
