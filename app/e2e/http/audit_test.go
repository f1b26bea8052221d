package http

import (
	"encoding/json"
	"fmt"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestTheAuditLogTellsWhatChanged: what decisions, saved views and tokens were
// before and are after is in the log, newest first.
func TestTheAuditLogTellsWhatChanged(t *testing.T) {
	p := program.WithRuns(t, program.Sample(), program.Settings{"USER_NAME": "mona"})
	var issues struct{ Items []struct{ ID string } }
	_, body := p.Get("/api/issues?q=is:open")
	if err := json.Unmarshal([]byte(body), &issues); err != nil || len(issues.Items) < 2 {
		t.Fatalf("issues: %s, %v", body, err)
	}
	first, second := issues.Items[0].ID, issues.Items[1].ID
	var decision, view struct {
		ID json.RawMessage
	}
	post := func(path, object string, into any) {
		t.Helper()
		status, body := p.PostJSON(path, object)
		if status >= 300 || into != nil && json.Unmarshal([]byte(body), into) != nil {
			t.Fatalf("%s: %d %s", path, status, body)
		}
	}
	post("/api/decisions", fmt.Sprintf(`{"issues":[%q],"action":"dismiss","reason":"false_positive","comment":"<b>no</b>"}`, first), &decision)
	post("/api/decisions", fmt.Sprintf(`{"issues":[%q,%q],"action":"assign","assignee":"@me"}`, first, second), nil)
	if res, body := p.Do("DELETE", "/api/decisions/"+string(decision.ID), ""); res.StatusCode != 200 {
		t.Fatalf("undo: %d %s", res.StatusCode, body)
	}
	post("/api/views", `{"name":"old","list":"issues","query":"q=is:open"}`, &view)
	if status, body := p.Post("/actions/views/rename", "id", string(view.ID[1:len(view.ID)-1]), "name", "new"); status != 303 {
		t.Fatalf("rename: %d %s", status, body)
	}
	post("/api/campaigns", fmt.Sprintf(`{"name":"March","q":"is:open","expect":%v}`, p.Object("GET", "/api/issues?q=is:open")["total"]), nil)
	if res, body := p.Do("PATCH", "/api/campaigns/1", `{"owner":"@me","max_acus":9}`, "Content-Type", "application/json"); res.StatusCode != 200 {
		t.Fatalf("change a campaign: %d %s", res.StatusCode, body)
	}
	var log struct {
		Items []struct{ Name, Action, Subject, Before, After, Result, Role, Origin string }
	}
	_, body = p.Get("/api/audit?q=by:mona+-action:refresh")
	if err := json.Unmarshal([]byte(body), &log); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][4]string{
		{"edit-campaign", "campaign 1", "March", "March, owner mona, 9 ACUs"},
		{"begin-campaign", "campaign 1", "", fmt.Sprintf("March, issues: %v, is:open", p.Object("GET", "/api/campaigns/1")["issues"])},
		{"rename-view", "old", "old", "new"},
		{"save-view", "old", "", "/issues?q=is%3Aopen"},
		{"undo-decision", "decision 1, issues: 1", "Dismissed as false positive", "undone"},
		{"decide", "decision 2, issues: 2", "", "Assigned to mona"},
		{"decide", first, "", "Dismissed as false positive"},
	} {
		if i >= len(log.Items) {
			t.Fatalf("the log ends after %d entries: %s", len(log.Items), body)
		}
		e := log.Items[i]
		if got := [4]string{e.Action, e.Subject, e.Before, e.After}; got != want || e.Result != "done" || e.Role != "admin" || e.Origin != "127.0.0.1" {
			t.Errorf("entry %d is %+v, want %q", i, e, want)
		}
	}
}
