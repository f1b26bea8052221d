package lists_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// manyIssues stores 100,000 issues, 20,000 of them fixed, and 10,000
// sessions, of 1,000 repositories.
func manyIssues(tb testing.TB, s *storetest.Store) {
	tb.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for repo := range 1000 {
		var files []telemetry.FetchedFile
		var findings []map[string]any
		for i := range 100 {
			rule := dice.IntN(60)
			findings = append(findings, map[string]any{"id": fmt.Sprintf("CQLF-R%d-%04d", repo, i), "fingerprint": fmt.Sprintf("%020x", dice.Uint64()), "rule_id": fmt.Sprintf("js/rule-%d", rule),
				"severity_tier": []string{"critical", "high", "high", "medium", "medium", "medium", "low", "low"}[rule%8], "cwe_family": fmt.Sprintf("family-%d", rule%15),
				"file": fmt.Sprintf("src/%s/module%d/file%d.js", []string{"app", "lib", "test", "web"}[dice.IntN(4)], dice.IntN(30), dice.IntN(50)), "start_line": 1 + dice.IntN(400)})
		}
		for scan := range 2 {
			var sessions []map[string]any
			for n := range 5 {
				sessions = append(sessions, map[string]any{"session_id": fmt.Sprintf("%032x", repo*100+scan*10+n), "batch_id": n, "status": []string{"finished", "running", "created", "blocked"}[dice.IntN(4)], "issue_ids": []string{findings[n]["id"].(string)}})
			}
			body, err := json.Marshal(map[string]any{"target_repo": fmt.Sprintf("https://github.com/org-%d/repo-%d", repo%20, repo), "run_number": repo*2 + scan + 1, "run_id": "1", "run_label": "run", "issues_found": len(findings),
				"timestamp": start.Add(time.Duration(scan*1000+repo) * time.Hour).Format(time.RFC3339), "issue_fingerprints": findings, "sessions": sessions})
			if err != nil {
				tb.Fatal(err)
			}
			rec, err := telemetry.ParseRecord(body)
			if err != nil {
				tb.Fatal(err)
			}
			name := fmt.Sprintf("r%d_%d.json", repo, scan)
			files = append(files, telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: name, SHA: name, Size: int64(len(body))}, Body: body, Record: rec})
			findings = findings[20:]
		}
		if _, err := s.PutFiles(context.Background(), "", files); err != nil {
			tb.Fatal(err)
		}
	}
}

// BenchmarkLists: the first answer of a list, 50 rows and the total, at
// 100,000 issues and 10,000 sessions.
func BenchmarkLists(b *testing.B) {
	s := storetest.OpenWith(b, store.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "bench.db"), Now: time.Now})
	manyIssues(b, s)
	benchLists(b, s)
}

func BenchmarkListsPostgres(b *testing.B) {
	s := storetest.OpenPostgresAt(b, time.Now)
	manyIssues(b, s)
	benchLists(b, s)
}

func benchLists(b *testing.B, s *storetest.Store) {
	benchList(b, lists.Issues(s.Store), []string{"status", "severity"}, []string{"", "is:open", "is:fixed", "is:open severity:critical,high", "severity:low", "repo:org-7/repo-7", "repo:org-7/*", "family:family-3", "rule:js/rule-3", "is:fixed rule:js/rule-3",
		"file7", `"no such text"`, "-path:test/", "path:src/app/", "-repo:org-7/repo-7", "age:>30d", "has:session", "run:500"})
	benchList(b, lists.Issues(s.Store), []string{"rule", "file", "repo", "family", "age", "last_seen", "appearances", "attempts"}, []string{"", "is:open"})
	benchList(b, lists.Sessions(s.Store), []string{"", "state", "age", "family", "repo", "run"}, []string{"", "is:active", "repo:org-7/repo-7", "family:family-3", "nothing", "cqlf-r"})
	benchList(b, lists.Runs(s.Store), []string{"", "found", "repo"}, []string{"", "repo:org-7/repo-7", "kind:scan", "nothing"})
	benchList(b, lists.Repos(s.Store), []string{"", "open"}, []string{"", "open:>0", "org-7"})
}

func benchList[T any](b *testing.B, l *lists.List[T], sorts, texts []string) {
	for _, sort := range sorts {
		for _, text := range texts {
			a := query.Ask{Query: storetest.Parse(b, l, text), Page: query.Page{Number: 1, Size: 50, Sort: sort}, Brief: true}
			b.Run(fmt.Sprintf("%s/%s/%s", l.Name, sort, text), func(b *testing.B) {
				for b.Loop() {
					if _, err := l.Rows(b.Context(), a); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
