package browser

import (
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
)

// caret tells what is focused, what is typed there and where the caret is.
const caret = `[document.activeElement.id, document.activeElement.value, document.activeElement.selectionStart].join()`

// TestPersonAtWork: a tab of the list of sessions is open while Devin moves
// on and while jobs run.
func TestPersonAtWork(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	p.Working()

	// A poll changes the row in place; what is typed stays, and the caret.
	b.open(p.URL + "/sessions")
	b.do(chromedp.SendKeys("#q-sessions", "is:acti"))
	b.js(`(() => { document.querySelector("#q-sessions").setSelectionRange(3, 3); window.row = document.querySelector("#sessions tbody tr"); })()`)
	p.Devin.Update(program.SampleSession, func(s *devintest.Session) { s.Detail = "waiting_for_user" })
	p.Job("poll")
	b.until(`/Waiting for you|PR ready/.test(document.querySelector("#sessions tbody tr").textContent)`)
	if got := b.js(caret + `+"|"+(window.row === document.querySelector("#sessions tbody tr"))`); got != "q-sessions,is:acti,3|true" {
		t.Errorf("after the poll: %s", got)
	}
	b.until(`document.querySelector("header nav a[href='/needs-you'] .counter")?.textContent >= "1"`)

	// A job's steps are seen, survive a reload, and end when they are
	// cancelled. A second order joins the first.
	p.GitHub.Fail(githubtest.Fault{Path: "/git/trees", Delay: 30 * time.Second})
	p.GitHub.Fail(githubtest.Fault{Path: "/contents", Delay: 30 * time.Second})
	p.Put(map[string]any{"z.json": program.Scan(9, time.Now(), nil)})
	refresh := `document.querySelector(".top-buttons > form[action='/actions/refresh'] button")`
	b.js(refresh + `.click()`)
	b.until(`document.querySelector(".job")?.textContent.includes("Refresh: running")`)
	b.js(refresh + `.click()`)
	b.until(`document.querySelector(".job")?.textContent.includes("by you, 1 more joined")`)
	b.do(chromedp.Reload())
	b.until(`document.querySelectorAll(".job").length === 1 && document.querySelector(".job").textContent.includes("Refresh: running")`)
	if wide := b.js(`document.querySelector(".job form[action='/actions/cancel'] .btn-text").offsetWidth > 20`); wide != "true" {
		t.Error("the button that cancels has no words")
	}
	b.js(`document.querySelector(".job form[action='/actions/cancel'] button").click()`)
	b.until(`document.querySelector(".job")?.textContent.includes("Refresh: cancelled")`)
	p.GitHub.ClearFaults()
	b.js(`document.querySelector(".job form[action='/actions/dismiss'] button").click()`)
	b.until(`!document.querySelector(".job")`)
}

// TestPersonWithKeys comes from the overview to a filtered, exported list
// without a pointer.
func TestPersonWithKeys(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	b.open(p.URL + "/")
	b.do(chromedp.KeyEvent("?"))
	b.until(`document.querySelector("#keys").open`)
	b.do(chromedp.KeyEvent("\u001b"))
	b.until(`!document.querySelector("#keys").open`)
	for tries := 0; tries < 5 && !b.holds(`location.pathname === "/issues"`); tries++ { // the second key has 1.5 s, which a busy machine can miss
		b.do(chromedp.KeyEvent("gi"))
	}
	b.until(`location.pathname === "/issues" && document.querySelector("#live-state")?.dataset.state === "live"`)
	tab := func(what string, how ...chromedp.KeyOption) {
		t.Helper()
		for range 60 {
			b.do(chromedp.KeyEvent("\t", how...))
			if b.js(`Boolean(document.activeElement.matches(`+"`"+what+"`"+`))`) == "true" {
				return
			}
		}
		t.Fatalf("60 tabs did not reach %s", what)
	}
	tab("#q-issues")
	b.do(chromedp.KeyEvent(" severity:critical"))
	b.until(`document.activeElement.value.endsWith("severity:critical")`)
	b.do(chromedp.KeyEvent("\u001b"), chromedp.KeyEvent("\r"))
	b.until(`location.search.includes("severity") && document.querySelector(".list-count").textContent === "15 issues"`)
	tab(".menu:has(a[href*='.csv']) > summary", chromedp.KeyModifiers(chromedp.ModifierShift))
	b.do(chromedp.KeyEvent("\r"))
	tab("a[href*='csv']")
	link := strings.TrimPrefix(b.js(`document.activeElement.href`), p.URL)
	res, body := p.Get(link)
	if rows := strings.Count(strings.TrimSpace(body), "\n"); res.StatusCode != 200 || rows != 15 {
		t.Errorf("%s answered %d with %d rows, want 15: %.200s", link, res.StatusCode, rows, body)
	}

	// j and k choose rows, Enter opens; a dialog and keys that are off.
	b.open(p.URL + "/issues")
	b.do(chromedp.KeyEvent("jjk"))
	b.until(`document.querySelector("tr.is-chosen") === document.querySelector("main .table tbody tr")`)
	b.do(chromedp.KeyEvent("\r"))
	b.until(`location.pathname.startsWith("/issues/")`)
	b.js(`localStorage.setItem("keys", "off")`)
	b.do(chromedp.KeyEvent("?"))
	if got := b.js(`document.querySelector("#keys").open`); got != "false" {
		t.Error("keys that are off act")
	}
}

// TestPersonWithoutScripts: links, forms and buttons work without
// JavaScript.
func TestPersonWithoutScripts(t *testing.T) {
	b := startBrowser(t)
	p := program.WithPlayers(t, program.Sample(), nil)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(p.URL + "/"))
	b.do(chromedp.Click(`.nav-bar a[href="/issues"]`))
	b.until(`location.pathname === "/issues" && document.querySelector("h1")`)
	b.do(chromedp.SendKeys("#q-issues", "severity:critical "), chromedp.Click(".filter-go"))
	b.until(`location.search.includes("severity") && document.querySelector(".list-count")?.textContent === "15 issues"`)
	b.do(chromedp.Click(`th a[href*="sort=rule"]`))
	b.until(`location.search.includes("sort=rule") && location.search.includes("severity")`)
	b.do(chromedp.Click(`.top-buttons > form[action="/actions/refresh"] button`))
	b.until(`location.search.includes("sort=rule") && document.querySelector(".job")?.textContent.includes("Refresh")`)
	b.do(chromedp.Click(`#issues tbody .row-link`))
	b.until(`location.pathname.startsWith("/issues/") && document.querySelector("h1")`)
	b.do(chromedp.Click(`header .search input`), chromedp.SendKeys(`header .search input`, "rule-07\r"))
	b.until(`location.pathname === "/search" && document.body.textContent.includes("js/rule-07")`)
}

// freeAddr is an address of loopback that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// TestServerRestarted: a page stays whole while its server is gone, says so,
// heals by itself, and shows what came meanwhile.
func TestServerRestarted(t *testing.T) {
	b := startBrowser(t)
	p := program.WithRuns(t, program.Sample(), program.Settings{"LISTEN_ADDR": freeAddr(t)})
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
	b.until(`document.querySelector("#toasts").textContent.includes("cannot be reached")`)
	p.Restart()
	b.until(`document.querySelector("#live-state").dataset.state === "live"`)
	b.until(`document.querySelector(".list-count")?.textContent === "57 issues"`)
	if got := b.js(`window.kept`); got != "true" {
		t.Error("the page was loaded anew")
	}
}

var assetPaths = regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`)

// TestFirstLoad: all files of the first page are 150 KB at most, compressed,
// and none comes from elsewhere.
func TestFirstLoad(t *testing.T) {
	p := program.WithPlayers(t, program.Sample(), nil)
	sum := 0
	size := func(path string) string {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		res, err := p.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		counted := &counter{r: res.Body}
		var body io.Reader = counted
		if res.Header.Get("Content-Encoding") == "gzip" {
			if body, err = gzip.NewReader(counted); err != nil {
				t.Fatal(err)
			}
		}
		text, err := io.ReadAll(body)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
		}
		sum += counted.n
		return string(text)
	}
	page := size("/")
	files := assetPaths.FindAllStringSubmatch(page, -1)
	if len(files) < 4 {
		t.Errorf("the page names %d files", len(files))
	}
	for _, m := range files {
		size(m[1])
	}
	if sum > 150<<10 {
		t.Errorf("the first load is %d bytes", sum)
	}
	b := startBrowser(t)
	b.open(p.URL + "/")
	if got := b.js(`performance.getEntriesByType("resource").map((e) => e.name).filter((n) => !n.startsWith(location.origin)).join()`); got != "" {
		t.Errorf("it asked elsewhere: %s", got)
	}
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}
