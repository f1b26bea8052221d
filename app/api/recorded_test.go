package api_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const scanText = `{"target_repo":"%s","fork_url":"","run_number":%d,"run_id":"%[2]d","run_url":"%s","timestamp":"%s","issues_found":1,
	"issue_fingerprints":[{"id":"CQLF-R%[2]d-0001","fingerprint":"%016[2]x","rule_id":"js/xss","severity_tier":"high","cwe_family":"xss","file":"a.js","start_line":%[2]d}]}`

func scan(n int, at string) string {
	return fmt.Sprintf(scanText, "https://github.com/octo/app", n, "", at)
}

// TestTimesHaveTheDigitsOfTheRecord: a client compares them as texts.
func TestTimesHaveTheDigitsOfTheRecord(t *testing.T) {
	const first, last = "2026-02-01T10:00:00.548958+00:00", "2026-02-02T12:00:00.100+02:00"
	dir := t.TempDir()
	writeRecord(t, dir, "a.json", scan(1, first))
	writeRecord(t, dir, "b.json", strings.ReplaceAll(scan(2, last), fmt.Sprintf("%016x", 2), fmt.Sprintf("%016x", 1)))
	w := newWorld(t, dir, false)
	w.json("POST", "/api/refresh", "")
	issue := w.items("/api/issues")[0]
	repos := string(w.do("GET", "/api/repos", "").body)
	if issue["first_seen_date"] != first || issue["last_seen_date"] != last || !strings.Contains(repos, `"last_run":"`+last+`"`) {
		t.Errorf("first seen %v, last seen %v, repositories %s", issue["first_seen_date"], issue["last_seen_date"], repos)
	}
	if earlier := w.json("GET", "/api/runs/b.json", "")["earlier"].([]any)[0].(map[string]any); earlier["timestamp"] != first {
		t.Errorf("earlier run: %v", earlier)
	}
	if past := w.items("/api/issues?as_of=2026-02-01T11:00:00Z")[0]; past["last_seen_date"] != first {
		t.Errorf("as of an earlier time: %v", past["last_seen_date"])
	}
}

// TestTimesGoOutAsRFC3339: with the digits that came in.
func TestTimesGoOutAsRFC3339(t *testing.T) {
	for given, want := range map[string]string{
		"2026-02-07T11:31:39,120450Z":     "2026-02-07T11:31:39.120450Z",
		"2026-02-07T11:31:39,5+01:00":     "2026-02-07T10:31:39.5Z",
		"2026-02-07 11:31:39,500":         "2026-02-07T11:31:39.500Z",
		"2026-02-07 11:31:39.10+02:00":    "2026-02-07T09:31:39.10Z",
		"2026-02-07T11:31:39.120450-0100": "2026-02-07T12:31:39.120450Z",
		"2026-02-07T11:31:39.00-01:00":    "2026-02-07T11:31:39.00-01:00",
	} {
		dir := t.TempDir()
		writeRecord(t, dir, "a.json", scan(1, given))
		w := newWorld(t, dir, false)
		w.json("POST", "/api/refresh", "")
		if got := w.first("/api/runs", "timestamp"); got != want {
			t.Errorf("%s goes out as %s, want %s", given, got, want)
		}
	}
}

// TestRecordOfTheFuture counts when it was fetched: in tile and chart alike,
// and says so.
func TestRecordOfTheFuture(t *testing.T) {
	dir := t.TempDir()
	writeRecord(t, dir, "a.json", strings.ReplaceAll(scan(1, "2026-02-01T10:00:00Z"), "octo/app", "octo/old"))
	later := time.Now().AddDate(0, 0, 2).UTC().Format(time.RFC3339)
	writeRecord(t, dir, "b.json", scan(2, later))
	w := newWorld(t, dir, false)
	w.json("POST", "/api/refresh", "")
	stats, trends := w.json("GET", "/api/stats", ""), w.json("GET", "/api/trends?period=7d", "")
	now, _ := trends["open_now"].(map[string]any)
	if stats["latest_issues"] != 2.0 || now["total"] != 2.0 || trends["opened"] != 1.0 {
		t.Errorf("open: %v, at the end of the chart %v, opened %v", stats["latest_issues"], now["total"], trends["opened"])
	}
	for _, r := range w.items("/api/runs") {
		counted, _ := r["_counted_at"].(string)
		if isLater := r["_file"] == "b.json"; (counted != "") != isLater || isLater && (r["timestamp"] != later || counted > time.Now().UTC().Format(time.RFC3339)+"Z") {
			t.Errorf("%v: timestamp %v, counted at %q", r["_file"], r["timestamp"], counted)
		}
	}
}

// TestCredentialsStayInTheStore: the record keeps them, and no answer has them.
func TestCredentialsStayInTheStore(t *testing.T) {
	const secret = "ghp_0123456789abcdef"
	dir := t.TempDir()
	text := fmt.Sprintf(scanText, "https://x:"+secret+"@github.com/octo/app", 1, `https:\/\/`+secret+`@github.com\/octo\/fixer\/actions`, "2026-02-01T10:00:00Z")
	writeRecord(t, dir, "a.json", text)
	writeRecord(t, dir, "broken.json", text[:len(text)-1])
	w := newWorld(t, dir, false)
	w.json("POST", "/api/refresh", "")
	for _, path := range []string{
		"/api/runs", "/api/runs.json", "/api/runs.csv", "/api/runs/a.json", "/api/runs/a.json/raw", "/api/runs/broken.json/raw", "/api/repos", "/api/repos.csv",
		"/api/stats", "/api/issues", "/api/issues.csv", "/api/files", "/api/repo/octo/app", "/api/search?q=app", "/api/changes",
	} {
		got := w.do("GET", path, "")
		if got.StatusCode != 200 || bytes.Contains(got.body, []byte(secret)) {
			t.Errorf("%s: %s %.300s", path, got.Status, got.body)
		}
	}
	if got := w.first("/api/runs", "target_repo"); got != "https://github.com/octo/app" {
		t.Errorf("target_repo is %s", got)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, "a.json")); err != nil || !bytes.Contains(kept, []byte(secret)) {
		t.Errorf("the file was changed: %v", err)
	}
}
