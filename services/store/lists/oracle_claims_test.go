package lists_test

import (
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
