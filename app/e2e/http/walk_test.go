package http

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// unlinked are the numbers of pages that count no rows of a list, by the class
// of what they stand in, and why.
func unlinked() map[string]string {
	return map[string]string{
		"counter":       "the total of the panel or tab that it stands in",
		"list-count":    "the total of the list itself",
		"panel-note":    "says in words what the panel's own numbers are",
		"collapse-line": "repeats numbers of the panel below it",
		"about-text":    "explains what counts",
		"strip":         "a sentence about the page",
		"missing":       "names settings",
		"facts":         "times, and how many days lie between scans",
		"path":          "lines of files",
		"chart":         "the scale of a chart, and ends of bands, whose names are linked",
		"legend":        "repeats linked marks",
		"jobs":          "progress of a job",
		"empty":         "a sentence",
		"num":           "figures of the row's own thing, whose page is linked in the row",
		"k-state":       "the row's own state",
		"k-age":         "ages",
		"bars":          "rates, beside their two linked counts",
		"tile-value":    "a rate or a length of time, with its n linked below it",
		"sr-only":       "repeats what is shown",
		"timeline":      "what happened to one thing",
		"detail":        "fields of one thing",
		"tier":          "severities of the row's own issues",
		"small":         "how many more ids the row's own thing has",
		"c-outcome":     "what the row's own run did",
		"verdict-note":  "what the sums beside it leave out, which no query names",
	}
}

// walker follows the numbers of pages to the lists that they count.
type walker struct {
	*program.Program
	seen   map[string]bool // pages that were read
	shapes map[string]int  // how many of a kind were
	totals map[string]int64
	listed map[string]int64 // of totals, what has rows
	queue  []string
	asOf   string
	links  int // numbers followed
}

// pagesOfAShape bounds how many pages of one kind are read: those of further
// issues, repositories and filters are made by the same code.
const pagesOfAShape = 2

var (
	wholeNumber = regexp.MustCompile(`^[+−–↑↓ ]*(?:of |n = |All )?([0-9][0-9,]*)(?:\D*)$`)
	listRows    = regexp.MustCompile(`class="list-count">\s*([0-9,]+) [^<]*(?:</span>\s*<a[^>]*>and ([0-9,]+) not listed</a>)?`)
	noCount     = regexp.MustCompile(`^[↑↓]|^[0-9,]+ (h|d|min|other families|not listed)$`) // differences, times, names of bars, and sums over repositories
	headCount   = regexp.MustCompile(`</h2>\s*<span class="counter">([0-9,]+)</span>`)
	idSteps     = regexp.MustCompile(`/(issues|sessions|runs|pulls)/[^?]+`)
	repoSteps   = regexp.MustCompile(`^/repo/[^/]+/[^/?]+`)
	pageParts   = regexp.MustCompile(`^(/|/needs-you|/(issues|sessions|pulls|runs|repos|changes|activity|report|search|repo|docs)([/?].*)?|/\?.*)$`)
)

// shape is what kind of page an address is of.
func shape(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	var names []string
	for name := range u.Query() {
		names = append(names, name)
	}
	slices.Sort(names)
	path := repoSteps.ReplaceAllString(u.EscapedPath(), "/repo/of")
	return idSteps.ReplaceAllString(path, "/$1/one") + "?" + strings.Join(names, "&")
}

func (w *walker) meet(address string) {
	address, _, _ = strings.Cut(address, "#")
	if !pageParts.MatchString(address) || strings.Contains(address, "/dispatch") || w.seen[address] {
		return
	}
	w.seen[address] = true
	s := shape(address)
	most := pagesOfAShape
	if w.asOf != "" {
		most = 1
	}
	if w.shapes[s]++; w.shapes[s] <= most {
		w.queue = append(w.queue, address)
	}
}

// total is how many rows the list of an address has, counted and not listed
// together; -1 for a page that is no list.
func (w *walker) total(address string) int64 {
	address, _, _ = strings.Cut(address, "#")
	if n, known := w.totals[address]; known {
		return n
	}
	res, page := w.Get(address)
	if res.StatusCode != http.StatusOK {
		w.T.Errorf("%s: %d", address, res.StatusCode)
		w.totals[address] = -1
		return -1
	}
	n := int64(-1)
	if m := listRows.FindStringSubmatch(page); m != nil {
		n, w.listed[address] = number(m[1])+number(m[2]), number(m[1])
	} else if m := headCount.FindStringSubmatch(page); m != nil && strings.HasPrefix(address, "/changes") {
		n = number(m[1])
	}
	w.totals[address] = n
	return n
}

func number(text string) int64 {
	n, _ := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
	return n
}

// walk reads pages until no further kind of page is met.
func (w *walker) walk() {
	for len(w.queue) > 0 {
		address := w.queue[0]
		w.queue = w.queue[1:]
		res, page := w.Get(address)
		if res.StatusCode != http.StatusOK {
			w.T.Errorf("%s: %d: %.300s", address, res.StatusCode, program.Text(page))
			continue
		}
		if strings.Contains(page, "Cannot load this panel") {
			w.T.Errorf("%s: a panel cannot be loaded", address)
		}
		if w.asOf != "" && !strings.Contains(page, "Show today") {
			w.T.Errorf("%s: no link back to today", address)
		}
		w.follow(address, page)
	}
}

// follow compares each number of a page with the list that it leads to.
func (w *walker) follow(address, page string) {
	texts, err := textsOf(page)
	if err != nil {
		w.T.Errorf("%s cannot be read: %v", address, err)
		return
	}
	for _, t := range texts {
		if t.link != "" {
			w.meetOf(t.link)
		}
		m := wholeNumber.FindStringSubmatch(t.text)
		switch {
		case m == nil || t.named || noCount.MatchString(t.text):
		case t.link == "":
			if w.stray(t) {
				w.T.Errorf("%s: %q in %s leads nowhere", address, t.text, t.place)
			}
		case pageParts.MatchString(t.link):
			w.links++
			// A tab counts rows, a figure also what has none.
			if got := w.total(t.link); got >= 0 && got != number(m[1]) && w.listed[t.link] != number(m[1]) {
				w.T.Errorf("%s: %q in %s leads to %s, which has %d", address, t.text, t.place, t.link, got)
			}
		}
	}
}

// meetOf goes on with a link of a page; one of a past time carries that time,
// to pages that have a past.
func (w *walker) meetOf(link string) {
	if w.asOf == "" && strings.Contains(link, "as_of=") || w.asOf != "" && !strings.Contains(link, "as_of="+w.asOf) {
		return // the other walks see it
	}
	w.meet(link)
}

func (w *walker) stray(t text) bool {
	for class := range unlinked() {
		if slices.Contains(t.classes, class) {
			return false
		}
	}
	return true
}

// TestNumbersLeadToTheirRows walks every page of the program, from the overview
// along the links that it meets, today and at three past dates, and follows each
// number to a list whose total is the same.
func TestNumbersLeadToTheirRows(t *testing.T) {
	worlds := map[string]func(t *testing.T) *program.Program{
		"real records": func(t *testing.T) *program.Program {
			return program.WithRuns(t, program.RealRuns(t), nil)
		},
		"made records": func(t *testing.T) *program.Program {
			return program.WithRuns(t, program.ManyRecords(), nil)
		},
	}
	for name, start := range worlds {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			for _, asOf := range append([]string{""}, pastDates(s)...) {
				t.Run(fmt.Sprintf("as of %q", asOf), func(t *testing.T) {
					w := &walker{Program: s.In(t), seen: map[string]bool{}, shapes: map[string]int{}, totals: map[string]int64{}, listed: map[string]int64{}, asOf: asOf}
					for _, page := range []string{"/", "/report", "/issues", "/repos", "/sessions", "/pulls", "/runs", "/changes", "/activity"} {
						if asOf != "" {
							page += "?as_of=" + asOf
						}
						w.meet(page)
					}
					w.walk()
					t.Logf("%d kinds of pages, %d numbers followed", len(w.shapes), w.links)
					if w.links < 30 {
						t.Errorf("only %d numbers lead anywhere", w.links)
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
