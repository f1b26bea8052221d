package http

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/views/links"
)

// misspelled are ways in which people write a parameter wrongly.
func misspelled(name string) []string {
	list := []string{name + "s", name[:1] + name, strings.ToUpper(name)}
	if bare := strings.ReplaceAll(name, "_", ""); bare != name {
		list = append(list, bare, strings.ReplaceAll(name, "_", "-"))
	}
	return list
}

// writes are the routes that change or send something.
func writes() []server.Route {
	return slices.DeleteFunc(slices.Clone(routes()), func(r server.Route) bool { return r.Method == http.MethodGet })
}

// TestWritesRefuseUnknownParameters asks every route that changes or sends
// something with parameters that it does not read: a misspelled dry_run would
// else be a real run.
func TestWritesRefuseUnknownParameters(t *testing.T) {
	p := program.WithRuns(t, program.Sample(), nil)
	_, before := p.Get("/api/jobs")
	all := writes()
	for _, r := range all {
		refuses(p, r, "", "nothing-like-it", strings.Join(append(slices.Clone(r.Params), "This address accepts"), " "))
		refuses(p, r, "", "", "Unknown parameter")
		for _, name := range r.Params {
			for _, wrong := range misspelled(name) {
				if !slices.Contains(r.Params, wrong) {
					refuses(p, r, name, wrong, "Did you mean ")
				}
			}
		}
	}
	if _, after := p.Get("/api/jobs"); after != before || len(all) < 20 {
		t.Errorf("%d routes were asked; a job was started: %s", len(all), after)
	}
}

// refuses asks a route with an unknown parameter, which may have been meant as
// another, in the query and, of a page's action, in the form.
func refuses(p *program.Program, r server.Route, meant, wrong, says string) {
	p.T.Helper()
	path := strings.NewReplacer(":file", "a.json", ":id", program.SampleSession).Replace(r.Path)
	sent := url.Values{wrong: {"true"}}.Encode()
	ways := map[string][2]string{"query": {path + "?" + sent, ""}}
	if !strings.HasPrefix(path, "/api/") && path != links.MCP {
		ways["form"] = [2]string{path, sent}
	}
	for way, ask := range ways {
		res, body := p.Do(r.Method, ask[0], ask[1])
		var told struct{ Error, Code string }
		if strings.HasPrefix(path, "/api/") && (json.Unmarshal([]byte(body), &told) != nil || told.Code != "invalid") {
			p.T.Errorf("%s %s: %s", r.Method, ask[0], body)
		}
		for _, text := range append(strings.Fields(says), wrong, meant) {
			if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, text) {
				p.T.Errorf("%s %s, %q in the %s: %d, without %q", r.Method, path, wrong, way, res.StatusCode, text)
			}
		}
	}
}

// TestFlagsNeedAValue: one that is there without a value, or with a word that
// is neither true nor false, is not taken for false.
func TestFlagsNeedAValue(t *testing.T) {
	p := program.WithRuns(t, program.Sample(), nil)
	for _, address := range []string{
		"/api/backfill?dry_run", "/api/backfill?dry_run=", "/api/backfill?dry_run=yes", "/api/backfill?undo", "/api/poll?async=",
		"/api/runs/a.json/accept-scope?undo",
		"/actions/backfill?dry_run", "/actions/backfill?dry_run=yes", "/actions/accept-scope?file=a.json&undo=on",
	} {
		if res, body := p.Do("POST", address, ""); res.StatusCode != 400 || !strings.Contains(body, "want true or false") {
			t.Errorf("%s: %d %s", address, res.StatusCode, body)
		}
	}
	for _, path := range []string{"/api/backfill", "/actions/backfill"} {
		if res, body := p.Do("POST", path, "dry_run="); res.StatusCode != 400 || !strings.Contains(body, "want true or false") {
			t.Errorf("an empty field to %s: %d %s", path, res.StatusCode, body)
		}
	}
	for _, way := range [][2]string{{"?dry_run=1", ""}, {"?dry_run=TRUE", ""}, {"", "dry_run=true"}, {"", "dry_run=1"}} {
		if res, _ := p.Do("POST", "/actions/backfill"+way[0], way[1]); res.StatusCode != 303 {
			t.Fatalf("%q: %d", way, res.StatusCode)
		}
		p.Do("POST", "/api/backfill?dry_run=true", "") // it joins the job or follows it, and waits for its end
	}
	var jobs struct {
		Items []struct {
			Kind   string
			Result struct {
				DryRun bool `json:"dry_run"`
			}
		}
	}
	_, body := p.Get("/api/jobs?per_page=200")
	if err := json.Unmarshal([]byte(body), &jobs); err != nil {
		t.Fatal(err)
	}
	dry := 0
	for _, j := range jobs.Items {
		if j.Kind == "backfill" && j.Result.DryRun {
			dry++
		} else if j.Kind == "backfill" {
			t.Errorf("a dry run became a real one: %+v", j)
		}
	}
	if dry < 4 {
		t.Errorf("%d dry runs: %s", dry, body)
	}
}
