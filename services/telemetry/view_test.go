package telemetry

import "testing"

func TestNewView(t *testing.T) {
	for query, want := range map[string]string{
		"":                             "",
		"?q=is%3Aopen&page=3":          "q=is%3Aopen",
		"sort=age&q=severity:high&q=x": "q=severity%3Ahigh&q=x&sort=age",
		"q=attempts:%3E%3D3":           "q=attempts%3A%3E%3D3",
	} {
		if v, err := NewView("a view", ListIssues, query); err != nil || v.Query != want {
			t.Errorf("%q is kept as %q (%v), want %q", query, v.Query, err, want)
		}
	}
	// A list's query alone is no query of a URL: it would filter nothing.
	for _, query := range []string{"is:open", "xss", "attempts:>=3", "is:open&sort=age", "%zz", "q=colour:red", "q=\"open"} {
		if v, err := NewView("a view", ListIssues, query); CodeOf(err) != CodeInvalid || err == nil {
			t.Errorf("%q is kept as %q (%v)", query, v.Query, err)
		}
	}
}
