package browser

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/telemetry"
)

// startWithOverlays runs the program with something to open everywhere: a session
// that waits for its user, a workflow to dispatch, an old record to correct and
// a saved view.
func startWithOverlays(t *testing.T) *program.Played {
	t.Helper()
	p := program.WithWaitingSession(t, "May I change the API?", "", "CQLF-R1-0002")
	p.PutWorkflow()
	p.GitHub.Repo("octo/shop").PutPull(telemetry.PullRequest{
		Number: 9, Title: "fix(CQLF-R1-0003): escape", State: "open", CreatedAt: time.Now().Add(-time.Hour),
	})
	p.Job("poll")
	status, body := p.Post("/actions/views", "name", "Gone ones", "list", "issues", "query", "q=is%3Afixed")
	if status != http.StatusSeeOther {
		t.Fatalf("save a view: %d %s", status, body)
	}
	return p
}

// findControl is the first shown control of a name: its label, or what it says.
const findControl = `((name) => [...document.querySelectorAll("summary, button, a[href], input, select, textarea")].find((e) =>
  e.checkVisibility({ checkVisibilityCSS: true }) && !e.closest("[inert]") &&
(e.getAttribute("aria-label") ?? e.labels?.[0]?.textContent ?? e.innerText).trim().replace(/\s+/g, " ").startsWith(name)))`

// click clicks the control of a name.
func (b *browser) click(name string) {
	b.t.Helper()
	b.until(fmt.Sprintf("%s(%q)", findControl, name))
	b.js(fmt.Sprintf("%s(%q).click()", findControl, name))
}

// overlay is something that a person opens on a page.
type overlay struct {
	name   string
	page   string
	widths []int64
	opens  []string // the controls that are pressed for it
	ready  string   // holds when it is there whole
	shown  string   // selects it
}

const menuOpen = "details.menu[open] > summary + *"

// overlays are all of them, of the program of startWithOverlays.
func overlays() []overlay {
	both, phone, wide := []int64{390, 1280}, []int64{390}, []int64{1280}
	dialog := func(text string) string {
		return fmt.Sprintf(`document.querySelector("dialog[open]")?.textContent.includes(%q)`, text)
	}
	menu := func(text string) string {
		return fmt.Sprintf(`document.querySelector(%q)?.textContent.includes(%q)`, menuOpen, text)
	}
	return []overlay{
		{"help", "/runs", wide, []string{"? Keys"}, dialog("Next row"), "dialog[open]"},
		{"reply", "/needs-you", both, []string{"Reply"}, dialog("May I change the API?"), "dialog[open]"},
		{"dispatch", "/repo/octo/shop", both, []string{"Start a run"}, dialog("fix(CQLF-R1-0003): escape"), "dialog[open]"},
		{"save view", "/issues?q=severity:high", both, []string{"Save view"}, menu("Name of this view"), menuOpen},
		{"edit view", "/issues?q=is:fixed", both, []string{"Edit view"}, menu("for everyone?"), menuOpen},
		{"export", "/issues", both, []string{"Export"}, menu("JSON"), menuOpen},
		{"rows", "/issues", both, []string{"Rows:"}, menu("100 rows"), menuOpen},
		{"what counts", "/", both, []string{"What counts"}, menu("."), menuOpen},
		{"saved views", "/", wide, []string{"Views"}, menu("Gone ones"), menuOpen},
		{"more actions", "/", both, []string{"More actions"}, menu("Backfill"), menuOpen},
		{"a filter", "/issues", wide, []string{"Severity"}, menu("critical"), menuOpen},
		{
			"filter sheet",
			"/issues",
			phone,
			[]string{"Filters"},
			`document.querySelector("[popover]:popover-open")?.textContent.includes("Severity")`,
			"[popover]:popover-open",
		},
		{"a filter in the sheet", "/issues", phone, []string{"Filters", "Severity"}, menu("critical"), "[popover]:popover-open"},
		{"pages", "/", phone, []string{"Pages"}, menu("Repositories"), menuOpen},
		{"search", "/", phone, []string{"Search"}, `document.querySelector("details[open] input[type=search]")`, menuOpen},
		{"a toast", "/issues", both, []string{"Export", "Copy link"}, `document.querySelector("#toasts")?.textContent.trim()`, "#toasts"},
	}
}

// TestOpenedFits: an open dialog or menu has targets that are large enough,
// and neither it nor its page scrolls sideways, on the smallest phone too.
func TestOpenedFits(t *testing.T) {
	b := startBrowser(t)
	b.reduceMotion()
	p := startWithOverlays(t)
	const within = `((what) => JSON.stringify([...document.querySelectorAll(what)].filter((e) => { const box = e.getBoundingClientRect();
		return e.scrollWidth > e.clientWidth + 1 || box.left < -.5 || box.right > innerWidth + .5; }).map((e) =>
			"it is wider than it has room: " + e.outerHTML.slice(0, 160))))`
	for _, o := range overlays() {
		t.Run(o.name, func(t *testing.T) {
			b.in(t)
			b.size(o.widths[0], 900)
			b.open(p.URL + o.page)
			for _, name := range o.opens {
				b.click(name)
			}
			b.until(o.ready)
			widths := o.widths
			if widths[0] < 640 {
				widths = append([]int64{320}, widths...)
			}
			for _, width := range widths {
				least := 24
				if width < 640 {
					least = 44
				}
				b.size(width, 900)
				b.problems(o.name, fmt.Sprint("at ", width), fmt.Sprintf("%s(%q)", within, o.shown), false)
				b.problems(o.name, fmt.Sprint("at ", width), fmt.Sprintf("%s(%d, %d)", layoutFaults, width, least), false)
			}
		})
	}
}
