package web

import (
	"context"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
)

// takenIssue is an issue with the latest session that took it, nil where that
// is not known.
type takenIssue struct {
	telemetry.IssueRow
	session *telemetry.SessionRow
}

// takenIssues are issues with their sessions. As of a past time the sessions
// stay out: what is known of them is of now.
func (w *Web) takenIssues(v view, q query.Query) ask[takenIssue] {
	more := w.withSessions
	if v.get("as_of") != "" {
		more = func(_ context.Context, issues []telemetry.IssueRow) ([]takenIssue, error) {
			return rowsOf(issues, func(i telemetry.IssueRow) takenIssue { return takenIssue{IssueRow: i} }), nil
		}
	}
	return joined(w.issuesOf(v, q), more)
}

// withSessions adds their sessions to issues, all asked at once.
func (w *Web) withSessions(ctx context.Context, issues []telemetry.IssueRow) ([]takenIssue, error) {
	items := make([]takenIssue, len(issues))
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
	sessions, err := w.o.Dashboard.SessionsByKey(ctx, keys)
	for i := range items {
		if s, ok := sessions[items[i].Session]; ok {
			items[i].session = &s
		}
	}
	return items, err
}

func (w *Web) takenRow(i takenIssue) panels.IssueRow {
	r := w.issueRow(i.IssueRow)
	r.Latest.Short = shortID(i.Session)
	if s := i.session; s != nil {
		row := w.sessionRow(*s)
		r.Latest.Page, r.Latest.State, r.Latest.Reason, r.Latest.PR = row.Page, row.State, row.Reason, row.PR
	}
	return r
}

// markedPull is a pull request with its issues' severities and its latest
// verification.
type markedPull struct {
	telemetry.PullRow
	telemetry.PullMarks
}

// withMarks adds them to pull requests, all asked at once.
func (w *Web) withMarks(ctx context.Context, pulls []telemetry.PullRow) ([]markedPull, error) {
	items, keys := make([]markedPull, len(pulls)), make([]string, len(pulls))
	for i, p := range pulls {
		items[i].PullRow, keys[i] = p, telemetry.PullRef{Repo: p.Repo, Number: p.Number}.Key()
	}
	if len(keys) == 0 {
		return items, nil
	}
	marks, err := w.o.Dashboard.PullMarks(ctx, keys)
	for i, key := range keys {
		items[i].PullMarks = marks[key]
	}
	return items, err
}

func (w *Web) markedRow(p markedPull) panels.PullRow {
	r := w.pullRow(p.PullRow)
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
	if p.Verdict != "" {
		r.Verified = panels.VerdictState(string(p.Verdict), false) // the column of states says that the merge is not known
	}
	return r
}
