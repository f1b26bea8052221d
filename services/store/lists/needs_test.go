package lists_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// needsOf are the rows of a query, each with what it stands for, and checks that
// the counts of the groups are those of the rows.
func needsOf(t *testing.T, s *storetest.Store, text string) []string {
	t.Helper()
	l := lists.Needs(s.Store)
	q := storetest.Parse(t, l, text)
	list, err := l.Rows(t.Context(), query.Ask{Query: q, Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	var now time.Time
	err = s.Read(t.Context(), func(tx *store.Tx) error {
		now = tx.Now()
		return tx.Err()
	})
	then, thenErr := l.Rows(t.Context(), query.Ask{Query: q, AsOf: now, Page: storetest.AllRows()})
	if diff := cmp.Diff(list.Items, then.Items); err != nil || thenErr != nil || diff != "" {
		t.Errorf("%q: as of now %v %v %s", text, err, thenErr, diff)
	}
	rows, groups := []string{}, map[telemetry.Need]int64{}
	for _, n := range list.Items {
		rows = append(rows, strings.TrimSpace(fmt.Sprintf("%s: %s, %d issues %s", n.Need, n.Subject(), len(n.Issues), n.Severity)))
		groups[n.Need]++
	}
	counts, err := lists.SumsOf(s.Store).NeedCounts(t.Context(), query.Ask{Query: q})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(groups, counts); diff != "" && !strings.Contains(text, "group:") {
		t.Errorf("%q: the counts of the groups are not those of the rows: %s", text, diff)
	}
	if text == "" {
		l := lists.Verifications(s.Store)
		open, _ := storetest.Total(t, l, query.Ask{Query: storetest.Parse(t, l, "outcome:verified_not_merged")})
		if open != counts[telemetry.NeedMerge] {
			t.Errorf("%d verifications are not merged, and %d need someone", open, counts[telemetry.NeedMerge])
		}
	}
	return rows
}

func sessionOf(id, status string, ids ...string) map[string]any {
	return map[string]any{"session_id": id, "batch_id": len(ids) + len(id), "status": status, "issue_ids": ids}
}

func verified(at, session string, pull int, run int64, name string) telemetry.FetchedFile {
	return storetest.Fetched("v"+session+".json", fmt.Appendf(nil, `{"verified_at": %q, "session_id": %q, "source_run_number": "%d",
		"pr_number": "%d", "pr_url": "https://github.com/a/b/pull/%d", "summary": {"total_targeted": 1, "fixed_count": 1, "remaining_count": 0},
		"verified_fixed": [{"id": %q, "fingerprint": %q, "rule_id": "js/%s"}], "still_present": []}`,
		at, session, run, pull, pull, storetest.IssueID(run, 0), strings.Repeat(name, 20), name))
}

// TestNeedsLeaveByThemselves: a row is there while there is something left to
// do about it, and goes with what is done.
func TestNeedsLeaveByThemselves(t *testing.T) {
	one, two, three := "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z", "2026-03-03T10:00:00Z"
	const failed = "error: 429 Client Error"
	scan := func(run int64, at string, findings string, sessions ...map[string]any) telemetry.FetchedFile {
		return storetest.TinyScan(run, at, 0, strings.Split(findings, "; "), sessions...)
	}
	a, b := storetest.IssueID(1, 0), storetest.IssueID(1, 1)
	never := scan(1, one, "A critical xss; B high sqli; C low logging", sessionOf("", failed, a), sessionOf("", failed, a, b))
	ended := scan(1, one, "A medium xss; B low sqli", sessionOf("aaaaaa01", "finished", a), sessionOf("aaaaaa2", "expired", b))
	fixed := scan(1, one, "A medium xss; B low sqli", sessionOf("aaaaaa01", "finished", a))
	for _, tc := range []struct {
		name  string
		files []telemetry.FetchedFile
		pulls []telemetry.PullRequest
		want  []string
	}{
		{"a scan that lists critical and high issues", []telemetry.FetchedFile{scan(1, one, "A critical xss; B high sqli; C medium xss")}, nil,
			[]string{"new: js/A, 1 issues critical", "new: js/B, 1 issues high"}},
		{"they are no longer new", []telemetry.FetchedFile{scan(1, one, "A critical xss"), scan(2, two, "A critical xss")}, nil, []string{}},
		{"a session took one", []telemetry.FetchedFile{scan(1, one, "A critical xss; B high sqli", sessionOf("aaaaaa01", "created", a))}, nil,
			[]string{"new: js/B, 1 issues high"}},
		{"one that came back asks again", []telemetry.FetchedFile{scan(1, one, "A high xss; B low sqli", sessionOf("aaaaaa01", "finished", a)),
			scan(2, two, "B low sqli"), scan(3, three, "A high xss; B low sqli")}, nil, []string{"new: js/A, 1 issues high"}},
		{"batches that one cause kept from starting are one row", []telemetry.FetchedFile{never}, nil,
			[]string{"never_started: 2 batches never started, 2 issues critical"}},
		{"a later session took one of their issues", []telemetry.FetchedFile{never,
			scan(2, two, "A critical xss; B high sqli; C low logging", sessionOf("aaaaaa01", "created", storetest.IssueID(2, 0)))}, nil,
			[]string{"never_started: Batch 2 of run 1, 1 issues high"}},
		{"and the other one is fixed", []telemetry.FetchedFile{never,
			scan(2, two, "A critical xss; B high sqli; C low logging", sessionOf("aaaaaa01", "created", storetest.IssueID(2, 0))),
			scan(3, three, "A critical xss; C low logging")}, nil, []string{}},
		{"sessions that ended without a pull request", []telemetry.FetchedFile{ended}, nil,
			[]string{"gave_up: Session aaaaaa01, 1 issues medium", "gave_up: Session aaaaaa2, 1 issues low"}},
		{"a later session took the issue of one", []telemetry.FetchedFile{ended,
			scan(2, two, "A medium xss; B low sqli", sessionOf("aaaaaa03", "created", storetest.IssueID(2, 0)))}, nil,
			[]string{"gave_up: Session aaaaaa2, 1 issues low"}},
		{"both are fixed", []telemetry.FetchedFile{ended, scan(2, two, "C low logging")}, nil, []string{}},
		{"a session whose pull request was closed", []telemetry.FetchedFile{fixed}, []telemetry.PullRequest{{State: "closed"}}, []string{}},
		{"an open pull request", []telemetry.FetchedFile{fixed}, []telemetry.PullRequest{{State: "open"}},
			[]string{"pr_ready: Fix, 1 issues medium"}},
		{"a verified one", []telemetry.FetchedFile{fixed, verified(two, "aaaaaa01", 7, 1, "A")}, []telemetry.PullRequest{{State: "open"}},
			[]string{"verified: Fix, 1 issues medium"}},
		{"a merged one that no scan has looked at", []telemetry.FetchedFile{fixed}, []telemetry.PullRequest{{State: "closed",
			MergedAt: storetest.Day("2026-03-01 12:00")}}, []string{}},
		{"a merged one whose issue is still there", []telemetry.FetchedFile{fixed, scan(2, two, "A medium xss; B low sqli")},
			[]telemetry.PullRequest{{State: "closed", MergedAt: storetest.Day("2026-03-01 12:00")}}, []string{"still_there: Fix, 1 issues medium"}},
		{"and then gone", []telemetry.FetchedFile{fixed, scan(2, two, "A medium xss; B low sqli"), scan(3, three, "B low sqli")},
			[]telemetry.PullRequest{{State: "closed", MergedAt: storetest.Day("2026-03-01 12:00")}}, []string{}},
	} {
		storetest.At(t, storetest.Day("2026-03-03 12:00"), func(t *testing.T, s *storetest.Store) {
			storetest.Put(t, s, tc.files...)
			for _, p := range tc.pulls {
				p.Repo, p.Number, p.Title, p.Body = "a/b", 7, "Fix", "by https://app.devin.ai/sessions/aaaaaa01"
				p.CreatedAt, p.UpdatedAt = storetest.Day("2026-03-01 11:00"), storetest.Day("2026-03-01 12:00")
				storetest.SavePulls(t, s, []telemetry.PullRequest{p})
			}
			if diff := cmp.Diff(tc.want, needsOf(t, s, "")); diff != "" {
				t.Errorf("%s (-want +got)\n%s", tc.name, diff)
			}
		})
	}
}

// TestBlockedSessionsGaveUp: a session that says that it is blocked, and no
// longer works or waits, gave up, also with a pull request that was closed;
// what says so is one row, whatever its state.
func TestBlockedSessionsGaveUp(t *testing.T) {
	const one = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1"
	a := storetest.IssueID(1, 0)
	for _, tc := range []struct {
		name, detail, output string
		pull                 *telemetry.PullRequest
		want                 []string
	}{
		{"finished", "finished", `{"status":"blocked"}`, nil, []string{"gave_up: Devin says that it is blocked."}},
		{"finished, and done", "finished", `{"status":"done"}`, nil, []string{"gave_up: Finished without a pull request."}},
		{"its pull request was closed", "finished", `{"status":"blocked"}`, &telemetry.PullRequest{State: "closed"},
			[]string{"gave_up: Devin says that it is blocked."}},
		{"and it was done", "finished", `{"status":"done"}`, &telemetry.PullRequest{State: "closed"}, nil},
		{"its pull request is open", "finished", `{"status":"blocked"}`, &telemetry.PullRequest{State: "open"},
			[]string{"pr_ready: The pull request is open."}},
		{"its pull request is merged", "finished", `{"status":"blocked"}`, &telemetry.PullRequest{State: "closed",
			MergedAt: storetest.Day("2026-03-01 12:00")}, nil},
		{"it still works", "working", `{"status":"blocked"}`, nil, nil},
		{"it waits", "waiting_for_user", `{"status":"blocked"}`, nil,
			[]string{"waiting: Devin waits for an answer and has opened no pull request."}},
	} {
		storetest.At(t, storetest.Day("2026-03-01 13:00"), func(t *testing.T, s *storetest.Store) {
			storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A medium xss"}, sessionOf(one, "running", a)))
			err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{{ID: one, API: "v3", Status: "running",
				Detail: tc.detail, UpdatedAt: storetest.Day("2026-03-01 12:30"), Output: telemetry.KeepOutput([]byte(tc.output))}}})
			if err != nil {
				t.Fatal(err)
			}
			if p := tc.pull; p != nil {
				p.Repo, p.Number, p.Title, p.Body = "a/b", 7, "Fix", "by https://app.devin.ai/sessions/"+one
				p.CreatedAt, p.UpdatedAt = storetest.Day("2026-03-01 11:00"), storetest.Day("2026-03-01 12:00")
				storetest.SavePulls(t, s, []telemetry.PullRequest{*p})
			}
			rows, err := lists.Needs(s.Store).Rows(t.Context(), query.Ask{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range rows.Items {
				got = append(got, string(n.Need)+": "+n.Detail())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", tc.name, diff)
			}
		})
	}
}

// TestNeedsOfAStartedRun: what a run was started for is no longer to do, and
// listed as started, until the run leaves its record or is overdue.
func TestNeedsOfAStartedRun(t *testing.T) {
	now := storetest.Day("2026-03-01 12:00")
	clock := func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A critical xss"}))
		sub := telemetry.Submission{Token: "d", Kind: telemetry.SubmissionDispatch, Subject: "A/b"}
		if _, _, err := s.BeginSubmission(t.Context(), sub); err != nil {
			t.Fatal(err)
		}
		row := []string{"new: js/A, 1 issues critical"}
		for text, want := range map[string][]string{"": {}, "is:started": row, "is:todo": {}, "is:todo,started": row} {
			if diff := cmp.Diff(want, needsOf(t, s, text)); diff != "" {
				t.Errorf("%q (-want +got)\n%s", text, diff)
			}
		}
		list, err := lists.Needs(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Needs(s.Store), "is:started"), Page: storetest.AllRows()})
		if err != nil || len(list.Items) != 1 || !list.Items[0].StartedAt.Equal(now) {
			t.Errorf("started at %v: %v", list.Items, err)
		}
		storetest.Put(t, s, storetest.TinyScan(2, "2026-03-01T12:30:00Z", 0, []string{"A critical xss", "B high sqli"}))
		if diff := cmp.Diff([]string{"new: js/B, 1 issues high"}, needsOf(t, s, "")); diff != "" {
			t.Errorf("after its record (-want +got)\n%s", diff)
		}
	}
	storetest.At(t, now, clock)
}

// TestNeedsAreFiltered: group, severity, repository, rule, age and text choose rows
// as on any list.
func TestNeedsAreFiltered(t *testing.T) {
	storetest.At(t, storetest.Day("2026-03-05 12:00"), func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A critical xss", "B high sqli", "C low logging"},
			sessionOf("aaaaaa01", "expired", storetest.IssueID(1, 2))))
		a, b, c := "new: js/A, 1 issues critical", "new: js/B, 1 issues high", "gave_up: Session aaaaaa01, 1 issues low"
		for text, want := range map[string][]string{
			"": {a, b, c}, "group:new": {a, b}, "group:gave_up,stuck": {c}, "severity:high,low": {b, c}, "repo:a/b": {a, b, c}, "repo:a/x": {},
			"rule:js/B": {b}, "js/a": {a}, "age:>3d": {a, b, c}, "age:>9d": {}, "-group:new": {c},
			"due:<7d": {a}, "due:<30d": {a, b}, "due:>=30d": {c}, "due:2026-03-08": {a}, "-due:<30d": {c},
		} {
			if diff := cmp.Diff(want, needsOf(t, s, text)); diff != "" {
				t.Errorf("%q (-want +got)\n%s", text, diff)
			}
		}
	})
}

// TestNeedsOfUnnamedIssues: of a session of whose issues no record says which they
// are, the row goes once a later session has their ids, or nothing is open.
func TestNeedsOfUnnamedIssues(t *testing.T) {
	storetest.At(t, storetest.Day("2026-03-05 12:00"), func(t *testing.T, s *storetest.Store) {
		step := func(name string, want []string, f telemetry.FetchedFile) {
			storetest.Put(t, s, f)
			if diff := cmp.Diff(want, needsOf(t, s, "")); diff != "" {
				t.Errorf("%s (-want +got)\n%s", name, diff)
			}
		}
		step("unnamed", []string{"gave_up: Session aaaaaa01, 0 issues"},
			storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A low xss"}, sessionOf("aaaaaa01", "expired", "CQLF-R9-0001")))
		step("taken again", []string{},
			storetest.TinyScan(2, "2026-03-02T10:00:00Z", 0, []string{"A low xss"}, sessionOf("aaaaaa02", "working", "CQLF-R9-0001")))
		step("failed again", []string{"gave_up: Session aaaaaa03, 0 issues"},
			storetest.TinyScan(3, "2026-03-03T10:00:00Z", 0, []string{"A low xss"}, sessionOf("aaaaaa03", "expired", "CQLF-R9-0001")))
		step("nothing is open", []string{}, storetest.TinyScan(4, "2026-03-04T10:00:00Z", 0, nil))
	})
}

// TestNeedsOfOverdueScans: a repository's next scan needs someone once it is later
// than twice the usual interval.
func TestNeedsOfOverdueScans(t *testing.T) {
	for at, want := range map[string][]string{"2026-03-15 09:59": {}, "2026-03-15 10:01": {"overdue: a/b, 0 issues"}} {
		storetest.At(t, storetest.Day(at), func(t *testing.T, s *storetest.Store) {
			storetest.Put(t, s, storetest.TinyHistory()...)
			if diff := cmp.Diff(want, needsOf(t, s, "group:overdue")); diff != "" {
				t.Errorf("%s (-want +got)\n%s", at, diff)
			}
		})
	}
}

// TestNeedsOfRetiredRepositories: nobody can act in a repository that was archived, so
// that nothing of it waits, whatever it is; before that time it did, and unarchived
// it does again.
func TestNeedsOfRetiredRepositories(t *testing.T) {
	now, before := storetest.Day("2026-03-05 12:00"), storetest.Day("2026-03-05 11:00")
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, storetest.TinyScan(1, "2026-03-01T10:00:00Z", 0, []string{"A critical xss", "B high sqli", "C low logging", "D low xss"},
			sessionOf("aaaaaa01", "expired", storetest.IssueID(1, 2)), sessionOf("", "error: 429 Client Error", storetest.IssueID(1, 3)),
			sessionOf("aaaaaa02", "finished", storetest.IssueID(1, 1))))
		storetest.SavePulls(t, s, []telemetry.PullRequest{{Repo: "a/b", Number: 7, Title: "Fix", Body: "by https://app.devin.ai/sessions/aaaaaa02",
			State: "open", CreatedAt: storetest.Day("2026-03-01 11:00"), UpdatedAt: storetest.Day("2026-03-01 12:00")}})
		all := []string{"new: js/A, 1 issues critical", "pr_ready: Fix, 1 issues high", "gave_up: Session aaaaaa01, 1 issues low",
			"never_started: Batch 1 of run 1, 1 issues low"}
		for _, step := range []struct {
			name     string
			archived bool
			want     []string
		}{{"in use", false, all}, {"archived", true, []string{}}, {"unarchived", false, all}} {
			answer := telemetry.RepoAnswer{Asked: "a/b", GitHubRepo: telemetry.GitHubRepo{ID: 7, Name: "a/b", Archived: step.archived}}
			if _, err := s.SaveRepos(t.Context(), []telemetry.RepoAnswer{answer}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(step.want, needsOf(t, s, "group:new,pr_ready,gave_up,never_started")); diff != "" {
				t.Errorf("%s (-want +got)\n%s", step.name, diff)
			}
			if n, _ := storetest.Total(t, lists.Needs(s.Store), query.Ask{AsOf: before}); n != int64(len(all)) {
				t.Errorf("%s: %d rows as of a time before, want %d", step.name, n, len(all))
			}
			then, err := lists.Needs(s.Store).Rows(t.Context(), query.Ask{AsOf: before, Page: storetest.AllRows()})
			counts, countsErr := lists.SumsOf(s.Store).NeedCounts(t.Context(), query.Ask{AsOf: before})
			if err != nil || countsErr != nil || len(then.Items) != len(all) || len(counts) != len(all) {
				t.Errorf("%s, before: %d rows in %d groups, want %d (%v, %v)", step.name, len(then.Items), len(counts), len(all), err, countsErr)
			}
		}
	})
}
