package lists_test

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"telemetry-dashboard/app/web/webtest"
)

// found returns what an expression finds first in a page, or fails.
func found(t *testing.T, page webtest.Answer, expression string) string {
	t.Helper()
	m := regexp.MustCompile(expression).FindStringSubmatch(page.HTML)
	if m == nil {
		t.Fatalf("no %s in %.3000s", expression, page.Text())
	}
	return m[1]
}

// TestSeveralIssuesAreDecidedAtOnce: without scripts the boxes of the list lead
// to the form of an action, which decides about those that were selected.
func TestSeveralIssuesAreDecidedAtOnce(t *testing.T) {
	s := webtest.Shop(t)
	list := s.Get("/issues")
	list.Check(t, webtest.Want{Status: 200, Text: []string{"Dismiss…", "Accept risk…", "Assign…", "Comment…"},
		HTML: []string{`<form id="desk"`, `data-query="is:open"`, `form="desk"`}})
	var ids []string
	for _, m := range regexp.MustCompile(`name="issue" value="([0-9a-f]+)"`).FindAllStringSubmatch(list.HTML, 2) {
		ids = append(ids, m[1])
	}
	if len(ids) != 2 {
		t.Fatal("no two boxes", list.Text())
	}
	form := s.Get("/decide?action=dismiss&issue=" + ids[0] + "&issue=" + ids[1])
	form.Check(t, webtest.Want{Status: 200, Text: []string{"Dismiss 2 issues", "Reason", "used in tests", "Nothing is written to GitHub."}})
	sent := url.Values{"token": {found(t, form, `name="token" value="([^"]+)"`)}, "issues": {strings.Join(ids, " ")},
		"action": {"dismiss"}, "reason": {"used_in_tests"}}
	for range 2 { // the second time is the same decision
		if a := s.Post("/actions/decisions", sent); a.Status != 303 || a.Header.Get("Location") != "/decisions?q=id%3A1" {
			t.Fatal(a.Status, a.Header.Get("Location"), a.Text())
		}
	}
	s.Get("/issues?q=is:dismissed").Check(t, webtest.Want{Status: 200, HTML: []string{ids[0], ids[1]}})
	s.Get("/issues").Check(t, webtest.Want{Status: 200, Lacks: []string{ids[0], ids[1]}})
	undone := s.Post("/actions/undo-decision", url.Values{"id": {"1"}})
	if undone.Status != 303 || undone.Header.Get("Location") != "/decisions?q=id%3A1" {
		t.Error(undone.Status, undone.Header.Get("Location"))
	}
	s.Get("/issues").Check(t, webtest.Want{Status: 200, HTML: []string{ids[0], ids[1]}})
}

// TestAllOfAQueryAreDecidedWithTheNumberConfirmed: another number than was
// confirmed decides nothing, and the form asks for the one of now.
func TestAllOfAQueryAreDecidedWithTheNumberConfirmed(t *testing.T) {
	s := webtest.Shop(t)
	list := s.Get("/repo/octo/shop/issues")
	query := found(t, list, `data-query="([^"]+)"`)
	total := found(t, list, `data-total="(\d+)"`)
	if query != "is:open repo:octo/shop" {
		t.Errorf("the list of a repository names %q", query)
	}
	form := s.Get("/decide?action=assign&all=1&expect=1&q=" + url.QueryEscape(query))
	form.Check(t, webtest.Want{Status: 200, Text: []string{"Assign 1 issue", "All that is:open repo:octo/shop names.", "you", "nobody"}})
	sent := url.Values{"token": {found(t, form, `name="token" value="([^"]+)"`)}, "all": {"1"}, "q": {query}, "expect": {"999"},
		"action": {"assign"}, "assignee": {"you"}, "comment": {"mine <b>"}}
	refused := s.Post("/actions/decisions", sent)
	refused.Check(t, webtest.Want{Status: 409, Text: []string{"Nothing was decided.", "The query now names " + total + " issues, and not 999.",
		"Confirm the new number.", "mine <b>"}, HTML: []string{`name="expect" value="` + total + `"`}, Lacks: []string{"mine <b>"}})
	sent.Set("expect", total)
	sent.Set("token", found(t, refused, `name="token" value="([^"]+)"`))
	if a := s.Post("/actions/decisions", sent); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	s.Get("/issues?q=assignee:you").Check(t, webtest.Want{Status: 200, Text: []string{fmt.Sprintf("of %s", total)}, HTML: []string{`title="Assigned to you"`}})
}

// TestWhatCannotBeDecidedIsSaid: an action that there is not, nothing selected,
// an end in the past.
func TestWhatCannotBeDecidedIsSaid(t *testing.T) {
	s := webtest.Shop(t)
	id := found(t, s.Get("/issues"), `name="issue" value="([0-9a-f]+)"`)
	for path, want := range map[string]string{
		"/decide?action=forget&issue=" + id: "Invalid action: want dismiss, accept, assign or comment.",
		"/decide?action=dismiss":            "No issue is selected.",
	} {
		s.Get(path).Check(t, webtest.Want{Status: 400, Text: []string{want}})
	}
	token := found(t, s.Get("/decide?action=accept&issue="+id), `name="token" value="([^"]+)"`)
	s.Post("/actions/decisions", url.Values{"token": {token}, "issues": {id}, "action": {"accept"}, "until": {"2020-01-01"}, "comment": {"kept"}}).
		Check(t, webtest.Want{Status: 400, Text: []string{"Nothing was decided.", "the time has passed", "kept"}})
	s.Post("/actions/decisions", url.Values{"issues": {id}, "action": {"comment"}, "comment": {"x"}}).
		Check(t, webtest.Want{Status: 400, Text: []string{"This form has expired. Reload the page."}})
}

// TestAllDecisionsAreListed: who decided what, when, why, until when, and that
// it was undone, with filters.
func TestAllDecisionsAreListed(t *testing.T) {
	s := webtest.Shop(t)
	id := found(t, s.Get("/issues"), `name="issue" value="([0-9a-f]+)"`)
	s.Get("/decisions").Check(t, webtest.Want{Status: 200, Text: []string{"Nothing was decided yet"}})
	for _, d := range []url.Values{
		{"action": {"accept"}, "until": {"2027-01-31"}, "comment": {"<i>until</i> then"}}, {"action": {"assign"}, "assignee": {"you"}},
	} {
		d.Set("token", found(t, s.Get("/decide?action=assign&issue="+id), `name="token" value="([^"]+)"`))
		d.Set("issues", id)
		if a := s.Post("/actions/decisions", d); a.Status != 303 {
			t.Fatal(a.Status, a.Text())
		}
	}
	s.Get("/decisions").Check(t, webtest.Want{Status: 200, Text: []string{"Assigned to you", "Risk accepted until 31 Jan 2027", "<i>until</i> then"},
		HTML: []string{`href="/issues?q=decision%3A1"`, `action="/actions/undo-decision"`, "/api/decisions.csv"}, Lacks: []string{"<i>until"}})
	s.Post("/actions/undo-decision", url.Values{"id": {"2"}})
	s.Get("/decisions?q=is:undone").Check(t, webtest.Want{Status: 200, Text: []string{"Assigned to you", "Undone by you"}, Lacks: []string{"Risk accepted"}})
}

// TestIssuesAreGrouped: the query says by what, each group has its count, and
// what the address names is open.
func TestIssuesAreGrouped(t *testing.T) {
	s := webtest.Shop(t)
	folded := s.Get("/issues?q=is:open+group:rule")
	folded.Check(t, webtest.Want{Status: 200, Text: []string{"js/rule-01", "oldest"}, HTML: []string{`data-query="is:open"`, "data-pick-group="},
		Lacks: []string{"data-pick data-of="}})
	rule := found(t, folded, `data-pick-group="([^"]+)"`)
	s.Get("/issues?q=is:open+group:rule&open="+url.QueryEscape(rule)).Check(t, webtest.Want{Status: 200,
		HTML: []string{`data-pick data-of="` + rule + `"`, `chevron`}})
	s.Get("/issues?q=is:open+group:colour").Check(t, webtest.Want{Status: 400, Text: []string{"group"}})
}

// TestRowsOfNeedsYouAreSnoozed: a row's menu leaves it alone for a time, and
// ends that.
func TestRowsOfNeedsYouAreSnoozed(t *testing.T) {
	s := webtest.Shop(t)
	page := s.Get("/needs-you")
	page.Check(t, webtest.Want{Status: 200, Text: []string{"For you", "Mine", "Everyone", "Snoozed", "Snooze 1 day", "Snooze until it changes"}})
	row := html.UnescapeString(found(t, page, `name="row" value="([^"]+)"`))
	for _, wrong := range []url.Values{{"row": {row}, "for": {"ever"}}, {"for": {"1d"}}} {
		s.Post("/actions/snooze", wrong).Check(t, webtest.Want{Status: 400})
	}
	if a := s.Post("/actions/snooze", url.Values{"row": {row}, "for": {"1w"}}); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	s.Post("/actions/snooze", url.Values{"row": {row}, "for": {"1w"}}).Check(t, webtest.Want{Status: 404, Text: []string{"it may be done, or snoozed"}})
	s.Get("/needs-you").Check(t, webtest.Want{Status: 200, Lacks: []string{`value="` + html.EscapeString(row) + `"`}})
	snoozed := s.Get("/needs-you?q=is:snoozed")
	snoozed.Check(t, webtest.Want{Status: 200, Text: []string{"End the snooze"}})
	s.Get("/decisions").Check(t, webtest.Want{Status: 200, Text: []string{"Snoozed until 17 Mar 2026"}})
	s.Post("/actions/undo-decision", url.Values{"id": {"1"}})
	s.Get("/needs-you").Check(t, webtest.Want{Status: 200, HTML: []string{`value="` + html.EscapeString(row) + `"`}})
}
