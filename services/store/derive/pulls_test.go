package derive

import (
	"slices"
	"testing"
)

func TestSessionWords(t *testing.T) {
	for text, want := range map[string]string{
		"see https://app.devin.ai/sessions/aaaa0001":             "aaaa0001",
		"by devin-aaaa0001.":                                     "aaaa0001",
		"(session-one_2)":                                        "session-one_2",
		"branch devin/1770000000-aaaa0001":                       "aaaa0001",
		"Session ID: DEVIN-11D45A2E9F2F4C3B8A1D0E5F6A7B8C9D, ok": "11d45a2e9f2f4c3b8a1d0e5f6a7b8c9d",
	} {
		if words := sessionWords("a title", text); !slices.Contains(words, want) {
			t.Errorf("%q: %v lacks %q", text, words, want)
		}
	}
}
