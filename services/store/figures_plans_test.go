package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/figures"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// part is a question one query of which promises to read an index, whatever
// it then does with the rows.
type part struct {
	name, index string
	ask         func(ctx context.Context, f *figures.Figures) error
}

func partsAsked() []part {
	trends := func(asOf bool, part telemetry.TrendPart) func(ctx context.Context, f *figures.Figures) error {
		return func(ctx context.Context, f *figures.Figures) error {
			period, err := telemetry.ParsePeriod("30d", fixedClock())
			if err == nil {
				_, _, err = f.Trends(ctx, telemetry.TrendQuery{Period: period, AsOf: asOf, Parts: []telemetry.TrendPart{part}})
			}
			return err
		}
	}
	return []part{
		{"totals", "sessions_current", func(ctx context.Context, f *figures.Figures) error { _, err := f.Totals(ctx); return err }},
		{"ages", "issues_age", trends(false, telemetry.TrendAges)},
		{"ages then", "issue_intervals_to", trends(true, telemetry.TrendAges)},
		{"families", "issues_attempted", trends(false, telemetry.TrendFamilies)},
	}
}

// reads fails unless a query of the question uses the index.
func (p part) reads(t *testing.T, s *storetest.Store, asks *store.Recorder, prefix, mark string, settings ...string) {
	t.Helper()
	asks.Take()
	if err := p.ask(t.Context(), s.Figures); err != nil {
		t.Fatal(err)
	}
	var plans [][]string
	for _, a := range asks.Take() {
		lines := s.Explained(t, prefix, a, settings...)
		if slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, mark+p.index) }) {
			return
		}
		plans = append(plans, lines)
	}
	t.Errorf("no query uses %s: %q", p.index, plans)
}

func TestFigurePlansSQLite(t *testing.T) {
	file := t.TempDir() + "/plans.db"
	s := storetest.OpenWith(t, store.Options{URL: "sqlite:" + file, Now: fixedClock})
	planned(t, s)
	asks := store.Record(t, s.Store, "file:"+file+"?_pragma=query_only(1)")
	for _, p := range partsAsked() {
		t.Run(p.name, func(t *testing.T) { p.reads(t, s, asks, "EXPLAIN QUERY PLAN", "INDEX ") })
	}
}

func TestFigurePlansPostgres(t *testing.T) {
	address := storetest.PostgresAddress(t)
	s := storetest.OpenWith(t, store.Options{URL: address, Now: fixedClock})
	planned(t, s)
	asks := store.Record(t, s.Store, address)
	for _, p := range partsAsked() {
		t.Run(p.name, func(t *testing.T) {
			p.reads(t, s, asks, "EXPLAIN", "using ", "SET enable_seqscan = off", "SET enable_bitmapscan = off")
		})
	}
}

// planned fills a store with a history of many repositories.
func planned(t *testing.T, s *storetest.Store) {
	t.Helper()
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{
		Seed: 3, Repos: 80, ScansPerRepo: 2, FindingsPerScan: 40, SessionsPerScan: 1, Disturb: history.Believable(),
	}) {
		files = append(files, storetest.Fetched(f.Name, f.Body))
	}
	slices.SortStableFunc(files, func(a, b telemetry.FetchedFile) int { return a.Record.Timestamp.Compare(b.Record.Timestamp) })
	storetest.Put(t, s, files...)
}

func fixedClock() time.Time { return time.Date(2026, 5, 14, 15, 32, 0, 0, time.UTC) }
