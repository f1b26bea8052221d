package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
)

// derivedTables are the tables that follow from records, polls and pull
// requests alone. Logs, jobs, versions and redirects know the order of
// arrival, and are not among them.
func derivedTables() []string {
	return []string{"repos", "runs", "issues", "appearances", "attempts", "verifications", "mentions", "mention_ids", "sessions", "pulls", "pull_ids", "pull_tokens", "poll_pulls", "links", "homes", "lives", "days", "tallies", "issue_counts"}
}

// Dialect names the kind of database: sqlite or postgres.
func (s *Store) Dialect() string { return s.dialect.name() }

// Rules names this program's rules of derivation.
func Rules() string { return rules() }

// Exec runs a statement that no method has.
func (s *Store) Exec(ctx context.Context, statement string, args ...any) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(statement, args...)
		return tx.Err()
	})
}

// Statement runs a statement within a transaction.
func Statement(tx *Tx, statement string, args ...any) error {
	tx.Exec(statement, args...)
	return tx.Err()
}

// Texts returns the texts that a query finds.
func (s *Store) Texts(ctx context.Context, query string) (texts []string, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		tx.Each(query, nil, func(r *Row) {
			var text string
			r.Scan(&text)
			texts = append(texts, text)
		})
		return tx.Err()
	})
	return texts, err
}

// Dump returns every derived row as text, sorted, with the store's own ids
// replaced by what they stand for: two stores of the same records have the
// same dump.
func (s *Store) Dump(ctx context.Context) (map[string][]string, error) {
	out := map[string][]string{}
	err := s.Read(ctx, func(tx *Tx) error {
		names := map[string]map[int64]string{"repo_id": names(tx, `SELECT id, key FROM repos`), "issue_id": names(tx, `SELECT i.id, r.key || ' ' || i.public_id FROM issues i JOIN repos r ON r.id = i.repo_id`),
			"run_id": names(tx, `SELECT id, source || ' ' || file FROM files`)}
		for _, other := range []string{"record_id", "scan_id", "run_ref"} {
			names[other] = names["run_id"]
		}
		for _, table := range derivedTables() {
			rows, err := dumpTable(tx, table, names)
			if err != nil {
				return err
			}
			out[table] = rows
		}
		return tx.Err()
	})
	return out, err
}

func names(tx *Tx, query string) map[int64]string {
	m := map[int64]string{}
	tx.Each(query, nil, func(r *Row) {
		var id int64
		var name string
		r.Scan(&id, &name)
		m[id] = name
	})
	return m
}

func dumpTable(tx *Tx, table string, names map[string]map[int64]string) ([]string, error) {
	rows, err := tx.tx.QueryContext(tx.ctx, `SELECT * FROM `+table) //nolint:gosec // a fixed list of names
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	lines := []string{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		var line []string
		counted := false
		for i, column := range columns {
			text := fmt.Sprint(values[i])
			if b, ok := values[i].([]byte); ok {
				text = string(b)
			}
			n, whole := values[i].(int64)
			switch {
			case column == "id" && whole:
				continue
			case whole && names[column] != nil && n != 0:
				text = names[column][n]
				if text == "" {
					text = fmt.Sprintf("DANGLING %s", column)
				}
			case whole && n != 0:
				counted = counted || column == "n" || table == "days" && column != "day"
			}
			line = append(line, column+"="+text)
		}
		if (table == "days" || table == "tallies" || table == "issue_counts") && !counted {
			continue // a count of nothing
		}
		lines = append(lines, strings.Join(line, " "))
	}
	slices.Sort(lines)
	return lines, rows.Err()
}

// AskFigures asks each figure; any error fails the test.
func (s *Store) AskFigures(t *testing.T, now time.Time) {
	t.Helper()
	ctx, page := t.Context(), query.Page{Number: 1, Size: 50}
	check := func(what string, err error) {
		if err != nil {
			t.Errorf("%s at %v: %v", what, now, err)
		}
	}
	_, _, err := s.NeedsAttention(ctx, telemetry.NeedFilter{}, now, page)
	check("what needs attention", err)
	_, err = s.RepoHealth(ctx, "a/b")
	check("a repository's health", err)
	_, err = s.RepoDays(ctx, []string{"a/b"}, now, 10)
	check("a repository's days", err)
	_, _, err = s.TotalsAsOf(ctx, now, "")
	check("figures of a time", err)
	for _, name := range []string{"7d", "30d", "90d", "all"} {
		period, err := telemetry.ParsePeriod(name, now)
		check("the period "+name, err)
		_, _, err = s.Trends(ctx, telemetry.TrendQuery{Period: period})
		check("the trend of "+name, err)
	}
}
