package lists_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// oracle answers random queries of one list from its rows.
type oracle[T any] struct {
	list       string // its name
	schema     *query.Schema
	sorts      []string
	rows       []T
	id         func(T) string
	vocabulary map[string]randomTerms[T]
	ascending  map[string]func(a, b T) int      // each sort, from its least to its most
	unasked    func(row T, words []string) bool // a row that a list shows only if it is asked for; nil: none
	ask        func(query.Ask) (telemetry.List[T], error)
}

// TestQueriesAgainstAnOracle: what a query matches is what its documented
// meaning says of each row, for random queries of everything that a list
// understands, page by page.
func TestQueriesAgainstAnOracle(t *testing.T) {
	now := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		heads := fillForOracle(t, s, now)
		decideForOracle(t, s, now)
		campaignForOracle(t, s)
		ownForOracle(t, s)
		rateForOracle(t, s)
		pulls, linked := everyPull(t, s)
		issueOracle(t, s, now, linked).check(t, 260, amidRuns(t, s))
		sessionOracle(t, s, now, pulls, linked).check(t, 200, amidRuns(t, s))
		pullOracle(t, s, now, pulls, heads).check(t, 200, amidRuns(t, s))
	})
}

func (o oracle[T]) check(t *testing.T, queries int, past time.Time) {
	t.Helper()
	queries = testsize.Of(t, "queries of "+o.list, queries/5, queries)
	if len(o.rows) < 30 {
		t.Fatalf("%s: %d rows are too few to tell anything", o.list, len(o.rows))
	}
	names := []string{""}
	for _, f := range o.schema.Fields {
		if o.vocabulary[f.Name] == nil {
			t.Errorf("%s: the oracle does not know %s:", o.list, f.Name)
		} else {
			names = append(names, f.Name)
		}
	}
	o.inOrder(t, time.Time{})
	o.inOrder(t, past)
	dice, some := rand.New(rand.NewPCG(5, 2)), 0
	for n := range queries {
		text, holds, words := randomQuery(dice, o.vocabulary, names)
		want := []string{}
		for _, row := range o.rows {
			if holds(row) && (o.unasked == nil || !o.unasked(row, words)) {
				want = append(want, o.id(row))
			}
		}
		if len(want) > 0 && len(want) < len(o.rows) {
			some++
		}
		p := query.Page{Size: int64(pick(dice, []int{25, 200})), Sort: o.sorts[n%len(o.sorts)], Order: pick(dice, []string{"", "asc", "desc"})}
		got, total := o.pages(t, o.parse(t, text), p)
		slices.Sort(got)
		slices.Sort(want)
		if total != int64(len(want)) || !slices.Equal(got, want) {
			without := func(a, b []string) []string {
				a = slices.DeleteFunc(slices.Clone(a), func(id string) bool { return slices.Contains(b, id) })
				return a[:min(3, len(a))]
			}
			t.Errorf("%s %s sorted by %s: %d rows on the pages, total %d; %d mean it; too many: %v, missing: %v", o.list, text, p.Sort, len(got), total, len(want), without(got, want), without(want, got))
		}
	}
	if some < queries/4 {
		t.Errorf("%s: only %d of %d queries parted the rows", o.list, some, queries)
	}
}

func (o oracle[T]) parse(t *testing.T, text string) query.Query {
	t.Helper()
	q, err := o.schema.Parse(text)
	if err != nil {
		t.Fatalf("%s %q: %v", o.list, text, err)
	}
	return q
}

// inOrder: each sort has the rows in its order, and "desc" has that of "asc"
// backwards, today and at a past time, unless the sort is refused there.
func (o oracle[T]) inOrder(t *testing.T, at time.Time) {
	t.Helper()
	refused := 0
	for _, sort := range o.sorts {
		compare, ids := o.ascending[sort], map[string][]string{}
		if compare == nil {
			t.Errorf("%s: the oracle does not know the sort %q", o.list, sort)
			continue
		}
		for _, order := range []string{"asc", "desc"} {
			list, err := o.ask(query.Ask{AsOf: at, Page: query.Page{Number: 1, Size: 1000, Sort: sort, Order: order}})
			if !at.IsZero() && telemetry.CodeOf(err) == telemetry.CodeNoPast {
				ids = nil
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if order == "desc" {
				slices.Reverse(list.Items)
			}
			if !slices.IsSortedFunc(list.Items, compare) {
				t.Errorf("%s sorted by %s %s at %v are not in order", o.list, sort, order, at)
			}
			for _, row := range list.Items {
				ids[order] = append(ids[order], o.id(row))
			}
		}
		if ids == nil {
			refused++
		} else if len(ids["asc"]) == 0 || !slices.Equal(ids["asc"], ids["desc"]) {
			t.Errorf("%s sorted by %s at %v: desc is not asc backwards", o.list, sort, at)
		}
	}
	if refused > len(o.sorts)/2 {
		t.Errorf("%s: %d of %d sorts are refused at a past time", o.list, refused, len(o.sorts))
	}
}

// amidRuns is the time of a run in the middle of those that are stored.
func amidRuns(t *testing.T, s *storetest.Store) time.Time {
	t.Helper()
	runs, err := lists.Runs(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil || len(runs.Items) == 0 {
		t.Fatal("no runs", err)
	}
	return runs.Items[len(runs.Items)/2].At.Time
}

// along orders rows by a key.
func along[T any, K cmp.Ordered](key func(T) K) func(a, b T) int {
	return func(a, b T) int { return cmp.Compare(key(a), key(b)) }
}

// pages are the ids of all pages of an answer, and the total.
func (o oracle[T]) pages(t *testing.T, q query.Query, p query.Page) (ids []string, total int64) {
	t.Helper()
	for p.Number = 1; ; p.Number++ {
		list, err := o.ask(query.Ask{Query: q, Page: p})
		if err != nil {
			t.Fatalf("%s %s: %v", o.list, q, err)
		}
		for _, row := range list.Items {
			ids = append(ids, o.id(row))
		}
		if int64(len(list.Items)) < p.Size {
			return ids, list.Total
		}
	}
}

// invalidInputScan is a scan of a record with names that hold what queries give a
// meaning to.
func invalidInputScan() telemetry.FetchedFile {
	fingerprints := []map[string]any{}
	for i, file := range []string{`src/100%_a\b/Ünï "q", x.js`, "src/100xya/b.js", "a b/is:open.js", "-dash/*star*.js"} {
		fingerprints = append(fingerprints, map[string]any{"id": []string{`ODD-1,2`, `ODD"3`, `odd\4`, "ÖDD_5%"}[i], "fingerprint": fmt.Sprintf("%020x", 0xabcdef012345+i), "rule_id": []string{"js/odd*rule", "JS/Odd_Rule", "js/oddxrule", "Ünicode/rule"}[i],
			"severity_tier": []string{"weird", "", "critical", "low"}[i], "cwe_family": []string{"Cross, Site", "", "cross_site", "xss"}[i], "file": file, "start_line": i})
	}
	body, _ := json.Marshal(map[string]any{"target_repo": "https://github.com/Odd-Org/re_po.x", "fork_url": "https://github.com/fork-org/re_po.x", "run_number": 901, "run_id": "9", "run_label": "odd, label", "timestamp": "2026-05-19T08:00:00Z", "issues_found": 4, "issue_fingerprints": fingerprints,
		"sessions": []map[string]any{{"session_id": "devin-0dd1", "batch_id": 1, "status": "running", "issue_ids": []string{`ODD-1,2`, `ODD"3`, "ÖDD_5%", "CQLF-R901-0001"}}, {"session_id": "0dd2", "batch_id": 2, "status": "created", "issue_ids": []string{"CQLF-R901-0001"}}, {"session_id": "dry-run", "batch_id": 3, "status": "dry-run", "issue_ids": []string{`odd\4`}}, {"session_id": "", "batch_id": 4, "status": "error", "issue_ids": []string{`odd\4`}}}})
	return storetest.Fetched("odd_901.json", body)
}

// fillForOracle stores records, answers of Devin and pull requests, and
// returns the head branches of these by key.
func fillForOracle(t *testing.T, s *storetest.Store, now time.Time) map[string]string {
	t.Helper()
	files := append(storetest.GeneratedFiles(3), invalidInputScan())
	storetest.Put(t, s, files...)
	for i, f := range files {
		if i%5 > 0 && f.Record.Kind == telemetry.KindScan {
			storetest.PutLogs(t, s, storetest.LogOf(f))
		}
	}
	var answer telemetry.SessionAnswer
	heads := map[string]string{}
	pulls := storetest.PullsFor(files)
	for i := range pulls {
		p := &pulls[i]
		p.User, p.HeadRef, p.Draft = []string{"devin-ai-integration[bot]", "Ada", "o_b", "o%b"}[i%4], fmt.Sprintf("devin/%d-fix", i), i%3 == 0
		p.Title = []string{"", "100% ", "a_b, ", `"Ünï" [x] `}[i%4] + p.Title
		if p.ClosedAt = p.MergedAt; i%7 == 0 && p.MergedAt.IsZero() {
			p.State, p.ClosedAt = "closed", p.CreatedAt.Add(90*time.Minute)
		}
		if i%6 == 1 {
			p.Repo = "fork-org/re_po.x"
		}
		heads[(telemetry.PullRef{Repo: telemetry.RepoName(p.Repo), Number: int64(p.Number)}).Key()] = p.HeadRef
	}
	n := 0
	for _, f := range files {
		if f.Record == nil {
			continue
		}
		for _, session := range f.Record.Sessions {
			id := telemetry.SessionKey(session.ID)
			if n++; n%3 == 0 || id == "" {
				continue
			}
			u := telemetry.UpstreamSession{ID: id, API: "v1", Status: []string{"working", "blocked", "finished", "expired"}[n%4], Title: fmt.Sprintf("Fix, no. %d", n), CreatedAt: f.Record.Timestamp, UpdatedAt: now.Add(-time.Duration(n) * 5 * time.Hour)}
			if n%5 == 0 {
				u.PRs = []telemetry.UpstreamPR{{URL: fmt.Sprintf("https://github.com/%s/pull/%d", f.Record.Repo, 9000+n)}, {URL: fmt.Sprintf("https://github.com/%s/pull/%d", pulls[n%len(pulls)].Repo, pulls[n%len(pulls)].Number)}}
			}
			sayForOracle(&u, n, session.IssueIDs)
			answer.Sessions = append(answer.Sessions, u)
		}
	}
	if err := s.SavePoll(t.Context(), answer); err != nil {
		t.Fatal(err)
	}
	storetest.SavePulls(t, s, pulls)
	for i, p := range pulls {
		status := telemetry.PullStatus{Review: []telemetry.Optional{"approved", "changes_requested", "required", "none", ""}[i%5],
			Checks:    []telemetry.Optional{"success", "failure", "pending", "none"}[i%4],
			Mergeable: []telemetry.Optional{"mergeable", "conflict", "unknown"}[i%3]}
		if err := s.SavePullDetails(t.Context(), telemetry.PullDetails{Pull: p, Status: status, AskedAt: now}); err != nil {
			t.Fatal(err)
		}
	}
	return heads
}

// sayForOracle lets some sessions say something of their issues.
func sayForOracle(u *telemetry.UpstreamSession, n int, issues []string) {
	u.MilliACUs, u.Playbook = int64(n%4)*1300, []string{"", "codeql-fix", `Fix "all", 100%`}[n%3]
	if n%2 == 0 {
		u.Tags = append([]string{"codeql-fix", "batch-7", `odd, "tag"`}, issues...)
	}
	claim := telemetry.Claim{Status: "done"}
	half := len(issues) / 2
	switch n % 7 {
	case 0:
		return
	case 1, 2:
		claim.Fixed = issues
	case 3, 4:
		claim.Fixed = issues[:half]
		for _, id := range issues[half:] {
			claim.Blocked = append(claim.Blocked, telemetry.BlockedIssue{ID: id, Reason: "no tests"})
		}
	}
	if n%5 < 2 {
		passing := n%5 == 0
		claim.TestsPassing = &passing
	}
	u.Output, _ = json.Marshal(claim)
}

// everyPull returns all pull requests, and those of each session by its key:
// its links that are not ambiguous.
func everyPull(t *testing.T, s *storetest.Store) (pulls []telemetry.PullRow, linked map[string][]telemetry.PullRef) {
	t.Helper()
	list, err := lists.Pulls(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	linked = map[string][]telemetry.PullRef{}
	for _, p := range list.Items {
		ref := telemetry.PullRef{Repo: p.Repo, Number: p.Number}
		d, _, err := s.PullDetail(t.Context(), ref, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, session := range d.Sessions {
			if !session.Ambiguous {
				linked[session.Key] = append(linked[session.Key], ref)
			}
		}
	}
	return list.Items, linked
}

// TestQueriesOfOddNames: what a list of ids is written with, and what stands
// for "no session", is found nowhere; * stands for a part of one id.
func TestQueriesOfOddNames(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		storetest.Put(t, s, invalidInputScan())
		at := time.Date(2026, 5, 19, 9, 0, 0, 0, time.UTC)
		storetest.SavePulls(t, s, []telemetry.PullRequest{{Repo: "odd-org/re_po.x", Number: 1, Title: "either's: CQLF-R901-0001", State: "open", CreatedAt: at, UpdatedAt: at}})
		for text, want := range map[string]int64{
			`"ODD-1,2"`:                       1,
			`"dd\"3"`:                         1,
			`"\","`:                           0,
			"[":                               0,
			"ÖDD":                             1,
			`issue:"ODD\"3"`:                  1,
			"issue:odd-*":                     1,
			"issue:odd-*3":                    0,
			"issue:ÖDD*":                      1,
			`is:never_started issue:"ODD\\4"`: 1,
			"id:dry-run":                      0,
			"id:devin-0dd*":                   2,
		} {
			if all, rows := storetest.Total(t, lists.Sessions(s.Store), query.Ask{Query: storetest.Parse(t, lists.Sessions(s.Store), text)}); all != want || rows != want {
				t.Errorf("sessions %s: %d rows, total %d, instead of %d", text, rows, all, want)
			}
		}
		for text, want := range map[string]int64{
			"":                1,
			"session:dry-run": 0,
			"session:*":       0,
			"-session:*":      1,
		} {
			if all, rows := storetest.Total(t, lists.Pulls(s.Store), query.Ask{Query: storetest.Parse(t, lists.Pulls(s.Store), text)}); all != want || rows != want {
				t.Errorf("pulls %s: %d rows, total %d, instead of %d", text, rows, all, want)
			}
		}
	})
}
