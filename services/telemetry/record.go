package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"
)

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
	Timestamp      time.Time // when it counts, UTC, whole milliseconds: see Fetched
	TimestampText  string    // RFC 3339: as recorded where that is RFC 3339
	IssuesFound    int64
	BatchesCreated int64
	Severity       map[string]int64
	Category       map[string]int64
	Sessions       []RecordedSession
	Findings       []Finding

	Verification *Verification // only with KindVerification

	dated   time.Time // Timestamp as recorded
	counted bool      // it says how many findings there were, if only by an empty list

	// Item is the record as clients of the API get it, where that is not the file
	// itself (a run number written as text, a time without a zone); else nil.
	Item   []byte
	filled map[int]bool // places of sessions whose PRURL is backfill's
}

// RecordedSession is a session as its record tells it.
type RecordedSession struct {
	ID       string   `json:"session_id"` // "" where it never started, "dry-run" for a dry run
	URL      string   `json:"session_url"`
	BatchID  Batch    `json:"batch_id"`
	Status   string   `json:"status"`
	IssueIDs []string `json:"issue_ids"`
	PRURL    string   `json:"pr_url"`
}

// Finding is one entry of issue_fingerprints: one place that CodeQL names.
type Finding struct {
	IssueID     string `json:"id"`
	Fingerprint string `json:"fingerprint"` // computed from rule, file and line where the record has none
	Rule        string `json:"rule_id"`
	Severity    string `json:"severity_tier"`
	Family      string `json:"cwe_family"`
	File        string `json:"file"`
	Line        int64  `json:"start_line"` // 0: no line
}

// Verification is the re-scan of one fix.
type Verification struct {
	SessionID     string // the session key
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

// Fetched says when the record was fetched: one dated later counts at that
// time, since nothing has happened yet that is dated later.
func (r *Record) Fetched(at time.Time) {
	if at = at.UTC().Truncate(time.Millisecond); r.dated.After(at) {
		r.Timestamp = at
	} else {
		r.Timestamp = r.dated
	}
}

// HasFindings reports whether the record names the scan's findings, or says that
// there were none. To say nothing about findings is neither.
func (r *Record) HasFindings() bool {
	return r.Kind == KindScan && (len(r.Findings) > 0 || (r.counted && r.IssuesFound == 0))
}

// ParseRecord reads a run file. The error is a sentence about the file's
// first fault.
func ParseRecord(body []byte) (*Record, error) {
	clean, err := jsonText(body)
	if err != nil {
		return nil, err
	}
	fields, err := objectFields(clean)
	if err != nil {
		return nil, err
	}
	d := &decoder{fields: fields}
	rec := &Record{}
	switch {
	case d.has("verified_at") && d.has("summary") && (!d.has("target_repo") || string(fields["target_repo"]) == `""`):
		d.verification(rec)
	case d.has("target_repo"):
		d.run(rec)
	default:
		return nil, fmt.Errorf("neither a run (target_repo) nor a verification (verified_at and summary)")
	}
	if d.err != nil {
		return nil, d.err
	}
	rec.Item = d.item(body, clean, rec)
	return rec, nil
}

// credentials are the user and the password of a URL, in JSON too.
var credentials = regexp.MustCompile(`(?i)(\bhttps?:\\?/\\?/)[^\s/?#"'\\<>]*@`)

// WithoutCredentials returns text without the credentials of its URLs:
// https://user:token@host becomes https://host.
func WithoutCredentials(text []byte) []byte {
	if !bytes.ContainsRune(text, '@') {
		return text
	}
	return credentials.ReplaceAll(text, []byte("$1"))
}

// jsonText returns the text of a JSON file without its byte order mark. The
// error is a sentence about a file that is not such a text.
func jsonText(body []byte) ([]byte, error) {
	if len(body) > MaxRecordBytes {
		return nil, fmt.Errorf("the file has %d bytes; the limit is %d", len(body), MaxRecordBytes)
	}
	if bytes.HasPrefix(body, []byte("\xff\xfe")) || bytes.HasPrefix(body, []byte("\xfe\xff")) {
		return nil, fmt.Errorf("the file is UTF-16; want UTF-8")
	}
	clean, err := validText(WithoutCredentials(bytes.TrimPrefix(body, []byte("\ufeff"))))
	if err == nil && len(bytes.TrimSpace(clean)) == 0 {
		return nil, fmt.Errorf("the file is empty")
	}
	return clean, err
}

// objectFields checks a record's text and splits it.
func objectFields(text []byte) (map[string]json.RawMessage, error) {
	if json.Valid(text) {
		if fields, err := fieldsOf(text); fields != nil || err != nil {
			return fields, err
		}
	}
	var none struct{}
	if err := json.Unmarshal(text, &none); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", plain(err))
	}
	return nil, fmt.Errorf("not a JSON object: null")
}

func (d *decoder) run(rec *Record) {
	rec.TargetRepo = bounded(d.text("target_repo"), mostPath)
	rec.ForkURL = d.text("fork_url")
	rec.RunNumber = d.runNumber(runNumberField)
	rec.RunID = d.idText("run_id")
	rec.RunURL = d.text("run_url")
	rec.RunLabel = d.text("run_label")
	rec.dated, rec.TimestampText = d.time("timestamp")
	rec.Timestamp = rec.dated
	rec.IssuesFound = d.count("issues_found")
	rec.BatchesCreated = d.count("batches_created")
	d.count("issues_dispatched")
	d.value("zero_issue_run", new(bool))
	rec.Severity = d.counts("severity_breakdown")
	rec.Category = d.counts("category_breakdown")
	rec.counted = d.has("issues_found") || d.has("issue_fingerprints")
	rec.Sessions = d.sessions("sessions")
	rec.Findings = d.findings("issue_fingerprints")
	d.boundAttempts(rec)
	rec.Repo, rec.Fork = ParseRepo(rec.TargetRepo), ParseRepo(rec.ForkURL)
	if rec.Repo == "" {
		d.fail("target_repo", fmt.Errorf("%q is not a repository; want owner/name or its URL", Shorten(rec.TargetRepo, quoted)))
	}
	rec.Kind = KindScan
	if rec.RunNumber == 0 && rec.RunID == "" {
		rec.Kind = KindDispatch
	}
}

func (d *decoder) verification(rec *Record) {
	rec.Kind = KindVerification
	rec.dated, rec.TimestampText = d.time("verified_at")
	rec.Timestamp = rec.dated
	summary := d.object("summary")
	v := &Verification{
		SessionID:     SessionKey(bounded(d.text("session_id"), mostName)),
		PRURL:         d.text("pr_url"),
		PRTitle:       d.text("pr_title"),
		PRNumber:      d.runNumber("pr_number"),
		SourceRun:     d.runNumber("source_run_number"),
		Family:        bounded(d.text("cwe_family"), mostName),
		TotalTargeted: d.part(summary, "total_targeted"),
		FixedCount:    d.part(summary, "fixed_count"),
		Remaining:     d.part(summary, "remaining_count"),
		Fixed:         d.findings("verified_fixed"),
		StillPresent:  d.findings("still_present"),
	}
	rec.RunNumber, rec.Verification = v.SourceRun, v
}

func (d *decoder) sessions(name string) []RecordedSession {
	var list []*struct {
		RecordedSession
		BatchID  json.RawMessage `json:"batch_id"`
		IssueIDs json.RawMessage `json:"issue_ids"`
	}
	d.list(name, &list, MaxSessions)
	out := make([]RecordedSession, 0, len(list))
	left := MaxAttempts
	for i, e := range list {
		if e == nil {
			d.fail(fmt.Sprintf("%s[%d]", name, i), fmt.Errorf("null is not a session"))
			continue
		}
		s := e.RecordedSession
		s.ID = keyText(s.ID)
		s.URL = d.short(SessionField(i, "session_url"), cleanText(s.URL))
		s.Status = d.short(SessionField(i, "status"), cleanText(s.Status))
		s.PRURL = d.short(PRURLField(i), cleanText(s.PRURL))
		s.IssueIDs = d.issueIDs(IssueIDsField(i), e.IssueIDs, left)
		left -= len(s.IssueIDs)
		if s.BatchID = NoBatch; !absent(e.BatchID) {
			s.BatchID = max(Batch(d.whole(SessionField(i, "batch_id"), e.BatchID)), NoBatch)
		}
		out = append(out, s)
	}
	return out
}

func (d *decoder) issueIDs(name string, raw json.RawMessage, most int) []string {
	ids := []string{}
	switch {
	case absent(raw):
	case entries(raw, most) > most:
		d.fail("sessions", tooMany(MaxAttempts, "issue ids"))
	default:
		if err := json.Unmarshal(raw, &ids); err != nil {
			d.fail(name, plain(err))
		}
	}
	for i, id := range ids {
		ids[i] = keyText(id)
	}
	return ids
}

func (d *decoder) findings(name string) []Finding {
	var list []*struct {
		Finding
		Line json.RawMessage `json:"start_line"`
	}
	d.list(name, &list, MaxFindings)
	out := make([]Finding, 0, len(list))
	for i, e := range list {
		if e == nil {
			d.fail(fmt.Sprintf("%s[%d]", name, i), fmt.Errorf("null is not a finding"))
			continue
		}
		f := e.Finding
		for _, text := range []*string{&f.IssueID, &f.Fingerprint, &f.Rule, &f.Severity, &f.Family} {
			*text = keyText(*text)
		}
		f.File = bounded(PathForm(cleanText(f.File)), mostPath)
		f.Line = max(d.whole(fmt.Sprintf("%s[%d].start_line", name, i), e.Line), 0)
		if f.Fingerprint == "" {
			f.Fingerprint = ComputedFingerprint(f)
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
	return jsonOf(d.fields)
}

// jsonOf encodes what was decoded from JSON. Unlike json.Marshal it leaves
// <, > and & as they are: escaped, a text can take six times its room.
func jsonOf(v any) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSpace(out.Bytes())
}
