package figures_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func TestTrendsOfATinyHistory(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyHistory()...)
		got, found, err := s.Trends(t.Context(), telemetry.TrendQuery{Period: period(t, "30d", storetest.Day("2026-03-12 12:00"))})
		if err != nil || !found {
			t.Fatal(found, err)
		}
		open := map[string]map[string]int64{}
		for _, p := range got.Open {
			open[p.Day.Format(time.DateOnly)] = p.BySeverity
			if p.Listed+p.Unlisted != telemetry.Sum(p.BySeverity) {
				t.Errorf("%s: %+v does not add up", p.Day, p)
			}
		}
		if len(got.Open) != 30 || got.StepDays != 1 || got.Open[0].Day != storetest.Day("2026-02-11") {
			t.Errorf("%d points from %s, every %d days", len(got.Open), got.Open[0].Day, got.StepDays)
		}
		for at, want := range map[string]map[string]int64{
			"2026-02-28": {}, "2026-03-01": {"high": 3}, "2026-03-02": {"critical": 1, "high": 1}, "2026-03-03": {"critical": 1, "high": 1}, "2026-03-04": {"critical": 1, "low": 1},
			"2026-03-08": {"critical": 1, "low": 1}, "2026-03-09": {"critical": 1, "high": 1}, "2026-03-11": {"high": 1}, "2026-03-12": {"high": 1},
		} {
			if diff := cmp.Diff(want, open[at]); diff != "" {
				t.Errorf("open on %s: %s", at, diff)
			}
		}
		weeks := map[string][2]int64{}
		for _, w := range got.Weeks {
			weeks[w.Monday.Format("01-02")] = [2]int64{w.Opened, w.Closed}
		}
		if diff := cmp.Diff(map[string][2]int64{"02-09": {}, "02-16": {}, "02-23": {}, "03-02": {3, 1}, "03-09": {1, 2}}, weeks); diff != "" {
			t.Errorf("weeks: %s", diff)
		}
		const h = time.Hour
		got.Open, got.Weeks, got.Period = nil, nil, telemetry.Period{}
		want := telemetry.Trends{StepDays: 1, Before: telemetry.DayPoint{Day: storetest.Day("2026-02-10"), BySeverity: map[string]int64{}}, Opened: 4, Closed: 3, ClosedIssues: 2,
			TimeToFix: telemetry.Measure{N: 3, Median: 48 * h, P90: 120 * h, Most: 120 * h},
			Ages: []telemetry.AgeBucket{{Name: "under 7 days", Since: storetest.Day("2026-03-05 12:00")}, {Name: "7 to 30 days", Since: storetest.Day("2026-02-10 12:00"), Before: storetest.Day("2026-03-05 12:00"), N: 1},
				{Name: "30 to 90 days", Since: storetest.Day("2025-12-12 12:00"), Before: storetest.Day("2026-02-10 12:00")}, {Name: "over 90 days", Before: storetest.Day("2025-12-12 12:00")}},
			Families: []telemetry.FamilyRate{{Family: "sqli", Attempted: 1, Closed: 1}, {Family: "xss", Attempted: 1}}, Attempts: []int64{0, 1, 0, 0},
			Sessions: []telemetry.SessionOutcome{{State: telemetry.StateQueued, N: 1}, {State: telemetry.StateFinished, N: 1}, {State: telemetry.StateNeverStarted, N: 1}},
			Missing:  []telemetry.MissingRuns{{First: 1, Last: 6, Numbers: 5, N: 1, Ranges: [][2]int64{{4, 4}}}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestATinyHistoryAsOf(t *testing.T) {
	type issue struct {
		Name   string
		Status telemetry.Status
		Times  int64
		Last   int64
	}
	tests := []struct {
		at       string
		runs     int64
		found    int64
		open     map[string]int64
		unlisted int64
		issues   []issue
		sessions map[telemetry.State]int64
	}{
		{at: "2026-02-28", open: map[string]int64{}, sessions: map[telemetry.State]int64{}},
		{at: "2026-03-01 12:00", runs: 1, found: 3, open: map[string]int64{"high": 3}, unlisted: 3, sessions: map[telemetry.State]int64{}},
		{at: "2026-03-02 12:00", runs: 2, found: 5, open: map[string]int64{"critical": 1, "high": 1}, issues: []issue{{"A.js", telemetry.StatusRecurring, 1, 2}, {"B.js", telemetry.StatusRecurring, 1, 2}},
			sessions: map[telemetry.State]int64{telemetry.StateFinished: 1, telemetry.StateNeverStarted: 1}},
		{at: "2026-03-05", runs: 3, found: 7, open: map[string]int64{"critical": 1, "low": 1}, issues: []issue{{"A.js", telemetry.StatusRecurring, 2, 3}, {"C.js", telemetry.StatusNew, 1, 3}, {"B.js", telemetry.StatusFixed, 1, 2}},
			sessions: map[telemetry.State]int64{telemetry.StateFinished: 1, telemetry.StateNeverStarted: 1}},
		{at: "2026-03-10", runs: 4, found: 9, open: map[string]int64{"critical": 1, "high": 1}, issues: []issue{{"A.js", telemetry.StatusRecurring, 3, 5}, {"B.js", telemetry.StatusReopened, 2, 5}, {"C.js", telemetry.StatusFixed, 1, 3}},
			sessions: map[telemetry.State]int64{telemetry.StateFinished: 1, telemetry.StateNeverStarted: 1, telemetry.StateQueued: 1}},
	}
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyHistory()...)
		for _, test := range tests {
			at := storetest.Day(test.at)
			totals, _, err := s.TotalsAsOf(t.Context(), at, "")
			if err != nil {
				t.Fatal(test.at, err)
			}
			list, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{AsOf: at, Page: storetest.AllRows()})
			if err != nil {
				t.Fatal(test.at, err)
			}
			var issues []issue
			for _, i := range list.Items {
				issues = append(issues, issue{i.File, i.Status, i.Appearances, i.LastSeen.Run})
			}
			if totals.Runs != test.runs || totals.IssuesFound != test.found || totals.Unlisted != test.unlisted || totals.Latest != telemetry.Sum(test.open) {
				t.Errorf("%s: %d runs, %d found, %d unlisted, %d open", test.at, totals.Runs, totals.IssuesFound, totals.Unlisted, totals.Latest)
			}
			for what, diff := range map[string]string{"open": cmp.Diff(test.open, totals.LatestSeverity), "sessions": cmp.Diff(test.sessions, totals.SessionsByState), "issues": cmp.Diff(test.issues, issues)} {
				if diff != "" {
					t.Errorf("%s: %s (-want +got)\n%s", test.at, what, diff)
				}
			}
		}
	})
}

func TestIssueEvents(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyHistory()...)
		ask := func(repo, text string, since, until time.Time) (events []string) {
			a := query.Ask{Repo: repo, Query: storetest.Parse(t, lists.Changes(s.Store), text), Page: storetest.AllRows()}.And(query.Between("at", since, until))
			list, err := lists.Changes(s.Store).Rows(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range list.Items {
				events = append(events, fmt.Sprint(e.Event, " ", e.Rule, " in run ", e.Run))
			}
			return events
		}
		if diff := cmp.Diff([]string{"closed js/B in run 6", "reopened js/B in run 5", "closed js/C in run 5", "closed js/B in run 3", "opened js/C in run 3"}, ask("", "", storetest.Day("2026-03-04"), time.Time{})); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"opened js/C in run 3", "opened js/B in run 2", "opened js/A in run 2"}, ask("a/b", "is:opened", time.Time{}, storetest.Day("2026-03-08"))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNeedsAttention(t *testing.T) {
	now := storetest.Day("2026-03-11 18:00")
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		ids := []string{"aaaaaa01", "aaaaaa02", "aaaaaa03", "aaaaaa04", "aaaaaa05", "aaaaaa06"}
		var sessions []map[string]any
		for i, id := range ids {
			sessions = append(sessions, map[string]any{"session_id": "devin-" + id, "batch_id": i, "status": "created", "issue_ids": []string{storetest.IssueID(9, i)}})
		}
		sessions[4]["pr_url"], sessions[4]["status"] = "https://github.com/a/b/pull/5", "blocked"
		sessions[5]["status"] = "blocked" // recorded only, and long ago
		sessions = append(sessions, map[string]any{"session_id": "", "batch_id": 7, "status": "error: 429 Client Error", "issue_ids": []string{storetest.IssueID(9, 7)}})
		storetest.Put(t, s, storetest.TinyHistory()...)
		storetest.Put(t, s, storetest.TinyScan(9, "2026-03-01T11:00:00Z", 0, []string{"D high xss"}, sessions...))
		poll := func(id, status, updated string, prs ...string) telemetry.UpstreamSession {
			u := telemetry.UpstreamSession{ID: id, API: "v1", Status: status, UpdatedAt: storetest.Day(updated)}
			for _, url := range prs {
				u.PRs = append(u.PRs, telemetry.UpstreamPR{URL: url})
			}
			return u
		}
		if err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{
			poll(ids[0], "blocked", "2026-03-11 09:00"), poll(ids[1], "working", "2026-03-11 15:00"), poll(ids[2], "working", "2026-03-11 16:30"),
			poll(ids[3], "blocked", "2026-03-11 10:00", "https://github.com/a/b/pull/4"),
		}}); err != nil {
			t.Fatal(err)
		}
		created := storetest.Day("2026-03-10 12:00")
		if err := s.SavePulls(t.Context(), "a/b", []telemetry.PullRequest{
			{Repo: "a/b", Number: 4, Title: "Fix four", State: "open", CreatedAt: created, UpdatedAt: created},
			{Repo: "a/b", Number: 5, Title: "Fix five", State: "closed", CreatedAt: created, UpdatedAt: created, ClosedAt: created, MergedAt: created}}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		list, err := lists.Needs(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
		if err != nil {
			t.Fatal(err)
		}
		counts, err := lists.SumsOf(s.Store).NeedCounts(t.Context(), query.Ask{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range list.Items {
			got = append(got, fmt.Sprint(n.Need, ": ", n.Subject(), " since ", n.Since.Format("01-02 15:04")))
		}
		// The issue of the one that waits is fixed, and a session took that of the batch of run 2.
		want := []string{"pr_ready: Fix four since 03-10 12:00", "never_started: Batch 7 of run 9 since 03-01 11:00",
			"stuck: Session devin-aaaaaa02 since 03-11 15:00"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if diff := cmp.Diff(map[telemetry.Need]int64{"never_started": 1, "pr_ready": 1, "stuck": 1}, counts); diff != "" || list.Total != 3 {
			t.Errorf("total %d: %s", list.Total, diff)
		}
		totals, err := s.Totals(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(telemetry.ActiveSessions{Working: 2, Waiting: 1}, totals.Active); diff != "" {
			t.Errorf("active: %s", diff)
		}
		active, err := lists.Sessions(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Sessions(s.Store), "is:active"), Page: storetest.AllRows()})
		if err != nil || active.Total != 3 {
			t.Errorf("is:active finds %d: %v", active.Total, err)
		}
	})
}

func TestOverdueScans(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.TinyHistory()
		storetest.Put(t, s, files[:3]...)
		for _, test := range []struct {
			name string
			more []telemetry.FetchedFile
			at   string
			want int
		}{
			{"three scans are too few", nil, "2026-05-01", 0},
			{"a median of 48 hours, and less than twice that", files[3:], "2026-03-15 09:59", 0},
			{"later than twice the median", nil, "2026-03-15 10:01", 1},
		} {
			storetest.Put(t, s, test.more...)
			for _, then := range []bool{false, true} {
				q := telemetry.TrendQuery{Period: period(t, "7d", storetest.Day(test.at)), AsOf: then}
				trends, _, err := s.Trends(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if len(trends.Overdue) != test.want {
					t.Errorf("%s: %d overdue, want %d (as of: %v)", test.name, len(trends.Overdue), test.want, then)
				}
				for _, o := range trends.Overdue {
					if o.Interval != 48*time.Hour || !o.Due.Equal(storetest.Day("2026-03-15 10:00")) {
						t.Errorf("%+v", o)
					}
				}
			}
		}
	})
}

// Pull requests go by GitHub's times, sessions by the log of their states.
func TestPullsAndSessionsAsOf(t *testing.T) {
	storetest.At(t, storetest.Day("2026-03-11 18:00"), func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyHistory()...)
		pr := telemetry.PullRequest{Repo: "a/b", Number: 5, Title: "Fix " + storetest.IssueID(2, 1), Body: "by devin-111111aa", State: "closed", CreatedAt: storetest.Day("2026-03-03"), UpdatedAt: storetest.Day("2026-03-06"), ClosedAt: storetest.Day("2026-03-06"), MergedAt: storetest.Day("2026-03-06")}
		if err := s.SavePulls(t.Context(), "a/b", []telemetry.PullRequest{pr}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		for _, u := range []telemetry.UpstreamSession{{ID: "222222bb", API: "v1", Status: "working", UpdatedAt: storetest.Day("2026-03-11")}} {
			if err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{u}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, test := range []struct {
			at     string
			prs    telemetry.PullCounts
			withPR int64
			state  telemetry.State // of 222222bb, "" before its record
			active telemetry.ActiveSessions
		}{
			{at: "2026-03-02 12:00"},
			{at: "2026-03-04", prs: telemetry.PullCounts{Total: 1, Open: 1}, withPR: 1},
			{at: "2026-03-07", prs: telemetry.PullCounts{Total: 1, Merged: 1}, withPR: 1},
			{at: "2026-03-09 12:00", prs: telemetry.PullCounts{Total: 1, Merged: 1}, withPR: 1, state: telemetry.StateQueued, active: telemetry.ActiveSessions{Working: 1}},
			{at: "2026-03-11 12:00", prs: telemetry.PullCounts{Total: 1, Merged: 1}, withPR: 1, state: telemetry.StateWorking, active: telemetry.ActiveSessions{Working: 1}},
		} {
			at := storetest.Day(test.at)
			totals, _, err := s.TotalsAsOf(t.Context(), at, "a/b")
			if err != nil {
				t.Fatal(test.at, err)
			}
			if totals.PRs != test.prs || totals.SessionsWithPR != test.withPR || totals.Active != test.active {
				t.Errorf("%s: %+v, %d with a pull request, %+v", test.at, totals.PRs, totals.SessionsWithPR, totals.Active)
			}
			for state, n := range map[string]int64{"open": test.prs.Open, "merged": test.prs.Merged, "closed": 0} {
				list, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Pulls(s.Store), "is:"+state), AsOf: at, Page: storetest.AllRows()})
				if err != nil || list.Total != n || int64(len(list.Items)) != n {
					t.Errorf("%s: %d %s, %d listed: %v", test.at, n, state, list.Total, err)
				}
				for _, p := range list.Items {
					if p.Merged != (state == "merged") || (p.State == "open") != (state == "open") {
						t.Errorf("%s: asked for %s, got %s, merged %v", test.at, state, p.State, p.Merged)
					}
				}
			}
			list, err := lists.Sessions(s.Store).Rows(t.Context(), query.Ask{AsOf: at, Page: storetest.AllRows()})
			if err != nil {
				t.Fatal(err)
			}
			var state telemetry.State
			for _, v := range list.Items {
				if v.ID == "devin-222222bb" {
					state = v.State
				}
			}
			if state != test.state {
				t.Errorf("%s: the second session is %q, want %q", test.at, state, test.state)
			}
		}
	})
}
