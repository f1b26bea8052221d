package http

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// trendRecords are four scans over three weeks: ten issues, of which some
// close and one comes back, and a session that took two.
func trendRecords() map[string]any {
	now := time.Now().UTC()
	find := func(run int, from, to int) []map[string]any {
		var list []map[string]any
		for n := from; n <= to; n++ {
			list = append(
				list,
				program.Finding(
					run,
					n,
					[]string{"critical", "high"}[n%2],
					[]string{"xss", "injection"}[n%2],
					fmt.Sprintf("js/rule-%02d", n),
					fmt.Sprintf("src/%d.ts", n),
					n,
				),
			)
		}
		return list
	}
	session := map[string]any{
		"session_id":  "devin-0123456789abcdef0123456789abcdef",
		"session_url": "https://app.devin.ai/sessions/0123456789abcdef0123456789abcdef",
		"batch_id":    1,
		"status":      "finished",
		"issue_ids":   []string{"CQLF-R1-0001", "CQLF-R1-0002"},
	}
	return map[string]any{
		"a.json": program.Scan(1, now.AddDate(0, 0, -20), find(1, 1, 10), session),
		"b.json": program.Scan(2, now.AddDate(0, 0, -13), find(2, 2, 10)),
		"c.json": program.Scan(3, now.AddDate(0, 0, -6), find(3, 4, 10)), "d.json": program.Scan(4, now.AddDate(0, 0, -1), find(4, 3, 11)),
	}
}

// tile returns the value and the address of a tile.
func tile(t *testing.T, page, label string) (value, address string) {
	t.Helper()
	found := regexp.MustCompile(
		`(?s)<span class="tile-label">` + label + `</span>.*?<a class="tile-value" href="([^"]*)">([^<]*)</a>`,
	).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no tile %s that leads anywhere", label)
	}
	return found[2], strings.ReplaceAll(found[1], "&amp;", "&")
}

// TestFiguresArePagesAndAPIs holds the figures of the pages against those of
// the API, and follows each to the list that it counts.
func TestFiguresArePagesAndAPIs(t *testing.T) {
	s := program.WithRuns(t, trendRecords(), nil)
	for _, period := range []string{"7d", "30d", "90d", "all"} {
		trends, stats := s.Object(http.MethodGet, "/api/trends?period="+period), s.Object(http.MethodGet, "/api/stats")
		for _, path := range []string{"/", "/repo/octo/shop", "/report"} {
			_, page := s.Get(path + "?period=" + period)
			for label, want := range map[string]any{"Open issues": stats["latest_issues"], "Closed [^<]*": trends["closed"],
				"Runs": stats["total_runs"], "PRs waiting": stats["prs_open"]} {
				value, address := tile(t, page, label)
				if value != fmt.Sprint(want) {
					t.Errorf("%s, %s: %s is %s, the API says %v", path, period, label, value, want)
				}
				if label != "PRs waiting" {
					counts(s, address, value)
				}
			}
			if want := fmt.Sprintf("%v opened", trends["opened"]); !strings.Contains(page, want) {
				t.Errorf("%s, %s: the page does not say %s", path, period, want)
			}
			bars(s, page, "opened", trends["opened"])
			bars(s, page, "closed", trends["closed"])
		}
	}
}

// counts asks that a page's list has so many rows in all.
func counts(s *program.Program, address, value string) {
	s.T.Helper()
	res, page := s.Get(address)
	if res.StatusCode != 200 || !regexp.MustCompile(`(of |>)`+value+`( issues| events| runs|<)`).MatchString(page) {
		s.T.Errorf("%s does not count %s rows (status %d)", address, value, res.StatusCode)
	}
}

// bars asks that the bars of a chart add up to the figure of the period, and
// that one leads to as many events as it shows.
func bars(s *program.Program, page, event string, want any) {
	s.T.Helper()
	sum := 0
	bar := regexp.MustCompile(`<a href="(/changes[^"]*)" tabindex="-1"><rect class="hit"[^>]*><title>([0-9,]+) ` + event + `, `)
	for _, found := range bar.FindAllStringSubmatch(page, -1) {
		var n int
		if _, err := fmt.Sscan(found[2], &n); err != nil {
			s.T.Fatal(err)
		}
		if sum += n; n > 0 {
			counts(s, strings.ReplaceAll(found[1], "&amp;", "&"), found[2])
		}
	}
	if fmt.Sprint(want) != fmt.Sprint(sum) {
		s.T.Errorf("the bars of %s add up to %d, the period has %v", event, sum, want)
	}
}

func TestFiguresPages(t *testing.T) {
	s := program.WithRuns(t, trendRecords(), nil)
	was := url.QueryEscape(time.Now().UTC().AddDate(0, 0, -15).Format(time.RFC3339))
	for path, want := range map[string]struct {
		status int
		holds  []string
	}{
		"/": {200, []string{"Open issues over time", "View as table", "Fix rate by CWE family", "Sessions by outcome",
			"Time to fix, median", `href="/report?period=30d"`}},
		"/?period=8d":                {400, []string{"want one of 7d, 30d, 90d, all"}},
		"/report?period=8d":          {400, []string{"want one of 7d, 30d, 90d, all"}},
		"/report?repo=octo/nothing":  {404, []string{"octo/nothing"}},
		"/report?repo=octo/shop":     {200, []string{"<h1>Report</h1>", "Verification results", "Open critical and high issues", "js/rule-04"}},
		"/issues?as_of=" + was:       {200, []string{"As of ", "1–10 of 10", "Show today"}},
		"/issues?as_of=yesterday":    {400, []string{"Invalid as_of: want a time"}},
		"/changes":                   {200, []string{"Reopened", "Closed", "js/rule-01"}},
		"/changes?event=closed":      {200, []string{"3 events"}},
		"/changes?event=lost":        {400, []string{"want one of"}},
		"/changes?since=yesterday":   {400, []string{"since: want a time"}},
		"/repo/octo/shop?period=90d": {200, []string{"Fixes go to forks/shop", "Next due", `href="/repo/octo/shop/sessions?period=90d"`}},
		"/repos":                     {200, []string{"Last 30 days", `class="spark"`}},
	} {
		if res, body := s.Get(path); res.StatusCode != want.status {
			t.Errorf("%s answers %d", path, res.StatusCode)
		} else {
			for _, text := range want.holds {
				if !strings.Contains(body, text) {
					t.Errorf("%s does not say %q", path, text)
				}
			}
			if strings.Contains(body, " style=") {
				t.Errorf("%s has a style attribute", path)
			}
		}
	}
}

// TestBrokenRecordIsNoticed breaks a file of a repository that was good.
func TestBrokenRecordIsNoticed(t *testing.T) {
	s := program.WithRuns(t, trendRecords(), nil)
	s.Write(map[string]any{"d.json": []byte("{")})
	s.Do("POST", "/api/refresh", "")
	s.UntilSays("/repo/octo/shop", "A record cannot be read.")
}
