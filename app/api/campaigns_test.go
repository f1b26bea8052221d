package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func campaignAsks(w *world) []ask {
	const all, one = "/api/campaigns", "/api/campaigns/1"
	open := w.count("/api/issues?q=is:open")
	return []ask{
		{"POST " + all, all, fmt.Sprintf(`{"name":"<b>All</b>","q":"is:open","expect":%d,"owner":"@me","due":"2999-01-31","max_sessions":5}`, open), 400},
		{"POST " + all, all, fmt.Sprintf(`{"name":"<b>All</b>","q":"is:open","expect":%d,"owner":"@me","max_sessions":5}`, open), 201},
		{"POST " + all, all, fmt.Sprintf(`{"name":"<B>all</b>","q":"is:open","expect":%d}`, open), 409},
		{"POST " + all, all, `{"name":"More","q":"is:open","expect":9999}`, 409},
		{"POST " + all, all, `{"name":"More","q":"is:open","expect":10001}`, 400}, {"POST " + all, all, `{"name":"More","q":"colour:red","expect":1}`, 400},
		{"POST " + all, all, `{"name":"","q":"is:open","expect":1}`, 400}, {"POST " + all, all, `{"name":"x","q":"","expect":1}`, 409},
		{"POST " + all, all, `{"name":"x","q":"is:open","expect":0}`, 400}, {"POST " + all, all, `{"name":"x","q":"is:open","expect":1,"owner":"nobody here"}`, 400},
		{"POST " + all, all, `{"name":"x","q":"is:open","expect":1,"due":"2001-01-01"}`, 400}, {"POST " + all, all, `{"name":"x","q":"is:open","expect":1,"due":"soon"}`, 400},
		{"POST " + all, all, `{"name":"x","q":"is:open","expect":1,"max_acus":-1}`, 400}, {"POST " + all, all, `{"name":"x","pace":1}`, 400},
		{"GET " + all, all, "", 200}, {"GET " + all, all + "?as_of=2026-01-01", "", 400},
		{"GET " + all + "/{id}", one, "", 200}, {"GET " + all + "/{id}", all + "/99", "", 404}, {"GET " + all + "/{id}", all + "/x", "", 400},
		{"PATCH " + all + "/{id}", one, `{"owner":"","max_acus":600}`, 200}, {"PATCH " + all + "/{id}", one, `{"name":""}`, 400},
		{"PATCH " + all + "/{id}", all + "/99", `{"owner":""}`, 404},
		{"PATCH " + all + "/{id}", one, `{"auto_send":{"per_day":3}}`, 200}, {"GET " + all, all, "", 200},
		{"PATCH " + all + "/{id}", one, `{"auto_send":{"per_day":101}}`, 400}, {"PATCH " + all + "/{id}", one, `{"auto_send":{"floor":-1}}`, 400},
		{"PATCH " + all + "/{id}", one, `{"auto_send":{"pace":3}}`, 400}, {"PATCH " + all + "/{id}", all + "/99", `{"auto_send":{"per_day":3}}`, 404},
		{"POST " + all + "/stop", all + "/stop", "", 200}, {"GET " + all + "/{id}", one, "", 200}, {"POST " + all + "/resume", all + "/resume", "", 200},
		{"DELETE " + all + "/{id}", one, "", 200}, {"DELETE " + all + "/{id}", one, "", 200}, {"DELETE " + all + "/{id}", all + "/99", "", 404},
		{"PATCH " + all + "/{id}", one, `{"owner":""}`, 409}, {"GET " + all + "/{id}", one, "", 200},
	}
}

// TestACampaignIsNotChangedByTwoAtOnce: who comes second is told what has changed.
func TestACampaignIsNotChangedByTwoAtOnce(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.json("POST", "/api/refresh", "")
	made := w.json("POST", "/api/campaigns", fmt.Sprintf(`{"name":"All","q":"is:open","expect":%d}`, w.count("/api/issues?q=is:open")))
	version := made["version"].(string)
	if got := w.json("GET", "/api/campaigns/1", "")["version"]; got != version {
		t.Errorf("it was begun as %s, and is read as %v", version, got)
	}
	patch := func(body string) string {
		r := w.do("PATCH", "/api/campaigns/1", body)
		var answer map[string]any
		if err := json.Unmarshal(r.body, &answer); err != nil {
			t.Fatal(err)
		}
		if r.StatusCode == 200 {
			return "200 " + fmt.Sprint(answer["owner"], " ", answer["max_acus"])
		}
		return fmt.Sprint(r.StatusCode, " ", answer["error"])
	}
	const meanwhile = "409 Somebody has changed the campaign meanwhile: its owner is now you, it is now due 31 Jan 2030, it may now use 7 ACUs. Nothing was changed."
	for _, c := range [][2]string{
		{`{"version":"` + version + `","owner":"@me","max_acus":7,"due":"2030-01-31"}`, "200 you 7"},
		{`{"version":"` + version + `","owner":"","max_acus":9}`, meanwhile},
		{`{"version":"x","owner":""}`, "400 Invalid version: want that of the campaign as it was read."},
		{`{"max_acus":8}`, "200 you 8"}, // who names no version changes it as it is
	} {
		if got := patch(c[0]); !strings.HasPrefix(got, c[1]) {
			t.Errorf("%s: %s, want %s", c[0], got, c[1])
		}
	}
}

// count is the total of a list.
func (w *world) count(path string) int {
	w.t.Helper()
	var list struct{ Total int }
	if err := json.Unmarshal(w.do("GET", path, "").body, &list); err != nil {
		w.t.Fatal(err)
	}
	return list.Total
}

// TestACampaignsNumbersLeadToTheirLists, and say nothing but what these have.
func TestACampaignsNumbersLeadToTheirLists(t *testing.T) {
	w := newWorld(t, handmade(t), true)
	w.json("POST", "/api/refresh", "")
	open := w.count("/api/issues?q=is:open")
	if got := w.do("POST", "/api/campaigns", fmt.Sprintf(`{"name":"All","q":"is:open","expect":%d}`, open)); got.StatusCode != 201 ||
		got.Header.Get("Location") != "/api/campaigns/1" {
		t.Fatalf("%s %s", got.Status, got.body)
	}
	var c map[string]any
	if err := json.Unmarshal(w.do("GET", "/api/campaigns/1", "").body, &c); err != nil {
		t.Fatal(err)
	}
	if c["left"] != float64(open) || c["done"] != 0.0 || c["issues"] != float64(open) {
		t.Errorf("%d are open, and of the campaign %v are left, %v done", open, c["left"], c["done"])
	}
	followed := 0
	for name, link := range c["links"].(map[string]any) {
		path := link.(string)
		if strings.HasPrefix(name, "stuck") {
			continue
		}
		if want := place(any(c), name); want != float64(w.count(path)) {
			t.Errorf("%s is %v, and %s has %d", name, want, path, w.count(path))
		}
		followed++
	}
	if followed < 12 {
		t.Errorf("only %d numbers have links", followed)
	}
}
