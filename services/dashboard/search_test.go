package dashboard_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

const hexID = "0123456789abcdef0123456789abcdef"

// small is a dashboard on one scan of octo/Shop: two issues, one session with
// a pull request.
func small(t *testing.T) *dashboard.Dashboard {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	finding := func(id, print, rule, family, file string) map[string]any {
		return map[string]any{"id": id, "fingerprint": print, "rule_id": rule, "severity_tier": "high", "cwe_family": family, "file": file, "start_line": 7}
	}
	body, err := json.Marshal(map[string]any{"target_repo": "https://github.com/octo/Shop", "run_number": 34, "run_id": "990034", "timestamp": "2026-05-01T10:00:00Z", "issues_found": 2,
		"issue_fingerprints": []any{finding("CQLF-R34-0001", "aaaaaaaaaaaaaaaaaaaa", "js/sql-injection", "injection", "src/db.js"), finding("CQLF-R34-0002", "bbbbbbbbbbbbbbbbbbbb", "js/xss", "xss", "src/<b>page.js")},
		"sessions":           []any{map[string]any{"session_id": "devin-" + hexID, "batch_id": 1, "status": "finished", "issue_ids": []string{"CQLF-R34-0001"}, "pr_url": "https://github.com/octo/Shop/pull/12"}}})
	if err != nil {
		t.Fatal(err)
	}
	f := telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: "octo_shop_34.json", SHA: "1", Size: int64(len(body))}, Body: body}
	if f.Record, f.Err = telemetry.ParseRecord(body); f.Err != nil {
		t.Fatal(f.Err)
	}
	if _, err := derive.New(s).PutFiles(t.Context(), "", []telemetry.FetchedFile{f}); err != nil {
		t.Fatal(err)
	}
	return dashboard.New(storetest.Reading(s))
}

// TestSearch: what a text finds: exact hits, and totals of issues, sessions,
// pull requests, runs and repositories.
func TestSearch(t *testing.T) {
	d := small(t)
	tests := []struct{ text, exact, totals string }{
		{"cqlf-r34-0001", "issue js/sql-injection src/db.js:7", "1 1 0 0 0"},
		{"aaaaaaaaaaaa", "issue js/sql-injection src/db.js:7", "1 0 0 0 0"},
		{hexID, "session devin-" + hexID, "0 1 1 0 0"},
		{"devin-" + strings.ToUpper(hexID), "session devin-" + hexID, "0 1 0 0 0"},
		{"https://app.devin.ai/sessions/" + hexID, "session devin-" + hexID, "0 0 0 0 0"},
		{"https://github.com/octo/shop/pull/12", "pull #12", "0 1 1 0 0"},
		{"#12", "pull #12", "0 0 1 0 0"},
		{"34", "run octo_shop_34.json", "2 1 1 1 0"},
		{"octo_shop_34.json", "run octo_shop_34.json", "0 1 0 1 0"},
		{"OCTO/shop", "repo octo/Shop", "2 1 1 1 1"},
		{"<b>page", "", "1 0 0 0 0"},
		{"sql db.js", "", "1 0 0 0 0"},
		{`"sql db.js"`, "", "0 0 0 0 0"},
		{"repo:octo/shop", "", "2 1 1 1 1"},
		{"severity:high", "", "2 - - - -"},
		{"severity:high,severe", "", "- - - - -"},
		{"nothing:x", "", "0 0 0 0 0"},
		{"", "", "0 0 0 0 0"},
	}
	for _, tc := range tests {
		r, err := d.Search(t.Context(), tc.text, time.Time{})
		if err != nil {
			t.Errorf("%q: %v", tc.text, err)
			continue
		}
		var exact []string
		for _, h := range r.Exact {
			exact = append(exact, h.Kind+" "+h.Title)
		}
		totals := fmt.Sprintf("%s %s %s %s %s", shownTotal(r.Issues), shownTotal(r.Sessions), shownTotal(r.Pulls), shownTotal(r.Runs), shownTotal(r.Repos))
		if got := strings.Join(exact, ", "); got != tc.exact || totals != tc.totals {
			t.Errorf("%q: exact %q, totals %s; want %q, %s", tc.text, got, totals, tc.exact, tc.totals)
		}
	}
	for _, text := range []string{`"open`, "a\x00", strings.Repeat("x", 10_000)} {
		if _, err := d.Search(t.Context(), text, time.Time{}); telemetry.CodeOf(err) != telemetry.CodeInvalid {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func shownTotal[T any](f dashboard.Found[T]) string {
	if f.Note != "" {
		return "-"
	}
	return fmt.Sprint(f.Total)
}

func TestComplete(t *testing.T) {
	d := small(t)
	before, after := time.Date(2026, 4, 30, 0, 0, 0, 0, time.UTC), time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		list, text, want string
		at               time.Time
	}{
		{list: "issues", text: "repo:oct", want: "octo/Shop"},
		{list: "issues", text: "rule:XSS", want: "js/xss"},
		{list: "issues", text: "family:", want: "injection xss"},
		{list: "sessions", text: "family:inj", want: "injection"},
		{list: "pulls", text: "author:", want: ""},
		{list: "repos", text: "op", want: "open:"},
		{list: "issues", text: "pat", want: "path:"},
		{list: "issues", text: "repo:oct", at: after, want: "octo/Shop"},
		{list: "issues", text: "family:", at: after, want: "injection xss"},
		{list: "issues", text: "pat", at: after, want: ""}, // no past has it
		{list: "issues", text: "repo:oct", at: before, want: ""},
		{list: "issues", text: "family:", at: before, want: ""},
		{list: "sessions", text: "family:inj", at: before, want: ""},
	} {
		choices, err := d.Complete(t.Context(), tc.list, tc.text, len(tc.text), tc.at)
		var texts []string
		for _, c := range choices {
			texts = append(texts, c.Text)
		}
		if got := strings.Join(texts, " "); err != nil || got != tc.want {
			t.Errorf("%s %q: %q, %v, want %q", tc.list, tc.text, got, err, tc.want)
		}
	}
	if _, err := d.Complete(t.Context(), "deliveries", "repo:", 5, after); telemetry.CodeOf(err) != telemetry.CodeNoPast {
		t.Errorf("the past of a list without one: %v", err)
	}
	if _, err := d.Complete(t.Context(), "nothing", "x", 1, time.Time{}); telemetry.CodeOf(err) != telemetry.CodeInvalid {
		t.Errorf("an unknown list: %v", err)
	}
}

// TestViewAddresses: what is kept of an address. A list's query alone is no
// query of a URL: it would filter nothing.
func TestViewAddresses(t *testing.T) {
	d := small(t)
	for address, want := range map[string]string{
		"":                             "",
		"?q=is%3Aopen&page=3":          "q=is%3Aopen",
		"sort=age&q=severity:high&q=x": "q=severity%3Ahigh&q=x&sort=age",
		"q=attempts:%3E%3D3":           "q=attempts%3A%3E%3D3",
	} {
		if v, err := d.SaveView(t.Context(), "a view", "issues", address, true); err != nil || v.Query != want {
			t.Errorf("%q is kept as %q (%v), want %q", address, v.Query, err, want)
		}
	}
	for _, address := range []string{"is:open", "xss", "attempts:>=3", "is:open&sort=age", "%zz", "q=colour:red", "q=\"open", "sort=a%00", strings.Repeat("x", 4001)} {
		if v, err := d.SaveView(t.Context(), "a view", "issues", address, true); telemetry.CodeOf(err) != telemetry.CodeInvalid || err == nil {
			t.Errorf("%.20q is kept as %q (%v)", address, v.Query, err)
		}
	}
}

func TestSavedViews(t *testing.T) {
	d := small(t)
	v, err := d.SaveView(t.Context(), "  <b>Old</b>   & critical ", "issues", "?q=is:open+age:>30d&page=3&sort=severity", false)
	if err != nil || v.Name != "<b>Old</b> & critical" || v.Query != "q=is%3Aopen+age%3A%3E30d&sort=severity" || v.ID == "" || v.Created.IsZero() {
		t.Fatalf("%+v, %v", v, err)
	}
	for name, tc := range map[string]struct {
		name  string
		list  string
		query string
		code  telemetry.Code
	}{
		"the same name":      {"<B>OLD</B> & critical", "runs", "", telemetry.CodeConflict},
		"no name":            {"  ", "issues", "", telemetry.CodeInvalid},
		"a long name":        {strings.Repeat("ä", 61), "issues", "", telemetry.CodeInvalid},
		"a control":          {"a\x00b", "issues", "", telemetry.CodeInvalid},
		"a turned direction": {"a\u202eb", "issues", "", telemetry.CodeInvalid},
		"an unknown list":    {"a", "nothing", "", telemetry.CodeInvalid},
		"an unknown filter":  {"a", "issues", "q=nothing:x", telemetry.CodeInvalid},
		"a broken query":     {"a", "issues", "q=%zz", telemetry.CodeInvalid},
	} {
		if _, err := d.SaveView(t.Context(), tc.name, tc.list, tc.query, false); telemetry.CodeOf(err) != tc.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.SaveView(t.Context(), "a name of 60 ä "+strings.Repeat("ä", 45), "repos", "", false); err != nil {
		t.Error(err)
	}
	views, err := d.Views(t.Context())
	if err != nil || len(views) != 2 || views[0] != v {
		t.Errorf("%+v, %v", views, err)
	}
	if err := d.RemoveView(t.Context(), v.ID); err != nil {
		t.Error(err)
	}
	if err := d.RemoveView(t.Context(), v.ID); telemetry.CodeOf(err) != telemetry.CodeNotFound {
		t.Errorf("removed twice: %v", err)
	}
}
