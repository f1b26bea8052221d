package store

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// planned fills a store with more issues than are sorted one by one.
func planned(t *testing.T, s *Store) {
	t.Helper()
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{Seed: 3, Repos: 80, ScansPerRepo: 2, FindingsPerScan: 40, SessionsPerScan: 1, Disturb: history.Believable()}) {
		rec, err := telemetry.ParseRecord(f.Body)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: f.Name, SHA: f.Name, Size: int64(len(f.Body))}, Body: f.Body, Record: rec})
	}
	slices.SortFunc(files, func(a, b telemetry.FetchedFile) int {
		return cmp.Or(a.Record.Timestamp.Compare(b.Record.Timestamp), cmp.Compare(a.Name, b.Name))
	})
	if _, err := s.PutFiles(t.Context(), "", files); err != nil {
		t.Fatal(err)
	}
}

// explained returns the lines of a query's plan.
func explained(t *testing.T, s *Store, prefix string, a asked, settings ...string) []string {
	t.Helper()
	conn, err := s.write.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, setting := range settings {
		if _, err := conn.ExecContext(t.Context(), setting); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.QueryContext(t.Context(), prefix+" "+a.query, a.args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		into := make([]any, len(columns))
		var line string
		for i := range into {
			into[i] = new(any)
		}
		into[len(into)-1] = &line
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func anyHas(lines []string, part string) bool {
	return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, part) })
}

func fixedClock() time.Time { return time.Date(2026, 5, 14, 15, 32, 0, 0, time.UTC) }
