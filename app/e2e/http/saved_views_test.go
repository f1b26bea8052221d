package http

import (
	"html"
	"net/url"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestSavedViews: a filter is saved under a name of markup, is on its
// list and in the navigation as text, and is deleted again; all without
// JavaScript.
func TestSavedViews(t *testing.T) {
	s := program.WithRuns(t, program.Sample(), nil)
	const name = `<b>Mine</b> & "yours"`
	query := url.Values{"q": {"is:open severity:critical"}, "sort": {"age"}, "order": {"desc"}}.Encode()
	res, _ := s.Do("POST", "/actions/views", program.Form("name", name, "list", "issues", "query", query))
	at := res.Header.Get("Location")
	if res.StatusCode != 303 || !strings.HasPrefix(at, "/issues?") {
		t.Fatalf("saved: %d to %q", res.StatusCode, at)
	}
	_, body := s.Get(at)
	if strings.Contains(body, "<b>Mine") || strings.Count(body, html.EscapeString(name)) < 3 {
		t.Errorf("the name stands %d times as text", strings.Count(body, html.EscapeString(name)))
	}
	for _, text := range []string{"1–15 of 15", `class="view is-current"`, "Delete view", `id="saved-menu"`, "15 rows"} {
		if !strings.Contains(body, text) {
			t.Errorf("the saved view does not say %q", text)
		}
	}
	if _, body := s.Get("/repos"); !strings.Contains(body, html.EscapeString(at)) {
		t.Error("the navigation of another page does not lead to the view")
	}
	if _, body := s.Get("/repo/octo/shop/issues"); !strings.Contains(body, html.EscapeString("q=is%3Aopen+repo%3Aocto%2Fshop")) {
		t.Error("what is saved on a repository's page is not narrowed to it")
	}
	for what, bad := range map[string]struct{ name, says string }{
		"a clash":   {strings.ToUpper(name), "A view with this name already exists"},
		"too long":  {strings.Repeat("x", 61), "it has 61 characters"},
		"blank":     {"  ", "Name is missing"},
		"a control": {"a\u202eb", "control characters"},
	} {
		res, body := s.Do("POST", "/actions/views", program.Form("name", bad.name, "list", "issues", "query", query))
		if clash := what == "a clash"; strings.Contains(body, `name="replace"`) != clash {
			t.Errorf("%s: offered to be replaced: %v", what, !clash)
		}
		for _, text := range []string{bad.says, "1–15 of 15", `value="` + html.EscapeString(bad.name) + `"`} {
			if res.StatusCode != 400 || !strings.Contains(body, html.EscapeString(text)) && !strings.Contains(body, text) {
				t.Errorf("%s: %d, without %q", what, res.StatusCode, text)
			}
		}
		res, body = s.Do("POST", "/actions/views", program.Form("name", bad.name, "list", "issues", "query", query), "HX-Request", "true")
		if res.StatusCode < 400 || !strings.HasPrefix(body, `<p class="field-fault"`) || !strings.Contains(body, bad.says) {
			t.Errorf("%s, in place: %d %s", what, res.StatusCode, body)
		}
	}
	if res, _ := s.Do("POST", "/actions/views", program.Form("name", "x", "list", "nothing", "query", "")); res.StatusCode != 400 {
		t.Errorf("a view of no list: %d", res.StatusCode)
	}
	_, rest, _ := strings.Cut(body, `name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)

	// It is replaced where that is ticked for its name, and renamed.
	other := url.Values{"q": {"is:fixed"}}.Encode()
	if res, _ := s.Do("POST", "/actions/views", program.Form("name", name, "list", "issues", "query", other, "replace",
		"another name")); res.StatusCode != 400 {
		t.Errorf("replaced by a tick for another name: %d", res.StatusCode)
	}
	if res, _ := s.Do("POST", "/actions/views", program.Form("name", name, "list", "issues", "query", other, "replace", name)); res.Header.Get(
		"Location",
	) != "/issues?"+other {
		t.Errorf("replaced: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res, body := s.Do("POST", "/actions/views/rename", program.Form("id", id, "name", "\u202e"), "HX-Request",
		"true"); res.StatusCode != 400 ||
		!strings.Contains(body, "control characters") {
		t.Errorf("renamed badly: %d %s", res.StatusCode, body)
	}
	if res, _ := s.Do("POST", "/actions/views/rename", program.Form("id", id, "name", "Plain ")); res.StatusCode != 303 ||
		res.Header.Get("Location") != "/issues?"+other {
		t.Errorf("renamed: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if _, body := s.Get("/runs"); strings.Contains(body, html.EscapeString(name)) || !strings.Contains(body, ">Plain</bdi>") ||
		!strings.Contains(body, "Views of Issues") {
		t.Error("the navigation does not have the view under its new name alone")
	}
	if res, _ := s.Do("POST", "/actions/views/delete", program.Form("id", id), "HX-Request", "true"); res.StatusCode != 204 ||
		res.Header.Get("HX-Redirect") != "/issues" {
		t.Errorf("deleted: %d to %q", res.StatusCode, res.Header.Get("HX-Redirect"))
	}
	if res, _ := s.Do("POST", "/actions/views/delete", program.Form("id", id)); res.StatusCode != 404 {
		t.Errorf("deleted again: %d", res.StatusCode)
	}
	if _, body := s.Get("/issues"); strings.Contains(body, ">Plain</bdi>") {
		t.Error("the deleted view stays")
	}
}
