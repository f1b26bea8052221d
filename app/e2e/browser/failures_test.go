package browser

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/store/storetest"
)

// onFile lets the program keep its database in a file that is returned as
// another program opens it.
func onFile(t *testing.T) (other *sql.DB, settings program.Settings) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "own.db")
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=legacy_alter_table(1)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	return other, program.Settings{"DATABASE_URL": "sqlite:" + path}
}

// exec sends a statement, and fails if it is refused.
func exec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// isWhole is an error unless the page is complete: its head, its ways on, one h1 and
// words that say each of says.
func (b *browser) isWhole(path string, says ...string) {
	b.t.Helper()
	b.until(`document.querySelectorAll("main h1").length === 1 && document.querySelector("header nav a[href='/']")`)
	for _, words := range says {
		if !b.holds(fmt.Sprintf(`document.querySelector("main").innerText.includes(%q)`, words)) {
			b.t.Errorf("%s does not say %q: %s", path, words, b.js(`document.querySelector("main").innerText.slice(0, 400)`))
		}
	}
}

// TestPanelFails: where a panel cannot be asked for, because somebody took a
// table away, what it showed stays, and says so in its place, with a way to
// try again; the rest of the page is whole, and it recovers automatically.
func TestPanelFails(t *testing.T) {
	b := startBrowser(t)
	b.provokes("500 (Internal Server Error)")
	other, settings := onFile(t)
	p := program.WithPlayers(t, program.Sample(), settings)
	p.Working()
	details := []string{"working", "waiting_for_user"}
	change := func() {
		t.Helper()
		p.Devin.Update(program.SampleSession, func(s *devintest.Session) { s.Detail = details[0] })
		details[0], details[1] = details[1], details[0]
		p.Job("poll")
	}
	change()
	damage, repair := "ALTER TABLE corrections RENAME TO gone", "ALTER TABLE gone RENAME TO corrections"
	const failed = `document.querySelector("#activity .failure")?.innerText.replace(/\s+/g,
		" ").startsWith("Cannot load this panel. Internal error. See the log.")`
	const healed = `!document.querySelector(".failure") && document.querySelectorAll("#activity h2").length === 1`

	b.open(p.URL + "/activity")
	for _, how := range []string{"by itself", "by Try again"} {
		exec(t, other, damage)
		change()
		b.until(failed)
		b.click("Try again")
		b.until(failed)
		if got := b.js(`[document.querySelectorAll(".failure").length, document.querySelector("#activity").innerText.includes("run 2’s record"),
			document.querySelector("#live-state").dataset.state]`); got != "1,true,live" {
			t.Errorf("failed, it shows %s: %s", got, b.js(`document.querySelector("main").innerText.slice(0, 600)`))
		}
		exec(t, other, repair)
		if how == "by itself" {
			change()
		} else {
			b.click("Try again")
		}
		b.until(healed)
	}

	// A page that is opened meanwhile is whole but for it.
	exec(t, other, damage)
	change()
	b.do(chromedp.Navigate(p.URL + "/activity?page=1"))
	b.isWhole("/activity", "Internal error")
	exec(t, other, "ALTER TABLE issues RENAME TO issues_gone")
	b.do(chromedp.Navigate(p.URL + "/?period=7d"))
	b.until(`document.readyState === "complete"`)
	const broken = `[...document.querySelectorAll("main [data-panel]")].filter((p) =>
		p.innerText.includes("Cannot load this panel") && p.innerText.includes("Stored data is kept") &&
		p.querySelector("[data-retry]"))`
	if got := b.js(broken + `.map((p) => p.id).join()`); strings.Count(got, ",") < 5 ||
		!b.holds(`document.querySelectorAll("main [data-panel]").length > `+broken+`.length`) {
		t.Errorf("of the overview these are broken: %s", got)
	}
	exec(t, other, "ALTER TABLE issues_gone RENAME TO issues")
	exec(t, other, repair)
	b.js(`(() => { window.kept = true; for (const p of ` + broken + `) p.querySelector("[data-retry]").click(); })()`)
	b.until(broken + `.length === 0 && document.querySelector("#tiles .tile-value").textContent === "59"`)
	if !b.holds(`window.kept`) {
		t.Error("the page was loaded anew")
	}
	b.do(chromedp.Navigate(p.URL + "/activity?page=1"))
	b.isWhole("/activity", "Working")
}

// TestFailedClick: a click in a list that cannot be answered is reported in its
// place, and that goes once the list is asked for again.
func TestFailedClick(t *testing.T) {
	b := startBrowser(t)
	b.provokes("500 (Internal Server Error)")
	other, settings := onFile(t)
	p := program.WithPlayers(t, program.Sample(), settings)
	b.fastClocks()
	b.open(p.URL + "/issues")
	b.until(`performance.getEntriesByType("resource").filter((e) => e.name.includes("/panels/issues")).length > 1`)
	exec(t, other, "ALTER TABLE issues RENAME TO gone")
	b.js(`[...document.querySelectorAll("main th a")].find((a) => a.innerText.includes("Rule")).click()`)
	b.until(`document.querySelector("#issues .failure")?.innerText.includes("Internal error")`)
	exec(t, other, "ALTER TABLE gone RENAME TO issues")
	b.until(`!document.querySelector(".failure") && document.querySelectorAll("#issues tbody tr").length === 50`)
}

// TestRefusedPages: who may not ask, or asks for too much, is refused in the
// browser why, and what to do.
func TestRefusedPages(t *testing.T) {
	b := startBrowser(t, chromedp.Flag("host-resolver-rules", "MAP dashboard.test 127.0.0.1"))
	b.provokes("status of 403", "status of 421", "status of 431", "dashboard.test", "Cross-Origin-Opener-Policy header has been ignored")
	p := program.WithPlayers(t, program.Sample(), nil)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(
			w,
			`<link rel="icon" href="data:,"><form method="post" action="%s/actions/refresh"><button>Win a prize</button></form>`,
			p.URL,
		)
	}))
	t.Cleanup(elsewhere.Close)
	t.Run("403, a form of another site", func(t *testing.T) {
		b.in(t)
		_, before := p.Get("/api/jobs")
		b.do(chromedp.Navigate(elsewhere.URL), chromedp.Click("button"))
		b.isWhole(
			"a form of another site",
			"Not allowed",
			"Requests from pages of another origin are not allowed",
			"Use the dashboard's own pages",
		)
		if _, after := p.Get("/api/jobs"); after != before {
			t.Errorf("it did something: %s", after)
		}
	})
	t.Run("421, another name of this machine", func(t *testing.T) {
		b.in(t)
		b.do(chromedp.Navigate(strings.Replace(p.URL, "127.0.0.1", "dashboard.test", 1) + "/issues"))
		b.until(`document.querySelector("main h1")?.innerText === "Unknown host name" && document.body.innerText.includes("ALLOWED_HOSTS")`)
		if b.holds(`document.body.innerText.includes("octo/") || document.querySelector("a")`) {
			t.Error("it shows records or links")
		}
		if !b.holds(`getComputedStyle(document.querySelector(".problem")).display === "grid"`) {
			t.Error("its style sheet is refused too")
		}
	})
	t.Run("431, an address over 16 KB", func(t *testing.T) {
		b.in(t)
		b.do(chromedp.Navigate(p.URL + "/issues?q=" + strings.Repeat("x", 17<<10)))
		b.until(`document.body.innerText.includes("larger than 16384 bytes. Shorten the address")`)
	})
}

// TestLockedDatabase: what cannot be stored or answered, because another
// program holds the database, is reported where it was asked for, and is done by
// the same click later.
func TestLockedDatabase(t *testing.T) {
	b := startBrowser(t)
	b.provokes("503 (Service Unavailable)")
	t.Run("SQLite, a view is saved", func(t *testing.T) {
		t.Parallel()
		other, settings := onFile(t)
		p := program.WithPlayers(t, program.Sample(), settings)
		tab := b.tab(t)
		tab.provokes("503 (Service Unavailable)")
		tab.open(p.URL + "/issues?q=severity:high")
		tab.click("Save view")
		tab.do(chromedp.SendKeys("input[name=name]", "Mine"))
		tx, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		tab.do(chromedp.KeyEvent("\r"))
		tab.until(
			`document.querySelector("details[open]:has(input[name=name])")?.innerText.includes("is in use by another program. Stop that program")`,
		)
		if got := tab.js(`document.querySelector("input[name=name]").value`); got != "Mine" {
			t.Errorf("what was typed is %q", got)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		tab.do(chromedp.Focus("input[name=name]"), chromedp.KeyEvent("\r"))
		p.UntilSays("/api/views", "Mine")
		tab.until(`!document.body.innerText.includes("is locked by")`)
	})
	t.Run("PostgreSQL, a page", func(t *testing.T) {
		t.Parallel()
		url := storetest.PostgresAddress(t)
		p := program.WithPlayers(t, program.Sample(), program.Settings{"DATABASE_URL": url})
		other, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.Close() })
		tab := b.tab(t)
		tab.provokes("503 (Service Unavailable)")
		tx, err := other.BeginTx(t.Context(), nil)
		if err == nil {
			_, err = tx.ExecContext(t.Context(), "LOCK TABLE issues IN ACCESS EXCLUSIVE MODE")
		}
		if err != nil {
			t.Fatal(err)
		}
		tab.do(chromedp.Navigate(p.URL + "/issues"))
		tab.isWhole("/issues", "Temporarily unavailable", "The answer took longer than 10 seconds. Try again")
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		tab.do(chromedp.Reload())
		tab.until(`document.querySelector(".list-count")?.textContent === "59 issues"`)
	})
}

// TestUpstreamDownAndUp: while GitHub is down the strip says so, what was
// stored is shown, and the strip goes by itself once GitHub answers.
func TestUpstreamDownAndUp(t *testing.T) {
	b := startBrowser(t)
	b.provokes("502 (Bad Gateway)")
	p := program.WithPlayers(t, program.Sample(), nil)
	b.open(p.URL + "/")
	b.js(`(() => { window.kept = true; })()`)
	const strip = `[...document.querySelectorAll("[role=alert], .strip")].find((e) => e.innerText.includes("GitHub unreachable since"))`
	p.GitHub.Fail(githubtest.Fault{Status: 502})
	b.click("Refresh")
	b.until(strip + `?.innerText.includes("Showing what was stored")`)
	if got := b.js(`document.querySelector("#tiles .tile-value").textContent + " " +
		document.querySelector("main").innerText.includes("Cannot load this panel")`); got != "59 false" {
		t.Errorf("while GitHub is down the page shows %s", got)
	}
	b.do(chromedp.Navigate(p.URL + "/issues"))
	b.until(strip + ` && document.querySelector(".list-count")?.textContent === "59 issues"`)
	b.js(`(() => { window.kept = true; })()`)
	b.until(`document.querySelector("#live-state")?.dataset.state === "live"`)
	p.GitHub.ClearFaults()
	b.click("Refresh")
	b.until("!" + strip + ` && window.kept && document.querySelector(".list-count")?.textContent === "59 issues"`)
}
