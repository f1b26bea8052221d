package store

import (
	"context"
	"path/filepath"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// part is a question one query of which promises to read an index, whatever
// it then does with the rows.
type part struct {
	name, index string
	ask         func(ctx context.Context, s *Store) error
}

func partsAsked() []part {
	trends := func(asOf bool, part telemetry.TrendPart) func(ctx context.Context, s *Store) error {
		return func(ctx context.Context, s *Store) error {
			period, err := telemetry.ParsePeriod("30d", fixedClock())
			if err == nil {
				_, _, err = s.Trends(ctx, telemetry.TrendQuery{Period: period, AsOf: asOf, Parts: []telemetry.TrendPart{part}})
			}
			return err
		}
	}
	return []part{
		{"totals", "sessions_current", func(ctx context.Context, s *Store) error { _, err := s.Totals(ctx); return err }},
		{"ages", "issues_age", trends(false, telemetry.TrendAges)},
		{"ages then", "lives_to", trends(true, telemetry.TrendAges)},
		{"families", "issues_taken", trends(false, telemetry.TrendFamilies)},
	}
}

// reads fails unless a query of the question uses the index.
func (p part) reads(t *testing.T, s *Store, asks *recorder, prefix, mark string, settings ...string) {
	t.Helper()
	asks.take()
	if err := p.ask(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	var plans [][]string
	for _, a := range asks.take() {
		lines := explained(t, s, prefix, a, settings...)
		if anyHas(lines, mark+p.index) {
			return
		}
		plans = append(plans, lines)
	}
	t.Errorf("no query uses %s: %q", p.index, plans)
}

func TestPartPlansSQLite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plans.db")
	s, err := Open(t.Context(), Options{URL: "sqlite:" + file, Now: fixedClock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	planned(t, s)
	asks := record(t, s, "file:"+file+"?_pragma=query_only(1)")
	for _, p := range partsAsked() {
		t.Run(p.name, func(t *testing.T) { p.reads(t, s, asks, "EXPLAIN QUERY PLAN", "INDEX ") })
	}
}

func TestPartPlansPostgres(t *testing.T) {
	s, address := plansPostgres(t)
	planned(t, s)
	asks := record(t, s, address)
	for _, p := range partsAsked() {
		t.Run(p.name, func(t *testing.T) {
			p.reads(t, s, asks, "EXPLAIN", "using ", "SET enable_seqscan = off", "SET enable_bitmapscan = off")
		})
	}
}
