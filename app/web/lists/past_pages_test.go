package lists_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"telemetry-dashboard/app/web/webtest"
)

// TestPagesOfAPastTimeOfferWhatTheyAnswer follows every head, menu and view
// of each list of a past time, and of today.
func TestPagesOfAPastTimeOfferWhatTheyAnswer(t *testing.T) {
	s := webtest.Shop(t)
	for _, view := range []string{"Linked by Devin", "Drafts", "By session"} {
		query := map[string]string{"Linked by Devin": "q=linked%3Adevin", "Drafts": "q=is%3Adraft", "By session": "q=&sort=session&order=asc"}[view]
		if got := s.Post("/actions/views", url.Values{"name": {view}, "list": {"pulls"}, "query": {query}}); got.Status/100 != 3 {
			t.Fatalf("%s is not saved: %d", view, got.Status)
		}
	}
	address := regexp.MustCompile(` href="([^"]*)"`)
	for page, sorts := range map[string][]string{
		"/issues": {"file", "repo"}, "/sessions": {"", "run"}, "/pulls": {"draft", "state"}, "/repos": {"change", "open"}, "/runs": {"", "repo"},
	} {
		for _, asOf := range []string{"", "2026-03-10T00:00:00Z"} {
			got := s.Panel(page[1:] + "?as_of=" + asOf)
			got.Check(t, webtest.Want{Status: 200})
			offered := map[string]bool{}
			for _, found := range address.FindAllStringSubmatch(got.HTML, -1) {
				link, err := url.Parse(html.UnescapeString(found[1]))
				if err != nil || link.Host != "" || link.Path != page || offered[link.String()] {
					continue
				}
				offered[link.String()] = true
				offered["sort="+link.Query().Get("sort")] = true
				if again := s.Get(link.String()); again.Status != 200 {
					t.Errorf("%s as of %q offers %s: %d", page, asOf, link, again.Status)
				}
			}
			// The first sort is not known of a past time, the second is.
			if !offered["sort="+sorts[1]] || sorts[0] != "" && offered["sort="+sorts[0]] != (asOf == "") {
				t.Errorf("%s as of %q: the sorts %q are offered wrongly", page, asOf, sorts)
			}
			if drafts := strings.Contains(got.HTML, ">draft<"); page == "/pulls" && drafts != (asOf == "") {
				t.Errorf("as of %q, is:draft is offered: %v", asOf, drafts)
			}
		}
	}
}
