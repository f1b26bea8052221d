package shell

import (
	"testing"
)

// TestErrorsAreSentences: an error of a file is shown as a sentence, and the
// name of a field as it is written.
func TestErrorsAreSentences(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"not a JSON object: null":            "Not a JSON object: null.",
		"the file is empty":                  "The file is empty.",
		"The file is larger than 20 MB.":     "The file is larger than 20 MB.",
		"issues_found: want a whole number":  "issues_found: want a whole number.",
		"sessions[3].status: want a text":    "sessions[3].status: want a text.",
		"timestamp: want a time of RFC 3339": "timestamp: want a time of RFC 3339.",
	} {
		if got := asSentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
