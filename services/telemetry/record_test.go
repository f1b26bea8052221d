package telemetry

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"telemetry-dashboard/services/telemetry/history"
)

const goodScan = `{"target_repo": "https://github.com/o/r", "fork_url": "https://github.com/f/r", "run_number": 7, "run_id": "99", "run_url": "u", "run_label": "run-7",
	"timestamp": "2026-02-07T11:31:39.123456+00:00", "issues_found": 2, "issues_dispatched": 1, "severity_breakdown": {"high": 2}, "category_breakdown": {"xss": 2},
	"batches_created": 1, "zero_issue_run": false, "later_field": {"a": [1]},
	"sessions": [{"session_id": "devin-0123456789abcdef0123456789abcdef", "session_url": "s", "batch_id": 3, "status": "finished", "issue_ids": ["CQLF-R7-0001"], "pr_url": "p", "x": 1}],
	"issue_fingerprints": [{"id": "CQLF-R7-0001", "fingerprint": "aaaaaaaaaaaaaaaaaaaa", "rule_id": "js/xss", "severity_tier": "high", "cwe_family": "xss", "file": "x.go", "start_line": 5},
		{"id": "CQLF-R7-0002", "fingerprint": "bbbbbbbbbbbbbbbbbbbb", "rule_id": "js/xss", "severity_tier": "high", "cwe_family": "xss", "file": "y.go", "start_line": 6}]}`

// with returns goodScan with a field set to a JSON text, or removed by "".
func with(field, value string) string {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(goodScan), &fields); err != nil {
		panic(err)
	}
	if fields[field] = json.RawMessage(value); value == "" {
		delete(fields, field)
	}
	out, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func parse(t *testing.T, text string) *Record {
	t.Helper()
	rec, err := ParseRecord([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return rec
}

func TestParseScan(t *testing.T) {
	rec := parse(t, goodScan)
	want := &Record{
		Kind: KindScan, TargetRepo: "https://github.com/o/r", ForkURL: "https://github.com/f/r", Repo: "o/r", Fork: "f/r",
		RunNumber: 7, RunID: "99", RunURL: "u", RunLabel: "run-7",
		Timestamp: time.Date(2026, 2, 7, 11, 31, 39, 123_000_000, time.UTC), TimestampText: "2026-02-07T11:31:39.123456+00:00",
		IssuesFound: 2, BatchesCreated: 1, Severity: map[string]int64{"high": 2}, Category: map[string]int64{"xss": 2},
		Sessions: []RecordedSession{{ID: "devin-0123456789abcdef0123456789abcdef", URL: "s", BatchID: 3, Status: "finished", IssueIDs: []string{"CQLF-R7-0001"}, PRURL: "p"}},
		Findings: []Finding{{"CQLF-R7-0001", strings.Repeat("a", 20), "js/xss", "high", "xss", "x.go", 5}, {"CQLF-R7-0002", strings.Repeat("b", 20), "js/xss", "high", "xss", "y.go", 6}},
		dated:    time.Date(2026, 2, 7, 11, 31, 39, 123_000_000, time.UTC), counted: true,
	}
	if !reflect.DeepEqual(rec, want) {
		t.Errorf("got  %+v\nwant %+v", rec, want)
	}
}

func TestKindOfRecord(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		kind Kind
		data bool // has findings data
	}{
		"scan":                              {goodScan, KindScan, true},
		"scan without run_id":               {with("run_id", ""), KindScan, true},
		"scan without run number":           {with("run_number", "0"), KindScan, true},
		"counts only":                       {with("issue_fingerprints", ""), KindScan, false},
		"counts and an empty list":          {with("issue_fingerprints", "[]"), KindScan, false},
		"nothing found":                     {`{"target_repo":"o/r","run_number":4,"timestamp":"2026-01-01T00:00:00Z","issues_found":0}`, KindScan, true},
		"an empty list, no count":           {`{"target_repo":"o/r","run_number":4,"timestamp":"2026-01-01T00:00:00Z","issue_fingerprints":[]}`, KindScan, true},
		"says nothing of findings":          {`{"target_repo":"o/r","run_number":4,"timestamp":"2026-01-01T00:00:00Z"}`, KindScan, false},
		"null says nothing either":          {`{"target_repo":"o/r","run_number":4,"timestamp":"2026-01-01T00:00:00Z","issues_found":null,"issue_fingerprints":null}`, KindScan, false},
		"a list without a count":            {with("issues_found", ""), KindScan, true},
		"dispatch":                          {`{"target_repo":"o/r","run_number":0,"run_id":"","run_label":"orchestrator_dispatch_1","timestamp":"2026-01-01T00:00:00Z","issues_found":0,"zero_issue_run":true,"issue_fingerprints":[{"fingerprint":"aaaaaaaaaaaaaaaa","id":"CQLF-R1-0001","rule_id":"r","file":"","start_line":0}]}`, KindDispatch, false},
		"verification":                      {`{"verified_at":"2026-01-01T00:00:00Z","summary":{}}`, KindVerification, false},
		"verification, empty repository":    {`{"target_repo":"","verified_at":"2026-01-01T00:00:00Z","summary":{}}`, KindVerification, false},
		"verification, null repository":     {`{"target_repo":null,"verified_at":"2026-01-01T00:00:00Z","summary":{}}`, KindVerification, false},
		"a scan may have a field of theirs": {with("verified_at", `"2026-01-01T00:00:00Z"`), KindScan, true},
	} {
		rec, err := ParseRecord([]byte(c.text))
		if err != nil || rec.Kind != c.kind || rec.HasFindings() != c.data {
			t.Errorf("%s: %+v, %v; want %s, findings data %v", name, rec, err, c.kind, c.data)
		}
	}
}

func TestParseVerification(t *testing.T) {
	rec := parse(t, `{"verified_at": "2026-02-09T07:15:21.740940+00:00", "pr_number": "93", "pr_url": "https://github.com/o/r/pull/93", "pr_title": "fix", "session_id": "devin-458B63",
		"source_run_number": "34", "cwe_family": "ssrf", "summary": {"total_original": 19, "total_targeted": 5, "fixed_count": 4, "remaining_count": 1, "fix_rate": 80.0},
		"verified_fixed": [{"id": "CQLF-R34-0002", "fingerprint": "1f2bd667e821b22a0884", "rule_id": "py/partial-ssrf", "severity_tier": "critical", "cwe_family": "ssrf", "file": "a.py"}],
		"still_present": []}`)
	want := &Verification{SessionID: "458b63", PRURL: "https://github.com/o/r/pull/93", PRNumber: 93, PRTitle: "fix", SourceRun: 34, Family: "ssrf", TotalTargeted: 5, FixedCount: 4, Remaining: 1,
		Fixed: []Finding{{IssueID: "CQLF-R34-0002", Fingerprint: "1f2bd667e821b22a0884", Rule: "py/partial-ssrf", Severity: "critical", Family: "ssrf", File: "a.py"}}, StillPresent: []Finding{}}
	if !reflect.DeepEqual(rec.Verification, want) || rec.Item != nil || rec.HasFindings() {
		t.Errorf("got  %+v\nwant %+v", rec.Verification, want)
	}
	if rec := parse(t, `{"verified_at":"2026-02-09T07:15:21Z","summary":{},"pr_number":12,"source_run_number":""}`); rec.Verification.PRNumber != 12 || rec.Verification.SourceRun != 0 {
		t.Errorf("%+v", rec.Verification)
	}
}

// TestTraps are the oddities that real records show, and those that others may.
func TestTraps(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		ok   func(r *Record) bool
	}{
		"no zone is UTC":       {with("timestamp", `"2026-02-07T11:31:39"`), func(r *Record) bool { return r.TimestampText == "2026-02-07T11:31:39Z" && r.Timestamp.Hour() == 11 }},
		"a blank for the T":    {with("timestamp", `"2026-02-07 11:31:39.5"`), func(r *Record) bool { return r.TimestampText == "2026-02-07T11:31:39.5Z" }},
		"a zone without colon": {with("timestamp", `"2026-02-07T13:31:39+0200"`), func(r *Record) bool { return r.TimestampText == "2026-02-07T11:31:39Z" }},
		"a zone is kept": {with("timestamp", `"2026-02-07T13:31:39+02:00"`), func(r *Record) bool {
			return strings.HasSuffix(r.TimestampText, "+02:00") && r.Timestamp.Hour() == 11 && r.Item == nil
		}},
		"the future":  {with("timestamp", `"2099-01-01T00:00:00Z"`), func(r *Record) bool { return r.Timestamp.Year() == 2099 }},
		"before 2020": {with("timestamp", `"1999-12-31T23:59:59Z"`), func(r *Record) bool { return r.Timestamp.Year() == 1999 }},
		"the zero time": {with("timestamp", `"0001-01-01T00:00:00Z"`), func(r *Record) bool {
			return !r.Timestamp.IsZero() && r.TimestampText == "0001-01-01T00:00:00Z"
		}},
		"the epoch":   {with("timestamp", `"1970-01-01T00:00:00.0004Z"`), func(r *Record) bool { return r.Timestamp.UnixMilli() == 1 }},
		"the last":    {with("timestamp", `"9999-12-31T23:59:59.999999999Z"`), func(r *Record) bool { return r.Timestamp.Year() == 9999 }},
		"before 1970": {with("timestamp", `"1901-01-01T00:00:00Z"`), func(r *Record) bool { return r.Timestamp.UnixMilli() < 0 }},
		"a run number in digits": {with("run_number", `"34"`), func(r *Record) bool {
			return r.RunNumber == 34 && bytes.Contains(r.Item, []byte(`"run_number":34`))
		}},
		"leading zeros":     {with("run_number", `"0034"`), func(r *Record) bool { return r.RunNumber == 34 }},
		"a run number 34.0": {with("run_number", `34.0`), func(r *Record) bool { return r.RunNumber == 34 && bytes.Contains(r.Item, []byte(`"run_number":34,`)) }},
		"a negative line":   {with("issue_fingerprints", `[{"fingerprint":"a","start_line":-3}]`), func(r *Record) bool { return r.Findings[0].Line == 0 }},
		"no line":           {with("issue_fingerprints", `[{"fingerprint":"a","start_line":null},{"fingerprint":"b"}]`), func(r *Record) bool { return r.Findings[0].Line == 0 && r.Findings[1].Line == 0 }},
		"paths have one form": {with("issue_fingerprints", `[{"fingerprint":"a","file":"caf\u00e9"},{"fingerprint":"b","file":"cafe\u0301"}]`), func(r *Record) bool {
			return r.Findings[0].File == r.Findings[1].File && r.Findings[1].File == "caf\u00e9"
		}},
		"a byte order mark": {"\ufeff" + goodScan, func(r *Record) bool { return r.RunNumber == 7 && json.Valid(r.Item) }},
		"null fields": {`{"target_repo":"o/r","fork_url":null,"run_number":3,"run_id":null,"run_url":null,"run_label":null,"timestamp":"2026-01-01T00:00:00Z","issues_found":null,
			"severity_breakdown":null,"category_breakdown":null,"batches_created":null,"sessions":null,"issue_fingerprints":null,"zero_issue_run":null,"issues_dispatched":null}`,
			func(r *Record) bool {
				return r.Kind == KindScan && len(r.Sessions) == 0 && len(r.Findings) == 0 && r.Severity != nil
			}},
		"null in a session": {with("sessions", `[{"session_id":null,"session_url":null,"batch_id":null,"status":null,"issue_ids":[null,"a"],"pr_url":null}]`), func(r *Record) bool {
			return reflect.DeepEqual(r.Sessions, []RecordedSession{{BatchID: NoBatch, IssueIDs: []string{"", "a"}}})
		}},
		"a session that never started": {with("sessions", `[{"session_id":"","status":"error: 429 Client Error","batch_id":2}]`), func(r *Record) bool {
			return r.Sessions[0].ID == "" && r.Sessions[0].Status == "error: 429 Client Error" && len(r.Sessions[0].IssueIDs) == 0
		}},
		"a repeated hash": {with("issue_fingerprints", `[{"fingerprint":"a","file":"x"},{"fingerprint":"a","file":"y"}]`), func(r *Record) bool { return len(r.Findings) == 2 }},
		"NUL in a text":   {with("run_label", `"a\u0000b"`), func(r *Record) bool { return r.RunLabel == "a\ufffdb" }},
		"NUL in a name": {with("severity_breakdown", `{"hi\u0000gh": 2, "low": null}`), func(r *Record) bool {
			return maps.Equal(r.Severity, map[string]int64{"hi\ufffdgh": 2, "low": 0})
		}},
		"half a surrogate": {with("run_label", `"\ud800"`), func(r *Record) bool { return r.RunLabel == "\ufffd" }},
		"invalid UTF-8": {strings.Replace(goodScan, "run-7", "run-\xff", 1), func(r *Record) bool {
			return r.RunLabel == "run-\ufffd" && json.Valid(r.Item) && !bytes.Contains(r.Item, []byte("\xff"))
		}},
		"a field of ours":     {with("_file", `"other.json"`), func(r *Record) bool { return r.Item != nil && !bytes.Contains(r.Item, []byte("_file")) }},
		"unknown fields":      {with("run_number", `"34"`), func(r *Record) bool { return bytes.Contains(r.Item, []byte(`"later_field":{"a":[1]}`)) }},
		"the repository .git": {with("target_repo", `"https://github.com/O/R.git/"`), func(r *Record) bool { return r.Repo.Key() == "o/r" && r.TargetRepo == "https://github.com/O/R.git/" }},
	} {
		t.Run(name, func(t *testing.T) {
			if rec := parse(t, c.text); !c.ok(rec) {
				t.Errorf("%s\n%+v\nitem %s", c.text, rec, rec.Item)
			}
		})
	}
}

// TestBadRecords: the error names the field and what is wrong with it, and
// nothing of Go.
func TestBadRecords(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":                       {"", "the file is empty"},
		"blank":                       {" \n\t", "the file is empty"},
		"a mark alone":                {"\ufeff", "the file is empty"},
		"not JSON":                    {"<html>", "not a JSON object"},
		"cut short":                   {goodScan[:len(goodScan)/2], "not a JSON object"},
		"two objects":                 {goodScan + goodScan, "not a JSON object"},
		"a list":                      {"[]", "not a JSON object"},
		"null":                        {"null", "not a JSON object"},
		"a text":                      {`"x"`, "not a JSON object"},
		"neither kind":                {`{"a":1}`, "neither a run"},
		"verified, no summary":        {`{"verified_at":"2026-01-01T00:00:00Z"}`, "neither a run"},
		"huge":                        {strings.Repeat(" ", MaxRecordBytes+1), "20971520"},
		"no repository":               {with("target_repo", `"hello"`), "target_repo"},
		"repository of another type":  {with("target_repo", `12`), "target_repo"},
		"no time":                     {with("timestamp", ``), "timestamp: missing"},
		"an empty time":               {with("timestamp", `""`), "timestamp: missing"},
		"a wrong time":                {with("timestamp", `"yesterday"`), `timestamp: "yesterday" is not a time`},
		"a number for a time":         {with("timestamp", `1770463899`), "timestamp"},
		"the year 0":                  {with("timestamp", `"0000-12-31T23:59:59Z"`), "timestamp"},
		"before the year 1":           {with("timestamp", `"0001-01-01T00:00:00+10:00"`), "timestamp"},
		"a negative year":             {with("timestamp", `"-0001-01-01T00:00:00Z"`), "timestamp"},
		"the year 10000":              {with("timestamp", `"9999-12-31T23:59:59-10:00"`), "timestamp"},
		"run number in words":         {with("run_number", `"seven"`), `run_number: "seven" is not a number`},
		"run number, empty":           {with("run_number", `""`), "run_number"},
		"run number with a sign":      {with("run_number", `"+7"`), "run_number"},
		"run number, negative":        {with("run_number", `-7`), "run_number: -7 is negative"},
		"run number 7.5":              {with("run_number", `7.5`), "run_number: 7.5 is not a whole number"},
		"run number, too long":        {with("run_number", `99999999999999999999`), "run_number"},
		"run number, digits too long": {with("run_number", `"99999999999999999999"`), "run_number"},
		"run number, a list":          {with("run_number", `[7]`), "run_number"},
		"issues_found as text":        {with("issues_found", `"2"`), "issues_found"},
		"issues_found, negative":      {with("issues_found", `-2`), "issues_found"},
		"issues_found, true":          {with("issues_found", `true`), "issues_found"},
		"issues_dispatched as text":   {with("issues_dispatched", `"2"`), "issues_dispatched"},
		"run_id as a list":            {with("run_id", `[99]`), "run_id"},
		"zero_issue_run as text":      {with("zero_issue_run", `"no"`), "zero_issue_run"},
		"a breakdown as a list":       {with("severity_breakdown", `[]`), "severity_breakdown"},
		"a breakdown of texts":        {with("category_breakdown", `{"xss":"2"}`), "xss"},
		"a breakdown below zero":      {with("category_breakdown", `{"xss":-2}`), "xss: -2 is negative"},
		"sessions as an object":       {with("sessions", `{}`), "sessions"},
		"a session as a text":         {with("sessions", `["devin-1"]`), "sessions"},
		"a session that is null":      {with("sessions", `[null]`), "sessions[0]: null is not a session"},
		"a session's number":          {with("sessions", `[{"session_id":"a"},{"session_id":5}]`), "session_id"},
		"a batch as text":             {with("sessions", `[{"batch_id":"1"}]`), "sessions[0].batch_id"},
		"issue ids as a text":         {with("sessions", `[{"issue_ids":"CQLF-R1-0001"}]`), "issue_ids"},
		"findings as an object":       {with("issue_fingerprints", `{"a":1}`), "issue_fingerprints"},
		"a finding that is null":      {with("issue_fingerprints", `[null]`), "issue_fingerprints[0]: null is not a finding"},
		"a line as text":              {with("issue_fingerprints", `[{"start_line":1},{"start_line":"12"}]`), "issue_fingerprints[1].start_line"},
		"half a line":                 {with("issue_fingerprints", `[{"start_line":1.5}]`), "issue_fingerprints[0].start_line"},
		"a fingerprint's number":      {with("issue_fingerprints", `[{"fingerprint":12}]`), "fingerprint"},
		"a summary as a text":         {`{"verified_at":"2026-01-01T00:00:00Z","summary":"all good"}`, "summary"},
		"a summary of texts":          {`{"verified_at":"2026-01-01T00:00:00Z","summary":{"fixed_count":"1"}}`, "fixed_count"},
		"a source run in words":       {`{"verified_at":"2026-01-01T00:00:00Z","summary":{},"source_run_number":"x"}`, "source_run_number"},
	} {
		rec, err := ParseRecord([]byte(c.text))
		if err == nil {
			t.Errorf("%s: parsed as %+v", name, rec)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "Go ") || strings.Contains(err.Error(), "telemetry.") || len(err.Error()) > 200 {
			t.Errorf("%s: %q, want a short sentence with %q", name, err, c.want)
		}
	}
}

// TestItemIsTheFile: clients get the file's own bytes where nothing stands
// against it, so unknown fields and the order of fields survive.
func TestItemIsTheFile(t *testing.T) {
	if rec := parse(t, goodScan); rec.Item != nil {
		t.Errorf("a sound record is written anew: %s", rec.Item)
	}
	for name, rec := range realRecords(t) {
		if rec.Item != nil {
			t.Errorf("%s is written anew: %s", name, rec.Item)
		}
	}
}

// FuzzParseRecord: no input panics, an error is a sentence, and what clients
// get of a record parses to the same record.
func FuzzParseRecord(f *testing.F) {
	for _, seed := range []string{goodScan, "\ufeff" + goodScan, with("run_number", `"0034"`), with("timestamp", `"2026-02-07 11:31:39"`), with("_file", `1`), with("kind", `{}`),
		`{"verified_at":"2026-01-01","summary":{"fixed_count":1e2},"pr_number":" 7 ","verified_fixed":[{}]}`, with("severity_breakdown", `{"\u0000":1,"\ud800":2}`), "{}", "null", strings.Replace(goodScan, "finished", "\xff\xfe", 1)} {
		f.Add([]byte(seed))
	}
	for _, name := range realFiles() {
		if body, err := os.ReadFile(name); err == nil {
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		compactIsTheSame(t, body)
		rec, err := ParseRecord(body)
		if err != nil {
			if rec != nil || err.Error() == "" {
				t.Errorf("a record and an error: %v, %v", rec, err)
			}
			return
		}
		item := rec.Item
		if item == nil {
			item = body
		} else if !json.Valid(item) {
			t.Fatalf("the item is no JSON: %q", item)
		}
		again, err := ParseRecord(item)
		if err != nil {
			t.Fatalf("the item does not parse: %v\n%q", err, item)
		}
		textsAreSound(t, reflect.ValueOf(rec).Elem())
		if rec.Timestamp.IsZero() || rec.Timestamp.UnixMilli() == 0 || rec.Timestamp.Year() > 9999 {
			t.Errorf("the time is %s", rec.Timestamp)
		}
		rec.Item, again.Item = nil, nil
		if !reflect.DeepEqual(rec, again) {
			t.Errorf("the item says otherwise:\n%+v\n%+v", rec, again)
		}
		if rec.Kind == KindVerification != (rec.Verification != nil) || slices.ContainsFunc(rec.Findings, func(f Finding) bool { return f.Line < 0 || f.Fingerprint == "" }) {
			t.Errorf("%+v", rec)
		}
	})
}

// textsAreSound: no text of a record is one that a database refuses, or one
// without an end.
func textsAreSound(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		if s := v.String(); !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > mostText {
			t.Errorf("a text is %.100q", s)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).Type() != reflect.TypeFor[time.Time]() {
				textsAreSound(t, v.Field(i))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			textsAreSound(t, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			textsAreSound(t, v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			textsAreSound(t, key)
		}
	}
}

func realFiles() []string {
	names, _ := filepath.Glob(filepath.Join(os.Getenv("REAL_RUNS"), "*.json"))
	return names
}

// BenchmarkParseRecord reads a record with 40 findings.
func BenchmarkParseRecord(b *testing.B) {
	var body []byte
	for f := range history.Generate(history.Options{Seed: 1, Repos: 8, FindingsPerScan: 40}) {
		if len(f.Truth) == 40 {
			body = f.Body
		}
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRecord(body); err != nil {
			b.Fatal(err)
		}
	}
}

// TestRunIDWrittenAsNumber: an id is a text, however it was written.
func TestRunIDWrittenAsNumber(t *testing.T) {
	rec, err := ParseRecord([]byte(`{"target_repo":"o/r","run_number":3,"run_id":9876543210123456789,"timestamp":"2026-03-01T10:00:00Z"}`))
	if err != nil || rec.RunID != "9876543210123456789" || rec.Kind != KindScan || !strings.Contains(string(rec.Item), `"run_id":"9876543210123456789"`) {
		t.Errorf("%+v, %v", rec, err)
	}
	none, err := ParseRecord([]byte(`{"target_repo":"o/r","run_number":0,"run_id":0,"timestamp":"2026-03-01T10:00:00Z"}`))
	if err != nil || none.RunID != "" || none.Kind != KindDispatch {
		t.Errorf("%+v, %v", none, err)
	}
	for _, wrong := range []string{"1.5", "[]", "true", "-1"} {
		if _, err := ParseRecord([]byte(`{"target_repo":"o/r","run_number":3,"run_id":` + wrong + `,"timestamp":"2026-03-01T10:00:00Z"}`)); err == nil || !strings.Contains(err.Error(), "run_id") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
