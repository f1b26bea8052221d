package http

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// TestActivityOfOneRepository: the list is narrowed to a repository by a
// form that needs no script, and shows each change that backfill made.
func TestActivityOfOneRepository(t *testing.T) {
	records := program.ManyRecords()
	verified := map[string]any{
		"verified_at":       time.Now().UTC().Format(time.RFC3339),
		"session_id":        fmt.Sprintf("%032x", 1),
		"source_run_number": "1",
		"pr_number":         "5",
		"pr_url":            "https://github.com/octo/shop/pull/5",
		"summary": map[string]any{
			"total_targeted":  1,
			"fixed_count":     1,
			"remaining_count": 0,
		},
		"verified_fixed": []any{},
		"still_present":  []any{},
	}
	records["v.json"] = verified
	s := program.WithRuns(t, records, nil)
	if res, body := s.Do("POST", "/api/backfill", ""); res.StatusCode != 200 || !strings.Contains(body, `pull/5`) {
		t.Fatalf("backfill: %d %s", res.StatusCode, body)
	}
	for path, want := range map[string]struct {
		status        int
		holds, misses []string
	}{
		"/activity":          {200, []string{"Record corrected", "octo/bare", `name="repo"`}, nil},
		"/activity?kind=job": {200, []string{"Backfill: done", ">the API</td>"}, []string{"not recorded"}},
		"/activity?repo=octo/shop": {200, []string{"Record corrected", "pr_url: empty → octo/shop#5", "session 1", "All repositories"},
			[]string{`href="/repo/octo/bare"`, "Refresh: done"}},
		"/activity?repo=Octo%2FBare":       {200, []string{"found 9"}, []string{"Record corrected", `href="/repo/octo/shop"`}},
		"/activity?repo=octo/no&kind=run":  {200, []string{"No activity of octo/no", `name="kind" value="run"`}, nil},
		"/activity?repo=shop":              {400, []string{"Invalid repo", "Clear filters"}, []string{"Filter, for example"}},
		"/activity?kind=mend":              {200, []string{"Record corrected", "backfill 1"}, []string{"Refresh: done"}},
		"/repo/octo/shop":                  {200, []string{`href="/activity?repo=octo%2Fshop"`}, nil},
		"/activity?repo=%3Cb%3E%2F%22x%22": {400, []string{"Invalid repo"}, []string{"<b>"}},
	} {
		res, page := s.Get(path)
		if res.StatusCode != want.status {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
		for _, text := range want.holds {
			if !strings.Contains(page, text) {
				t.Errorf("%s does not say %q", path, text)
			}
		}
		for _, text := range want.misses {
			if _, list, _ := strings.Cut(page, `id="activity"`); strings.Contains(list, text) {
				t.Errorf("%s says %q", path, text)
			}
		}
	}
}
