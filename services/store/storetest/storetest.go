// Package storetest opens stores and makes records for the tests of the store
// and of what reads it.
package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// Open opens a fresh SQLite file.
func Open(t *testing.T) *Store {
	t.Helper()
	return OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db"), Now: time.Now})
}

// OnBoth runs a test on SQLite and on PostgreSQL.
func OnBoth(t *testing.T, do func(t *testing.T, s *Store)) {
	t.Run("sqlite", func(t *testing.T) { do(t, Open(t)) })
	t.Run("postgres", func(t *testing.T) { do(t, OpenPostgres(t)) })
}

// At runs a test on both databases at a time.
func At(t *testing.T, now time.Time, do func(t *testing.T, s *Store)) {
	OnClock(t, func() time.Time { return now }, do)
}

// OnClock runs a test on both databases by a clock.
func OnClock(t *testing.T, clock func() time.Time, do func(t *testing.T, s *Store)) {
	t.Run("sqlite", func(t *testing.T) {
		do(t, OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "clock.db"), Now: clock}))
	})
	t.Run("postgres", func(t *testing.T) { do(t, OpenPostgresAt(t, clock)) })
}

// OpenPostgres opens a fresh database of the server that the tests are given.
func OpenPostgres(t *testing.T) *Store {
	t.Helper()
	return OpenPostgresAt(t, time.Now)
}

// OpenPostgresAt is OpenPostgres with a clock.
func OpenPostgresAt(t testing.TB, now func() time.Time) *Store {
	t.Helper()
	return OpenWith(t, store.Options{URL: PostgresAddress(t), Now: now})
}

// PostgresAddress is that of a fresh database, which the test's end drops.
func PostgresAddress(t testing.TB) string {
	t.Helper()
	address := os.Getenv("TEST_POSTGRES_URL")
	if address == "" {
		t.Skip("SKIPPED: PostgreSQL: TEST_POSTGRES_URL is not set")
	}
	admin, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := "store_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	t.Cleanup(func() {
		again, err := sql.Open("pgx", address)
		if err == nil {
			_, err = again.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)")
			again.Close()
		}
		if err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
	})
	return u.String()
}

// RealFiles are the records of the directory REAL_RUNS; without it the test is
// skipped.
func RealFiles(t *testing.T) []telemetry.FetchedFile {
	t.Helper()
	dir := os.Getenv("REAL_RUNS")
	if dir == "" {
		t.Skip("SKIPPED: real records: REAL_RUNS is not set")
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	var files []telemetry.FetchedFile
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, Fetched(filepath.Base(name), body))
	}
	return files
}

// Fetched is a run file as a source gives it.
func Fetched(name string, body []byte) telemetry.FetchedFile {
	sum := sha1.Sum(body)
	f := telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: name, SHA: hex.EncodeToString(sum[:]), Size: int64(len(body))}, Body: body}
	f.Record, f.Err = telemetry.ParseRecord(body)
	return f
}

// Put stores files of RUNS_DIR.
func Put(t *testing.T, s *Store, files ...telemetry.FetchedFile) {
	t.Helper()
	PutFrom(t, s, "", files...)
}

// PutFrom stores files of a source.
func PutFrom(t *testing.T, s *Store, source string, files ...telemetry.FetchedFile) {
	t.Helper()
	if _, err := s.PutFiles(t.Context(), source, files); err != nil {
		t.Fatal(err)
	}
}

// PutEach stores files of RUNS_DIR one by one.
func PutEach(t *testing.T, s *Store, files []telemetry.FetchedFile) {
	t.Helper()
	for _, f := range files {
		Put(t, s, f)
	}
}

// SavePulls stores pull requests one by one.
func SavePulls(t *testing.T, s *Store, pulls []telemetry.PullRequest) {
	t.Helper()
	for _, p := range pulls {
		if err := s.SavePulls(t.Context(), telemetry.RepoName(p.Repo), []telemetry.PullRequest{p}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
}

// AllRows is a page of all rows.
func AllRows() query.Page { return query.Page{Number: 1, Size: 1 << 40} }

// GeneratedFiles are the run files of a small history with every kind of
// disturbance, in the order in which they appear.
func GeneratedFiles(seed uint64) []telemetry.FetchedFile {
	disturb := history.Disturbances{
		Shifts: 0.2, Renames: 0.1, Algorithm: 0.3, ShortHashes: 0.5, Duplicates: 0.1, WithoutFindings: 0.1, ScopeReduced: 0.1, Reopenings: 0.3,
		Late: 0.1, Missing: 0.05,
	}
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{
		Seed: seed, Repos: 4, ScansPerRepo: 14, FindingsPerScan: 24, SessionsPerScan: 1, Disturb: disturb,
	}) {
		files = append(files, Fetched(f.Name, f.Body))
	}
	return files
}

// DisturbedFiles are the run files of a history of two repositories, in which
// fingerprints change more often than they would.
func DisturbedFiles(seed uint64) []telemetry.FetchedFile {
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{
		Seed: seed, Repos: 2, ScansPerRepo: 9, FindingsPerScan: 22, SessionsPerScan: 1,
		Disturb: history.Disturbances{
			Shifts: 0.2, Renames: 0.1, Algorithm: 0.5, ShortHashes: 0.7, Duplicates: 0.1, WithoutFindings: 0.1, ScopeReduced: 0.15, Reopenings: 0.3,
		},
	}) {
		files = append(files, Fetched(f.Name, f.Body))
	}
	return files
}

// PullsFor makes pull requests for the records' sessions: some name an
// issue, some the session, some both, some several sessions' issues.
func PullsFor(files []telemetry.FetchedFile) []telemetry.PullRequest {
	var pulls []telemetry.PullRequest
	var lastIDs []string
	for _, f := range files {
		for _, session := range f.Record.Sessions {
			n := len(pulls) + 1
			at := f.Record.Timestamp.Add(time.Hour)
			p := telemetry.PullRequest{Repo: string(f.Record.Repo), Number: n + 5000, Title: "a fix", State: "open", CreatedAt: at, UpdatedAt: at}
			if n%2 == 0 {
				p.Title += " of " + strings.Join(session.IssueIDs, ", ")
			}
			if n%5 == 0 {
				p.Title += " and " + strings.Join(lastIDs, ", ")
			}
			if n%3 == 0 {
				p.Body = "Session: https://app.devin.ai/sessions/" + telemetry.SessionKey(session.ID)
			}
			if n%4 == 0 {
				p.State, p.MergedAt = "closed", at.Add(time.Hour)
			}
			lastIDs = session.IssueIDs
			pulls = append(pulls, p)
		}
	}
	return pulls
}

// TinyScan is a scan of a/b: findings are "name severity family", a name
// standing for fingerprint, rule and place.
func TinyScan(run int64, when string, found int, findings []string, sessions ...map[string]any) telemetry.FetchedFile {
	severity, category := map[string]int{}, map[string]int{}
	fingerprints := []map[string]any{}
	for i, f := range findings {
		w := strings.Fields(f)
		severity[w[1]]++
		category[w[2]]++
		fingerprints = append(fingerprints, map[string]any{"id": IssueID(run, i), "rule_id": "js/" + w[0], "file": w[0] + ".js", "start_line": 7, "fingerprint": strings.Repeat(w[0], 20), "severity_tier": w[1], "cwe_family": w[2]})
	}
	body := map[string]any{"target_repo": "https://github.com/a/b", "run_number": run, "run_id": fmt.Sprint(run), "timestamp": when, "issues_found": max(found, len(findings)), "sessions": sessions, "severity_breakdown": severity, "category_breakdown": category}
	if found > 0 {
		body["severity_breakdown"], body["category_breakdown"] = map[string]int{"high": found}, map[string]int{"xss": found}
	} else {
		body["issue_fingerprints"] = fingerprints
	}
	text, _ := json.Marshal(body)
	return Fetched(fmt.Sprintf("run-%d.json", run), text)
}

// TinyHistory is worked out by hand below. Monday is 2 March; run 4 is
// missing. A is first seen in run 2, and becomes high in run 6; B is gone in
// 3, back in 5, gone in 6; C is seen in 3 alone.
func TinyHistory() []telemetry.FetchedFile {
	session := func(id, status string, ids ...string) map[string]any {
		return map[string]any{"session_id": id, "session_url": "https://devin.test/" + id, "batch_id": 1, "status": status, "issue_ids": ids}
	}
	return []telemetry.FetchedFile{
		TinyScan(1, "2026-03-01T10:00:00Z", 3, nil),
		TinyScan(2, "2026-03-02T10:00:00Z", 0, []string{"A critical xss", "B high sqli"}, session("devin-111111aa", "finished", IssueID(2, 1)), session("", "error: 429 Client Error", IssueID(2, 0))),
		TinyScan(3, "2026-03-04T10:00:00Z", 0, []string{"A critical xss", "C low logging"}),
		TinyScan(5, "2026-03-09T10:00:00Z", 0, []string{"A critical xss", "B high sqli"}, session("devin-222222bb", "created", IssueID(5, 0), IssueID(5, 1))),
		TinyScan(6, "2026-03-11T10:00:00Z", 0, []string{"A high xss"}),
	}
}

// Day is a time (UTC) of the form 2006-01-02 or 2006-01-02 15:04.
func Day(text string) time.Time {
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	panic(text)
}

// ScanRecord is a scan in short: each finding is "rule file line fingerprint", or with
// a severity behind them.
type ScanRecord struct {
	Repo     string
	Run      int64
	At       string
	Findings []string
	Sessions []map[string]any
	Found    int // where it names none
}

// File is the scan as a fetched file. IssueID gives the ids of its findings.
func (r ScanRecord) File(name string) telemetry.FetchedFile {
	fingerprints := []map[string]any{}
	for i, f := range r.Findings {
		w := append(strings.Fields(f), "high")
		var line int
		_, _ = fmt.Sscan(w[2], &line)
		fingerprints = append(fingerprints, map[string]any{"id": IssueID(r.Run, i), "rule_id": w[0], "file": w[1], "start_line": line, "fingerprint": w[3], "severity_tier": w[4], "cwe_family": "xss"})
	}
	body := map[string]any{"target_repo": "https://github.com/" + r.Repo, "fork_url": "", "run_number": r.Run, "run_id": fmt.Sprint("id", r.Run), "timestamp": r.At, "issues_found": max(len(fingerprints), r.Found), "sessions": r.Sessions}
	if r.Found == 0 {
		body["issue_fingerprints"] = fingerprints
	}
	text, _ := json.Marshal(body)
	return Fetched(name, text)
}

// IssueID is the id that a ScanRecord gives a finding.
func IssueID(run int64, place int) string { return fmt.Sprintf("CQLF-R%d-%04d", run, place+1) }

// Lister is a list of rows T.
type Lister[T any] interface {
	Schema() *query.Schema
	Rows(ctx context.Context, a query.Ask) (telemetry.List[T], error)
}

// Parse reads a list's query.
func Parse(t testing.TB, l interface{ Schema() *query.Schema }, text string) query.Query {
	t.Helper()
	q, err := l.Schema().Parse(text)
	if err != nil {
		t.Fatalf("%s %q: %v", l.Schema().Name, text, err)
	}
	return q
}

// Total asks a list for how many rows a question has, and how many there are
// on its page of 1,000.
func Total[T any](t testing.TB, l Lister[T], a query.Ask) (total, rows int64) {
	t.Helper()
	page := firstPage(t, l, a)
	return page.Total, int64(len(page.Items))
}

// Rows returns the first thousand rows of a list.
func Rows[T any](t testing.TB, l Lister[T], a query.Ask) []T {
	t.Helper()
	return firstPage(t, l, a).Items
}

func firstPage[T any](t testing.TB, l Lister[T], a query.Ask) telemetry.List[T] {
	t.Helper()
	a.Page.Number, a.Page.Size = 1, 1000
	page, err := l.Rows(t.Context(), a)
	if err != nil {
		t.Errorf("%s %q: %v", l.Schema().Name, a.Query, err)
	}
	return page
}

// CaseFiles are the records of a small case in the directory SHARED_CASES;
// without it the test is skipped.
func CaseFiles(t *testing.T, name string) []telemetry.FetchedFile {
	t.Helper()
	dir := os.Getenv("SHARED_CASES")
	if dir == "" {
		t.Skip("SKIPPED: shared cases: SHARED_CASES is not set")
	}
	names, _ := filepath.Glob(filepath.Join(dir, name, "*.json"))
	if len(names) == 0 {
		t.Fatalf("no records in %s", filepath.Join(dir, name))
	}
	var files []telemetry.FetchedFile
	for _, file := range names {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, Fetched(filepath.Base(file), body))
	}
	return files
}
