package githubtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// play starts a player and returns how to ask it.
func play(t *testing.T) (*githubtest.Player, func(path string, header ...string) (int, http.Header, string)) {
	t.Helper()
	p := githubtest.New(githubtest.Options{})
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	return p, func(path string, header ...string) (int, http.Header, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Error(err)
			return 0, nil, ""
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		return resp.StatusCode, resp.Header, string(body)
	}
}

// TestTreesAreGits: the names of trees are those that `git write-tree` gives
// for these files, whose order a plain sort gets wrong.
func TestTreesAreGits(t *testing.T) {
	p, get := play(t)
	r := p.Repo("o/r")
	for path, body := range map[string]string{"a/b/x.json": "{}", "a.txt": "hi", "a.d/z": "yo", "a/c": "q"} {
		r.PutFile(path, []byte(body))
	}
	_, _, body := get("/repos/o/r/git/trees/main")
	var tree struct {
		SHA  string
		Tree []struct{ Path, SHA string }
	}
	if err := json.Unmarshal([]byte(body), &tree); err != nil {
		t.Fatal(err)
	}
	got := tree.SHA
	for _, e := range tree.Tree {
		got += " " + e.Path + ":" + e.SHA
	}
	if want := "5dd0de3e1f4ccdc71ef696ce2e7a5c5cae92ed35 a.d:96c256e0ce95b3aa177d142f46d0d9c42b61407d" +
		" a.txt:32f95c0d1244a78b2be1bab8de17906fabb2c4a8 a:6d8e2d266a38c82d2dd19f26876a5151dff7e365"; got != want {
		t.Errorf("tree is\n%s, want\n%s", got, want)
	}
}

func TestConditionalRequestsAndLimit(t *testing.T) {
	p, get := play(t)
	p.Repo("o/r").PutPull(telemetry.PullRequest{Number: 1, Title: "one"})
	p.SetRate(60, 2, time.Now().Add(time.Hour), http.StatusTooManyRequests)
	status, header, _ := get("/repos/o/r/pulls")
	tag := header.Get("ETag")
	if status != http.StatusOK || tag == "" || header.Get("X-RateLimit-Remaining") != "1" {
		t.Fatalf("%d, %v", status, header)
	}
	for range 3 {
		if status, header, body := get("/repos/o/r/pulls", "If-None-Match", tag); status != http.StatusNotModified || (body != "" || header.Get("X-RateLimit-Remaining") != "1") {
			t.Errorf("unchanged: %d, %q, %v", status, body, header)
		}
	}
	get("/repos/o/r/pulls/1")
	if status, header, body := get("/repos/o/r/pulls"); status != http.StatusTooManyRequests || header.Get("X-RateLimit-Remaining") != "0" || !strings.Contains(body, "rate limit exceeded") {
		t.Errorf("over the limit: %d, %v, %s", status, header, body)
	}
}

func TestFaultsAreTakenInTurn(t *testing.T) {
	p, get := play(t)
	p.Repo("o/r")
	p.Fail(githubtest.Fault{Path: "/pulls", Status: 502, Times: 1})
	p.Fail(githubtest.Fault{Path: "/pulls", Status: 503, Raw: "busy"})
	var got []string
	for _, path := range []string{"/repos/o/r", "/repos/o/r/pulls", "/repos/o/r/pulls", "/repos/o/r/pulls"} {
		status, _, _ := get(path)
		got = append(got, fmt.Sprint(status))
	}
	p.ClearFaults()
	status, _, _ := get("/repos/o/r/pulls")
	if text := strings.Join(append(got, fmt.Sprint(status)), " "); text != "200 502 503 503 200" {
		t.Errorf("answers %s", text)
	}
	if n := p.Counted(); n != 5 || len(p.Requests()) != 5 {
		t.Errorf("%d counted, %v", n, p.Requests())
	}
}

// TestStateChangesWhileAsked is for the race detector.
func TestStateChangesWhileAsked(t *testing.T) {
	p, get := play(t)
	r := p.Repo("o/r")
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for n := range 20 {
				r.PutFile(fmt.Sprintf("f%d/%d.json", i, n), []byte("{}"))
				r.PutPull(telemetry.PullRequest{Number: n + 1, Title: "t"})
				r.SetChecks(n+1, telemetry.Check{Name: "test", Status: "queued"})
			}
		})
		wait.Go(func() {
			for _, path := range []string{"", "/git/trees/main?recursive=1", "/pulls?state=all", "/pulls/1", "/tarball/main", "/contents/"} {
				if status, _, _ := get("/repos/o/r" + path); status == http.StatusInternalServerError {
					t.Errorf("%s: %d", path, status)
				}
			}
		})
	}
	wait.Wait()
	if status, _, body := get("/repos/o/r/git/trees/main?recursive=1"); status != http.StatusOK || strings.Count(body, ".json") != 80 {
		t.Errorf("%d, %d files", status, strings.Count(body, ".json"))
	}
}
