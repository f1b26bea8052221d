package api_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"telemetry-dashboard/app/api/apitest"
)

// FuzzRequests: whatever is asked of an endpoint, its answer is as described
// and never 5xx; whatever is asked beneath /api/, it is said in JSON.
func FuzzRequests(f *testing.F) {
	fuzzRequests(f, newWorld(f, handmade(f), true))
}

// FuzzRequestsPostgres is FuzzRequests on PostgreSQL, which refuses texts
// that SQLite takes.
func FuzzRequestsPostgres(f *testing.F) {
	fuzzRequests(f, newWorldOn(f, freshPostgres(f), handmade(f), true))
}

func fuzzRequests(f *testing.F, w *world) {
	w.populate()
	w.json("POST", "/api/refresh", "")
	w.json("POST", "/api/poll", "")
	c := contract(f)
	endpoints := c.Endpoints()
	for n := range endpoints {
		f.Add(byte(n), "octo", "page=1&per_page=2&sort=severity", `{"message":"x"}`)
		f.Add(byte(n), waiting, "q=is:open&as_of=2026-02-02&period=30d", "")
		f.Add(byte(n), "octo_widgets_run_1.json", "repo=octo/widgets&format=csv&async=true", "{")
		f.Add(byte(n), "\xff\x00%00..%2e/", "q=%00&q=\xff&repo=%ff&as_of=9999-12-31&page=9223372036854775807",
			`{"target_repo":"o/r\u0000","name":"\ud800"}`)
	}
	f.Add(byte(0xff), "/api/repo/../../etc/passwd", "", "")
	f.Fuzz(func(t *testing.T, which byte, part, query, body string) {
		method, template, path := http.MethodGet, "", "/api/"+wire(part)
		if which != 0xff {
			method, template, _ = strings.Cut(endpoints[int(which)%len(endpoints)], " ")
			path = filledIn(template, part)
		}
		if query != "" {
			path += "?" + wire(query)
		}
		if len(path) > 4000 || method == http.MethodGet {
			body = ""
		}
		got, read, err := w.raw(method, path, body) //nolint:bodyclose // raw has read and closed it
		if err != nil {
			t.Fatalf("%s %q: %v", method, path, err)
		}
		if got.StatusCode >= 500 {
			t.Errorf("%s %q %q: %s: %.300s", method, path, body, got.Status, read)
		}
		if why := asDescribed(c, method, template, got, read); why != nil {
			t.Errorf("%s %q %q: %s: %v", method, path, body, got.Status, why)
		}
	})
}

// asDescribed holds an answer against the description. A path that led
// elsewhere than to its template must have been refused in JSON.
func asDescribed(c *apitest.Contract, method, template string, got *http.Response, body []byte) error {
	if template != "" {
		if err := c.Check(method, template, got, body); err == nil || got.StatusCode < 400 {
			return err
		}
	}
	var refusal struct{ Error, Code string }
	if got.StatusCode < 400 {
		return nil
	}
	if err := json.Unmarshal(body, &refusal); err != nil || refusal.Error == "" || refusal.Code == "" {
		return fmt.Errorf("refused without a sentence: %.300s (%w)", body, err)
	}
	return nil
}

// filledIn puts part into each parameter of a template.
func filledIn(template, part string) string {
	names := strings.Split(template, "/")
	for n, name := range names {
		if strings.HasPrefix(name, "{") {
			names[n] = url.PathEscape(part)
			if strings.Trim(part, ".") == "" {
				names[n] += "-" // else the path is another one
			}
		}
	}
	return strings.Join(names, "/")
}

// wire keeps a text within the request line, and leaves all else as it is.
func wire(text string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", " ", "%20", "\t", "%09").Replace(text)
}

// raw sends a request as it is written here, which http.Client would refuse
// to.
func (w *world) raw(method, path, body string) (*http.Response, []byte, error) {
	host := strings.TrimPrefix(w.url, "http://")
	conn, err := net.Dial("tcp", host) //nolint:noctx // on loopback
	if err != nil {
		return nil, nil, err
	}
	defer conn.Close()
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, path, host)
	if body != "" {
		head += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	if _, err := io.WriteString(conn, head+"\r\n"+body); err != nil {
		return nil, nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	read, err := io.ReadAll(resp.Body)
	return resp, read, err
}

// freshPostgres makes a database that the test's end drops.
func freshPostgres(t testing.TB) string {
	t.Helper()
	address := os.Getenv("TEST_POSTGRES_URL")
	if address == "" {
		t.Skip("SKIPPED: PostgreSQL: TEST_POSTGRES_URL is not set")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	name := "api_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
		admin.Close()
	})
	u.Path = "/" + name
	return u.String()
}
