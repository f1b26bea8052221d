package http

import (
	"net/url"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

func TestActions(t *testing.T) {
	s := program.WithRuns(t, program.Sample(), nil)
	res, _ := s.Do("POST", "/actions/refresh", "", "Referer", s.URL+"/issues?q=is:fixed")
	if got := res.Header.Get("Location"); res.StatusCode != 303 || got != "/issues?q=is:fixed" {
		t.Errorf("without JavaScript: %d to %q", res.StatusCode, got)
	}
	res, _ = s.Do("POST", "/actions/refresh", "", "Referer", "https://evil.example/x")
	if got := res.Header.Get("Location"); got != "/" {
		t.Errorf("from elsewhere it leads to %q", got)
	}
	cookie, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
	if body := s.UntilSays("/issues", "0 new files, 0 updated, 1 pull request.", "Cookie", cookie); !strings.Contains(body, "Refresh: done") {
		t.Error("the job's card is not on the next page")
	}
	res, body := s.Do("POST", "/actions/poll", "", "HX-Request", "true")
	if res.StatusCode != 400 || !strings.Contains(body, "DEVIN_API_KEY") || !strings.Contains(body, "Not started.") {
		t.Errorf("without its variable: %d %s", res.StatusCode, body)
	}
	id := strings.Trim(strings.TrimPrefix(cookie, "jobs="), "_") // of a job that it started
	res, body = s.Do("POST", "/actions/dismiss", url.Values{"id": {id}}.Encode(), "HX-Request", "true", "Cookie", cookie)
	if res.StatusCode != 200 || strings.Contains(body, "job-"+id) || !strings.Contains(res.Header.Get("Set-Cookie"), "jobs=;") {
		t.Errorf("a closed card: %d %q %s", res.StatusCode, res.Header.Get("Set-Cookie"), body)
	}
	res, body = s.Do("POST", "/actions/cancel", url.Values{"id": {id}}.Encode(), "HX-Request", "true", "Cookie", cookie)
	if res.StatusCode != 200 || !strings.Contains(body, "Refresh: done") {
		t.Errorf("a job that has ended is not canceled, but shown: %d %s", res.StatusCode, body)
	}
	if res, _ := s.Do("POST", "/actions/refresh", "", "Origin", "https://evil.example", "Sec-Fetch-Site",
		"cross-site"); res.StatusCode != 403 {
		t.Errorf("from another origin: %d", res.StatusCode)
	}
}

func TestBackfillShowsFirst(t *testing.T) {
	records := program.Sample()
	old := records["b.json"].(map[string]any)
	old["sessions"].([]map[string]any)[0]["issue_ids"] = []string{"", "CQLF-R1-0002"}
	s := program.WithRuns(t, records, nil)
	res, _ := s.Do("POST", "/actions/backfill", "dry_run=true")
	cookie, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
	body := s.UntilSays("/runs", "Backfill, dry run: done", "Cookie", cookie)
	for _, text := range []string{"1 change in 1 record. Nothing has been changed yet.", "sessions[0].issue_ids", "Apply 1 change"} {
		if !strings.Contains(body, text) {
			t.Errorf("the dry run does not say %q", text)
		}
	}
	id := strings.Trim(strings.TrimPrefix(cookie, "jobs="), "_") // of a job that it started
	res, _ = s.Do("POST", "/actions/backfill", "replaces="+id, "Cookie", cookie)
	cookie, _, _ = strings.Cut(res.Header.Get("Set-Cookie"), ";")
	if strings.Contains(cookie, id) {
		t.Error("the dry run's card stays beside what was applied")
	}
	s.UntilSays("/runs", "1 change in 1 record applied.", "Cookie", cookie)
}
