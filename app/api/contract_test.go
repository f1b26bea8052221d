package api_test

import (
	"context"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/api/apitest"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/static"
	"telemetry-dashboard/views/links"
)

func contract(t testing.TB) *apitest.Contract {
	t.Helper()
	c, err := described()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// described is the description of the API, which takes a while to check.
var described = sync.OnceValues(func() (*apitest.Contract, error) {
	return apitest.Load(context.Background(), static.OpenAPI())
})

// served are the routes of an API that has no database.
func served() []api.Route {
	return (&api.API{Dashboard: dashboard.New(storetest.Reading(nil))}).Routes()
}

// TestListsAreDescribed: every list has its endpoint and its downloads, with
// the sorts and the columns that the list itself has.
func TestListsAreDescribed(t *testing.T) {
	c, all := contract(t), reflect.ValueOf(storetest.Reading(nil).Lists)
	for i := range all.NumField() {
		list := all.Field(i).Interface().(interface {
			Schema() *query.Schema
			Sorts() []string
			Head() []string
		})
		path := "GET " + links.APIList(list.Schema().Name)
		for _, endpoint := range []string{path, path + ".csv", path + ".json"} {
			if !slices.Contains(c.Endpoints(), endpoint) {
				t.Errorf("%s is not described", endpoint)
			} else if got := slices.Sorted(slices.Values(c.Words(endpoint, "sort"))); !slices.Equal(got, list.Sorts()) {
				t.Errorf("%s sorts by %q, described are %q", endpoint, list.Sorts(), got)
			}
		}
		if columns := strings.Join(list.Head(), ", "); !strings.Contains(c.Text(path+".csv"), "Columns: "+columns+".") {
			t.Errorf("%s.csv has the columns %s", path, columns)
		}
	}
}

// TestGeneratorsReadTheDescription: nothing stands in it that they are known to
// stumble over; task contract lets two of them read it.
func TestGeneratorsReadTheDescription(t *testing.T) {
	if obstacles, err := contract(t).Obstacles(); err != nil || len(obstacles) > 0 {
		t.Errorf("%v\n%s", err, strings.Join(obstacles, "\n"))
	}
}

// TestDescribed: what is served is described, and the other way round.
func TestDescribed(t *testing.T) {
	var endpoints []string
	for _, r := range served() {
		endpoints = append(endpoints, r.Method+" "+apitest.Template(r.Path))
	}
	described := contract(t).Endpoints()
	for _, e := range endpoints {
		if !slices.Contains(described, e) {
			t.Errorf("%s is served, and static/openapi.yaml does not describe it", e)
		}
	}
	for _, e := range described {
		if !slices.Contains(endpoints, e) {
			t.Errorf("%s is described in static/openapi.yaml, and not served", e)
		}
	}
}

// TestParametersOfWritesAreDescribed: what a writing endpoint does not describe
// it refuses, and it reads all that it describes.
func TestParametersOfWritesAreDescribed(t *testing.T) {
	for _, r := range served() {
		endpoint := r.Method + " " + apitest.Template(r.Path)
		read, described := slices.Sorted(slices.Values(r.Params)), contract(t).QueryParameters(endpoint)
		if r.Method != "GET" && !slices.Equal(read, described) {
			t.Errorf("%s reads the query parameters %q, and static/openapi.yaml describes %q", endpoint, read, described)
		}
	}
}

// ask is one request of an endpoint, and the status that it must get.
type ask struct {
	endpoint string // "GET /api/jobs/{id}"
	path     string
	body     string
	status   int
}

func TestAnswersKeepTheContract(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.deliver()
	w.json("POST", "/api/refresh", "")
	w.json("POST", "/api/poll", "")
	scope := "/api/runs/octo_big_run_5.json/accept-scope"
	asks := append(asksOf(t, w), ask{"POST /api/runs/{file}/accept-scope", scope, "", 200}, ask{"DELETE /api/runs/{file}/accept-scope", scope, "", 200})
	asks = append(asks, ask{"GET /api/deliveries", "/api/deliveries?state=ignored,done&event=pull_request", "", 200},
		ask{"GET /api/deliveries", "/api/deliveries?state=lost", "", 400},
		ask{"GET /api/audit", "/api/audit?result=done,failed&action=refresh,poll&since=2020-01-01T00:00:00Z", "", 200},
		ask{"GET /api/audit", "/api/audit?result=odd", "", 400},
		ask{"POST /api/deliveries/{id}/retry", "/api/deliveries/delivery-0/retry", "", 202},
		ask{"POST /api/deliveries/{id}/retry", "/api/deliveries/delivery-1/retry", "", 409},
		ask{"POST /api/deliveries/{id}/retry", "/api/deliveries/none/retry", "", 404})
	asks = append(asks, notifyAsks()...)
	checkAll(t, w, asks)
	w = newWorld(t, handmade(t), true) // from an address that has not asked the upstreams as often
	w.populate()
	w.json("POST", "/api/refresh", "")
	batches := batchAsks(w)
	checkAll(t, w, batches)
	asks = append(asks, batches...)
	for _, e := range contract(t).Endpoints() {
		if e == "DELETE /api/jobs/{id}" || e == "POST /api/files/accept-listing" {
			continue // they need a job that runs and a held listing: TestCancel and TestAcceptListing ask them
		}
		if !slices.ContainsFunc(asks, func(a ask) bool { return a.endpoint == e && a.status < 300 }) {
			t.Errorf("no good request of %s is among the asks", e)
		}
	}
}

// TestRealAnswersKeepTheContract asks every GET on the real records.
func TestRealAnswersKeepTheContract(t *testing.T) {
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	w := newWorld(t, dir, false)
	w.json("POST", "/api/refresh", "")
	asks := asksOf(t, w)
	asks = slices.DeleteFunc(asks, func(a ask) bool {
		return !strings.HasPrefix(a.endpoint, "GET ") || a.status != 200 || strings.Contains(a.path, "/messages") || strings.Contains(a.path, "/dispatch/") ||
			strings.Contains(a.path, "/campaigns/")
	})
	for _, list := range []string{"runs", "sessions", "prs", "issues", "files", "verifications", "changes", "needs-attention", "deliveries", "decisions", "audit"} {
		asks = append(asks, ask{"GET /api/" + list, "/api/" + list + "?per_page=200", "", 200})
	}
	checkAll(t, w, asks)
}

func checkAll(t *testing.T, w *world, asks []ask) {
	t.Helper()
	c := contract(t)
	for _, a := range asks {
		method, template, _ := strings.Cut(a.endpoint, " ")
		got := w.do(method, a.path, a.body)
		if got.StatusCode != a.status {
			t.Errorf("%s %s %s: %d, want %d: %.300s", method, a.path, a.body, got.StatusCode, a.status, got.body)
			continue
		}
		if err := c.Check(method, template, got.Response, got.body); err != nil {
			t.Errorf("%s: %v", a.path, err)
		}
		if got.StatusCode == 200 && method == "GET" {
			if head := w.do("HEAD", a.path, ""); head.StatusCode != 200 || len(head.body) != 0 || head.Header.Get("Content-Type") != got.Header.Get("Content-Type") {
				t.Errorf("HEAD %s: %s with %d bytes", a.path, head.Status, len(head.body))
			}
		}
	}
}

// asksOf are good and bad requests of every endpoint.
func asksOf(t *testing.T, w *world) []ask {
	t.Helper()
	issue, session := w.first("/api/issues", "id"), w.first("/api/sessions", "session_id")
	run := url.PathEscape(w.first("/api/runs?kind=scan", "_file"))
	pull := w.first("/api/prs", "repo") + "/" + w.first("/api/prs", "pr_number")
	repo := w.first("/api/issues", "repo")
	asks := slices.Concat(listAsks(repo), detailAsks(issue, session, run, pull, repo), decisionAsks(w), campaignAsks(w), jobAsks(w), findAsks(w, repo), upstreamAsks(session, "octo/widgets"))
	for _, path := range []string{"/api/stats", "/api/trends", "/api/effectiveness", "/api/effectiveness?period=all&repo=" + repo,
		"/api/owners", "/api/owners?period=all&repo=" + repo, "/api/config", "/api/openapi.yaml", "/api/repos", "/api/repos?sort=open&order=asc"} {
		asks = append(asks, ask{"GET " + strings.SplitN(path, "?", 2)[0], path, "", 200})
	}
	return append(asks, ask{"GET /api/stats", "/api/stats?as_of=soon", "", 400}, ask{"GET /api/trends", "/api/trends?period=never", "", 400},
		ask{"GET /api/effectiveness", "/api/effectiveness?period=never", "", 400}, ask{"GET /api/effectiveness", "/api/effectiveness?as_of=soon", "", 400},
		ask{"GET /api/owners", "/api/owners?period=never", "", 400}, ask{"GET /api/owners", "/api/owners?repo=no/such", "", 404},
		ask{"GET /api/effectiveness", "/api/effectiveness?repo=no/such", "", 404}, ask{"GET /api/trends", "/api/trends?as_of=soon", "", 400},
		ask{"GET /api/repos", "/api/repos?sort=colour", "", 400}, ask{"GET /api/repos", "/api/repos?order=up", "", 400}, ask{"GET /api/repos", "/api/repos?q=colour:red", "", 400})
}

func listAsks(repo string) (asks []ask) {
	for _, list := range []string{"runs", "sessions", "prs", "issues", "files", "jobs", "verifications", "changes", "needs-attention", "deliveries", "decisions", "audit"} {
		path := "/api/" + list
		for query, status := range map[string]int{"": 200, "?page=2&per_page=1": 200, "?page=0&per_page=0": 200, "?page=-7&per_page=100000": 200, "?page=9223372036854775807": 200,
			"?page=abc": 400, "?page=1e3": 400, "?page=1.5": 400, "?page=9223372036854775808": 400, "?page=": 400, "?per_page=x": 400, "?per_page=": 400, "?order=up": 400, "?sort=colour": 400} {
			asks = append(asks, ask{"GET " + path, path + query, "", status})
		}
		if list != "files" && list != "jobs" && list != "audit" {
			asks = append(asks, ask{"GET " + path, path + "?repo=" + repo, "", 200}, ask{"GET " + path, path + "?repo=" + url.QueryEscape("https://github.com/"+repo+".git/"), "", 200},
				ask{"GET " + path, path + "?repo=no/such", "", 200}, ask{"GET " + path, path + "?repo=%2F%2F", "", 400})
		}
	}
	return append(asks,
		ask{"GET /api/runs", "/api/runs?kind=dispatch&sums=true", "", 200}, ask{"GET /api/runs", "/api/runs?kind=verification", "", 400},
		ask{"GET /api/sessions", "/api/sessions?state=never_started,waiting&run_number=1", "", 200}, ask{"GET /api/sessions", "/api/sessions?state=tired", "", 400}, ask{"GET /api/sessions", "/api/sessions?run_number=one", "", 400},
		ask{"GET /api/prs", "/api/prs?state=open&sums=true", "", 200}, ask{"GET /api/prs", "/api/prs?state=open,closed", "", 400},
		ask{"GET /api/issues", "/api/issues?status=open&severity=high&family=xss&rule=js/xss&sort=severity", "", 200}, ask{"GET /api/issues", "/api/issues?status=lost", "", 400}, ask{"GET /api/issues", "/api/issues?q=colour:red", "", 400},
		ask{"GET /api/sources", "/api/sources", "", 200}, ask{"GET /api/files", "/api/files?state=error", "", 200}, ask{"GET /api/files", "/api/files?state=bad", "", 400})
}

func detailAsks(issue, session, run, pull, repo string) []ask {
	return []ask{
		{"GET /api/issues/{id}", "/api/issues/" + issue, "", 200}, {"GET /api/issues/{id}", "/api/issues/000000000000", "", 404},
		{"GET /api/sessions/{id}", "/api/sessions/" + session, "", 200}, {"GET /api/sessions/{id}", "/api/sessions/none", "", 404},
		{"GET /api/prs/{owner}/{name}/{number}", "/api/prs/" + pull, "", 200}, {"GET /api/prs/{owner}/{name}/{number}", "/api/prs/a/b/1", "", 404}, {"GET /api/prs/{owner}/{name}/{number}", "/api/prs/a/b/x", "", 400},
		{"GET /api/runs/{file}", "/api/runs/" + run, "", 200}, {"GET /api/runs/{file}", "/api/runs/none.json", "", 404},
		{"GET /api/runs/{file}/raw", "/api/runs/" + run + "/raw", "", 200}, {"GET /api/runs/{file}/raw", "/api/runs/none.json/raw", "", 404},
		{"GET /api/runs/{file}/diff", "/api/runs/" + run + "/diff", "", 200}, {"GET /api/runs/{file}/diff", "/api/runs/none.json/diff", "", 404},
		{"POST /api/runs/{file}/accept-scope", "/api/runs/none.json/accept-scope", "", 404}, {"DELETE /api/runs/{file}/accept-scope", "/api/runs/none.json/accept-scope", "", 404},
		{"GET /api/repo/{owner}/{name}", "/api/repo/" + repo, "", 200}, {"GET /api/repo/{owner}/{name}", "/api/repo/" + strings.ToUpper(repo) + "/?page=2&per_page=3", "", 200},
		{"GET /api/repo/{repository}", "/api/repo/" + strings.Replace(repo, "/", "%2F", 1), "", 200}, {"GET /api/repo/{repository}", "/api/repo/no%2fsuch", "", 404}, {"GET /api/repo/{repository}", "/api/repo/such", "", 404},
		{"GET /api/repo/{owner}/{name}", "/api/repo/no/such", "", 404}, {"GET /api/repo/{owner}/{name}", "/api/repo/../etc", "", 404}, {"GET /api/repo/{owner}/{name}", "/api/repo/a/%2e%2e", "", 404},
		{"GET /api/repo/{owner}/{name}", "/api/repo/" + repo + "?page=x", "", 400}, {"GET /api/repo/{owner}/{name}", "/api/repo/" + repo + "?sort=x", "", 400},
	}
}

func decisionAsks(w *world) []ask {
	open, one, made := "/api/decisions", w.first("/api/issues?q=is:open", "id"), "/api/decisions/1"
	return []ask{
		{"POST /api/decisions", open, `{"issues":["` + one + `"],"action":"accept","until":"2999-01-31","comment":"<b>"}`, 201},
		{"POST /api/decisions", open, `{"issues":["` + one + `"],"action":"assign","assignee":"@me"}`, 201},
		{"POST /api/decisions", open, `{"q":"is:open","expect":1000,"action":"comment","comment":"x"}`, 409},
		{"POST /api/decisions", open, `{"issues":["000000000000"],"action":"comment","comment":"x"}`, 404}, {"POST /api/decisions", open, `{}`, 400},
		{"GET /api/decisions", "/api/decisions?action=accept&issue=" + one, "", 200}, {"GET /api/decisions", "/api/decisions?action=forget", "", 400},
		{"GET /api/issues/{id}", "/api/issues/" + one, "", 200}, {"GET /api/issues", "/api/issues?state=accepted,open", "", 200},
		{"DELETE /api/decisions/{id}", made, "", 200}, {"DELETE /api/decisions/{id}", made, "", 200}, {"DELETE /api/decisions/{id}", "/api/decisions/99", "", 404},
		{"DELETE /api/decisions/{id}", "/api/decisions/x", "", 400}, {"GET /api/decisions.csv", "/api/decisions.csv", "", 200}, {"GET /api/decisions.json", "/api/decisions.json", "", 200},
	}
}

func jobAsks(w *world) []ask {
	return []ask{
		{"POST /api/refresh", "/api/refresh", "", 200}, {"POST /api/refresh", "/api/refresh?async=true", "", 202}, {"POST /api/refresh", "/api/refresh?async=maybe", "", 400},
		{"POST /api/poll", "/api/poll", "", 200}, {"POST /api/poll", "/api/poll?async=1", "", 202}, {"POST /api/poll-prs", "/api/poll-prs", "", 200}, {"POST /api/poll-prs", "/api/poll-prs?async=true", "", 202},
		{"POST /api/backfill", "/api/backfill?dry_run=true", "", 200}, {"POST /api/backfill", "/api/backfill?dry_run=perhaps", "", 400}, {"POST /api/backfill", "/api/backfill", `{"dry_run":true}`, 200},
		{"POST /api/backfill", "/api/backfill", "{", 400}, {"POST /api/backfill", "/api/backfill", "", 200}, {"POST /api/backfill", "/api/backfill?async=true", "", 202},
		{"GET /api/jobs/{id}", "/api/jobs/" + w.first("/api/jobs", "id"), "", 200}, {"GET /api/jobs/{id}", "/api/jobs/none", "", 404},
	}
}

func upstreamAsks(session, repo string) []ask {
	messages, path := " /api/sessions/{id}/messages", "/api/sessions/"+session+"/messages"
	preflight, dispatch := "GET /api/dispatch/preflight", "POST /api/dispatch"
	asks := []ask{
		{"GET" + messages, path, "", 200}, {"GET" + messages, "/api/sessions/none/messages", "", 404},
		{"POST" + messages, path, `{"message":"main"}`, 202}, {"POST" + messages, "/api/sessions/none/messages", `{"message":"main"}`, 404},
		{preflight, "/api/dispatch/preflight?target_repo=" + repo, "", 200}, {preflight, "/api/dispatch/preflight", "", 400}, {preflight, "/api/dispatch/preflight?target_repo=x", "", 400},
		{dispatch, "/api/dispatch", `{"target_repo":"` + repo + `"}`, 202},
		{dispatch, "/api/dispatch", `{"target_repo":"https://github.com/o/r","languages":["javascript","python"],"queries":"security-extended","persist_logs":true,"include_paths":"src","exclude_paths":[],"batch_size":5,
			"max_sessions":"10","severity_threshold":"high","dry_run":"false","default_branch":"main"}`, 202},
	}
	for _, body := range []string{"", "{", "[]", "null", `"x"`, `{}`, `{"message":""}`, `{"message":"  "}`, `{"message":5}`, `{"message":"a","x":1}`, `{"message":"a"}{}`, `{"message":"` + strings.Repeat("a", 30001) + `"}`} {
		asks = append(asks, ask{"POST" + messages, path, body, 400})
	}
	for _, body := range []string{"", "[]", `{}`, `{"target_repo":"x"}`, `{"target_repo":5}`, `{"target_repo":"o/r","batch_size":"five"}`, `{"target_repo":"o/r","batch_size":0}`, `{"target_repo":"o/r","max_sessions":-1}`,
		`{"target_repo":"o/r","severity_threshold":"worst"}`, `{"target_repo":"o/r","dry_run":"perhaps"}`, `{"target_repo":"o/r","default_branch":"--upload-pack=x"}`, `{"target_repo":"o/r","languages":{"a":1}}`,
		`{"target_repo":"o/r","queries":[1]}`, `{"target_repo":"o/r","surprise":1}`, `{"target_repo":"o/r","queries":"a\nb"}`} {
		asks = append(asks, ask{dispatch, "/api/dispatch", body, 400})
	}
	return asks
}

// TestFailuresKeepTheContract: what goes wrong at upstreams and at the door.
func TestFailuresKeepTheContract(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	c := contract(t)
	check := func(method, template, path, body string, status int, headers ...string) {
		t.Helper()
		got := w.do(method, path, body, headers...)
		if got.StatusCode != status {
			t.Errorf("%s %s: %d, want %d: %s", method, path, got.StatusCode, status, got.body)
		} else if err := c.Check(method, template, got.Response, got.body); err != nil {
			t.Error(err)
		}
	}
	check("POST", "/api/refresh", "/api/refresh", "", 403, "Origin: https://evil.example")
	check("POST", "/api/refresh", "/api/refresh", "", 403, "Sec-Fetch-Site: cross-site")
	check("POST", "/api/dispatch", "/api/dispatch", "target_repo=o%2Fr", 400, "Content-Type: application/x-www-form-urlencoded")
	check("POST", "/api/dispatch", "/api/dispatch", `{"target_repo":"o/r"}`, 415, "Content-Encoding: gzip")
	for status, want := range map[int]int{401: 502, 403: 502, 500: 502, 429: 429} {
		w.devin.Fail(devintest.KindList, devintest.Fault{Status: status, RetryAfter: "7"})
		check("POST", "/api/poll", "/api/poll", "", want)
	}
	w.devin.Fail(devintest.KindList, devintest.Fault{NotJSON: true})
	check("POST", "/api/poll", "/api/poll", "", 502)
	for _, path := range []string{"/api", "/api/", "/api/nothing", "/api//stats", "/api/stats/x", "/api/%2e%2e/stats", "/api/stats%2f"} {
		if got := w.do("GET", path, ""); got.StatusCode != 404 || !strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %s %s %.100s", path, got.Status, got.Header.Get("Content-Type"), got.body)
		}
	}
}

// TestMissingVariables: without tokens each action says which it needs.
func TestMissingVariables(t *testing.T) {
	w := newWorld(t, handmade(t), false)
	w.json("POST", "/api/refresh", "")
	c := contract(t)
	for _, tc := range []struct{ method, template, path, body, names string }{
		{"POST", "/api/poll", "/api/poll", "", "DEVIN_API_KEY"},
		{"POST", "/api/poll-prs", "/api/poll-prs", "", "GITHUB_TOKEN"},
		{"GET", "/api/sessions/{id}/messages", "/api/sessions/" + waiting + "/messages", "", "DEVIN_API_KEY"},
		{"POST", "/api/sessions/{id}/messages", "/api/sessions/devin-" + waiting + "/messages", `{"message":"x"}`, "DEVIN_API_KEY"},
		{"POST", "/api/dispatch", "/api/dispatch", `{"target_repo":"o/r"}`, "GITHUB_TOKEN and ACTION_REPO"},
		{"GET", "/api/dispatch/preflight", "/api/dispatch/preflight?target_repo=o/r", "", "GITHUB_TOKEN"},
	} {
		got := w.do(tc.method, tc.path, tc.body)
		if got.StatusCode != 400 || !strings.Contains(string(got.body), tc.names) || !strings.Contains(string(got.body), "missing_setting") {
			t.Errorf("%s %s: %s %s, want 400 naming %s", tc.method, tc.path, got.Status, got.body, tc.names)
		}
		if err := c.Check(tc.method, tc.template, got.Response, got.body); err != nil {
			t.Error(err)
		}
	}
}
