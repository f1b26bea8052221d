package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

func TestRunFiles(t *testing.T) {
	p, c := start(t)
	r := p.Repo(actionRepo)
	r.SetDefaultBranch("trunk")
	r.PutFile("README.md", []byte("# Fixer"))
	r.PutFile("telemetry/runs/a.json", []byte("{}"))
	r.PutFile("telemetry/runs/empty.json", nil)
	r.PutFile("telemetry/runs/notes.txt", []byte("no record"))
	r.PutFile("telemetry/runs/old/b.json", []byte("{}"))
	r.PutFile("telemetry/other.json", []byte("{}"))
	r.PutFile("telemetry/runs.json", []byte("{}"))
	files, err := c.RunFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []telemetry.RunFile{ // as `git hash-object` says
		{Name: "a.json", SHA: "9e26dfeeb6e641a33dae4961196235bdb965b21b", Size: 2},
		{Name: "empty.json", SHA: "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", Size: 0},
	}
	if !slices.Equal(files, want) {
		t.Errorf("files %+v, want %+v", files, want)
	}
	if n := p.Counted(); n != 2 {
		t.Errorf("%d counted requests, want 2:\n%s", n, paths(p))
	}
}

func TestUnchangedRunFilesCostNothing(t *testing.T) {
	p, c := start(t)
	r := p.Repo(actionRepo)
	putRuns(r, 0, 1500)
	first, err := c.RunFiles(t.Context())
	if err != nil || len(first) != 1500 {
		t.Fatalf("%d files, error %v", len(first), err)
	}
	p.Forget()
	again, err := c.RunFiles(t.Context())
	if err != nil || !slices.Equal(first, again) {
		t.Errorf("%d files, error %v", len(again), err)
	}
	if n := p.Counted(); n != 0 {
		t.Errorf("%d counted requests, want 0:\n%s", n, paths(p))
	}
	if rate := c.RateLimit(); rate.Remaining != 4998 {
		t.Errorf("%d remaining, want 4998 of 5000", rate.Remaining)
	}
	putRuns(r, 1500, 1)
	if changed, err := c.RunFiles(t.Context()); err != nil || len(changed) != 1501 {
		t.Errorf("%d files after a change, error %v", len(changed), err)
	}
}

// TestManyNewFiles is the budget of the design: 10,000 new files in at most
// five requests to the API.
func TestManyNewFiles(t *testing.T) {
	p, c := start(t)
	const n = 10_000
	putRuns(p.Repo(actionRepo), 0, n)
	files, err := c.RunFiles(t.Context())
	if err != nil || len(files) != n {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	bodies, failed, err := fetch(t.Context(), c, files)
	if err != nil || len(bodies) != n || len(failed) > 0 {
		t.Fatalf("%d bodies, %d failed, error %v", len(bodies), len(failed), err)
	}
	if got := bodies["run_00042.json"]; got != `{"target_repo": "o/r", "run_number": 42}` {
		t.Errorf("run 42 is %q", got)
	}
	if counted := p.Counted(); counted > 5 {
		t.Errorf("%d counted requests, want at most 5:\n%s", counted, paths(p))
	}
}

// TestTreeShapes: the same list from each way in which a server may show it.
func TestTreeShapes(t *testing.T) {
	tests := map[string]func(*githubtest.Player, *githubtest.Repo){
		"recursive":     func(*githubtest.Player, *githubtest.Repo) {},
		"truncated":     func(_ *githubtest.Player, r *githubtest.Repo) { r.Truncate(true) },
		"not recursive": func(p *githubtest.Player, _ *githubtest.Repo) { p.Without(githubtest.Recursive) },
		"no recursive query": func(p *githubtest.Player, _ *githubtest.Repo) {
			p.Fail(githubtest.Fault{Path: "recursive", Status: 404})
		},
		"no trees":      func(p *githubtest.Player, _ *githubtest.Repo) { p.Without(githubtest.Trees) },
		"no repository": func(p *githubtest.Player, _ *githubtest.Repo) { p.Without(githubtest.Repositories) },
		"contents alone": func(p *githubtest.Player, _ *githubtest.Repo) {
			p.Without(githubtest.Repositories, githubtest.Trees, githubtest.ETags)
		},
		"no ETags, no limits": func(p *githubtest.Player, _ *githubtest.Repo) { p.Without(githubtest.ETags, githubtest.Limits) },
		"no trees (501)":      func(p *githubtest.Player, _ *githubtest.Repo) { p.Fail(githubtest.Fault{Path: "/git/", Status: 501}) },
	}
	for name, set := range tests {
		t.Run(name, func(t *testing.T) {
			p, c := start(t)
			r := p.Repo(actionRepo)
			putRuns(r, 0, 30)
			r.PutFile("zzz/last.md", []byte("x"))
			set(p, r)
			for round := range 2 {
				p.Forget()
				files, err := c.RunFiles(t.Context())
				if err != nil || len(files) != 30 {
					t.Fatalf("%d files, error %v:\n%s", len(files), err, paths(p))
				}
				if n := p.Counted(); round > 0 && n > 0 && !strings.HasPrefix(name, "no ") && name != "contents alone" {
					t.Errorf("unchanged, it costs %d counted requests:\n%s", n, paths(p))
				}
				bodies, failed, err := fetch(t.Context(), c, files)
				if err != nil || len(bodies) != 30 || len(failed) > 0 {
					t.Fatalf("%d bodies, failed %v, error %v:\n%s", len(bodies), failed, err, paths(p))
				}
			}
		})
	}
}

func TestNoRunFiles(t *testing.T) {
	tests := map[string]struct {
		set  func(*githubtest.Player)
		code telemetry.Code // "": an empty list
		says string
	}{
		"no folder":        {func(p *githubtest.Player) { p.Repo(actionRepo).PutFile("README.md", []byte("x")) }, "", ""},
		"another folder":   {func(p *githubtest.Player) { p.Repo(actionRepo).PutFile("telemetry/x/a.json", []byte("{}")) }, "", ""},
		"a file as folder": {func(p *githubtest.Player) { p.Repo(actionRepo).PutFile("telemetry/runs", []byte("{}")) }, "", ""},
		"no commit":        {func(p *githubtest.Player) { p.Repo(actionRepo) }, "", ""},
		"being created": {func(p *githubtest.Player) {
			p.Repo(actionRepo)
			p.Fail(githubtest.Fault{Path: "/git/", Status: 409, Message: "Git Repository is unavailable."})
		}, telemetry.CodeUpstreamRejected, "unavailable"},
		"no repository": {func(*githubtest.Player) {}, telemetry.CodeUpstreamNotFound, "Check ACTION_REPO"},
		"hidden":        {func(p *githubtest.Player) { p.Repo(actionRepo).Hide(true) }, telemetry.CodeUpstreamNotFound, "token may not see it"},
		"no access to contents": {func(p *githubtest.Player) {
			putRuns(p.Repo(actionRepo), 0, 3)
			p.Fail(githubtest.Fault{Path: "/git/", Status: 403, Message: "Resource not accessible by personal access token"})
		}, telemetry.CodeUpstreamDenied, "Contents: read"},
		"contents hidden by 404": {func(p *githubtest.Player) {
			putRuns(p.Repo(actionRepo), 0, 3)
			p.Fail(githubtest.Fault{Path: "/git/", Status: 404})
			p.Fail(githubtest.Fault{Path: "/contents/", Status: 404})
		}, telemetry.CodeUpstreamNotFound, "may read the repository's contents"},
		"an empty answer": {func(p *githubtest.Player) {
			putRuns(p.Repo(actionRepo), 0, 3)
			p.Fail(githubtest.Fault{Path: "/git/", Status: 200, Raw: " "})
		}, telemetry.CodeUpstreamBroken, "is not the list"},
		"an empty object": {func(p *githubtest.Player) {
			putRuns(p.Repo(actionRepo), 0, 3)
			p.Fail(githubtest.Fault{Path: "/git/", Status: 200, Raw: "{}"})
		}, telemetry.CodeUpstreamBroken, "is not the list"},
		"a cut answer": {func(p *githubtest.Player) {
			putRuns(p.Repo(actionRepo), 0, 3)
			p.Fail(githubtest.Fault{Path: "/git/", CutShort: true, Header: http.Header{"Etag": {`"x"`}}, Raw: `{"sha": "1", "tree": []}`})
		}, telemetry.CodeUpstreamBroken, "cut short"},
		"contents that may be cut": {func(p *githubtest.Player) {
			putRuns(p.Repo(actionRepo), 0, 1200)
			p.Without(githubtest.Trees)
		}, telemetry.CodeUpstreamBroken, "may be cut off at 1000"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, c := start(t)
			tc.set(p)
			files, err := c.RunFiles(t.Context())
			if tc.code == "" {
				if err != nil || files == nil || len(files) > 0 {
					t.Errorf("files %v, error %v: want an empty list", files, err)
				}
				return
			}
			if telemetry.CodeOf(err) != tc.code || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("error %v (%s), want %s and %q", err, telemetry.CodeOf(err), tc.code, tc.says)
			}
		})
	}
}

// TestAnotherDefaultBranch: an ETag is of one branch, also for a server
// whose ETags are counters.
func TestAnotherDefaultBranch(t *testing.T) {
	branch := "main"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /repos/"+actionRepo, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"default_branch": %q}`, branch)
	})
	mux.HandleFunc("GET /repos/"+actionRepo+"/git/trees/{branch}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprintf(w, `{"tree": [{"path": "telemetry/runs/%s.json", "type": "blob", "sha": "1"}]}`, r.PathValue("branch"))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	c := client(t, srv.URL)
	for _, branch = range []string{"main", "main", "trunk"} {
		files, err := c.RunFiles(t.Context())
		if err != nil || len(files) != 1 || files[0].Name != branch+".json" {
			t.Errorf("on %s: %v, error %v", branch, files, err)
		}
	}
}
