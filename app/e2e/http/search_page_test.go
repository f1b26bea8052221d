package http

import (
	"net/url"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestSearchPage: exact matches come first, then each list
// with its total; a text that cannot be read is refused in words.
func TestSearchPage(t *testing.T) {
	s := program.WithRuns(t, program.Sample(), nil)
	for query, want := range map[string]struct {
		status int
		holds  []string
		lacks  []string
	}{
		"rule-07": {200, []string{"js/rule-07", "Open as a list", `href="/issues?q=rule-07"`,
			"<dt>Sessions</dt>"}, []string{"Exact matches"}},
		"octo/shop":                              {200, []string{"Exact matches", `href="/repo/octo/shop"`, "All 60"}, nil},
		"CQLF-R1-0003":                           {200, []string{"Exact matches", "js/rule-03"}, nil},
		"devin-0123456789abcdef0123456789abcdef": {200, []string{"Exact matches", `href="/sessions/0123456789abcdef0123456789abcdef"`}, nil},
		"severity:critical is:fixed":             {200, []string{"Nothing matches", "Unknown qualifier &#34;severity&#34; for sessions"}, nil},
		"no-such-thing-at-all":                   {200, []string{"Nothing matches"}, []string{"<table"}},
		`"open`:                                  {400, []string{"Invalid search.", "never closed"}, nil},
		"<script>alert(1)</script>":              {200, []string{"Nothing matches", "&lt;script&gt;"}, []string{"<script>alert"}},
		"colour:red rule-07": {200, []string{"Unknown qualifier “colour”: searched for as text.", "severity, ",
			"Nothing matches"}, nil},
		"-colour:red rule-07": {200, []string{"Unknown qualifier “colour”", "js/rule-07",
			`href="/issues?q=-%22colour%3Ared%22+rule-07"`}, nil},
		"severity:purple":              {200, []string{"Nothing matches", "critical, high"}, []string{"searched for as text"}},
		"https://github.com/octo/none": {200, []string{"Nothing matches"}, []string{"searched for as text"}},
		"":                             {200, []string{"Search for a repository"}, []string{"<table"}},
	} {
		res, body := s.Get("/search?q=" + url.QueryEscape(query))
		if res.StatusCode != want.status {
			t.Errorf("%q: status %d", query, res.StatusCode)
		}
		for _, text := range want.holds {
			if !strings.Contains(body, text) {
				t.Errorf("%q: it does not say %q", query, text)
			}
		}
		for _, text := range want.lacks {
			if strings.Contains(body, text) {
				t.Errorf("%q: it says %q", query, text)
			}
		}
		if first, issues := strings.Index(body, "Exact matches"), strings.Index(body, "t-issues"); first > issues && issues > 0 {
			t.Errorf("%q: the exact hit is not first", query)
		}
	}
}
