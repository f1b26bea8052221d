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
)

func TestListsEqual(t *testing.T) {
	now := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	openAt(t, now, func(t *testing.T, s *store.Store) {
		heads := fillForOracle(t, s, now)
		pulls, linked := everyPull(t, s)
		past := []time.Time{{}, now.Add(-240 * time.Hour), now.Add(-1000 * time.Hour)}
		equalLists(t, s, issueOracle(t, s, now, linked), lists.Issues(), past, func(q telemetry.Query, at time.Time, p telemetry.Page) (telemetry.List[telemetry.IssueRow], error) {
			return s.Issues(t.Context(), telemetry.IssueFilter{Query: q, AsOf: at}, p)
		})
		equalLists(t, s, sessionOracle(t, s, now, linked), lists.Sessions(), past, func(q telemetry.Query, at time.Time, p telemetry.Page) (telemetry.List[telemetry.SessionRow], error) {
			return s.Sessions(t.Context(), telemetry.SessionFilter{Query: q, AsOf: at}, p)
		})
		equalLists(t, s, pullOracle(t, s, now, pulls, heads), lists.Pulls(), past, func(q telemetry.Query, at time.Time, p telemetry.Page) (telemetry.List[telemetry.PullRow], error) {
			return s.Pulls(t.Context(), telemetry.PullFilter{Query: q, AsOf: at}, p)
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
		got, errNew := l.Rows(t.Context(), s, lists.Ask{Query: q, AsOf: at, Page: p})
		if errOld != nil || errNew != nil {
			errs++
			if errNew != nil && (errOld == nil || telemetry.CodeOf(errNew) != telemetry.CodeNoPast) {
				t.Errorf("%s %q sort %s at %v: new %v, old %v", o.list, text, p.Sort, at, errNew, errOld)
			}
			continue
		}
		compared++
		if got.Total != want.Total || !reflect.DeepEqual(got.Items, want.Items) {
			if differ++; differ < 4 {
				t.Errorf("%s %q sort %s %s at %v: total %d want %d; %s", o.list, text, p.Sort, p.Order, at, got.Total, want.Total, firstDifference(got.Items, want.Items))
			}
		}
	}
	t.Logf("%s: %d compared, %d errors, %d differ", o.list, compared, errs, differ)
	_ = query.Query{}
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
