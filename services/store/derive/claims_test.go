package derive_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

const (
	claimsFirst  = "11111111111111111111111111111111" // takes A and B
	claimsSecond = "22222222222222222222222222222222" // takes C
	claimsThird  = "33333333333333333333333333333333" // takes B again
)

// claimEvents are what a store learns of three sessions, in their own order:
// each may come at another time.
func claimEvents() map[string]func(*testing.T, *storetest.Store) {
	session := func(id string, ids ...string) map[string]any {
		return map[string]any{"session_id": "devin-" + id, "batch_id": 1, "status": "created", "issue_ids": ids}
	}
	scan := func(run int64, at string, findings []string, sessions ...map[string]any) func(*testing.T, *storetest.Store) {
		return func(t *testing.T, s *storetest.Store) {
			storetest.Put(t, s, storetest.ScanRecord{Repo: "o/r", Run: run, At: at, Findings: findings, Sessions: sessions}.File(fmt.Sprint(run, ".json")))
		}
	}
	a, b, c := "js/a a.js 1 aaaaaaaaaaaaaaaaaaaa", "js/b b.js 2 bbbbbbbbbbbbbbbbbbbb", "js/c c.js 3 cccccccccccccccccccc"
	output := func(text string) []byte { return telemetry.KeepOutput([]byte(text)) }
	return map[string]func(*testing.T, *storetest.Store){
		"1 first scan": scan(1, "2026-03-01T10:00:00Z", []string{a, b, c},
			session(claimsFirst, storetest.IssueID(1, 0), storetest.IssueID(1, 1)), session(claimsSecond, storetest.IssueID(1, 2))),
		"2 poll": func(t *testing.T, s *storetest.Store) {
			at := storetest.Day("2026-03-01 12:00")
			err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{
				{ID: claimsFirst, API: "v3", Status: "running", Detail: "finished", UpdatedAt: at, MilliACUs: 1001, Playbook: "fix-v2",
					Tags: []string{"codeql-fix"}, Output: output(`{"issues_fixed":["cqlf-r1-0001","CQLF-R1-0002"],"issues_blocked":[{"id":"CQLF-R1-0002","reason":"no tests"}]}`)},
				{ID: claimsSecond, API: "v3", Status: "running", Detail: "finished", UpdatedAt: at, Output: output(`{"issues_attempted":["CQLF-R1-0003"]}`)},
			}})
			if err != nil {
				t.Fatal(err)
			}
		},
		"3 pull request": func(t *testing.T, s *storetest.Store) {
			at := storetest.Day("2026-03-02")
			storetest.SavePulls(t, s, []telemetry.PullRequest{{Repo: "o/r", Number: 7, Title: "Fix", Body: "Session: https://app.devin.ai/sessions/" + claimsFirst,
				State: "closed", CreatedAt: at, UpdatedAt: at, ClosedAt: at.Add(time.Hour), MergedAt: at.Add(time.Hour)}})
		},
		"4 second scan": scan(2, "2026-03-03T10:00:00Z", []string{b, c}, session(claimsThird, storetest.IssueID(2, 0))),
		"5 third scan":  scan(3, "2026-03-05T10:00:00Z", []string{c}),
	}
}

// claimsOf are the claims of sessions as "issue: claim, found", by session.
func claimsOf(t *testing.T, s *storetest.Store, sessions ...string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, id := range sessions {
		d, found, err := s.SessionDetail(t.Context(), id, time.Time{})
		if err != nil || !found {
			t.Fatal(id, found, err)
		}
		rules := map[string]string{}
		for _, i := range d.Issues {
			rules[i.PublicID] = i.Rule
		}
		for _, c := range d.IssueClaims {
			line := fmt.Sprintf("%s: %s, %s", rules[c.Issue], c.Claim, c.Found)
			if c.Unsure {
				line += ", merge unknown"
			}
			if c.Reason != "" {
				line += ", " + string(c.Reason)
			}
			if c.ACUs != nil {
				line += fmt.Sprintf(", %.3f", *c.ACUs)
			}
			out[id] = append(out[id], line)
		}
		slices.Sort(out[id])
	}
	return out
}

// TestClaimsAgainstFindings: in whatever order a store learns of scans, claims
// and pull requests, each attempt comes to the same end.
func TestClaimsAgainstFindings(t *testing.T) {
	events := claimEvents()
	names := []string{"1 first scan", "2 poll", "3 pull request", "4 second scan", "5 third scan"}
	now := storetest.Day("2026-03-10")
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		for _, name := range names {
			events[name](t, s)
		}
		want := map[string][]string{
			// 1001 thousandths of an ACU are parted so that they add up.
			claimsFirst:  {"js/a: fixed, gone, 0.50x", "js/b: blocked, still_there, no tests, 0.50x"},
			claimsSecond: {"js/c: nothing, still_there, merge unknown"},
			claimsThird:  {"js/b: nothing, gone, merge unknown"},
		}
		got := claimsOf(t, s, claimsFirst, claimsSecond, claimsThird)
		sum := strings.Join(got[claimsFirst], " ")
		if strings.Count(sum, "0.500")+strings.Count(sum, "0.501") != 2 || strings.Count(sum, "0.501") != 1 {
			t.Errorf("the parts of 1.001 ACUs: %s", sum)
		}
		for i := range got[claimsFirst] {
			got[claimsFirst][i] = strings.NewReplacer("0.500", "0.50x", "0.501", "0.50x").Replace(got[claimsFirst][i])
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
	inOrder := storetest.OpenWith(t, storeOptions(t, now))
	for _, name := range names {
		events[name](t, inOrder)
	}
	dump := storetest.DumpOf(t, inOrder)
	for n, order := range permutations(names) {
		if n%7 != 0 { // a part of the 120 orders
			continue
		}
		s := storetest.OpenWith(t, storeOptions(t, now))
		for _, name := range order {
			events[name](t, s)
		}
		storetest.SameDump(t, strings.Join(order, ", "), storetest.DumpOf(t, s), dump)
	}
}

func storeOptions(t *testing.T, now time.Time) store.Options {
	return store.Options{URL: "sqlite:" + t.TempDir() + "/claims.db", Now: func() time.Time { return now }}
}

func permutations(list []string) [][]string {
	if len(list) < 2 {
		return [][]string{slices.Clone(list)}
	}
	var all [][]string
	for i := range list {
		rest := slices.Delete(slices.Clone(list), i, i+1)
		for _, p := range permutations(rest) {
			all = append(all, append([]string{list[i]}, p...))
		}
	}
	return all
}

// TestEndsOfAPullRequest: an attempt follows its pull request: waiting, then
// thrown away, then merged after all.
func TestEndsOfAPullRequest(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		events := claimEvents()
		events["1 first scan"](t, s)
		events["4 second scan"](t, s)
		at := storetest.Day("2026-03-02")
		pull := telemetry.PullRequest{Repo: "o/r", Number: 8, Title: "Fix", Body: "https://app.devin.ai/sessions/" + claimsSecond, State: "open", CreatedAt: at, UpdatedAt: at}
		for _, step := range []struct {
			change func()
			want   string
		}{
			{func() {}, "js/c: nothing, pr_open"},
			{func() { pull.State, pull.ClosedAt = "closed", at.Add(time.Hour) }, "js/c: nothing, thrown_away"},
			{func() { pull.MergedAt = at.Add(2 * time.Hour) }, "js/c: nothing, still_there"},
			{func() { pull.MergedAt = storetest.Day("2026-03-04") }, "js/c: nothing, not_rescanned"},
		} {
			step.change()
			pull.UpdatedAt = pull.UpdatedAt.Add(time.Minute)
			storetest.SavePulls(t, s, []telemetry.PullRequest{pull})
			if got := claimsOf(t, s, claimsSecond)[claimsSecond]; len(got) != 1 || got[0] != step.want {
				t.Errorf("%q, want %q", got, step.want)
			}
		}
	})
}

// TestWhatDevinSaysIsKeptWithItsHistory: each change is logged once, a poll
// that says the same changes nothing, and no cost shrinks.
func TestWhatDevinSaysIsKeptWithItsHistory(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		claimEvents()["1 first scan"](t, s)
		at := storetest.Day("2026-03-01 12:00")
		u := telemetry.UpstreamSession{ID: claimsFirst, API: "v3", Status: "running", Detail: "working", UpdatedAt: at}
		poll := func() (raised bool) {
			before := s.Versions()[telemetry.TopicSessions]
			if err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{u}}); err != nil {
				t.Fatal(err)
			}
			return s.Versions()[telemetry.TopicSessions] != before
		}
		poll()
		u.UpdatedAt, u.Output, u.MilliACUs = at.Add(time.Hour), []byte(`{"status":"fixing"}`), 1500
		poll()
		u.UpdatedAt, u.MilliACUs = at.Add(2*time.Hour), 2500
		poll()
		u.MilliACUs = 0 // Devin says so where it does not know
		if poll() {
			t.Error("a cost of 0 raises a version")
		}
		u.UpdatedAt, u.Output, u.Tags, u.Playbook = at.Add(3*time.Hour), []byte(`{"status":"done","tests_passing":false,"more":[1]}`), []string{"x"}, "fix-v3"
		if !poll() || poll() {
			t.Error("news raises no version, or what is none does")
		}
		d, _, err := s.SessionDetail(t.Context(), claimsFirst, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range d.Said {
			cost := "unknown"
			if c.ACUs != nil {
				cost = fmt.Sprint(*c.ACUs)
			}
			got = append(got, fmt.Sprintf("%s %s %s %v %s", c.At.Format("15:04"), cost, c.Playbook, c.Tags, c.Output))
		}
		want := []string{"12:00 unknown  [] ", `13:00 1.5  [] {"status":"fixing"}`, "14:00 2.5  [] ",
			`15:00 2.5 fix-v3 [x] {"status":"done","tests_passing":false,"more":[1]}`}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if string(d.Output) != `{"status":"done","tests_passing":false,"more":[1]}` || d.ClaimStatus != "done" || d.TestsPassing == nil || *d.TestsPassing {
			t.Errorf("%s, %s, %v", d.Output, d.ClaimStatus, d.TestsPassing)
		}
		if _, err := json.Marshal(d); err != nil {
			t.Error(err)
		}
	})
}

// TestClaimsInAnyOrder: generated histories with claims and pull requests come
// to the same claims, in order and shuffled.
func TestClaimsInAnyOrder(t *testing.T) {
	now := storetest.Day("2027-01-01")
	for seed := range uint64(testsize.Of(t, "histories", 1, 3)) {
		files := storetest.GeneratedFiles(seed + 20)
		pulls := storetest.PullsFor(files)
		want := storetest.OpenWith(t, storeOptions(t, now))
		storetest.PutEach(t, want, files)
		sayAll(t, want, files)
		storetest.SavePulls(t, want, pulls)
		dump := storetest.DumpOf(t, want)
		if len(dump["claims"]) < 10 {
			t.Fatalf("seed %d: %d claims are too few to tell anything", seed, len(dump["claims"]))
		}
		dice := rand.New(rand.NewPCG(seed, 1))
		shuffled := slices.Clone(files)
		dice.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got := storetest.OpenWith(t, storeOptions(t, now))
		storetest.SavePulls(t, got, pulls[:len(pulls)/2])
		storetest.PutEach(t, got, shuffled[:len(files)/2])
		sayAll(t, got, files)
		storetest.SavePulls(t, got, pulls)
		storetest.PutEach(t, got, shuffled[len(files)/2:])
		storetest.SavePulls(t, got, pulls)
		storetest.SameDump(t, fmt.Sprint("seed ", seed), map[string][]string{"claims": storetest.DumpOf(t, got)["claims"]},
			map[string][]string{"claims": dump["claims"]})
	}
}

// sayAll lets the sessions of records claim something.
func sayAll(t *testing.T, s *storetest.Store, files []telemetry.FetchedFile) {
	t.Helper()
	var answer telemetry.SessionAnswer
	for n, f := range files {
		for _, session := range f.Record.Sessions {
			if session.ID == "" || telemetry.SessionKey(session.ID) == "" {
				continue
			}
			u := telemetry.UpstreamSession{ID: telemetry.SessionKey(session.ID), API: "v3", Status: "running", Detail: "finished",
				UpdatedAt: f.Record.Timestamp.Add(time.Duration(n%9) * time.Hour), MilliACUs: int64(n % 4 * 1001), Playbook: []string{"", "v2"}[n%2]}
			u.Output, _ = json.Marshal(telemetry.Claim{Status: "done", Fixed: session.IssueIDs[:len(session.IssueIDs)*(n%3)/2]})
			answer.Sessions = append(answer.Sessions, u)
		}
	}
	if err := s.SavePoll(t.Context(), answer); err != nil {
		t.Fatal(err)
	}
}

// TestClaimsOfIssuesThatALogNames: what a session says of an issue is found by
// the id that only the log of its run knows, and its cost is split anew.
func TestClaimsOfIssuesThatALogNames(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		named := storetest.DisturbedFiles(3)
		at := slices.IndexFunc(named, func(f telemetry.FetchedFile) bool {
			return f.Record.Kind == telemetry.KindScan && len(f.Record.Findings) > 5 && len(f.Record.Sessions) > 0 && len(f.Record.Sessions[0].IssueIDs) > 1
		})
		session := named[at].Record.Sessions[0]
		output, err := json.Marshal(map[string]any{"issues_fixed": session.IssueIDs})
		if err != nil {
			t.Fatal(err)
		}
		storetest.Put(t, s, storetest.OtherIDs(named[at:at+1])...)
		key := telemetry.SessionKey(session.ID)
		if err := s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{
			{ID: key, API: "v3", Status: "exit", MilliACUs: 5000, Output: telemetry.KeepOutput(output)},
		}}); err != nil {
			t.Fatal(err)
		}
		if got := claimsOf(t, s, key)[key]; len(got) != 0 {
			t.Fatalf("without the log: %q", got)
		}
		storetest.PutLogs(t, s, storetest.LogOf(named[at]))
		d, _, err := s.SessionDetail(t.Context(), key, time.Time{})
		if err != nil || len(d.IssueClaims) < 2 {
			t.Fatalf("%d claims: %v", len(d.IssueClaims), err)
		}
		sum := 0.0
		for _, c := range d.IssueClaims {
			if c.Claim != "fixed" || c.ACUs == nil {
				t.Fatalf("%+v", c)
			}
			sum += *c.ACUs
		}
		if sum < 4.9999 || sum > 5.0001 {
			t.Errorf("the shares add up to %v ACUs", sum)
		}
	})
}
