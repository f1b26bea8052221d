package store

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// ListCounts returns the totals that a list has for queries of it, in their
// order: of the repository with the key, or of all for "". One statement
// reads them all.
func (s *Store) ListCounts(ctx context.Context, list telemetry.ListName, repo string, queries []telemetry.Query) ([]int64, error) {
	totals := make([]int64, len(queries))
	var counts []string
	var args, into []any
	for i, q := range queries {
		count, with, err := s.countSQL(ctx, list, repo, q)
		if err != nil {
			return nil, err
		}
		counts = append(counts, "("+renumbered(count, len(args))+")")
		args, into = append(args, with...), append(into, &totals[i])
	}
	if len(counts) == 0 {
		return totals, nil
	}
	err := s.Read(ctx, func(tx *Tx) error {
		tx.row(`SELECT `+strings.Join(counts, ", "), args...).scan(into...)
		return tx.err
	})
	return totals, err
}

// countSQL is the query of a list's total, with its arguments.
func (s *Store) countSQL(ctx context.Context, list telemetry.ListName, repo string, q telemetry.Query) (string, []any, error) {
	var w where
	var err error
	switch list {
	case telemetry.ListIssues:
		return s.countIssuesSQL(ctx, telemetry.IssueFilter{Repo: repo, Query: q})
	case telemetry.ListSessions:
		w, _, err = s.sessionQuery(telemetry.SessionFilter{Repo: repo, Query: q}, telemetry.Page{})
		return `SELECT COUNT(*) FROM sessions s` + w.sql(), w.args, err
	case telemetry.ListPulls:
		w, _, err = s.pullQuery(telemetry.PullFilter{Repo: repo, Query: q}, telemetry.Page{})
		return `SELECT COUNT(*) FROM pulls p` + w.sql(), w.args, err
	case telemetry.ListRuns:
		f := telemetry.RunFilter{Repo: repo, Query: q}
		w, _, err = s.runQuery(f, telemetry.Page{})
		return runTotal(f, w), w.args, err
	case telemetry.ListRepos:
		now, from := ms(s.now()), `repos r`
		err = w.query(q, repoMatchers(now))
		if strings.Contains(w.sql(), activeCount) {
			from = activeRepos(now)
		}
		return `SELECT COUNT(*) FROM ` + from + w.sql(), w.args, err
	}
	return "", nil, fmt.Errorf("there is no list %q", list)
}

// countIssuesSQL counts those that were never attempted as the others' rest:
// they are most, and the others are in an index of their own.
func (s *Store) countIssuesSQL(ctx context.Context, f telemetry.IssueFilter) (string, []any, error) {
	rest := f
	rest.Query.Terms = slices.DeleteFunc(slices.Clone(f.Query.Terms), neverAttempted)
	w, _, _, err := s.issueQuery(ctx, rest, telemetry.Page{})
	total := issueTotal(rest, w)
	switch {
	case len(rest.Query.Terms) < len(f.Query.Terms):
		tried := w.inOrderOf("family", manyRows)
		tried.and("i.attempts > 0")
		return `SELECT (` + total + `) - (SELECT COUNT(*) FROM issues i` + tried.sql() + `)`, w.args, err
	case slices.ContainsFunc(f.Query.Terms, func(t telemetry.Term) bool { return t.Qualifier == "attempts" }):
		often := w.inOrderOf("attempts", manyRows)
		return `SELECT COUNT(*) FROM issues i` + often.sql(), w.args, err
	}
	return total, w.args, err
}

// neverAttempted tells a term that says attempts:0.
func neverAttempted(t telemetry.Term) bool {
	return t.Qualifier == "attempts" && !t.Not && len(t.Values) == 1 && *t.Values[0].Span == telemetry.Span{HasLow: true, HasHigh: true, High: 1}
}

var placeholder = regexp.MustCompile(`\$\d+`)

// renumbered is SQL whose arguments come after n others.
func renumbered(sql string, n int) string {
	return placeholder.ReplaceAllStringFunc(sql, func(mark string) string {
		k, _ := strconv.Atoi(mark[1:])
		return "$" + strconv.Itoa(k+n)
	})
}
