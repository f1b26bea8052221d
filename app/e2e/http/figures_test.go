package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// trendRecords are four scans over three weeks: ten issues, of which some
// close and one comes back, and a session that took two.
func trendRecords() map[string]any {
	now := time.Now().UTC()
	find := func(run int, from, to int) []map[string]any {
		var list []map[string]any
		for n := from; n <= to; n++ {
			list = append(list, finding(run, n, []string{"critical", "high"}[n%2], []string{"xss", "injection"}[n%2], fmt.Sprintf("js/rule-%02d", n), fmt.Sprintf("src/%d.ts", n), n))
		}
		return list
	}
	session := map[string]any{"session_id": "devin-0123456789abcdef0123456789abcdef", "session_url": "https://app.devin.ai/sessions/0123456789abcdef0123456789abcdef", "batch_id": 1, "status": "finished", "issue_ids": []string{"CQLF-R1-0001", "CQLF-R1-0002"}}
	return map[string]any{
		"a.json": scan(1, now.AddDate(0, 0, -20), find(1, 1, 10), session), "b.json": scan(2, now.AddDate(0, 0, -13), find(2, 2, 10)),
		"c.json": scan(3, now.AddDate(0, 0, -6), find(3, 4, 10)), "d.json": scan(4, now.AddDate(0, 0, -1), find(4, 3, 11)),
	}
}

// ask reads an answer of the API.
func (s *site) ask(path string) map[string]any {
	s.t.Helper()
	_, body := s.get(path)
	var answer map[string]any
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		s.t.Fatalf("%s: %v in %.200s", path, err, body)
	}
	return answer
}

// tile returns the value and the address of a tile.
func tile(t *testing.T, page, label string) (value, address string) {
	t.Helper()
	found := regexp.MustCompile(`(?s)<span class="tile-label">` + label + `</span>.*?<a class="tile-value" href="([^"]*)">([^<]*)</a>`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no tile %s that leads anywhere", label)
	}
	return found[2], strings.ReplaceAll(found[1], "&amp;", "&")
}

// TestFiguresArePagesAndAPIs holds the figures of the pages against those of
// the API, and follows each to the list that it counts.
func TestFiguresArePagesAndAPIs(t *testing.T) {
	s := startSite(t, trendRecords(), nil)
	for _, period := range []string{"7d", "30d", "90d", "all"} {
		trends, stats := s.ask("/api/trends?period="+period), s.ask("/api/stats")
		for _, path := range []string{"/", "/repo/octo/shop", "/report"} {
			_, page := s.get(path + "?period=" + period)
			for label, want := range map[string]any{"Open issues": stats["latest_issues"], "Closed [^<]*": trends["closed"], "Runs": stats["total_runs"], "PRs waiting": stats["prs_open"]} {
				value, address := tile(t, page, label)
				if value != fmt.Sprint(want) {
					t.Errorf("%s, %s: %s is %s, the API says %v", path, period, label, value, want)
				}
				if label != "PRs waiting" {
					s.counts(address, value)
				}
			}
			if want := fmt.Sprintf("%v opened", trends["opened"]); !strings.Contains(page, want) {
				t.Errorf("%s, %s: the page does not say %s", path, period, want)
			}
			s.bars(page, "opened", trends["opened"])
			s.bars(page, "closed", trends["closed"])
		}
	}
}

// counts asks that a page's list has so many rows in all.
func (s *site) counts(address, value string) {
	s.t.Helper()
	res, page := s.get(address)
	if res.StatusCode != 200 || !regexp.MustCompile(`(of |>)`+value+`( issues| events| runs|<)`).MatchString(page) {
		s.t.Errorf("%s does not count %s rows (status %d)", address, value, res.StatusCode)
	}
}

// bars asks that the bars of a chart add up to the figure of the period, and
// that one leads to as many events as it shows.
func (s *site) bars(page, event string, want any) {
	s.t.Helper()
	sum := 0
	for _, found := range regexp.MustCompile(`<a href="(/changes[^"]*)" tabindex="-1"><rect class="hit"[^>]*><title>([0-9,]+) `+event+`, `).FindAllStringSubmatch(page, -1) {
		var n int
		if _, err := fmt.Sscan(found[2], &n); err != nil {
			s.t.Fatal(err)
		}
		if sum += n; n > 0 {
			s.counts(strings.ReplaceAll(found[1], "&amp;", "&"), found[2])
		}
	}
	if fmt.Sprint(want) != fmt.Sprint(sum) {
		s.t.Errorf("the bars of %s add up to %d, the period has %v", event, sum, want)
	}
}

func TestFiguresPages(t *testing.T) {
	s := startSite(t, trendRecords(), nil)
	was := url.QueryEscape(time.Now().UTC().AddDate(0, 0, -15).Format(time.RFC3339))
	for path, want := range map[string]struct {
		status int
		holds  []string
	}{
		"/":                          {200, []string{"Open issues over time", "View as table", "Fix rate by CWE family", "Sessions by outcome", "Time to fix, median", `href="/report?period=30d"`}},
		"/?period=8d":                {400, []string{"use one of 7d, 30d, 90d, all"}},
		"/report?period=8d":          {400, []string{"use one of 7d, 30d, 90d, all"}},
		"/report?repo=octo/nothing":  {404, []string{"octo/nothing"}},
		"/report?repo=octo/shop":     {200, []string{"<h1>Report</h1>", "What verification says", "Open critical and high issues", "js/rule-04"}},
		"/issues?as_of=" + was:       {200, []string{"As of ", "1–10 of 10", "Show today"}},
		"/issues?as_of=yesterday":    {400, []string{"as_of: this is no time"}},
		"/changes":                   {200, []string{"Reopened", "Closed", "js/rule-01"}},
		"/changes?event=closed":      {200, []string{"3 events"}},
		"/changes?event=lost":        {400, []string{"use one of"}},
		"/changes?since=yesterday":   {400, []string{"since: this is no time"}},
		"/repo/octo/shop?period=90d": {200, []string{"Fixes go to forks/shop", "Next due", `href="/repo/octo/shop/sessions?period=90d"`}},
		"/repos":                     {200, []string{"Last 30 days", `class="spark"`}},
	} {
		if res, body := s.get(path); res.StatusCode != want.status {
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
	s := startSite(t, trendRecords(), nil)
	if err := os.WriteFile(s.runs+"/d.json", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.do("POST", "/api/refresh", "")
	s.wait("/repo/octo/shop", "A record cannot be read.")
}
