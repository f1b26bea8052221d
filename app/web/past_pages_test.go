package web_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/static"
	"telemetry-dashboard/views/links"
)

// served are the paths that answer GET, below the beginning of a path.
func served(under string) []string {
	var paths []string
	for _, r := range web.New(web.Options{Dashboard: dashboard.New(dashboard.Options{}), Assets: static.New()}).Routes() {
		if r.Method == http.MethodGet && r.Stream == nil && strings.HasPrefix(r.Path, under) && r.Needs != telemetry.RoleAnyone {
			paths = append(paths, r.Path)
		}
	}
	return paths
}

// issueOf is an issue that the first scan found.
func issueOf(t *testing.T, s *webtest.Site) string {
	t.Helper()
	list, err := s.Lists.Issues.Rows(t.Context(), query.Ask{Page: query.Page{Size: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list.Items {
		if i.Rule == "js/rule-03" {
			return i.PublicID
		}
	}
	t.Fatal("no such issue")
	return ""
}

var hrefs = regexp.MustCompile(`<a[^>]* href="([^"]*)"`)

// TestEveryPageIsOfItsTime: a page that is asked for a past time says so and
// leads back to today, and all its links to pages with a past carry the time;
// or it says that it has no past.
func TestEveryPageIsOfItsTime(t *testing.T) {
	s := webtest.Shop(t)
	issue := issueOf(t, s)
	thing := map[string]string{"/issues/:id": issue, "/sessions/:id": webtest.Merged, "/runs/:file": "shop-3.json"}
	const then, before = "2026-03-08", "2026-03-02"
	for _, path := range served("/") {
		if strings.HasPrefix(path, "/panels/") {
			continue
		}
		pattern := path
		steps := strings.NewReplacer(":owner", "octo", ":name", "shop", ":number", "7", ":id", thing[path], ":file", thing[path])
		path = steps.Replace(path)
		with := func(at string) webtest.Answer {
			query := url.Values{"as_of": {at}}
			if path == links.Search {
				query.Set("q", "octo")
			}
			return s.Get(path + "?" + query.Encode())
		}
		page := with(then)
		past := links.HasPast(pattern)
		switch {
		case page.Status == http.StatusOK && past:
			if !strings.Contains(page.Text(), "As of 8 Mar 2026 23:59 UTC.") || !strings.Contains(page.Text(), "Show today") {
				t.Errorf("%s: no banner in %.300s", path, page.Text())
			}
			if earlier := with(before); earlier.Status == http.StatusOK && path != links.Changes && earlier.Text() == page.Text() {
				t.Errorf("%s: the same as of two times", path)
			}
		case page.Status != http.StatusBadRequest || past || !strings.Contains(page.Text(), "has no past"):
			t.Errorf("%s (has a past: %v): %d %.300s", path, past, page.Status, page.Text())
		}
		for _, found := range hrefs.FindAllStringSubmatch(page.HTML, -1) {
			u, err := url.Parse(html.UnescapeString(found[1]))
			today := err == nil && u.EscapedPath() == path // the banner's link
			if past && !today && err == nil && u.Host == "" && links.HasPast(u.EscapedPath()) && !u.Query().Has("as_of") {
				t.Errorf("%s links to %s without its time", path, found[1])
			}
		}
		if future := with("2099-01-01"); future.Status != http.StatusBadRequest || !strings.Contains(future.Text(), "in the future") {
			t.Errorf("%s in the future: %d %.200s", path, future.Status, future.Text())
		}
	}
}

// TestEveryPanelIsOfItsTime: likewise the fragments.
func TestEveryPanelIsOfItsTime(t *testing.T) {
	s := webtest.Shop(t)
	things := map[string]string{"issue": issueOf(t, s), "session": webtest.Merged, "pull": "octo/shop/7", "run": "shop-3.json"}
	var refused []string
	for _, path := range served("/panels/") {
		name := strings.TrimPrefix(path, "/panels/")
		answer := s.Panel(name + "?" + url.Values{"as_of": {"2026-03-08"}, "id": {things[name]}}.Encode())
		switch {
		case answer.Status == http.StatusBadRequest && strings.Contains(answer.Text(), "has no past"):
			refused = append(refused, name)
		case answer.Status != http.StatusOK && name != "first": // which only has its page loaded again
			t.Errorf("%s: %d %.200s", name, answer.Status, answer.Text())
		}
	}
	slices.Sort(refused)
	want := []string{"audit", "batches", "campaign", "campaign-needs", "campaigns", "checks", "decide", "decisions", "deliveries", "dispatch", "files",
		"freshness", "jobs", "messages", "notification-rules", "notifications", "preflight", "reply", "report-campaigns", "saved", "send", "tokens"}
	if !slices.Equal(refused, want) {
		t.Errorf("without a past are %q, want %q", refused, want)
	}
}
