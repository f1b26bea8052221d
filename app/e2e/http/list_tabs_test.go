package main

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// listRecords are a shop with fixed, reopened and open issues in long places,
// sessions in several states, and a bank whose open issues grew.
func listRecords() map[string]any {
	const deep = "src/main/java/io/northwind/claims/ProfileImageUploadController.java"
	var findings []map[string]any
	for n, severity := range []string{"critical", "high", "high", "medium", "low", "low", "low"} {
		findings = append(findings, finding(1, n+1, severity, []string{"xss", "injection"}[n%2], fmt.Sprintf("java/unsafe-deserialization-%d", n+1), deep, 120+n))
	}
	at, old := time.Now().Add(-50*time.Hour), time.Now().AddDate(0, 0, -60)
	session := func(digit, status, pr string, ids ...string) map[string]any {
		return map[string]any{"session_id": "devin-" + strings.Repeat(digit, 32), "batch_id": 1, "status": status, "issue_ids": ids, "pr_url": pr}
	}
	bank := func(run int, at time.Time, found int) map[string]any {
		var list []map[string]any
		for n := range found {
			list = append(list, finding(run, n, "low", "csrf", fmt.Sprintf("js/rule-%d", n), "a.js", n+1))
		}
		s := scan(run, at, list)
		s["target_repo"], s["fork_url"] = "https://github.com/octo/bank", ""
		return s
	}
	return map[string]any{
		"a.json": scan(1, old, findings, session("a", "working", "https://github.com/octo/shop/pull/7", "CQLF-R1-0001"), session("b", "finished", "", "CQLF-R1-0002"), session("", "error: 429 Client Error", "", "CQLF-R1-0003")),
		"b.json": scan(2, at.Add(time.Hour), findings[1:]),
		"c.json": scan(3, at.Add(2*time.Hour), findings[:6]),
		"d.json": bank(4, old, 1), "e.json": bank(5, at, 3),
	}
}

// listTab is a view as a page offers it.
type listTab struct{ text, href, count string }

var (
	tabLinks  = regexp.MustCompile(`(?s)<a class="(?:view|menu-item)[^"]*" href="([^"]*)".*?data-text="([^"]*)".*?</a>`)
	tabCounts = regexp.MustCompile(`class="counter">([^<]*)<`)
	listCount = regexp.MustCompile(`class="list-count">([\d,]+) `)
)

// tabsIn are the views in the part of a page that begins so.
func tabsIn(body, begins string) []listTab {
	_, rest, _ := strings.Cut(body, begins)
	nav, _, _ := strings.Cut(rest, "</nav>")
	var tabs []listTab
	for _, m := range tabLinks.FindAllStringSubmatch(nav, -1) {
		t := listTab{text: html.UnescapeString(m[2]), href: html.UnescapeString(m[1])}
		if n := tabCounts.FindStringSubmatch(m[0]); n != nil {
			t.count = n[1]
		}
		tabs = append(tabs, t)
	}
	return tabs
}

// TestTabCounts: the count on each tab is the total of the list that it leads
// to, of all repositories and of one, and moves with what is stored; a saved
// view that costs much has none until it is shown. The menu of narrow windows
// holds the same.
func TestTabCounts(t *testing.T) {
	s := startSite(t, listRecords(), nil)
	for name, q := range map[string]string{"Worst": "is:open severity:critical", "By path": "is:open path:java"} {
		if res, _ := s.do("POST", "/actions/views", form("name", name, "list", "issues", "query", url.Values{"q": {q}}.Encode())); res.StatusCode != 303 {
			t.Fatalf("saved: %d", res.StatusCode)
		}
	}
	least := map[string]int{"/issues": 10, "/sessions": 5, "/pulls": 5, "/repo/octo/shop/issues": 8, "/repo/octo/shop/sessions": 5}
	check := func() {
		t.Helper()
		for page, n := range least {
			_, body := s.get(page)
			tabs, menu := tabsIn(body, `<nav class="views"`), tabsIn(body, `<nav class="menu-list" aria-label="Views`)
			if len(tabs) < n || !slices.Equal(tabs, menu) {
				t.Errorf("%s: %d tabs, want at least %d; as a menu %d: %v, %v", page, len(tabs), n, len(menu), tabs, menu)
			}
			for _, tab := range tabs {
				_, list := s.get(tab.href)
				total := listCount.FindStringSubmatch(list)
				want := []string{"no total"}
				if total != nil {
					want = total[1:]
				}
				if tab.text == "By path" {
					if tab.count != "" {
						t.Errorf("a view that reads rows is counted: %s", tab.count)
					}
					if now := tabsIn(list, `<nav class="views"`); !slices.Contains(now, listTab{tab.text, tab.href, want[0]}) {
						t.Errorf("shown, it does not say %s: %v", want[0], now)
					}
				} else if tab.count != want[0] {
					t.Errorf("%s: the tab %q says %s, its list %s", page, tab.text, tab.count, want[0])
				}
			}
		}
	}
	check()
	_, before := s.get("/issues")
	s.write(map[string]any{"f.json": scan(6, time.Now().Add(-time.Minute), []map[string]any{finding(6, 1, "critical", "xss", "js/new", "n.js", 1)})})
	if res, _ := s.do("POST", "/api/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: %d", res.StatusCode)
	}
	check()
	if _, after := s.get("/issues"); slices.Equal(tabsIn(before, `<nav class="views"`), tabsIn(after, `<nav class="views"`)) {
		t.Error("the tabs say the same after a scan as before")
	}
}

var sortHeads = regexp.MustCompile(`(?s)<th scope="col"[^>]*?>\s*<a class="sort-link" href="([^"]*)"`)

// wayOut are the links that clear what is asked wrongly, or lead to a view.
var wayOut = regexp.MustCompile(`<a class="(?:btn|filter-clear|view[^"]*|menu-item[^"]*)" href="([^"]*)"[^>]*hx-target="closest`)

// TestSortHeaders: each header that is a link sorts, says which way, and the
// API knows its sort; an unknown one is told with what is allowed.
func TestSortHeaders(t *testing.T) {
	s := startSite(t, listRecords(), nil)
	for page, api := range map[string]string{"/issues": "/api/issues", "/sessions": "/api/sessions", "/pulls": "/api/prs", "/runs": "/api/runs", "/repos": "/api/repos"} {
		_, body := s.get(page)
		heads := sortHeads.FindAllStringSubmatch(body, -1)
		if len(heads) < 5 {
			t.Errorf("%s: %d headers sort", page, len(heads))
		}
		for _, head := range heads {
			address := html.UnescapeString(head[1])
			res, sorted := s.get(address)
			if res.StatusCode != 200 || strings.Count(sorted, "aria-sort=") != 1 {
				t.Errorf("%s: %d, %d headers with a direction", address, res.StatusCode, strings.Count(sorted, "aria-sort="))
			}
			_, query, _ := strings.Cut(address, "?")
			if res, answer := s.get(api + "?" + query); res.StatusCode != 200 {
				t.Errorf("%s?%s: %d %s", api, query, res.StatusCode, answer)
			}
		}
		for _, wrong := range []string{page, api} {
			res, answer := s.get(wrong + "?sort=colour")
			if res.StatusCode != 400 || !strings.Contains(answer, "is unknown; use one of ") {
				t.Errorf("%s by an unknown sort: %d", wrong, res.StatusCode)
			}
			for _, way := range wayOut.FindAllStringSubmatch(answer, -1) {
				if res, _ := s.get(html.UnescapeString(way[1])); res.StatusCode != 200 {
					t.Errorf("%s by an unknown sort: the way out, %s, is %d", wrong, way[1], res.StatusCode)
				}
			}
			if wrong == "/api/repos" && !strings.Contains(answer, "change, closed") {
				t.Errorf("repositories: %s", answer)
			}
		}
	}
	for query, first := range map[string]string{"sort=change&order=desc": "bank", "sort=change&order=asc": "shop", "sort=closed&order=desc": "shop", "sort=closed&order=asc": "bank"} {
		_, body := s.get("/repos?" + query)
		shop, bank := strings.Index(body, `id="repos-octo/shop"`), strings.Index(body, `id="repos-octo/bank"`)
		if shop < 0 || bank < 0 || (first == "shop") != (shop < bank) {
			t.Errorf("by %s: octo/shop at %d, octo/bank at %d", query, shop, bank)
		}
	}
}

// fits finds what is wrong with a list in a window: a box that scrolls
// sideways, places, severities and names of repositories that are cut, tools
// that lie over what is above.
const fits = `(() => {
  const wrong = [];
  for (const box of document.querySelectorAll(".table-wrap")) if (box.scrollWidth > box.clientWidth) wrong.push("a box scrolls: " + box.scrollWidth + " > " + box.clientWidth);
  for (const cell of document.querySelectorAll("td:is(.k-path, .k-repo), td:has(.pill)")) {
    if (cell.checkVisibility() && cell.scrollWidth > cell.clientWidth + 1) wrong.push("cut: " + cell.textContent.trim().slice(0, 80));
  }
  const tools = document.querySelector(".list-tools")?.getBoundingClientRect(), heading = document.querySelector(".heading").getBoundingClientRect();
  if (tools && tools.top < heading.top) wrong.push("its tools stand at " + tools.top + ", above the heading at " + heading.top);
  return JSON.stringify(wrong.slice(0, 4));
})()`

// TestListWidths: no list scrolls sideways, nor loses a file, a line or a
// repository, in any window.
func TestListWidths(t *testing.T) {
	b := startBrowser(t)
	s := startSite(t, listRecords(), nil)
	for _, page := range []string{"/issues?q=", "/sessions", "/pulls", "/runs", "/repos", "/repo/octo/shop/issues", "/repo/octo/shop/pulls"} {
		b.do(chromedp.Navigate(s.url + page))
		for _, width := range []int64{320, 390, 641, 768, 960, 961, 1024, 1100, 1101, 1239, 1280, 1920} {
			b.size(width, 900)
			b.problems(page, fmt.Sprint("at ", width), fits, false)
			if got := b.js(`document.documentElement.scrollWidth`); got != fmt.Sprint(width) {
				t.Errorf("%s at %d: the page is %s wide", page, width, got)
			}
			if page == "/issues?q=" && b.js(`[...document.querySelectorAll("td.k-path")].every((e) => /ProfileImageUploadController\.java:12\d/.test(e.innerText) || /a\.js:\d/.test(e.innerText))`) != "true" {
				t.Errorf("at %d a place has no file or line: %s", width, b.js(`document.querySelector("td.k-path").innerText`))
			}
		}
	}
}

// TestPhoneMenus: on a phone one button says the view and its count, another
// the order; both lead where tabs and headers do, and work without JavaScript.
func TestPhoneMenus(t *testing.T) {
	b := startBrowser(t)
	s := startSite(t, listRecords(), nil)
	b.size(390, 844)
	b.open(s.url + "/issues")
	if got := b.js(`[...document.querySelectorAll(".views, .t-issues thead, .list-tools > details > summary")].map((e) => e.checkVisibility() ? e.innerText.replace(/\s+/g, " ").trim() : "-").join("|")`); got != "-|All open 9|Sorted by Severity|Save view|Export|-" {
		t.Errorf("the tools are %q", got)
	}
	var tabs, menu []string
	for of, into := range map[string]*[]string{".view": &tabs, ".views-menu a": &menu} {
		if err := json.Unmarshal([]byte(b.js(`JSON.stringify([...document.querySelectorAll("`+of+`")].map((e) => e.href + " " + e.textContent.trim()))`)), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(tabs) < 8 || !slices.Equal(tabs, menu) {
		t.Errorf("tabs %q, the menu %q", tabs, menu)
	}
	b.do(chromedp.Click("#views-issues summary"), chromedp.Click(`#views-issues a[href*="severity"]`))
	b.until(`location.search.includes("severity") && document.querySelector("#views-issues summary").innerText.replace(/\s+/g, " ").trim() === "Critical and high 3"`)
	b.do(chromedp.Click("#sort-issues summary"), chromedp.Click(`#sort-issues a[href*="sort=rule"]`))
	b.until(`location.search.includes("sort=rule") && document.querySelector("#sort-issues summary").innerText.includes("Rule")`)
	if got := b.js(`[...document.querySelectorAll(".t-issues .row-link")].map((e) => e.textContent.at(-1)).join("")`); got != "123" {
		t.Errorf("by rule: %s", got)
	}
	b.quiet()
}
