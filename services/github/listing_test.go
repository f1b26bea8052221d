package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// TestPagedTrees: a server that answers trees in pages, as Gitea does, is asked for
// all of them, and for those of a run's log.
func TestPagedTrees(t *testing.T) {
	p, c := start(t)
	p.PageTrees(100)
	r := p.Repo(actionRepo)
	putRuns(r, 0, 730)
	r.PutFile("telemetry/repo_registry.json", []byte("{}"))
	for i := range 250 {
		r.PutFile(fmt.Sprintf("a%03d/x", i), []byte("x")) // telemetry is not on the first page
		r.PutFile(fmt.Sprintf("logs/run-%d/issues.json", i), []byte("[]"))
	}
	files, err := c.RunFiles(t.Context())
	if err != nil || len(files) != 730 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	if sides, err := c.Sides(t.Context()); err != nil || len(sides) != 1 {
		t.Errorf("%d files beside them, error %v", len(sides), err)
	}
	l, err := c.RunLog(t.Context(), telemetry.LogQuestion{LogRef: telemetry.LogRef{Repo: actionRepo, Label: "run-99"}, In: actionRepo})
	if err != nil || l.State != telemetry.LogFound || len(l.Files) != 1 || l.Requests < 3+3+1 {
		t.Errorf("the log: %+v, error %v", l, err)
	}
}

// TestRepeatedPages: pages of a tree that repeat, or do not come to an end, end with a
// sentence, after few requests.
func TestRepeatedPages(t *testing.T) {
	const folders = `{"path": "telemetry", "type": "tree", "sha": "1"}, {"path": "runs", "type": "tree", "sha": "2"}`
	for name, page := range map[string]func(number string) string{
		"the number": func(string) string { return `{"tree": [{"path": "x", "sha": "9"}], "truncated": true, "page": 1}` },
		"the entries": func(n string) string {
			return `{"tree": [{"path": "x", "sha": "9"}], "truncated": true, "page": ` + n + `}`
		},
		"nothing": func(n string) string { return `{"tree": [], "truncated": true, "page": ` + n + `}` },
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				switch tree, ok := strings.CutPrefix(r.URL.Path, "/repos/"+actionRepo+"/git/trees/"); {
				case !ok:
					fmt.Fprint(w, `{"default_branch": "main", "full_name": "`+actionRepo+`"}`)
				case r.URL.Query().Has("recursive"):
					fmt.Fprint(w, `{"tree": [`+folders+`], "truncated": true, "page": 1}`)
				case tree == "2":
					number := r.URL.Query().Get("page")
					fmt.Fprint(w, page(map[bool]string{true: "1", false: number}[number == ""]))
				default:
					fmt.Fprint(w, `{"tree": [`+folders+`], "truncated": false}`)
				}
			}))
			t.Cleanup(srv.Close)
			_, err := client(t, srv.URL).RunFiles(t.Context())
			if telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || !strings.Contains(err.Error(), "repeats its pages without an end") || asked > 8 {
				t.Errorf("after %d requests: %v", asked, err)
			}
		})
	}
}

// TestCutTrees: where trees are cut at several depths, the folder is found as long as
// each cut tree still names it, and a cut listing of it is an error: what it lacks
// is not gone.
func TestCutTrees(t *testing.T) {
	folder := func(name, sha string) string {
		return fmt.Sprintf(`{"path": %q, "type": "tree", "sha": %q}`, name, sha)
	}
	run := `{"path": "a.json", "type": "blob", "sha": "5", "size": 2}`
	for name, tc := range map[string]struct {
		cut  string            // the trees that are cut
		tree map[string]string // entries of main, of telemetry and of runs
		says string
	}{
		"recursive alone":    {"", map[string]string{"main": folder("telemetry", "t"), "t": folder("runs", "r"), "r": run}, ""},
		"two depths":         {"main", map[string]string{"main": folder("telemetry", "t"), "t": folder("runs", "r"), "r": run}, ""},
		"three depths":       {"main t", map[string]string{"main": folder("telemetry", "t"), "t": folder("runs", "r"), "r": run}, ""},
		"before the folder":  {"main", map[string]string{"main": folder("a", "t")}, "cuts off the listing of telemetry,"},
		"before the second":  {"t", map[string]string{"main": folder("telemetry", "t"), "t": folder("a", "r")}, "cuts off the listing of runs,"},
		"within the folder":  {"r", map[string]string{"main": folder("telemetry", "t"), "t": folder("runs", "r"), "r": run}, "cuts off the listing of telemetry/runs,"},
		"all, and no folder": {"", map[string]string{"main": folder("a", "t")}, "no files"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch tree, ok := strings.CutPrefix(r.URL.Path, "/repos/"+actionRepo+"/git/trees/"); {
				case !ok:
					fmt.Fprint(w, `{"default_branch": "main", "full_name": "`+actionRepo+`"}`)
				case r.URL.Query().Has("recursive"):
					fmt.Fprint(w, `{"tree": [`+folder("a", "9")+`], "truncated": true}`)
				default:
					fmt.Fprintf(w, `{"tree": [%s], "truncated": %t}`, tc.tree[tree], strings.Contains(tc.cut, tree))
				}
			}))
			t.Cleanup(srv.Close)
			files, err := client(t, srv.URL).RunFiles(t.Context())
			switch {
			case tc.says == "" && (err != nil || len(files) != 1), tc.says == "no files" && (err != nil || len(files) != 0):
				t.Errorf("%d files, error %v", len(files), err)
			case tc.says != "" && tc.says != "no files" && (err == nil || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("error %v, want %q", err, tc.says)
			}
		})
	}
}

// TestActionRef: the files of a branch, tag or commit are listed, and fetched one by
// one, by path and with an archive. One that is not there is an error that names the
// setting, and lists nothing as gone.
func TestActionRef(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for name, without := range map[string][]githubtest.Feature{
		"GitHub": nil, "contents": {githubtest.Trees, githubtest.Blobs, githubtest.Archives}, "no repositories": {githubtest.Repositories},
	} {
		for _, ref := range []string{"release/2.0", commit} {
			t.Run(name+" "+ref, func(t *testing.T) {
				p, main := start(t)
				r := p.Repo(actionRepo)
				putRuns(r, 0, 3)
				putRuns(r.Ref(ref), 3, 30)
				r.Ref(ref).PutFile("telemetry/repo_registry.json", []byte("[]"))
				r.PutWorkflow("codeql-fixer.yml", "target_repo")
				p.Without(without...)
				c := main.Client.Action(actionRepo, ref)
				files, err := c.RunFiles(t.Context())
				if err != nil || len(files) != 33 {
					t.Fatalf("%d files, error %v:\n%s", len(files), err, paths(p))
				}
				bodies, failed, err := fetch(t.Context(), c, files)
				if err != nil || len(bodies) != 33 || len(failed) > 0 {
					t.Fatalf("%d bodies, failed %v, error %v:\n%s", len(bodies), failed, err, paths(p))
				}
				want := map[bool]string{true: "main", false: ref}[ref == commit]
				if got, err := c.Dispatch(t.Context(), telemetry.Dispatch{TargetRepo: "o/r"}); err != nil || got != want {
					t.Errorf("a run is started on %q, error %v; want %q", got, err, want)
				}
				if files, err := main.RunFiles(t.Context()); err != nil || len(files) != 3 {
					t.Errorf("%d files of the default branch, error %v", len(files), err)
				}
				gone := main.Client.Action(actionRepo, "gone")
				if _, err := gone.RunFiles(t.Context()); telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound ||
					!strings.Contains(err.Error(), "at gone (404), which ACTION_REF names") {
					t.Errorf("a branch that is not there: %v", err)
				}
			})
		}
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusUnprocessableEntity} { // Gitea, and GitHub of a commit
		p, c := start(t)
		putRuns(p.Repo(actionRepo), 0, 3)
		p.Fail(githubtest.Fault{Path: "/git/trees/", Status: status, Message: "sha not found"})
		if _, err := c.Client.Action(actionRepo, commit).RunFiles(t.Context()); !strings.Contains(fmt.Sprint(err), "which ACTION_REF names") {
			t.Errorf("answered %d: %v", status, err)
		}
	}
}

// TestEnterpriseServer: everything is asked below the path of the base address.
func TestEnterpriseServer(t *testing.T) {
	p := githubtest.New(githubtest.Options{Token: token})
	var outside []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/v3/") && !strings.HasPrefix(r.URL.Path, "/_archive/") {
			outside = append(outside, r.URL.Path)
		}
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	r := p.Repo("o/second")
	r.PutWorkflow("codeql-fixer.yml", "target_repo")
	putRuns(r.Ref("audit"), 0, 30)
	r.Ref("audit").PutFile("telemetry/repo_registry.json", []byte("[]"))
	p.PageTrees(20)
	c := client(t, srv.URL+"/api/v3").Client.Action("o/second", "audit")
	files, err := c.RunFiles(t.Context())
	if err != nil || len(files) != 30 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	if bodies, failed, err := fetch(t.Context(), c, files); err != nil || len(bodies) != 30 || len(failed) > 0 {
		t.Errorf("%d bodies, failed %v, error %v", len(bodies), failed, err)
	}
	sides, err := c.Sides(t.Context())
	if err != nil || len(sides) != 1 {
		t.Fatalf("%d files beside them, error %v", len(sides), err)
	}
	if body, err := c.FetchSide(t.Context(), sides[0]); err != nil || string(body) != "[]" {
		t.Errorf("the registry: %q, error %v", body, err)
	}
	if ref, err := c.Dispatch(t.Context(), telemetry.Dispatch{TargetRepo: "o/r"}); err != nil || ref != "audit" {
		t.Errorf("a run is started on %q, error %v", ref, err)
	}
	if len(outside) > 0 {
		t.Errorf("asked outside of the API: %q", outside)
	}
}
