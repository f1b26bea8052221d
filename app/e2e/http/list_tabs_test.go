package http

import (
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

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
// view that costs much has none until it is shown. The menu of small windows
// holds the same.
func TestTabCounts(t *testing.T) {
	s := program.WithRuns(t, program.ListRecords(), nil)
	for name, q := range map[string]string{"Worst": "is:open severity:critical", "By path": "is:open path:java"} {
		if res, _ := s.Do("POST", "/actions/views", program.Form("name", name, "list", "issues", "query",
			url.Values{"q": {q}}.Encode())); res.StatusCode != 303 {
			t.Fatalf("saved: %d", res.StatusCode)
		}
	}
	least := map[string]int{"/issues": 10, "/sessions": 5, "/pulls": 5, "/repo/octo/shop/issues": 8, "/repo/octo/shop/sessions": 5}
	check := func() {
		t.Helper()
		for page, n := range least {
			_, body := s.Get(page)
			tabs, menu := tabsIn(body, `<nav class="views"`), tabsIn(body, `<nav class="menu-list" aria-label="Views`)
			if len(tabs) < n || !slices.Equal(tabs, menu) {
				t.Errorf("%s: %d tabs, want at least %d; as a menu %d: %v, %v", page, len(tabs), n, len(menu), tabs, menu)
			}
			for _, tab := range tabs {
				_, list := s.Get(tab.href)
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
	_, before := s.Get("/issues")
	s.Write(
		map[string]any{
			"f.json": program.Scan(
				6,
				time.Now().Add(-time.Minute),
				[]map[string]any{program.Finding(6, 1, "critical", "xss", "js/new", "n.js", 1)},
			),
		},
	)
	if res, _ := s.Do("POST", "/api/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: %d", res.StatusCode)
	}
	check()
	if _, after := s.Get("/issues"); slices.Equal(tabsIn(before, `<nav class="views"`), tabsIn(after, `<nav class="views"`)) {
		t.Error("the tabs say the same after a scan as before")
	}
}

var sortHeads = regexp.MustCompile(`(?s)<th scope="col"[^>]*?>\s*<a class="sort-link" href="([^"]*)"`)

// wayOut are the links that clear what is asked wrongly, or lead to a view.
var wayOut = regexp.MustCompile(`<a class="(?:btn|filter-clear|view[^"]*|menu-item[^"]*)" href="([^"]*)"[^>]*hx-target="closest`)

// TestSortHeaders: each header that is a link sorts, says which way, and the
// API knows its sort; an unknown one is refused with what is allowed.
func TestSortHeaders(t *testing.T) {
	s := program.WithRuns(t, program.ListRecords(), nil)
	for page, api := range map[string]string{"/issues": "/api/issues", "/sessions": "/api/sessions", "/pulls": "/api/prs",
		"/runs": "/api/runs", "/repos": "/api/repos"} {
		_, body := s.Get(page)
		heads := sortHeads.FindAllStringSubmatch(body, -1)
		if len(heads) < 5 {
			t.Errorf("%s: %d headers sort", page, len(heads))
		}
		for _, head := range heads {
			address := html.UnescapeString(head[1])
			res, sorted := s.Get(address)
			if res.StatusCode != 200 || strings.Count(sorted, "aria-sort=") != 1 {
				t.Errorf("%s: %d, %d headers with a direction", address, res.StatusCode, strings.Count(sorted, "aria-sort="))
			}
			_, query, _ := strings.Cut(address, "?")
			if res, answer := s.Get(api + "?" + query); res.StatusCode != 200 {
				t.Errorf("%s?%s: %d %s", api, query, res.StatusCode, answer)
			}
		}
		for _, wrong := range []string{page, api} {
			res, answer := s.Get(wrong + "?sort=colour")
			if res.StatusCode != 400 || !strings.Contains(answer, ": want one of ") {
				t.Errorf("%s by an unknown sort: %d", wrong, res.StatusCode)
			}
			for _, way := range wayOut.FindAllStringSubmatch(answer, -1) {
				if res, _ := s.Get(html.UnescapeString(way[1])); res.StatusCode != 200 {
					t.Errorf("%s by an unknown sort: the way out, %s, is %d", wrong, way[1], res.StatusCode)
				}
			}
			if wrong == "/api/repos" && !strings.Contains(answer, "change, closed") {
				t.Errorf("repositories: %s", answer)
			}
		}
	}
	for query, first := range map[string]string{"sort=change&order=desc": "bank", "sort=change&order=asc": "shop",
		"sort=closed&order=desc": "shop", "sort=closed&order=asc": "bank"} {
		_, body := s.Get("/repos?" + query)
		shop, bank := strings.Index(body, `id="repos-octo/shop"`), strings.Index(body, `id="repos-octo/bank"`)
		if shop < 0 || bank < 0 || (first == "shop") != (shop < bank) {
			t.Errorf("by %s: octo/shop at %d, octo/bank at %d", query, shop, bank)
		}
	}
}
