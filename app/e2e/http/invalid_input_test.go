package http

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// invalidTexts are what no client of ours sends, as an address has them.
func invalidTexts() []string {
	return []string{
		"%00", "a%00b", "%ff", "a%C3%28b", "%ED%A0%80", "%F0%9F%98%80", "%25_%5C", "%25%25%25%25", "*", "%2A%2A%2A%2A%2A%2A%2Aa", "%27--",
		"%22", "%0A", "..%2F..%2Fx", "-1", "0",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "99999999999999999999999999", "1e400", "NaN", "0x10",
		"2147483648", strings.Repeat("a", 5000), strings.Repeat("a,", 2000),
		"0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z",
		"-001-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-02-01T00:00:00%2B99:99",
	}
}

// invalidQueries are unusual texts in the query language.
func invalidQueries() []string {
	return []string{
		"seen:0000-01-01", "seen:%3E9999-12-31", "seen:10000", "age:%3E999999999999w", "run:9223372036854775807", "run:%3E=1125899906842623",
		"pr:%23999999999999999", "file:%25", "file:%5C", "rule:%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A%2A",
		"id:%00", "repo:%00%2F%00", "-%22", "%22%5C%22", "is:open+is:fixed+-is:open", strings.Repeat("a+", 200),
		"fingerprint:%F0%9F%98%80%F0%9F%98%80",
	}
}

// parameters are all that any address reads.
func parameters() []string {
	return []string{
		"page", "per_page", "sort", "order", "q", "repo", "as_of", "period", "status", "severity", "family", "rule", "state", "kind",
		"run_number", "session_id", "outcome", "all", "source", "against", "list", "caret",
		"since", "until", "event", "group", "scope", "id", "sums",
	}
}

// invalidRequest is one request of the table.
type invalidRequest struct{ method, path, contentType, body string }

// asksUpstream are the addresses that ask GitHub or Devin.
var asksUpstream = regexp.MustCompile(`messages|preflight|dispatch|reply|checks|/actions/(poll|refresh)|/api/(poll|refresh)`)

// invalidRequests are the table: each parameter, id, form and body of each
// address with each of these texts.
func invalidRequests() []invalidRequest {
	var all []invalidRequest
	id := regexp.MustCompile(`:[a-z]+`)
	address := func(method, path string) {
		for i, text := range append(invalidTexts(), invalidQueries()...) {
			if id.MatchString(path) {
				all = append(all, invalidRequest{method: method, path: id.ReplaceAllString(path, text)})
			}
			if method != http.MethodGet || (!strings.HasPrefix(path, "/api/") && i%10 != 0) || asksUpstream.MatchString(path) {
				continue
			}
			at := id.ReplaceAllString(strings.NewReplacer(":owner", "octo", ":name", "shop", ":file", "good.json").Replace(path), "1")
			for j, name := range parameters() {
				if i >= 4 && (i+j)%4 != 0 {
					continue // each text meets many parameters, and what is no text meets all
				}
				all = append(all, invalidRequest{method: method, path: at + "?" + name + "=" + text})
			}
		}
	}
	for _, r := range routes() {
		if r.Stream == nil {
			address(r.Method, r.Path)
		}
	}
	return append(all, invalidBodies()...)
}

// invalidBodies are the bodies of what changes something.
func invalidBodies() []invalidRequest {
	var all []invalidRequest
	for _, path := range []string{"/api/views", "/api/dispatch", "/api/sessions/aaaa/messages", "/api/backfill",
		"/api/runs/good.json/accept-scope"} {
		for _, body := range []string{"", "null", "[]", "{", "{}", "7", "\x00", "{\"name\": \"\xff\"}", strings.Repeat("[", 100_000), `{"a":`,
			`{"name": "a"}{"name": "b"}`} {
			all = append(all, invalidRequest{http.MethodPost, path, "application/json", body})
		}
		for _, field := range []string{"name", "list", "query", "replace", "message", "target_repo", "batch_size", "default_branch", "dry_run",
			"undo"} {
			for _, value := range []string{`"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"` + strings.Repeat("a", 10_000) + `"`, "1e400",
				"99999999999999999999", "null", "[]", "{}", "true", `"%00"`, `"q=%00"`, `"q=%ff"`} {
				body := fmt.Sprintf(`{"name": "n", "list": "issues", "query": "", %q: %s}`, field, value)
				all = append(all, invalidRequest{http.MethodPost, path, "application/json", body})
			}
		}
	}
	for _, path := range []string{"dispatch", "reply", "accept-scope", "dismiss", "save-view", "rename-view", "delete-view", "cancel",
		"backfill"} {
		for _, field := range []string{"id", "name", "list", "query", "message", "session", "source", "file", "repo", "target_repo", "token",
			"undo", "dry_run", "replace"} {
			for _, text := range invalidTexts() {
				all = append(all, invalidRequest{http.MethodPost, "/actions/" + path, "application/x-www-form-urlencoded", field + "=" + text})
			}
		}
	}
	return all
}

// answer is what a program says: its body only where that is the same on any
// database.
func (r invalidRequest) answer(t *testing.T, base string) string {
	t.Helper()
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	address.Opaque = "//" + address.Host + r.path // as it is written here
	req := &http.Request{
		Method:        r.method,
		URL:           address,
		Header:        http.Header{"X-Request-Id": {"compared"}}, // errors hold it
		Body:          io.NopCloser(strings.NewReader(r.body)),
		ContentLength: int64(len(r.body)),
	}
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(
		req.WithContext(t.Context()),
	)
	if err != nil {
		t.Errorf("%s %.200s: %v", r.method, r.path, err)
		return ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("%s %.200s: %v", r.method, r.path, err)
	}
	upstream := asksUpstream.MatchString(r.path) && (res.StatusCode == http.StatusBadGateway || res.StatusCode == http.StatusGatewayTimeout)
	if res.StatusCode >= http.StatusInternalServerError && !upstream {
		t.Errorf("%s %.200s %.200s: %d %.300s", r.method, r.path, r.body, res.StatusCode, body)
	}
	if r.method != http.MethodGet || !strings.HasPrefix(r.path, "/api/") || strings.HasPrefix(r.path, "/api/files") ||
		strings.HasPrefix(r.path, "/api/jobs") || strings.HasPrefix(r.path, "/api/audit") ||
		bytes.Contains(body, []byte("generated_at")) {
		body = nil // it says when something was done, or has ids of its own
	}
	body = whenRead.ReplaceAll(body, []byte("TIME"))
	return fmt.Sprintf("%d %s", res.StatusCode, body)
}

// whenRead is when a source was read, which each database has its own of.
var whenRead = regexp.MustCompile(`"ok_at":"[^"]*"`)

// TestInvalidInput: whatever is in an address, a form or a body, the answer
// is one of words, and the same on both databases.
func TestInvalidInput(t *testing.T) {
	players := program.NewPlayed(t, "apk_test", nil)
	dir := t.TempDir()
	program.WriteRuns(t, dir, map[string]any{"good.json": program.SmallScan(1, "2026-02-01T10:00:00Z", nil)})
	settings := players.Settings(nil).With(program.Settings{"RUNS_DIR": dir, "GITHUB_TOKEN": "", "ACTION_REPO": "", "CACHE_TTL": ""})
	var urls [2]string
	for i, database := range []string{"", storetest.PostgresAddress(t)} {
		p := program.Start(t, settings.With(program.Settings{"DATABASE_URL": database}))
		p.Job("refresh")
		urls[i] = p.URL
	}
	requests := invalidRequests()
	if len(requests) < 10_000 {
		t.Fatalf("only %d requests", len(requests))
	}
	var mu sync.Mutex
	differ := 0
	compare := func(r invalidRequest) {
		lite, postgres := r.answer(t, urls[0]), r.answer(t, urls[1])
		if lite != postgres && r.method == http.MethodGet { // a job or a minute may have ended between them
			lite, postgres = r.answer(t, urls[0]), r.answer(t, urls[1])
		}
		mu.Lock()
		defer mu.Unlock()
		limited := strings.HasPrefix(lite, "429") || strings.HasPrefix(postgres, "429") // it depends on the moment
		if lite != postgres && !limited {
			if differ++; differ < 20 {
				t.Errorf("%s %.200s %.200s\n   sqlite: %.300s\n postgres: %.300s", r.method, r.path, r.body, lite, postgres)
			}
		}
	}
	var reads errgroup.Group
	reads.SetLimit(4)
	for _, r := range requests {
		if r.method == http.MethodGet {
			reads.Go(func() error { compare(r); return nil })
		}
	}
	_ = reads.Wait() // what is wrong is said at once
	for _, r := range requests {
		if r.method != http.MethodGet { // one after the other, since an answer may depend on what was changed before
			compare(r)
		}
	}
}
