package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// MaxRecordBytes is the size over which a run file is refused (20 MB).
const MaxRecordBytes = 20 << 20

// Kind is the kind of a record, told by its content and never by its name.
type Kind string

// The three kinds of records.
const (
	KindScan         Kind = "scan"
	KindDispatch     Kind = "dispatch"
	KindVerification Kind = "verification"
)

// Record is one file of telemetry/runs. Strings are as recorded, but that
// NUL and invalid UTF-8 became U+FFFD.
type Record struct {
	Kind Kind

	TargetRepo     string
	ForkURL        string
	Repo           RepoName // of TargetRepo; "" in a verification
	Fork           RepoName // of ForkURL, "" if there is none
	RunNumber      int64    // the action repository's counter; 0 in a dispatch
	RunID          string
	RunURL         string
	RunLabel       string
	Timestamp      time.Time // UTC, whole milliseconds
	TimestampText  string    // RFC 3339: as recorded where that is RFC 3339
	IssuesFound    int64
	BatchesCreated int64
	Severity       map[string]int64
	Category       map[string]int64
	Sessions       []RecordedSession
	Findings       []Finding

	Verification *Verification // only with KindVerification

	// Item is the record as clients of the API get it, where that is not
	// the file itself: a run number written as text, a time without a zone,
	// a byte order mark. Else nil.
	Item []byte
}

// RecordedSession is a session as its record tells it.
type RecordedSession struct {
	ID       string   `json:"session_id"`
	URL      string   `json:"session_url"`
	BatchID  int64    `json:"batch_id"`
	Status   string   `json:"status"`
	IssueIDs []string `json:"issue_ids"`
	PRURL    string   `json:"pr_url"`
}

// Finding is one entry of issue_fingerprints: one place that CodeQL names.
type Finding struct {
	IssueID     string
	Fingerprint string // computed from rule, file and line where the record has none
	Rule        string
	Severity    string
	Family      string
	File        string
	Line        int64 // 0: no line
}

// Verification is the re-scan of one fix.
type Verification struct {
	SessionID     string // bare
	PRURL         string
	PRNumber      int64
	PRTitle       string
	SourceRun     int64
	Family        string
	TotalTargeted int64
	FixedCount    int64
	Remaining     int64
	Fixed         []Finding // verified_fixed: without lines
	StillPresent  []Finding
}

// HasFindings tells whether the record says which findings the scan had:
// it names them, or says that there were none.
func (r *Record) HasFindings() bool {
	return r.Kind == KindScan && (len(r.Findings) > 0 || r.IssuesFound == 0)
}

// ParseRecord reads a run file. The error is a sentence about the file's
// first fault.
func ParseRecord(body []byte) (*Record, error) {
	if len(body) > MaxRecordBytes {
		return nil, fmt.Errorf("the file has %d bytes; at most %d are read", len(body), MaxRecordBytes)
	}
	clean := bytes.TrimPrefix(body, []byte("\ufeff"))
	if len(bytes.TrimSpace(clean)) == 0 {
		return nil, fmt.Errorf("the file is empty")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(clean, &fields); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if fields == nil {
		return nil, fmt.Errorf("not a JSON object: null")
	}
	d := &decoder{fields: fields}
	rec := &Record{}
	switch {
	case d.has("target_repo"):
		d.run(rec)
	case d.has("verified_at") && d.has("summary"):
		d.verification(rec)
	default:
		return nil, fmt.Errorf("no run and no verification: it has neither target_repo nor verified_at with summary")
	}
	if d.err != nil {
		return nil, d.err
	}
	rec.Item = d.item(body, clean, rec)
	return rec, nil
}

// decoder reads typed fields and keeps the first error.
type decoder struct {
	fields  map[string]json.RawMessage
	err     error
	rewrite bool // clients must not get the file's own bytes
}

func (d *decoder) run(rec *Record) {
	rec.TargetRepo = d.text("target_repo")
	rec.ForkURL = d.text("fork_url")
	rec.RunNumber = d.runNumber("run_number")
	rec.RunID = d.text("run_id")
	rec.RunURL = d.text("run_url")
	rec.RunLabel = d.text("run_label")
	rec.Timestamp, rec.TimestampText = d.time("timestamp")
	rec.IssuesFound = d.count("issues_found")
	rec.BatchesCreated = d.count("batches_created")
	d.count("issues_dispatched")
	d.value("zero_issue_run", new(bool))
	d.value("severity_breakdown", &rec.Severity)
	d.value("category_breakdown", &rec.Category)
	rec.Sessions = d.sessions("sessions")
	rec.Findings = d.findings("issue_fingerprints")
	rec.Repo, rec.Fork = ParseRepo(rec.TargetRepo), ParseRepo(rec.ForkURL)
	if rec.Repo == "" {
		d.fail("target_repo", fmt.Errorf("%q is no repository", shorten(rec.TargetRepo)))
	}
	rec.Kind = KindScan
	if rec.RunNumber == 0 && rec.RunID == "" {
		rec.Kind = KindDispatch
	}
}

func (d *decoder) verification(rec *Record) {
	rec.Kind = KindVerification
	rec.Timestamp, rec.TimestampText = d.time("verified_at")
	var summary struct {
		Targeted  int64 `json:"total_targeted"`
		Fixed     int64 `json:"fixed_count"`
		Remaining int64 `json:"remaining_count"`
	}
	d.value("summary", &summary)
	v := &Verification{
		SessionID: BareID(d.text("session_id")), PRURL: d.text("pr_url"), PRTitle: d.text("pr_title"),
		PRNumber: d.runNumber("pr_number"), SourceRun: d.runNumber("source_run_number"), Family: d.text("cwe_family"),
		TotalTargeted: summary.Targeted, FixedCount: summary.Fixed, Remaining: summary.Remaining,
		Fixed: d.findings("verified_fixed"), StillPresent: d.findings("still_present"),
	}
	rec.RunNumber, rec.Verification = v.SourceRun, v
}

func (d *decoder) has(name string) bool {
	raw, ok := d.fields[name]
	return ok && string(raw) != "null"
}

func (d *decoder) fail(name string, err error) {
	if d.err == nil {
		d.err = fmt.Errorf("%s: %w", name, err)
	}
}

// value decodes a field that may be absent or null.
func (d *decoder) value(name string, into any) {
	if !d.has(name) {
		return
	}
	if err := json.Unmarshal(d.fields[name], into); err != nil {
		d.fail(name, plain(err))
	}
}

func (d *decoder) text(name string) string {
	var s string
	d.value(name, &s)
	return cleanText(s)
}

func (d *decoder) count(name string) int64 {
	n, err := d.integer(name)
	if err == nil && n < 0 {
		err = fmt.Errorf("%d is negative", n)
	}
	if err != nil {
		d.fail(name, err)
	}
	return n
}

func (d *decoder) integer(name string) (int64, error) {
	if !d.has(name) {
		return 0, nil
	}
	return parseInt(d.fields[name])
}

// runNumber also takes digits in a string: verification records write
// their numbers so.
func (d *decoder) runNumber(name string) int64 {
	if !d.has(name) {
		return 0
	}
	raw := d.fields[name]
	if raw[0] != '"' {
		return d.count(name)
	}
	s := strings.TrimSpace(d.text(name))
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		d.fail(name, fmt.Errorf("%q is no number", shorten(s)))
	}
	if name == "run_number" {
		d.fields[name] = json.RawMessage(strconv.FormatInt(n, 10))
		d.rewrite = true
	}
	return n
}

func parseInt(raw json.RawMessage) (int64, error) {
	var number json.Number
	if raw[0] == '"' || json.Unmarshal(raw, &number) != nil {
		return 0, fmt.Errorf("%s is no number", shorten(string(raw)))
	}
	if n, err := number.Int64(); err == nil {
		return n, nil
	}
	f, err := number.Float64()
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, fmt.Errorf("%s is no whole number", shorten(string(raw)))
	}
	return int64(f), nil
}

// timeForms are the forms of time that records use; without a zone it is UTC.
var timeForms = [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02"}

func (d *decoder) time(name string) (time.Time, string) {
	s := strings.TrimSpace(d.text(name))
	if s == "" {
		d.fail(name, fmt.Errorf("missing; without a time the record has no place"))
		return time.Time{}, ""
	}
	for i, form := range timeForms {
		t, err := time.Parse(form, s)
		if err != nil || t.Year() < 1 || t.Year() > 9999 {
			continue
		}
		t = t.UTC()
		if i > 0 {
			s = t.Format(time.RFC3339Nano)
			d.fields[name] = json.RawMessage(strconv.Quote(s))
			d.rewrite = true
		}
		return t.Truncate(time.Millisecond), s
	}
	d.fail(name, fmt.Errorf("%q is no time; write it like 2026-02-07T11:31:39Z", shorten(s)))
	return time.Time{}, ""
}

func (d *decoder) sessions(name string) []RecordedSession {
	var list []struct {
		ID       *string         `json:"session_id"`
		URL      *string         `json:"session_url"`
		BatchID  json.RawMessage `json:"batch_id"`
		Status   *string         `json:"status"`
		IssueIDs []*string       `json:"issue_ids"`
		PRURL    *string         `json:"pr_url"`
	}
	d.value(name, &list)
	out := make([]RecordedSession, 0, len(list))
	for i, e := range list {
		s := RecordedSession{ID: deref(e.ID), URL: deref(e.URL), Status: deref(e.Status), PRURL: deref(e.PRURL), IssueIDs: []string{}}
		if len(e.BatchID) > 0 && string(e.BatchID) != "null" {
			n, err := parseInt(e.BatchID)
			if err != nil {
				d.fail(fmt.Sprintf("%s[%d].batch_id", name, i), err)
			}
			s.BatchID = n
		}
		for _, id := range e.IssueIDs {
			s.IssueIDs = append(s.IssueIDs, deref(id))
		}
		out = append(out, s)
	}
	return out
}

func (d *decoder) findings(name string) []Finding {
	var list []struct {
		ID          *string         `json:"id"`
		Fingerprint *string         `json:"fingerprint"`
		Rule        *string         `json:"rule_id"`
		Severity    *string         `json:"severity_tier"`
		Family      *string         `json:"cwe_family"`
		File        *string         `json:"file"`
		Line        json.RawMessage `json:"start_line"`
	}
	d.value(name, &list)
	out := make([]Finding, 0, len(list))
	for i, e := range list {
		f := Finding{IssueID: deref(e.ID), Fingerprint: deref(e.Fingerprint), Rule: deref(e.Rule), Severity: deref(e.Severity), Family: deref(e.Family), File: deref(e.File)}
		if len(e.Line) > 0 && string(e.Line) != "null" {
			n, err := parseInt(e.Line)
			if err != nil {
				d.fail(fmt.Sprintf("%s[%d].start_line", name, i), err)
			}
			f.Line = max(n, 0)
		}
		if f.Fingerprint == "" {
			f.Fingerprint = computedFingerprint(f)
		}
		out = append(out, f)
	}
	return out
}

// item returns what clients get, nil where that is the file's own bytes.
func (d *decoder) item(body, clean []byte, rec *Record) []byte {
	_, hasFile := d.fields["_file"]
	_, hasKind := d.fields["kind"]
	if rec.Kind == KindVerification || (!d.rewrite && !hasFile && !hasKind && len(body) == len(clean) && utf8.Valid(body)) {
		return nil
	}
	delete(d.fields, "_file")
	delete(d.fields, "kind")
	out, err := json.Marshal(d.fields)
	if err != nil { // each field was decoded above, so each is JSON
		return nil
	}
	return bytes.ToValidUTF8(out, []byte("\ufffd"))
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return cleanText(*s)
}

// cleanText replaces what PostgreSQL refuses in a text.
func cleanText(s string) string {
	if !strings.ContainsRune(s, 0) && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

func shorten(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}

// plain says a decoding error without the names of Go's types.
func plain(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field != "" {
			return fmt.Errorf("%s has the wrong type: %s", e.Field, e.Value)
		}
		return fmt.Errorf("wrong type: %s", e.Value)
	}
	return err
}
