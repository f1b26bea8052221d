package telemetry

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// filled repeats unit between before and after up to a record's largest size.
func filled(before, unit, after string) []byte {
	n := (MaxRecordBytes - len(before) - len(after) - 2) / len(unit)
	return []byte(before + strings.TrimSuffix(strings.Repeat(unit, n), ",") + after)
}

const bareRun = `{"target_repo":"o/r","run_number":1,"run_id":"1","timestamp":"2026-01-01T00:00:00Z"`

// keys are n fields of different names.
func keys(n int) string {
	var b strings.Builder
	for k := range n {
		fmt.Fprintf(&b, `"k%d":1,`, k)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// TestHugeRecords: whatever fills a record, reading it takes little memory;
// what is over a bound is an error that names the field, and the rest loads.
func TestHugeRecords(t *testing.T) {
	const verification = `{"verified_at":"2026-01-01T00:00:00Z","summary":{}`
	odd := bareRun + `,"run_label":"\u0000"` // read by encoding/json, and written anew
	for name, c := range map[string]struct {
		body []byte
		says string // "": it is read
	}{
		"sessions of nothing":           {filled(bareRun+`,"sessions":[`, `{},`, `]}`), "sessions: more than 10000 entries"},
		"sessions of null":              {filled(bareRun+`,"sessions":[`, `null,`, `]}`), "sessions: more than 10000 entries"},
		"findings of nothing":           {filled(bareRun+`,"issue_fingerprints":[`, `{},`, `]}`), "issue_fingerprints: more than 100000 entries"},
		"verified findings":             {filled(verification+`,"verified_fixed":[`, `{"id":""},`, `]}`), "verified_fixed: more than 100000 entries"},
		"findings still present":        {filled(verification+`,"still_present":[`, `[],`, `]}`), "still_present: more than 100000 entries"},
		"ids of one session":            {filled(bareRun+`,"sessions":[{"issue_ids":[`, `null,`, `]}]}`), "sessions: more than 200000 issue ids"},
		"ids of many sessions":          {filled(bareRun+`,"sessions":[`, `{"issue_ids":[`+strings.Repeat(`"",`, 999)+`""]},`, `]}`), "sessions: more than 200000 issue ids"},
		"severities":                    {[]byte(bareRun + `,"severity_breakdown":{` + keys(1_400_000) + `}}`), "severity_breakdown: more than 1000 fields"},
		"families":                      {[]byte(bareRun + `,"category_breakdown":{` + keys(1_400_000) + `}}`), "category_breakdown: more than 1000 fields"},
		"a summary":                     {[]byte(`{"verified_at":"2026-01-01T00:00:00Z","summary":{` + keys(1_400_000) + `}}`), "summary: more than 1000 fields"},
		"fields":                        {[]byte(bareRun + `,` + keys(1_400_000) + `}`), "more than 1000 fields"},
		"fields of one session":         {[]byte(bareRun + `,"sessions":[{` + keys(1_400_000) + `}]}`), ""},
		"a long text":                   {filled(bareRun+`,"run_label":"`, `x`, `"}`), "run_label: the text has"},
		"a long id of digits":           {filled(`{"target_repo":"o/r","timestamp":"2026-01-01T00:00:00Z","run_id":`, `1`, `}`), "run_id: the text has"},
		"a long time":                   {filled(`{"target_repo":"o/r","timestamp":"`, `1`, `"}`), "timestamp: the text has"},
		"a long repository":             {filled(`{"target_repo":"https://github.com/o/r?`, `x`, `"}`), "target_repo: the text has"},
		"a long status":                 {filled(bareRun+`,"sessions":[{"status":"`, `x`, `"}]}`), "sessions[0].status: the text has"},
		"a long title":                  {filled(verification+`,"pr_title":"`, `CQLF-R1-1 `, `"}`), "pr_title: the text has"},
		"a long path":                   {filled(bareRun+`,"issue_fingerprints":[{"file":"`, `x`, `"}]}`), ""},
		"a long fingerprint, escaped":   {filled(bareRun+`,"issue_fingerprints":[{"fingerprint":"`, `\u00e9`, `"}]}`), ""},
		"a long number":                 {filled(`{"target_repo":"o/r","timestamp":"2026-01-01T00:00:00Z","issues_found":`, `1`, `}`), "issues_found"},
		"a long name of a field":        {filled(bareRun+`,"`, `x`, `":1}`), ""},
		"an unknown text, written anew": {filled(odd+`,"x":"`, `<`, `"}`), ""},
		"an unknown list":               {filled(bareRun+`,"x":[`, `{},`, `]}`), ""},
		"nested":                        {filled(bareRun+`,"x":`, `[`, `}`), "not a JSON object"},
		"nested, closed":                {[]byte(bareRun + `,"x":` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000) + `}`), ""},
		"bytes that are no text":        {filled(bareRun+`,"x":"`, "\xff", `"}`), "not UTF-8"},
		"some bytes that are no text":   {[]byte(bareRun + `,"x":"` + strings.Repeat("\xff", MaxRecordBytes/4) + `"}`), ""},
		"a text":                        {filled(`"`, `x`, `"`), "not a JSON object"},
		"a list":                        {filled(`[`, `{},`, `]`), "not a JSON object"},
		"blanks":                        {bytes.Repeat([]byte(" "), MaxRecordBytes), "empty"},
		"many findings": {filled(bareRun+`,"issue_fingerprints":[`,
			`{"id":"CQLF-R1-0001","fingerprint":"0123456789abcdef0123","rule_id":"js/xss","severity_tier":"high","cwe_family":"xss","file":"`+
				strings.Repeat("x", 100)+`","start_line":123456},`, `]}`), ""},
		"all findings that all sessions took": {[]byte(bareRun + `,"issue_fingerprints":[` + strings.Repeat(`{"id":"a"},`, 50_000) + `{}],` +
			`"sessions":[` + strings.Repeat(`{"session_id":"s","issue_ids":["A"]},`, 5000) + `{}]}`), "sessions: more than 200000 findings"},
	} {
		if len(c.body) > MaxRecordBytes {
			t.Fatalf("%s has %d bytes", name, len(c.body))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		rec, err := ParseRecord(c.body)
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 150 {
			t.Errorf("%s: reading it took %d MB", name, used)
		}
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (rec != nil || err == nil || !strings.Contains(err.Error(), c.says) || len(err.Error()) > 200):
			t.Errorf("%s: %v, want a short sentence with %q", name, err, c.says)
		}
	}
}
