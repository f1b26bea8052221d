package derive_test

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

// TestBackfill: every change is told with old, new and reason; applied, a
// second application finds nothing; undone, all is as before; the record as
// fetched stays.
func TestBackfill(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		id := func(c string) string { return strings.Repeat(c, 32) }
		session := func(c string, ids []string, pr string) map[string]any {
			return map[string]any{"session_id": "devin-" + id(c), "status": "finished", "batch_id": 1, "issue_ids": ids, "pr_url": pr}
		}
		scan := storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{"rule a.go 1 aaaaaaaaaaaaaaaa1", "rule a.go 9 bbbbbbbbbbbbbbbb1", "rule b.go 9 cccccccccccccccc1"}, Sessions: []map[string]any{
			session("a", []string{"", " "}, "https://github.com/o/r/pull/1"), // named by its pull request's title
			session("b", []string{""}, ""),                                   // named by its verification alone
			session("c", []string{"", storetest.IssueID(1, 2)}, ""),          // one blank, nothing names it
			session("d", []string{storetest.IssueID(1, 2)}, ""),              // nothing to correct but the pull request
		}}.File("1.json")
		verification := storetest.Fetched("v.json", []byte(`{"verified_at": "2026-02-02T10:00:00Z", "session_id": "`+id("b")+`", "source_run_number": "1", "pr_number": "2", "pr_url": "https://github.com/o/r/pull/2", "pr_title": "a fix",
			"summary": {"total_targeted": 1, "fixed_count": 0, "remaining_count": 1}, "verified_fixed": [], "still_present": [{"id": "`+storetest.IssueID(1, 1)+`", "fingerprint": "bbbbbbbbbbbbbbbb1", "rule_id": "rule"}]}`))
		storetest.Put(t, s, scan, verification)
		at := time.Unix(1770000000, 0)
		if err := s.SavePulls(t.Context(), "o/r", []telemetry.PullRequest{
			{Repo: "o/r", Number: 1, Title: "fix(" + storetest.IssueID(1, 0) + ")", State: "open", CreatedAt: at}, {Repo: "o/r", Number: 4, Title: "x", Body: "devin-" + id("d"), State: "open", CreatedAt: at}}, at); err != nil {
			t.Fatal(err)
		}
		before := storetest.DumpOf(t, s)
		want := []string{
			`sessions[0].issue_ids: [ |  ] -> [CQLF-R1-0001], named by the title of pull request #1`,
			`sessions[1].issue_ids: [] -> [CQLF-R1-0002], named by the verification record`,
			`sessions[1].pr_url:  -> https://github.com/o/r/pull/2, a verification record names session and pull request`,
			`sessions[2].issue_ids: [ | CQLF-R1-0003] -> [CQLF-R1-0003], blank ids removed; nothing names the issues`,
			`sessions[3].pr_url:  -> https://github.com/o/r/pull/4, the pull request names the session's id`,
		}
		same := func(what string, changes []telemetry.Change, err error, want ...string) {
			t.Helper()
			var got []string
			for _, c := range changes {
				got = append(got, fmt.Sprintf("%s: %s -> %s, %s", c.Field, shown(c.Old), shown(c.New), c.Reason))
			}
			if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s (%v):\n%s\nwant\n%s", what, err, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		changes, err := s.Backfill(t.Context(), false)
		same("dry run", changes, err, want...)
		storetest.SameDump(t, "after the dry run", storetest.DumpOf(t, s), before)
		changes, err = s.Backfill(t.Context(), true)
		same("applied", changes, err, want...)
		if i := issueOf(t, s, "bbbbbbbbbbbbbbbb1"); i.Attempts != 1 {
			t.Errorf("the issue of the filled id has %d attempts, want 1", i.Attempts)
		}
		if p := pullOf(t, s, 4); p.Basis != telemetry.LinkSessionID {
			t.Errorf("after the fill the link's basis is %q", p.Basis)
		}
		changes, err = s.Backfill(t.Context(), true)
		same("applied again", changes, err)
		raw, err := s.Raw(t.Context(), "", "1.json")
		if err != nil || string(raw.Body) != string(scan.Body) {
			t.Errorf("the record as fetched has changed: %v", err)
		}
		changes, err = s.UndoBackfill(t.Context(), true)
		if err != nil || len(changes) != len(want) {
			t.Errorf("undone: %d changes (%v), want %d", len(changes), err, len(want))
		}
		storetest.SameDump(t, "undone", storetest.DumpOf(t, s), before)
		changes, err = s.UndoBackfill(t.Context(), true)
		same("undone again", changes, err)
		changes, err = s.Backfill(t.Context(), false)
		same("dry run after the undoing", changes, err, want...)
	})
}

func shown(v any) string {
	switch list := v.(type) {
	case []string:
		return "[" + strings.Join(list, " | ") + "]"
	case string:
		return list
	}
	return fmt.Sprintf("%T", v)
}

func issueOf(t *testing.T, s *storetest.Store, fingerprint string) telemetry.IssueRow {
	t.Helper()
	list, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Size: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list.Items {
		if i.Fingerprint == fingerprint {
			return i
		}
	}
	t.Fatalf("no issue of %s", fingerprint)
	return telemetry.IssueRow{}
}

func pullOf(t *testing.T, s *storetest.Store, number int64) telemetry.PullRow {
	t.Helper()
	list, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Page: query.Page{Size: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Items {
		if p.Number == number {
			return p
		}
	}
	t.Fatalf("no pull request %d", number)
	return telemetry.PullRow{}
}
