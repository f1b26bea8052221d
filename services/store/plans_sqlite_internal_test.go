package store

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// TestPlansSQLite: lists are read in the order of their indexes.
func TestPlansSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plans.db")
	s, err := Open(t.Context(), Options{URL: "sqlite:" + file, Now: fixedClock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	planned(t, s)
	asks := record(t, s, "file:"+file+"?_pragma=query_only(1)")
	for _, p := range plans() {
		t.Run(p.String(), func(t *testing.T) {
			p.ask(t, s)
			a := rowsOf(t, asks.take())
			inOrderSQLite(t, explained(t, s, "EXPLAIN QUERY PLAN", a), a.query, p.index)
		})
	}
	t.Run("files", func(t *testing.T) {
		if _, err := s.Files(t.Context(), telemetry.FileFilter{}, telemetry.Page{Size: 50}); err != nil {
			t.Fatal(err)
		}
		a := rowsOf(t, asks.take())
		inOrderSQLite(t, explained(t, s, "EXPLAIN QUERY PLAN", a), a.query, "files_state")
	})
	for _, a := range activityAsks() {
		t.Run(a.name, func(t *testing.T) {
			inOrderSQLite(t, explained(t, s, "EXPLAIN QUERY PLAN", a.asked), a.query, a.index)
		})
	}
	t.Run("changes", func(t *testing.T) {
		if _, err := s.IssueEvents(t.Context(), telemetry.EventFilter{}, telemetry.Page{Size: 50}); err != nil {
			t.Fatal(err)
		}
		queries := asks.take()
		lines := explained(t, s, "EXPLAIN QUERY PLAN", queries[len(queries)-1])
		for _, index := range []string{"lives_opens", "lives_closes"} {
			inOrderSQLite(t, lines, queries[len(queries)-1].query, index)
		}
	})
}

// inOrderSQLite fails unless a plan reads an index, and neither a whole table
// without one nor, but for the last terms of an order, sorts.
func inOrderSQLite(t *testing.T, lines []string, query, index string) {
	t.Helper()
	if !anyHas(lines, "INDEX "+index) {
		t.Errorf("the plan does not use %s", index)
	}
	scan := regexp.MustCompile(`^SCAN [a-z]+$`)
	for _, l := range lines {
		if l == "USE TEMP B-TREE FOR ORDER BY" || (scan.MatchString(l) && l != "SCAN e") {
			t.Errorf("the plan has %q", l)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", query, strings.Join(lines, "\n"))
	}
}
