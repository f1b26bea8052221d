package derive_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// TestArrivalOrder: whatever the order in which records come, in whatever
// portions, the derived tables end the same, byte for byte.
func TestArrivalOrder(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, first *storetest.Store) {
		for seed := range uint64(testsize.Of(t, "histories", 1, 2)) {
			files := storetest.DisturbedFiles(seed)
			slices.SortStableFunc(files, func(a, b telemetry.FetchedFile) int { return a.Record.Timestamp.Compare(b.Record.Timestamp) })
			inOrder, shuffled := storetest.OpenLike(t, first), storetest.OpenLike(t, first)
			pulls := storetest.PullsFor(files)
			storetest.PutEach(t, inOrder, files)
			storetest.SavePulls(t, inOrder, pulls)
			dice := rand.New(rand.NewPCG(seed, 1))
			dice.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
			for len(files) > 0 {
				n := min(1+dice.IntN(9), len(files))
				storetest.Put(t, shuffled, files[:n]...)
				files = files[n:]
				if n = min(n, len(pulls)); n > 0 {
					storetest.SavePulls(t, shuffled, pulls[:n])
					pulls = pulls[n:]
				}
			}
			storetest.SavePulls(t, shuffled, pulls)
			want := storetest.DumpOf(t, inOrder)
			storetest.SameDump(t, fmt.Sprint("seed ", seed), storetest.DumpOf(t, shuffled), want)
			if len(want["issues"]) < 20 || len(want["attempts"]) == 0 || len(want["links"]) == 0 {
				t.Errorf("seed %d tests little: %d issues, %d attempts, %d links", seed, len(want["issues"]), len(want["attempts"]), len(want["links"]))
			}
		}
	})
}

// TestGoneAndBack: without a file everything is as if it had never come, and
// with it again as before.
func TestGoneAndBack(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.DisturbedFiles(7)
		storetest.PutEach(t, s, files)
		full := storetest.DumpOf(t, s)
		places := []int{len(files) / 2, 0, len(files) - 1}
		for _, i := range places[:testsize.Of(t, "records", 1, len(places))] {
			without := storetest.OpenLike(t, s)
			storetest.PutEach(t, without, slices.Delete(slices.Clone(files), i, i+1))
			if err := s.MarkGone(t.Context(), "", []string{files[i].Name}); err != nil {
				t.Fatal(err)
			}
			got := storetest.DumpOf(t, s)
			storetest.SameDump(t, "gone "+files[i].Name, got, storetest.DumpOf(t, without))
			storetest.Put(t, s, files[i])
			storetest.SameDump(t, "back "+files[i].Name, storetest.DumpOf(t, s), full)
		}
	})
}

// TestRewritten: a record that is written anew counts as if its new version
// alone had come; a broken version leaves the old one in force.
func TestRewritten(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.DisturbedFiles(11)
		storetest.PutEach(t, s, files)
		full := storetest.DumpOf(t, s)
		places := []int{len(files) / 2, 1, len(files) - 2}
		for _, i := range places[:testsize.Of(t, "records", 1, len(places))] {
			f := files[i]
			storetest.Put(t, s, storetest.Fetched(f.Name, []byte("{")))
			storetest.SameDump(t, "broken "+f.Name, storetest.DumpOf(t, s), full)
			if known, err := s.KnownFiles(t.Context(), ""); err != nil || known[f.Name] == f.SHA {
				t.Errorf("the broken version is not known: %v", err)
			}
			other := storetest.Fetched(f.Name, files[(i+3)%len(files)].Body) // another scan under this name
			without := storetest.OpenLike(t, s)
			storetest.PutEach(t, without, slices.Concat(files[:i], []telemetry.FetchedFile{other}, files[i+1:]))
			storetest.Put(t, s, other)
			storetest.SameDump(t, "rewritten "+f.Name, storetest.DumpOf(t, s), storetest.DumpOf(t, without))
			storetest.Put(t, s, f)
			storetest.SameDump(t, "mended "+f.Name, storetest.DumpOf(t, s), full)
		}
	})
}

// TestShadowing: RUNS_DIR is a copy: where the action repository has a file
// of the name, that counts; without it the copy counts again.
func TestShadowing(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		copyOf := storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{"rule a.go 1 aaaaaaaaaaaaaaaa1"}}.File("one.json")
		original := storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{"rule a.go 1 aaaaaaaaaaaaaaaa1", "rule b.go 2 bbbbbbbbbbbbbbbb1"}}.File("one.json")
		open := func(what string, want int64) {
			t.Helper()
			totals, err := s.Totals(t.Context())
			if err != nil || totals.Latest != want || totals.Runs != 1 {
				t.Errorf("%s: %d open in %d runs (%v), want %d in 1", what, totals.Latest, totals.Runs, err, want)
			}
		}
		storetest.Put(t, s, copyOf)
		open("the copy alone", 1)
		storetest.PutFrom(t, s, "o/action", storetest.Fetched("one.json", []byte("not JSON")))
		open("the copy and a broken original", 1)
		storetest.PutFrom(t, s, "o/action", original)
		open("both", 2)
		storetest.PutFrom(t, s, "o/action", storetest.Fetched("one.json", []byte("[]")))
		open("both, the original broken later", 2)
		if err := s.MarkGone(t.Context(), "o/action", []string{"one.json"}); err != nil {
			t.Fatal(err)
		}
		open("the original gone", 1)
		storetest.PutFrom(t, s, "o/action", original)
		open("the original back", 2)
	})
}

// TestRedirects: a late record can change public ids; those that were valid
// lead to what their issues are now.
func TestRedirects(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		late := storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{"rule a.go 10 1111111111111111aaaa"}}.File("1.json")
		second := storetest.ScanRecord{Repo: "o/r", Run: 2, At: "2026-02-02T10:00:00Z", Findings: []string{"rule a.go 12 2222222222222222bbbb"}}.File("2.json")
		third := storetest.ScanRecord{Repo: "o/r", Run: 3, At: "2026-02-03T10:00:00Z", Findings: []string{"rule a.go 12 2222222222222222bbbb"}}.File("3.json")
		storetest.Put(t, s, second, third)
		id := theIssue(t, s).PublicID
		storetest.Put(t, s, late)
		now := theIssue(t, s)
		if now.PublicID == id || now.Appearances != 3 {
			t.Fatalf("the late record did not change the id: %+v", now)
		}
		_, moved, found, err := s.IssueDetail(t.Context(), id, time.Time{})
		if err != nil || found || moved != now.PublicID {
			t.Errorf("the old id leads to %q (%v), want %q", moved, err, now.PublicID)
		}
		if err := s.MarkGone(t.Context(), "", []string{"1.json"}); err != nil {
			t.Fatal(err)
		}
		if back := theIssue(t, s); back.PublicID != id {
			t.Errorf("without the late record the id is %s, want %s", back.PublicID, id)
		}
		if _, moved, _, err := s.IssueDetail(t.Context(), now.PublicID, time.Time{}); err != nil || moved != id {
			t.Errorf("the id of the meantime leads to %q (%v), want %q", moved, err, id)
		}
		if _, moved, found, err := s.IssueDetail(t.Context(), "000000000000", time.Time{}); err != nil || found || moved != "" {
			t.Errorf("an id that never was: %q %v %v", moved, found, err)
		}
	})
}

func theIssue(t *testing.T, s *storetest.Store) telemetry.IssueRow {
	t.Helper()
	list, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{})
	if err != nil || list.Total != 1 {
		t.Fatalf("%d issues (%v), want 1", list.Total, err)
	}
	return list.Items[0]
}

// TestVersions: a version is raised just when a row of its topic changed.
func TestVersions(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		raised := func(do func()) string {
			before := s.Versions()
			do()
			var names []string
			for topic, n := range s.Versions() {
				if n != before[topic] {
					names = append(names, topic)
				}
			}
			slices.Sort(names)
			return strings.Join(names, " ")
		}
		session := map[string]any{"session_id": "devin-" + strings.Repeat("a", 32), "status": "created", "batch_id": 1, "issue_ids": []string{storetest.IssueID(1, 0)}}
		scan := storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{"rule a.go 1 aaaaaaaaaaaaaaaa1"}, Sessions: []map[string]any{session}}.File("1.json")
		pull := telemetry.PullRequest{Repo: "o/r", Number: 5, Title: "fix " + storetest.IssueID(1, 0), State: "open", CreatedAt: time.Unix(1770000000, 0), UpdatedAt: time.Unix(1770000000, 0)}
		word := telemetry.UpstreamSession{ID: strings.Repeat("a", 32), API: "v3", Status: "running", Detail: "working", UpdatedAt: time.Unix(1770000000, 0)}
		poll := func() error {
			return s.SavePoll(t.Context(), telemetry.SessionAnswer{Sessions: []telemetry.UpstreamSession{word}})
		}
		pulls := func() error {
			err := s.SavePulls(t.Context(), "o/r", []telemetry.PullRequest{pull}, time.Unix(1770000000, 0))
			return err
		}
		check := func(what, want string, do func() error) {
			t.Helper()
			got := raised(func() {
				if err := do(); err != nil {
					t.Fatal(what, err)
				}
			})
			if got != want {
				t.Errorf("%s raised %q, want %q", what, got, want)
			}
		}
		putScan := func() error { _, err := s.PutFiles(t.Context(), "", []telemetry.FetchedFile{scan}); return err }
		check("a new record", "records sessions", putScan)
		check("the same record", "", putScan)
		check("a first poll", "sessions", poll)
		check("a poll that says the same", "", poll)
		check("a pull request", "pulls sessions", pulls)
		check("the same pull request", "", pulls)
		check("marking gone what is not there", "", func() error { return s.MarkGone(t.Context(), "", []string{"nothing.json"}) })
		pull.Title += ", again"
		check("another title", "pulls", pulls)
		word.Detail = "waiting_for_user"
		check("another word", "sessions", poll)
	})
}

// TestConcurrency: writers follow each other, readers see one state, and
// nothing is lost.
func TestConcurrency(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		files := storetest.DisturbedFiles(3)
		want := storetest.OpenLike(t, s)
		storetest.PutEach(t, want, files)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		readers := make(chan error, 2)
		for range 2 {
			go func() {
				var err error
				for err == nil && ctx.Err() == nil {
					err = consistent(t.Context(), s)
				}
				readers <- err
			}()
		}
		writers := make(chan error)
		for w := range 3 {
			go func() {
				var err error
				for i := w; i < len(files) && err == nil; i += 3 {
					_, err = s.PutFiles(t.Context(), "", files[i:i+1])
				}
				writers <- err
			}()
		}
		for range 3 {
			if err := <-writers; err != nil {
				t.Error("write:", err)
			}
		}
		stop()
		for range 2 {
			if err := <-readers; err != nil {
				t.Error("read:", err)
			}
		}
		storetest.SameDump(t, "written side by side", storetest.DumpOf(t, s), storetest.DumpOf(t, want))
	})
}

// consistent checks that one answer counts what it lists.
func consistent(ctx context.Context, s *storetest.Store) error {
	list, err := lists.Runs(s.Store).Rows(ctx, query.Ask{Page: query.Page{Size: 1000}})
	if err == nil && list.Total != int64(len(list.Items)) {
		err = fmt.Errorf("a list of %d says %d", len(list.Items), list.Total)
	}
	return err
}
