package telemetry

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ParseRunLog reads the files of a run's log. A file that cannot be read is
// among Broken, and the others count.
func ParseRunLog(files []LogFile) RunLog {
	var l RunLog
	total := 0
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b LogFile) int { return cmp.Compare(a.Name, b.Name) })
	for i, f := range files {
		if !IsLogFile(f.Name) {
			continue
		}
		total += len(f.Body)
		err := f.Err
		switch {
		case err != nil:
		case i >= MaxLogFiles:
			err = tooMany(MaxLogFiles, "files in one log")
		case total > MaxLogBytes:
			err = fmt.Errorf("the log has over %d bytes, the most that is read", MaxLogBytes)
		default:
			err = l.read(f)
		}
		if err != nil {
			l.Broken = append(l.Broken, LogFailure{File: f.Name, Cause: causeOf(err)})
		}
	}
	l.addSnippets()
	return l
}

// causeOf is the sentence of a failure without what only the log may show.
func causeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Message
	}
	return err.Error()
}

// read reads one file; what it says counts only if all of it can be read.
func (l *RunLog) read(f LogFile) (err error) {
	if m := promptPattern.FindStringSubmatch(f.Name); m != nil {
		return l.readPrompt(m[1], f.Body)
	}
	text, err := jsonText(f.Body)
	if err != nil {
		return err
	}
	d := &decoder{fields: map[string]json.RawMessage{}}
	list := ""
	switch f.Name {
	case "issues.json":
		list = "issues"
	case "sessions.json":
		list = "sessions"
	case "batches.json":
		list = "batches"
	case "outcomes.json":
		list = "outcomes" // of which nothing is read yet
	}
	if err := d.open(text, list); err != nil {
		return err
	}
	switch list {
	case "":
		l.readOrigin(d)
	case "issues":
		findings, rules := d.logFindings(list)
		if d.err == nil {
			l.Findings, l.Rules = findings, rules
		}
	case "sessions":
		if sessions := d.logSessions(list); d.err == nil {
			l.Sessions = sessions
		}
	case "batches":
		if batches := d.logBatches(list); d.err == nil {
			l.Batches = batches
		}
	}
	return d.err
}

// readOrigin reads which run a log says that it is of.
func (l *RunLog) readOrigin(d *decoder) {
	label, target := d.text("run_label"), ParseRepo(cmp.Or(d.text("target_repo"), d.text("repository")))
	if d.err == nil {
		l.Label, l.Target = cmp.Or(l.Label, label), cmp.Or(l.Target, target)
	}
}

// open splits a file that is an object, or the list alone that an object of a
// later version has under a name.
func (d *decoder) open(text []byte, list string) (err error) {
	c := cursor{text: string(text)}
	if list == "" || !c.take('[') || !json.Valid(text) {
		d.fields, err = objectFields(text)
		return err
	}
	d.fields[list] = text
	return nil
}

func (l *RunLog) readPrompt(batch string, body []byte) error {
	if len(body) > MaxRecordBytes {
		return fmt.Errorf("the file has %d bytes; the limit is %d", len(body), MaxRecordBytes)
	}
	n, err := strconv.ParseInt(batch, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not the number of a batch", batch)
	}
	text, err := validText(body)
	if err != nil {
		return err
	}
	l.Prompts = append(l.Prompts, LogPrompt{Batch: n, Text: strings.ReplaceAll(cleanText(string(text)), "\r\n", "\n")})
	return nil
}

// logFinding is a finding as issues.json has it.
type logFinding struct {
	ID          string          `json:"id"`
	Fingerprint string          `json:"fingerprint"`
	Rule        string          `json:"rule_id"`
	Name        string          `json:"rule_name"`
	Title       string          `json:"rule_description"`
	Help        string          `json:"rule_help"`
	Message     string          `json:"message"`
	Score       json.RawMessage `json:"severity_score"`
	Severity    string          `json:"severity_tier"`
	Level       string          `json:"level"`
	Family      string          `json:"cwe_family"`
	CWEs        []string        `json:"cwes"`
	Locations   []*logLocation  `json:"locations"`
}

type logLocation struct {
	File        string          `json:"file"`
	StartLine   json.RawMessage `json:"start_line"`
	EndLine     json.RawMessage `json:"end_line"`
	StartColumn json.RawMessage `json:"start_column"`
}

func (d *decoder) logFindings(name string) ([]LogFinding, []LogRule) {
	var list []*logFinding
	d.list(name, &list, MaxFindings)
	findings, rules := make([]LogFinding, 0, len(list)), map[string]LogRule{}
	for i, e := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		if e == nil {
			d.fail(at, fmt.Errorf("null is not a finding"))
			continue
		}
		f := LogFinding{
			IssueID: keyText(e.ID), Fingerprint: keyText(e.Fingerprint), Rule: keyText(e.Rule), Name: keyText(e.Name),
			Title: Shorten(cleanText(e.Title), mostText), Message: PlainMessage(markdownText(e.Message)), Severity: keyText(e.Severity),
			Level: keyText(e.Level), Family: keyText(e.Family), CWEs: []string{}, Locations: []LogLocation{}, Snippets: []Snippet{},
		}
		f.Score = d.score(at, e.Score)
		for _, cwe := range e.CWEs[:min(len(e.CWEs), mostLocations)] {
			if text := CWEName(keyText(cwe)); text != "" && !slices.Contains(f.CWEs, text) {
				f.CWEs = append(f.CWEs, text)
			}
		}
		f.Locations = d.locations(at, e.Locations)
		findings = append(findings, f)
		if _, known := rules[f.Rule]; !known && f.Rule != "" {
			rules[f.Rule] = LogRule{f.Rule, f.Name, f.Title, markdownText(e.Help)}
		}
	}
	return findings, slices.SortedFunc(maps.Values(rules), func(a, b LogRule) int { return cmp.Compare(a.Rule, b.Rule) })
}

// score reads a CVSS score, which is a number or the text of one.
func (d *decoder) score(at string, raw json.RawMessage) *float64 {
	if absent(raw) || string(raw) == `""` {
		return nil
	}
	n, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || math.IsNaN(n) || n < 0 || n > 10 {
		d.fail(at+".severity_score", fmt.Errorf("%s is not a score from 0 to 10", Shorten(string(raw), quoted)))
		return nil
	}
	return &n
}

func (d *decoder) locations(at string, list []*logLocation) []LogLocation {
	out := []LogLocation{}
	for i, e := range list[:min(len(list), mostLocations)] {
		if e == nil {
			d.fail(fmt.Sprintf("%s.locations[%d]", at, i), fmt.Errorf("null is not a location"))
			continue
		}
		l := LogLocation{File: bounded(cleanText(e.File), mostPath)}
		at := fmt.Sprintf("%s.locations[%d]", at, i)
		l.StartLine = d.placed(at+".start_line", e.StartLine)
		l.EndLine = d.placed(at+".end_line", e.EndLine)
		l.StartColumn = d.placed(at+".start_column", e.StartColumn)
		out = append(out, l)
	}
	return out
}

func (d *decoder) logSessions(name string) []LogSession {
	var list []*struct {
		Batch  json.RawMessage `json:"batch_id"`
		ID     string          `json:"session_id"`
		URL    string          `json:"url"`
		Status string          `json:"status"`
	}
	d.list(name, &list, MaxSessions)
	out := make([]LogSession, 0, len(list))
	for i, e := range list {
		if e == nil {
			d.fail(fmt.Sprintf("%s[%d]", name, i), fmt.Errorf("null is not a session"))
			continue
		}
		s := LogSession{ID: keyText(e.ID), URL: Shorten(cleanText(e.URL), mostPath), Status: Shorten(cleanText(e.Status), mostPath)}
		s.Batch = d.placed(fmt.Sprintf("%s[%d].batch_id", name, i), e.Batch)
		out = append(out, s)
	}
	return out
}

func (d *decoder) logBatches(name string) []LogBatch {
	var list []*struct {
		Batch    json.RawMessage `json:"batch_id"`
		Family   string          `json:"cwe_family"`
		Severity string          `json:"severity_tier"`
		Issues   []*struct {
			ID string `json:"id"`
		} `json:"issues"`
	}
	d.list(name, &list, MaxSessions)
	out, ids := make([]LogBatch, 0, len(list)), 0
	for i, e := range list {
		if e == nil {
			d.fail(fmt.Sprintf("%s[%d]", name, i), fmt.Errorf("null is not a batch"))
			continue
		}
		b := LogBatch{Family: keyText(e.Family), Severity: keyText(e.Severity), IssueIDs: []string{}}
		b.Batch = d.placed(fmt.Sprintf("%s[%d].batch_id", name, i), e.Batch)
		if ids += len(e.Issues); ids > MaxAttempts {
			d.fail(name, tooMany(MaxAttempts, "issues"))
			return nil
		}
		for _, issue := range e.Issues {
			if issue != nil && keyText(issue.ID) != "" {
				b.IssueIDs = append(b.IssueIDs, keyText(issue.ID))
			}
		}
		out = append(out, b)
	}
	return out
}

// placed reads a number that places something, 0 where it is absent or null.
func (d *decoder) placed(name string, raw json.RawMessage) int64 {
	return max(d.whole(name, raw), 0)
}
