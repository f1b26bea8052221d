package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
)

// derivedTables are the tables that follow from records, polls and pull
// requests alone. Logs, jobs, versions and redirects know the order of
// arrival, and are not among them.
func derivedTables() []string {
	return []string{
		"repos", "runs", "issues", "appearances", "attempts", "verifications", "mentions", "mention_ids", "sessions",
		"claims", "pulls", "pull_ids", "pull_tokens", "poll_pulls", "links", "pull_repos", "issue_intervals", "days",
		"log_findings", "log_prompts", "log_issues", "rules", "registry", "dispatch_history", "needs",
		"issue_counts", "due_pauses", "issue_owners", "run_sums",
	}
}

// Dump returns every derived row as text, sorted, with the store's own ids
// replaced by what they stand for: two stores of the same records have the
// same dump.
func (s *Store) Dump(ctx context.Context) (map[string][]string, error) {
	out := map[string][]string{}
	err := s.Read(ctx, func(tx *store.Tx) error {
		names := map[string]map[int64]string{
			"repo_id":  names(tx, `SELECT id, key FROM repos`),
			"issue_id": names(tx, `SELECT i.id, r.key || ' ' || i.public_id FROM issues i JOIN repos r ON r.id = i.repo_id`),
			"run_id":   names(tx, `SELECT id, source || ' ' || file FROM files`),
			"log_id":   names(tx, `SELECT id, repo_key || ' ' || label FROM run_logs`),
		}
		for _, other := range []string{"record_id", "scan_id", "run_ref"} {
			names[other] = names["run_id"]
		}
		for _, table := range derivedTables() {
			out[table] = dumpTable(tx, table, names)
		}
		return tx.Err()
	})
	return out, err
}

func names(tx *store.Tx, query string) map[int64]string {
	m := map[int64]string{}
	tx.Each(query, nil, func(r *store.Row) {
		var id int64
		var name string
		r.Scan(&id, &name)
		m[id] = name
	})
	return m
}

func columnsOf(tx *store.Tx, table string) []string {
	if tx.WantsHints() {
		return textsOf(tx, `SELECT name FROM pragma_table_info($1) ORDER BY cid`, table)
	}
	return textsOf(tx, `SELECT CAST(column_name AS TEXT) FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position`, table)
}

func dumpTable(tx *store.Tx, table string, names map[string]map[int64]string) []string {
	columns, lines := columnsOf(tx, table), []string{}
	tx.Each(`SELECT `+strings.Join(columns, ", ")+` FROM `+table, nil, func(r *store.Row) {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		r.Scan(into...)
		if line, counts := dumpRow(table, columns, values, names); counts {
			lines = append(lines, line)
		}
	})
	slices.Sort(lines)
	return lines
}

// dumpRow is a row as text; counts is false where it counts nothing.
func dumpRow(table string, columns []string, values []any, names map[string]map[int64]string) (line string, counts bool) {
	var parts []string
	counts = table != "days"
	for i, column := range columns {
		text := store.Text(values[i])
		n, whole := values[i].(int64)
		switch {
		case column == "id" && whole:
			continue
		case whole && names[column] != nil && n != 0:
			if text = names[column][n]; text == "" {
				text = "DANGLING " + column
			}
		case whole && n != 0:
			counts = counts || table == "days" && column != "day"
		}
		parts = append(parts, column+"="+text)
	}
	return strings.Join(parts, " "), counts
}

// DumpOf is Dump for a test.
func DumpOf(t *testing.T, s *Store) map[string][]string {
	t.Helper()
	d, err := s.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(d["repos"]) > 0 && !strings.Contains(d["repos"][0], "key=") {
		t.Fatalf("the dump has no columns: %q", d["repos"][0])
	}
	needsAreKept(t, s)
	return d
}

// needsAreKept compares what is stored of what waits with what waits.
func needsAreKept(t *testing.T, s *Store) {
	t.Helper()
	var stored, waits []string
	err := s.Read(t.Context(), func(tx *store.Tx) error {
		stored, waits = needLines(tx, `SELECT `+outcomes.NeedColumns+` FROM needs`), needLines(tx, outcomes.Needs())
		return tx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	SameDump(t, "what waits is not what is stored of it", map[string][]string{"needs": stored}, map[string][]string{"needs": waits})
}

func needLines(tx *store.Tx, query string) []string {
	lines := []string{}
	tx.Each(query, nil, func(r *store.Row) {
		values := make([]any, len(strings.Fields(outcomes.NeedColumns)))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		r.Scan(into...)
		lines = append(lines, strings.TrimSpace(fmt.Sprintln(values...)))
	})
	return lines
}

// SameDump compares derived tables row by row.
func SameDump(t *testing.T, what string, got, want map[string][]string) {
	t.Helper()
	lacks := func(rows, of []string) []string {
		return slices.DeleteFunc(slices.Clone(rows), func(r string) bool { return slices.Contains(of, r) })
	}
	for _, table := range slices.Sorted(maps.Keys(want)) {
		extra, missing := lacks(got[table], want[table]), lacks(want[table], got[table])
		if len(extra)+len(missing) == 0 && len(got[table]) == len(want[table]) {
			continue
		}
		t.Errorf("%s: table %s has %d rows instead of %d; %d others:\n  got  %s\n  want %s", what, table, len(got[table]), len(want[table]),
			len(extra)+len(missing), first(extra), first(missing))
	}
}

func first(rows []string) string { return strings.Join(rows[:min(2, len(rows))], "\n       ") }
