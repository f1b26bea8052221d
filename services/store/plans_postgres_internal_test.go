package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"
)

// TestPlansPostgres: the log of changes can be read in the order of its indexes.
// PostgreSQL chooses by its statistics, and for few rows rightly sorts: so
// here it may neither sort nor read whole tables where there is another way.
func TestPlansPostgres(t *testing.T) {
	s, _ := plansPostgres(t)
	planned(t, s)
	for _, a := range activityAsks() {
		t.Run(a.name, func(t *testing.T) { inOrderPostgres(t, s, a.asked, a.index) })
	}
}

// inOrderPostgres fails unless a query can be read in the order of an index.
func inOrderPostgres(t *testing.T, s *Store, a asked, index string) {
	t.Helper()
	lines := explained(t, s, "EXPLAIN", a, "SET enable_seqscan = off", "SET enable_sort = off", "SET enable_bitmapscan = off")
	if !anyHas(lines, "using "+index) {
		t.Errorf("the plan does not use %s", index)
	}
	for _, l := range lines {
		if strings.HasPrefix(strings.TrimLeft(l, " ->"), "Sort  (") {
			t.Errorf("the plan has %q", l)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", a.query, strings.Join(lines, "\n"))
	}
}

func plansPostgres(t *testing.T) (s *Store, address string) {
	t.Helper()
	admin := os.Getenv("TEST_POSTGRES_URL")
	if admin == "" {
		t.Skip("SKIPPED: PostgreSQL: TEST_POSTGRES_URL is not set")
	}
	db, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	name := "plans_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
	})
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	if s, err = Open(t.Context(), Options{URL: u.String(), Now: fixedClock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, u.String()
}
