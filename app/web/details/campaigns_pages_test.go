package details_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/telemetry"
)

// field is the value of a field of a page's form.
func field(t *testing.T, page webtest.Answer, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page.HTML)
	if m == nil {
		t.Fatalf("no field %s: %.2000s", name, page.Text())
	}
	return m[1]
}

// TestACampaignIsBegunFromAListOfIssues with forms alone, and its page says how far
// it has come, what holds it up and what it may cost.
func TestACampaignIsBegunFromAListOfIssues(t *testing.T) {
	s := webtest.Shop(t)
	s.Get("/campaigns").Check(t, webtest.Want{Status: 200, Text: []string{"Begin one from the list of issues", "No campaigns yet"}})
	list := s.Get("/issues?q=is:open+severity:critical,high")
	list.Check(t, webtest.Want{Status: 200, Text: []string{"New campaign"},
		HTML: []string{`href="/campaigns/new?q=is%3Aopen+severity%3Acritical%2Chigh"`}})
	form := s.Get("/campaigns/new?q=is%3Aopen+severity%3Acritical%2Chigh")
	form.Check(t, webtest.Want{Status: 200, Text: []string{"New campaign", "that is:open severity:critical,high names now", "nobody", "Begin campaign"}})
	expect := field(t, form, "expect")
	sent := url.Values{"q": {"is:open severity:critical,high"}, "expect": {"999"}, "name": {"To <b>zero</b>"}, "owner": {"you"}, "due": {"2026-04-01"},
		"max_sessions": {"80"}, "max_acus": {""}}
	refused := s.Post("/actions/campaigns", sent)
	refused.Check(t, webtest.Want{Status: 409, Text: []string{"No campaign was begun.", "The query now names " + expect + " issues, and not 999."},
		HTML: []string{`value="To &lt;b&gt;zero&lt;/b&gt;"`, `value="2026-04-01"`, `value="80"`, `name="expect" value="` + expect + `"`}})
	sent.Set("expect", expect)
	begun := s.Post("/actions/campaigns", sent)
	if begun.Status != 303 || begun.Header.Get("Location") != "/campaigns/1" {
		t.Fatal(begun.Status, begun.Header.Get("Location"), begun.Text())
	}
	s.Post("/actions/campaigns", sent).Check(t, webtest.Want{Status: 409, Text: []string{"An open campaign has this name already."}})
	page := s.Get("/campaigns/1")
	page.Check(t, webtest.Want{Status: 200, Text: []string{
		"To <b>zero</b>", expect + " of the issues of", "that matched is:open severity:critical,high", "No forecast yet.", "0 of " + expect + " done",
		expect + " left", "Open after a try", "Not started", "Burn-down", "plan: " + expect + " now", "due 1 Apr 2026", "Budget", "0 of 80", "80 remain.",
		"What holds it up", "Edit…", "Close…"},
		HTML:  []string{`href="/issues?q=campaign%3A1+progress%3Anot_started"`, `href="/needs-you?q=campaign%3A1"`, `title="Assigned to you"`},
		Lacks: []string{"<b>zero</b>"}})
	s.Get("/issues?q=campaign:1").Check(t, webtest.Want{Status: 200, Text: []string{"of " + expect}})
	s.Get("/campaigns").Check(t, webtest.Want{Status: 200, Text: []string{"To <b>zero</b>", "0 of " + expect + " done"}, HTML: []string{`href="/campaigns/1"`}})
	s.Get("/report").Check(t, webtest.Want{Status: 200, Text: []string{"To <b>zero</b>", "0 of " + expect + " done"}})
	s.Panel("campaign?id=1").Check(t, webtest.Want{Status: 200, Text: []string{"0 of " + expect + " done"}})
	s.Panel("campaign-needs?id=1").Check(t, webtest.Want{Status: 200, Text: []string{"What holds it up"}})
}

// TestACampaignIsChangedAndClosed, and then no longer changed.
func TestACampaignIsChangedAndClosed(t *testing.T) {
	s := webtest.Shop(t)
	n := field(t, s.Get("/campaigns/new?q=is:open"), "expect")
	if a := s.Post("/actions/campaigns", url.Values{"q": {"is:open"}, "expect": {n}, "name": {"One"}}); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	change := url.Values{"id": {"1"}, "name": {"Two"}, "owner": {"you"}, "due": {"2020-01-01"}, "was": {""}, "max_sessions": {"5"}, "max_acus": {"7"}}
	s.Post("/actions/campaigns/edit", change).Check(t, webtest.Want{Status: 400,
		Text: []string{"Nothing was changed.", "Invalid due: the time has passed."}, HTML: []string{`value="Two"`, `value="2020-01-01"`, `<details class="earlier" open`}})
	change.Set("due", "2026-03-12")
	if a := s.Post("/actions/campaigns/edit", change); a.Status != 303 || a.Header.Get("Location") != "/campaigns/1" {
		t.Fatal(a.Status, a.Text())
	}
	page := s.Get("/campaigns/1")
	page.Check(t, webtest.Want{Status: 200, Text: []string{"Two", "of 5", "of 7"}, HTML: []string{`title="Due within 7 days"`}})
	if field(t, page, "was") != "2026-03-12" {
		t.Error("the form does not know the date")
	}
	if a := s.Post("/actions/campaigns/close", url.Values{"id": {"1"}, "was": {""}}); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	s.Get("/campaigns/1").Check(t, webtest.Want{Status: 200, Text: []string{"Closed", "Closed by", "it is no longer changed"}, Lacks: []string{"Edit…"}})
	if a := s.Post("/actions/campaigns/edit", change); a.Status != 409 || !strings.Contains(a.Text(), "The campaign is closed") {
		t.Error(a.Status, a.Text())
	}
	s.Get("/report").Check(t, webtest.Want{Status: 200, Text: []string{"No campaigns yet"}})
}

// TestACampaignThatSomebodyElseHasChanged is shown again with what was typed and
// what has changed, and can then be changed.
func TestACampaignThatSomebodyElseHasChanged(t *testing.T) {
	s := webtest.Shop(t)
	n := field(t, s.Get("/campaigns/new?q=is:open"), "expect")
	if a := s.Post("/actions/campaigns", url.Values{"q": {"is:open"}, "expect": {n}, "name": {"One"}}); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	page := s.Get("/campaigns/1")
	edit := func(page webtest.Answer, name, owner string) webtest.Answer {
		return s.Post("/actions/campaigns/edit", url.Values{"id": {"1"}, "version": {field(t, page, "version")}, "name": {name}, "owner": {owner}, "was": {""}, "due": {""}})
	}
	if a := edit(page, "One", "you"); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	late := edit(page, "Two", "")
	late.Check(t, webtest.Want{Status: 409, Text: []string{"Nothing was changed.", "Somebody has changed the campaign meanwhile: its owner is now you."},
		HTML: []string{`value="Two"`, `<details class="earlier" open`}})
	if a := edit(late, "Two", ""); a.Status != 303 {
		t.Error(a.Status, a.Text())
	}
}

// TestWhatIsNoCampaignIsSaid: an unknown one, a past time, a query that names nothing.
func TestWhatIsNoCampaignIsSaid(t *testing.T) {
	s := webtest.Shop(t)
	for path, status := range map[string]int{
		"/campaigns/7": 404, "/campaigns/x": 404, "/campaigns/new?q=rule:none": 400, "/campaigns/new?q=colour:red": 400,
		"/campaigns?as_of=2026-03-01": 400, "/panels/campaign?id=7": 404, "/panels/campaign-needs?id=x": 400,
	} {
		header := []string{}
		if strings.HasPrefix(path, "/panels") {
			header = append(header, "HX-Request", "true")
		}
		if a := s.Get(path, header...); a.Status != status {
			t.Errorf("%s: %d, want %d: %.300s", path, a.Status, status, a.Text())
		}
	}
}

// TestACampaignIsSwitchedOn to send by itself with a form alone, changed, stopped with
// all others, and switched off; its page says what it does and why.
func TestACampaignIsSwitchedOn(t *testing.T) {
	s := webtest.Shop(t)
	n := field(t, s.Get("/campaigns/new?q=is:open"), "expect")
	if a := s.Post("/actions/campaigns", url.Values{"q": {"is:open"}, "expect": {n}, "name": {"One"}, "max_sessions": {"40"}}); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	s.Get("/campaigns/1").Check(t, webtest.Want{Status: 200, HTML: []string{`name="per_day" value="0"`, `name="floor" value="30"`},
		Text: []string{"Automatic sending", "Off", "It does not send by itself.", "Switch on"}, Lacks: []string{"Switch off"}})
	s.Get("/campaigns").Check(t, webtest.Want{Status: 200, Text: []string{"No campaign sends by itself.", "Stop all automatic sending"}})
	set := func(perDay, floor string) webtest.Answer {
		return s.Post("/actions/campaigns/auto-send", url.Values{"id": {"1"}, "was": {""}, "per_day": {perDay}, "floor": {floor}})
	}
	set("101", "30").Check(t, webtest.Want{Status: 400, Text: []string{"Nothing was changed.", "Invalid per_day: want how many sessions a day"},
		HTML: []string{`name="per_day" value="101"`}})
	set("x", "30").Check(t, webtest.Want{Status: 400, Text: []string{"Invalid per_day"}})
	if a := set("4", "25"); a.Status != 303 || a.Header.Get("Location") != "/campaigns/1" {
		t.Fatal(a.Status, a.Text())
	}
	s.Get("/campaigns/1").Check(t, webtest.Want{Status: 200, HTML: []string{`name="per_day" value="4"`, `name="max_sessions" value="40"`},
		Text: []string{"sends 4 a day by itself", "Sending", "4 a day, floor 25 %", "The next batch is sent within a minute.", "Switched on by you", "Switch off"}})
	for _, page := range []string{"/campaigns", "/report"} {
		s.Get(page).Check(t, webtest.Want{Status: 200, Text: []string{"sends 4 a day by itself"}})
	}
	if a := s.Post("/actions/campaigns/stop", nil); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	s.Get("/campaigns").Check(t, webtest.Want{Status: 200, Text: []string{"All automatic sending was stopped by you", "Let campaigns send again",
		"automatic sending is stopped"}})
	s.Get("/campaigns/1").Check(t, webtest.Want{Status: 200, Text: []string{"Stopped", "All automatic sending was stopped by you."}})
	if a := s.Post("/actions/campaigns/resume", nil); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	s.Get("/campaigns").Check(t, webtest.Want{Status: 200, Text: []string{"1 campaign sends by itself."}})
	if a := set("0", "25"); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	s.Get("/campaigns/1").Check(t, webtest.Want{Status: 200, Text: []string{"Off"}, Lacks: []string{"Switched on by"}})
}

// TestTheNextBatchIsOfTheCampaign: what its button sends carries the campaign, as much
// of it as the budget has room for.
func TestTheNextBatchIsOfTheCampaign(t *testing.T) {
	s := webtest.Shop(t)
	query := "is:open repo:octo/shop attempts:0"
	n := field(t, s.Get("/campaigns/new?q="+url.QueryEscape(query)), "expect")
	if a := s.Post("/actions/campaigns", url.Values{"q": {query}, "expect": {n}, "name": {"One"}, "max_sessions": {"2"}}); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	next := regexp.MustCompile(`href="(/send\?[^"]+)"`).FindStringSubmatch(s.Get("/campaigns/1").HTML)
	if next == nil {
		t.Fatal("the page leads to no next batch")
	}
	preview := s.Get(strings.ReplaceAll(next[1], "&amp;", "&") + "&size=1")
	preview.Check(t, webtest.Want{Status: 200, Text: []string{"beyond the limits", "Budget of the campaign: 0 of 2 sessions are used.", "Start 2 sessions"},
		HTML: []string{`type="hidden" name="campaign" value="1"`}})
	form := url.Values{"campaign": {"1"}}
	for _, name := range []string{"token", "sessions", "size", "max_acus", "issues"} {
		_, foot, _ := strings.Cut(preview.HTML, `class="send-foot"`)
		form.Set(name, regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(foot)[1])
	}
	if a := s.Post("/actions/send", form); a.Status != 303 {
		t.Fatal(a.Status, a.Text())
	}
	list, err := s.Store.Batches(t.Context(), telemetry.BatchFilter{Most: 9})
	if err != nil || len(list.Items) != 2 || list.Items[0].Campaign != 1 || list.Items[1].Campaign != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	s.Get(strings.ReplaceAll(next[1], "&amp;", "&")).Check(t, webtest.Want{Status: 200,
		Text: []string{"Nothing is left to send.", "Budget of the campaign: 2 of 2 sessions are used."}})
}
