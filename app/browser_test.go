package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is a tab of a real Chromium, and what its console has said.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex
	said []string
}

// startBrowser starts the Chromium that CHROMIUM names.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		t.Skip("SKIPPED: Chromium: CHROMIUM is not set")
	}
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true)})
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(leave)
	b := &browser{t: t, ctx: ctx}
	b.do(chromedp.EmulateViewport(1280, 900))
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.said = append(b.said, string(m.Type)+": "+m.Text)
			b.mu.Unlock()
		}
	}()
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// js returns what an expression yields in the page, as a text.
func (b *browser) js(expression string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return text
}

// until waits for an expression to hold in the page.
func (b *browser) until(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String(Boolean("+expression+"))")); err == nil && text == "true" {
			return
		}
	}
	b.t.Fatalf("it never held: %s; the console: %q", expression, b.console())
}

func (b *browser) console() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

func TestBrowser(t *testing.T) {
	b := startBrowser(t)
	s := startSite(t, shopRecords(), nil)
	for _, path := range []string{"/repo/octo/shop", "/"} {
		b.do(chromedp.Navigate(s.url + path))
		b.until(`document.querySelector("#live-state")?.textContent === "Updating live"`)
	}
	if got := b.js(`document.querySelector("#tiles .tile-value").textContent`); got != "59" {
		t.Errorf("open issues: %s", got)
	}
	if got := b.js(`[...document.querySelectorAll("time[data-as=ago]")].every(e => e.textContent === "just now" || / ago$/.test(e.textContent))`); got != "true" {
		t.Error("times are not relative")
	}

	// A refresh by a click: its card appears, the panels change in place, and
	// what is typed stays.
	fixed := []map[string]any{finding(3, 2, "high", "xss", "js/rule-02", "src/a.ts", 2)}
	for n := 3; n <= 30; n++ {
		fixed = append(fixed, finding(3, n, "medium", "xss", "js/rule-09", "src/b.ts", n))
	}
	s.write(map[string]any{"c.json": scan(3, time.Now().Add(-time.Minute), fixed)})
	b.do(chromedp.SendKeys("#search", "half a wo"))
	b.js(`(() => { document.querySelector("#search").setSelectionRange(4, 4); window.kept = document.querySelector("#tiles"); })()`)
	b.js(`document.querySelector(".top-buttons form[action='/actions/refresh'] button").click()`)
	b.until(`document.querySelector(".job")?.textContent.includes("1 new file, 0 updated.")`)
	b.until(`document.querySelector("#tiles .tile-value").textContent === "29"`)
	if got := b.js(`[window.kept === document.querySelector("#tiles"), document.activeElement.id, document.activeElement.value, document.activeElement.selectionStart].join()`); got != "true,search,half a wo,4" {
		t.Errorf("after the change: %s", got)
	}

	// The card survives a change of page, and closes for good.
	b.do(chromedp.Navigate(s.url + "/issues"))
	b.until(`document.querySelector(".job")?.textContent.includes("1 new file")`)
	b.js(`document.querySelector(".job .btn-quiet").click()`)
	b.until(`!document.querySelector(".job")`)

	// A change from elsewhere reaches the list, and leaves an open menu and
	// the chosen row alone.
	b.js(`document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true }))`)
	b.js(`(() => { document.querySelector(".menus details").open = true; })()`)
	chosen := b.js(`document.querySelector("tr.is-chosen").id`)
	s.write(map[string]any{"d.json": scan(4, time.Now(), fixed[:28])})
	if res, _ := s.do("POST", "/api/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: %d", res.StatusCode)
	}
	b.until(`document.querySelector(".list-count").textContent === "28 issues"`)
	if got := b.js(`[document.querySelector(".menus details").open, document.querySelector("tr.is-chosen")?.id === document.activeElement.closest("tr")?.id].join()`); got != "true,true" {
		t.Errorf("an open menu and the chosen row (%s): %s", chosen, got)
	}

	// Sorting and filtering swap the list in place and are in the address.
	b.js(`[...document.querySelectorAll(".sort-link")].find(a => a.textContent.includes("Rule")).click()`)
	b.until(`location.search.includes("sort=rule") && document.querySelector("th[aria-sort]").textContent.includes("Rule")`)
	b.js(`(() => { const q = document.querySelector(".query-box"); q.value = "is:fixed"; q.form.requestSubmit(); })()`)
	b.until(`location.search.includes("q=is%3Afixed") && document.querySelector(".list-count").textContent === "32 issues"`)
	b.js(`history.back()`)
	b.until(`document.querySelector(".query-box")?.value === "is:open" && location.search.includes("sort=rule")`)

	for _, line := range b.console() {
		if !strings.HasPrefix(line, "log") && !strings.HasPrefix(line, "debug") {
			t.Errorf("the console says %s", line)
		}
	}
}
