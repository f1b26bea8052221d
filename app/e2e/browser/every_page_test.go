package browser

import (
	"encoding/json"
	"fmt"
	"html"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/telemetry"
)

// hostile are texts that a record can hold in any field.
func hostile() []string {
	return []string{
		`<img src=x onerror=alert(1)><script>alert(2)</script>`,
		`"'><svg/onload=alert(3)>` + "`${7*7}`",
		"javascript:alert(4)",
		"data:text/html,<script>alert(5)</script>",
		"\u202Egnp.exe\u2066 \u200F right to left",
		strings.Repeat("long", 2500),
		"nul\x00in it",
		"👩‍👩‍👧‍👦 émojis and ümlauts 漢字",
	}
}

// hostileRecords are the shop's, and scans whose every field is hostile.
func hostileRecords() map[string]any {
	records := program.Sample()
	at := time.Now().Add(-30 * time.Hour)
	for i, text := range hostile() {
		f := program.Finding(10+i, 1, text, text, text, text+"/"+text, 3)
		g := program.Finding(10+i, 2, "critical", text, text, text, 4)
		g["id"], g["fingerprint"] = text, text
		session := map[string]any{
			"session_id":  "devin-" + strings.Repeat(string("abcdef01"[i]), 32),
			"session_url": text,
			"batch_id":    1,
			"status":      text,
			"issue_ids":   []string{text, text + "2"},
			"pr_url":      text,
		}
		failed := map[string]any{
			"session_id":  "",
			"session_url": text,
			"batch_id":    2,
			"status":      "error: " + text,
			"issue_ids":   []string{text},
			"pr_url":      text,
		}
		record := program.Scan(10+i, at.Add(time.Duration(i)*time.Minute), []map[string]any{f, g}, session, failed)
		record["target_repo"] = "https://github.com/octo/hostile"
		record["run_url"], record["run_label"], record["fork_url"] = text, text, text
		records["hostile-"+string("abcdefgh"[i])+".json"] = record
	}
	return records
}

// startHostile runs the program with something to show on every page.
func startHostile(t *testing.T) *program.Played {
	t.Helper()
	p := program.WithPlayers(t, hostileRecords(), program.Settings{"GITHUB_WEBHOOK_SECRET": program.WebhookSecret})
	p.Working()
	for i, text := range hostile() {
		p.GitHub.Repo("octo/hostile").PutPull(
			telemetry.PullRequest{
				Number:    i + 1,
				Title:     "CQLF-R10-0001 " + strings.ReplaceAll(text, "\x00", ""),
				State:     "open",
				User:      "mallory",
				CreatedAt: time.Now().Add(-time.Hour),
			},
		)
	}
	p.GitHub.Repo("octo/shop").PutPull(
		telemetry.PullRequest{
			Number:    7,
			Title:     "fix(CQLF-R1-0002): escape output",
			State:     "open",
			User:      "devin",
			CreatedAt: time.Now().Add(-9 * time.Hour),
		},
	)
	for _, job := range []string{"poll-prs", "poll"} {
		p.Job(job)
	}
	for i, text := range append(hostile(), "closed") {
		id, repo := "hook-"+strconv.Itoa(i), []string{"octo/hostile", "octo/other"}[i%2]
		p.Webhook("pull_request", id, program.PullEvent(repo, i+1, text, text, time.Now(), true))
		p.Delivery(id)
	}
	return p
}

var hrefs = regexp.MustCompile(`href="(/[^"#]*)"`)

// everyPage finds the pages by following links from the overview: one of each
// kind, and those that no link names.
func everyPage(s *program.Program) []string {
	s.T.Helper()
	found := map[string]string{}
	queue := []string{
		"/",
		"/search?q=rule",
		"/issues?q=colour:red",
		"/issues?q=rule:none",
		"/nowhere",
		"/repo/octo/hostile",
		"/repo/octo/hostile/issues",
		"/repo/octo/hostile/sessions",
		"/report?period=30d",
		"/effectiveness?period=90d",
	}
	for _, page := range queue {
		found[page] = page
	}
	for len(queue) > 0 {
		page := queue[0]
		queue = queue[1:]
		_, body := s.Get(page)
		for _, m := range hrefs.FindAllStringSubmatch(body, -1) {
			link := html.UnescapeString(m[1])
			bare, _, _ := strings.Cut(link, "?")
			kind := kindOf(bare)
			if kind == "" || found[kind] != "" {
				continue
			}
			found[kind] = bare
			queue = append(queue, bare)
		}
	}
	var list []string
	for _, page := range found {
		list = append(list, page)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// kindOf is what a page has in common with others of its kind; "" is no
// page.
func kindOf(bare string) string {
	words := strings.Split(strings.Trim(bare, "/"), "/")
	if kind := path.Ext(bare); slices.Contains([]string{".csv", ".atom", ".ics", ".svg"}, kind) {
		return ""
	}
	switch words[0] {
	case "api", "static", "panels", "actions", "exports", "events":
		return ""
	case "issues", "sessions", "runs", "pulls", "repo":
		if strings.HasSuffix(bare, ".json") && words[0] != "runs" {
			return ""
		}
		for i := 1; i < len(words) && i < 4; i++ {
			if words[0] != "repo" || i < 3 {
				words[i] = "*"
			}
		}
	}
	return strings.Join(words, "/") + "/"
}

// layoutFaults finds what is wrong with a page's layout: it scrolls sideways, or
// its targets are smaller than least pixels. Links within a sentence and what
// is not shown do not count (WCAG 2.5.8).
const layoutFaults = `((width, least) => {
  const wrong = [], doc = document.documentElement;
  if (doc.scrollWidth > width) {
    const wide = [...document.querySelectorAll("body *")].find((e) => e.getBoundingClientRect().right > width && e.checkVisibility() &&
	!e.closest(".table-wrap, nav, .toasts, [data-scrolls]"));
    wrong.push("scrolls sideways: " + doc.scrollWidth + " > " + width + ", by " + (wide ? wide.outerHTML.slice(0, 160) : "?"));
  }
  for (const e of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select, textarea")) {
    if (!e.checkVisibility({ checkVisibilityCSS: true }) || e.closest(".sr-only, .skip, [inert]")) continue;
    if (getComputedStyle(e).pointerEvents === "none") continue; // its row or tile is the target
    let box = e.getBoundingClientRect();
    if (getComputedStyle(e, "::after").position === "absolute" &&
	e.closest("tr, .tile")) box = e.closest("tr, .tile").getBoundingClientRect();
    if (e.matches("[type=checkbox]") && e.closest("label")) box = e.closest("label").getBoundingClientRect();
    if (!box.width || !box.height) continue;
    if (getComputedStyle(e).display === "inline" && !e.closest("nav, .pager, .menus")) continue;
    if (box.height < least - .5 || box.width < Math.min(least, 24) - .5) wrong.push("target " + Math.round(box.width) + "×" +
	Math.round(box.height) + " < " + least + ": " + e.outerHTML.slice(0, 160));
  }
  return JSON.stringify(wrong.slice(0, 6));
})`

// foreignLinks finds links that lead to where no record may lead.
const foreignLinks = `JSON.stringify([...document.querySelectorAll("[href], [src], [action], [hx-get], [hx-post]")].flatMap((e) =>
  ["href", "src", "action", "hx-get", "hx-post"].filter((name) => e.hasAttribute(name)).map((name) => new URL(e.getAttribute(name),
location.href)))
  .filter((u) => u.origin !== location.origin && !["https://github.com", "https://app.devin.ai", "https://docs.github.com",
	"https://docs.devin.ai"].includes(u.origin)).map(String))`

func (b *browser) problems(page, what, expression string, promise bool) {
	b.t.Helper()
	var text string
	if promise {
		text = b.await(expression)
	} else {
		text = b.js(expression)
	}
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	for _, problem := range list {
		b.t.Errorf("%.80s, %s: %s", page, what, problem)
	}
}

// TestEveryPage walks all pages, with hostile records: text stays text, the
// layout whole, links lead where they should.
func TestEveryPage(t *testing.T) {
	b := startBrowser(t)
	b.provokes("Failed to load resource") // some pages are asked for wrongly
	p := startHostile(t)
	for _, page := range everyPage(p.Program) {
		b.do(chromedp.Navigate(p.URL + page))
		if got := b.js(`document.querySelectorAll("h1").length + " " +
			(document.querySelector("main script, main img, main iframe, main [onerror], main [onload]")?.outerHTML ?? "")`); got != "1 " {
			t.Errorf("%.80s: h1 and markup of records: %s", page, got)
		}
		b.problems(page, "links", foreignLinks, false)
		for _, size := range []struct {
			width int64
			least string
		}{{320, "44"}, {390, "44"}, {768, "24"}, {1280, "24"}, {1920, "24"}} {
			b.size(size.width, 900)
			b.problems(page, fmt.Sprint("at ", size.width), fmt.Sprintf("%s(%d, %s)", layoutFaults, size.width, size.least), false)
		}
	}
}
