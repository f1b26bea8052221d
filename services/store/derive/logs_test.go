package derive_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/testsize"
)

// stateOf is an orchestrator's state that names, for sessions of some records,
// the fingerprints that they took.
func stateOf(files []telemetry.FetchedFile) []byte {
	history := map[string]any{}
	for i, f := range files {
		for n, s := range f.Record.Sessions {
			if i%3 == 0 && len(f.Record.Findings) > n {
				history[f.Record.Findings[n].Fingerprint] = map[string]any{"last_session_id": s.ID, "dispatch_count": 1}
			}
		}
	}
	text, _ := json.Marshal(map[string]any{"dispatch_history": history})
	return text
}

// TestArrivalOrderOfLogs: whatever the order in which records, their logs and
// the orchestrator's state come, the derived tables end the same, and so they
// do after a rebuild.
func TestArrivalOrderOfLogs(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, first *storetest.Store) {
		for seed := range uint64(testsize.Of(t, "histories", 1, 2)) {
			named := storetest.DisturbedFiles(seed)
			slices.SortStableFunc(named, func(a, b telemetry.FetchedFile) int { return a.Record.Timestamp.Compare(b.Record.Timestamp) })
			files, state := storetest.OtherIDs(named), stateOf(named)
			inOrder, shuffled := storetest.OpenLike(t, first), storetest.OpenLike(t, first)
			var steps []func(s *storetest.Store)
			for i, f := range files {
				steps = append(steps, func(s *storetest.Store) { storetest.Put(t, s, f) })
				if i%5 > 0 && f.Record.Kind == telemetry.KindScan {
					steps = append(steps, func(s *storetest.Store) { storetest.PutLogs(t, s, storetest.LogOf(named[i])) })
				}
			}
			steps = append(steps, func(s *storetest.Store) { storetest.PutSide(t, s, telemetry.StateFile, state) })
			for _, step := range steps {
				step(inOrder)
			}
			dice := rand.New(rand.NewPCG(seed, 2))
			dice.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			for _, step := range steps {
				step(shuffled)
			}
			want := storetest.DumpOf(t, inOrder)
			storetest.SameDump(t, fmt.Sprint("seed ", seed), storetest.DumpOf(t, shuffled), want)
			for _, basis := range []telemetry.AttemptBasis{telemetry.AttemptLog, telemetry.AttemptState, telemetry.AttemptDispatch} {
				if !slices.ContainsFunc(want["attempts"], func(row string) bool { return strings.Contains(row, "basis="+string(basis)) }) {
					t.Errorf("seed %d: no attempt is known by the basis %s", seed, basis)
				}
			}
			if len(want["log_issues"]) < 20 || len(want["rules"]) == 0 {
				t.Errorf("seed %d tests little: %d described findings, %d rules", seed, len(want["log_issues"]), len(want["rules"]))
			}
			for _, statement := range []string{`UPDATE files SET derived = 'old rules'`, `DELETE FROM attempts`, `DELETE FROM log_issues`,
				`UPDATE log_findings SET message = ''`, `DELETE FROM rules`} {
				if err := shuffled.Exec(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			if err := shuffled.Rebuild(t.Context(), func(int, int) {}); err != nil {
				t.Fatal(err)
			}
			storetest.SameDump(t, fmt.Sprint("rebuilt, seed ", seed), storetest.DumpOf(t, shuffled), want)
		}
	})
}

// TestLogThatChanges: a log that is read again with other files counts as if
// these alone had come; one that is not there any more, or cannot be read
// again, stays.
func TestLogThatChanges(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		named := storetest.DisturbedFiles(3)
		files := storetest.OtherIDs(named)
		at := slices.IndexFunc(named, func(f telemetry.FetchedFile) bool { return len(f.Record.Sessions) > 0 && len(f.Record.Findings) > 5 })
		storetest.Put(t, s, files...)
		before := storetest.DumpOf(t, s)
		full := storetest.LogOf(named[at])
		storetest.PutLogs(t, s, full)
		want := storetest.DumpOf(t, s)
		if len(want["attempts"]) <= len(before["attempts"]) {
			t.Fatal("the log names nothing")
		}
		version := s.Versions()[telemetry.TopicRecords]
		storetest.PutLogs(t, s, full)
		if s.Versions()[telemetry.TopicRecords] != version {
			t.Error("an unchanged log raises the version")
		}
		for _, state := range []telemetry.LogState{telemetry.LogMissing, telemetry.LogFailed} {
			storetest.PutLogs(t, s, telemetry.FetchedLog{LogRef: full.LogRef, State: state, Err: telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub is away.")})
			storetest.SameDump(t, "asked again: "+string(state), storetest.DumpOf(t, s), want)
		}
		broken := storetest.Log(full.Repo, full.Label, "issues.json", "[", "prompt_batch_1.txt", "x")
		storetest.PutLogs(t, s, broken)
		if got := storetest.DumpOf(t, s); len(got["attempts"]) != len(before["attempts"]) || len(got["log_issues"]) != 0 {
			t.Errorf("a broken list of issues still names %d attempts", len(got["attempts"])-len(before["attempts"]))
		}
		texts, err := s.Texts(t.Context(), `SELECT name || ': ' || error FROM log_files WHERE error <> ''`)
		if err != nil || len(texts) != 1 || !strings.HasPrefix(texts[0], "issues.json: not a JSON object") {
			t.Errorf("the broken file is %q, %v", texts, err)
		}
		storetest.PutLogs(t, s, full)
		storetest.SameDump(t, "as before", storetest.DumpOf(t, s), want)
	})
}

// TestLogsToAsk: a log is asked for once, the newest first; again after an
// hour where it could not be read, and after some minutes where it may have
// come later than its record.
func TestLogsToAsk(t *testing.T) {
	now := storetest.Day("2026-05-02 12:00")
	clock := func() time.Time { return now }
	for name, open := range map[string]func(t *testing.T) *storetest.Store{
		"sqlite": func(t *testing.T) *storetest.Store {
			return storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "d.db"), Now: clock})
		},
		"postgres": func(t *testing.T) *storetest.Store { return storetest.OpenPostgresAt(t, clock) },
	} {
		t.Run(name, func(t *testing.T) {
			now = storetest.Day("2026-05-02 12:00")
			s := open(t)
			put := func(run, at, fork, label string) {
				storetest.Put(t, s, storetest.Fetched(run+".json", fmt.Appendf(nil, `{"target_repo": "Octo/Shop", "fork_url": %q, "run_number": %s, "run_id": "1",
					"run_label": %q, "timestamp": %q, "issue_fingerprints": []}`, fork, run, label, at)))
			}
			put("1", "2026-04-01T10:00:00Z", "", "old")
			put("2", "2026-05-02T11:50:00Z", "https://github.com/forks/shop", "new")
			put("3", "2026-05-02T11:55:00Z", "", "")
			asks := func(what, want string) {
				t.Helper()
				questions, err := s.LogsToAsk(t.Context(), 10)
				var got []string
				for _, q := range questions {
					got = append(got, fmt.Sprintf("%s of %s in %s", q.Label, q.Repo, q.In))
				}
				if err != nil || strings.Join(got, ", ") != want {
					t.Errorf("%s: %q, %v; want %q", what, got, err, want)
				}
			}
			const isOld, isNew = "old of octo/shop in Octo/Shop", "new of octo/shop in forks/shop"
			asks("at first", isNew+", "+isOld)
			for _, label := range []string{"old", "new"} {
				storetest.PutLogs(t, s, telemetry.FetchedLog{LogRef: telemetry.LogRef{Repo: "Octo/shop", Label: label}, State: telemetry.LogMissing})
			}
			asks("both are missing", "")
			now = now.Add(10 * time.Minute)
			asks("the new one may come late", isNew)
			storetest.PutLogs(t, s, telemetry.FetchedLog{LogRef: telemetry.LogRef{Repo: "octo/shop", Label: "new"}, State: telemetry.LogFailed, Err: telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub is away.")})
			now = now.Add(59 * time.Minute)
			asks("it failed", "")
			now = now.Add(time.Minute)
			asks("it failed an hour ago", isNew)
			storetest.PutLogs(t, s, telemetry.FetchedLog{LogRef: telemetry.LogRef{Repo: "octo/shop", Label: "new"}, State: telemetry.LogMissing})
			now = now.Add(24 * time.Hour)
			asks("it is missing for good", "")
			if q, found, err := s.LogOf(t.Context(), telemetry.LogRef{Repo: "OCTO/shop", Label: "new"}); err != nil || !found || q.In != "forks/shop" {
				t.Errorf("the log of a run: %+v, %v, %v", q, found, err)
			}
			if questions, err := s.LogsLabelled(t.Context(), []string{"old", "other"}); err != nil || len(questions) != 1 || questions[0].Label != "old" {
				t.Errorf("logs of labels: %+v, %v", questions, err)
			}
		})
	}
}

// TestSidesShadow: of the registry in RUNS_DIR and in the action repository
// the latter counts; a version that cannot be read leaves the one before in
// force.
func TestSidesShadow(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		put := func(source, body string, gone bool) {
			t.Helper()
			f := telemetry.FetchedSide{RunFile: storetest.Fetched(telemetry.RegistryFile, []byte(body)).RunFile, Body: []byte(body), Gone: gone}
			if err := s.PutSides(t.Context(), source, []telemetry.FetchedSide{f}); err != nil {
				t.Fatal(err)
			}
		}
		says := func(want string) {
			t.Helper()
			texts, err := s.Texts(t.Context(), `SELECT repo || ' ' || importance FROM registry ORDER BY repo`)
			if got := strings.Join(texts, ", "); err != nil || got != want {
				t.Errorf("the registry says %q, %v; want %q", got, err, want)
			}
		}
		put("", `{"repos": [{"repo": "o/copy", "importance": "low"}]}`, false)
		says("o/copy low")
		put("o/action", `{"repos": [`, false)
		says("o/copy low")
		put("o/action", `{"repos": [{"repo": "https://github.com/o/r", "importance": "high"}]}`, false)
		says("o/r high")
		version := s.Versions()[telemetry.TopicRecords]
		put("o/action", `[]`, false)
		says("o/r high")
		put("o/action", `{"version": "2.0", "repos": [{"importance": "high", "repo": "o/r", "enabled": true}]}`, false)
		if s.Versions()[telemetry.TopicRecords] != version {
			t.Error("a registry that says the same raises the version")
		}
		// Of two action repositories each says what it knows, and the later one of what both know.
		time.Sleep(2 * time.Millisecond) // it is fetched later, in the milliseconds that are stored
		put("o/other", `{"repos": [{"repo": "o/r", "importance": "low"}, {"repo": "o/s", "importance": "medium"}]}`, false)
		says("o/r low, o/s medium")
		if err := s.MoveFiles(t.Context(), "o/other", "o/renamed"); err != nil {
			t.Fatal(err)
		}
		says("o/r low, o/s medium")
		put("o/renamed", ``, true)
		says("o/r high")
		put("o/action", ``, true)
		says("o/copy low")
	})
}

// TestRealLogNamesIssues: without verification records the log of run 34 alone
// names the 14 issues of its five sessions; the issues of runs 33 and 37 stay
// unknown, and a session that only the orchestrator's state names is none.
func TestRealLogNamesIssues(t *testing.T) {
	files := slices.DeleteFunc(storetest.RealFiles(t), func(f telemetry.FetchedFile) bool { return f.Record.Kind == telemetry.KindVerification })
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		repo := telemetry.RepoName("marius-posa/codeql-devin-fixer")
		for _, label := range []string{"run-34-2026-02-09-071034", "run-22-2026-02-07-211534"} {
			storetest.PutLogs(t, s, storetest.RealLog(t, repo, label))
		}
		storetest.Put(t, s, files...)
		state, err := os.ReadFile(filepath.Join(os.Getenv("REAL_RUNS"), "..", telemetry.StateFile))
		if err != nil {
			t.Skip("SKIPPED: a real state is not beside REAL_RUNS")
		}
		storetest.PutSide(t, s, telemetry.StateFile, state)
		counts := func(query, want string) {
			t.Helper()
			got, err := s.Texts(t.Context(), query)
			if err != nil || strings.Join(got, " ") != want {
				t.Errorf("%s: %q, %v; want %q", query, got, err, want)
			}
		}
		of := func(run int64) string {
			return fmt.Sprintf(`FROM attempts a JOIN runs r ON r.id = a.record_id WHERE r.run_number = %d`, run)
		}
		counts(`SELECT a.basis || ' ' || COUNT(*) || ' ' || COUNT(DISTINCT a.session) || ' ' || COUNT(DISTINCT a.issue_id) `+of(34)+` GROUP BY a.basis`, "log 14 5 14")
		counts(`SELECT a.session `+of(33), "")
		counts(`SELECT a.session `+of(37), "")
		counts(`SELECT key FROM sessions WHERE key LIKE '88cb736c%'`, "")
		counts(`SELECT CAST(COUNT(*) AS TEXT) FROM issues`, "132")
		counts(`SELECT CAST(COUNT(*) AS TEXT) FROM issues WHERE status = 'fixed'`, "34")
		counts(`SELECT DISTINCT a.basis FROM attempts a ORDER BY a.basis`, "dispatch log record")
		counts(`SELECT f.issue_id || ' ' || f.score || ' ' || f.cwes FROM log_issues l JOIN log_findings f ON f.log_id = l.log_id AND f.ord = l.ord
			WHERE f.issue_key = 'CQLF-R34-0001'`, `CQLF-R34-0001 98 ["CWE-78","CWE-88"]`)
		counts(`SELECT CAST(COUNT(*) AS TEXT) FROM log_issues l JOIN runs r ON r.id = l.run_id WHERE r.run_number = 34`, "19")
	})
}
