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
		"counter":          "the total of the panel or tab that it stands in",
		"list-count":       "the total of the list itself",
		"pager":            "pages of the list itself",
		"panel-note":       "says in words what the panel's own numbers are",
		"collapse-line":    "repeats numbers of the panel below it",
		"about-text":       "explains what counts",
		"strip":            "a sentence about the page",
		"missing":          "names settings",
		"facts":            "times, and how many days lie between scans",
		"fg-muted path":    "lines of files",
		"path":             "lines of files",
		"axis":             "the scale of a chart",
		"plot":             "the chart's marks say it again, linked",
		"menu":             "choices of a filter",
		"jobs":             "progress of a job",
		"rate-percent":     "a rate; its two counts are linked beside it",
		"k-age c-age":      "ages",
		"footer":           "the version",
		"time":             "a time",
		"toast":            "what a job did",
		"run-counts":       "counts of a run's own record",
		"code":             "program text",
		"span":             "how long something took",
		"c-run":            "names a run",
		"filter":           "the query",
		"empty":            "a sentence",
		"list-tools":       "what an export holds: the list itself",
		"page-size":        "rows a page",
		"pill":             "a severity",
		"record":           "a record as it was written",
		"timeline":         "what happened to one thing",
		"docs":             "documentation",
		"sr-only":          "repeats what is shown",
		"tile-segment-sum": "a sum",
	}
}

// walker follows the numbers of pages to the lists that they count.
type walker struct {
	*program.Program
	seen   map[string]bool // pages that were read
	shapes map[string]int  // how many of a kind were
	totals map[string]int64
	queue  []string
	asOf   string
	links  int // numbers followed
}

// pagesOfAShape bounds how many pages of one kind are read: those of further
// issues, repositories and filters are made by the same code.
const pagesOfAShape = 4

var (
	wholeNumber = regexp.MustCompile(`^[+−–↑↓ ]*(?:of |n = |All )?([0-9][0-9,]*)(?:\D*)$`)
	listRows    = regexp.MustCompile(`class="list-count">([0-9,]+) [^<]*(?:<a[^>]*>and ([0-9,]+) not listed</a>)?`)
	headCount   = regexp.MustCompile(`class="sr-only panel-head|<h2[^>]*>[^<]*</h2>\s*<span class="counter">([0-9,]+)</span>`)
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
	for name, values := range u.Query() {
		if name == "q" {
			name += "=" + regexp.MustCompile(`:[^ ]*`).ReplaceAllString(values[0], "")
		}
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
	if w.shapes[s]++; w.shapes[s] <= pagesOfAShape {
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
		return -1
	}
	n := int64(-1)
	if m := listRows.FindStringSubmatch(page); m != nil {
		n = number(m[1]) + number(m[2])
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
			w.meetOf(address, t.link)
		}
		m := wholeNumber.FindStringSubmatch(t.text)
		switch {
		case m == nil || t.named:
		case t.link == "":
			if w.stray(t) {
				w.T.Errorf("%s: %q in %s leads nowhere", address, t.text, t.place)
			}
		case pageParts.MatchString(t.link):
			w.links++
			if got := w.total(t.link); got >= 0 && got != number(m[1]) {
				w.T.Errorf("%s: %q in %s leads to %s, which has %d", address, t.text, t.place, t.link, got)
			}
		}
	}
}

// meetOf goes on with a link of a page; one of a past time carries that time,
// to pages that have a past.
func (w *walker) meetOf(page, link string) {
	if w.asOf == "" && strings.Contains(link, "as_of=") || w.asOf != "" && !strings.Contains(link, "as_of="+w.asOf) {
		return // the other walks see it
	}
	_ = page
	w.meet(link)
}

func (w *walker) stray(t text) bool {
	for class := range unlinked() {
		for _, part := range strings.Fields(class) {
			if slices.Contains(t.classes, part) {
				return false
			}
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
					w := &walker{Program: s.In(t), seen: map[string]bool{}, shapes: map[string]int{}, totals: map[string]int64{}, asOf: asOf}
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
