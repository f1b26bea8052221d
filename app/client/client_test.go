package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// played is a dashboard that answers by a function, and what was asked of it.
type played struct {
	url   string
	asked []string // method, address and token of each request
}

func play(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *played {
	t.Helper()
	p := &played{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked = append(p.asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

// says answers every request with a text.
func says(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the client may be gone
	}
}

// get does "app get" and returns what it wrote.
func (p *played) get(t *testing.T, width int, args ...string) (out, told string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err = Get(t.Context(), Env{URL: p.url, Token: "tdash_x", Out: &stdout, Err: &stderr, Width: width}, args)
	return stdout.String(), stderr.String(), err
}

// TestGetAsksTheAPI: the command line is a question to the API, and nothing
// more: JSON and CSV are the bytes of its answer.
func TestGetAsksTheAPI(t *testing.T) {
	body := "[\n{\"id\":  \"a\"}\n]\n"
	p := play(t, says(200, body))
	for _, tc := range []struct{ args, asked string }{
		{"issues -o json", "/api/issues.json"},
		{"issues -q is:open -o csv --sort due --order desc", "/api/issues.csv?order=desc&q=is%3Aopen&sort=due"},
		{"-o json issues", ""},
		{"issues -o json -n 3 --as-of 2026-02-01", "/api/issues?as_of=2026-02-01&per_page=3"},
		{"needs -o csv --repo o/r", "/api/needs-attention.csv?repo=o%2Fr"},
		{"issues a/b?c -o json", "/api/issues/a%2Fb%3Fc"},
		{"issues -o json a", "/api/issues/a"},
		{"prs o/r/7 -o json", "/api/prs/o/r/7"},
		{"pulls o/r/7 -o json", "/api/prs/o/r/7"},
		{"owners -o json", "/api/owners"},
	} {
		p.asked = nil
		out, _, err := p.get(t, 0, strings.Fields(tc.args)...)
		if tc.asked == "" {
			if _, ok := errors.AsType[*Misuse](err); !ok {
				t.Errorf("%s: %v", tc.args, err)
			}
			continue
		}
		if err != nil || out != body || len(p.asked) != 1 || p.asked[0] != "GET "+tc.asked+" Bearer tdash_x" {
			t.Errorf("%s: %q %v, asked %q", tc.args, out, err, p.asked)
		}
	}
}

// TestGetRefusesInWords: what the command line cannot mean is refused before
// anything is asked.
func TestGetRefusesInWords(t *testing.T) {
	p := play(t, says(200, "[]"))
	for args, words := range map[string]string{
		"":                       "get needs a list: one of issues, sessions",
		"beauty":                 `Unknown list "beauty": want one of issues`,
		"issues -x":              "-x",
		"issues a b":             "one id",
		"issues -n -1":           "-n",
		"issues -n 0":            "-n",
		"issues -n x":            "invalid value",
		"issues -o xml":          "want -o table, json or csv",
		"issues a -o csv":        "table or json",
		"issues a -n 3":          "-n does not go with an id",
		"owners -o csv":          "cannot be had as CSV",
		"issues -o csv -n 3":     "leave -n out",
		"issues -o json -n 9999": "at most 200",
		"repos a":                "one by one",
		"files -q is:error":      "cannot be queried",
	} {
		_, _, err := p.get(t, 0, strings.Fields(args)...)
		if m, ok := errors.AsType[*Misuse](err); !ok || !strings.Contains(m.Error(), words) {
			t.Errorf("%s: %v, want %s", args, err, words)
		}
	}
	if len(p.asked) > 0 {
		t.Errorf("asked %q", p.asked)
	}
}

// TestErrorsAreSentences: what the dashboard refuses, and what stands in its
// place, is one sentence that says what to do.
func TestErrorsAreSentences(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		words  string
	}{
		"refused":  {says(400, `{"error":"Invalid sort.","code":"invalid"}`), "Invalid sort."},
		"no token": {says(401, `{"error":"Sign in first."}`), "Sign in first. Make a token on the dashboard's page /tokens, or on its machine by: app token create"},
		"a proxy":  {says(502, `<h1>Bad gateway</h1>`), "answers 502 Bad Gateway, and not as a dashboard does"},
		"not JSON": {says(200, `<h1>Sign in</h1>`), "was cut short or is not JSON"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil.example/", http.StatusFound)
		}, "redirects to http://evil.example, where the token is not sent"},
		"a circle": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "redirects in a circle"},
	} {
		p := play(t, tc.answer)
		if _, _, err := p.get(t, 0, "issues"); err == nil || !strings.Contains(err.Error(), tc.words) || strings.Contains(err.Error(), "tdash_x") {
			t.Errorf("%s: %v, want %s", name, err, tc.words)
		}
	}
	for address, words := range map[string]string{
		"http://127.0.0.1:1":  "cannot reach the dashboard at http://127.0.0.1:1: ",
		"ftp://x":             "invalid address of the dashboard",
		"http://a:b@x":        "invalid address",
		"example.com":         "invalid address",
		"http://x?token=none": "invalid address",
	} {
		if err := Get(t.Context(), Env{URL: address}, []string{"issues"}); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %s", address, err, words)
		}
	}
	if err := Get(t.Context(), Env{URL: "http://dash.example", Token: "tdash_x"}, []string{"issues"}); err == nil ||
		!strings.Contains(err.Error(), "would send the token unencrypted") {
		t.Error(err)
	}
	if err := Get(t.Context(), Env{Token: "a\nb"}, []string{"issues"}); err == nil || !strings.Contains(err.Error(), "DASHBOARD_TOKEN") {
		t.Error(err)
	}
}

// TestAnIncompleteAnswerFails: rows that are missing are not taken for all rows.
func TestAnIncompleteAnswerFails(t *testing.T) {
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "[\n{}") // the connection then ends
	}
	if _, _, err := play(t, cut).get(t, 0, "issues", "-o", "json"); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Error(err)
	}
	failed := says(200, "id,rule\r\na,b\r\nERROR: this file is not complete. Download it again.\r\n")
	if _, _, err := play(t, failed).get(t, 0, "issues", "-o", "csv"); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Error(err)
	}
}

// TestTablesFitTheTerminal: columns are as wide as their texts where there is
// room, the widest give way where there is none, and no text reaches the
// terminal that it obeys.
func TestTablesFitTheTerminal(t *testing.T) {
	rows := `{"items":[
		{"id":"a1","severity_tier":"high","repo":"octo/shop","file":"` + strings.Repeat("long/", 40) + `x.ts","start_line":7,"owners":["@octo/web","@ann"],"due_at":null},
		{"id":"漢字","severity_tier":"low","repo":"evil\u001b[2J\u202e\nrepo","rule_id":"r","attempts":2,"owners":[]}],"page":1,"pages":3,"total":5}`
	p := play(t, says(200, rows))
	for _, width := range []int{0, 60, 100} {
		out, told, err := p.get(t, width, "issues", "-n", "2")
		if err != nil || told != "2 of 5 issues. -n 5 shows all.\n" {
			t.Fatal(err, told)
		}
		for line := range strings.Lines(out) {
			if n := columns(strings.TrimSuffix(line, "\n")); width > 90 && n > width {
				t.Errorf("%d columns in a terminal of %d: %s", n, width, line)
			}
		}
		if strings.ContainsAny(out, "\x1b\u202e") || strings.Count(out, "\n") != 3 || !strings.Contains(out, "@octo/web,@ann") && width == 0 {
			t.Errorf("%d: %q", width, out)
		}
		if whole := strings.Contains(out, strings.Repeat("long/", 40)); whole != (width == 0) {
			t.Errorf("%d: %s", width, out)
		}
	}
	if p.asked[0] != "GET /api/issues?page=1&per_page=2 Bearer tdash_x" {
		t.Errorf("asked %q", p.asked)
	}
}

// TestATableGoesThroughPages: more rows than a page has are asked for page by
// page, and one row is written with its fields.
func TestATableGoesThroughPages(t *testing.T) {
	p := play(t, func(w http.ResponseWriter, r *http.Request) {
		row := `{"id":"` + r.URL.Query().Get("page") + `"},`
		_, _ = io.WriteString(w, `{"items":[`+strings.TrimSuffix(strings.Repeat(row, 200), ",")+`],"pages":3,"total":600}`) // the client may be gone
	})
	out, told, err := p.get(t, 0, "issues", "-n", "350")
	if err != nil || strings.Count(out, "\n") != 351 || len(p.asked) != 2 || told != "350 of 600 issues. -n 600 shows all.\n" {
		t.Error(err, strings.Count(out, "\n"), p.asked, told)
	}
	one := play(t, says(200, `{"id":"a","zeta":{"x":1},"list":[{"y":2}],"state":"new","none":null}`))
	out, _, err = one.get(t, 80, "issues", "a")
	if want := "id     a\nstate  new\nlist   1 (see -o json)\nzeta   (see -o json)\n"; err != nil || out != want {
		t.Errorf("%q %v, want %q", out, err, want)
	}
}
