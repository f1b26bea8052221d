package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// kept are the fields of an object that a compact form has, each with those of
// the objects in it; nil is a value that stays as it is. Names are compared in any
// case, as encoding/json does.
type kept map[string]kept

func keep(names string, nested ...kept) kept {
	k := kept{}
	for name := range strings.FieldsSeq(names) {
		k[name] = nil
	}
	for _, n := range nested {
		maps.Copy(k, n)
	}
	return k
}

// of returns what is kept of a field.
func (k kept) of(name string) (nested kept, known bool) {
	if nested, known = k[name]; known {
		return nested, true
	}
	for other, nested := range k {
		if strings.EqualFold(other, name) {
			return nested, true
		}
	}
	return nil, false
}

// recordFields are all fields that ParseRecord and clients of the API know.
func recordFields() kept {
	finding := keep("id fingerprint rule_id severity_tier cwe_family file start_line")
	return keep("target_repo fork_url run_number run_id run_url run_label timestamp issues_found issues_dispatched "+
		"batches_created zero_issue_run severity_breakdown category_breakdown "+
		"verified_at session_id pr_url pr_title pr_number source_run_number cwe_family", kept{
		"sessions":           keep("session_id session_url batch_id status issue_ids pr_url"),
		"issue_fingerprints": finding, "verified_fixed": finding, "still_present": finding,
		"summary": keep("total_targeted fixed_count remaining_count"),
	})
}

// logFields are the fields of a log's file from which something is derived, nil
// of a file of which all is text to read: prompts, which have the code as well.
func logFields(file string) kept {
	switch file {
	case "issues.json":
		return listFields("issues", keep("id fingerprint rule_id rule_name rule_description rule_help message severity_score "+
			"severity_tier level cwe_family cwes", kept{"locations": keep("file start_line end_line start_column")}))
	case "sessions.json":
		return listFields("sessions", keep("batch_id session_id url status"))
	case "batches.json":
		return listFields("batches", keep("batch_id cwe_family severity_tier", kept{"issues": keep("id")}))
	case "manifest.json", "run_log.json":
		return keep("run_label target_repo repository") // of which run the log is
	}
	return nil
}

// listFields are those of a file that is a list, or an object with the list
// under a name.
func listFields(name string, entry kept) kept {
	fields := maps.Clone(entry)
	fields[name] = entry
	return fields
}

// CompactRecord returns a run file with only those fields that are read, as
// recorded, and without white space: ParseRecord gives the same Record, but
// for an Item without the other fields. The error says of a file that its
// compact form would not.
func CompactRecord(body []byte) ([]byte, error) {
	before, err := ParseRecord(body)
	if err != nil {
		return nil, err
	}
	text, err := jsonText(body)
	if err != nil {
		return nil, err
	}
	compact := compactJSON(text, recordFields())
	after, err := ParseRecord(compact)
	if err != nil {
		return nil, fmt.Errorf("the compact form cannot be read: %w", err)
	}
	b, a := *before, *after
	b.Item, a.Item = nil, nil
	if !reflect.DeepEqual(b, a) {
		return nil, fmt.Errorf("the compact form says something else than the file")
	}
	return compact, nil
}

// CompactLog returns the files of a log with only that from which something is
// derived: ParseRunLog gives the same RunLog, but for prompts, code, and
// failures of the files that are left out. The error says of a log that its
// compact form would not.
func CompactLog(files []LogFile) ([]LogFile, error) {
	compact := []LogFile{}
	for _, f := range files {
		fields := logFields(f.Name)
		if fields == nil {
			continue
		}
		if text, err := jsonText(f.Body); err == nil && json.Valid(text) {
			f.Body = compactJSON(text, fields)
		}
		compact = append(compact, f)
	}
	before, after := withoutTexts(ParseRunLog(files)), withoutTexts(ParseRunLog(compact))
	if !reflect.DeepEqual(before, after) {
		return nil, fmt.Errorf("the compact form says something else than the log")
	}
	return compact, nil
}

// withoutTexts is a log as its compact form has it.
func withoutTexts(l RunLog) RunLog {
	l.Prompts = nil
	for i := range l.Findings {
		l.Findings[i].Snippets = []Snippet{}
	}
	l.Broken = slices.DeleteFunc(l.Broken, func(f LogFailure) bool { return logFields(f.File) == nil })
	if len(l.Broken) == 0 {
		l.Broken = nil
	}
	return l
}

// compactJSON copies valid JSON without white space, and of its objects only
// the fields that are kept; nil keeps all of them.
func compactJSON(text []byte, fields kept) []byte {
	c := cursor{text: string(text)}
	var out bytes.Buffer
	c.compact(&out, fields)
	return out.Bytes()
}

// compact copies the next value.
func (c *cursor) compact(out *bytes.Buffer, fields kept) {
	switch {
	case fields != nil && c.take('{'):
		c.compactObject(out, fields)
	case fields != nil && c.take('['):
		out.WriteByte('[')
		for first := true; c.at < len(c.text) && !c.take(']'); first = false {
			if !first {
				out.WriteByte(',')
			}
			c.compact(out, fields)
			c.take(',')
		}
		out.WriteByte(']')
	default:
		_ = json.Compact(out, []byte(c.value())) // it is valid
	}
}

func (c *cursor) compactObject(out *bytes.Buffer, fields kept) {
	out.WriteByte('{')
	for first := true; c.at < len(c.text) && !c.take('}'); {
		key := c.value()
		c.take(':')
		var name string
		_ = json.Unmarshal([]byte(key), &name) // it is a valid text
		nested, known := fields.of(name)
		if !known {
			c.value()
			c.take(',')
			continue
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteString(key + ":")
		c.compact(out, nested)
		c.take(',')
	}
	out.WriteByte('}')
}
