package api_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// post sends a decision and returns the status and the answer.
func (w *world) post(body map[string]any, headers ...string) (int, map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	r := w.do("POST", "/api/decisions", string(text), headers...)
	var answer map[string]any
	if err := json.Unmarshal(r.body, &answer); err != nil {
		w.t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	return r.StatusCode, answer
}

func TestDecisionsByTheAPI(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	open := w.json("GET", "/api/issues?q=is:open", "")["total"].(float64)
	id := w.first("/api/issues?q=is:open", "id")
	comment := "<script>alert(1)</script> & “text”"
	status, made := w.post(map[string]any{"issues": []string{id}, "action": "dismiss", "reason": "won't fix", "comment": comment}, "Idempotency-Key: k1")
	if status != 201 || made["reason"] != "wont_fix" || made["comment"] != comment || made["by"] != "you" || made["issues"] != 1.0 {
		t.Fatal(status, made)
	}
	issue := w.json("GET", "/api/issues/"+id, "")
	if decided := issue["decision"].(map[string]any); issue["state"] != "dismissed" || issue["status"] == "dismissed" || decided["comment"] != comment {
		t.Error(issue["state"], issue["status"], issue["decision"])
	}
	if steps := fmt.Sprint(issue["timeline"]); !strings.Contains(steps, "Dismissed as won't fix by you.") {
		t.Error(steps)
	}
	stats := w.json("GET", "/api/stats", "")
	if n := w.json("GET", "/api/issues?q=is:open", "")["total"].(float64); n != open-1 || stats["dismissed"] != 1.0 ||
		stats["latest_issues"].(float64) != stats["open"].(float64)+1 || w.json("GET", "/api/issues?q=reason:wont_fix", "")["total"] != 1.0 {
		t.Error(n, open, stats["open"], stats["latest_issues"], stats["dismissed"])
	}

	// The same request again is the same decision; another one under its key is refused.
	if status, again := w.post(map[string]any{"issues": []string{id}, "action": "dismiss", "reason": "won't fix", "comment": comment},
		"Idempotency-Key: k1"); status != 201 || again["id"] != made["id"] {
		t.Error(status, again)
	}
	if status, other := w.post(map[string]any{"issues": []string{id}, "action": "comment", "comment": "x"}, "Idempotency-Key: k1"); status != 409 {
		t.Error(status, other)
	}
	if n := w.json("GET", "/api/decisions", "")["total"]; n != 1.0 {
		t.Errorf("%v decisions, want 1", n)
	}
	if noted := w.items("/api/audit?action=decide"); fmt.Sprint(noted[1]["after"]) != "the same request again, nothing was decided anew" ||
		!strings.HasPrefix(fmt.Sprint(noted[2]["after"]), "Dismissed") {
		t.Errorf("the audit log has %v", noted)
	}

	// All of a query, with the number confirmed.
	status, refused := w.post(map[string]any{"q": "is:open", "expect": open, "action": "assign", "assignee": "@me"})
	if want := fmt.Sprintf("The query now names %d issues, and not %d.", int(open-1), int(open)); status != 409 || !strings.Contains(refused["error"].(string), want) {
		t.Error(status, refused)
	}
	status, all := w.post(map[string]any{"q": "is:open", "expect": open - 1, "action": "assign", "assignee": "@me"})
	if n := w.json("GET", "/api/issues?q=assignee:@me", "")["total"]; status != 201 || n != open-1 || all["assignee"] != "you" {
		t.Error(status, all, n)
	}
	if undone := w.json("DELETE", fmt.Sprintf("/api/decisions/%v", all["id"]), ""); undone["undone_by"] != "you" {
		t.Error(undone)
	}
	if n := w.json("GET", "/api/issues?q=assignee:@me", "")["total"]; n != 0.0 {
		t.Errorf("%v are assigned after the undo", n)
	}
}

func TestDecisionsAreRefusedInWords(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	id, fixed := w.first("/api/issues?q=is:open", "id"), w.first("/api/issues?q=is:fixed", "id")
	one := []string{id}
	many := make([]string, telemetry.DecisionIssuesMost)
	for i := range many {
		many[i] = fmt.Sprintf("%012x", i)
	}
	next := time.Now().AddDate(1, 0, 0).Format(time.DateOnly)
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		want   string
	}{
		"a time that has passed": {map[string]any{"issues": one, "action": "accept", "until": "2020-01-01"}, 400, "Invalid until: the time has passed."},
		"no end":                 {map[string]any{"issues": one, "action": "accept"}, 400, "Invalid until: want the date"},
		"no date":                {map[string]any{"issues": one, "action": "accept", "until": "soon"}, 400, "Invalid until: want a date"},
		"an end of a dismissal":  {map[string]any{"issues": one, "action": "dismiss", "reason": "mitigated", "until": next}, 400, "Leave until out."},
		"an unknown action":      {map[string]any{"issues": one, "action": "forget"}, 400, "Invalid action: want dismiss"},
		"an unknown reason":      {map[string]any{"issues": one, "action": "dismiss", "reason": "boring"}, 400, "Invalid reason: want false_positive"},
		"a reason of a comment":  {map[string]any{"issues": one, "action": "comment", "comment": "x", "reason": "mitigated"}, 400, "Only a dismissal has a reason."},
		"an empty comment":       {map[string]any{"issues": one, "action": "comment", "comment": " "}, 400, "The comment is empty."},
		"a long comment":         {map[string]any{"issues": one, "action": "comment", "comment": strings.Repeat("x", 10_001)}, 400, "The comment has 10001 bytes; the limit is 10000."},
		"a comment of 100 KB":    {map[string]any{"issues": one, "action": "comment", "comment": strings.Repeat("x", 100<<10)}, 400, "The comment has 102400 bytes; the limit is 10000."},
		"more than is read":      {map[string]any{"issues": one, "action": "comment", "comment": strings.Repeat("x", 256<<10)}, 413, "larger than"},
		"one too many":           {map[string]any{"issues": slices.Concat(many, []string{"x"}), "action": "comment", "comment": "x"}, 400, "A decision is about at most 10000 issues; this names 10001."},
		"an unknown assignee":    {map[string]any{"issues": one, "action": "assign", "assignee": "nobody-here"}, 400, "Nobody here is called nobody-here."},
		"an unknown issue":       {map[string]any{"issues": []string{id, "000000000000"}, "action": "comment", "comment": "x"}, 404, "Issue 000000000000 not found. Nothing was decided."},
		"10,000 unknown issues":  {map[string]any{"issues": many, "action": "comment", "comment": strings.Repeat("<", 10_000)}, 404, "not found. Nothing was decided."},
		"a fixed issue":          {map[string]any{"issues": []string{id, fixed}, "action": "assign", "assignee": "@me"}, 400, "is fixed: nothing is left to decide."},
		"no issues":              {map[string]any{"issues": []string{}, "action": "comment", "comment": "x"}, 400, "No issues:"},
		"issues and a query":     {map[string]any{"issues": one, "q": "is:open", "action": "comment", "comment": "x"}, 400, "not both"},
		"an unconfirmed query":   {map[string]any{"q": "is:open", "action": "comment", "comment": "x"}, 400, "Invalid expect:"},
		"an invalid query":       {map[string]any{"q": "colour:red", "expect": 1, "action": "comment", "comment": "x"}, 400, "colour"},
		"an unknown field":       {map[string]any{"issues": one, "action": "comment", "comment": "x", "why": "y"}, 400, "Unknown field"},
	} {
		if status, answer := w.post(c.body); status != c.status || !strings.Contains(answer["error"].(string), c.want) {
			t.Errorf("%s: %d %v, want %d %s", name, status, answer, c.status, c.want)
		}
	}
	if r := w.do("DELETE", "/api/decisions/7", ""); r.StatusCode != 404 || !strings.Contains(string(r.body), "Decision 7 not found.") {
		t.Errorf("%d %s", r.StatusCode, r.body)
	}
	if n := w.json("GET", "/api/decisions", "")["total"]; n != 0.0 {
		t.Errorf("%v decisions were stored", n)
	}
}
