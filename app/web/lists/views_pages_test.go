package lists_test

import (
	"net/url"
	"strings"
	"testing"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/telemetry"
)

// saveForm is what the form of a view sends.
func saveForm(name, list, query string) url.Values {
	return url.Values{"name": {name}, "list": {list}, "query": {query}}
}

// TestSavedViews: a view is kept under its name with its order, is a tab of
// its list and an entry of the menu, is renamed and deleted; each form leads
// to the page that shows what it did, with JavaScript and without.
func TestSavedViews(t *testing.T) {
	s := webtest.Shop(t)
	a := s.Post("/actions/views", saveForm("Worst first", "issues", "q=is:fixed&sort=rule&order=desc"))
	if to := a.Header.Get("Location"); a.Status != 303 || !strings.HasPrefix(to, "/issues?") {
		t.Fatalf("saved: %d to %q: %s", a.Status, to, a.Text())
	}
	s.Get(a.Header.Get("Location")).Check(t, webtest.Want{Status: 200,
		Text: []string{"Saved views", "Issues", "Worst first", "Fixed 1 All 49 Worst first 1", "Edit view", "js/rule-02"},
		HTML: []string{`href="/issues?order=desc&amp;q=is%3Afixed&amp;sort=rule"`}})
	s.Get("/repo/octo/shop").Check(t, webtest.Want{Status: 200, Text: []string{"More Mine 0 Dismissed 0 Accepted 0 Fixed 1 All 25 All open 24"}})

	again := saveForm("worst FIRST", "issues", "q=xss")
	s.Post("/actions/views", again).Check(t, webtest.Want{Status: 400,
		Text: []string{"Issues", "Save view", "Replace it, for everyone"}, HTML: []string{`value="worst FIRST"`, `value="xss"`}})
	s.Post("/actions/views", again, "HX-Request", "true").Check(t, webtest.Want{Status: 409,
		Text: []string{"Replace it, for everyone"}, HTML: []string{`name="replace" value="worst FIRST"`}, Lacks: []string{"<html"}})
	again.Set("replace", "worst FIRST")
	if a = s.Post("/actions/views", again, "HX-Request", "true"); a.Status != 204 || a.Header.Get("HX-Redirect") != "/issues?q=xss" {
		t.Fatalf("replaced: %d to %q: %s", a.Status, a.Header.Get("HX-Redirect"), a.Text())
	}
	saved := theView(t, s)
	if saved.Query != "q=xss" {
		t.Errorf("the view is %+v", saved)
	}

	s.Post("/actions/views/rename", url.Values{"id": {saved.ID}, "name": {" "}}, "HX-Request", "true").Check(t, webtest.Want{Status: 400,
		HTML: []string{`class="field-fault"`}})
	s.Post("/actions/views/rename", url.Values{"id": {"gone"}, "name": {"x"}}, "HX-Request", "true").Check(t, webtest.Want{Status: 404,
		Text: []string{"Saved view gone not found"}})
	if a = s.Post("/actions/views/rename", url.Values{"id": {saved.ID}, "name": {"All XSS"}}); a.Header.Get("Location") != "/issues?q=xss" {
		t.Errorf("renamed: %d to %q", a.Status, a.Header.Get("Location"))
	}
	if v := theView(t, s); v.Name != "All XSS" {
		t.Errorf("the view is %+v", v)
	}
	if a = s.Post("/actions/views/delete", url.Values{"id": {saved.ID}}); a.Header.Get("Location") != "/issues" {
		t.Errorf("deleted: %d to %q", a.Status, a.Header.Get("Location"))
	}
	s.Post("/actions/views/delete", url.Values{"id": {saved.ID}}).Check(t,
		webtest.Want{Status: 404, Text: []string{"Saved view " + saved.ID + " not found"}})
}

// theView is the only view that is saved.
func theView(t *testing.T, s *webtest.Site) telemetry.View {
	t.Helper()
	views, err := s.Store.Views(t.Context())
	if err != nil || len(views) != 1 {
		t.Fatalf("%d views, %v", len(views), err)
	}
	return views[0]
}

// TestViewsThatCannotBeSaved: without JavaScript the list is shown again with
// what is wrong at the name; with it, the sentence alone.
func TestViewsThatCannotBeSaved(t *testing.T) {
	s := webtest.Shop(t)
	for _, tc := range []struct {
		name string
		form url.Values
		want webtest.Want
	}{
		{"without a name", saveForm("", "sessions", "q=is:waiting"), webtest.Want{Status: 400,
			Text: []string{"Sessions", "Waiting for you Not recorded"}, HTML: []string{`class="field-fault"`, `id="save-sessions" open`}}},
		{"an unknown list", saveForm("x", "colours", "q=x"), webtest.Want{Status: 400, Text: []string{`Unknown list "colours"`}}},
		{"a query that cannot be read", saveForm("x", "runs", "q=is:x"),
			webtest.Want{Status: 400, Text: []string{"Cannot show this list"}}},
	} {
		t.Run(tc.name, func(t *testing.T) { s.Post("/actions/views", tc.form).Check(t, tc.want) })
	}
	s.Post("/actions/views", saveForm("", "sessions", "q="), "HX-Request", "true").Check(t, webtest.Want{Status: 400,
		HTML: []string{`class="field-fault"`}, Lacks: []string{"<html"}})
}
