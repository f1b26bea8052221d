package derive_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func sessionOf(id, status string, ids ...string) map[string]any {
	return map[string]any{"session_id": id, "status": status, "batch_id": 1, "issue_ids": ids, "pr_url": ""}
}

// TestKindsOfSessions: dry runs are in their run alone; what never started is
// shown when it is asked for; a session of several records is one.
func TestKindsOfSessions(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		hex := strings.Repeat("a", 32)
		findings := []string{"rule a.go 1 aaaaaaaaaaaaaaaa1", "rule a.go 9 bbbbbbbbbbbbbbbb1", "rule c.go 9 cccccccccccccccc1"}
		storetest.Put(t, s,
			storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: findings, Sessions: []map[string]any{
				sessionOf("devin-"+hex, "created", storetest.IssueID(1, 0)), sessionOf("dry-run", "dry-run", storetest.IssueID(1, 1)), sessionOf("", "error: 429 Client Error", storetest.IssueID(1, 2))}}.File("1.json"),
			storetest.ScanRecord{Repo: "o/r", Run: 2, At: "2026-02-02T10:00:00Z", Findings: findings, Sessions: []map[string]any{sessionOf(strings.ToUpper(hex), "finished", storetest.IssueID(2, 0))}}.File("2.json"))
		list := func(text string) []string {
			rows, err := lists.Sessions(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Sessions(s.Store), text), Page: storetest.AllRows()})
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, r := range rows.Items {
				out = append(out, fmt.Sprintf("%s %s run %d", r.ID, r.State, r.RunNumber))
			}
			return out
		}
		if got, want := list(""), []string{strings.ToUpper(hex) + " finished run 2"}; !slices.Equal(got, want) {
			t.Errorf("sessions: %v, want %v", got, want)
		}
		if got, want := list("is:never_started"), []string{" never_started run 1"}; !slices.Equal(got, want) {
			t.Errorf("never started: %v, want %v", got, want)
		}
		d, err := s.RunDetail(t.Context(), "", "1.json", time.Time{})
		if err != nil || len(d.Sessions) != 3 {
			t.Fatalf("run 1 has %d sessions (%v), want 3", len(d.Sessions), err)
		}
		if !d.UnassignedKnown || len(d.Unassigned) != 2 {
			t.Errorf("in no session: %d (known %v), want the issues of the dry run and of the session that never started", len(d.Unassigned), d.UnassignedKnown)
		}
		detail, found, err := s.SessionDetail(t.Context(), hex, time.Time{})
		if err != nil || !found || len(detail.Mentions) != 2 || len(detail.Issues) != 1 {
			t.Errorf("the session: %d mentions, %d issues (%v), want 2 and 1", len(detail.Mentions), len(detail.Issues), err)
		}
		if i := issueOf(t, s, "aaaaaaaaaaaaaaaa1"); i.Attempts != 1 || i.Session != hex {
			t.Errorf("the issue that one session took twice has %d attempts by %q", i.Attempts, i.Session)
		}
	})
}

// TestActiveByTheClock: what only a record says counts as active for a day.
func TestActiveByTheClock(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		hex := strings.Repeat("b", 32)
		active := func(what string, want int64) {
			t.Helper()
			repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Repo: "o/r"})
			if err != nil || len(repos.Items) != 1 || repos.Items[0].SessionsActive != want {
				t.Errorf("%s: %+v (%v), want %d active", what, repos.Items, err, want)
			}
		}
		scan := storetest.ScanRecord{Repo: "o/r", Run: 1, Findings: []string{"rule a.go 1 aaaaaaaaaaaaaaaa1"}, Sessions: []map[string]any{sessionOf("devin-"+hex, "working", storetest.IssueID(1, 0))}}
		scan.At = time.Now().UTC().Add(-23 * time.Hour).Format(time.RFC3339)
		storetest.Put(t, s, scan.File("1.json"))
		active("recorded 23 hours ago", 1)
		scan.At = time.Now().UTC().Add(-25 * time.Hour).Format(time.RFC3339)
		storetest.Put(t, s, scan.File("1.json"))
		active("recorded 25 hours ago", 0)
		if err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{{ID: hex, API: "v1", Status: "working", UpdatedAt: time.Now().Add(-30 * time.Hour)}}}); err != nil {
			t.Fatal(err)
		}
		active("polled", 1)
	})
}

// TestVerificationOutcomes: every outcome of docs/rules.md#verification-outcomes, and how it turns
// with merges and scans.
func TestVerificationOutcomes(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		findings := []string{"rule a.go 1 aaaaaaaaaaaaaaaa1", "rule b.go 9 bbbbbbbbbbbbbbbb1", "rule b.go 19 bbbbbbbbbbbbbbbb1", "rule c.go 9 cccccccccccccccc1"}
		verification := func(name, at, session string, pr int, targeted, fixed int, fingerprints ...string) telemetry.FetchedFile {
			entries := []string{}
			for _, p := range fingerprints {
				entries = append(entries, fmt.Sprintf(`{"id": "X", "fingerprint": %q, "rule_id": "rule", "file": "%c.go"}`, p, p[0]))
			}
			return storetest.Fetched(name, fmt.Appendf(nil, `{"verified_at": %q, "session_id": %q, "source_run_number": "1", "pr_number": "%d", "pr_url": "https://github.com/o/r/pull/%d", "pr_title": "",
				"summary": {"total_targeted": %d, "fixed_count": %d, "remaining_count": %d}, "verified_fixed": [%s], "still_present": []}`, at, session, pr, pr, targeted, fixed, targeted-fixed, strings.Join(entries, ",")))
		}
		storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: findings}.File("1.json"),
			verification("a.json", "2026-02-01T11:00:00Z", "aaaa1111", 1, 1, 1, "aaaaaaaaaaaaaaaa1"),
			verification("a2.json", "2026-02-01T12:00:00Z", "aaaa1111", 1, 1, 1, "aaaaaaaaaaaaaaaa1"),
			verification("b.json", "2026-02-01T11:00:00Z", "bbbb1111", 2, 1, 1, "bbbbbbbbbbbbbbbb1"), // one fingerprint, two issues
			verification("c.json", "2026-02-01T11:00:00Z", "cccc1111", 3, 2, 1, "cccccccccccccccc1"),
			verification("d.json", "2026-02-01T11:00:00Z", "dddd1111", 4, 1, 0),
			verification("e.json", "2026-02-01T11:00:00Z", "eeee1111", 5, 0, 0),
			verification("f.json", "2026-02-01T11:00:00Z", "ffff1111", 6, 1, 1, "ffffffffffffffff1")) // no finding of run 1
		outcomes := func(what string, want ...string) {
			t.Helper()
			var got []string
			for _, v := range all(t, s) {
				if v.Repo != "o/r" || v.ScanFile != "1.json" {
					t.Errorf("%s: %s is about %q of %q", what, v.File, v.ScanFile, v.Repo)
				}
				got = append(got, fmt.Sprintf("%d %s %d/%d", v.Number, v.Outcome, v.StillThere, v.Gone+v.StillThere))
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		rest := []string{"3 partial 1/1", "4 failed 0/0", "5 inconclusive 0/0", "6 inconclusive 0/0"}
		outcomes("merges unknown", append([]string{"1 verified_still_there 1/1", "2 verified_still_there 2/2"}, rest...)...)
		if totals, err := s.Totals(t.Context()); err != nil || totals.PRs.Total != 6 || totals.SessionsCreated != 0 {
			t.Errorf("%d pull requests, %d sessions (%v): a verification of an unknown session counts for its pull request alone", totals.PRs.Total, totals.SessionsCreated, err)
		}
		at := time.Date(2026, 2, 1, 13, 0, 0, 0, time.UTC)
		pulls := []telemetry.PullRequest{{Repo: "o/r", Number: 1, State: "open", CreatedAt: at}, {Repo: "o/r", Number: 2, State: "closed", CreatedAt: at}}
		storetest.SavePulls(t, s, pulls)
		outcomes("not merged", append([]string{"1 verified_not_merged 1/1", "2 verified_closed 2/2"}, rest...)...)
		pulls[0].State, pulls[0].MergedAt = "closed", at
		pulls[1].MergedAt = at
		storetest.SavePulls(t, s, pulls)
		outcomes("merged", append([]string{"1 verified_not_rescanned 1/1", "2 verified_not_rescanned 2/2"}, rest...)...)
		storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: 2, At: "2026-02-02T10:00:00Z", Findings: []string{findings[2], findings[3]}}.File("2.json"))
		outcomes("a scan without two of the issues", append([]string{"1 verified_gone 0/1", "2 verified_still_there 1/2"}, rest...)...)
		storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: 3, At: "2026-02-03T10:00:00Z", Findings: []string{findings[0]}}.File("3.json"))
		outcomes("one back, the others gone", append([]string{"1 verified_still_there 1/1", "2 verified_gone 0/2", "3 partial 0/1"}, rest[1:]...)...)
		for _, v := range all(t, s) {
			if v.Number == 1 && (!v.Rescanned || v.ScanFile != "1.json" || v.File != "a2.json") {
				t.Errorf("the verification of pull request 1: %+v", v)
			}
		}
	})
}

// TestReducedScans: two scope-reduced scans in a row close nothing, the third counts
// as a full one; an accepted one closes, and undo brings back.
func TestReducedScans(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		var wide []string
		for i := range 25 {
			wide = append(wide, fmt.Sprintf("rule f%02d.go 5 %016dabcd", i, i))
		}
		open := func(what string, want int64) {
			t.Helper()
			if totals, err := s.Totals(t.Context()); err != nil || totals.Latest != want {
				t.Errorf("%s: %d open (%v), want %d", what, totals.Latest, err, want)
			}
		}
		scan := func(run int64, findings []string) telemetry.FetchedFile {
			return storetest.ScanRecord{Repo: "o/r", Run: run, At: fmt.Sprintf("2026-02-%02dT10:00:00Z", run), Findings: findings}.File(fmt.Sprintf("%d.json", run))
		}
		storetest.Put(t, s, scan(1, wide))
		storetest.Put(t, s, scan(2, wide[:3]))
		storetest.Put(t, s, scan(3, wide[:2]))
		open("two narrow scans", 25)
		before := storetest.DumpOf(t, s)
		diff, err := s.RunDiff(t.Context(), "", "3.json", "1.json", time.Time{})
		if err != nil || len(diff.Unchanged) != 25 || len(diff.Gone) != 0 {
			t.Errorf("against the full scan: %d unchanged, %d gone (%v), want 25 and 0", len(diff.Unchanged), len(diff.Gone), err)
		}
		for _, undo := range []bool{false, false, true, true} {
			if err := s.AcceptScope(t.Context(), "", "3.json", undo, telemetry.ByPage); err != nil {
				t.Fatal(err)
			}
			d, err := s.RunDetail(t.Context(), "", "3.json", time.Time{})
			if err != nil || d.Accepted == undo || d.Reduced != undo {
				t.Fatalf("accepted %v, reduced %v (%v), want %v, %v", d.Accepted, d.Reduced, err, !undo, undo)
			}
			if undo {
				storetest.SameDump(t, "undone", storetest.DumpOf(t, s), before)
			} else {
				open("the second narrow scan accepted", 2)
			}
		}
		storetest.Put(t, s, scan(4, wide[:2]))
		open("the third narrow scan in a row", 2)
	})
}
