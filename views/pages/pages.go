package pages

import (
	"strings"
	"time"
)

// Moment is a time within a sentence; As is how parts.Time writes it.
type Moment struct {
	At    time.Time
	As    string
	After string
}

// variables names what is not set, in a sentence.
func variables(list []Missing) string {
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.Variable
	}
	if len(names) == 1 {
		return names[0] + " is not set:"
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " are not set:"
}
