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

// TestReverts: a pull request that takes another one back is no session's and in
// no list or figure; the one that it takes back says so once it is merged.
func TestReverts(t *testing.T) {
	const session = "aaaa0000aaaa0000aaaa0000aaaa0000"
	pull := func(n int, title, body, merged string) telemetry.PullRequest {
		p := telemetry.PullRequest{Repo: "o/r", Number: n, Title: title, Body: body, State: "open",
			CreatedAt: storetest.Day("2026-02-01 12:00"), UpdatedAt: storetest.Day("2026-02-01 12:00").Add(time.Duration(n) * time.Hour)}
		if merged != "" {
			p.State, p.MergedAt = "closed", storetest.Day(merged)
			p.ClosedAt = p.MergedAt
		}
		return p
	}
	fix := pull(5, "fix(CQLF-R1-0001): escape", "https://app.devin.ai/sessions/"+session, "2026-02-02")
	revert := func(n int, merged string) telemetry.PullRequest {
		return pull(n, `Revert "fix(CQLF-R1-0001): escape"`, "Reverts o/r#5", merged)
	}
	byTitle := pull(9, `Revert "fix(CQLF-R1-0001): escape"`, "", "2026-02-03")
	byBody := pull(9, "Undo CQLF-R1-0001 of "+session, "Reverts o/r#5", "2026-02-03")
	again := pull(10, `Revert "Revert "fix(CQLF-R1-0001): escape""`, "Reverts o/r#9", "2026-02-04")
	for _, c := range []struct {
		name  string
		pulls []telemetry.PullRequest
		by    string // the number of the one that reverted
	}{
		{"no revert", []telemetry.PullRequest{fix}, ""},
		{"reverted", []telemetry.PullRequest{fix, revert(9, "2026-02-03")}, "9"},
		{"the revert came to be known first", []telemetry.PullRequest{revert(9, "2026-02-03"), fix}, "9"},
		{"the revert is not merged", []telemetry.PullRequest{fix, revert(9, "")}, ""},
		{"named by its title", []telemetry.PullRequest{fix, byTitle}, "9"},
		{"named by the body alone", []telemetry.PullRequest{fix, byBody}, "9"},
		{"the revert was taken back", []telemetry.PullRequest{fix, revert(9, "2026-02-03"), again}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
				storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"},
					Sessions: []map[string]any{sessionOf("devin-"+session, "finished", storetest.IssueID(1, 0))}}.File("1.json"))
				storetest.SavePulls(t, s, c.pulls)
				list := lists.Pulls(s.Store)
				rows, err := list.Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
				if err != nil || len(rows.Items) != 1 || rows.Items[0].Number != 5 || telemetry.SessionKey(rows.Items[0].Session) != session {
					t.Fatalf("pull requests: %+v (%v), want the fix alone, the session's", rows.Items, err)
				}
				by := string(rows.Items[0].RevertedBy)
				if by = by[strings.LastIndexByte(by, '/')+1:]; by != c.by || rows.Items[0].RevertedAt.IsZero() != (c.by == "") {
					t.Errorf("reverted by %q at %v, want %q", by, rows.Items[0].RevertedAt, c.by)
				}
				found, _ := storetest.Total(t, list, query.Ask{Query: storetest.Parse(t, list, "is:reverted")})
				if (found == 1) != (c.by != "") {
					t.Errorf("is:reverted finds %d", found)
				}
				if then, _ := storetest.Total(t, list, query.Ask{Query: storetest.Parse(t, list, "is:reverted"), AsOf: storetest.Day("2026-02-02 12:00")}); then != 0 {
					t.Errorf("as of the day before, is:reverted finds %d", then)
				}
				repos, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
				if err != nil || repos.Items[0].PRs.Total != 1 || repos.Items[0].PRs.Merged != 1 {
					t.Errorf("the repository counts %+v (%v)", repos.Items[0].PRs, err)
				}
			})
		})
	}
}

// TestCutSessionID: verifications whose session no record names belong to their
// pull requests: two of "de" are not one.
func TestCutSessionID(t *testing.T) {
	verification := func(name, at, session string, pr int) telemetry.FetchedFile {
		return storetest.Fetched(name, fmt.Appendf(nil, `{"verified_at": %q, "session_id": %q, "source_run_number": "1", "pr_number": "%d",
			"pr_url": "https://github.com/o/r/pull/%d", "summary": {"total_targeted": 1, "fixed_count": 1}, "verified_fixed": [], "still_present": []}`, at, session, pr, pr))
	}
	scan := storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"},
		Sessions: []map[string]any{sessionOf("devin-abcd", "finished", storetest.IssueID(1, 0))}}.File("1.json")
	files := []telemetry.FetchedFile{
		verification("a.json", "2026-02-01T11:00:00Z", "de", 1), verification("b.json", "2026-02-01T12:00:00Z", "de", 2),
		verification("c.json", "2026-02-01T13:00:00Z", "de", 2), // the same pull request again
		verification("d.json", "2026-02-01T11:00:00Z", "abcd", 3), verification("e.json", "2026-02-01T12:00:00Z", "abcd", 4),
	}
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.PutEach(t, s, append(slices.Clone(files), scan)) // the record of the session comes last
		current, err := s.Texts(t.Context(), `SELECT file FROM verifications WHERE current = 1 ORDER BY file`)
		if want := []string{"a.json", "c.json", "e.json"}; err != nil || !slices.Equal(current, want) {
			t.Errorf("%v count (%v), want %v", current, err, want)
		}
		other := storetest.OpenLike(t, s)
		storetest.Put(t, other, append([]telemetry.FetchedFile{scan}, files...)...)
		storetest.SameDump(t, "the record first", storetest.DumpOf(t, other), storetest.DumpOf(t, s))
	})
}
