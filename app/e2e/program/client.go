package program

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Reply is an answer whose body was read.
type Reply struct {
	StatusCode int
	Header     http.Header
}

// newClient is a client that follows no redirect.
func newClient() *http.Client {
	return &http.Client{
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Client makes requests; it follows no redirect.
func (p *Program) Client() *http.Client { return p.client }

// Request is a request for a path. A body is a form unless headers, names and
// values in turn, say otherwise.
func (p *Program) Request(method, path, body string, headers ...string) *http.Request {
	p.T.Helper()
	req, err := http.NewRequestWithContext(p.T.Context(), method, p.URL+path, strings.NewReader(body))
	if err != nil {
		p.T.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

// Do is Send for the parts of a request.
func (p *Program) Do(method, path, body string, headers ...string) (Reply, string) {
	p.T.Helper()
	return p.Send(p.Request(method, path, body, headers...))
}

// Send makes a request and returns the answer with its body.
func (p *Program) Send(req *http.Request) (Reply, string) {
	p.T.Helper()
	res, err := p.client.Do(req)
	if err != nil {
		p.T.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.T.Fatal(err)
	}
	return Reply{res.StatusCode, res.Header}, string(text)
}

// Get is Do for a GET.
func (p *Program) Get(path string, headers ...string) (Reply, string) {
	p.T.Helper()
	return p.Do(http.MethodGet, path, "", headers...)
}

// Post posts a form, none if it is empty.
func (p *Program) Post(path string, pairs ...string) (status int, body string) {
	p.T.Helper()
	res, body := p.Do(http.MethodPost, path, Form(pairs...))
	return res.StatusCode, body
}

// PostJSON posts a JSON object.
func (p *Program) PostJSON(path, object string) (status int, body string) {
	p.T.Helper()
	res, body := p.Do(http.MethodPost, path, object, "Content-Type", "application/json")
	return res.StatusCode, body
}

// Form encodes a form of names and values in turn.
func Form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// FormToken is the token of a form on a page.
func FormToken(t testing.TB, body string) string {
	t.Helper()
	m := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatal("the form has no token")
	}
	return m[1]
}

// Ask makes a request without a body and returns its status and JSON object.
func (p *Program) Ask(method, path string) (int, map[string]any) {
	p.T.Helper()
	res, body := p.Do(method, path, "")
	var object map[string]any
	if err := json.Unmarshal([]byte(body), &object); err != nil {
		p.T.Fatalf("%s %s: %v: %.200s", method, path, err, body)
	}
	return res.StatusCode, object
}

// Object is Ask for what must succeed.
func (p *Program) Object(method, path string) map[string]any {
	p.T.Helper()
	status, object := p.Ask(method, path)
	if status >= http.StatusMultipleChoices {
		p.T.Fatalf("%s %s: %d %v", method, path, status, object)
	}
	return object
}

// Job runs a job by the API, waits for its end, and returns its result.
func (p *Program) Job(name string) map[string]any {
	p.T.Helper()
	return p.Object(http.MethodPost, "/api/"+name)
}

// Figures asks for an object and compares some of its numbers.
func (p *Program) Figures(method, path string, want map[string]float64) {
	p.T.Helper()
	status, got := p.Ask(method, path)
	for name, n := range want {
		if got[name] != n {
			p.T.Errorf("%s %s (%d): %s is %v, want %v", method, path, status, name, got[name], n)
		}
	}
}

// Page returns the answer of a path, which must be 200. A panel is asked for
// as htmx does.
func (p *Program) Page(path string) string {
	p.T.Helper()
	res, body := p.Get(path, InPlace(path)...)
	if res.StatusCode != http.StatusOK {
		p.T.Fatalf("%s: %d %.300s", path, res.StatusCode, body)
	}
	return body
}

// InPlace are the headers with which htmx asks for a panel, none for another
// path.
func InPlace(path string) (headers []string) {
	if strings.HasPrefix(path, "/panels/") {
		return []string{"HX-Request", "true"}
	}
	return nil
}

// Items are those of a list of the API.
func (p *Program) Items(path string) []map[string]any {
	p.T.Helper()
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal([]byte(p.Page(path)), &list); err != nil {
		p.T.Fatal(path, err)
	}
	return list.Items
}

// Until waits for something to hold; otherwise says what is wrong if it
// never does.
func (p *Program) Until(otherwise string, holds func() bool) {
	p.T.Helper()
	for deadline := time.Now().Add(6 * Patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.T.Fatal(otherwise)
		}
	}
}

// UntilSays asks until the answer holds a text, and returns it.
func (p *Program) UntilSays(path, text string, headers ...string) (body string) {
	p.T.Helper()
	p.Until(fmt.Sprintf("%s never said %s", path, text), func() bool {
		_, body = p.Get(path, headers...)
		return strings.Contains(body, text)
	})
	return body
}

// markup is everything in a page but its text.
var (
	markup = regexp.MustCompile(`(?s)<(script|template|svg|style).*?</(script|template|svg|style)>|<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// Text is a page as it is read: without markup, one space between words.
func Text(body string) string {
	body = strings.NewReplacer("<wbr>", "", "<wbr/>", "", `</span><span class="whole">`, "").Replace(body)
	return spaces.ReplaceAllString(html.UnescapeString(markup.ReplaceAllString(body, " ")), " ")
}

// Says asks for a page and holds what is read on it against texts; those that
// begin with "!" must not be on it. It returns the page.
func (p *Program) Says(path string, status int, texts ...string) string {
	p.T.Helper()
	res, body := p.Get(path)
	if res.StatusCode != status {
		p.T.Errorf("%s: %d, want %d", path, res.StatusCode, status)
	}
	text := Text(body)
	for _, want := range texts {
		if not, absent := strings.CutPrefix(want, "!"); absent {
			if strings.Contains(text, not) {
				p.T.Errorf("%s says %q", path, not)
			}
		} else if !strings.Contains(text, want) {
			p.T.Errorf("%s does not say %q: %s", path, want, text)
		}
	}
	return body
}
