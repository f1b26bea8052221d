package overview_test

import (
	"testing"

	"telemetry-dashboard/app/web/webtest"
	"telemetry-dashboard/services/telemetry"
)

// TestOwnersPage: a row for each owner, of all repositories or of one, with what
// is open by severity, due, and how many of the attempted issues are fixed; each
// number leads to its issues.
func TestOwnersPage(t *testing.T) {
	s := webtest.Shop(t)
	s.Get("/owners").Check(t, webtest.Want{Status: 200, Text: []string{"Owners", "No issue has an owner", "CODEOWNERS"}})
	file := telemetry.CodeownersFile{Path: "CODEOWNERS", Text: "* @octo/web\n"}
	if err := s.Store.SaveCodeowners(t.Context(), "octo/shop", file); err != nil {
		t.Fatal(err)
	}
	s.Get("/owners?period=all").Check(t, webtest.Want{Status: 200,
		Text: []string{"Issues by owner", "closed and attempted over all time", "Owner", "Critical", "Overdue", "Fix rate", "@octo/web", "fix rate", "%", "of"},
		HTML: []string{"/issues?q=is%3Aopen+severity%3Acritical+owner%3A%40octo%2Fweb", "has%3Asession+-is%3Adismissed%2Caccepted+owner%3A%40octo%2Fweb"}})
	s.Get("/owners?repo=octo/ledger").Check(t, webtest.Want{Status: 200, Text: []string{"octo/ledger", "All repositories"}, Lacks: []string{"@octo/web"}})
	s.Get("/owners?period=soon").Check(t, webtest.Want{Status: 400, Text: []string{"7d, 30d, 90d, all"}})
	s.Get("/owners?repo=no/such").Check(t, webtest.Want{Status: 404, Text: []string{"no run names it"}})
	s.Get("/owners?as_of=2026-03-01").Check(t, webtest.Want{Status: 200, Text: []string{"As of 1 Mar 2026 23:59 UTC."}})
	s.Get("/").Check(t, webtest.Want{Status: 200, HTML: []string{`href="/owners?period=30d"`}})
}
