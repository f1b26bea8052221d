package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// ask sends a body, and returns the status and the answer.
func (w *world) ask(path, body string, headers ...string) (int, map[string]any) {
	w.t.Helper()
	r := w.do("POST", path, body, headers...)
	var answer map[string]any
	if err := json.Unmarshal(r.body, &answer); err != nil {
		w.t.Fatalf("%d %s", r.StatusCode, r.body)
	}
	return r.StatusCode, answer
}

// settled waits until the batches of an answer are sent, and returns them.
func (w *world) settled(answer map[string]any) []map[string]any {
	w.t.Helper()
	order := answer["items"].([]any)[0].(map[string]any)["order"].(string)
	if _, err := w.api.Jobs.(*ingest.Runner).Send(w.t.Context(), telemetry.SendOrder{Token: order}); err != nil {
		w.t.Fatal(err)
	}
	return w.items("/api/batches?order_token=" + strings.ReplaceAll(order, " ", "%20"))
}

// TestBatchesByTheAPI: a dry run starts nothing and says what would be; the same
// request again is the same batches; what is under way is left out after it.
func TestBatchesByTheAPI(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	id := w.first("/api/issues?q=is:open%20attempts:0", "id")
	body := fmt.Sprintf(`{"issues":[%q]}`, id)
	status, plan := w.ask("/api/batches", strings.Replace(body, "}", `,"dry_run":true}`, 1))
	batches := plan["batches"].([]any)
	if status != 200 || len(batches) != 1 || plan["selected"] != 1.0 || plan["max_sessions_per_day"] != 20.0 || plan["max_acus"] != 10.0 ||
		!strings.Contains(batches[0].(map[string]any)["prompt"].(string), "Fix 1 CodeQL security issue(s)") {
		t.Fatal(status, plan)
	}
	if n := w.devin.Counts()[devintest.KindCreate]; n != 0 {
		t.Errorf("the dry run started %d sessions", n)
	}
	var first []map[string]any
	for range 2 {
		status, sent := w.ask("/api/batches", body, "Idempotency-Key: k1")
		if status != 202 {
			t.Fatal(status, sent)
		}
		list := w.settled(sent)
		if len(list) != 1 || list[0]["state"] != "sent" || list[0]["by"] != "you" || first != nil && list[0]["id"] != first[0]["id"] {
			t.Fatal(list)
		}
		first = list
	}
	if n := w.devin.Counts()[devintest.KindCreate]; n != 1 {
		t.Errorf("%d sessions for one batch", n)
	}
	session := first[0]["session_id"].(string)
	if issues := fmt.Sprint(w.json("GET", "/api/sessions/"+session, "")["issues"]); !strings.Contains(issues, id) {
		t.Errorf("the session names %s", issues)
	}
	status, refused := w.ask("/api/batches", body)
	if status != 409 || !strings.Contains(fmt.Sprint(refused["error"]), "1 issue in a session that is under way.") {
		t.Error(status, refused)
	}
	var noted []string
	for _, entry := range w.items("/api/audit?action=send") {
		noted = append(noted, fmt.Sprint(entry["result"], " ", entry["subject"], " ", entry["after"]))
	}
	tag := "batch-" + first[0]["id"].(string)
	if want := []string{"refused  ", "done " + tag + " the same request again, nothing was sent: " + id, "done " + tag + " sent to Devin: " + id,
		"done  dry run, nothing was sent: 1 session for 1 issue"}; !slices.Equal(noted, want) {
		t.Errorf("the audit log has %q, want %q", noted, want)
	}
}

// TestWhatBatchesRefuse in words, with nothing started.
func TestWhatBatchesRefuse(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	id := w.first("/api/issues?q=is:open%20attempts:0", "id")
	for body, want := range map[string]string{
		`{}`: "400 No issue is named.",
		`{"issues":["` + id + `"],"q":"is:open"}`:  "400 Name issues by their ids or by a query",
		`{"issues":["` + id + `","ffffffffffff"]}`: "404 Issue ffffffffffff not found.",
		`{"q":"is:open","expect":999}`:             "409 The query now names",
		`{"q":"nonsense:1","expect":1}`:            "400 Unknown qualifier",
		`{"issues":["` + id + `"],"size":21}`:      "400 Invalid size",
		`{"issues":["` + id + `"],"max_acus":11}`:  "400 Invalid max_acus: want a whole number from 1 to 10",
		`{"issues":["` + id + `"],"max_acus":-1}`:  "400 Invalid max_acus: want a whole number from 1 to 10 (MAX_ACU_PER_SESSION).",
		`{"q":" "}`:                                           "400 No issue is named.",
		`{"q":"","expect":999}`:                               "409 The query now names",
		`{"issues":["` + id + `"],"sessions":3}`:              "409 This would now start 1 sessions, and not 3.",
		`{"issues":["` + id + `"],"surprise":true}`:           "400 Unknown field",
		`{"issues":` + strings.Repeat(`[`, 3) + `]]],"q":""}`: "400 Invalid issues",
	} {
		status, answer := w.ask("/api/batches", body)
		if got := fmt.Sprint(status, " ", answer["error"]); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	long := "Idempotency-Key: " + strings.Repeat("k", 201)
	for path, body := range map[string]string{"/api/batches": `{"issues":["` + id + `"]}`, "/api/batches/none/retry": `{}`,
		"/api/decisions": `{"issues":["` + id + `"],"action":"comment","comment":"x"}`} {
		status, answer := w.ask(path, body, long)
		if got := fmt.Sprint(status, " ", answer["error"]); got != "400 The Idempotency-Key has 201 bytes; the limit is 200. Nothing was done. Use a shorter one." {
			t.Errorf("%s: %s", path, got)
		}
	}
	if status, answer := w.ask("/api/batches/none/retry", `{}`); status != 404 {
		t.Error(status, answer)
	}
	if n := w.devin.Counts()[devintest.KindCreate]; n != 0 || len(w.items("/api/batches")) != 0 {
		t.Errorf("%d sessions were started", n)
	}
	bare := newWorld(t, handmade(t), false)
	bare.populate()
	bare.json("POST", "/api/refresh", "")
	if status, answer := bare.ask("/api/batches", `{"issues":["`+bare.first("/api/issues?q=is:open", "id")+`"]}`); status != 400 || answer["code"] != "missing_setting" {
		t.Error(status, answer)
	}
}

// TestRetryByTheAPI: a batch that was not started is sent again by its id; one of
// which that is not known only where a person says so.
func TestRetryByTheAPI(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	id := w.first("/api/issues?q=is:open%20attempts:0", "id")
	w.devin.Fail(devintest.KindCreate, devintest.Fault{Status: http.StatusUnprocessableEntity})
	_, sent := w.ask("/api/batches", `{"issues":["`+id+`"]}`)
	failed := w.settled(sent)[0]
	if failed["state"] != "failed" || failed["error"] == nil {
		t.Fatal(failed)
	}
	w.devin.Fail(devintest.KindCreate, devintest.Fault{Cut: true})
	status, sent := w.ask("/api/batches/"+failed["id"].(string)+"/retry", "")
	if status != 202 {
		t.Fatal(status, sent)
	}
	unsure := w.settled(sent)[0]
	if unsure["state"] != "unknown" || fmt.Sprint(unsure["issues"]) != fmt.Sprint(failed["issues"]) || unsure["id"] == failed["id"] {
		t.Fatal(unsure)
	}
	w.devin.Fail(devintest.KindCreate, devintest.Fault{})
	path := "/api/batches/" + unsure["id"].(string) + "/retry"
	if status, answer := w.ask(path, ""); status != 409 || !strings.Contains(fmt.Sprint(answer["error"]), "batch-"+unsure["id"].(string)) {
		t.Error(status, answer)
	}
	if status, plan := w.ask(path, `{"not_started":true,"dry_run":true}`); status != 200 || plan["sessions_today"] != 0.0 {
		t.Errorf("the batch that is replaced counts beside its retry: %d, %v today", status, plan["sessions_today"])
	}
	status, sent = w.ask(path, `{"not_started":true}`)
	if status != 202 {
		t.Fatal(status, sent)
	}
	again := w.settled(sent)[0]
	if again["state"] != "sent" {
		t.Error(again)
	}
	if status, answer := w.ask("/api/batches/"+again["id"].(string)+"/retry", ""); status != 409 {
		t.Error(status, answer)
	}
	if n := len(w.items("/api/batches?issue=" + id)); n != 3 {
		t.Errorf("%d batches of the issue", n)
	}
}

// TestANoteAndAPlaybook reach Devin, stand in the batch, and a retry says the same.
func TestANoteAndAPlaybook(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	var got []devintest.Session
	w.devin.OnCreate(func(s devintest.Session) { got = append(got, s) })
	id := w.first("/api/issues?q=is:open%20attempts:0", "id")
	const added = "\n## Note from the person who sends this\n\nKeep <b> & é.\nNo new dependency.\n"
	body := `{"issues":["` + id + `"],"note":"  Keep <b> & é.\r\nNo new dependency. ","playbook_id":"playbook-7"}`
	_, plan := w.ask("/api/batches", strings.Replace(body, "}", `,"dry_run":true}`, 1))
	if b := plan["batches"].([]any)[0].(map[string]any); !strings.HasSuffix(b["prompt"].(string), added) || b["playbook_id"] != "playbook-7" {
		t.Errorf("the preview is %v", b)
	}
	w.devin.Fail(devintest.KindCreate, devintest.Fault{Status: http.StatusUnprocessableEntity})
	_, sent := w.ask("/api/batches", body, "Idempotency-Key: k1")
	failed := w.settled(sent)[0]
	for _, other := range []string{strings.Replace(body, "No new", "A new", 1), strings.Replace(body, "playbook-7", "playbook-8", 1)} {
		if status, answer := w.ask("/api/batches", other, "Idempotency-Key: k1"); status != 409 {
			t.Errorf("another note with the same key: %d %v", status, answer)
		}
	}
	w.devin.Fail(devintest.KindCreate, devintest.Fault{})
	status, sent := w.ask("/api/batches/"+failed["id"].(string)+"/retry", "")
	if status != 202 {
		t.Fatal(status, sent)
	}
	again := w.settled(sent)[0]
	if again["state"] != "sent" || again["note"] != "Keep <b> & é.\nNo new dependency." || again["playbook_id"] != "playbook-7" {
		t.Errorf("the retry is %v", again)
	}
	if len(got) != 1 || got[0].Playbook != "playbook-7" || len(got[0].Messages) != 1 || !strings.HasSuffix(got[0].Messages[0].Text, added) {
		t.Errorf("Devin got %+v", got)
	}
	for part, want := range map[string]string{
		`"note":"` + strings.Repeat("é", 2001) + `"`: "400 The note has 2001 characters; the limit is 2000.",
		`"playbook_id":"a\nb"`:                       "400 Invalid playbook_id: want the id",
	} {
		status, answer := w.ask("/api/batches", `{"issues":["`+id+`"],"anyway":true,"dry_run":true,`+part+`}`)
		if got := fmt.Sprint(status, " ", answer["error"]); !strings.HasPrefix(got, want) {
			t.Errorf("%.40s: %s, want %s", part, got, want)
		}
	}
	if status, answer := w.ask("/api/batches", `{"issues":["`+id+`"],"anyway":true,"dry_run":true,"note":"`+strings.Repeat("é", 2000)+`"}`); status != 200 {
		t.Errorf("a note of 2,000 characters: %d %v", status, answer["error"])
	}
}

// TestABlankQueryNamesTheWholeList wherever all of a query are named, once how many
// these are was confirmed.
func TestABlankQueryNamesTheWholeList(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.populate()
	w.json("POST", "/api/refresh", "")
	n := w.count("/api/issues")
	for _, q := range []string{``, `"q":"",`, `"q":"  ",`} {
		for path, c := range map[string]struct{ rest, field string }{
			"/api/batches":   {`"dry_run":true`, "selected"},
			"/api/decisions": {`"action":"comment","comment":"x"`, "issues"},
			"/api/campaigns": {fmt.Sprintf(`"name":"All%d"`, len(q)), "issues"},
		} {
			if status, got := w.ask(path, fmt.Sprintf(`{%s"expect":%d,%s}`, q, n, c.rest)); status >= 300 || got[c.field] != float64(n) {
				t.Errorf("%s with %q: %d %v, want %d issues", path, q, status, got, n)
			}
			if status, got := w.ask(path, fmt.Sprintf(`{%s"expect":%d,%s}`, q, n+1, strings.Replace(c.rest, "All", "More", 1))); status != 409 ||
				!strings.Contains(fmt.Sprint(got["error"]), fmt.Sprintf("now names %d issues", n)) {
				t.Errorf("%s with %q and another number: %d %v", path, q, status, got)
			}
			if status, got := w.ask(path, fmt.Sprintf(`{%s%s}`, q, c.rest)); status != 400 {
				t.Errorf("%s with %q and no number: %d %v", path, q, status, got)
			}
		}
	}
}

// batchAsks are good and bad requests about what is sent to Devin.
func batchAsks(w *world) []ask {
	var ids []string
	for _, i := range w.items("/api/issues?q=is:open%20attempts:0") {
		ids = append(ids, i["id"].(string))
	}
	w.devin.Fail(devintest.KindCreate, devintest.Fault{Status: http.StatusUnprocessableEntity})
	_, sent := w.ask("/api/batches", `{"issues":["`+ids[0]+`"]}`)
	failed := w.settled(sent)[0]["id"].(string)
	w.devin.Fail(devintest.KindCreate, devintest.Fault{})
	const list, send, retry = "GET /api/batches", "POST /api/batches", "POST /api/batches/{id}/retry"
	return []ask{
		{list, "/api/batches", "", 200}, {list, "/api/batches?state=failed&page=1&per_page=1", "", 200}, {list, "/api/batches?state=odd", "", 400},
		{list, "/api/batches?page=9223372036854775807", "", 200}, {list, "/api/batches?page=x", "", 400},
		{send, "/api/batches", `{"q":"is:open","expect":-1}`, 409}, {send, "/api/batches", `{}`, 400}, {send, "/api/batches", `{"issues":["none"]}`, 404},
		{send, "/api/batches", `{"issues":["` + ids[0] + `"],"dry_run":true}`, 200},
		{retry, "/api/batches/" + failed + "/retry", `{"dry_run":true}`, 200},
		{retry, "/api/batches/" + failed + "/retry", "", 202}, {retry, "/api/batches/" + failed + "/retry", "", 409},
		{retry, "/api/batches/none/retry", "", 404},
		{send, "/api/batches", `{"issues":["` + ids[1] + `"],"max_acus":1,"size":1}`, 202},
	}
}
