package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"telemetry-dashboard/app/e2e/program"
)

// githubOperations are those that the program uses, as GitHub's description
// writes them.
var githubOperations = []string{ //nolint:gochecknoglobals // a constant
	"GET /repos/{owner}/{repo}",
	"GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
	"GET /repos/{owner}/{repo}/git/blobs/{file_sha}",
	"GET /repos/{owner}/{repo}/contents/{path}",
	"GET /repos/{owner}/{repo}/tarball/{ref}",
	"GET /repos/{owner}/{repo}/pulls",
	"GET /repos/{owner}/{repo}/pulls/{pull_number}",
	"GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
	"GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
	"GET /repos/{owner}/{repo}/commits/{ref}/status",
	"POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
}

var devinOperations = map[api][]string{ //nolint:gochecknoglobals // a constant
	v1: {"GET /v1/sessions", "GET /v1/sessions/{session_id}", "POST /v1/sessions/{session_id}/message"},
	v3: {
		"GET /v3/self", "GET /v3/organizations/{org_id}/sessions", "GET /v3/organizations/{org_id}/sessions/{devin_id}",
		"GET /v3/organizations/{org_id}/sessions/{devin_id}/messages", "POST /v3/organizations/{org_id}/sessions/{devin_id}/messages",
	},
}

// TestCallsAreAsDescribed lets everything that the clients ask, and everything
// that the players answer, go through a proxy that holds both against the
// descriptions that GitHub and Devin publish.
func TestCallsAreAsDescribed(t *testing.T) {
	if program.Race {
		t.Skip("SKIPPED: descriptions: the race detector is too slow for them, and finds nothing in them; see task contract")
	}
	github, prism := packages(t)
	p := newProxies(t, prism)
	p.start(t, gh, githubDescription(t, github, githubOperations), githubOperations)
	if dir := os.Getenv("SHARED_UPSTREAMS"); dir != "" {
		for version, operations := range devinOperations {
			p.start(t, version, devinDescription(t, filepath.Join(dir, "devin-"+string(version)+".openapi.yaml")), operations)
		}
	}
	p.notices(t)
	worlds := newUndisturbed(t)
	for _, c := range together(calls()) {
		if p.of(c.api) == nil {
			continue
		}
		set := c.set
		c.set = func(w *world) {
			w.wire.next = p.through(w.wire.next, c.name)
			everyShape(w)
			if set != nil {
				set(w)
			}
		}
		if _, err := worlds.make(t.Context(), &c); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	p.report(t)
	if p.of(v1) == nil {
		t.Skip("SKIPPED: upstream descriptions: SHARED_UPSTREAMS is not set; GitHub's alone was compared")
	}
}

// together makes one call of those of an API that want nothing of their world.
func together(all []call) []call {
	var apart []call
	plain := map[api][]call{}
	for _, c := range all {
		if c.set == nil {
			plain[c.api] = append(plain[c.api], c)
			continue
		}
		apart = append(apart, c)
	}
	for of, some := range plain {
		apart = append(apart, call{
			name: string(of), api: of,
			ask: func(ctx context.Context, w *world) (err error) {
				for _, c := range some {
					err = errors.Join(err, c.ask(ctx, w))
				}
				return err
			},
			use: func(ctx context.Context, w *world) (all ending) {
				for _, c := range some {
					all.err = errors.Join(all.err, c.use(ctx, w).err)
				}
				return all
			},
		})
	}
	return apart
}

// everyShape gives the upstreams what the table's world has no use for.
func everyShape(w *world) {
	r, yes := w.gh.Repo(shop), true
	r.RequestReview(7, "hubot")
	r.SetMergeable(7, &yes)
	w.gh.Repo(shopFork).ForkOf(r)
	w.gh.Repo("acme/web").Archive(true)
}

// devinDescription writes a description of Devin's again, and returns the
// file. It is edited in one place: a parameter of a query that may be null is
// one that may be left out, as a query has no null; the proxy would else read
// a list of one value as a text.
func devinDescription(t *testing.T, file string) string {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for _, parameter := range operation.Parameters {
				schema := parameter.Value.Schema
				if parameter.Value.In == "query" && len(schema.Value.AnyOf) == 2 && schema.Value.AnyOf[1].Value.Type.Is("null") {
					parameter.Value.Schema = schema.Value.AnyOf[0]
				}
			}
		}
	}
	text, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	edited := filepath.Join(t.TempDir(), "devin.json")
	if err := os.WriteFile(edited, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return edited
}

// packages are the files of tools/upstreams: GitHub's description and the
// proxy.
func packages(t *testing.T) (description, prism string) {
	t.Helper()
	modules := filepath.Join("..", "..", "..", "tools", "upstreams", "node_modules")
	description = filepath.Join(modules, "@octokit", "openapi", "generated", "api.github.com.json")
	prism = filepath.Join(modules, "@stoplight", "prism-cli", "dist", "index.js")
	for _, file := range []string{description, prism} {
		if _, err := os.Stat(file); err != nil {
			t.Skip("SKIPPED: upstreams: GitHub's description is not installed; npm ci in tools/upstreams does that")
		}
	}
	return description, prism
}

// githubDescription writes the part of GitHub's description that is of some
// operations, since the proxy is slow with the whole, and returns the file. It
// is edited in two places: an answer is the same JSON whatever version of it
// the client accepts, and the path of a file may have slashes.
func githubDescription(t *testing.T, file string, operations []string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	all, _ := doc["paths"].(map[string]any)
	paths := map[string]any{}
	for _, operation := range operations {
		method, path, _ := strings.Cut(operation, " ")
		item, _ := all[path].(map[string]any)
		method = strings.ToLower(method)
		if item[method] == nil {
			t.Fatalf("GitHub's description has no %s", operation)
		}
		acceptVersion(item[method])
		kept := map[string]any{method: item[method]}
		paths[path] = kept
		if folder, ok := strings.CutSuffix(path, "/contents/{path}"); ok {
			for depth := 1; depth <= 3; depth++ {
				paths[folder+"/contents/"+strings.Join([]string{"{a}", "{b}", "{c}"}[:depth], "/")+"/{path}"] = deeper(kept, depth)
			}
		}
	}
	components := map[string]any{}
	collect(doc, paths, components)
	text = encode(map[string]any{"openapi": doc["openapi"], "info": doc["info"], "paths": paths, "components": components})
	cut := filepath.Join(t.TempDir(), "github.json")
	if err := os.WriteFile(cut, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return cut
}

// acceptVersion lets the answers of an operation also be accepted as go-github
// asks for them.
func acceptVersion(operation any) {
	o, _ := operation.(map[string]any)
	answers, _ := o["responses"].(map[string]any)
	for _, answer := range answers {
		a, _ := answer.(map[string]any)
		content, _ := a["content"].(map[string]any)
		if content["application/json"] != nil {
			content["application/vnd.github.v3+json"] = content["application/json"]
		}
	}
}

// deeper is a path of contents that is so many folders below the first.
func deeper(item map[string]any, depth int) map[string]any {
	var copied map[string]any
	_ = json.Unmarshal(encode(item), &copied) // just encoded
	for _, operation := range copied {
		o, _ := operation.(map[string]any)
		parameters, _ := o["parameters"].([]any)
		for _, name := range []string{"a", "b", "c"}[:depth] {
			parameters = append(parameters, map[string]any{"name": name, "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
		}
		o["parameters"] = parameters
		o["operationId"] = fmt.Sprint(o["operationId"], depth)
	}
	return copied
}

// collect copies the components that a value names, and those that they name.
func collect(doc map[string]any, value any, into map[string]any) {
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			collect(doc, e, into)
		}
	case map[string]any:
		for _, e := range v {
			collect(doc, e, into)
		}
		name, ok := v["$ref"].(string)
		parts := strings.Split(name, "/") // #/components/KIND/NAME
		if !ok || len(parts) != 4 {
			return
		}
		kind, _ := into[parts[2]].(map[string]any)
		if kind == nil {
			kind = map[string]any{}
			into[parts[2]] = kind
		}
		if _, known := kind[parts[3]]; known {
			return
		}
		components, _ := doc["components"].(map[string]any)
		ofKind, _ := components[parts[2]].(map[string]any)
		kind[parts[3]] = ofKind[parts[3]]
		collect(doc, ofKind[parts[3]], into)
	}
}

// notices checks that a proxy reports what breaks a description, on both
// sides.
func (p *proxies) notices(t *testing.T) {
	t.Helper()
	broken := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `[{"number": "seven"}]`)
	})
	for path, part := range map[string]string{
		"/repos/octo/shop/pulls?state=merged": "request", "/repos/octo/shop/pulls": "response", "/repos/octo/shop/unheard-of": "route not found",
	} {
		rec := httptest.NewRecorder()
		p.through(broken, "a wrong one").ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		seen := p.take()
		if !slices.ContainsFunc(seen, func(v string) bool { return strings.Contains(v, part) }) {
			t.Errorf("GET %s breaks the description, and the proxy says %q", path, seen)
		}
	}
}

// report fails for each violation, and for each operation that was not seen.
func (p *proxies) report(t *testing.T) {
	t.Helper()
	for _, v := range p.take() {
		t.Error(v)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, proxy := range p.each {
		for _, operation := range proxy.operations {
			if proxy.seen[operation] == 0 {
				t.Errorf("%s was never answered with success", operation)
			}
		}
	}
	t.Logf("%d requests were compared, %d exempt", p.compared, p.exempt)
}
