package browser

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// skewedClock lets a test set the clock of the pages that are opened from now
// on ahead: window.skew is by how many milliseconds.
func (b *browser) skewedClock() {
	b.t.Helper()
	b.first(`window.skew = 0; const now = Date.now; Date.now = () => now() + window.skew;`)
}

// first runs a script before those of each page that is opened from now on.
func (b *browser) first(script string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		b.t.Fatal(err)
	}
}

// front is a proxy of the program whose answers pass handle first, which
// reports whether it has answered itself.
func front(t *testing.T, to string, handle func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !handle(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections() // Close waits for them
		server.Close()
	})
	return server.URL
}

// silenced is an answer of which nothing passes any more once frozen holds,
// although its connection stays open.
type silenced struct {
	http.ResponseWriter
	frozen *atomic.Bool
}

func (s silenced) Write(b []byte) (int, error) {
	if s.frozen.Load() {
		return len(b), nil
	}
	return s.ResponseWriter.Write(b)
}

func (s silenced) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// TestSilentStream: a stream whose connection is open and brings nothing is not
// called live. The page begins a new one, and is live with its first event.
func TestSilentStream(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	var frozen atomic.Bool
	target, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	address := front(t, p.URL, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/events" {
			return false
		}
		defer func() { _ = recover() }() // the proxy panics where its client leaves
		proxy.ServeHTTP(silenced{w, &frozen}, r)
		return true
	})
	b.skewedClock()
	b.open(address + "/issues")
	b.forget()
	frozen.Store(true)
	b.js(`(() => { window.skew = 16000; })()`)
	b.until(`document.querySelector("#live-state").textContent === "Connection lost, updating at intervals"`)
	b.settled()
	if asked := b.requests("/events"); len(asked) == 0 {
		t.Error("it began no new stream")
	}
	rescan(p, 11, 3)
	frozen.Store(false)
	b.js(`(() => { window.skew = 40000; })()`)
	b.until(`document.querySelector("#live-state").textContent === "Updating live" &&
		document.querySelector("main").innerText.includes("58 issues")`)
}

// TestFailedPanelIsAskedAgain: one request for a panel that fails says nothing
// of the stream, and the panel is asked for again with the next beat.
func TestFailedPanelIsAskedAgain(t *testing.T) {
	for name, fail := range map[string]func(w http.ResponseWriter){
		"cut":            func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"502 of a proxy": func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
	} {
		t.Run(name, func(t *testing.T) {
			b := startBrowser(t)
			b.provokes("net::ERR_", "status of 502")
			p := program.WithPlayers(t, program.Sample(), nil)
			var fails atomic.Int64
			address := front(t, p.URL, func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != "/panels/issues" || fails.Add(-1) < 0 {
					return false
				}
				fail(w)
				return true
			})
			b.open(address + "/issues")
			b.js(`(() => { window.states = []; document.addEventListener("live:state", (e) => window.states.push(e.detail)); })()`)
			fails.Store(1)
			rescan(p, 11, 3)
			b.until(`document.querySelector("main").innerText.includes("58 issues")`)
			if got := b.js(`window.states.concat(document.querySelector("#live-state").dataset.state)`); got != "live" {
				t.Errorf("it was said to be %s", got)
			}
			if fails.Load() >= 0 {
				t.Error("no request failed")
			}
		})
	}
}

// TestTabsShareOneStream: of the tabs that are shown one has the stream, and
// all follow it; when that one is closed, another one goes on.
func TestTabsShareOneStream(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	windows := []*browser{b}
	for range 2 {
		windows = append(windows, openTab(t, b.ctx, chromedp.WithNewWindow(true)))
	}
	streams := func() (having []*browser) {
		t.Helper()
		for _, w := range windows {
			w.settled()
			if len(w.requests("/events")) > 0 {
				having = append(having, w)
			}
		}
		return having
	}
	for _, w := range windows {
		w.open(p.URL + "/issues")
	}
	if got := streams(); len(got) != 1 {
		t.Fatalf("%d of three windows have a stream", len(got))
	}
	rescan(p, 11, 3)
	for _, w := range windows {
		w.until(`document.querySelector("main").innerText.includes("58 issues")`)
	}
	b.do(chromedp.Navigate("about:blank"))
	windows = windows[1:]
	rescan(p, 12, 4)
	for _, w := range windows {
		w.until(`document.querySelector("main").innerText.includes("57 issues") &&
			document.querySelector("#live-state").dataset.state === "live"`)
	}
	if got := streams(); len(got) != 1 {
		t.Errorf("%d of two windows have a stream", len(got))
	}
}

// TestPagesLoadedBehind: pages that are loaded in tabs behind another one open
// no stream until they are shown, however many there are, so that the browser's
// few connections to the server stay free.
func TestPagesLoadedBehind(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	var behind []*browser
	for range 7 {
		behind = append(behind, b.sameWindow(t))
	}
	b.bringToFront()
	for _, tab := range behind {
		tab.do(chromedp.Navigate(p.URL + "/sessions"))
		tab.until(`document.hidden && document.querySelector("main h1")`)
		tab.settled()
		if asked := tab.requests("/events"); len(asked) > 0 {
			t.Errorf("a tab that is not shown asked %q", asked)
		}
	}
	b.open(p.URL + "/issues")
	behind[3].bringToFront()
	behind[3].until(`document.querySelector("#live-state").dataset.state === "live"`)
}

// TestWithoutLocks: where the browser gives no locks, as over plain http to
// another machine, each tab that is shown has a stream of its own.
func TestWithoutLocks(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	windows := []*browser{b, openTab(t, b.ctx, chromedp.WithNewWindow(true))}
	for _, w := range windows {
		w.first(`Object.defineProperty(Navigator.prototype, "locks", { value: undefined });`)
		w.open(p.URL + "/issues")
	}
	rescan(p, 11, 3)
	for _, w := range windows {
		w.until(`document.querySelector("main").innerText.includes("58 issues")`)
		if asked := w.requests("/events"); len(asked) != 1 {
			t.Errorf("it asked for %d streams", len(asked))
		}
	}
}
