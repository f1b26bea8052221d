package browser

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// browser is a tab of a real Chromium. At the end of its test what its
// console has said beyond logs is an error, unless the test provokes it, and
// so is a request that leaves this machine.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	said     []string
	asked    []string // the addresses that it asked for
	provoked []string // parts of what its console may say
}

// startBrowser starts the Chromium that CHROMIUM names, with one tab. flags
// are further ones of its command line.
func startBrowser(t *testing.T, flags ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		t.Skip("SKIPPED: Chromium: CHROMIUM is not set")
	}
	options := slices.Concat(
		chromedp.DefaultExecAllocatorOptions[:],
		[]chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.NoSandbox,
			chromedp.Flag(
				"disable-quic",
				true,
			), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true)},
		flags,
	)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	return openTab(t, ctx)
}

// tab opens another tab, which shares no cookie and no storage with others.
func (b *browser) tab(t *testing.T) *browser {
	t.Helper()
	return openTab(t, b.ctx, chromedp.WithNewBrowserContext())
}

func openTab(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *browser {
	t.Helper()
	ctx, leave := chromedp.NewContext(parent, options...)
	t.Cleanup(leave)
	if err := chromedp.Do(ctx); err != nil { // without a deadline: it would be the browser's
		t.Fatal(err)
	}
	b := &browser{t: t, ctx: ctx}
	b.size(1280, 900)
	messages, requests := chromedp.Console(ctx), chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for m, err := range messages {
			if err != nil || t.Context().Err() != nil { // the program ends before the tab
				return
			}
			b.mu.Lock()
			b.said = append(b.said, string(m.Type)+": "+m.Text)
			b.mu.Unlock()
		}
	}()
	go func() {
		for r, err := range requests {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.asked = append(b.asked, r.Request.URL)
			b.mu.Unlock()
		}
	}()
	t.Cleanup(b.checkConsole)
	return b
}

// provokes lets the console say texts, and hosts be asked that hold them.
func (b *browser) provokes(texts ...string) { b.provoked = append(b.provoked, texts...) }

// provoke reports whether the test provokes what holds one of its texts.
func (b *browser) provoke(what string) bool {
	return slices.ContainsFunc(b.provoked, func(text string) bool { return strings.Contains(what, text) })
}

// in lets a part of the test fail by itself.
func (b *browser) in(t *testing.T) {
	whole := b.t
	b.t = t
	t.Cleanup(func() { b.t = whole })
}

// size sets the window; below 640 px it is a phone's.
func (b *browser) size(width, height int64) {
	b.t.Helper()
	if width < 640 {
		b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateTouch))
		return
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// reduceMotion lets the page believe that motion is unwelcome.
func (b *browser) reduceMotion() {
	b.t.Helper()
	_, err := chromedp.Call(
		b.ctx,
		emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}},
	)
	if err != nil {
		b.t.Fatal(err)
	}
}

// open goes to a page and waits for its first answer on the stream.
func (b *browser) open(url string) {
	b.t.Helper()
	b.do(chromedp.Navigate(url))
	b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
}

// await returns what a promise yields, as a text.
func (b *browser) await(expression string) string {
	b.t.Helper()
	ctx, end := b.step()
	defer end()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%.200s: %v", expression, err)
	}
	return text
}

// inject runs a script in the page; a failure does not show its text.
func (b *browser) inject(script string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](script)); err != nil {
		b.t.Fatalf("inject: %.200s", err.Error())
	}
}

// checkConsole is an error for each thing that the console said beyond logs, and for
// each request that left this machine.
func (b *browser) checkConsole() {
	b.t.Helper()
	for _, line := range b.console() {
		if !strings.HasPrefix(line, "log") && !strings.HasPrefix(line, "debug") && !b.provoke(line) {
			b.t.Errorf("the console says %s", line)
		}
	}
	for _, address := range b.requests("") {
		if u, err := url.Parse(address); err != nil ||
			u.Scheme != "data" && u.Hostname() != "127.0.0.1" && u.Hostname() != "localhost" && !b.provoke(u.Hostname()) {
			b.t.Errorf("it asked %s", address)
		}
	}
}

// requests are the addresses that the tab asked for, of those that hold a
// text.
func (b *browser) requests(part string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.asked), func(address string) bool { return !strings.Contains(address, part) })
}

// forget forgets the requests so far. All that were sent are known by then.
func (b *browser) forget() {
	b.t.Helper()
	b.settled()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = nil
}

// settled waits until the browser has reported every request that the page has
// sent: one that is sent now it reports last.
func (b *browser) settled() {
	b.t.Helper()
	before := len(b.requests("?settled"))
	b.await(`fetch(document.querySelector("link[rel=icon]").href + "?settled", { cache: "no-store" }).then(() => "")`)
	for deadline := time.Now().Add(program.Patience); len(b.requests("?settled")) == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal("the browser reported no request")
		}
	}
}

// step is for one step, which no test waits for without end.
func (b *browser) step() (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.ctx, 3*program.Patience)
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, end := b.step()
	defer end()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// back goes back in the history, once the browser has answered: a page that is
// left at once answers nothing.
func (b *browser) back() {
	b.t.Helper()
	b.js(`void setTimeout(() => history.back())`)
}

// js returns what an expression yields in the page, as a text.
func (b *browser) js(expression string) string {
	b.t.Helper()
	ctx, end := b.step()
	defer end()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return text
}

// until waits for an expression to hold in the page.
func (b *browser) until(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(program.Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if b.holds(expression) {
			return
		}
	}
	b.t.Fatalf("it never held: %s; the console: %q", expression, b.console())
}

// holds reports whether an expression is true in the page; while a page loads,
// none is.
func (b *browser) holds(expression string) bool {
	ctx, end := b.step()
	defer end()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String(Boolean("+expression+"))"))
	return err == nil && text == "true"
}

func (b *browser) console() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}
