package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"telemetry-dashboard/app/e2e/program"
)

// TestChartValues: a chart shows the values of a day at the pointer, and at
// the focus, where arrows go on.
func TestChartValues(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.Sample(), nil)
	b.open(s.URL + "/")
	const tip = `(document.querySelector("#tip:not([hidden])")?.textContent ?? "")`
	b.js(`document.querySelector("figure.chart").scrollIntoView({ block: "center" })`)
	var x, y float64
	at := b.js(`(() => { const all = document.querySelectorAll(".chart-plot .hit"), r = all[all.length - 1].getBoundingClientRect();
		return (r.left + r.width / 2) + " " + (r.top + r.height / 2); })()`)
	if _, err := fmt.Sscan(at, &x, &y); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.MouseEvent(chromedp.MouseMoved, x, y))
	b.until(`/\d/.test(` + tip + `)`)
	pointed := b.js(tip)
	b.do(chromedp.MouseEvent(chromedp.MouseMoved, 2, 2))
	b.until(tip + ` === ""`)

	b.js(`document.querySelector("figure.chart").focus({ focusVisible: true })`)
	b.until(tip + ` !== ""`)
	if got := b.js(tip); got != pointed {
		t.Errorf("the focus shows %q, the pointer %q", got, pointed)
	}
	b.do(chromedp.KeyEvent(kb.ArrowLeft))
	b.until(tip + ` !== "` + strings.ReplaceAll(pointed, "\n", `\n`) + `"`)
	if b.js(tip) != b.js(`document.querySelector("[role=status]").textContent`) {
		t.Error("the value is not read aloud")
	}
	b.do(chromedp.KeyEvent(kb.Tab))
	b.until(tip + ` === ""`)
}

// TestCutIsWhole: what a list cuts is shown whole at the pointer and at the
// focus; numbers, dates and names are not broken within.
func TestCutIsWhole(t *testing.T) {
	b := startBrowser(t)
	s := program.WithRuns(t, program.ListRecords(), nil)
	for _, page := range []string{"/pulls", "/sessions", "/issues"} {
		b.open(s.URL + page)
		for _, width := range []int64{768, 1024, 1280, 1920} {
			b.size(width, 900)
			b.problems(page, fmt.Sprint("at ", width), cutAndSilent, false)
			b.problems(page, fmt.Sprint("at ", width), broken, false)
		}
	}
}

// cutAndSilent are the cells that are cut and whose link shows no tip at the
// focus.
const cutAndSilent = `(() => {
  const wrong = [];
  for (const cell of document.querySelectorAll("main td")) {
    if (!cell.checkVisibility() || cell.scrollWidth <= cell.clientWidth + 1) continue;
    const link = cell.querySelector("a[href]");
    if (!link) continue;
    link.focus({ focusVisible: true });
    const tip = document.querySelector("#tip:not([hidden])")?.textContent ?? "";
    if (!tip.includes(link.innerText.trim().replace(/\s+/g, " "))) wrong.push(
      "cut without a tip: " + cell.innerText.slice(0, 80) + " / " + tip);
    link.blur();
  }
  return JSON.stringify(wrong.slice(0, 4));
})()`

// broken are numbers, dates, states of pull requests and owners that stand on
// two lines.
const broken = `(() => {
  const wrong = [];
  for (const cell of document.querySelectorAll("main td:is(.k-ref, .c-pr, .num, .k-more), main td time")) {
    if (!cell.checkVisibility()) continue;
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node; node = walk.nextNode();) for (const word of node.data.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) wrong.push("broken: " + word[0]);
    }
  }
  return JSON.stringify(wrong.slice(0, 4));
})()`
