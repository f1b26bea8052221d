package derive_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// prune prunes what is older than a time, and fails where something is left.
func prune(t *testing.T, s *storetest.Store, before time.Time) telemetry.Pruned {
	t.Helper()
	var last telemetry.Pruned
	done, err := s.Prune(t.Context(), before, func(p telemetry.Pruned) { last = p })
	if err != nil || len(done.Errors) > 0 {
		t.Fatalf("prune: %v, left %q", err, done.Errors)
	}
	if last.Records != done.Records || last.Logs != done.Logs {
		t.Errorf("the last batch said %+v, the prune %+v", last, done)
	}
	return done
}

var snippetsOf = regexp.MustCompile(` snippets=.* batch=`)

// withoutTexts is a dump without what goes from logs: their prompts and code.
func withoutTexts(t *testing.T, s *storetest.Store) map[string][]string {
	t.Helper()
	dump := storetest.DumpOf(t, s)
	delete(dump, "log_prompts")
	for i, row := range dump["log_findings"] {
		dump["log_findings"][i] = snippetsOf.ReplaceAllString(row, " batch=")
	}
	slices.Sort(dump["log_findings"])
	return dump
}

// answersOf are what lists and details answer, now and as of a time.
func answersOf(t *testing.T, s *storetest.Store, then time.Time) map[string]string {
	t.Helper()
	answers := map[string]string{}
	for _, at := range []time.Time{{}, then} {
		a := query.Ask{AsOf: at, Page: storetest.AllRows()}
		say := func(name string, v any, err error) {
			t.Helper()
			text, marshal := json.Marshal(v)
			if err != nil || marshal != nil {
				t.Fatal(name, err, marshal)
			}
			answers[fmt.Sprint(name, " at ", at)] = string(text)
		}
		ask := func(name string, rows func() (any, error)) { v, err := rows(); say(name, v, err) }
		ask("issues", func() (any, error) { return lists.Issues(s.Store).Rows(t.Context(), a) })
		ask("sessions", func() (any, error) { return lists.Sessions(s.Store).Rows(t.Context(), a) })
		ask("pulls", func() (any, error) { return lists.Pulls(s.Store).Rows(t.Context(), a) })
		ask("repos", func() (any, error) { return lists.Repos(s.Store).Rows(t.Context(), a) })
		ask("changes", func() (any, error) { return lists.Changes(s.Store).Rows(t.Context(), a) })
		ask("verifications", func() (any, error) { return lists.Verifications(s.Store).Rows(t.Context(), a) })
		ask("needs", func() (any, error) { return lists.Needs(s.Store).Rows(t.Context(), a) })
		ask("totals", func() (any, error) { v, _, err := s.TotalsAsOf(t.Context(), then, ""); return v, err })
		runs, err := lists.Runs(s.Store).Rows(t.Context(), a)
		for i := range runs.Items {
			say("the record of "+runs.Items[i].File, compacted(runs.Items[i].Item), nil)
			runs.Items[i].Item = nil
		}
		say("runs", runs, err)
		issues, err := lists.Issues(s.Store).Rows(t.Context(), query.Ask{AsOf: at, Page: query.Page{Number: 1, Size: 5}})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range issues.Items {
			d, _, _, err := s.IssueDetail(t.Context(), i.PublicID, at)
			d.Code, d.Prompts, d.Log.PrunedAt = nil, nil, telemetry.Time{}
			say("issue "+i.PublicID, d, err)
			ids, err := s.FindingIDs(t.Context(), i.PublicID, at, 5)
			say("ids of "+i.PublicID, ids, err)
		}
	}
	return answers
}

// compacted is JSON without its white space.
func compacted(item []byte) string {
	var out bytes.Buffer
	if err := json.Compact(&out, item); err != nil {
		return err.Error()
	}
	return out.String()
}

// TestPruneChangesNoAnswer: with old records and logs pruned, everything that
// is derived stays the same; and so it does after a rebuild by other rules, a
// late record and its log, and another prune.
func TestPruneChangesNoAnswer(t *testing.T) {
	clock := func() time.Time { return storetest.Day("2026-11-30") }
	for name, open := range map[string]func(t *testing.T) *storetest.Store{
		"sqlite": func(t *testing.T) *storetest.Store {
			return storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "prune.db"), Now: clock})
		},
		"postgres": func(t *testing.T) *storetest.Store { return storetest.OpenPostgresAt(t, clock) },
	} {
		t.Run(name, func(t *testing.T) { pruneChangesNoAnswer(t, open(t), open(t), uint64(len(name))) })
	}
}

// pruneChangesNoAnswer gives two stores the same, and prunes one of them.
func pruneChangesNoAnswer(t *testing.T, kept, pruned *storetest.Store, seed uint64) {
	named := storetest.DisturbedFiles(seed)
	slices.SortStableFunc(named, func(a, b telemetry.FetchedFile) int { return a.Record.Timestamp.Compare(b.Record.Timestamp) })
	files := storetest.OtherIDs(named)
	for i, f := range files { // of which clients get another form than the file
		if i%6 == 2 && f.Record.RunNumber > 0 {
			files[i] = storetest.Fetched(f.Name, regexp.MustCompile(`"run_number": (\d+)`).ReplaceAll(f.Body, []byte(`"run_number": "0$1"`)))
		}
	}
	both := func(do func(*storetest.Store)) { do(kept); do(pruned) }
	put := func(late bool) {
		for i, f := range files {
			if (i%4 == 1) != late {
				continue
			}
			both(func(s *storetest.Store) {
				storetest.Put(t, s, f)
				if i%5 > 0 && f.Record.Kind == telemetry.KindScan {
					storetest.PutLogs(t, s, storetest.LogOf(named[i]))
				}
			})
		}
	}
	same := func(when string) {
		t.Helper()
		storetest.SameDump(t, when, withoutTexts(t, pruned), withoutTexts(t, kept))
		then := files[len(files)/2].Record.Timestamp
		want := answersOf(t, kept, then)
		for name, got := range answersOf(t, pruned, then) {
			if got != want[name] {
				t.Errorf("%s: %s:\n%.1000s\nwant\n%.1000s", when, name, got, want[name])
			}
		}
	}
	put(false)
	both(func(s *storetest.Store) {
		storetest.PutSide(t, s, telemetry.StateFile, stateOf(named))
		storetest.SavePulls(t, s, storetest.PullsFor(files))
		if _, err := s.Backfill(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	})
	before := files[len(files)*3/4].Record.Timestamp
	if done := prune(t, pruned, before); done.Records < 10 || done.Logs < 5 || done.Bytes < 10_000 {
		t.Errorf("this tests little: %+v", done)
	}
	same("pruned")
	if again := prune(t, pruned, before); again.Records+again.Logs+again.Bytes != 0 {
		t.Errorf("another prune found %+v", again)
	}
	for _, statement := range []string{
		`UPDATE files SET derived = 'old rules'`, `DELETE FROM attempts`, `DELETE FROM log_issues`, `DELETE FROM rules`,
		`UPDATE log_findings SET message = '', severity = ''`, `UPDATE issues SET family = 'other', status = 'new', status_rank = 2`,
		`UPDATE runs SET new_n = 99, digest = ''`, `UPDATE appearances SET basis = 'guessed'`,
	} {
		if err := pruned.Exec(t.Context(), statement); err != nil {
			t.Fatal(statement, err)
		}
	}
	if err := pruned.Rebuild(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	same("rebuilt")
	put(true)
	same("with late records")
	if late := prune(t, pruned, before); late.Records == 0 || late.Logs == 0 {
		t.Errorf("the prune after late records found %+v", late)
	}
	same("with late records pruned")
}

// TestPruneTakesTexts: of a record fields go that are not read, of a log its
// prompts and code; a young one stays, and so does one that could not be read.
func TestPruneTakesTexts(t *testing.T) {
	storetest.At(t, storetest.Day("2026-06-01"), func(t *testing.T, s *storetest.Store) {
		body := func(run int, at string) []byte {
			return fmt.Appendf(nil, `{"target_repo": "o/r", "run_number": %d, "run_id": "id", "run_label": "run-%d", "timestamp": "%s", "prose": "never shown again",
				"issue_fingerprints": [{"id": "CQLF-R%d-0001", "rule_id": "js/xss", "file": "a.js", "start_line": 3, "fingerprint": "aaaaaaaaaaaaaaaa1"}]}`, run, run, at, run)
		}
		storetest.Put(t, s, storetest.Fetched("old.json", body(1, "2026-01-01T10:00:00Z")), storetest.Fetched("young.json", body(2, "2026-05-20T10:00:00Z")),
			storetest.Fetched("broken.json", []byte("{")))
		storetest.Put(t, s, storetest.Fetched("rewritten.json", body(3, "2026-01-02T10:00:00Z")))
		storetest.Put(t, s, storetest.Fetched("rewritten.json", []byte("[")))
		prompt := "### CQLF-R%d-0001: js/xss\n- Code context:\n```\n>>>    3 | the code\n```\n"
		for run := range 2 {
			issues := fmt.Sprintf(`[{"id": "CQLF-R%d-0001", "rule_id": "js/xss", "message": "A message", "severity_score": 7.8, "cwes": ["cwe-79"], "locations": [{"file": "a.js", "start_line": 3}]}]`, run+1)
			storetest.PutLogs(t, s, storetest.Log("o/r", fmt.Sprint("run-", run+1), "issues.json", issues, "prompt_batch_1.txt", fmt.Sprintf(prompt, run+1), "run_log.json", `{"prose": 1}`))
		}
		if done := prune(t, s, storetest.Day("2026-03-03")); done.Records != 2 || done.Logs != 1 {
			t.Errorf("pruned %+v, want the records old.json and rewritten.json, and the log of run 1", done)
		}
		left := func(query, want string) {
			t.Helper()
			texts, err := s.Texts(t.Context(), query)
			if got := strings.Join(texts, "; "); err != nil || got != want {
				t.Errorf("%s: %s (%v), want %s", query, got, err, want)
			}
		}
		left(`SELECT file FROM files WHERE pruned_at > 0 ORDER BY file`, "old.json; rewritten.json")
		left(`SELECT file FROM files WHERE broken IS NOT NULL ORDER BY file`, "broken.json; rewritten.json")
		left(`SELECT l.label || ' ' || f.name FROM log_files f JOIN run_logs l ON l.id = f.log_id WHERE f.body IS NOT NULL ORDER BY l.label, f.name`,
			"run-1 issues.json; run-1 run_log.json; run-2 issues.json; run-2 prompt_batch_1.txt; run-2 run_log.json")
		left(`SELECT l.label FROM log_prompts p JOIN run_logs l ON l.id = p.log_id`, "run-2")
		left(`SELECT l.label FROM log_findings f JOIN run_logs l ON l.id = f.log_id WHERE f.snippets <> '[]'`, "run-2")
		for file, want := range map[string]bool{"old.json": false, "young.json": true} {
			runs, err := lists.Runs(s.Store).Rows(t.Context(), query.Ask{Query: storetest.Parse(t, lists.Runs(s.Store), "file:"+file), Page: storetest.AllRows()})
			if err != nil || len(runs.Items) != 1 || bytes.Contains(runs.Items[0].Item, []byte("prose")) != want || !json.Valid(runs.Items[0].Item) {
				t.Errorf("%s is answered as %s (%v)", file, runs.Items[0].Item, err)
			}
		}
		known, err := s.KnownFiles(t.Context(), "")
		if err != nil || known["old.json"] != storetest.Fetched("old.json", body(1, "2026-01-01T10:00:00Z")).SHA {
			t.Errorf("a refresh would fetch the pruned record again: %v (%v)", known, err)
		}
	})
}

// TestPrunedFileThatChanges: a pruned record that is written anew, and a pruned
// log that is, count as they are now, and are pruned again.
func TestPrunedFileThatChanges(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		before := time.Now()
		scan := func(rule string) telemetry.FetchedFile {
			return storetest.ScanRecord{Repo: "o/r", Run: 1, At: "2026-02-01T10:00:00Z", Findings: []string{rule + " a.go 1 aaaaaaaaaaaaaaaa1"}}.File("1.json")
		}
		rule := func(want string) {
			t.Helper()
			if got := theIssue(t, s).Rule; got != want {
				t.Errorf("the rule is %s, want %s", got, want)
			}
		}
		storetest.Put(t, s, scan("go/one"))
		prune(t, s, before)
		storetest.Put(t, s, storetest.Fetched("1.json", []byte("not JSON")))
		rule("go/one")
		if done := prune(t, s, before); done.Records != 0 {
			t.Errorf("the pruned record beside its broken version was pruned again: %+v", done)
		}
		storetest.Put(t, s, scan("go/two"))
		rule("go/two")
		if done := prune(t, s, before); done.Records != 1 {
			t.Errorf("the new version was not pruned: %+v", done)
		}
		rule("go/two")
		if err := s.MarkGone(t.Context(), "", []string{"1.json"}); err != nil {
			t.Fatal(err)
		}
		storetest.Put(t, s, scan("go/two"))
		rule("go/two")
	})
}

// TestOthersGoOnDuringAPrune: between its batches others write and read, and
// see a record either as it was or as it is pruned.
func TestOthersGoOnDuringAPrune(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		var files []telemetry.FetchedFile
		for run := range int64(350) {
			files = append(files, storetest.ScanRecord{Repo: "o/r", Run: run + 1, At: "2026-02-01T10:00:00Z",
				Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"}}.File(fmt.Sprintf("%03d.json", run)))
		}
		storetest.Put(t, s, files...)
		batches := 0
		done, err := s.Prune(t.Context(), time.Now(), func(telemetry.Pruned) {
			batches++
			late := storetest.ScanRecord{Repo: "o/other", Run: int64(batches), At: "2126-02-01T10:00:00Z",
				Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"}}.File(fmt.Sprintf("late-%d.json", batches))
			storetest.Put(t, s, late)
			if total, rows := storetest.Total(t, lists.Runs(s.Store), query.Ask{}); total != rows || total != int64(len(files)+batches) {
				t.Errorf("after batch %d: %d runs, %d rows", batches, total, rows)
			}
		})
		if err != nil || batches < 4 || done.Records != int64(len(files)) {
			t.Errorf("pruned %+v in %d batches (%v), want %d records in 4 or more", done, batches, err, len(files))
		}
	})
}

// TestPruneRaisesSeldom: a prune of many batches has pages ask again at its
// begin and at its end, and one that takes nothing does not.
func TestPruneRaisesSeldom(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		var files []telemetry.FetchedFile
		for run := range int64(450) {
			files = append(files, storetest.ScanRecord{Repo: "o/r", Run: run + 1, At: "2026-02-01T10:00:00Z",
				Findings: []string{"js/xss a.js 1 aaaaaaaaaaaaaaaa1"}}.File(fmt.Sprintf("%03d.json", run)))
		}
		storetest.Put(t, s, files...)
		for _, want := range []uint64{2, 0} {
			before, batches := s.Versions()[telemetry.TopicRecords], 0
			if _, err := s.Prune(t.Context(), time.Now(), func(telemetry.Pruned) { batches++ }); err != nil {
				t.Fatal(err)
			}
			if raised := s.Versions()[telemetry.TopicRecords] - before; raised != want {
				t.Errorf("raised %d times in %d batches, want %d", raised, batches, want)
			}
		}
	})
}
