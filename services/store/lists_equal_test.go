package store_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

func TestListsEqual(t *testing.T) {
	now := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	openAt(t, now, func(t *testing.T, s *store.Store) {
		heads := fillForOracle(t, s, now)
		pulls, linked := everyPull(t, s)
		past := []time.Time{{}, now.Add(-240 * time.Hour), now.Add(-1000 * time.Hour)}
		equalLists(t, s, issueOracle(t, s, now, linked), lists.Issues(s), past, func(q telemetry.Query, at time.Time, p telemetry.Page) (telemetry.List[telemetry.IssueRow], error) {
			return s.Issues(t.Context(), telemetry.IssueFilter{Query: q, AsOf: at}, p)
		})
		equalLists(t, s, sessionOracle(t, s, now, linked), lists.Sessions(s), past, func(q telemetry.Query, at time.Time, p telemetry.Page) (telemetry.List[telemetry.SessionRow], error) {
			return s.Sessions(t.Context(), telemetry.SessionFilter{Query: q, AsOf: at}, p)
		})
		equalLists(t, s, pullOracle(t, s, now, pulls, heads), lists.Pulls(s), past, func(q telemetry.Query, at time.Time, p telemetry.Page) (telemetry.List[telemetry.PullRow], error) {
			return s.Pulls(t.Context(), telemetry.PullFilter{Query: q, AsOf: at}, p)
		})
	})
}

func TestRunListsEqual(t *testing.T) {
	now := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	openAt(t, now, func(t *testing.T, s *store.Store) {
		files := []telemetry.FetchedFile{oddScan()}
		for f := range history.Generate(history.Options{Seed: 9, Repos: 36, ScansPerRepo: 4, FindingsPerScan: 24, SessionsPerScan: 1, Disturb: history.Disturbances{Unnamed: 0.2, Narrowed: 0.2, Reopenings: 0.3}}) {
			files = append(files, fetched(f.Name, f.Body))
		}
		put(t, s, files...)
		savePulls(t, s, pullsFor(files)[:40])
		equalLists(t, s, runOracle(t, s, now), lists.Runs(s), []time.Time{{}, now.Add(-500 * time.Hour)}, func(q telemetry.Query, at time.Time, p telemetry.Page) (telemetry.List[telemetry.RunRow], error) {
			return s.Runs(t.Context(), telemetry.RunFilter{Query: q, AsOf: at}, p)
		})
		equalLists(t, s, repoOracle(t, s, now), lists.Repos(s), []time.Time{{}}, func(q telemetry.Query, at time.Time, p telemetry.Page) (telemetry.List[telemetry.RepoRow], error) {
			return s.Repos(t.Context(), telemetry.RepoFilter{Query: q}, p)
		})
	})
}

func equalLists[T, O any](t *testing.T, s *store.Store, o oracle[O], l *lists.List[T], past []time.Time, old func(telemetry.Query, time.Time, telemetry.Page) (telemetry.List[T], error)) {
	t.Helper()
	names := []string{""}
	for _, q := range telemetry.Qualifiers(o.list) {
		names = append(names, q.Name)
	}
	sorts := l.Sorts()
	dice := rand.New(rand.NewPCG(5, 3))
	schema := l.Schema()
	errs, compared, differ := 0, 0, 0
	for n := range 400 {
		text, _, _ := randomQuery(dice, o.vocabulary, names)
		if n < len(sorts)*2 {
			text = ""
		}
		p := telemetry.Page{Number: 1, Size: 100, Sort: sorts[n%len(sorts)], Order: pick(dice, []string{"", "asc", "desc"})}
		at := past[n%len(past)]
		q, err := schema.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want, errOld := old(parse(t, o.list, text), at, p)
		got, errNew := l.Rows(t.Context(), query.Ask{Query: q, AsOf: at, Page: query.Page(p)})
		if errOld != nil || errNew != nil {
			errs++
			if errNew != nil && (errOld == nil || telemetry.CodeOf(errNew) != telemetry.CodeNoPast) {
				t.Errorf("%s %q sort %s at %v: new %v, old %v", o.list, text, p.Sort, at, errNew, errOld)
			}
			continue
		}
		compared++
		counts, err := l.Counts(t.Context(), []query.Ask{{Query: q, AsOf: at}, {AsOf: at}, {Query: q, AsOf: at}})
		if err != nil || counts[0] != want.Total || counts[2] != want.Total {
			t.Errorf("%s %q at %v: counts %v, %v, want %d", o.list, text, at, counts, err, want.Total)
		}
		if n%5 == 0 {
			var all []T
			err := l.Each(t.Context(), query.Ask{Query: q, AsOf: at, Page: query.Page(p)}, func(rows []T) error { all = append(all, rows...); return nil })
			if err != nil || int64(len(all)) != want.Total || len(all) > 0 && !reflect.DeepEqual(all[:len(want.Items)], want.Items) {
				t.Errorf("%s %q at %v: exports %d rows, %v, want %d", o.list, text, at, len(all), err, want.Total)
			}
		}
		if got.Total != want.Total || !reflect.DeepEqual(got.Items, want.Items) {
			if differ++; differ < 4 {
				t.Errorf("%s %q sort %s %s at %v: total %d want %d; %s", o.list, text, p.Sort, p.Order, at, got.Total, want.Total, firstDifference(got.Items, want.Items))
			}
		}
	}
	t.Logf("%s: %d compared, %d errors, %d differ", o.list, compared, errs, differ)
}

func firstDifference[T any](got, want []T) string {
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			a, b := strings.Fields(fmt.Sprintf("%+v", got[i])), strings.Fields(fmt.Sprintf("%+v", want[i]))
			for j := range min(len(a), len(b)) {
				if a[j] != b[j] {
					return fmt.Sprintf("row %d: %s want %s", i, a[j], b[j])
				}
			}
			return fmt.Sprintf("row %d: %+v want %+v", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("%d rows, want %d", len(got), len(want))
}
