package telemetry

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// hugeRecord is a record that one thing fills, and what is said of it: "" if
// it is read.
type hugeRecord struct{ before, unit, after, says string }

// body repeats the unit up to a record's largest size. In the unit, # is a
// number of its own.
func (h hugeRecord) body() []byte {
	b := make([]byte, 0, MaxRecordBytes)
	b = append(b, h.before...)
	numbered, room := strings.Contains(h.unit, "#"), MaxRecordBytes-len(h.after)-10
	if !numbered {
		b = append(b, strings.Repeat(h.unit, max(0, room-len(b)-1)/len(h.unit))...)
	}
	for before, after, _ := strings.Cut(h.unit, "#"); numbered && len(b)+len(h.unit) < room; {
		b = append(strconv.AppendInt(append(b, before...), int64(len(b)), 10), after...)
	}
	if strings.HasSuffix(h.unit, ",") {
		b = b[:len(b)-1]
	}
	return append(b, h.after...)
}

const (
	bareRun          = `{"target_repo":"o/r","run_number":1,"run_id":"1","timestamp":"2026-01-01T00:00:00Z"`
	bareVerification = `{"verified_at":"2026-01-01T00:00:00Z","summary":{}`
)

func hugeLists() map[string]hugeRecord {
	const sessions, findings = bareRun + `,"sessions":[`, bareRun + `,"issue_fingerprints":[`
	finding := `{"id":"CQLF-R1-0001","fingerprint":"0123456789abcdef0123","rule_id":"js/xss","severity_tier":"high",` +
		`"cwe_family":"xss","file":"` + strings.Repeat("x", 100) + `","start_line":123456},`
	return map[string]hugeRecord{
		"sessions of nothing": {sessions, `{},`, `]}`, "sessions: more than 10000 entries"},
		"findings of nothing": {findings, `{},`, `]}`, "issue_fingerprints: more than 100000 entries"},
		"verified findings":   {bareVerification + `,"verified_fixed":[`, `{"id":""},`, `]}`, "verified_fixed: more than 100000 entries"},
		"ids of many sessions": {
			sessions, `{"issue_ids":[` + strings.Repeat(`"",`, 999) + `""]},`, `]}`, "sessions: more than 200000 issue ids",
		},
		"findings that all sessions took": {
			findings + strings.Repeat(`{"id":"a"},`, 50_000) + `{}],"sessions":[{"issue_ids":["A","A","A","A"]},{"issue_ids":["A"],"x":"`,
			`x`, `"}]}`,
			"sessions: more than 200000 findings",
		},
		"severities":            {bareRun + `,"severity_breakdown":{`, `"#":1,`, `}}`, "severity_breakdown: more than 1000 fields"},
		"a summary":             {`{"verified_at":"2026-01-01T00:00:00Z","summary":{`, `"#":1,`, `}}`, "summary: more than 1000 fields"},
		"fields":                {bareRun + `,`, `"#":1,`, `}`, "more than 1000 fields"},
		"fields of one session": {sessions + `{`, `"#":1,`, `}]}`, ""},
		"an unknown list":       {bareRun + `,"x":[`, `{},`, `]}`, ""},
		"many findings":         {findings, finding, `]}`, ""},
		"nested":                {bareRun + `,"x":`, `[`, `}`, "not a JSON object"},
		"a list":                {`[`, `{},`, `]`, "not a JSON object"},
	}
}

func hugeTexts() map[string]hugeRecord {
	const key = `{"target_repo":"o/r","timestamp":"2026-01-01T00:00:00Z"`
	return map[string]hugeRecord{
		"a label":                  {bareRun + `,"run_label":"`, `x`, `"}`, "run_label: the text has"},
		"an id of digits":          {key + `,"run_id":`, `1`, `}`, "run_id: the text has"},
		"a repository":             {`{"target_repo":"https://github.com/o/r?`, `x`, `"}`, "target_repo: the text has"},
		"a status":                 {bareRun + `,"sessions":[{"status":"`, `x`, `"}]}`, "sessions[0].status: the text has"},
		"a path":                   {bareRun + `,"issue_fingerprints":[{"file":"`, `x`, `"}]}`, ""},
		"a fingerprint, escaped":   {bareRun + `,"issue_fingerprints":[{"fingerprint":"`, `\u00e9`, `"}]}`, ""},
		"a number":                 {key + `,"issues_found":`, `1`, `}`, "issues_found"},
		"a name of a field":        {bareRun + `,"`, `x`, `":1}`, ""},
		"a text, written anew":     {bareRun + `,"_file":1,"x":"`, `<`, `"}`, ""},
		"bytes that are no text":   {bareRun + `,"x":"`, "\xff", `"}`, "not UTF-8"},
		"blanks, and nothing else": {``, ` `, ``, "empty"},
	}
}

// TestHugeRecords: whatever fills a record, reading it takes little memory;
// what is over a bound is an error that names the field.
func TestHugeRecords(t *testing.T) {
	for _, records := range []map[string]hugeRecord{hugeLists(), hugeTexts()} {
		for name, h := range records {
			body := h.body()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			rec, err := ParseRecord(body)
			runtime.ReadMemStats(&after)
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 150 {
				t.Errorf("%s: reading it took %d MB", name, used)
			}
			switch {
			case h.says == "" && err != nil:
				t.Errorf("%s: %v", name, err)
			case h.says != "" && (rec != nil || err == nil || !strings.Contains(err.Error(), h.says) || len(err.Error()) > 200):
				t.Errorf("%s: %v, want a short sentence with %q", name, err, h.says)
			}
		}
	}
}
