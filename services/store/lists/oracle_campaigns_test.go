package lists_test

import (
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// campaigned are the campaigns of the oracle's world, by the meaning of their queries.
func campaigned() map[string]func(telemetry.IssueRow) bool {
	return map[string]func(telemetry.IssueRow) bool{
		"severity:critical,high": func(i telemetry.IssueRow) bool { return telemetry.SeverityRank(i.Severity) < 2 },
		"attempts:>0":            func(i telemetry.IssueRow) bool { return i.Attempts > 0 },
	}
}

// campaignForOracle begins them; that of what was attempted began amid the history.
func campaignForOracle(t *testing.T, s *storetest.Store) {
	t.Helper()
	for text := range campaigned() {
		a := query.Ask{Query: storetest.Parse(t, lists.Issues(s.Store), text)}
		n := telemetry.NewCampaign{Name: text, Query: text, By: "you"}
		n.Expect, _ = storetest.Total(t, lists.Issues(s.Store), a)
		if _, err := s.BeginCampaign(t.Context(), n, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Exec(t.Context(), `UPDATE campaigns SET at = $1 WHERE name = 'attempts:>0'`, store.Millis(amidRuns(t, s))); err != nil {
		t.Fatal(err)
	}
}

// campaignsOfIssue are the names of the campaigns that an issue is in.
func campaignsOfIssue(r issueFacts) (names []string) {
	for name, holds := range campaigned() {
		if holds(r.IssueRow) {
			names = append(names, name)
		}
	}
	return names
}

// campaignsOfSessions are the names of the campaigns of which sessions took an
// issue since they began.
func campaignsOfSessions(t *testing.T, s *storetest.Store) func(telemetry.SessionRow) []string {
	t.Helper()
	began := map[string]time.Time{}
	campaigns, err := s.Campaigns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range campaigns {
		began[c.Name] = c.At.Time
	}
	took := map[string][]string{}
	for _, i := range everyIssue(t, s, nil) {
		for _, key := range i.sessions {
			took[key] = append(took[key], campaignsOfIssue(i)...)
		}
	}
	return func(r telemetry.SessionRow) []string {
		return slices.DeleteFunc(slices.Clone(took[r.Key]), func(name string) bool { return r.At.Before(began[name]) })
	}
}

func progressWords(now time.Time) map[string]func(issueFacts) bool {
	of := func(r issueFacts) telemetry.Progress {
		switch {
		case r.State == telemetry.StatusFixed:
			return telemetry.ProgressFixed
		case !r.State.Open():
			return telemetry.ProgressSetAside
		case len(r.sessions) == 0:
			return telemetry.ProgressNotStarted
		case r.Found == telemetry.Optional(telemetry.FoundOpen) || r.last.State == telemetry.StatePRReady:
			return telemetry.ProgressInReview
		case r.last.State.Active() && (!r.last.PolledAt.IsZero() || now.Sub(r.last.StateSince.Time) < telemetry.RecordedFor):
			return telemetry.ProgressWorking
		case r.Found == telemetry.Optional(telemetry.FoundNotScanned) && !r.unsure:
			return telemetry.ProgressMerged
		}
		return telemetry.ProgressTried
	}
	words := map[string]func(issueFacts) bool{}
	for _, p := range telemetry.Progresses() {
		words[string(p)] = func(r issueFacts) bool { return of(r) == p }
	}
	return words
}

// TestCampaignsCountTheIssuesOfTheirLinks: each number of a campaign is the total
// of the list that it leads to, and what was open on a day that of the list as of then.
func TestCampaignsCountTheIssuesOfTheirLinks(t *testing.T) {
	now := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		fillForOracle(t, s, now)
		decideForOracle(t, s, now)
		campaignForOracle(t, s)
		issues, sessions := lists.Issues(s.Store), lists.Sessions(s.Store)
		total := func(at time.Time, text string) int64 {
			n, _ := storetest.Total(t, issues, query.Ask{AsOf: at, Query: storetest.Parse(t, issues, text)})
			return n
		}
		campaigns, err := s.Campaigns(t.Context())
		if err != nil || len(campaigns) != len(campaigned()) {
			t.Fatal(len(campaigns), err)
		}
		for _, c := range campaigns {
			of, parts := `campaign:"`+c.Name+`" `, 0
			for _, p := range telemetry.Progresses() {
				if want := total(time.Time{}, of+"progress:"+string(p)); c.Counts[p] != want {
					t.Errorf("%s: %d are %s, the list has %d", c.Name, c.Counts[p], p, want)
				}
				if c.Counts[p] > 0 {
					parts++
				}
			}
			if all := total(time.Time{}, of); c.Issues != all || c.Done+c.Left != all || c.Left != total(time.Time{}, of+"is:open") || parts < 4 {
				t.Errorf("%s: %d issues, %d done, %d left, %d in the list, in %d parts", c.Name, c.Issues, c.Done, c.Left, all, parts)
			}
			if n, _ := storetest.Total(t, sessions, query.Ask{Query: storetest.Parse(t, sessions, of)}); n != c.Sessions {
				t.Errorf("%s: %d sessions, the list has %d", c.Name, c.Sessions, n)
			}
			if n := total(time.Time{}, of+"found:gone tried:>="+c.At.Format(time.RFC3339Nano)); n != c.Gone {
				t.Errorf("%s: %d gone, the list has %d", c.Name, c.Gone, n)
			}
			d, found, err := s.CampaignDetail(t.Context(), c.ID)
			if err != nil || !found || d.CampaignRow.Left != c.Left {
				t.Fatal(found, err)
			}
			for n, day := range d.Days {
				at := day.At.Time
				if at.Equal(now) {
					at = time.Time{}
				}
				if want := total(at, of+"is:open"); n%5 == 0 && day.Left != want || n == len(d.Days)-1 && day.Left != c.Left {
					t.Errorf("%s: %d open at %v, the list has %d", c.Name, day.Left, day.At, want)
				}
			}
			if c.Name == "attempts:>0" && (len(d.Days) < 10 || c.Sessions == 0 || c.Gone == 0) {
				t.Errorf("%s: %d days, %d sessions, %d gone: too little to tell anything", c.Name, len(d.Days), c.Sessions, c.Gone)
			}
		}
	})
}
