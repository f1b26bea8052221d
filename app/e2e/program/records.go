package program

import (
	"encoding/json"
	"fmt"
	"time"
)

// Finding is a finding of a made-up record.
func Finding(run, n int, severity, family, rule, file string, line int) map[string]any {
	return map[string]any{
		"id": fmt.Sprintf("CQLF-R%d-%04d", run, n), "fingerprint": fmt.Sprintf("%016x", n*7919), "rule_id": rule,
		"severity_tier": severity, "cwe_family": family, "file": file, "start_line": line,
	}
}

// Scan is a made-up record of a scan of octo/shop.
func Scan(run int, at time.Time, findings []map[string]any, sessions ...map[string]any) map[string]any {
	severity, family := map[string]int{}, map[string]int{}
	for _, f := range findings {
		severity[f["severity_tier"].(string)]++
		family[f["cwe_family"].(string)]++
	}
	if sessions == nil {
		sessions = []map[string]any{}
	}
	return map[string]any{
		"target_repo": "https://github.com/octo/shop", "fork_url": "https://github.com/forks/shop", "run_number": run,
		"run_id": fmt.Sprint(1000 + run), "run_url": fmt.Sprintf("https://github.com/octo/action/actions/runs/%d", 1000+run),
		"run_label": fmt.Sprintf("run-%d", run), "timestamp": at.UTC().Format(time.RFC3339), "issues_found": len(findings),
		"severity_breakdown": severity, "category_breakdown": family, "batches_created": len(sessions), "sessions": sessions,
		"issue_fingerprints": findings,
	}
}

// SampleSession is the id of the session of Sample.
const SampleSession = "0123456789abcdef0123456789abcdef"

// Sample are two scans: 60 findings, then the same without the first, and a
// session that works.
func Sample() map[string]any {
	at := time.Now().Add(-2 * time.Hour)
	findings := SampleFindings()
	session := map[string]any{
		"session_id": "devin-" + SampleSession, "session_url": "https://evil.example/sessions/1", "batch_id": 1, "status": "working",
		"issue_ids": []string{"CQLF-R1-0002"}, "pr_url": "https://github.com/octo/shop/pull/7",
	}
	return map[string]any{"a.json": Scan(1, at, findings), "b.json": Scan(2, at.Add(time.Hour), findings[1:], session)}
}

// SampleFindings are the findings of the first scan of Sample.
func SampleFindings() []map[string]any {
	var findings []map[string]any
	for n := 1; n <= 60; n++ {
		severity, family := []string{"critical", "high", "medium", "low"}[n%4], []string{"xss", "injection"}[n%2]
		findings = append(findings,
			Finding(1, n, severity, family, fmt.Sprintf("js/rule-%02d", n), fmt.Sprintf("src/<b>%d</b>/file.ts", n), n))
	}
	return findings
}

// SampleWith is Sample with some fields of its session changed.
func SampleWith(session map[string]any) map[string]any {
	records := Sample()
	for name, v := range session {
		records["b.json"].(map[string]any)["sessions"].([]map[string]any)[0][name] = v
	}
	return records
}

// SmallScan is the file of a scan of octo/shop with one finding, some fields
// changed; nil takes a field away.
func SmallScan(run int, at string, change map[string]any) []byte {
	return Changed(map[string]any{
		"target_repo": "https://github.com/octo/shop", "fork_url": "https://github.com/me/shop", "run_number": run, "run_id": fmt.Sprint(run),
		"timestamp": at, "issues_found": 1, "severity_breakdown": map[string]any{"high": 1}, "category_breakdown": map[string]any{"xss": 1},
		"sessions": []any{}, "issue_fingerprints": []any{SmallFinding(run, nil)},
	}, change)
}

// SmallFinding is the finding of SmallScan, some fields changed.
func SmallFinding(n int, change map[string]any) json.RawMessage {
	return Changed(map[string]any{
		"id": fmt.Sprintf("CQLF-R%d-0001", n), "fingerprint": "00000000000000aa", "rule_id": "js/xss", "severity_tier": "high",
		"cwe_family": "xss", "file": "a.js", "start_line": 7,
	}, change)
}

// RecordedSession is a session as a record names it, some fields changed.
func RecordedSession(change map[string]any) json.RawMessage {
	return Changed(map[string]any{
		"session_id": SampleSession, "session_url": "", "batch_id": 1, "status": "created", "issue_ids": []any{}, "pr_url": "",
	}, change)
}

// Changed is a JSON object with some fields changed; nil takes a field away.
func Changed(object, change map[string]any) []byte {
	for name, v := range change {
		object[name] = v
		if v == nil {
			delete(object, name)
		}
	}
	body, err := json.Marshal(object)
	if err != nil {
		panic(err) // only what is JSON comes here
	}
	return body
}
