package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"telemetry-dashboard/services/telemetry"
)

// odd is the program over one source of records and one database, both of a
// kind of their own.
type odd struct {
	*wired
	put    func(name string, body []byte)
	remove func(name string)
}

// everywhere runs a test with records in a directory and in a repository on
// GitHub, on both databases.
func everywhere(t *testing.T, try func(o odd)) {
	t.Helper()
	for _, source := range []string{"directory", "github"} {
		onBoth(t, source, try)
	}
}

// onBoth runs a test with records of one source on both databases.
func onBoth(t *testing.T, source string, try func(o odd)) {
	t.Helper()
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(source+" "+database, func(t *testing.T) {
			url := "sqlite:" + filepath.Join(t.TempDir(), "odd.db")
			if database == "postgres" {
				url = freshPostgres(t)
			}
			o := odd{wired: newWired(t, "apk_test", url, map[string][]byte{})}
			if source == "github" {
				repo := o.github.Repo("octo/fixer")
				o.put = func(name string, body []byte) { repo.PutFile("telemetry/runs/"+name, body) }
				o.remove = func(name string) { repo.DeleteFile("telemetry/runs/" + name) }
			} else {
				o.readDirectory(t.TempDir())
			}
			o.put("good.json", oddScan(1, "2026-02-01T10:00:00Z", nil))
			o.start()
			o.ask("POST", "/api/refresh") // it may join the one of the start, which knows no later file
			try(o)
		})
	}
}

// readDirectory makes the program read run files of a directory, and know
// no other source.
func (o *odd) readDirectory(dir string) {
	o.cfg.RunsDir, o.cfg.GitHubToken, o.cfg.ActionRepo = dir, "", ""
	o.put = func(name string, body []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			o.t.Fatal(err)
		}
	}
	o.remove = func(name string) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			o.t.Fatal(err)
		}
	}
}

// emptied refreshes after files were removed, and confirms that they were.
func (o odd) emptied() {
	o.t.Helper()
	_, result := o.ask("POST", "/api/refresh")
	for _, held := range result["held"].([]any) {
		if status, answer := o.ask("POST", fmt.Sprintf("/api/files/accept-listing?source=%v", held.(map[string]any)["source"])); status != http.StatusOK || fmt.Sprint(answer["held"]) != "[]" {
			o.t.Fatalf("confirm %v: %d %v", held, status, answer)
		}
	}
}

// oddScan is a scan of octo/shop with one finding, some fields changed; nil
// takes a field away.
func oddScan(run int, at string, change map[string]any) []byte {
	record := map[string]any{
		"target_repo": "https://github.com/octo/shop", "fork_url": "https://github.com/me/shop", "run_number": run, "run_id": fmt.Sprint(run), "timestamp": at, "issues_found": 1,
		"severity_breakdown": map[string]any{"high": 1}, "category_breakdown": map[string]any{"xss": 1}, "sessions": []any{},
		"issue_fingerprints": []any{oddFinding(run, nil)},
	}
	return changed(record, change)
}

func oddFinding(n int, change map[string]any) json.RawMessage {
	return changed(map[string]any{"id": fmt.Sprintf("CQLF-R%d-0001", n), "fingerprint": "00000000000000aa", "rule_id": "js/xss", "severity_tier": "high", "cwe_family": "xss", "file": "a.js", "start_line": 7}, change)
}

func changed(object, change map[string]any) []byte {
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

// page returns the answer of a path, which must be 200.
func (o odd) page(path string) string {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.url+path, http.NoBody)
	if err != nil {
		o.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		o.t.Fatalf("%s: %d %v %.300s", path, res.StatusCode, err, body)
	}
	return string(body)
}

// refresh reads the source again, and looks at every page and list.
func (o odd) refresh() map[string]any {
	o.t.Helper()
	status, result := o.ask("POST", "/api/refresh")
	if status != http.StatusOK {
		o.t.Fatalf("refresh: %d %v", status, result)
	}
	for _, path := range []string{"/", "/runs", "/issues", "/sessions", "/pulls", "/repos", "/needs-you", "/activity", "/repo/octo/shop", "/api/runs?per_page=200", "/api/issues?per_page=200", "/api/files?per_page=200", "/api/stats",
		"/api/sessions?per_page=200", "/api/prs", "/api/repos", "/api/repo/octo/shop", "/api/trends?period=all", "/api/trends", "/api/needs-attention", "/api/verifications", "/api/changes", "/api/search?q=a"} {
		o.page(path)
	}
	return result
}

// items are those of a list.
func (o odd) items(path string) []map[string]any {
	o.t.Helper()
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal([]byte(o.page(path)), &list); err != nil {
		o.t.Fatal(path, err)
	}
	return list.Items
}

// file is a file as /api/files shows it.
func (o odd) file(name string) map[string]any {
	o.t.Helper()
	for _, f := range o.items("/api/files?per_page=200") {
		if f["file"] == name {
			return f
		}
	}
	o.t.Errorf("%s is in no list of files", name)
	return nil
}

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
		"cut.json":       {[]byte(`{"target_repo": "https://github.com/octo/shop", "run_`), "not a JSON object"},
		"empty.json":     {nil, "empty"},
		"blank.json":     {[]byte(" \n\t"), "empty"},
		"list.json":      {[]byte(`[{"target_repo": "octo/shop"}]`), "not a JSON object"},
		"null.json":      {[]byte(`null`), "not a JSON object"},
		"other.json":     {[]byte(`{"name": "package", "version": 1}`), "neither target_repo nor verified_at"},
		"huge.json":      {append([]byte(`{"target_repo": "octo/shop", "x": "`), append(bytes.Repeat([]byte("x"), telemetry.MaxRecordBytes), `"}`...)...), "bytes"},
		"deep.json":      {nested(10_000), "not a JSON object"},
		"deeper.json":    {nested(2_000_000), "not a JSON object"},
		"utf-16.json":    {utf16Text(oddScan(2, "2026-02-02T10:00:00Z", nil)), "UTF-16"},
		"nan.json":       {bytes.Replace(oddScan(2, "2026-02-02T10:00:00Z", nil), []byte(`"issues_found":1`), []byte(`"issues_found":NaN`), 1), "not a JSON object"},
		"zero.json":      {[]byte("\x00\x00\x00"), "not a JSON object"},
		"no-time.json":   {oddScan(2, "", map[string]any{"timestamp": nil}), "timestamp"},
		"bad-time.json":  {oddScan(2, "yesterday", nil), "yesterday"},
		"no-repo.json":   {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"target_repo": "shop"}), "target_repo"},
		"run.json":       {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"run_number": "two"}), "run_number"},
		"negative.json":  {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"issues_found": -4}), "issues_found"},
		"beyond.json":    {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"issues_found": int64(9_000_000_000_000_000_000)}), "issues_found"},
		"beyond-2.json":  {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"severity_breakdown": map[string]any{"high": int64(9_000_000_000_000_000_000)}}), "high"},
		"sessions.json":  {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"sessions": "none"}), "sessions"},
		"findings.json":  {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"issue_fingerprints": map[string]any{}}), "issue_fingerprints"},
		"finding.json":   {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"issue_fingerprints": []any{7}}), "issue_fingerprints"},
		"line.json":      {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"issue_fingerprints": []any{oddFinding(2, map[string]any{"start_line": "seven"})}}), "start_line"},
		"breakdown.json": {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"severity_breakdown": map[string]any{"\x00": "many"}}), "many"},
		"crowded.json": {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"sessions": slices.Repeat([]map[string]any{{}}, telemetry.MaxSessions+1)}),
			"sessions: more than 10000 entries"},
		"long.json":    {oddScan(2, "2026-02-02T10:00:00Z", map[string]any{"run_label": strings.Repeat("x", 1<<20)}), "run_label: the text has"},
		"summary.json": {[]byte(`{"verified_at": "2026-02-02T10:00:00Z", "summary": [1]}`), "summary"},
		"<b>&\"'.json": {[]byte(`{`), "not a JSON object"},
		"größe 😀.json": {[]byte(`{`), "not a JSON object"},
	}
}

// TestBrokenFiles: what is no record is listed with its error, the others
// load, and what was stored of a file stays until it is mended.
func TestBrokenFiles(t *testing.T) {
	everywhere(t, func(o odd) {
		o.put("mended.json", oddScan(3, "2026-02-03T10:00:00Z", nil))
		o.put("away.json", oddScan(4, "2026-02-04T10:00:00Z", nil))
		o.refresh()
		want := map[string]float64{"total_runs": 3, "total_issues": 3, "latest_issues": 1, "broken_files": 0}
		o.figures("GET", "/api/stats", want)

		for name, b := range brokenFiles() {
			o.put(name, b.body)
		}
		o.put("mended.json", []byte(`{"target_repo": `))
		result := o.refresh()
		n := float64(len(brokenFiles()) + 1)
		if result["broken"] != n {
			o.t.Errorf("%v files are broken, want %v: %v", result["broken"], n, result["errors"])
		}
		want["broken_files"] = n
		o.figures("GET", "/api/stats", want)
		runs := o.page("/runs")
		for name, b := range brokenFiles() {
			says, _ := o.file(name)["error"].(string)
			if !strings.Contains(says, b.says) {
				o.t.Errorf("%s: %q does not say %q", name, says, b.says)
			}
		}
		if says, _ := o.file("mended.json")["error"].(string); says == "" || !strings.Contains(runs, "mended.json") || strings.Contains(runs, "<b>&") {
			o.t.Errorf("a file that broke: its error is %q, the page of runs names it: %v", says, strings.Contains(runs, "mended.json"))
		}
		if result := o.refresh(); result["downloaded"] != 0.0 {
			o.t.Errorf("nothing changed, and %v files were read again", result["downloaded"])
		}

		for name := range brokenFiles() {
			o.remove(name)
		}
		o.remove("away.json")
		o.put("mended.json", oddScan(3, "2026-02-03T10:00:00Z", map[string]any{"issues_found": 5, "issue_fingerprints": nil}))
		o.emptied()
		o.figures("GET", "/api/stats", map[string]float64{"total_runs": 2, "total_issues": 6, "broken_files": 0})
		o.put("away.json", oddScan(4, "2026-02-04T10:00:00Z", nil))
		o.refresh()
		o.figures("GET", "/api/stats", map[string]float64{"total_runs": 3, "total_issues": 7, "latest_issues": 1})
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
		"long": incompressible(10_000), "NUL": "a\x00b", "not UTF-8": "a\xff\xfeb", "markup": `<script>alert(1)</script>"'&`, "empty": "", "blank": " \t\n", "emoji": "😀 é \u202eabc", "percent": "%s %d %_\\", "line ends": "a\r\nb\u2028c",
	}
}

// strangeRecords hold a text in every field that may hold any.
func strangeRecords(text string) map[string][]byte {
	session := map[string]any{"session_id": "devin-" + text, "session_url": text, "batch_id": 1, "status": text, "issue_ids": []any{text, "CQLF-R2-0001"}, "pr_url": text}
	scan := oddScan(2, "2026-02-02T10:00:00Z", map[string]any{
		"fork_url": text, "run_id": "x" + text, "run_url": text, "run_label": text, "severity_breakdown": map[string]any{text: 1}, "category_breakdown": map[string]any{text: 1}, "of no meaning": text,
		"sessions": []any{session}, "issue_fingerprints": []any{oddFinding(2, map[string]any{"id": text, "fingerprint": text, "rule_id": text, "severity_tier": text, "cwe_family": text, "file": text})},
	})
	verification := changed(map[string]any{"verified_at": "2026-02-02T11:00:00Z", "summary": map[string]any{"total_targeted": 1, "fixed_count": 1}, "session_id": text, "pr_url": text, "pr_title": text, "pr_number": "9", "source_run_number": "2",
		"cwe_family": text, "verified_fixed": []any{map[string]any{"id": text, "fingerprint": text, "rule_id": text, "file": text}}}, nil)
	return map[string][]byte{"scan.json": scan, "verification.json": verification}
}

// TestStrangeTexts: any text may stand in any field that holds one.
func TestStrangeTexts(t *testing.T) {
	everywhere(t, func(o odd) {
		for name, text := range strangeTexts() {
			for file, body := range strangeRecords(text) {
				if name == "not UTF-8" {
					body = bytes.ReplaceAll(body, []byte(`\ufffd`), []byte{0xff})
				}
				o.put(file, body)
			}
			o.refresh()
			for _, file := range []string{"scan.json", "verification.json"} {
				if says := o.file(file)["error"]; says != nil && says != "" {
					o.t.Errorf("%s: %s: %v", name, file, says)
				}
			}
			o.figures("GET", "/api/stats", map[string]float64{"total_runs": 2, "total_issues": 2, "latest_issues": 1, "broken_files": 0})
			issue := o.items("/api/issues?status=open")[0]
			o.page("/api/issues/" + issue["id"].(string))
			o.page("/api/runs/scan.json")
			if unsafe := o.page("/") + o.page("/issues") + o.page("/sessions") + o.page("/runs"); strings.Contains(unsafe, "<script>alert(1)") || strings.Contains(unsafe, "\x00") {
				o.t.Errorf("%s: a page holds it as it came", name)
			}
		}
	})
}
