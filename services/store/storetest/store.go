package storetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/decisions"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/details"
	"telemetry-dashboard/services/store/figures"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// Store is a store with all of its rooms but the lists.
type Store struct {
	decisions.Decider
	*details.Details
	*figures.Figures
}

// Of returns the rooms of a store.
func Of(s *store.Store) *Store {
	return &Store{decisions.New(derive.New(s)), details.New(s), figures.New(s)}
}

// OpenWith opens a store until the test ends.
func OpenWith(t testing.TB, o store.Options) *Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return Of(s)
}

// OpenLike opens another fresh database of the same kind.
func OpenLike(t *testing.T, s *Store) *Store {
	t.Helper()
	lite := false
	if err := s.Read(t.Context(), func(tx *store.Tx) error { lite = tx.WantsHints(); return tx.Err() }); err != nil {
		t.Fatal(err)
	}
	if lite {
		return OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "like.db"), Now: s.Now})
	}
	return OpenPostgresAt(t, s.Now)
}

// Exec runs a statement that no method has.
func (s *Store) Exec(ctx context.Context, statement string, args ...any) error {
	return s.Write(ctx, func(tx *store.Tx) error {
		tx.Exec(statement, args...)
		return tx.Err()
	})
}

// Texts returns the texts that a query finds.
func (s *Store) Texts(ctx context.Context, query string) (texts []string, err error) {
	err = s.Read(ctx, func(tx *store.Tx) error {
		texts = textsOf(tx, query)
		return tx.Err()
	})
	return texts, err
}

func textsOf(tx *store.Tx, query string, args ...any) (texts []string) {
	tx.Each(query, args, func(r *store.Row) {
		var text string
		r.Scan(&text)
		texts = append(texts, text)
	})
	return texts
}

// AskEverything asks each list and figure; any error fails the test.
func AskEverything(t *testing.T, s *Store, now time.Time) {
	t.Helper()
	for _, at := range []time.Time{{}, now} {
		a := query.Ask{AsOf: at}
		Total(t, lists.Issues(s.Store), a)
		Total(t, lists.Sessions(s.Store), a)
		Total(t, lists.Pulls(s.Store), a)
		Total(t, lists.Runs(s.Store), a)
		Total(t, lists.Changes(s.Store), a)
		Total(t, lists.Repos(s.Store), a)
		Total(t, lists.Verifications(s.Store), a)
		Total(t, lists.Needs(s.Store), a)
		Total(t, lists.Decisions(s.Store), a)
	}
	Total(t, lists.Files(s.Store), query.Ask{})
	Total(t, lists.Jobs(s.Store), query.Ask{})
	Total(t, lists.Deliveries(s.Store), query.Ask{})
	Total(t, lists.Audit(s.Store), query.Ask{})
	Total(t, lists.Notifications(s.Store), query.Ask{})
	s.askFigures(t, now)
}

func (s *Store) askFigures(t *testing.T, now time.Time) {
	t.Helper()
	ctx := t.Context()
	check := func(what string, err error) {
		if err != nil {
			t.Errorf("%s at %v: %v", what, now, err)
		}
	}
	_, err := s.RepoHealth(ctx, "a/b", time.Time{})
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
