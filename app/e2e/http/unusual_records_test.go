package http

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/telemetry/testsize"
)

// unusual is records that are unusual and not wrong, and what then is true.
type unusual struct {
	files   map[string][]byte
	figures map[string]float64 // of /api/stats, in addition to good.json
	more    func(p source)
}

func unusualRecords() map[string]unusual {
	const day = "2026-02-02T10:00:00Z"
	deep := json.RawMessage(strings.Repeat(`{"a":[`, 4_900) + strings.Repeat(`]}`, 4_900))
	session := func(more map[string]any) json.RawMessage {
		return program.Changed(
			map[string]any{
				"session_id":  "devin-aaaabbbbccccdddd0000111122223333",
				"session_url": "https://app.devin.ai/sessions/aaaabbbbccccdddd0000111122223333",
				"batch_id":    1,
				"status":      "created",
				"issue_ids":   []any{"CQLF-R2-0001"},
				"pr_url":      "",
			},
			more,
		)
	}
	return map[string]unusual{
		"nested as deep as JSON may be": {
			files:   map[string][]byte{"a.json": program.SmallScan(2, day, map[string]any{"x": deep})},
			figures: map[string]float64{"total_runs": 2, "latest_issues": 1},
		},
		"a key twice: the last counts": {
			files:   map[string][]byte{"a.json": append([]byte(`{"issues_found": 70, "run_number": "x",`), program.SmallScan(2, day, nil)[1:]...)},
			figures: map[string]float64{"total_runs": 2, "total_issues": 2},
		},
		"times": {files: map[string][]byte{
			"future.json":  program.SmallScan(2, "2199-01-01T00:00:00Z", nil),
			"old.json":     program.SmallScan(3, "2001-09-09T01:46:40+02:00", nil),
			"ancient.json": program.SmallScan(4, "0001-01-01T00:00:00Z", nil), "epoch.json": program.SmallScan(5, "1970-01-01T00:00:00Z", nil),
			"no-zone.json": program.SmallScan(6, "2026-02-02 10:00:00", nil),
			"day.json":     program.SmallScan(7, "2026-02-02", nil), "equal-a.json": program.SmallScan(8, day, nil),
			"equal-b.json": program.SmallScan(9, day, nil), "last.json": program.SmallScan(10, "9999-12-31T23:59:59Z", nil),
		}, figures: map[string]float64{"total_runs": 10, "total_issues": 10, "latest_issues": 1}, more: func(p source) {
			if got := p.Items("/api/runs?per_page=1")[0]["_file"]; got != "last.json" {
				p.T.Errorf("the newest run is %v", got)
			}
			for _, r := range p.Items("/api/runs?per_page=200") {
				if at := fmt.Sprint(r["timestamp"]); r["_file"] == "no-zone.json" && at != "2026-02-02T10:00:00Z" {
					p.T.Errorf("a time without a zone reads %s", at)
				}
			}
			if numbers := fmt.Sprint(p.Items("/api/issues?status=open")[0]["run_numbers"]); numbers != "[4 5 3 1 7 6 8 9 2 10]" &&
				numbers != "[4 5 3 1 7 8 9 6 2 10]" {
				p.T.Errorf("the issue was in runs %s", numbers)
			}
		}},
		"a verification of an unknown pull request": {
			files: map[string][]byte{
				"v.json": []byte(
					`{"verified_at": "2026-02-02T10:00:00Z", "summary": {"total_targeted": 1, "fixed_count": 1}, "session_id": "ffff",
						"pr_url": "https://github.com/no/where/pull/7", "pr_number": "7", "source_run_number": "77", "verified_fixed": []}`,
				),
			},
			figures: map[string]float64{"total_runs": 1, "prs_total": 1, "prs_unknown": 1, "verifications": 1},
		},
		"a session of two repositories": {
			files: map[string][]byte{
				"a.json": program.SmallScan(2, day, map[string]any{"sessions": []any{session(nil)}}),
				"b.json": program.SmallScan(
					3,
					"2026-02-03T10:00:00Z",
					map[string]any{
						"target_repo": "other/place",
						"sessions":    []any{session(map[string]any{"session_id": "aaaabbbbccccdddd0000111122223333", "status": "running"})},
					},
				),
			},
			figures: map[string]float64{"total_runs": 3, "sessions_created": 1, "repos_scanned": 2},
			more: func(p source) {
				if s := p.Items("/api/sessions"); len(s) != 1 || s[0]["status"] != "running" {
					p.T.Errorf("the sessions are %v", s)
				}
			},
		},
		"a repository in many spellings": {
			files: map[string][]byte{
				"a.json": program.SmallScan(2, day, map[string]any{"target_repo": "https://github.com/Octo/SHOP.git/"}),
				"b.json": program.SmallScan(3, day, map[string]any{"target_repo": "octo/shop/"}),
				"c.json": program.SmallScan(4, day, map[string]any{"target_repo": "git@github.com:octo/Shop.git"}),
			},
			figures: map[string]float64{"total_runs": 4, "repos_scanned": 1, "latest_issues": 1},
			more: func(p source) {
				if n := len(p.Items("/api/runs?repo=OCTO/shop.git")); n != 4 {
					p.T.Errorf("?repo= finds %d runs", n)
				}
			},
		},
		"forks": {
			files: map[string][]byte{
				"own.json":    program.SmallScan(2, day, map[string]any{"fork_url": "https://github.com/octo/shop"}),
				"shared.json": program.SmallScan(3, day, map[string]any{"target_repo": "https://github.com/octo/other"}),
				"none.json":   program.SmallScan(4, day, map[string]any{"target_repo": "octo/third", "fork_url": nil}),
			},
			figures: map[string]float64{"total_runs": 4, "repos_scanned": 3, "latest_issues": 3},
		},
		"numbers": {
			files: map[string][]byte{
				"text.json":  program.SmallScan(0, day, map[string]any{"run_number": "0042"}),
				"far.json":   program.SmallScan(0, day, map[string]any{"run_number": int64(900_000_000_000)}),
				"whole.json": program.SmallScan(0, day, map[string]any{"run_number": json.RawMessage("7.0"), "issues_found": json.RawMessage("1e2")}),
				"most.json":  program.SmallScan(0, day, map[string]any{"issues_found": int64(1_000_000_000_000)}),
			},
			figures: map[string]float64{"total_runs": 5, "total_issues": 1_000_000_000_103},
			more: func(p source) {
				numbers := map[any]any{}
				for _, r := range p.Items("/api/runs?per_page=200") {
					numbers[r["_file"]] = r["run_number"]
				}
				if numbers["text.json"] != 42.0 || numbers["whole.json"] != 7.0 {
					p.T.Errorf("the run numbers are %v", numbers)
				}
			},
		},
		"unknown words and fields": {
			files: map[string][]byte{
				"a.json": program.SmallScan(
					2,
					day,
					map[string]any{
						"severity_breakdown": map[string]any{"apocalyptic": 1},
						"of_tomorrow":        map[string]any{"deep": []int{1, 2}},
						"_file":              "mine",
						"kind":               "odd",
						"issue_fingerprints": []any{
							program.SmallFinding(2, map[string]any{"severity_tier": "apocalyptic", "confidence": 0.5}),
						},
					},
				),
			},
			figures: map[string]float64{"total_runs": 2, "latest_issues": 1},
			more: func(p source) {
				run := p.Items("/api/runs?per_page=1")[0]
				if fmt.Sprint(run["of_tomorrow"]) != "map[deep:[1 2]]" || run["_file"] != "a.json" || run["kind"] != "scan" {
					p.T.Errorf("the run is %v", run)
				}
				if !strings.Contains(p.Page("/issues"), "pocalyptic") || p.Items("/api/issues?status=open")[0]["severity_tier"] != "apocalyptic" {
					p.T.Error("a severity of no known name is not shown")
				}
			},
		},
		"nothing but what must be": {
			files: map[string][]byte{
				"a.json": []byte(
					`{"target_repo": "octo/shop", "timestamp": "2026-02-02T10:00:00Z", "run_number": 2, "sessions": null,
						"issue_fingerprints": null, "fork_url": null}`,
				),
				"b.json": []byte("\ufeff" + `{"target_repo": "octo/bare", "timestamp": "2026-02-02T10:00:00Z", "issue_fingerprints": [{}]}`),
			},
			figures: map[string]float64{"total_runs": 3, "total_issues": 1, "broken_files": 0},
		},
	}
}

// TestUnusualRecords: records that are unusual and not wrong load, and say what
// they mean.
func TestUnusualRecords(t *testing.T) {
	everywhere(t, func(p source) {
		for name, c := range unusualRecords() {
			for file, body := range c.files {
				p.put(file, body)
			}
			p.refresh()
			for file := range c.files {
				if says := p.file(file)["error"]; says != nil {
					p.T.Errorf("%s: %s: %v", name, file, says)
				}
			}
			for figure, want := range c.figures {
				if _, stats := p.Ask("GET", "/api/stats"); stats[figure] != want {
					p.T.Errorf("%s: %s is %v, want %v", name, figure, stats[figure], want)
				}
			}
			if c.more != nil {
				c.more(p)
			}
			for file := range c.files {
				p.remove(file)
			}
			p.confirmRemoved()
		}
	})
}

// TestManyFindings: one scan of 50,000 findings, all of one rule and family.
func TestManyFindings(t *testing.T) {
	many := testsize.Of(t, "findings", 10_000, 50_000)
	if program.Race {
		many = 3_000
	}
	onBoth(t, "directory", fromDirectory, func(p source) {
		for run := 2; run <= 3; run++ {
			findings := make([]any, many)
			for i := range findings {
				findings[i] = program.SmallFinding(
					run,
					map[string]any{
						"id":          fmt.Sprintf("CQLF-R%d-%05d", run, i),
						"fingerprint": fmt.Sprintf("%020x", i),
						"file":        fmt.Sprintf("src/%d.js", i%50),
						"start_line":  i + run,
					},
				)
			}
			p.put(
				fmt.Sprintf("many-%d.json", run),
				program.SmallScan(
					run,
					fmt.Sprintf("2026-02-%02dT10:00:00Z", run),
					map[string]any{"issues_found": many, "issue_fingerprints": findings},
				),
			)
		}
		p.refresh()
		p.Figures(
			http.MethodGet,
			"/api/stats",
			map[string]float64{"total_runs": 3, "total_issues": float64(2*many + 1), "latest_issues": float64(many)},
		)
		if issue := p.Items("/api/issues?status=open&per_page=1")[0]; issue["appearances"] != 2.0 {
			p.T.Errorf("an issue: %v", issue)
		}
	})
}

// TestDirectoryThatGoesAway: a directory that cannot be read marks nothing,
// and single files in it that cannot be read are listed and hinder nothing.
func TestDirectoryThatGoesAway(t *testing.T) {
	p := fromDirectory(t, map[string]any{"good.json": program.SmallScan(1, "2026-02-01T10:00:00Z", nil)}, nil)
	dir := p.Runs
	p.refresh()
	want := map[string]float64{"total_runs": 1, "latest_issues": 1}
	if err := os.Rename(dir, dir+"-2"); err != nil {
		t.Fatal(err)
	}
	if status, answer := p.Ask("POST", "/api/refresh"); status != 503 || !strings.Contains(fmt.Sprint(answer["error"]), "RUNS_DIR") {
		t.Errorf("without the directory: %d %v", status, answer)
	}
	p.Figures(http.MethodGet, "/api/stats", want)
	if page := p.Page("/"); !strings.Contains(page, "Cannot read the directory RUNS_DIR") {
		t.Error("the page does not say that the directory cannot be read")
	}
	if err := os.Rename(dir+"-2", dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "leads-out.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.put("no \xff text.json", []byte("{}"))
	p.put("other.json", program.SmallScan(2, "2026-02-02T10:00:00Z", nil))
	if result := p.refresh(); result["broken"] != 2.0 || result["new"] != 1.0 {
		t.Errorf("with files that cannot be read: %v", result)
	}
	for _, name := range []string{"leads-out.json", "no \ufffd text.json"} {
		if says, _ := p.file(name)["error"].(string); !strings.Contains(says, "Cannot open") {
			t.Errorf("%s: %q", name, says)
		}
	}
	if result := p.refresh(); result["downloaded"] != 0.0 || result["broken"] != 0.0 {
		t.Errorf("nothing changed: %v", result)
	}
	p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 2, "broken_files": 2})
}
