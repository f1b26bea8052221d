package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/telemetry"
)

// items are the items of a list that existing clients read.
func (w *world) items(path string) (list []map[string]any) {
	w.t.Helper()
	raw, err := json.Marshal(w.json("GET", path, "")["items"])
	if err == nil {
		err = json.Unmarshal(raw, &list)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// TestDispatchWarns: a run is not started twice by chance. Who does not say
// force is told, force=false refuses, force=true does as it is told.
func TestDispatchWarns(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	w.github.Repo("octo/gadgets")
	started := 0
	w.github.OnDispatch(func(map[string]string) { started++ })
	for _, tc := range []struct {
		target, force string
		status        int
		starts        bool
		says          []string
	}{
		{"octo/gadgets", `false`, 202, true, nil}, // nothing speaks against it
		{"OCTO/gadgets", `false`, 409, false, []string{"has left no record yet"}},
		{"https://github.com/octo/gadgets.git", `null`, 202, true, []string{"has left no record yet"}},
		{"octo/gadgets", `true`, 202, true, nil},
		{"octo/widgets", `false`, 409, false, []string{"fixer/widgets#6", "fixer/widgets#5"}},
		{"octo/widgets", `null`, 202, true, []string{"fixer/widgets#6"}},
		{"octo/widgets", `false`, 409, false, []string{"has left no record yet", "fixer/widgets#5"}},
		{"octo/widgets", `"yes"`, 400, false, nil},
	} {
		before := started
		got := w.do("POST", "/api/dispatch", `{"target_repo":"`+tc.target+`","force":`+tc.force+`}`)
		var answer struct{ Warnings []string }
		_ = json.Unmarshal(got.body, &answer)
		said := strings.Join(answer.Warnings, " ")
		missing := slices.ContainsFunc(tc.says, func(s string) bool { return !strings.Contains(said, s) })
		if got.StatusCode != tc.status || started-before == 0 == tc.starts || missing || (tc.says == nil) != (said == "") {
			t.Errorf("%s force %s: %s %s", tc.target, tc.force, got.Status, got.body)
		}
	}
	archived := telemetry.RepoAnswer{Asked: "octo/gadgets", GitHubRepo: telemetry.GitHubRepo{ID: 7, Name: "octo/gadgets", Archived: true}}
	if _, err := w.api.Scope.(*derive.Writer).SaveRepos(t.Context(), []telemetry.RepoAnswer{archived}); err != nil {
		t.Fatal(err)
	}
	got := w.do("POST", "/api/dispatch", `{"target_repo":"octo/gadgets","force":false}`)
	if got.StatusCode != 409 || !strings.Contains(string(got.body), "octo/gadgets was archived on GitHub") {
		t.Errorf("a retired target: %s %s", got.Status, got.body)
	}
}

// TestPullRequestsForExistingClients: they sort by created_at as a text, and
// join by the bare id.
func TestPullRequestsForExistingClients(t *testing.T) {
	w := newWorld(t, handmade(t), false)
	w.json("POST", "/api/refresh", "")
	pulls, sessions := w.items("/api/prs"), w.items("/api/sessions")
	if len(pulls) != 1 || pulls[0]["created_at"] != "" || pulls[0]["session_id"] != fixing || pulls[0]["session_key"] != fixing {
		t.Errorf("pull requests: %v", pulls)
	}
	keys := []any{}
	for _, s := range sessions {
		keys = append(keys, s["session_key"])
	}
	if !slices.Contains(keys, any(fixing)) || !slices.Contains(keys, any(waiting)) {
		t.Errorf("session keys: %v", keys)
	}
}

// TestFoundPullsAreTheListed: also those that GitHub was never asked for.
func TestFoundPullsAreTheListed(t *testing.T) {
	for _, tokens := range []bool{false, true} {
		w := newWorld(t, handmade(t), tokens)
		w.populate()
		posts := []string{"/api/refresh"}
		if tokens {
			posts = append(posts, "/api/poll", "/api/poll-prs")
		}
		for _, path := range posts {
			found, total := w.json("POST", path, "")["prs_found"], w.json("GET", "/api/prs", "")["total"]
			if found != total || total == 0.0 {
				t.Errorf("%s (tokens: %t): prs_found %v, /api/prs has %v", path, tokens, found, total)
			}
		}
	}
}

// TestRunsCarryPolledSessions: what a poll learned stands in the run too,
// beside what the record says, and not in its answer of an earlier time.
func TestRunsCarryPolledSessions(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	session := func(path string) map[string]any {
		for _, r := range w.items(path) {
			if r["_file"] == "octo_widgets_run_1.json" {
				return r["sessions"].([]any)[0].(map[string]any)
			}
		}
		t.Fatalf("%s lacks the run", path)
		return nil
	}
	if s := session("/api/runs"); s["status"] != "created" || s["recorded_status"] != nil || s["pr_url"] != "" {
		t.Errorf("before a poll: %v", s)
	}
	w.json("POST", "/api/poll", "")
	polled := w.items("/api/sessions?q=session:" + waiting)[0]
	if polled["status"] == "created" || !strings.HasSuffix(polled["pr_url"].(string), "/fixer/widgets/pull/6") {
		t.Fatalf("a poll learned %v", polled)
	}
	for _, path := range []string{"/api/runs", "/api/runs?q=repo:octo/widgets"} {
		s := session(path)
		if s["status"] != polled["status"] || s["recorded_status"] != "created" || s["pr_url"] != polled["pr_url"] || s["batch_id"] != 1.0 {
			t.Errorf("%s after a poll: %v, want the status and pull request of %v", path, s, polled)
		}
	}
	if s := session("/api/runs?as_of=2026-03-01T00:00:00Z"); s["status"] != "created" {
		t.Errorf("as of an earlier time: %v", s)
	}
}

// TestBatchOfNoNumber: null stays null, and 0 is a number.
func TestBatchOfNoNumber(t *testing.T) {
	dir := t.TempDir()
	writeRecord(t, dir, "a.json", `{"target_repo":"o/r","run_number":1,"run_id":"1","timestamp":"2026-02-01T10:00:00Z","issues_found":0,"sessions":[
		{"session_id":"aaaaaaaa","batch_id":null,"status":"created"},{"session_id":"bbbbbbbb","status":"created"},{"session_id":"cccccccc","batch_id":0,"status":"created"}]}`)
	w := newWorld(t, dir, false)
	w.json("POST", "/api/refresh", "")
	for _, s := range w.items("/api/sessions") {
		want := map[string]any{"aaaaaaaa": nil, "bbbbbbbb": nil, "cccccccc": 0.0}[s["session_id"].(string)]
		if got, has := s["batch_id"]; got != want || !has {
			t.Errorf("%s has the batch %v, want %v", s["session_id"], got, want)
		}
		detail := w.json("GET", "/api/sessions/"+s["session_id"].(string), "")["mentions"].([]any)[0].(map[string]any)
		if detail["batch_id"] != want {
			t.Errorf("mention of %s: %v", s["session_id"], detail["batch_id"])
		}
	}
}

// TestRepoListIsByName: as existing pages show it.
func TestRepoListIsByName(t *testing.T) {
	w := newWorld(t, handmade(t), false)
	w.json("POST", "/api/refresh", "")
	var list []string
	for _, r := range w.json("GET", "/api/stats", "")["repo_list"].([]any) {
		list = append(list, r.(string))
	}
	if len(list) != 3 || !slices.IsSorted(list) {
		t.Errorf("%q", list)
	}
}
