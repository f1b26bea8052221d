package ingest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// TestCodeownersAreRead: each scanned repository is asked once a day, and where GitHub
// cannot be asked, or no longer shows it, what is known stays in force.
func TestCodeownersAreRead(t *testing.T) {
	f := follow(t, func(p *githubtest.Player) {
		p.Repo("acme/action").PutFile("telemetry/runs/1.json", scan("o/r", 1, "2026-11-10T10:00:00Z"))
		p.Repo("o/r").PutFile(".github/CODEOWNERS", []byte("* @ann\n"))
	})
	f.owned = true
	f.restart(t)
	want := func(what, owners string, asked int) {
		t.Helper()
		rows, err := lists.Issues(f.Store.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
		if err != nil || len(rows.Items) == 0 {
			t.Fatalf("%s: %d issues, %v", what, len(rows.Items), err)
		}
		for _, row := range rows.Items {
			if got := strings.Join(row.Owners, " "); got != owners {
				t.Errorf("%s: owned by %q, want %q", what, got, owners)
			}
		}
		contents := slices.DeleteFunc(f.gh.Requests(), func(r githubtest.Request) bool { return !strings.Contains(r.Path, "CODEOWNERS") })
		if len(contents) != asked {
			t.Errorf("%s: asked for %v, want %d requests", what, contents, asked)
		}
	}
	f.loop(t, time.Hour)
	want("at first", "@ann", 1)
	f.gh.Repo("o/r").PutFile(".github/CODEOWNERS", []byte("* @bob\n"))
	f.loop(t, time.Hour)
	want("an hour later", "@ann", 0)
	f.loop(t, 24*time.Hour)
	want("a day later", "@bob", 1)
	f.gh.Fail(githubtest.Fault{Path: "/contents/.github", Status: 502, Times: 100})
	f.refresh(t, 25*time.Hour, telemetry.ByInterval(5*time.Minute))
	f.gh.ClearFaults()
	want("GitHub cannot be asked, three times", "@bob", 3)
	f.gh.Repo("o/r").Hide(true)
	f.refresh(t, 25*time.Hour, telemetry.ByInterval(5*time.Minute))
	want("GitHub does not show it", "@bob", 0)
}
