package store

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPlansSQLite: the log of changes is read in the order of its indexes.
func TestPlansSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plans.db")
	s, err := Open(t.Context(), Options{URL: "sqlite:" + file, Now: fixedClock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	planned(t, s)
	for _, a := range activityAsks() {
		t.Run(a.name, func(t *testing.T) {
			inOrderSQLite(t, explained(t, s, "EXPLAIN QUERY PLAN", a.asked), a.query, a.index)
		})
	}
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
