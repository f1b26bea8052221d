package api_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestTheAuditLogTellsBeforeAndAfter: of everything that has a state before and
// another one after, beside decisions and names, which the program's test has.
func TestTheAuditLogTellsBeforeAndAfter(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	w.json("POST", "/api/poll", "")
	w.deliver()
	var want [][4]string
	done := func(method, path, body, action, subject, before, after string) {
		t.Helper()
		if a := w.do(method, path, body); a.StatusCode/100 != 2 {
			t.Fatalf("%s %s: %s %s", method, path, a.Status, a.body)
		}
		want = append(want, [4]string{action, subject, before, after})
	}
	const scan = "/api/runs/octo_big_run_5.json/accept-scope"
	done("POST", scan, "", "accept-scope", "octo_big_run_5.json", "not full", "accepted as full")
	done("DELETE", scan, "", "undo-accept-scope", "octo_big_run_5.json", "accepted as full", "not full")
	done("POST", "/api/deliveries/delivery-0/retry", "", "retry-delivery", "delivery-0", "ignored", "queued")
	done("POST", "/api/sessions/"+waiting+"/messages", `{"message":"main"}`, "reply", "devin-"+waiting, "pr_ready", "a message was sent")
	done("POST", "/api/views", `{"name":"mine","list":"issues","query":"q=is:open"}`, "save-view", "mine", "", "/issues?q=is%3Aopen")
	done("POST", "/api/views", `{"name":"Mine","list":"runs","query":"q=kind:scan","replace":true}`, "save-view", "Mine", "/issues?q=is%3Aopen", "/runs?q=kind%3Ascan")
	id := fmt.Sprint(w.json("GET", "/api/views", "")["items"].([]any)[0].(map[string]any)["id"])
	done("DELETE", "/api/views/"+id, "", "delete-view", "Mine", "/runs?q=kind%3Ascan", "")

	var log struct {
		Items []struct{ Action, Subject, Before, After, Result string }
	}
	if err := json.Unmarshal(w.do("GET", "/api/audit", "").body, &log); err != nil || len(log.Items) < len(want) {
		t.Fatal(err, len(log.Items))
	}
	for i, e := range log.Items[:len(want)] { // newest first
		if got := [4]string{e.Action, e.Subject, e.Before, e.After}; got != want[len(want)-1-i] || e.Result != "done" {
			t.Errorf("%q (%s), want %q", got, e.Result, want[len(want)-1-i])
		}
	}
}
