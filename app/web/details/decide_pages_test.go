package details_test

import (
	"net/url"
	"regexp"
	"testing"

	"telemetry-dashboard/app/web/webtest"
)

// tokenOf is the token of a form of decisions.
func tokenOf(t *testing.T, page webtest.Answer) string {
	t.Helper()
	found := regexp.MustCompile(`(?s)id="decision-form".*?name="token" value="([^"]+)"`).FindStringSubmatch(page.HTML)
	if found == nil {
		t.Fatalf("no form of decisions: %.2000s", page.Text())
	}
	return found[1]
}

// TestDecisionsOnAnIssuesPage: an issue is dismissed and that is undone with
// forms alone, and what is wrong is said with what was typed.
func TestDecisionsOnAnIssuesPage(t *testing.T) {
	s := webtest.Shop(t)
	id := issueID(t, s, "js/rule-01")
	page := "/issues/" + id
	token := tokenOf(t, s.Get(page))
	form := url.Values{"issue": {id}, "token": {token}, "action": {"dismiss"}, "reason": {"false_positive"}, "comment": {"<b>never</b> reached"}}
	sent := s.Post("/actions/decide", form)
	if to := sent.Header.Get("Location"); sent.Status != 303 || to != page+"?decided=1#decision-form" {
		t.Fatal(sent.Status, to, sent.Text())
	}
	if again := s.Post("/actions/decide", form); again.Status != 303 || again.Header.Get("Location") != page+"?decided=1#decision-form" {
		t.Errorf("sent twice: %d %s", again.Status, again.Header.Get("Location"))
	}
	s.Get(page+"?decided=1").Check(t, webtest.Want{Status: 200,
		Text: []string{"Dismissed Dismissed as false positive by you", "Timeline", "Dismissed as false positive", "by you", "“<b>never</b> reached”",
			"Decide", "Dismissed as false positive.", "Undo", "Reopen…"},
		HTML: []string{`action="/actions/undo-decision"`}, Lacks: []string{"<b>never</b>"}})
	s.Get("/issues?q=is:dismissed").Check(t, webtest.Want{Status: 200, Text: []string{"js/rule-01"}, HTML: []string{page}})
	if undone := s.Post("/actions/undo-decision", url.Values{"id": {"1"}, "issue": {id}}); undone.Status != 303 {
		t.Error(undone.Status, undone.Text())
	}
	s.Get(page).Check(t, webtest.Want{Status: 200, Text: []string{"Reopened", "Dismissed as false positive, undone by you"},
		Lacks: []string{"Reopen…"}})

	form = url.Values{"issue": {id}, "token": {tokenOf(t, s.Get(page))}, "action": {"accept"}, "until": {"2020-01-01"}, "comment": {"kept"}}
	s.Post("/actions/decide", form).Check(t, webtest.Want{Status: 400,
		Text: []string{"Nothing was decided.", "Invalid until: the time has passed.", "Accept risk…", "kept"}})
}

// TestAFixedIssueIsOnlyCommentedOn: nothing is left to decide of it.
func TestAFixedIssueIsOnlyCommentedOn(t *testing.T) {
	s := webtest.Shop(t)
	s.Get("/issues/"+issueID(t, s, "js/rule-02")).Check(t, webtest.Want{Status: 200,
		Text: []string{"This issue is fixed: nothing is left to decide.", "Comment…"}, Lacks: []string{"Accept risk"}})
}
