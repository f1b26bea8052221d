package lists_test

import (
	"fmt"
	"slices"
	"testing"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// present is a text that is there.
func present(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func mergeWords() map[string]func(issueFacts) bool {
	return map[string]func(issueFacts) bool{
		"known": func(r issueFacts) bool { return r.Claim != "" && !r.unsure }, "unknown": func(r issueFacts) bool { return r.unsure },
	}
}

func saidWords[T any](of func(T) string) map[string]func(T) bool {
	words := map[string]func(T) bool{}
	for _, said := range telemetry.Saids() {
		words[string(said)] = func(r T) bool { return of(r) == string(said) }
	}
	return words
}

func foundWords[T any](of func(T) []string) map[string]func(T) bool {
	words := map[string]func(T) bool{"not_merged": func(r T) bool {
		return slices.Contains(of(r), string(telemetry.FoundOpen)) || slices.Contains(of(r), string(telemetry.FoundThrownAway))
	}}
	for _, found := range telemetry.Founds() {
		words[string(found)] = func(r T) bool { return slices.Contains(of(r), string(found)) }
	}
	return words
}

// outcomes are the meanings of verified: of the latest verifications, of which
// belongs tells those of a row.
func outcomes[T any](t *testing.T, s *storetest.Store, belongs func(T, telemetry.VerificationRow) bool) randomTerms[T] {
	t.Helper()
	list, err := lists.Verifications(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	meanings := map[string]func(T) bool{}
	for _, outcome := range telemetry.VerificationOutcomes() {
		meanings[outcome.Word()] = func(r T) bool {
			return slices.ContainsFunc(list.Items, func(v telemetry.VerificationRow) bool { return v.Outcome == outcome && belongs(r, v) })
		}
	}
	return words(meanings)
}

// statusWords are the words of what GitHub says of pull requests.
func statusWords(of func(telemetry.PullRow) telemetry.Optional, all ...telemetry.Optional) map[string]func(telemetry.PullRow) bool {
	meanings := map[string]func(telemetry.PullRow) bool{}
	for _, word := range all {
		meanings[string(word)] = func(r telemetry.PullRow) bool { return of(r) == word }
	}
	return meanings
}

func pullSorts() map[string]func(a, b telemetry.PullRow) int {
	type row = telemetry.PullRow
	opened := func(r row) int64 { return r.CreatedAt.UnixMilli() }
	state := func(r row) string {
		if r.Merged {
			return "merged"
		}
		return r.State
	}
	// One whose time is not known stands anywhere among them.
	known := func(compare func(a, b row) int) func(a, b row) int {
		return func(a, b row) int {
			if a.CreatedAt.IsZero() || b.CreatedAt.IsZero() {
				return 0
			}
			return compare(a, b)
		}
	}
	age := known(along(func(r row) int64 { return -opened(r) }))
	waiting := func(a, b row) int {
		if waits := func(r row) bool { return r.State != "closed" }; waits(a) != waits(b) {
			return map[bool]int{true: 1, false: -1}[waits(a)]
		}
		return age(a, b)
	}
	return map[string]func(a, b row) int{"created_at": known(along(opened)), "updated_at": known(along(func(r row) int64 { return r.UpdatedAt.UnixMilli() })), "number": along(func(r row) int64 { return r.Number }),
		"repo": along(func(r row) string { return r.Repo.Key() }), "state": along(state), "waiting": waiting, "age": age, "title": along(func(r row) string { return r.Title }),
		"author": along(func(r row) string { return r.User }), "draft": along(func(r row) string { return fmt.Sprint(r.Draft) }), "session": along(func(r row) string { return telemetry.SessionKey(r.Session) })}
}
