package api_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
)

// TestCancel: a poll that waits for Devin is canceled; what ended, or was
// never there, is not; and the next poll does its work.
func TestCancel(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	c := contract(t)
	cancel := func(id string, status int) answer {
		t.Helper()
		got := w.do("DELETE", "/api/jobs/"+id, "")
		if got.StatusCode != status {
			t.Fatalf("DELETE job %s: %d, want %d: %s", id, got.StatusCode, status, got.body)
		}
		if err := c.Check("DELETE", "/api/jobs/{id}", got.Response, got.body); err != nil {
			t.Error(err)
		}
		return got
	}
	w.devin.Fail(devintest.KindList, devintest.Fault{Delay: time.Minute})
	id, _ := w.json("POST", "/api/poll?async=true", "")["id"].(string)
	waiting := make(chan answer, 1)
	go func() { waiting <- w.do("POST", "/api/poll", "") }()
	for w.json("GET", "/api/jobs/"+id, "")["joined"] != 1.0 {
		runtime.Gosched()
	}
	cancel(id, 200)
	told := <-waiting
	if told.StatusCode != 409 || !strings.Contains(string(told.body), id+" was canceled") {
		t.Errorf("who waited for it: %d %s", told.StatusCode, told.body)
	}
	if err := c.Check("POST", "/api/poll", told.Response, told.body); err != nil {
		t.Error(err)
	}
	if job := w.json("GET", "/api/jobs/"+id, ""); job["state"] != "cancelled" || job["ended"] == nil || job["error"] == nil {
		t.Errorf("the job reads %v", job)
	}
	if e := w.json("GET", "/api/audit?q=action:cancel-job", "")["items"].([]any)[0].(map[string]any); e["subject"] != "poll "+id ||
		e["before"] != "running" || e["after"] != "cancelled" {
		t.Errorf("the audit log has %v", e)
	}
	cancel(id, 409)
	cancel("none", 404)
	w.devin.Fail(devintest.KindList, devintest.Fault{})
	if result := w.json("POST", "/api/poll", ""); result["polled"] == float64(0) {
		t.Errorf("the next poll answered %v", result)
	}
}
