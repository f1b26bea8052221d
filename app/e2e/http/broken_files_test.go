package http

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/telemetry"
)

// brokenFiles are what is no record, and a word of what is said of it.
func brokenFiles() map[string]struct {
	body []byte
	says string
} {
	type broken = struct {
		body []byte
		says string
	}
	nested := func(n int) []byte {
		return []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
	}
	return map[string]broken{
		"cut.json":   {[]byte(`{"target_repo": "https://github.com/octo/shop", "run_`), "not a JSON object"},
		"empty.json": {nil, "empty"},
		"blank.json": {[]byte(" \n\t"), "empty"},
		"list.json":  {[]byte(`[{"target_repo": "octo/shop"}]`), "not a JSON object"},
		"null.json":  {[]byte(`null`), "not a JSON object"},
		"other.json": {[]byte(`{"name": "package", "version": 1}`), "neither a run (target_repo) nor a verification"},
		"huge.json": {
			append([]byte(`{"target_repo": "octo/shop", "x": "`), append(bytes.Repeat([]byte("x"), telemetry.MaxRecordBytes), `"}`...)...),
			"bytes",
		},
		"deep.json":   {nested(10_000), "not a JSON object"},
		"deeper.json": {nested(2_000_000), "not a JSON object"},
		"utf-16.json": {utf16Text(program.SmallScan(2, "2026-02-02T10:00:00Z", nil)), "UTF-16"},
		"nan.json": {
			bytes.Replace(program.SmallScan(2, "2026-02-02T10:00:00Z", nil), []byte(`"issues_found":1`), []byte(`"issues_found":NaN`), 1),
			"not a JSON object",
		},
		"zero.json":     {[]byte("\x00\x00\x00"), "not a JSON object"},
		"no-time.json":  {program.SmallScan(2, "", map[string]any{"timestamp": nil}), "timestamp"},
		"bad-time.json": {program.SmallScan(2, "yesterday", nil), "yesterday"},
		"no-repo.json":  {program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"target_repo": "shop"}), "target_repo"},
		"run.json":      {program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"run_number": "two"}), "run_number"},
		"negative.json": {program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"issues_found": -4}), "issues_found"},
		"beyond.json": {
			program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"issues_found": int64(9_000_000_000_000_000_000)}),
			"issues_found",
		},
		"beyond-2.json": {
			program.SmallScan(
				2,
				"2026-02-02T10:00:00Z",
				map[string]any{"severity_breakdown": map[string]any{"high": int64(9_000_000_000_000_000_000)}},
			),
			"high",
		},
		"sessions.json": {program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"sessions": "none"}), "sessions"},
		"findings.json": {
			program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"issue_fingerprints": map[string]any{}}),
			"issue_fingerprints",
		},
		"finding.json": {program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"issue_fingerprints": []any{7}}), "issue_fingerprints"},
		"line.json": {
			program.SmallScan(
				2,
				"2026-02-02T10:00:00Z",
				map[string]any{"issue_fingerprints": []any{program.SmallFinding(2, map[string]any{"start_line": "seven"})}},
			),
			"start_line",
		},
		"breakdown.json": {
			program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"severity_breakdown": map[string]any{"\x00": "many"}}),
			"many",
		},
		"crowded.json": {
			program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"sessions": slices.Repeat([]map[string]any{{}}, telemetry.MaxSessions+1)}),
			"sessions: more than 10000 entries",
		},
		"long.json": {
			program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{"run_label": strings.Repeat("x", 1<<20)}),
			"run_label: the text has",
		},
		"summary.json": {[]byte(`{"verified_at": "2026-02-02T10:00:00Z", "summary": [1]}`), "summary"},
		"<b>&\"'.json": {[]byte(`{`), "not a JSON object"},
		"größe 😀.json": {[]byte(`{`), "not a JSON object"},
	}
}

// TestBrokenFiles: what is no record is listed with its error, the others
// load, and what was stored of a file stays until it is corrected.
func TestBrokenFiles(t *testing.T) {
	everywhere(t, func(p source) {
		p.put("corrected.json", program.SmallScan(3, "2026-02-03T10:00:00Z", nil))
		p.put("away.json", program.SmallScan(4, "2026-02-04T10:00:00Z", nil))
		p.refresh()
		want := map[string]float64{"total_runs": 3, "total_issues": 3, "latest_issues": 1, "broken_files": 0}
		p.Figures(http.MethodGet, "/api/stats", want)

		for name, b := range brokenFiles() {
			p.put(name, b.body)
		}
		p.put("corrected.json", []byte(`{"target_repo": `))
		result := p.refresh()
		n := float64(len(brokenFiles()) + 1)
		if result["broken"] != n {
			p.T.Errorf("%v files are broken, want %v: %v", result["broken"], n, result["errors"])
		}
		want["broken_files"] = n
		p.Figures(http.MethodGet, "/api/stats", want)
		runs := p.Page("/runs")
		for name, b := range brokenFiles() {
			says, _ := p.file(name)["error"].(string)
			if !strings.Contains(says, b.says) {
				p.T.Errorf("%s: %q does not say %q", name, says, b.says)
			}
		}
		if says, _ := p.file("corrected.json")["error"].(string); says == "" || !strings.Contains(runs, "corrected.json") ||
			strings.Contains(runs, "<b>&") {
			p.T.Errorf("a file that broke: its error is %q, the page of runs names it: %v", says, strings.Contains(runs, "corrected.json"))
		}
		if result := p.refresh(); result["downloaded"] != 0.0 {
			p.T.Errorf("nothing changed, and %v files were read again", result["downloaded"])
		}

		for name := range brokenFiles() {
			p.remove(name)
		}
		p.remove("away.json")
		p.put("corrected.json", program.SmallScan(3, "2026-02-03T10:00:00Z", map[string]any{"issues_found": 5, "issue_fingerprints": nil}))
		p.confirmRemoved()
		p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 2, "total_issues": 6, "broken_files": 0})
		p.put("away.json", program.SmallScan(4, "2026-02-04T10:00:00Z", nil))
		p.refresh()
		p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 3, "total_issues": 7, "latest_issues": 1})
	})
}

// utf16Text is a text as some editors write it.
func utf16Text(text []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(text))) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// incompressible is a text that no index makes shorter.
func incompressible(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	dice := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a text, not a secret
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[dice.IntN(len(letters))]
	}
	return string(b)
}

// strangeTexts are put into every field of a record that holds a text.
func strangeTexts() map[string]string {
	return map[string]string{
		"long": incompressible(10_000),
		"NUL":  "a\x00b", "not UTF-8": "a\xff\xfeb", "markup": `<script>alert(1)</script>"'&`, "empty": "", "blank": " \t\n",
		"emoji": "😀 é \u202eabc", "percent": "%s %d %_\\", "line ends": "a\r\nb\u2028c",
	}
}

// strangeRecords hold a text in every field that may hold any.
func strangeRecords(text string) map[string][]byte {
	session := map[string]any{
		"session_id":  "devin-" + text,
		"session_url": text,
		"batch_id":    1,
		"status":      text,
		"issue_ids":   []any{text, "CQLF-R2-0001"},
		"pr_url":      text,
	}
	scan := program.SmallScan(2, "2026-02-02T10:00:00Z", map[string]any{
		"fork_url": text, "run_id": "x" + text, "run_url": text, "run_label": text, "severity_breakdown": map[string]any{text: 1},
		"category_breakdown": map[string]any{text: 1}, "of no meaning": text,
		"sessions": []any{
			session,
		}, "issue_fingerprints": []any{program.SmallFinding(2,
			map[string]any{"id": text, "fingerprint": text, "rule_id": text, "severity_tier": text, "cwe_family": text, "file": text})},
	})
	verification := program.Changed(
		map[string]any{
			"verified_at":       "2026-02-02T11:00:00Z",
			"summary":           map[string]any{"total_targeted": 1, "fixed_count": 1},
			"session_id":        text,
			"pr_url":            text,
			"pr_title":          text,
			"pr_number":         "9",
			"source_run_number": "2",
			"cwe_family":        text,
			"verified_fixed":    []any{map[string]any{"id": text, "fingerprint": text, "rule_id": text, "file": text}},
		},
		nil,
	)
	return map[string][]byte{"scan.json": scan, "verification.json": verification}
}

// TestStrangeTexts: any field that holds a text may hold any text.
func TestStrangeTexts(t *testing.T) {
	everywhere(t, func(p source) {
		for name, text := range strangeTexts() {
			for file, body := range strangeRecords(text) {
				if name == "not UTF-8" {
					body = bytes.ReplaceAll(body, []byte(`\ufffd`), []byte{0xff})
				}
				p.put(file, body)
			}
			p.refresh()
			for _, file := range []string{"scan.json", "verification.json"} {
				if says := p.file(file)["error"]; says != nil && says != "" {
					p.T.Errorf("%s: %s: %v", name, file, says)
				}
			}
			p.Figures(http.MethodGet, "/api/stats", map[string]float64{"total_runs": 2, "total_issues": 2, "latest_issues": 1, "broken_files": 0})
			issue := p.Items("/api/issues?status=open")[0]
			p.Page("/api/issues/" + issue["id"].(string))
			p.Page("/api/runs/scan.json")
			if unsafe := p.Page("/") + p.Page("/issues") + p.Page("/sessions") + p.Page("/runs"); strings.Contains(unsafe, "<script>alert(1)") ||
				strings.Contains(unsafe, "\x00") {
				p.T.Errorf("%s: a page holds it as it came", name)
			}
		}
	})
}
