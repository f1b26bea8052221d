package lists_test

import (
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// present is a text that is there.
func present(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
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
