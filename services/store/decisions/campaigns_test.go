package decisions_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func begin(t *testing.T, s *storetest.Store, n telemetry.NewCampaign) (telemetry.Campaign, error) {
	t.Helper()
	n.By = "you"
	return s.BeginCampaign(t.Context(), n, query.Ask{Query: storetest.Parse(t, lists.Issues(s.Store), n.Query)})
}

// inCampaign are the rules of the issues of a query, with their states.
func inCampaign(t *testing.T, s *storetest.Store, text string) string {
	t.Helper()
	l := lists.Issues(s.Store)
	rows, err := l.Rows(t.Context(), query.Ask{Query: storetest.Parse(t, l, text), Page: query.Page{Number: 1, Size: 100, Sort: "rule"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range rows.Items {
		names = append(names, row.Rule+" "+string(row.State))
	}
	return strings.Join(names, ", ")
}

func scanOf(run int64, at string, findings ...string) telemetry.FetchedFile {
	return storetest.ScanRecord{Repo: "acme/app", Run: run, At: at, Findings: findings}.File(fmt.Sprintf("run_%d.json", run))
}

// TestACampaignKeepsItsIssues: what its query named when it began, whatever later
// scans find, a late record that gives an issue another id, and all derived anew.
func TestACampaignKeepsItsIssues(t *testing.T) {
	storetest.At(t, storetest.Day("2026-03-10 12:00"), func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, scanOf(3, "2026-03-03T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		c, err := begin(t, s, telemetry.NewCampaign{Name: "March", Query: "is:open", Expect: 2, Owner: "you", MaxSessions: 3})
		if err != nil || c.ID != 1 || c.Issues != 2 || c.By != "you" || c.At.IsZero() {
			t.Fatalf("%+v %v", c, err)
		}
		storetest.Put(t, s, scanOf(4, "2026-03-04T10:00:00Z", "js/a other.js 9 aa", "js/c c.js 2 cc"))
		const want = "js/a recurring, js/b fixed"
		if got := inCampaign(t, s, "campaign:1"); got != want {
			t.Errorf("after a scan: %s", got)
		}
		was := inCampaign(t, s, "id:"+idOf(t, s, "js/a"))
		old := idOf(t, s, "js/a")
		storetest.Put(t, s, scanOf(1, "2026-03-01T10:00:00Z", "js/a a.js 7 zz")) // it was first seen earlier: another id
		if got := inCampaign(t, s, "campaign:march"); got != want || old == idOf(t, s, "js/a") || was == "" {
			t.Errorf("after a late record: %s, the id was %s", got, old)
		}
		for _, table := range []string{"issues", "appearances", "redirects", "issue_intervals", "days", "decided", "issue_counts", "needs"} {
			if err := s.Exec(t.Context(), `DELETE FROM `+table); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Exec(t.Context(), `UPDATE campaign_issues SET issue_id = 0`); err != nil {
			t.Fatal(err)
		}
		if err := s.Exec(t.Context(), `UPDATE files SET derived = 'x'`); err != nil {
			t.Fatal(err)
		}
		if err := s.Rebuild(t.Context(), func(int, int) {}); err != nil {
			t.Fatal(err)
		}
		if got := inCampaign(t, s, "campaign:1"); got != want {
			t.Errorf("derived anew: %s", got)
		}
		rows, err := s.Campaigns(t.Context())
		if err != nil || len(rows) != 1 || rows[0].Done != 1 || rows[0].Left != 1 || rows[0].Unknown != 0 || rows[0].Counts[telemetry.ProgressNotStarted] != 1 {
			t.Errorf("%+v %v", rows, err)
		}
	})
}

func idOf(t *testing.T, s *storetest.Store, rule string) string {
	t.Helper()
	l := lists.Issues(s.Store)
	rows := storetest.Rows(t, l, query.Ask{Query: storetest.Parse(t, l, "rule:"+rule)})
	if len(rows) != 1 {
		t.Fatalf("%d issues of %s", len(rows), rule)
	}
	return rows[0].PublicID
}

// TestACampaignThatIsRefusedIsNotBegun: another number than was confirmed, the
// name of an open one.
func TestACampaignThatIsRefusedIsNotBegun(t *testing.T) {
	storetest.At(t, storetest.Day("2026-03-10 12:00"), func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, scanOf(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		_, err := begin(t, s, telemetry.NewCampaign{Name: "One", Query: "is:open", Expect: 3})
		if telemetry.CodeOf(err) != telemetry.CodeConflict || !strings.Contains(telemetry.Sentence(err), "now names 2 issues, and not 3") {
			t.Error(err)
		}
		one, err := begin(t, s, telemetry.NewCampaign{Name: "One", Query: "is:open", Expect: 2})
		if err != nil {
			t.Fatal(err)
		}
		two, err := begin(t, s, telemetry.NewCampaign{Name: "Two", Query: "rule:js/a", Expect: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = begin(t, s, telemetry.NewCampaign{Name: "ONE", Query: "rule:js/a", Expect: 1}); telemetry.CodeOf(err) != telemetry.CodeConflict {
			t.Errorf("the name of an open one: %v", err)
		}
		name := "one"
		if _, _, err = s.EditCampaign(t.Context(), two.ID, telemetry.CampaignEdit{Name: &name}); telemetry.CodeOf(err) != telemetry.CodeConflict {
			t.Errorf("renamed to the name of an open one: %v", err)
		}
		was, is, err := s.CloseCampaign(t.Context(), one.ID, "mona")
		if err != nil || !was.ClosedAt.IsZero() || is.ClosedBy != "mona" {
			t.Errorf("%+v %+v %v", was, is, err)
		}
		owner, most := "you", int64(5)
		_, is, err = s.EditCampaign(t.Context(), two.ID, telemetry.CampaignEdit{Name: &name, Owner: &owner, MaxACUs: &most})
		if err != nil || is.Name != "one" || is.Owner != "you" || is.MaxACUs != 5 || is.Query != "rule:js/a" {
			t.Errorf("the name of a closed one: %+v %v", is, err)
		}
		if _, _, err = s.EditCampaign(t.Context(), one.ID, telemetry.CampaignEdit{Owner: &owner}); telemetry.CodeOf(err) != telemetry.CodeConflict {
			t.Errorf("a closed one was changed: %v", err)
		}
		if _, _, err = s.CloseCampaign(t.Context(), 99, "you"); telemetry.CodeOf(err) != telemetry.CodeNotFound {
			t.Errorf("an unknown one: %v", err)
		}
		rows, err := s.Campaigns(t.Context())
		if err != nil || len(rows) != 2 || rows[0].ID != two.ID || rows[1].ClosedAt.IsZero() {
			t.Errorf("%+v %v", rows, err)
		}
	})
}

// TestABurnDownFollowsScansAndDecisions, at the end of each day.
func TestABurnDownFollowsScansAndDecisions(t *testing.T) {
	now := storetest.Day("2026-03-02 12:00")
	storetest.OnClock(t, func() time.Time { return now }, func(t *testing.T, s *storetest.Store) {
		now = storetest.Day("2026-03-02 12:00")
		storetest.Put(t, s, scanOf(1, "2026-03-01T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb", "js/c c.js 3 cc"))
		c, err := begin(t, s, telemetry.NewCampaign{Name: "All", Query: "is:open", Expect: 3})
		if err != nil {
			t.Fatal(err)
		}
		now = storetest.Day("2026-03-03 12:00")
		storetest.Put(t, s, scanOf(2, "2026-03-03T10:00:00Z", "js/a a.js 1 aa", "js/b b.js 2 bb"))
		now = storetest.Day("2026-03-04 12:00")
		if _, err := s.Decide(t.Context(), telemetry.NewDecision{Action: telemetry.ActionAccept, Until: storetest.Day("2026-03-05 20:00"), By: "you",
			Issues: []string{idOf(t, s, "js/a")}}, query.Ask{}); err != nil {
			t.Fatal(err)
		}
		now = storetest.Day("2026-03-06 12:00")
		d, found, err := s.CampaignDetail(t.Context(), c.ID)
		var left []string
		for _, day := range d.Days {
			left = append(left, fmt.Sprint(day.At.Format("2 15:04 "), day.Left))
		}
		if got := strings.Join(left, ", "); err != nil || !found || got != "2 12:00 3, 2 23:59 3, 3 23:59 2, 4 23:59 1, 5 23:59 2, 6 12:00 2" {
			t.Errorf("%s %v %v", got, found, err)
		}
	})
}
