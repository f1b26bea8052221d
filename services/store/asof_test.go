package store_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// bothDatabases runs a test on SQLite and on PostgreSQL.
func bothDatabases(t *testing.T, do func(t *testing.T, s *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { do(t, open(t)) })
	t.Run("postgres", func(t *testing.T) { do(t, openPostgres(t)) })
}

// generatedFiles are the run files of a small history with every kind of
// disturbance, in the order in which they appear.
func generatedFiles(seed uint64) []telemetry.FetchedFile {
	disturb := history.Disturbances{Shifts: 0.2, Renames: 0.1, Algorithm: 0.3, ShortHashes: 0.5, Duplicates: 0.1, Unnamed: 0.1, Narrowed: 0.1, Reopenings: 0.3, Late: 0.1, Missing: 0.05}
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{Seed: seed, Repos: 4, ScansPerRepo: 14, FindingsPerScan: 24, SessionsPerScan: 1, Disturb: disturb}) {
		files = append(files, fetched(f.Name, f.Body))
	}
	return files
}

func fetched(name string, body []byte) telemetry.FetchedFile {
	sum := sha1.Sum(body)
	f := telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: name, SHA: hex.EncodeToString(sum[:]), Size: int64(len(body))}, Body: body}
	f.Record, f.Err = telemetry.ParseRecord(body)
	return f
}

func put(t *testing.T, s *store.Store, files ...telemetry.FetchedFile) {
	t.Helper()
	if _, err := s.PutFiles(t.Context(), "", files); err != nil {
		t.Fatal(err)
	}
}

// answers is everything that is asked as of a time.
type answers struct {
	Totals telemetry.Totals
	Issues []telemetry.IssueRow
	Trends telemetry.Trends
}

func allRows() query.Page { return query.Page{Number: 1, Size: 1 << 40} }

func period(t *testing.T, name string, until time.Time) telemetry.Period {
	t.Helper()
	p, err := telemetry.ParsePeriod(name, until)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func asOf(t *testing.T, s *store.Store, at time.Time, repo string) answers {
	t.Helper()
	totals, _, err := s.TotalsAsOf(t.Context(), at, repo)
	if err != nil {
		t.Fatal(err)
	}
	issues, err := lists.Issues(s).Rows(t.Context(), query.Ask{Repo: repo, AsOf: at, Page: allRows()})
	if err != nil {
		t.Fatal(err)
	}
	trends, _, err := s.Trends(t.Context(), telemetry.TrendQuery{Period: period(t, "90d", at), Repo: repo, AsOf: true})
	if err != nil {
		t.Fatal(err)
	}
	totals.BrokenFiles = 0                     // by the time of reading, which is later than any record here
	totals.Active = telemetry.ActiveSessions{} // by the store's clock, which runs on
	return answers{totals, stripped(issues.Items), trends}
}

func current(t *testing.T, s *store.Store, now time.Time, repo string) answers {
	t.Helper()
	totals, err := s.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	totals.Active = telemetry.ActiveSessions{}
	issues, err := lists.Issues(s).Rows(t.Context(), query.Ask{Repo: repo, Page: allRows()})
	if err != nil {
		t.Fatal(err)
	}
	trends, _, err := s.Trends(t.Context(), telemetry.TrendQuery{Period: period(t, "90d", now), Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	return answers{totals, stripped(issues.Items), trends}
}

// stripped leaves out what no client sees.
func stripped(rows []telemetry.IssueRow) []telemetry.IssueRow {
	for i := range rows {
		rows[i].StoreID, rows[i].Closed = 0, telemetry.Place{}
	}
	return rows
}

func newest(files []telemetry.FetchedFile) time.Time {
	var last time.Time
	for _, f := range files {
		if f.Record != nil && f.Record.Timestamp.After(last) {
			last = f.Record.Timestamp
		}
	}
	return last
}

// What the read models say now is what a count over appearances says as of
// now.
func TestAsOfNowIsTheCurrentAnswer(t *testing.T) {
	for name, files := range map[string]func(*testing.T) []telemetry.FetchedFile{
		"real": realFiles, "generated": func(*testing.T) []telemetry.FetchedFile { return generatedFiles(7) },
	} {
		t.Run(name, func(t *testing.T) {
			bothDatabases(t, func(t *testing.T, s *store.Store) {
				list := files(t)
				for i, f := range list {
					put(t, s, f)
					if i%25 != 24 && i != len(list)-1 {
						continue
					}
					now := newest(list[:i+1]).Add(time.Minute)
					want, got := current(t, s, now, ""), asOf(t, s, now, "")
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("after %d files, current and as of now differ (-current +as of):\n%s", i+1, diff)
					}
				}
			})
		})
	}
}

// A record of a later time changes no answer about an earlier one.
func TestLaterRecordsChangeNoOlderAnswer(t *testing.T) {
	for name, files := range map[string]func(*testing.T) []telemetry.FetchedFile{
		"real": realFiles, "generated": func(*testing.T) []telemetry.FetchedFile { return generatedFiles(11) },
	} {
		t.Run(name, func(t *testing.T) {
			bothDatabases(t, func(t *testing.T, s *store.Store) {
				list := slices.DeleteFunc(files(t), func(f telemetry.FetchedFile) bool { return f.Record == nil })
				slices.SortStableFunc(list, func(a, b telemetry.FetchedFile) int { return a.Record.Timestamp.Compare(b.Record.Timestamp) })
				type asked struct {
					at   time.Time
					repo string
					answers
				}
				var before []asked
				for i, f := range list {
					put(t, s, f)
					if i%20 == 19 && f.Record.Kind == telemetry.KindScan {
						for _, repo := range []string{"", f.Record.Repo.Key()} {
							before = append(before, asked{f.Record.Timestamp, repo, asOf(t, s, f.Record.Timestamp, repo)})
						}
					}
				}
				if len(before) == 0 {
					t.Fatal("nothing was asked")
				}
				for _, b := range before {
					if diff := cmp.Diff(b.answers, asOf(t, s, b.at, b.repo)); diff != "" {
						t.Fatalf("as of %s in %q (-before +after later records):\n%s", b.at, b.repo, diff)
					}
				}
			})
		})
	}
}

// The read models end the same in whatever order records arrive.
func TestFiguresDoNotDependOnArrival(t *testing.T) {
	files := generatedFiles(3)
	now := newest(files).Add(time.Minute)
	bothDatabases(t, func(t *testing.T, s *store.Store) {
		put(t, s, files...)
		want := current(t, s, now, "")
		reverse := open(t)
		for _, f := range slices.Backward(files) {
			put(t, reverse, f)
		}
		got := current(t, reverse, now, "")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-in order +in reverse):\n%s", diff)
		}
	})
	if len(files) < 40 {
		t.Fatal(fmt.Sprint("too few files: ", len(files)))
	}
}
