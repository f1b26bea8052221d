package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oddCase is records that are unusual and not wrong, and what then is true.
type oddCase struct {
	files   map[string][]byte
	figures map[string]float64 // of /api/stats, beside good.json
	more    func(o odd)
}

func oddCases() map[string]oddCase {
	const day = "2026-02-02T10:00:00Z"
	deep := json.RawMessage(strings.Repeat(`{"a":[`, 4_900) + strings.Repeat(`]}`, 4_900))
	session := func(more map[string]any) json.RawMessage {
		return changed(map[string]any{"session_id": "devin-aaaabbbbccccdddd0000111122223333", "session_url": "https://app.devin.ai/sessions/aaaabbbbccccdddd0000111122223333", "batch_id": 1, "status": "created", "issue_ids": []any{"CQLF-R2-0001"}, "pr_url": ""}, more)
	}
	return map[string]oddCase{
		"nested as deep as JSON may be": {files: map[string][]byte{"a.json": oddScan(2, day, map[string]any{"x": deep})}, figures: map[string]float64{"total_runs": 2, "latest_issues": 1}},
		"a key twice: the last counts":  {files: map[string][]byte{"a.json": append([]byte(`{"issues_found": 70, "run_number": "x",`), oddScan(2, day, nil)[1:]...)}, figures: map[string]float64{"total_runs": 2, "total_issues": 2}},
		"times": {files: map[string][]byte{
			"future.json": oddScan(2, "2199-01-01T00:00:00Z", nil), "old.json": oddScan(3, "2001-09-09T01:46:40+02:00", nil), "ancient.json": oddScan(4, "0001-01-01T00:00:00Z", nil), "epoch.json": oddScan(5, "1970-01-01T00:00:00Z", nil),
			"no-zone.json": oddScan(6, "2026-02-02 10:00:00", nil), "day.json": oddScan(7, "2026-02-02", nil), "equal-a.json": oddScan(8, day, nil), "equal-b.json": oddScan(9, day, nil), "last.json": oddScan(10, "9999-12-31T23:59:59Z", nil),
		}, figures: map[string]float64{"total_runs": 10, "total_issues": 10, "latest_issues": 1}, more: func(o odd) {
			if got := o.items("/api/runs?per_page=1")[0]["_file"]; got != "last.json" {
				o.t.Errorf("the newest run is %v", got)
			}
			for _, r := range o.items("/api/runs?per_page=200") {
				if at := fmt.Sprint(r["timestamp"]); r["_file"] == "no-zone.json" && at != "2026-02-02T10:00:00Z" {
					o.t.Errorf("a time without a zone reads %s", at)
				}
			}
			if numbers := fmt.Sprint(o.items("/api/issues?status=open")[0]["run_numbers"]); numbers != "[4 5 3 1 7 6 8 9 2 10]" && numbers != "[4 5 3 1 7 8 9 6 2 10]" {
				o.t.Errorf("the issue was in runs %s", numbers)
			}
		}},
		"a verification of an unknown pull request": {files: map[string][]byte{"v.json": []byte(`{"verified_at": "2026-02-02T10:00:00Z", "summary": {"total_targeted": 1, "fixed_count": 1}, "session_id": "ffff", "pr_url": "https://github.com/no/where/pull/7", "pr_number": "7", "source_run_number": "77", "verified_fixed": []}`)},
			figures: map[string]float64{"total_runs": 1, "prs_total": 1, "prs_unknown": 1, "verifications": 1}},
		"a session of two repositories": {files: map[string][]byte{"a.json": oddScan(2, day, map[string]any{"sessions": []any{session(nil)}}), "b.json": oddScan(3, "2026-02-03T10:00:00Z", map[string]any{"target_repo": "other/place", "sessions": []any{session(map[string]any{"session_id": "aaaabbbbccccdddd0000111122223333", "status": "running"})}})},
			figures: map[string]float64{"total_runs": 3, "sessions_created": 1, "repos_scanned": 2}, more: func(o odd) {
				if s := o.items("/api/sessions"); len(s) != 1 || s[0]["status"] != "running" {
					o.t.Errorf("the sessions are %v", s)
				}
			}},
		"a repository in many spellings": {files: map[string][]byte{"a.json": oddScan(2, day, map[string]any{"target_repo": "https://github.com/Octo/SHOP.git/"}), "b.json": oddScan(3, day, map[string]any{"target_repo": "octo/shop/"}), "c.json": oddScan(4, day, map[string]any{"target_repo": "git@github.com:octo/Shop.git"})},
			figures: map[string]float64{"total_runs": 4, "repos_scanned": 1, "latest_issues": 1}, more: func(o odd) {
				if n := len(o.items("/api/runs?repo=OCTO/shop.git")); n != 4 {
					o.t.Errorf("?repo= finds %d runs", n)
				}
			}},
		"forks": {files: map[string][]byte{"own.json": oddScan(2, day, map[string]any{"fork_url": "https://github.com/octo/shop"}), "shared.json": oddScan(3, day, map[string]any{"target_repo": "https://github.com/octo/other"}), "none.json": oddScan(4, day, map[string]any{"target_repo": "octo/third", "fork_url": nil})},
			figures: map[string]float64{"total_runs": 4, "repos_scanned": 3, "latest_issues": 3}},
		"numbers": {files: map[string][]byte{"text.json": oddScan(0, day, map[string]any{"run_number": "0042"}), "far.json": oddScan(0, day, map[string]any{"run_number": int64(900_000_000_000)}), "whole.json": oddScan(0, day, map[string]any{"run_number": json.RawMessage("7.0"), "issues_found": json.RawMessage("1e2")}), "most.json": oddScan(0, day, map[string]any{"issues_found": int64(1_000_000_000_000)})},
			figures: map[string]float64{"total_runs": 5, "total_issues": 1_000_000_000_103}, more: func(o odd) {
				numbers := map[any]any{}
				for _, r := range o.items("/api/runs?per_page=200") {
					numbers[r["_file"]] = r["run_number"]
				}
				if numbers["text.json"] != 42.0 || numbers["whole.json"] != 7.0 {
					o.t.Errorf("the run numbers are %v", numbers)
				}
			}},
		"unknown words and fields": {files: map[string][]byte{"a.json": oddScan(2, day, map[string]any{"severity_breakdown": map[string]any{"apocalyptic": 1}, "of_tomorrow": map[string]any{"deep": []int{1, 2}}, "_file": "mine", "kind": "odd",
			"issue_fingerprints": []any{oddFinding(2, map[string]any{"severity_tier": "apocalyptic", "confidence": 0.5})}})}, figures: map[string]float64{"total_runs": 2, "latest_issues": 1}, more: func(o odd) {
			run := o.items("/api/runs?per_page=1")[0]
			if fmt.Sprint(run["of_tomorrow"]) != "map[deep:[1 2]]" || run["_file"] != "a.json" || run["kind"] != "scan" {
				o.t.Errorf("the run is %v", run)
			}
			if !strings.Contains(o.page("/issues"), "pocalyptic") || o.items("/api/issues?status=open")[0]["severity_tier"] != "apocalyptic" {
				o.t.Error("a severity of no known name is not shown")
			}
		}},
		"nothing but what must be": {files: map[string][]byte{"a.json": []byte(`{"target_repo": "octo/shop", "timestamp": "2026-02-02T10:00:00Z", "run_number": 2, "sessions": null, "issue_fingerprints": null, "fork_url": null}`), "b.json": []byte("\ufeff" + `{"target_repo": "octo/bare", "timestamp": "2026-02-02T10:00:00Z", "issue_fingerprints": [{}]}`)},
			figures: map[string]float64{"total_runs": 3, "total_issues": 1, "broken_files": 0}},
	}
}

// TestOddRecords: records that are unusual and not wrong load, and say what
// they mean.
func TestOddRecords(t *testing.T) {
	everywhere(t, func(o odd) {
		for name, c := range oddCases() {
			for file, body := range c.files {
				o.put(file, body)
			}
			o.refresh()
			for file := range c.files {
				if says := o.file(file)["error"]; says != nil {
					o.t.Errorf("%s: %s: %v", name, file, says)
				}
			}
			for figure, want := range c.figures {
				if _, stats := o.ask("GET", "/api/stats"); stats[figure] != want {
					o.t.Errorf("%s: %s is %v, want %v", name, figure, stats[figure], want)
				}
			}
			if c.more != nil {
				c.more(o)
			}
			for file := range c.files {
				o.remove(file)
			}
			o.emptied()
		}
	})
}

// TestManyFindings: one scan of 50,000 findings, all of one rule and family.
func TestManyFindings(t *testing.T) {
	many := 50_000
	if raceDetector {
		many = 3_000
	}
	onBoth(t, "directory", func(o odd) {
		for run := 2; run <= 3; run++ {
			findings := make([]any, many)
			for i := range findings {
				findings[i] = oddFinding(run, map[string]any{"id": fmt.Sprintf("CQLF-R%d-%05d", run, i), "fingerprint": fmt.Sprintf("%020x", i), "file": fmt.Sprintf("src/%d.js", i%50), "start_line": i + run})
			}
			o.put(fmt.Sprintf("many-%d.json", run), oddScan(run, fmt.Sprintf("2026-02-%02dT10:00:00Z", run), map[string]any{"issues_found": many, "issue_fingerprints": findings}))
		}
		o.refresh()
		o.figures("GET", "/api/stats", map[string]float64{"total_runs": 3, "total_issues": float64(2*many + 1), "latest_issues": float64(many)})
		if issue := o.items("/api/issues?status=open&per_page=1")[0]; issue["appearances"] != 2.0 {
			o.t.Errorf("an issue: %v", issue)
		}
	})
}

// TestDirectoryThatGoesAway: a directory that cannot be read marks nothing,
// and single files in it that cannot be read are listed and hinder nothing.
func TestDirectoryThatGoesAway(t *testing.T) {
	o := odd{wired: newWired(t, "apk_test", "sqlite:"+filepath.Join(t.TempDir(), "odd.db"), nil)}
	dir := filepath.Join(t.TempDir(), "runs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o.readDirectory(dir)
	o.put("good.json", oddScan(1, "2026-02-01T10:00:00Z", nil))
	o.start()
	o.refresh()
	want := map[string]float64{"total_runs": 1, "latest_issues": 1}
	if err := os.Rename(dir, dir+"-2"); err != nil {
		t.Fatal(err)
	}
	if status, answer := o.ask("POST", "/api/refresh"); status != 503 || !strings.Contains(fmt.Sprint(answer["error"]), "RUNS_DIR") {
		t.Errorf("without the directory: %d %v", status, answer)
	}
	o.figures("GET", "/api/stats", want)
	if page := o.page("/"); !strings.Contains(page, "RUNS_DIR cannot be read") {
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
	o.put("no \xff text.json", []byte("{}"))
	o.put("other.json", oddScan(2, "2026-02-02T10:00:00Z", nil))
	if result := o.refresh(); result["broken"] != 2.0 || result["new"] != 1.0 {
		t.Errorf("with files that cannot be read: %v", result)
	}
	for _, name := range []string{"leads-out.json", "no \ufffd text.json"} {
		if says, _ := o.file(name)["error"].(string); !strings.Contains(says, "cannot be opened") {
			t.Errorf("%s: %q", name, says)
		}
	}
	if result := o.refresh(); result["downloaded"] != 0.0 || result["broken"] != 0.0 {
		t.Errorf("nothing changed: %v", result)
	}
	o.figures("GET", "/api/stats", map[string]float64{"total_runs": 2, "broken_files": 2})
}
