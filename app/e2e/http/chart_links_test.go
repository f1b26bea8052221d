package main

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// manyRecords are a repository with fourteen families and odd severities,
// whose sessions took some, and one whose scan names no findings.
func manyRecords() map[string]any {
	now := time.Now().UTC()
	var first, second []map[string]any
	var sessions []map[string]any
	for n := 1; n <= 60; n++ {
		tier := []string{"critical", "high", "medium", "low", "high", "odd"}[n%6]
		f := finding(1, n, tier, fmt.Sprintf("family %c", 'a'+n%14), fmt.Sprintf("js/rule-%02d", n), fmt.Sprintf("src/%d.ts", n), n)
		if n == 14 || n == 28 {
			f["cwe_family"] = ""
		}
		first = append(first, f)
		if n > 12 {
			second = append(second, f)
		}
	}
	for n, status := range []string{"finished", "finished", "expired", "failed", "blocked"} {
		ids := []string{}
		for i := n * 8; i < n*8+8; i++ {
			ids = append(ids, fmt.Sprintf("CQLF-R1-%04d", i+1))
		}
		id := fmt.Sprintf("devin-%032x", n+1)
		sessions = append(sessions, map[string]any{"session_id": id, "session_url": "https://app.devin.ai/sessions/" + id, "batch_id": n, "status": status, "issue_ids": ids})
	}
	bare := scan(7, now.AddDate(0, 0, -2), first[:9])
	bare["target_repo"], bare["fork_url"] = "https://github.com/octo/bare", "https://github.com/octo/bare"
	delete(bare, "issue_fingerprints")
	return map[string]any{"a.json": scan(1, now.AddDate(0, 0, -20), first, sessions...), "b.json": scan(2, now.AddDate(0, 0, -3), second), "c.json": bare}
}

var (
	chartMark = regexp.MustCompile(`<a href="([^"]*)" tabindex="-1">\s*<rect class="mark[^>]*>\s*<title>([^<]*): ([0-9,]+)</title>`)
	tableCell = regexp.MustCompile(`(?s)<tr>\s*<th scope="row">([^<]*)</th>\s*<td>\s*<a class="" href="([^"]*)">([0-9,]+)</a>`)
	rateRow   = regexp.MustCompile(`<a class="row-muted" href="([^"]*)">([0-9,]+)</a>`)
	endLabel  = regexp.MustCompile(`<strong>([0-9,]+)</strong>\s*<a class="fg-muted" href="([^"]*)">([^<]*)</a>`)
	tileTier  = regexp.MustCompile(`(?s)href="([^"]*)">\s*([0-9,]+) (critical|high|not listed)\s*<`)
	listTotal = regexp.MustCompile(`class="list-count">([0-9,]+) `)
)

// rowsBehind is how many rows the list of an address has in all.
func (s *site) rowsBehind(address string) string {
	s.t.Helper()
	res, page := s.get(html.UnescapeString(address))
	found := listTotal.FindStringSubmatch(page)
	if res.StatusCode != 200 || found == nil {
		s.t.Errorf("%s is no list (status %d)", address, res.StatusCode)
		return ""
	}
	return found[1]
}

// TestMarksLeadToTheirRows follows each mark of the overview's charts, and
// each cell of their tables, to a list of exactly so many rows.
func TestMarksLeadToTheirRows(t *testing.T) {
	s := startSite(t, manyRecords(), nil)
	for panel, least := range map[string]int{"tiles": 3, "open": 14, "spans": 1, "outcomes": 4, "rates": 20, "trend": 8} {
		_, page := s.get("/panels/"+panel+"?period=30d", "HX-Request", "true")
		followed := 0
		follow := func(name, address, n string) {
			if n == "0" || strings.Contains(address, "/changes") {
				return
			}
			followed++
			if strings.Contains(address, "is%3Alisted") { // its rows are the repositories, whose counts add up
				if _, rows := s.get(html.UnescapeString(address)); n != "9" || !strings.Contains(rows, "octo/bare") || strings.Contains(rows, "octo/shop") {
					t.Errorf("%s, %s: %s is not what octo/bare counts", panel, name, n)
				}
				return
			}
			if got := s.rowsBehind(address); got != n {
				t.Errorf("%s, %s shows %s, its list %s has %s", panel, name, n, address, got)
			}
		}
		for _, m := range chartMark.FindAllStringSubmatch(page, -1) {
			follow(m[2], m[1], m[3])
		}
		for _, m := range tableCell.FindAllStringSubmatch(page, -1) {
			follow(m[1]+" in the table", m[2], m[3])
		}
		for _, m := range endLabel.FindAllStringSubmatch(page, -1) {
			follow(m[3]+" at the end", m[2], m[1])
		}
		for _, m := range tileTier.FindAllStringSubmatch(page, -1) {
			follow(m[3], m[1], m[2])
		}
		if panel == "rates" {
			for _, m := range rateRow.FindAllStringSubmatch(page, -1) {
				follow("rate", m[1], m[2])
			}
		}
		if followed < least {
			t.Errorf("%s: only %d marks lead anywhere in %s", panel, followed, page)
		}
		if panel != "rates" && panel != "tiles" && !strings.Contains(page, "View as table") {
			t.Errorf("%s: its numbers are not offered as a table", panel)
		}
	}
}

// TestSparklines: each repository has its line, on a phone too, which leads to
// the repository's page with its trend.
func TestSparklines(t *testing.T) {
	b := startBrowser(t)
	s := startSite(t, manyRecords(), nil)
	for _, width := range []int64{390, 1280} {
		b.size(width, 900)
		b.open(s.url + "/repos")
		if got := b.js(`[...document.querySelectorAll("#repos .spark")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().width > 60).map((e) => e.closest("a").getAttribute("href")).sort()`); got != "/repo/octo/bare,/repo/octo/shop" {
			t.Errorf("at %d the lines lead to %s", width, got)
		}
	}
	b.quiet()
}

// TestFoldedOverview: on a phone the overview's panels are a line each, which
// says the number that matters and opens at a tap; what was opened stays so
// when the page changes, and the next time.
func TestFoldedOverview(t *testing.T) {
	b := startBrowser(t)
	s := startSite(t, manyRecords(), nil)
	b.size(1280, 900)
	b.open(s.url + "/")
	if got := b.js(`[...document.querySelectorAll(".fold")].filter((f) => !f.querySelector("table, .bars, .empty, .chart")?.checkVisibility({ contentVisibilityAuto: true }) || f.querySelector("summary").checkVisibility()).map((f) => f.id)`); got != "" {
		t.Errorf("where there is room these are folded: %s", got)
	}
	b.size(390, 900)
	b.do(chromedp.Reload())
	b.until(`document.querySelector("#live-state").dataset.state === "live"`)
	shown := `document.querySelector("#outcomes .bars").checkVisibility()`
	if got := b.js(shown + ` + " " + document.querySelector("#outcomes-fold .fold-line").checkVisibility() + " " + document.querySelector("#needs tbody")?.checkVisibility()`); !strings.HasPrefix(got, "false true") {
		t.Errorf("outcomes shown, its line, what needs a person: %s", got)
	}
	if got := b.js(`document.querySelector("#open .fold-line").textContent`); !strings.Contains(got, "8 critical · ") || !strings.Contains(got, "9 not listed") {
		t.Errorf("the line of what is open says %q", got)
	}
	b.js(`document.querySelector("#outcomes-fold > summary").click()`)
	b.until(shown)

	// A change from elsewhere comes in and closes nothing.
	s.write(map[string]any{"d.json": scan(3, time.Now(), nil, map[string]any{"session_id": "devin-" + strings.Repeat("ab", 16), "batch_id": 1, "status": "working", "issue_ids": []string{}})})
	if res, _ := s.do("POST", "/api/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: %d", res.StatusCode)
	}
	b.until(`document.querySelector("#outcomes .counter").textContent === "6"`)
	if got := b.js(shown); got != "true" {
		t.Error("the change closed what was open")
	}
	b.do(chromedp.Reload())
	b.until(shown)
	if got := b.js(`document.querySelector("#rates-fold").open`); got != "false" {
		t.Error("what was not opened is open")
	}
	b.quiet()
}

// TestAPIDocsOpen: the description of the API is a line for each endpoint; a
// link to one opens it.
func TestAPIDocsOpen(t *testing.T) {
	b := startBrowser(t)
	s := startSite(t, shopRecords(), nil)
	b.size(1280, 900)
	b.open(s.url + "/docs/api")
	if got := b.js(`document.querySelectorAll(".docs-item[open]").length + " " + (document.documentElement.scrollHeight < 8000)`); got != "0 true" {
		t.Errorf("at first so many are open, and it is short: %s", got)
	}
	b.js(`document.querySelector("#get-api-issues").closest("details").querySelector("summary").click()`)
	b.js(`document.querySelector("#get-api-issues a[href='#def-IssueList']").click()`)
	b.until(`document.querySelector("#def-IssueList").checkVisibility({ contentVisibilityAuto: true }) && document.querySelector("#def-IssueList").closest("details").open`)
	b.quiet()
}

// TestActivityOfOneRepository: the list is narrowed to a repository by a
// form that needs no script, and shows each change that backfill made.
func TestActivityOfOneRepository(t *testing.T) {
	records := manyRecords()
	verified := map[string]any{"verified_at": time.Now().UTC().Format(time.RFC3339), "session_id": fmt.Sprintf("%032x", 1), "source_run_number": "1", "pr_number": "5", "pr_url": "https://github.com/octo/shop/pull/5",
		"summary": map[string]any{"total_targeted": 1, "fixed_count": 1, "remaining_count": 0}, "verified_fixed": []any{}, "still_present": []any{}}
	records["v.json"] = verified
	s := startSite(t, records, nil)
	if res, body := s.do("POST", "/api/backfill", ""); res.StatusCode != 200 || !strings.Contains(body, `pull/5`) {
		t.Fatalf("backfill: %d %s", res.StatusCode, body)
	}
	for path, want := range map[string]struct {
		status        int
		holds, misses []string
	}{
		"/activity":                        {200, []string{"Record mended", "octo/bare", `name="repo"`}, nil},
		"/activity?kind=job":               {200, []string{"Backfill: done", ">the API</td>"}, []string{"not recorded"}},
		"/activity?repo=octo/shop":         {200, []string{"Record mended", "pr_url: empty → octo/shop#5", "session 1", "All repositories"}, []string{`href="/repo/octo/bare"`, "Refresh: done"}},
		"/activity?repo=Octo%2FBare":       {200, []string{"found 9"}, []string{"Record mended", `href="/repo/octo/shop"`}},
		"/activity?repo=octo/no&kind=run":  {200, []string{"Nothing of octo/no has changed", `name="kind" value="run"`}, nil},
		"/activity?repo=shop":              {400, []string{"repo: this is no repository", "Clear filters"}, []string{"Filter, for example"}},
		"/activity?kind=mend":              {200, []string{"Record mended", "backfill 1"}, []string{"Refresh: done"}},
		"/repo/octo/shop":                  {200, []string{`href="/activity?repo=octo%2Fshop"`}, nil},
		"/activity?repo=%3Cb%3E%2F%22x%22": {400, []string{"repo: this is no repository"}, []string{"<b>"}},
	} {
		res, page := s.get(path)
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

// TestWhereToGetOne: a setting that is missing is said with what is off and
// a link to where one is made, a single one in a line.
func TestWhereToGetOne(t *testing.T) {
	s := startSite(t, nil, func(c *Config) { c.RunsDir = "" })
	_, body := s.get("/")
	for _, link := range []string{`href="https://github.com/settings/tokens"`, `href="https://app.devin.ai/settings/api-keys"`} {
		if !strings.Contains(body, link) {
			t.Errorf("no link %s", link)
		}
	}
	p := startPlayed(t, shopRecords(), func(c *Config) { c.DevinAPIKey = "" })
	_, body = p.get("/")
	if !strings.Contains(body, "<strong>DEVIN_API_KEY is not set.</strong> Sessions are not polled") || strings.Contains(body, `class="missing"`) {
		t.Error("a single one is not said in a line")
	}
}
