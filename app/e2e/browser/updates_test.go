package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
)

// rescan puts a newer scan of the shop, in which the findings from n on are
// left, and lets the program read it.
func rescan(p *program.Played, run, n int) {
	p.T.Helper()
	left := program.SampleFindings()[n-1:]
	p.Put(map[string]any{fmt.Sprintf("r%d.json", run): program.Scan(run, time.Now().Add(time.Duration(run-60)*time.Second), left)})
	p.Job("refresh")
}

// TestUpdateKeeps: what a person did to a page survives what comes to it by
// itself.
func TestUpdateKeeps(t *testing.T) {
	b := startBrowser(t)
	p := startWithOverlays(t)
	run := 10
	update := func() { // one finding less, each time
		t.Helper()
		run++
		rescan(p, run, run-8)
		b.until(
			fmt.Sprintf(
				`document.body.innerText.includes("%d issues") || document.querySelector("main a[href^='/issues']")?.innerText === "%d"`,
				60-(run-9),
				60-(run-9),
			),
		)
	}

	t.Run("scroll, selection and focus in a list", func(t *testing.T) {
		b.in(t)
		b.open(p.URL + "/issues?sort=rule&order=desc")
		b.js(`(() => {
			const row = document.querySelectorAll("main table tbody tr")[30];
			row.scrollIntoView({ block: "center" });
			const text = document.createTreeWalker(row, NodeFilter.SHOW_TEXT,
				(n) => n.data.includes("js/rule") ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_SKIP).nextNode();
			getSelection().setBaseAndExtent(text, 3, text, 7);
			const link = document.querySelectorAll("main table tbody tr")[31].querySelector("a[href^='/issues/']");
			link.focus({ preventScroll: true });
			window.kept = { row, link, top: row.getBoundingClientRect().top, y: scrollY };
		})()`)
		if got := b.js(`kept.y > 300 && getSelection().toString()`); got != "rule" {
			t.Fatalf("it was not set up: %s", got)
		}
		update()
		for what, holds := range map[string]string{
			"the scroll":    `kept.y === scrollY && Math.abs(kept.row.getBoundingClientRect().top - kept.top) < 1`,
			"the selection": `getSelection().toString() === "rule" && kept.row.contains(getSelection().anchorNode)`,
			"the focus":     `document.activeElement === kept.link && kept.link.isConnected`,
		} {
			if !b.holds(holds) {
				t.Errorf(
					"%s is lost: %s",
					what,
					b.js(`[kept.y, scrollY, kept.top, kept.row.getBoundingClientRect().top, getSelection(), document.activeElement.outerHTML]`),
				)
			}
		}
	})
	t.Run("an open menu with a half-typed name", func(t *testing.T) {
		b.in(t)
		b.open(p.URL + "/issues?q=severity:high,medium,low,critical+is:open")
		b.click("Save view")
		b.do(chromedp.SendKeys("input[name=name]", "Half a n"))
		b.js(`document.activeElement.setSelectionRange(2, 4)`)
		update()
		if got := b.js(`[document.activeElement.name, document.activeElement.value, document.activeElement.selectionStart,
			document.activeElement.selectionEnd, document.activeElement.closest("details").open]`); got != "name,Half a n,2,4,true" {
			t.Errorf("it is %s", got)
		}
	})
	t.Run("a chart's table and an open note", func(t *testing.T) {
		b.in(t)
		b.open(p.URL + "/")
		b.js(
			`(() => { for (const d of document.querySelectorAll("main details:not(.menu)")) d.open = true;
				window.kept = [...document.querySelectorAll("main details[open]")].length; })()`,
		)
		b.click("What counts")
		if got := b.js(`kept`); got == "0" {
			t.Fatal("there is no chart with a table")
		}
		update()
		b.until(fmt.Sprintf(`document.querySelector("main a[href*='r%d.json']")`, run))
		if got := b.js(`document.querySelectorAll("main details[open]").length - kept`); got != "1" {
			t.Errorf("of what was open, %s", got)
		}
	})
}

// TestUpdateKeepsReply: a half-typed reply survives that its session moves
// on.
func TestUpdateKeepsReply(t *testing.T) {
	b := startBrowser(t)
	p := startWithOverlays(t)
	moves := func(detail string) {
		t.Helper()
		p.Devin.Update(program.SampleSession, func(s *devintest.Session) { s.Detail = detail })
		p.Job("poll")
	}
	t.Run("a half-typed reply", func(t *testing.T) {
		b.in(t)
		b.open(p.URL + "/sessions/" + program.SampleSession)
		b.until(`document.body.innerText.includes("May I change the API?")`)
		b.do(chromedp.SendKeys("textarea", "Half a re"), chromedp.KeyEvent(kb.ArrowLeft))
		b.js(`(() => { window.said0 = document.querySelector("main").innerText.match(/Working/g)?.length ?? 0; })()`)
		moves("working")
		b.until(`document.querySelector("main").innerText.match(/Working/g)?.length > said0`)
		if got := b.js(`[document.activeElement.name, document.activeElement.value,
			document.activeElement.selectionStart]`); got != "message,Half a re,8" {
			t.Errorf("it is %s", got)
		}
	})
	t.Run("a half-typed reply in the dialog", func(t *testing.T) {
		b.in(t)
		moves("waiting_for_user")
		b.open(p.URL + "/needs-you")
		b.click("Reply")
		b.until(`document.querySelector("dialog[open] textarea")`)
		b.do(chromedp.SendKeys("dialog textarea", "Half a re"))
		moves("working")
		b.until(`!document.querySelector("main").innerText.includes("Reply")`)
		if got := b.js(`[Boolean(document.querySelector("dialog[open]")), document.activeElement.name,
			document.activeElement.value]`); got != "true,message,Half a re" {
			t.Errorf("it is %s", got)
		}
	})
}

// TestNothingNewMovesNothing: a poll and a refresh that find nothing new move nothing
// but times and the quota, and the page asks nothing.
func TestNothingNewMovesNothing(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	p.Working()
	poll := func() {
		t.Helper()
		for _, job := range []string{"poll", "refresh", "poll-prs"} {
			p.Job(job)
		}
	}
	poll()
	b.open(p.URL + "/")
	b.forget()
	b.js(`(() => {
		window.moved = []; window.events = 0;
		document.addEventListener("freshness", () => window.events++);
		new MutationObserver((list) => { for (const m of list) {
			const e = m.target.nodeType === 1 ? m.target : m.target.parentElement;
			if (!e.closest("time, [data-quota]")) window.moved.push(m.type + " " + (m.attributeName ?? "") + " " +
				(e.id || e.className || e.tagName));
		} }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
	})()`)
	at := b.js(`document.querySelector("[data-source=sessions] time").dateTime`)
	b.until(fmt.Sprintf("Date.now() >= Date.parse(%q) + 1000", at)) // the strip's times have seconds
	poll()
	b.until(fmt.Sprintf(`document.querySelector("[data-source=sessions] time").dateTime > %q`, at))
	b.settled()
	if got := b.js(`moved.join("; ")`); got != "" {
		t.Errorf("it moved %s", got)
	}
	if asked := b.requests("/panels/"); len(asked) > 0 {
		t.Errorf("it asked %q", asked)
	}
}
