package browser

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
)

// gate is a proxy of the program that can cut only the streams.
type gate struct {
	*httptest.Server
	mu   sync.Mutex
	open context.Context // of the streams; ended while they are cut
	cut  context.CancelFunc
}

func newGate(t *testing.T, to string) *gate {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{}
	g.heal()
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			g.mu.Lock()
			open := g.open
			g.mu.Unlock()
			if open.Err() != nil { // the first event must not slip through
				panic(http.ErrAbortHandler)
			}
			ctx, end := context.WithCancel(r.Context())
			defer end()
			defer context.AfterFunc(open, end)()
			r = r.WithContext(ctx)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		g.cut() // Close waits for them
		g.Server.Close()
	})
	return g
}

// heal lets streams begin again.
func (g *gate) heal() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open, g.cut = context.WithCancel(context.Background())
}

// TestStreamCut: without its stream a page says so and asks now and then; it
// recovers automatically, and says that too.
func TestStreamCut(t *testing.T) {
	b := startBrowser(t)
	b.provokes("net::ERR_", "Failed to fetch", "network error")
	p := program.WithPlayers(t, program.Sample(), nil)
	g := newGate(t, p.URL)
	b.fastClocks()
	b.open(g.URL + "/issues")
	b.js(`(() => { window.kept = true; })()`)
	const says = `document.querySelector("#live-state").textContent`
	if got := b.js(says); got != "Updating live" {
		t.Errorf("at first it says %q", got)
	}
	g.cut()
	b.until(says + ` === "Connection lost, updating at intervals"`)
	rescan(p, 11, 3)
	b.until(`document.querySelector("main").innerText.includes("58 issues")`)
	if got := b.js(says); strings.Contains(got, "live") {
		t.Errorf("without a stream it says %q", got)
	}
	g.heal()
	b.until(says + ` === "Updating live"`)
	rescan(p, 12, 4)
	b.until(`document.querySelector("main").innerText.includes("57 issues")`)
	if got := b.js(`window.kept`); got != "true" {
		t.Error("the page was loaded anew")
	}
}

// TestStreamRefused: a page that gets no stream, since too many are open, asks
// now and then, and has its stream once there is room.
func TestStreamRefused(t *testing.T) {
	b := startBrowser(t)
	b.provokes("503")
	p := program.WithPlayers(t, program.Sample(), nil)
	target, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	var full atomic.Bool
	full.Store(true)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" && full.Load() {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `<div class="failure">Too many streams are open.</div>`)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(func() {
		front.CloseClientConnections() // Close waits for them
		front.Close()
	})
	b.fastClocks()
	b.do(chromedp.Navigate(front.URL + "/issues"))
	const says = `document.querySelector("#live-state").textContent`
	b.until(says + ` === "Connection lost, updating at intervals"`)
	rescan(p, 11, 3)
	b.until(`document.querySelector("main").innerText.includes("58 issues")`)
	if got := b.js(`document.body.innerText.includes("Too many streams")`); got != "false" {
		t.Error("the refusal is shown as a part of the page")
	}
	full.Store(false)
	b.until(says + ` === "Updating live"`)
}

// TestServerRestarted: a page stays whole while its server is gone, says so,
// recovers automatically, and shows what came meanwhile.
func TestServerRestarted(t *testing.T) {
	b := startBrowser(t)
	p := program.WithRuns(t, program.Sample(), program.Settings{"LISTEN_ADDR": program.FreeAddress(t)})
	b.provokes("net::ERR_", "Failed to fetch")
	b.open(p.URL + "/issues")
	b.until(`document.querySelector(".list-count")?.textContent === "59 issues"`)
	b.js(`(() => { window.kept = true; })()`)
	p.Stop()
	if !b.holds(`document.querySelector(".list-count")?.textContent === "59 issues"`) {
		t.Error("without its server it shows nothing")
	}
	p.Write(map[string]any{"later.json": program.Scan(3, time.Now(), program.SampleFindings()[3:])})
	b.until(`document.querySelector("#live-state").dataset.state === "lost"`)
	b.js(`document.querySelector(".top-buttons > form[action='/actions/refresh'] button").click()`)
	b.until(`document.querySelector("#toasts").textContent.includes("Cannot reach the server")`)
	p.Restart()
	b.until(`document.querySelector("#live-state").dataset.state === "live"`)
	b.until(`document.querySelector(".list-count")?.textContent === "57 issues"`)
	if got := b.js(`window.kept`); got != "true" {
		t.Error("the page was loaded anew")
	}
}
