package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// startDesk runs the program with something to open everywhere: a session
// that waits for its user, a workflow to dispatch, an old record to mend and
// a saved view.
func startDesk(t *testing.T) *played {
	t.Helper()
	records := shopRecords()
	session := records["b.json"].(map[string]any)["sessions"].([]map[string]any)[0]
	session["pr_url"], session["issue_ids"] = "", []string{"", "CQLF-R1-0002"}
	p := startPlayed(t, records, nil)
	now := time.Now().UTC().Truncate(time.Second)
	p.devin.Put(devintest.Session{ID: shopSession, Status: "running", Detail: "waiting_for_user", Title: "Fix xss", CreatedAt: now.Add(-time.Hour), UpdatedAt: now,
		Messages: []telemetry.Message{{ID: "m1", From: "devin", Text: "May I change the API?", At: telemetry.At(now)}}})
	p.action.PutWorkflow("codeql-fixer.yml", append([]string{"target_repo"}, telemetry.DispatchInputs()...)...)
	p.github.Repo("octo/shop").PutPull(telemetry.PullRequest{Number: 9, Title: "fix(CQLF-R1-0003): escape", State: "open", CreatedAt: now.Add(-time.Hour)})
	if status, body := p.post("/api/poll"); status != http.StatusOK {
		t.Fatalf("poll: %d %s", status, body)
	}
	if res, body := p.do(http.MethodPost, "/actions/views", form("name", "Gone ones", "list", "issues", "query", "q=is%3Afixed")); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("save a view: %d %s", res.StatusCode, body)
	}
	return p
}

// find is the first shown control of a name: its label, or what it says.
const find = `((name) => [...document.querySelectorAll("summary, button, a[href], input, select, textarea")].find((e) =>
  e.checkVisibility({ checkVisibilityCSS: true }) && !e.closest("[inert]") && (e.getAttribute("aria-label") ?? e.labels?.[0]?.textContent ?? e.innerText).trim().replace(/\s+/g, " ").startsWith(name)))`

// press clicks the control of a name.
func (b *browser) press(name string) {
	b.t.Helper()
	b.until(fmt.Sprintf("%s(%q)", find, name))
	b.js(fmt.Sprintf("%s(%q).click()", find, name))
}

// opened is something that a person opens on a page.
type opened struct {
	name   string
	page   string
	widths []int64
	opens  []string // the controls that are pressed for it
	ready  string   // holds when it is there whole
	shown  string   // selects it
}

const menuOpen = "details.menu[open] > summary + *"

// everyOpened are all of them, of the desk.
func everyOpened() []opened {
	both, phone, desk := []int64{390, 1280}, []int64{390}, []int64{1280}
	dialog := func(text string) string {
		return fmt.Sprintf(`document.querySelector("dialog[open]")?.textContent.includes(%q)`, text)
	}
	menu := func(text string) string {
		return fmt.Sprintf(`document.querySelector(%q)?.textContent.includes(%q)`, menuOpen, text)
	}
	return []opened{
		{"help", "/runs", desk, []string{"? Keys"}, dialog("Next row"), "dialog[open]"},
		{"reply", "/needs-you", both, []string{"Reply"}, dialog("May I change the API?"), "dialog[open]"},
		{"dispatch", "/repo/octo/shop", both, []string{"Dispatch"}, dialog("fix(CQLF-R1-0003): escape"), "dialog[open]"},
		{"save view", "/issues?q=severity:high", both, []string{"Save view"}, menu("Name of this view"), menuOpen},
		{"edit view", "/issues?q=is:fixed", both, []string{"Edit view"}, menu("for everyone?"), menuOpen},
		{"export", "/issues", both, []string{"Export"}, menu("JSON"), menuOpen},
		{"rows", "/issues", both, []string{"Rows:"}, menu("100 rows"), menuOpen},
		{"what counts", "/", both, []string{"What counts"}, menu("."), menuOpen},
		{"saved views", "/", desk, []string{"Views"}, menu("Gone ones"), menuOpen},
		{"more actions", "/", both, []string{"More actions"}, menu("Backfill"), menuOpen},
		{"a filter", "/issues", desk, []string{"Severity"}, menu("critical"), menuOpen},
		{"filter sheet", "/issues", phone, []string{"Filters"}, `document.querySelector("[popover]:popover-open")?.textContent.includes("Severity")`, "[popover]:popover-open"},
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
	b.still()
	p := startDesk(t)
	const within = `((what) => JSON.stringify([...document.querySelectorAll(what)].filter((e) => { const box = e.getBoundingClientRect(); return e.scrollWidth > e.clientWidth + 1 || box.left < -.5 || box.right > innerWidth + .5; }).map((e) => "it is wider than it has room: " + e.outerHTML.slice(0, 160))))`
	for _, o := range everyOpened() {
		t.Run(o.name, func(t *testing.T) {
			b.in(t)
			b.size(o.widths[0], 900)
			b.open(p.url + o.page)
			for _, name := range o.opens {
				b.press(name)
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
				b.problems(o.name, fmt.Sprint("at ", width), fmt.Sprintf("%s(%d, %d)", measure, width, least), false)
			}
		})
	}
}
