package notifications_test

import (
	"net/http"
	"net/url"
	"testing"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/telemetry"
)

// rule is a form of a rule; pairs change its fields.
func rule(pairs ...string) url.Values {
	form := url.Values{"name": {"Overdue <b>"}, "event": {"overdue"}, "severity": {"high"}, "channel": {"mail"}, "on": {"true"},
		"addresses": {"team@example.com, lead@example.com"}, "digest_at": {"08:00"}, "zone": {"Europe/Berlin"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

// TestRuleIsMadePreviewedTriedAndDeleted on the page, which shows what was sent.
func TestRuleIsMadePreviewedTriedAndDeleted(t *testing.T) {
	s := webtest.Shop(t)
	s.Get("/notifications").Check(t, webtest.Want{Status: http.StatusOK, Text: []string{"mail (NOTIFY_SMTP_URL)", "PUBLIC_URL is not set", "No rules yet"}})
	s.Get("/notifications/rule").Check(t, webtest.Want{Status: http.StatusOK, Text: []string{"Issue due in 3 days", "Quiet hours"}})
	s.Post("/actions/notifications/preview", rule("event", "new", "severity", "", "digest_at", "")).Check(t,
		webtest.Want{Status: http.StatusOK, Text: []string{"match now, and are not sent", "New issue", "Sent by the rule Overdue"}})
	for field, wrong := range map[string][2]string{
		"addresses": {"nobody", "Invalid address nobody"}, "zone": {"Mars/Olympus", "Unknown time zone"}, "digest_at": {"8", "want a time of day"},
		"repo": {"shop", "want owner/name"}, "event": {"job_failing", "has no severity"}, "quiet_from": {"22:00", "need both"},
	} {
		s.Post("/actions/notifications", rule(field, wrong[0])).Check(t, webtest.Want{Status: http.StatusBadRequest, Text: []string{"Not saved.", wrong[1]}, HTML: []string{`value="Overdue &lt;b&gt;"`}})
	}
	if a := s.Post("/actions/notifications", rule()); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Text())
	}
	s.Get("/notifications").Check(t, webtest.Want{Status: http.StatusOK, Text: []string{"Overdue <b>", "as a digest at 08:00 Europe/Berlin", "Send a test", "Switch off"}})
	s.Post("/actions/notifications/switch", url.Values{"id": {"1"}, "on": {"false"}})
	s.Get("/notifications/rule?id=1").Check(t, webtest.Want{Status: http.StatusOK, Text: []string{"Change a rule"}, HTML: []string{`value="Europe/Berlin"`}})
	s.Get("/notifications").Check(t, webtest.Want{Status: http.StatusOK, Text: []string{"Switch on"}})
	s.Post("/actions/notifications/test", url.Values{"id": {"1"}})
	s.Get("/notifications").Check(t, webtest.Want{Status: http.StatusOK, Text: []string{"Waiting", "This is a test of the rule"}})
	s.Post("/actions/notifications/delete", url.Values{"id": {"1"}})
	s.Get("/notifications").Check(t, webtest.Want{Status: http.StatusOK, Text: []string{"No rules yet", "Given up", "The rule was deleted", "Send again"}})
	all, err := s.Store.NotifyRules(t.Context())
	if err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestFormKeepsWhatARuleHas, so that saving it unchanged changes nothing.
func TestFormKeepsWhatARuleHas(t *testing.T) {
	s := webtest.Shop(t)
	s.Post("/actions/notifications", rule())
	was, err := s.Store.NotifyRule(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s.Post("/actions/notifications", rule("id", "1"))
	is, err := s.Store.NotifyRule(t.Context(), 1)
	if err != nil || is.Words() != was.Words() || is.Zone != was.Zone || len(is.Addresses) != 2 || is.Event != telemetry.NotifyOverdue {
		t.Errorf("%+v became %+v, %v", was, is, err)
	}
}
