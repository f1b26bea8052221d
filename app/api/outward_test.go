package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReplyReachesDevin(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	got := w.do("POST", "/api/sessions/"+strings.ToUpper(waiting)+"/messages", `{"message":" the branch is main\n"}`)
	if got.StatusCode != 202 || !strings.Contains(string(got.body), "devin-"+waiting) {
		t.Fatalf("%s %s", got.Status, got.body)
	}
	s, _ := w.devin.Session(waiting)
	if last := s.Messages[len(s.Messages)-1]; last.From != "user" || last.Text != "the branch is main" {
		t.Errorf("Devin has %+v", last)
	}
	var list struct {
		Items []struct{ From, Message string }
	}
	if err := json.Unmarshal(w.do("GET", "/api/sessions/"+waiting+"/messages", "").body, &list); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(list.Items) != "[{devin Which branch?} {user the branch is main}]" {
		t.Errorf("messages: %v", list.Items)
	}
}

// TestNeverStartedHasNoMessages: there is nobody to talk to.
func TestNeverStartedHasNoMessages(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.json("POST", "/api/refresh", "")
	for _, id := range []string{"octo_widgets_run_1.json%231", "octo_widgets_run_1.json%232", "dry-run", "devin-", "%20"} {
		if got := w.do("POST", "/api/sessions/"+id+"/messages", `{"message":"x"}`); got.StatusCode != 404 {
			t.Errorf("%s: %s %s", id, got.Status, got.body)
		}
	}
}

func TestDispatchReachesGitHub(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	var inputs map[string]string
	w.github.OnDispatch(func(in map[string]string) { inputs = in })
	answer := w.json("POST", "/api/dispatch", `{"target_repo":"octo/widgets","languages":["javascript","python"],"persist_logs":true,"batch_size":5,"max_sessions":"10","dry_run":false,"queries":"","default_branch":null,"force":true}`)
	want := map[string]string{"target_repo": "https://github.com/octo/widgets", "languages": "javascript,python", "persist_logs": "true", "batch_size": "5", "max_sessions": "10", "dry_run": "false"}
	if diff := cmp.Diff(want, inputs); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	expected := map[string]any{
		"success": true, "message": "Started codeql-fixer.yml for https://github.com/octo/widgets on main.", "warnings": []any{},
		"target_repo": "https://github.com/octo/widgets", "workflow": "codeql-fixer.yml", "ref": "main",
		"action_repo": "", // the runs came from a directory
	}
	if diff := cmp.Diff(expected, answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// TestDispatchNamesItsServer: a repository's URL is on the server that GitHub
// is here, unless it is given.
func TestDispatchNamesItsServer(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.api.GitHubWeb = "https://git.example"
	for given, want := range map[string]string{"octo/widgets": "https://git.example/octo/widgets", "https://else.example/octo/widgets": "https://else.example/octo/widgets"} {
		if got := w.json("POST", "/api/dispatch", `{"target_repo":"`+given+`"}`)["target_repo"]; got != want {
			t.Errorf("%s is sent as %v, want %s", given, got, want)
		}
	}
}

// TestPreflight: open pull requests of earlier runs, in the fork too; not a
// bot's.
func TestPreflight(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	got := w.json("GET", "/api/dispatch/preflight?target_repo=OCTO/widgets", "")
	numbers := map[string]bool{}
	for _, p := range got["prs"].([]any) {
		numbers[fmt.Sprint(p.(map[string]any)["repo"], "#", p.(map[string]any)["pr_number"])] = true
	}
	if diff := cmp.Diff(map[string]bool{"fixer/widgets#5": true, "fixer/widgets#6": true}, numbers); diff != "" || got["open_prs"] != 2.0 {
		t.Errorf("%v (-want +got):\n%s", got, diff)
	}
}

// TestDryRunInTheBody: a dry run that is asked for in a form or in JSON is
// one, however the type is written, and a body that is not understood never
// gets the real thing.
func TestDryRunInTheBody(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		body, media, says string
		status            int
	}{
		{`{"dry_run":true}`, "application/json", `"dry_run":true`, 200},
		{`{"dry_run":true}`, "Application/JSON; charset=UTF-8", `"dry_run":true`, 200},
		{"dry_run=true", form, `"dry_run":true`, 200},
		{"dry_run=true", strings.ToUpper(form), `"dry_run":true`, 200},
		{`{"dry_run":true}`, form, "Unknown field", 400}, // curl -d without a header
		{`{"dryrun":true}`, "application/json", "Unknown field", 400},
		{`{"DRY_RUN":true}`, "application/json", "Unknown field", 400},
		{"dry-run=true", form, "Unknown field", 400},
		{`{"dry_run":"perhaps"}`, "application/json", "true or false", 400},
	} {
		got := w.do("POST", "/api/backfill", c.body, "Content-Type: "+c.media)
		if got.StatusCode != c.status || !strings.Contains(string(got.body), c.says) {
			t.Errorf("%s as %s: %s %s", c.body, c.media, got.Status, got.body)
		}
	}
}

// TestBodyOfAGet: it changes nothing, neither here nor for who asks next.
func TestBodyOfAGet(t *testing.T) {
	w := newWorld(t, handmade(t), false)
	w.json("POST", "/api/refresh", "")
	for range 2 {
		got := w.do("GET", "/api/runs", "sums=true", "Content-Type: application/x-www-form-urlencoded")
		if got.StatusCode != 200 || strings.Contains(string(got.body), `"sums"`) {
			t.Errorf("%s %.200s", got.Status, got.body)
		}
	}
}

// TestPageAsAsked: a page beyond the end has no items and says its number.
func TestPageAsAsked(t *testing.T) {
	w := newWorld(t, handmade(t), false)
	w.json("POST", "/api/refresh", "")
	got := w.json("GET", "/api/runs?page=7&per_page=999", "")
	if got["page"] != 7.0 || got["per_page"] != 200.0 || len(got["items"].([]any)) != 0 || got["total"] != 6.0 || got["pages"] != 1.0 {
		t.Errorf("%v", got)
	}
	if body := string(w.do("GET", "/api/issues?page=9223372036854775807", "").body); !strings.Contains(body, `"page":9223372036854775807,`) {
		t.Errorf("%.200s", body)
	}
}
