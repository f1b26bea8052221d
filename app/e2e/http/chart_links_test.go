package http

import (
	"cmp"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

var (
	chartMark = regexp.MustCompile(`<a href="([^"]*)" tabindex="-1">\s*<rect class="mark[^>]*>\s*<title>([^<]*): ([0-9,]+)</title>`)
	tableCell = regexp.MustCompile(`(?s)<tr>\s*<th scope="row">([^<]*)</th>\s*<td>\s*<a class="" href="([^"]*)">([0-9,]+)</a>`)
	rateRow   = regexp.MustCompile(`<a class="row-muted" href="([^"]*)">([0-9,]+)</a>`)
	endLabel  = regexp.MustCompile(`<strong>([0-9,]+)</strong>\s*<a class="fg-muted" href="([^"]*)">([^<]*)</a>`)
	tileTier  = regexp.MustCompile(`(?s)href="([^"]*)">\s*([0-9,]+) (critical|high|not listed)(?:, [0-9,]+ of them not listed)?\s*<`)
	listTotal = regexp.MustCompile(`class="list-count">([0-9,]+) `)
	notListed = regexp.MustCompile(`>and ([0-9,]+) not listed<`)
)

// rowsBehind is how many rows the list of an address has in all, with those
// that it says are not listed.
func rowsBehind(s *program.Program, address string) string {
	s.T.Helper()
	res, page := s.Get(html.UnescapeString(address))
	found := listTotal.FindStringSubmatch(page)
	if res.StatusCode != 200 || found == nil {
		s.T.Errorf("%s is no list (status %d)", address, res.StatusCode)
		return ""
	}
	return strconv.Itoa(whole(s.T, found[1]) + whole(s.T, cmp.Or(append(notListed.FindStringSubmatch(page), "", "0")[1], "0")))
}

// whole reads a number as pages write it.
func whole(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
	if err != nil {
		t.Error(err)
	}
	return n
}

// TestMarksLeadToTheirRows follows each mark of the overview's charts, and
// each cell of their tables, to a list of exactly so many rows.
func TestMarksLeadToTheirRows(t *testing.T) {
	s := program.WithRuns(t, program.ManyRecords(), nil)
	for panel, least := range map[string]int{"tiles": 3, "open": 14, "spans": 1, "outcomes": 4, "rates": 20, "trend": 8} {
		_, page := s.Get("/panels/"+panel+"?period=30d", "HX-Request", "true")
		followed := 0
		follow := func(name, address, n string) {
			if n == "0" || strings.Contains(address, "/changes") {
				return
			}
			followed++
			if strings.Contains(address, "is%3Alisted") { // its rows are the repositories, whose counts add up
				if _, rows := s.Get(html.UnescapeString(address)); n != "9" || !strings.Contains(rows, "octo/bare") ||
					strings.Contains(rows, "octo/shop") {
					t.Errorf("%s, %s: %s is not what octo/bare counts", panel, name, n)
				}
				return
			}
			if got := rowsBehind(s, address); got != n {
				t.Errorf("%s, %s shows %s, its list %s has %s", panel, name, n, address, got)
			}
		}
		for _, m := range chartMark.FindAllStringSubmatch(page, -1) {
			follow(m[2], m[1], m[3])
		}
		for _, m := range tableCell.FindAllStringSubmatch(page, -1) {
			follow(m[1]+" in the table", m[2], m[3])
		}
		for _, m := range endLabel.FindAllStringSubmatch(page, -1) {
			follow(m[3]+" at the end", m[2], m[1])
		}
		for _, m := range tileTier.FindAllStringSubmatch(page, -1) {
			follow(m[3], m[1], m[2])
		}
		if panel == "rates" {
			for _, m := range rateRow.FindAllStringSubmatch(page, -1) {
				follow("rate", m[1], m[2])
			}
		}
		if followed < least {
			t.Errorf("%s: only %d marks lead anywhere in %s", panel, followed, page)
		}
		if panel != "rates" && panel != "tiles" && !strings.Contains(page, "View as table") {
			t.Errorf("%s: its numbers are not offered as a table", panel)
		}
	}
}
