package shell

import (
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/parts"
)

// QueryFor is the value of q in an address: none where it is the usual one.
func QueryFor(text, usual string) string {
	if text == usual {
		return ""
	}
	return OrBlank(text)
}

// OrBlank writes an empty query as an address has it.
func OrBlank(text string) string {
	if text == "" {
		return parts.Blank
	}
	return text
}

// TermText is a query of one term, "" where no query can ask for the value.
func TermText(field string, values ...string) string {
	t := query.Term{Field: field}
	for _, value := range values {
		if strings.TrimSpace(value) == "" || query.Check(value) != nil {
			return ""
		}
		t.Values = append(t.Values, query.Value{Text: value})
	}
	return t.String()
}

// TermURL is a list with one qualifier, "" where no query can ask for the
// value.
func TermURL(page, field, value string) string {
	text := TermText(field, value)
	if text == "" {
		return ""
	}
	return links.Matching(page, text)
}

// ChangesURL is the page of the events that a bar counts. Both ends belong
// to it.
func ChangesURL(v View, event string, since, until time.Time) string {
	return links.With(links.Changes, "event", event, "since", links.Time(since), "until", links.Time(until), "repo", v.Scope)
}
