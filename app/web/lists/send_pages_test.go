package lists_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// idsOf are the issues that a query names, in the order of the list.
func idsOf(t *testing.T, s *webtest.Site, query string) (ids []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`name="issue" value="([0-9a-f]+)"`).FindAllStringSubmatch(s.Get("/issues?q="+url.QueryEscape(query)).HTML, -1) {
		ids = append(ids, m[1])
	}
	if len(ids) == 0 {
		t.Fatalf("no issue of %s", query)
	}
	return ids
}

// hidden are the fields of the form of a preview.
func hidden(t *testing.T, page webtest.Answer) url.Values {
	t.Helper()
	_, form, found := strings.Cut(page.HTML, `id="send-go"`)
	if !found {
		t.Fatalf("no form in %.2000s", page.Text())
	}
	fields := url.Values{}
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(form, -1) {
		fields.Add(m[1], m[2])
	}
	return fields
}

// sent waits until an order is sent, and returns the page of its batches.
func sent(t *testing.T, s *webtest.Site, answer webtest.Answer) webtest.Answer {
	t.Helper()
	to, err := url.Parse(answer.Header.Get("Location"))
	if err != nil || answer.Status != http.StatusSeeOther || to.Path != "/batches" {
		t.Fatalf("%d %s %.1000s", answer.Status, to, answer.Text())
	}
	if _, err := s.Jobs.Send(t.Context(), telemetry.SendOrder{Token: to.Query().Get("order_token")}); err != nil {
		t.Fatal(err)
	}
	return s.Get(to.String())
}

// TestSendingToDevin: the preview says what is started and what is left out, and the
// form starts exactly that, once. The sessions are listed at once, and each issue
// tells of its own.
func TestSendingToDevin(t *testing.T) {
	s := webtest.Shop(t)
	list := s.Get("/issues")
	list.Check(t, webtest.Want{Status: 200, HTML: []string{`formaction="/send"`}, Text: []string{"Send to Devin…"}})
	free, busy := idsOf(t, s, "is:open repo:octo/shop attempts:0")[:5], idsOf(t, s, "session:"+webtest.Working)
	if s.Get("/issues/"+free[0]).Check(t, webtest.Want{Status: 200, HTML: []string{`href="/send?issues=` + free[0] + `"`}}); len(busy) != 1 {
		t.Fatal(busy)
	}
	address := "/send?issue=" + strings.Join(append(free, busy...), "&issue=")
	preview := s.Get(address + "&size=2")
	preview.Check(t, webtest.Want{Status: 200, Text: []string{"Send 5 issues to Devin", "6 selected, 1 left out.", "octo/shop",
		"Left out 1 issue in octo/shop#8 open already", "Send those under way anyway", "Sessions today", "of 20", "ACUs at most", "10 a session",
		"What Devin is told", "Fix ", "CodeQL security issue(s) in https://github.com/octo/shop."}, HTML: []string{"hx-post=\"/actions/send\""}})
	s.Get(address+"&anyway=1").Check(t, webtest.Want{Status: 200, Text: []string{"Send 6 issues to Devin", "6 selected, 0 left out."}})
	fields := hidden(t, preview)
	sessions := regexp.MustCompile(`Start (\d) session`).FindStringSubmatch(preview.Text())
	if sessions == nil || fields.Get("sessions") != sessions[1] || len(strings.Fields(fields.Get("issues"))) != 5 {
		t.Fatal(sessions, fields)
	}
	var pages []webtest.Answer
	for range 2 { // the second time is the same order
		pages = append(pages, sent(t, s, s.Post("/actions/send", fields)))
	}
	if n := s.Devin.Counts()[devintest.KindCreate]; n != int(sessions[1][0]-'0') {
		t.Errorf("%d sessions for %s batches", n, sessions[1])
	}
	pages[1].Check(t, webtest.Want{Status: 200, Text: []string{"Sent to Devin", "js/rule-", "octo/shop", "you"}, HTML: []string{`href="/sessions/`},
		Lacks: []string{"Not started", "Not known"}})
	key := regexp.MustCompile(`href="/sessions/([0-9a-f]+)"`).FindStringSubmatch(pages[1].HTML)[1]
	s.Get("/sessions?q=id:"+key).Check(t, webtest.Want{Status: 200, HTML: []string{`href="/sessions/` + key + `"`}})
	s.Get("/sessions/"+key).Check(t, webtest.Want{Status: 200, HTML: []string{`href="/issues/`}, Lacks: []string{"Issues not named"}})
	for _, id := range free {
		s.Get("/issues/"+id).Check(t, webtest.Want{Status: 200, HTML: []string{`href="/sessions/`}})
	}
	s.Get("/send?issues="+strings.Join(free, "+")).Check(t, webtest.Want{Status: 200, Text: []string{"Send 0 issues to Devin",
		"5 selected, 5 left out.", "Nothing is left to send.", "under way"}, Lacks: []string{"Start 0"}})
}

// TestSendingInPlace: the dialog then holds the batches, which ask for themselves again.
func TestSendingInPlace(t *testing.T) {
	s := webtest.Shop(t)
	dialog := s.Panel("send?issues=" + idsOf(t, s, "is:open repo:octo/shop attempts:0")[0])
	dialog.Check(t, webtest.Want{Status: 200, HTML: []string{`id="dialog-title"`}, Lacks: []string{"<html"}})
	s.Post("/actions/send", hidden(t, dialog), "HX-Request", "true").Check(t, webtest.Want{Status: 202, Lacks: []string{"<html"},
		HTML: []string{"data-sent-to-devin", `id="batches"`, `hx-get="/panels/batches?order_token=form+`, "t-batches"}})
}

// TestWhatIsNotAsConfirmedIsNotSent: the preview is shown again, with why.
func TestWhatIsNotAsConfirmedIsNotSent(t *testing.T) {
	s := webtest.Shop(t)
	fields := hidden(t, s.Get("/send?all=1&expect=999&q="+url.QueryEscape("is:open repo:octo/shop attempts:0 severity:critical")))
	fields.Set("sessions", "9")
	s.Post("/actions/send", fields).Check(t, webtest.Want{Status: 409, Text: []string{"Nothing was sent.", "and not 9", "Confirm the new number.", "Start "}})
	s.Post("/actions/send", fields, "HX-Request", "true").Check(t, webtest.Want{Status: 409, Text: []string{"Nothing was sent."},
		HTML: []string{`id="send-form"`}, Lacks: []string{"<html"}})
	if n := s.Devin.Counts()[devintest.KindCreate]; n != 0 {
		t.Errorf("%d sessions were started", n)
	}
	fields.Set("token", "no id!")
	s.Post("/actions/send", fields).Check(t, webtest.Want{Status: 400, Text: []string{"This form has expired"}})
	s.Get("/send").Check(t, webtest.Want{Status: 400, Text: []string{"No issue is selected."}})
	s.Get("/send?issues=ffffffffffff").Check(t, webtest.Want{Status: 404, Text: []string{"Issue ffffffffffff not found."}})
	for ask, want := range map[string]string{"size=x": "Invalid size: want", "size=-1": "Invalid size: want a whole number of issues a batch, from 1 to 20.",
		"max_acus=-1": "Invalid max_acus: want a whole number from 1 to 10 (MAX_ACU_PER_SESSION)."} {
		s.Get("/send?issues=ffffffffffff&"+ask).Check(t, webtest.Want{Status: 400, Text: []string{want}})
	}
}

// TestSendingAnyway: who was shown the session of an issue may send it again; where
// somebody has sent it since, it is shown again.
func TestSendingAnyway(t *testing.T) {
	s := webtest.Shop(t)
	id := idsOf(t, s, "is:open repo:octo/shop attempts:0")[0]
	sent(t, s, s.Post("/actions/send", hidden(t, s.Get("/send?issues="+id))))
	s.Get("/send?issues="+id).Check(t, webtest.Want{Status: 200, Text: []string{"Nothing is left to send.", "Send those under way anyway"}})
	mona, jonas := hidden(t, s.Get("/send?anyway=1&issues="+id)), hidden(t, s.Get("/send?anyway=1&issues="+id))
	if known := strings.Fields(mona.Get("known")); len(known) != 1 || mona.Get("anyway") != "1" {
		t.Fatal(mona)
	}
	sent(t, s, s.Post("/actions/send", mona)).Check(t, webtest.Want{Status: 200, HTML: []string{`href="/sessions/`}})
	late := s.Post("/actions/send", jonas)
	late.Check(t, webtest.Want{Status: 409, Text: []string{"Nothing was sent.", "1 of these issues are in a batch that somebody"}})
	if n := s.Devin.Counts()[devintest.KindCreate]; n != 2 {
		t.Errorf("%d sessions, want the first and Mona's", n)
	}
	again := hidden(t, late)
	if known := strings.Fields(again.Get("known")); len(known) != 2 {
		t.Errorf("the form that is shown again knows %v", known)
	}
	sent(t, s, s.Post("/actions/send", again))
	if n := s.Devin.Counts()[devintest.KindCreate]; n != 3 {
		t.Errorf("%d sessions after it was confirmed once more", n)
	}
}

// TestAnIDThatMovedTwiceIsFollowed wherever ids of issues are given.
func TestAnIDThatMovedTwiceIsFollowed(t *testing.T) {
	s := webtest.Shop(t)
	id := idsOf(t, s, "is:open repo:octo/shop attempts:0")[0]
	if err := s.Store.Exec(t.Context(), `INSERT INTO redirects (old_id, new_id) VALUES ('aaaaaaaaaaaa', 'bbbbbbbbbbbb'), ('bbbbbbbbbbbb', '`+id+`')`); err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"aaaaaaaaaaaa", "bbbbbbbbbbbb"} {
		if found := idsOf(t, s, "id:"+old); len(found) != 1 || found[0] != id {
			t.Errorf("id:%s finds %v", old, found)
		}
		s.Get("/send?issues="+old).Check(t, webtest.Want{Status: 200, Text: []string{"Send 1 issue to Devin", "1 selected, 0 left out."}})
		if a := s.Post("/actions/decisions", url.Values{"token": {"t" + old}, "issues": {old}, "action": {"comment"}, "comment": {"of " + old}}); a.Status != 303 {
			t.Errorf("%s: %d %s", old, a.Status, a.Text())
		}
		s.Get("/issues/"+id).Check(t, webtest.Want{Status: 200, Text: []string{"of " + old}})
	}
	if n := len(idsOf(t, s, "id:aaaaaaaaaaaa,"+id)); n != 1 {
		t.Errorf("both ids name %d issues", n)
	}
}

// TestAllOfABlankQueryAreSent and decided about from the list that has them all.
func TestAllOfABlankQueryAreSent(t *testing.T) {
	s := webtest.Shop(t)
	list := s.Get("/issues?q=")
	total := regexp.MustCompile(`data-total="(\d+)" data-query=""`).FindStringSubmatch(list.HTML)
	if total == nil {
		t.Fatalf("no bar of actions in %.2000s", list.Text())
	}
	list.Check(t, webtest.Want{Status: 200, Text: []string{"New campaign", "Select all " + total[1] + " that match"}, HTML: []string{`href="/campaigns/new?q="`}})
	s.Get("/send?all=1&q=&expect="+total[1]).Check(t, webtest.Want{Status: 200, Text: []string{total[1] + " selected,"}})
	s.Get("/campaigns/new?q=").Check(t, webtest.Want{Status: 200, Text: []string{total[1] + " issues that the whole list has now."}})
	for _, wrong := range []string{"9999", total[1]} {
		a := s.Post("/actions/decisions", url.Values{"token": {"t" + wrong}, "all": {"1"}, "q": {""}, "expect": {wrong}, "action": {"comment"}, "comment": {"all"}})
		if want := map[bool]int{true: 303, false: 409}[wrong == total[1]]; a.Status != want {
			t.Errorf("%s: %d, want %d: %.500s", wrong, a.Status, want, a.Text())
		}
	}
	begun := s.Post("/actions/campaigns", url.Values{"q": {""}, "expect": {total[1]}, "name": {"Everything"}})
	if begun.Status != 303 {
		t.Fatal(begun.Status, begun.Text())
	}
	s.Get("/campaigns/1").Check(t, webtest.Want{Status: 200, Text: []string{"Everything", total[1] + " of the issues of"}, Lacks: []string{"that matched"}})
}

// TestANoteIsShownInThePrompts before it is sent, with forms alone, and a retry has
// it. The playbooks that are offered are those of sessions.
func TestANoteIsShownInThePrompts(t *testing.T) {
	s := webtest.Shop(t)
	if err := s.Store.Exec(t.Context(), `UPDATE polls SET playbook = 'codeql-fix-v3' WHERE session = '`+webtest.Working+`'`); err != nil {
		t.Fatal(err)
	}
	preview := s.Get("/send?issues=" + idsOf(t, s, "is:open repo:octo/shop attempts:0")[0])
	preview.Check(t, webtest.Want{Status: 200, Text: []string{"Add to the prompt", "Playbook", "none", "codeql-fix-v3", "Show in the prompts"},
		Lacks: []string{"Note from the person"}})
	fields := hidden(t, preview)
	fields.Set("note", "Mind the <b>cache</b>.")
	fields.Set("playbook_id", "codeql-fix-v3")
	fields.Set("dry_run", "1")
	shown := s.Post("/actions/send", fields)
	shown.Check(t, webtest.Want{Status: 200, Text: []string{"Note from the person who sends this Mind the <b>cache</b>."},
		HTML: []string{`<option value="codeql-fix-v3" selected>`, "Mind the &lt;b&gt;cache&lt;/b&gt;.</textarea>"}, Lacks: []string{"<b>cache"}})
	s.Post("/actions/send", fields, "HX-Request", "true").Check(t, webtest.Want{Status: 200, HTML: []string{`id="send-form"`, "Mind the &lt;b&gt;"}, Lacks: []string{"<html"}})
	if n := s.Devin.Counts()[devintest.KindCreate]; n != 0 {
		t.Fatalf("%d sessions were started by the preview", n)
	}
	again := hidden(t, shown)
	again.Set("note", fields.Get("note"))
	again.Set("playbook_id", "codeql-fix-v3")
	s.Devin.Fail(devintest.KindCreate, devintest.Fault{Status: http.StatusUnprocessableEntity})
	failed := sent(t, s, s.Post("/actions/send", again))
	retry := regexp.MustCompile(`href="(/send\?retry=[^"]+)"`).FindStringSubmatch(failed.HTML)
	if retry == nil {
		t.Fatal(failed.Text())
	}
	s.Get(retry[1]).Check(t, webtest.Want{Status: 200, Text: []string{"Note from the person who sends this"}, HTML: []string{`<option value="codeql-fix-v3" selected>`}})
}

// TestABatchThatWasNotStartedIsRetried: exactly that one, from the list of batches.
func TestABatchThatWasNotStartedIsRetried(t *testing.T) {
	s := webtest.Shop(t)
	ids := idsOf(t, s, "is:open repo:octo/shop attempts:0 family:xss")[:2]
	s.Devin.Fail(devintest.KindCreate, devintest.Fault{Status: http.StatusUnprocessableEntity})
	failed := sent(t, s, s.Post("/actions/send", hidden(t, s.Get("/send?issues="+strings.Join(ids, "+")))))
	failed.Check(t, webtest.Want{Status: 200, Text: []string{"Not started", "Retry this batch…"}, HTML: []string{`href="/send?retry=`}})
	s.Devin.Fail(devintest.KindCreate, devintest.Fault{})
	retry := regexp.MustCompile(`href="(/send\?retry=[^"]+)"`).FindStringSubmatch(failed.HTML)[1]
	preview := s.Get(retry)
	preview.Check(t, webtest.Want{Status: 200, Text: []string{"Send 2 issues to Devin", "Start 1 session"}})
	sent(t, s, s.Post("/actions/send", hidden(t, preview))).Check(t, webtest.Want{Status: 200, Lacks: []string{"Not started"}, HTML: []string{`href="/sessions/`}})
	s.Get(retry).Check(t, webtest.Want{Status: 200, Text: []string{"Nothing is left to send."}}) // they are under way now
	s.Get("/batches").Check(t, webtest.Want{Status: 200, Text: []string{"Sent to Devin", "Not started"}})
	s.Get("/batches?state=failed").Check(t, webtest.Want{Status: 200, Text: []string{"Not started"}, Lacks: []string{"Started"}})
	s.Get("/batches?state=bad").Check(t, webtest.Want{Status: 400, Text: []string{`Invalid state "bad": want queued, begun, sent, unknown or failed.`}})
	s.Get("/send?retry=none").Check(t, webtest.Want{Status: 404, Text: []string{"Batch none not found."}})
}

// TestWhatIsLeftOutIsSaid: decided and closed issues, those of a session that waits,
// and what goes beyond the limits.
func TestWhatIsLeftOutIsSaid(t *testing.T) {
	s := webtest.Shop(t)
	ids := idsOf(t, s, "is:open repo:octo/shop attempts:0")
	dismissed := s.Post("/actions/decisions", url.Values{"token": {"id1"}, "issues": {ids[0]}, "action": {"dismiss"}, "reason": {"wont_fix"}})
	accepted := s.Post("/actions/decisions", url.Values{"token": {"id2"}, "issues": {ids[1]}, "action": {"accept"}, "until": {"2026-05-01"}})
	if dismissed.Status != 303 || accepted.Status != 303 {
		t.Fatal(dismissed.Text(), accepted.Text())
	}
	asked := append(ids, append(idsOf(t, s, "session:"+webtest.Waiting), idsOf(t, s, "is:fixed repo:octo/shop")[:1]...)...)
	s.Get("/send?size=1&issues="+strings.Join(asked, "+")).Check(t, webtest.Want{Status: 200, Text: []string{"Send 10 issues to Devin",
		"1 issue closed", "1 issue dismissed", "1 issue accepted as a risk", "in session cccccccc Devin waits for you Reply instead",
		"beyond the limits: send them later", "Start 10 sessions"}})
}
