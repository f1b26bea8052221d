package lists_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// rateForOracle gives two of three repositories a factor, by a registry.
func rateForOracle(t *testing.T, s *storetest.Store) {
	t.Helper()
	repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for i, r := range repos.Items {
		if importance := []string{"critical", "low", ""}[i%3]; importance != "" && r.Name != "" {
			entries = append(entries, `{"repo": "`+string(r.Name)+`", "importance": "`+importance+`"}`)
		}
	}
	storetest.PutSide(t, s, telemetry.RegistryFile, []byte(`{"repos": [`+strings.Join(entries, ",")+`]}`))
}

// closedInTime reports whether a fixed issue was closed by its due date, or was not, as
// its page says.
func (r issueFacts) closedInTime(want bool) bool { return r.due.Met != nil && *r.due.Met == want }

// dueOrder is the place of an issue in the order of due dates: those without one last.
func dueOrder(r issueFacts) int64 {
	if r.DueAt.IsZero() {
		return telemetry.Never
	}
	return r.DueAt.UnixMilli()
}

// dueDates are dates, and times from now, which count forward.
func dueDates(now time.Time, rows []issueFacts) randomTerms[issueFacts] {
	due := func(r issueFacts) []time.Time {
		if r.DueAt.IsZero() {
			return nil
		}
		return []time.Time{r.DueAt.Time}
	}
	mirrored := func(r issueFacts) []time.Time {
		if r.DueAt.IsZero() {
			return nil
		}
		return []time.Time{now.Add(-r.DueAt.Sub(now))}
	}
	byDate, byTime := dates(now, rows, due), ages(now, rows, mirrored)
	return func(dice *rand.Rand) randomTerm[issueFacts] {
		if dice.IntN(2) == 0 {
			return byTime(dice)
		}
		for {
			if term := byDate(dice); !strings.ContainsAny(strings.ToLower(term.text), "hdw") {
				return term
			}
		}
	}
}
