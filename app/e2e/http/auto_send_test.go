package http

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestWhoSwitchesACampaignOn: an operator, and no viewer, who is told so; what it was
// before and is after is in the audit log.
func TestWhoSwitchesACampaignOn(t *testing.T) {
	database, runs := "sqlite:"+filepath.Join(t.TempDir(), "dashboard.db"), t.TempDir()
	secrets := tokens(t, database)
	program.WriteRuns(t, runs, program.Sample())
	p := program.Start(t, program.Settings{
		"DATABASE_URL": database, "RUNS_DIR": runs, "ACCESS_PROXY_HEADER": "X-Who", "ACCESS_PROXIES": "127.0.0.9",
	})
	do := func(as, method, path, body string) (int, string) {
		t.Helper()
		res, text := p.Do(method, path, body, "Content-Type", "application/json", "Authorization", "Bearer "+secrets[as])
		return res.StatusCode, text
	}
	p.UntilSays("/api/jobs", `"kind":"refresh","state":"done"`, "Authorization", "Bearer "+secrets["viewer"])
	var open struct{ Total int }
	if _, body := do("viewer", "GET", "/api/issues?q=is:open&per_page=1", ""); json.Unmarshal([]byte(body), &open) != nil || open.Total == 0 {
		t.Fatal(body)
	}
	if status, body := do("operator", "POST", "/api/campaigns", fmt.Sprintf(`{"name":"March","q":"is:open","expect":%d}`, open.Total)); status != 201 {
		t.Fatal(status, body)
	}
	const one, on = "/api/campaigns/1", `{"auto_send":{"per_day":3,"floor":40}}`
	for _, c := range []struct {
		as, method, path, body string
		status                 int
		says                   string
	}{
		{"viewer", "PATCH", one, on, 403, "operator"},
		{"viewer", "POST", "/api/campaigns/stop", "", 403, "operator"},
		{"viewer", "POST", "/api/campaigns/resume", "", 403, "operator"},
		{"viewer", "GET", one, "", 200, `"sending":{"state":"off","reason":"It does not send by itself.","next_at":null`},
		{"operator", "PATCH", one, on, 200, `"auto_send":{"per_day":3,"floor":40,"by":"operator","since":"2`},
		{"viewer", "GET", one, "", 200, `"sending":{"state":"waiting","reason":"DEVIN_API_KEY is not set, so no session can be started. Set it and restart."`},
		{"operator", "POST", "/api/campaigns/stop", "", 200, `{"stopped":true,"by":"operator","at":"2`},
		{"viewer", "GET", one, "", 200, `"sending":{"state":"stopped","reason":"All automatic sending was stopped by operator."`},
		{"viewer", "GET", "/api/campaigns", "", 200, `"auto_send_switch":{"stopped":true,"by":"operator"`},
		{"operator", "POST", "/api/campaigns/resume", "", 200, `{"stopped":false,"by":null,"at":null}`},
		{"operator", "PATCH", one, `{"auto_send":{"per_day":0}}`, 200, `"auto_send":{"per_day":0,"floor":40,"by":null,"since":null`},
	} {
		if status, body := do(c.as, c.method, c.path, c.body); status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %s %s: %d %s, want %d %s", c.as, c.method, c.path, status, body, c.status, c.says)
		}
	}
	var log struct {
		Items []struct{ Name, Action, Subject, Before, After, Result string }
	}
	if _, body := do("admin", "GET", "/api/audit", ""); json.Unmarshal([]byte(body), &log) != nil {
		t.Fatal(body)
	}
	for i, want := range [][4]string{
		{"edit-campaign", "campaign 1", "March, sends 3 a day by itself above 40 %", "March"},
		{"resume-auto-send", "all campaigns", "stopped by operator", "on"},
		{"stop-auto-send", "all campaigns", "on", "stopped by operator"},
		{"edit-campaign", "campaign 1", "March", "March, sends 3 a day by itself above 40 %"},
	} {
		if e := log.Items[i]; [4]string{e.Action, e.Subject, e.Before, e.After} != want || e.Result != "done" || e.Name != "operator" {
			t.Errorf("entry %d is %+v, want %q", i, e, want)
		}
	}
}
