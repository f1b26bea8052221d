package store_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// scanRecord is a scan in short: each finding is "rule file line print".
type scanRecord struct {
	Repo     string
	Run      int64
	At       string
	Findings []string
	Sessions []map[string]any
	Found    int // where it names none
}

// place makes the ids of its findings ISSUE-run-place.
func (r scanRecord) file(name string) telemetry.FetchedFile {
	prints := []map[string]any{}
	for i, f := range r.Findings {
		w := strings.Fields(f)
		var line int
		_, _ = fmt.Sscan(w[2], &line)
		prints = append(prints, map[string]any{"id": issueID(r.Run, i), "rule_id": w[0], "file": w[1], "start_line": line, "fingerprint": w[3], "severity_tier": "high", "cwe_family": "xss"})
	}
	body := map[string]any{"target_repo": "https://github.com/" + r.Repo, "fork_url": "", "run_number": r.Run, "run_id": fmt.Sprint("id", r.Run), "timestamp": r.At, "issues_found": max(len(prints), r.Found), "sessions": r.Sessions}
	if r.Found == 0 {
		body["issue_fingerprints"] = prints
	}
	text, _ := json.Marshal(body)
	return fetched(name, text)
}

func issueID(run int64, place int) string { return fmt.Sprintf("CQLF-R%d-%04d", run, place+1) }

// putFrom stores files of a source.
func putFrom(t *testing.T, s *store.Store, source string, files ...telemetry.FetchedFile) {
	t.Helper()
	if _, err := s.PutFiles(t.Context(), source, files); err != nil {
		t.Fatal(err)
	}
}

func dump(t *testing.T, s *store.Store) map[string][]string {
	t.Helper()
	d, err := s.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sameDump compares derived tables row by row.
func sameDump(t *testing.T, what string, got, want map[string][]string) {
	t.Helper()
	for _, table := range slices.Sorted(maps.Keys(want)) {
		extra := slices.DeleteFunc(slices.Clone(got[table]), func(r string) bool { return slices.Contains(want[table], r) })
		missing := slices.DeleteFunc(slices.Clone(want[table]), func(r string) bool { return slices.Contains(got[table], r) })
		if len(extra)+len(missing) == 0 && len(got[table]) == len(want[table]) {
			continue
		}
		t.Errorf("%s: table %s has %d rows instead of %d; %d others:\n  got  %s\n  want %s", what, table, len(got[table]), len(want[table]), len(extra)+len(missing),
			strings.Join(extra[:min(2, len(extra))], "\n       "), strings.Join(missing[:min(2, len(missing))], "\n       "))
	}
}

// generated returns a disturbed history and the real records, if there are.
func generated(seed uint64) []telemetry.FetchedFile {
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{Seed: seed, Repos: 2, ScansPerRepo: 9, FindingsPerScan: 22, SessionsPerScan: 1,
		Disturb: history.Disturbances{Shifts: 0.2, Renames: 0.1, Algorithm: 0.5, ShortHashes: 0.7, Duplicates: 0.1, Unnamed: 0.1, Narrowed: 0.15, Reopenings: 0.3}}) {
		files = append(files, fetched(f.Name, f.Body))
	}
	return files
}

// pullsFor makes pull requests for the records' sessions: some name an
// issue, some the session, some both, some several sessions' issues.
func pullsFor(files []telemetry.FetchedFile) []telemetry.PullRequest {
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
				p.Body = "Session: https://app.devin.ai/sessions/" + telemetry.BareID(session.ID)
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

func savePulls(t *testing.T, s *store.Store, pulls []telemetry.PullRequest) {
	t.Helper()
	for _, p := range pulls {
		if err := s.SavePulls(t.Context(), telemetry.RepoName(p.Repo), []telemetry.PullRequest{p}, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
}

// openLike opens another fresh database of the same kind.
func openLike(t *testing.T, s *store.Store) *store.Store {
	if s.Dialect() == "postgres" {
		return openPostgres(t)
	}
	return open(t)
}
