package main

import (
	"html"
	"net/url"
	"strings"
	"testing"
)

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// TestSavedViews: a filter is saved under a name of markup, stands on its
// list and in the navigation as text, and is deleted again; all without
// JavaScript.
func TestSavedViews(t *testing.T) {
	s := startSite(t, shopRecords(), nil)
	const name = `<b>Mine</b> & "yours"`
	query := url.Values{"q": {"is:open severity:critical"}, "sort": {"age"}, "order": {"desc"}}.Encode()
	res, _ := s.do("POST", "/actions/views", form("name", name, "list", "issues", "query", query))
	at := res.Header.Get("Location")
	if res.StatusCode != 303 || !strings.HasPrefix(at, "/issues?") {
		t.Fatalf("saved: %d to %q", res.StatusCode, at)
	}
	_, body := s.get(at)
	if strings.Contains(body, "<b>Mine") || strings.Count(body, html.EscapeString(name)) < 3 {
		t.Errorf("the name stands %d times as text", strings.Count(body, html.EscapeString(name)))
	}
	for _, text := range []string{"1–15 of 15", `class="view is-current"`, "Delete view", `id="saved-menu"`, "15 rows"} {
		if !strings.Contains(body, text) {
			t.Errorf("the saved view does not say %q", text)
		}
	}
	if _, body := s.get("/repos"); !strings.Contains(body, html.EscapeString(at)) {
		t.Error("the navigation of another page does not lead to the view")
	}
	if _, body := s.get("/repo/octo/shop/issues"); !strings.Contains(body, html.EscapeString("q=is%3Aopen+repo%3Aocto%2Fshop")) {
		t.Error("what is saved on a repository's page is not narrowed to it")
	}
	for what, bad := range map[string]struct{ name, says string }{
		"a clash":   {strings.ToUpper(name), "A view with this name already exists"},
		"too long":  {strings.Repeat("x", 61), "it is 61 characters long"},
		"blank":     {"  ", "a view needs a name"},
		"a control": {"a\u202eb", "control characters"},
	} {
		res, body := s.do("POST", "/actions/views", form("name", bad.name, "list", "issues", "query", query))
		if clash := what == "a clash"; strings.Contains(body, `name="replace"`) != clash {
			t.Errorf("%s: offered to be replaced: %v", what, !clash)
		}
		for _, text := range []string{bad.says, "1–15 of 15", `value="` + html.EscapeString(bad.name) + `"`} {
			if res.StatusCode != 400 || !strings.Contains(body, html.EscapeString(text)) && !strings.Contains(body, text) {
				t.Errorf("%s: %d, without %q", what, res.StatusCode, text)
			}
		}
		res, body = s.do("POST", "/actions/views", form("name", bad.name, "list", "issues", "query", query), "HX-Request", "true")
		if res.StatusCode < 400 || !strings.HasPrefix(body, `<p class="field-fault"`) || !strings.Contains(body, bad.says) {
			t.Errorf("%s, in place: %d %s", what, res.StatusCode, body)
		}
	}
	if res, _ := s.do("POST", "/actions/views", form("name", "x", "list", "nothing", "query", "")); res.StatusCode != 400 {
		t.Errorf("a view of no list: %d", res.StatusCode)
	}
	_, rest, _ := strings.Cut(body, `name="id" value="`)
	id, _, _ := strings.Cut(rest, `"`)

	// It is replaced where that is ticked for its name, and renamed.
	other := url.Values{"q": {"is:fixed"}}.Encode()
	if res, _ := s.do("POST", "/actions/views", form("name", name, "list", "issues", "query", other, "replace", "another name")); res.StatusCode != 400 {
		t.Errorf("replaced by a tick for another name: %d", res.StatusCode)
	}
	if res, _ := s.do("POST", "/actions/views", form("name", name, "list", "issues", "query", other, "replace", name)); res.Header.Get("Location") != "/issues?"+other {
		t.Errorf("replaced: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if res, body := s.do("POST", "/actions/views/rename", form("id", id, "name", "\u202e"), "HX-Request", "true"); res.StatusCode != 400 || !strings.Contains(body, "control characters") {
		t.Errorf("renamed badly: %d %s", res.StatusCode, body)
	}
	if res, _ := s.do("POST", "/actions/views/rename", form("id", id, "name", "Plain ")); res.StatusCode != 303 || res.Header.Get("Location") != "/issues?"+other {
		t.Errorf("renamed: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	if _, body := s.get("/runs"); strings.Contains(body, html.EscapeString(name)) || !strings.Contains(body, ">Plain</bdi>") || !strings.Contains(body, "Views of Issues") {
		t.Error("the navigation does not have the view under its new name alone")
	}
	if res, _ := s.do("POST", "/actions/views/delete", form("id", id), "HX-Request", "true"); res.StatusCode != 204 || res.Header.Get("HX-Redirect") != "/issues" {
		t.Errorf("deleted: %d to %q", res.StatusCode, res.Header.Get("HX-Redirect"))
	}
	if res, _ := s.do("POST", "/actions/views/delete", form("id", id)); res.StatusCode != 404 {
		t.Errorf("deleted again: %d", res.StatusCode)
	}
	if _, body := s.get("/issues"); strings.Contains(body, ">Plain</bdi>") {
		t.Error("the deleted view stays")
	}
}

// TestExportMenu: each list offers exactly the view that it shows.
func TestExportMenu(t *testing.T) {
	s := startSite(t, shopRecords(), nil)
	for page, want := range map[string]struct {
		file  string
		lines int
	}{
		"/issues":                              {"/api/issues.csv?order=asc&q=is%3Aopen&sort=severity", 60},
		"/issues?q=":                           {"/api/issues.csv?order=asc&sort=severity", 61},
		"/repo/octo/shop/issues?q=is:fixed":    {"/api/issues.csv?order=asc&q=is%3Afixed&repo=octo%2Fshop&sort=severity", 2},
		"/sessions":                            {"/api/sessions.csv?order=asc&sort=state", 2},
		"/pulls?sort=title&order=desc":         {"/api/prs.csv?order=desc&sort=title", 2},
		"/runs?q=kind:scan&page=9&per_page=25": {"/api/runs.csv?order=desc&q=kind%3Ascan&sort=time", 3},
		"/repos":                               {"/api/repos.csv?order=asc&sort=repo", 2},
	} {
		_, body := s.get(page)
		if !strings.Contains(body, html.EscapeString(want.file)) {
			t.Errorf("%s does not offer %s", page, want.file)
			continue
		}
		if !strings.Contains(body, html.EscapeString(strings.Replace(want.file, ".csv", ".json", 1))) {
			t.Errorf("%s offers no JSON", page)
		}
		if _, file := s.get(want.file); strings.Count(file, "\r\n") != want.lines {
			t.Errorf("%s has %d lines, not %d", want.file, strings.Count(file, "\r\n"), want.lines)
		}
	}
	if _, body := s.get("/issues?page=99"); !strings.Contains(body, "There is no page 99: this is the last.") {
		t.Error("a page beyond the end is not told")
	}
}

// TestSearchPage: what the text names exactly stands first, then each list
// with its total; a text that cannot be read is told.
func TestSearchPage(t *testing.T) {
	s := startSite(t, shopRecords(), nil)
	for query, want := range map[string]struct {
		status int
		holds  []string
		lacks  []string
	}{
		"rule-07":                                {200, []string{"js/rule-07", "Open as a list", `href="/issues?q=rule-07"`, "<dt>Sessions</dt>"}, []string{"Exactly this"}},
		"octo/shop":                              {200, []string{"Exactly this", `href="/repo/octo/shop"`, "All 60"}, nil},
		"CQLF-R1-0003":                           {200, []string{"Exactly this", "js/rule-03"}, nil},
		"devin-0123456789abcdef0123456789abcdef": {200, []string{"Exactly this", `href="/sessions/0123456789abcdef0123456789abcdef"`}, nil},
		"severity:critical is:fixed":             {200, []string{"Nothing matches", "Unknown qualifier &#34;severity&#34; for sessions"}, nil},
		"no-such-thing-at-all":                   {200, []string{"Nothing matches"}, []string{"<table"}},
		`"open`:                                  {400, []string{"This cannot be searched for.", "never closed"}, nil},
		"<script>alert(1)</script>":              {200, []string{"Nothing matches", "&lt;script&gt;"}, []string{"<script>alert"}},
		"colour:red rule-07":                     {200, []string{"Unknown qualifier “colour”: searched for as text.", "severity, ", "Nothing matches"}, nil},
		"-colour:red rule-07":                    {200, []string{"Unknown qualifier “colour”", "js/rule-07", `href="/issues?q=-%22colour%3Ared%22+rule-07"`}, nil},
		"severity:purple":                        {200, []string{"Nothing matches", "critical, high"}, []string{"searched for as text"}},
		"https://github.com/octo/none":           {200, []string{"Nothing matches"}, []string{"searched for as text"}},
		"":                                       {200, []string{"Search for a repository"}, []string{"<table"}},
	} {
		res, body := s.get("/search?q=" + url.QueryEscape(query))
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
		if first, issues := strings.Index(body, "Exactly this"), strings.Index(body, "t-issues"); first > issues && issues > 0 {
			t.Errorf("%q: the exact hit is not first", query)
		}
	}
}

// TestAPIDocs: the page describes each endpoint, its parameters and answers,
// and every definition that it links to is on it.
func TestAPIDocs(t *testing.T) {
	s := startSite(t, shopRecords(), nil)
	res, body := s.get("/docs/api")
	if res.StatusCode != 200 {
		t.Fatalf("status %d", res.StatusCode)
	}
	for _, text := range []string{`id="get-api-issues"`, `id="post-api-sessions-id-messages"`, "Comma-separated tiers", "one of asc, desc", `href="#def-IssueList"`, `id="def-Issue"`, "Issues followed across runs"} {
		if !strings.Contains(body, text) {
			t.Errorf("it does not say %q", text)
		}
	}
	for _, part := range strings.Split(body, `href="#`)[1:] {
		if id, _, _ := strings.Cut(part, `"`); !strings.Contains(body, `id="`+id+`"`) {
			t.Errorf("it links to %q, which is not on it", id)
		}
	}
	if text, _, _ := strings.Cut(body, "<footer"); strings.Contains(text, "`") {
		t.Error("it shows the marks of its source")
	}
	if _, body := s.get("/"); !strings.Contains(body, `href="/docs/api"`) {
		t.Error("no page leads to it")
	}
}
