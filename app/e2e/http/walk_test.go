package http

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/telemetry/testsize"
)

// walkAll reports whether WALK_ALL asks to follow every number of every page.
// Without it a few of each kind are followed: the rest is made by the same code.
func walkAll() bool { return os.Getenv("WALK_ALL") != "" }

// walker reads the pages of the program as of a time, and follows their
// numbers to the rows that they count.
type walker struct {
	*program.Program
	asOf    string
	routes  []*regexp.Regexp
	met     map[string]bool // addresses that were met
	most    int             // pages and numbers of a kind that are followed
	kinds   map[string]int  // how many pages of a kind are read
	read    map[int]bool    // routes that a page was read of
	targets map[string]*target
	asked   map[string]int // how many addresses were asked for the numbers of a kind
	queue   []string
	links   int // numbers followed
}

// target is what an address shows.
type target struct {
	total, listed int64           // rows of its list, counted and not listed together, and those listed; -1: it is no list
	shown         func() []number // all numbers that it has
	failed        int             // its status, if it is not 200
}

func newWalker(p *program.Program, asOf string) *walker {
	w := &walker{
		Program: p, asOf: asOf, most: testsize.Of(p.T, "pages and numbers of a kind", 1, 2), met: map[string]bool{}, kinds: map[string]int{},
		read: map[int]bool{}, targets: map[string]*target{}, asked: map[string]int{},
	}
	for _, path := range pageRoutes() {
		w.routes = append(w.routes, regexp.MustCompile("^"+regexp.MustCompile(`:\w+`).ReplaceAllString(path, `[^/]+`)+"$"))
	}
	return w
}

// pageRoutes are the paths of all pages.
var pageRoutes = sync.OnceValue(func() (paths []string) {
	for _, r := range routes() {
		other := slices.ContainsFunc([]string{"/api", "/panels/", "/events", "/sign-in"}, func(begin string) bool { return strings.HasPrefix(r.Path, begin) })
		none := []string{"/healthz", "/readyz", "/metrics", "/icon.svg", "/decide", "/send", "/share"} // the last are of what is selected
		if r.Method == http.MethodGet && !other && !r.Feed && !slices.Contains(none, r.Path) {
			paths = append(paths, r.Path)
		}
	}
	return paths
})

// route is the route of an address of a page, -1 for another address.
func (w *walker) route(address string) int {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" {
		return -1
	}
	return slices.IndexFunc(w.routes, func(r *regexp.Regexp) bool { return r.MatchString(u.EscapedPath()) })
}

// kind is what an address has in common with others that the same code answers.
func (w *walker) kind(address string) string {
	u, _ := url.Parse(address)
	var names []string
	for name := range u.Query() {
		if !slices.Contains([]string{"sort", "order", "page", "per_page"}, name) { // the same rows
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strconv.Itoa(w.route(address)) + "?" + strings.Join(names, "&")
}

// meet puts a page in the queue, if it is of a kind of which few were read.
func (w *walker) meet(address string) {
	address, _, _ = strings.Cut(address, "#")
	if w.route(address) < 0 || w.met[address] || w.asOf != "" && !strings.Contains(address, "as_of="+w.asOf) ||
		w.asOf == "" && strings.Contains(address, "as_of=") {
		return
	}
	w.met[address] = true
	most := w.most
	if w.asOf != "" {
		most = 1
	}
	if kind := w.kind(address); w.kinds[kind] < most || walkAll() {
		w.kinds[kind]++
		w.queue = append(w.queue, address)
	}
}

// walk begins at the pages that need no name, and reads what they lead to.
func (w *walker) walk() {
	for _, path := range pageRoutes() {
		if strings.Contains(path, ":") {
			continue
		}
		if path == "/search" {
			path += "?q=xss"
		}
		if w.asOf != "" {
			path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "as_of=" + w.asOf
		}
		w.meet(path)
	}
	for len(w.queue) > 0 {
		address := w.queue[0]
		w.queue = w.queue[1:]
		if page := w.page(address); page != nil {
			w.read[w.route(address)] = true
			w.follow(address, page)
		}
	}
}

// page reads a page, nil for one that says in words that it has no past.
func (w *walker) page(address string) *node {
	res, body := w.Get(address)
	said := program.Text(body)
	if w.asOf != "" && res.StatusCode == http.StatusBadRequest && strings.Contains(said, "past") || res.StatusCode == http.StatusSeeOther {
		return nil
	}
	if res.StatusCode != http.StatusOK {
		w.T.Errorf("%s: %d: %.300s", address, res.StatusCode, said)
		return nil
	}
	if strings.Contains(body, "Cannot load this panel") {
		w.T.Errorf("%s: a panel cannot be loaded", address)
	}
	if w.asOf != "" && !strings.Contains(body, "Show today") {
		w.T.Errorf("%s: no link back to today", address)
	}
	page, err := pageOf(body)
	if err != nil {
		w.T.Errorf("%s cannot be read: %v", address, err)
	}
	return page
}

// follow meets the links of a page, and compares its numbers with the rows
// that they lead to.
func (w *walker) follow(address string, page *node) {
	page.each(func(e *node) {
		if e.has("href") {
			w.meet(e.attrs["href"])
		}
	})
	total := int64(-1)
	for _, bar := range page.all(func(e *node) bool { return e.class("list-count") }) {
		total = numbersOf(bar.words() + " 0")[0].n
	}
	for _, n := range numbersIn(page) {
		switch {
		case n.link != "":
			w.compare(address, n)
		case n.n != 0 && !n.ownTotal(total):
			w.T.Errorf("%s: %q of %.80q in %s leads nowhere", address, n.text, n.in.text, n.in.place())
		}
	}
}

// compare follows a number. The demo goes on while it is read: what differs is
// asked again, and fails if the page says the same before and after, three times:
// once, something may have come and gone meanwhile.
func (w *walker) compare(address string, n number) {
	if !w.counts(n) || !w.due(address, n) {
		return
	}
	w.links++
	if w.agrees(n) {
		return
	}
	for disagreed, round := 0, 0; round < 8; round++ {
		delete(w.targets, n.link)
		got := w.target(n.link)
		page := w.page(address)
		if page == nil || w.agrees(n) {
			return
		}
		same := slices.DeleteFunc(numbersIn(page), func(m number) bool {
			return m.link != n.link || m.text != n.text || m.in.place() != n.in.place()
		})
		if slices.ContainsFunc(same, w.agrees) { // a rate does, with what stands beside it now
			return
		}
		if len(same) > 0 {
			if disagreed++; disagreed < 3 {
				continue
			}
			w.T.Errorf("%s: %q of %.80q in %s leads to %s, which has %s", address, n.text, n.in.text, n.in.place(), n.link, got)
			return
		}
		for _, m := range numbersIn(page) { // it went on
			if m.link == n.link && m.in.place() == n.in.place() {
				n = m
			}
		}
	}
}

// counts reports whether a linked number counts rows: the text of a link to
// one thing is its name, unless it is a number alone.
func (w *walker) counts(n number) bool {
	if strings.HasPrefix(n.link, "http") || n.in.closest(func(e *node) bool { return e.class("page-link") || e.class("pager") }) != nil {
		return false
	}
	if strings.Contains(n.in.place(), "docs-") {
		return false // a description
	}
	at := w.route(n.link)
	if at < 0 {
		return strings.HasPrefix(n.link, "/api/")
	}
	if w.asOf != "" && !strings.Contains(n.link, "as_of=") {
		return !strings.Contains(pageRoutes()[at], ":") // the page of one thing shows today
	}
	one := strings.Contains(pageRoutes()[at], ":") && !strings.Contains(pageRoutes()[at], "/repo/")
	return !one || regexp.MustCompile(`^[+−]?[\d,]+( \w+)?$`).MatchString(n.in.text)
}

// due bounds how many addresses are asked for the numbers of a kind.
func (w *walker) due(address string, n number) bool {
	if w.targets[n.link] != nil || walkAll() {
		return true
	}
	kind := w.kind(address) + " " + n.in.place() + " " + w.kind(n.link)
	if !testsize.All() { // whatever a page was asked for
		kind = strconv.Itoa(w.route(address)) + " " + n.in.place() + " " + w.kind(n.link)
	}
	w.asked[kind]++
	return w.asked[kind] <= w.most
}

// agrees reports whether a number is that of the rows that it leads to. A rate
// and a median stand with the number of their rows.
func (w *walker) agrees(n number) bool {
	got := w.target(n.link)
	if got.failed != 0 {
		return false
	}
	shows := func(of number) bool {
		return slices.ContainsFunc(got.shown(), func(m number) bool { return m.n == of.n && m.whole == of.whole && m.text != "" })
	}
	rows := []int64{got.total, got.listed, got.total - got.listed}
	if got.total < 0 { // it is no list: it shows the same
		return shows(n) || n.signed && shows(number{n: n.n + 1, whole: true})
	}
	if n.whole && !n.signed {
		return slices.Contains(rows, n.n) || strings.Contains(n.in.text, "not listed") && shows(n)
	}
	if n.whole && (slices.Contains(rows, n.n) || shows(n) || n.isChange(got.total)) {
		return true
	}
	return slices.ContainsFunc(n.alike(), func(m number) bool { return m.whole && slices.Contains(rows, m.n) }) || shows(n)
}

// target reads what an address shows.
func (w *walker) target(address string) *target {
	if t := w.targets[address]; t != nil {
		return t
	}
	t := &target{total: -1}
	w.targets[address] = t
	address, anchor, _ := strings.Cut(address, "#")
	res, body := w.Get(address)
	path, _, _ := strings.Cut(address, "?")
	switch {
	case res.StatusCode != http.StatusOK:
		t.failed = res.StatusCode
	case strings.HasSuffix(path, ".csv"): // a download has the rows of its list
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil {
			w.T.Errorf("%s: %v", address, err)
		}
		t.total, t.listed = int64(len(rows)-1), int64(len(rows)-1)
	case strings.HasPrefix(path, "/api/"):
		t.shown = func() []number { return numbersOf(regexp.MustCompile(`[^0-9.\-]+`).ReplaceAllString(body, " ")) }
		var list []any
		if strings.HasSuffix(path, ".json") && json.Unmarshal([]byte(body), &list) == nil {
			t.total, t.listed = int64(len(list)), int64(len(list))
		}
	default:
		t.ofPage(body, anchor)
	}
	return t
}

var (
	rowCount      = regexp.MustCompile(`class="list-count">\s*([0-9,]+)`)
	unlistedCount = regexp.MustCompile(`>and ([0-9,]+) not listed<`)
)

// ofPage is what a page shows, or a part of it: the total of its list is said
// in its bar.
func (t *target) ofPage(body, anchor string) {
	t.shown = sync.OnceValue(func() []number {
		page, err := pageOf(body)
		if err != nil {
			return nil
		}
		if parts := page.all(func(e *node) bool { return e.attrs["id"] == anchor }); anchor != "" && len(parts) == 1 {
			page = parts[0]
		}
		return numbersIn(page)
	})
	if m := rowCount.FindStringSubmatch(body); m != nil {
		t.listed = numbersOf(m[1])[0].n
		t.total = t.listed
		if m := unlistedCount.FindStringSubmatch(body); m != nil {
			t.total += numbersOf(m[1])[0].n
		}
	}
}

func (t *target) String() string {
	if t.failed != 0 {
		return fmt.Sprintf("status %d", t.failed)
	}
	return fmt.Sprintf("%d rows, %d of them listed", t.total, t.listed)
}

// TestNumbersLeadToTheirRows walks every page of the program, from its routes
// along the links that it meets, today and at three past dates, and follows each
// number to the rows that it counts, whose total is the same.
//
// Under the race detector it is skipped: it asks some thousand pages one after
// the other, and .ci/run takes it again without.
func TestNumbersLeadToTheirRows(t *testing.T) {
	if program.Race {
		t.Skip("SKIPPED: it is run without the race detector")
	}
	for name, start := range walkedWorlds() {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			days := append([]string{""}, pastDates(s)...)
			if strings.Contains(name, "PostgreSQL") {
				days = days[:min(2, len(days))] // the same pages as on SQLite
			}
			if !testsize.All() { // the past of one world
				days = days[:min(len(days), map[bool]int{true: 1, false: 2}[name == "demo"])]
				t.Logf("IN PART: the dates %q; with CI=true more", days)
			}
			for _, asOf := range days {
				t.Run(fmt.Sprintf("as of %q", asOf), func(t *testing.T) {
					w := newWalker(s.In(t), asOf)
					w.walk()
					t.Logf("%d kinds of pages, %d numbers followed", len(w.kinds), w.links)
					for i, path := range pageRoutes() {
						if asOf == "" && !w.read[i] && !strings.HasPrefix(name, "made") {
							t.Errorf("no page of %s is met", path)
						}
					}
				})
			}
		})
	}
}

// pastDates are three days on which runs were.
func pastDates(p *program.Program) []string {
	p.T.Helper()
	var days []string
	for _, run := range p.Items("/api/runs?per_page=200") {
		days = append(days, run["timestamp"].(string)[:10])
	}
	slices.Sort(days)
	days = slices.Compact(days)
	if len(days) < 2 {
		return days[:0]
	}
	return slices.Compact([]string{days[0], days[len(days)/2], days[len(days)-2]})
}
