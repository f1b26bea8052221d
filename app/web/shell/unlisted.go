package shell

import (
	"context"
	"slices"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/parts"
)

// QueryUnlisted are the repositories whose open issues have no list.
const QueryUnlisted = "-is:listed open:>0"

// NotListed says beside a list of issues how many more are open that scans
// count without naming them. It is the zero Link where there are none, or where
// the query asks for what such counts do not say.
func (w *Shell) NotListed(ctx context.Context, v View, q query.Query) (parts.Link, error) {
	count, repo := unlistedBy(q)
	if count == nil {
		return parts.Link{}, nil
	}
	text := QueryUnlisted
	if repo != "" {
		text += " " + repo
	}
	asked, err := dashboard.Parse(w.Dashboard.Repos, text)
	if err != nil {
		return parts.Link{}, nil //nolint:nilerr // a query that repositories do not understand counts none of theirs
	}
	rows, err := w.Dashboard.Repos.Rows(ctx, query.Ask{Repo: v.RepoKey(), Query: asked, AsOf: v.AsOf,
		Page: query.Page{Sort: "repo", Order: "asc"}})
	n := int64(0)
	for _, r := range rows.Items {
		n += count(r)
	}
	if n == 0 {
		return parts.Link{}, err
	}
	if v.Scope != "" {
		return parts.Link{Text: "and " + parts.Number(n) + " not listed", URL: links.Run(v.Repo.LatestFile)}, err
	}
	return parts.Link{Text: "and " + parts.Number(n) + " not listed", URL: links.Matching(links.Repos, text)}, err
}

// unlistedBy is what of a repository's counts a query for open issues asks for,
// and its term of repositories. It is nil for a query that asks for more than
// one severity or family says.
func unlistedBy(q query.Query) (count func(telemetry.RepoRow) int64, repo string) {
	open := false
	count = func(r telemetry.RepoRow) int64 { return r.Open }
	narrowed := false
	for _, t := range q.Terms {
		switch {
		case t.Field == "is" && !t.Not && len(t.Values) == 1 && t.Values[0].Text == "open":
			open = true
		case t.Field == "repo":
			repo = t.String()
		case narrowed:
			return nil, ""
		case t.Field == "severity":
			narrowed, count = true, countOf(t, func(r telemetry.RepoRow) map[string]int64 { return r.OpenSeverity })
		case t.Field == "family":
			narrowed, count = true, countOf(t, func(r telemetry.RepoRow) map[string]int64 { return r.OpenCategory })
		default:
			return nil, ""
		}
	}
	if !open {
		return nil, ""
	}
	return count, repo
}

// countOf sums the counts by the words that a term names, or does not.
func countOf(t query.Term, counts func(telemetry.RepoRow) map[string]int64) func(telemetry.RepoRow) int64 {
	return func(r telemetry.RepoRow) (n int64) {
		for word, count := range counts(r) {
			named := slices.ContainsFunc(t.Values, func(v query.Value) bool {
				known := slices.Contains(telemetry.Severities(), word)
				return v.Text == word || v.Text == telemetry.KeywordOther && t.Field == "severity" && !known
			})
			if named != t.Not {
				n += count
			}
		}
		return n
	}
}
