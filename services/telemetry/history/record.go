package history

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// issueRef is an issue id: CQLF-R34-0010, or CQLF-ALL-R34-0010. The zero
// value is none, and is written as the empty id.
type issueRef struct {
	run, number int
	all         bool
}

func (f issueRef) append(b []byte) []byte {
	if f.number == 0 {
		return b
	}
	b = append(b, "CQLF-"...)
	if f.all {
		b = append(b, "ALL-"...)
	}
	b = strconv.AppendInt(append(b, 'R'), int64(f.run), 10)
	b = append(b, '-')
	for limit := 1000; limit > f.number && limit > 1; limit /= 10 {
		b = append(b, '0')
	}
	return strconv.AppendInt(b, int64(f.number), 10)
}

func (f issueRef) String() string { return string(f.append(nil)) }

// shape is what the action wrote into a scan's record at some time of its
// history: later versions added fields.
type shape int

const (
	shapeEarly      shape = iota // no run_id, run_url
	shapeRun                     // with them
	shapeZero                    // and zero_issue_run
	shapeDispatched              // and issues_dispatched
)

// scanRecord is what one scan leaves behind.
type scanRecord struct {
	repo            *repository
	shape           shape
	withoutFindings bool // no findings, and the fields of shapeEarly
	short           bool // fingerprints of 16 digits
	all             bool // findings are called CQLF-ALL-…
	run             int
	runID           string
	at              time.Time
	findings        []*issue
	sessions        []*session
	batches         int

	name      string // the file's
	body      []byte // its bytes, where it is to be written anew
	from, end int    // the sessions' place in it
	truth     []string
}

const (
	stampForm = "2006-01-02T15:04:05.000000+00:00"
	nameForm  = "20060102_150405"
)

// quote returns s as JSON text, escaped where it must be.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a string is always JSON
		return `""`
	}
	return string(b)
}

// write returns the record's bytes. actionURL is JSON text without its
// closing quote.
func (s *scanRecord) write(actionURL string) []byte {
	b := make([]byte, 0, 1200+270*len(s.findings)+480*len(s.sessions))
	b = append(append(b, "{\n  \"target_repo\": "...), s.repo.url...)
	b = append(append(b, ",\n  \"fork_url\": "...), s.repo.forkURL...)
	b = strconv.AppendInt(append(b, ",\n  \"run_number\": "...), int64(s.run), 10)
	if s.shape >= shapeRun {
		b = append(append(b, ",\n  \"run_id\": \""...), s.runID...)
		b = append(append(append(b, "\",\n  \"run_url\": "...), actionURL...), "/actions/runs/"...)
		b = append(append(b, s.runID...), '"')
	}
	b = append(append(b, ",\n  \"run_label\": \""...), s.label()...)
	b = s.at.AppendFormat(append(b, "\",\n  \"timestamp\": \""...), stampForm)
	b = strconv.AppendInt(append(b, "\",\n  \"issues_found\": "...), int64(len(s.findings)), 10)
	if s.shape >= shapeDispatched {
		b = strconv.AppendInt(append(b, ",\n  \"issues_dispatched\": "...), int64(len(s.findings)), 10)
	}
	b = s.breakdowns(b)
	b = strconv.AppendInt(append(b, ",\n  \"batches_created\": "...), int64(s.batches), 10)
	b = append(b, ",\n  \"sessions\": "...)
	s.from = len(b)
	b = appendSessions(b, s.sessions, s.shape >= shapeDispatched && !s.withoutFindings, "")
	s.end = len(b)
	if !s.withoutFindings {
		b = s.appendFindings(append(b, ",\n  \"issue_fingerprints\": "...))
	}
	if s.shape >= shapeZero {
		b = strconv.AppendBool(append(b, ",\n  \"zero_issue_run\": "...), len(s.findings) == 0)
	}
	return append(b, "\n}"...)
}

// rewritten returns the record's bytes with its sessions as they are now told.
func (s *scanRecord) rewritten() []byte {
	b := append([]byte(nil), s.body[:s.from]...)
	return append(appendSessions(b, s.sessions, true, ""), s.body[s.end:]...)
}

type nameCount struct {
	name string
	n    int
}

func count(list []nameCount, name string) []nameCount {
	for i := range list {
		if list[i].name == name {
			list[i].n++
			return list
		}
	}
	return append(list, nameCount{name, 1})
}

func (s *scanRecord) breakdowns(b []byte) []byte {
	var tierStore [4]nameCount
	var familyStore [24]nameCount
	tiers, families := tierStore[:0], familyStore[:0]
	for _, i := range s.findings {
		tiers = count(tiers, i.rule.tier)
		families = count(families, i.rule.family)
	}
	b = appendCounts(append(b, ",\n  \"severity_breakdown\": "...), tiers)
	return appendCounts(append(b, ",\n  \"category_breakdown\": "...), families)
}

func appendCounts(b []byte, list []nameCount) []byte {
	if len(list) == 0 {
		return append(b, "{}"...)
	}
	b = append(b, '{')
	for i, t := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, "\n    \""...), t.name...)
		b = strconv.AppendInt(append(b, "\": "...), int64(t.n), 10)
	}
	return append(b, "\n  }"...)
}

// appendSessions writes a record's sessions. Newer records tell a session as
// it was created; older ones were completed later, with what became of it.
func appendSessions(b []byte, list []*session, newer bool, prURL string) []byte {
	if len(list) == 0 {
		return append(b, "[]"...)
	}
	b = append(b, '[')
	for i, s := range list {
		newer := newer && !s.told
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n    {\n      \"session_id\": \""...)
		switch {
		case s.planned == planDryRun:
			b = append(b, dryRunID...)
		case s.id != "":
			b = append(append(b, "devin-"...), s.id...)
		}
		b = append(b, "\",\n      \"session_url\": \""...)
		if s.id != "" {
			b = append(append(b, sessionURL...), s.id...)
		}
		b = strconv.AppendInt(append(b, "\",\n      \"batch_id\": "...), int64(s.batch), 10)
		b = append(append(b, ",\n      \"status\": \""...), s.recordedStatus(newer)...)
		b = appendIDs(append(b, "\",\n      \"issue_ids\": "...), s.targets)
		switch {
		case !newer && s.pull != nil:
			b = append(append(append(b, ",\n      \"pr_url\": \""...), s.pull.url()...), '"')
		case prURL != "":
			b = append(append(b, ",\n      \"pr_url\": "...), prURL...)
		}
		b = append(b, "\n    }"...)
	}
	return append(b, "\n  ]"...)
}

const sessionURL = "https://app.devin.ai/sessions/"

func appendIDs(b []byte, targets []target) []byte {
	b = append(b, '[')
	for i, t := range targets {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(t.ref.append(append(b, "\n        \""...)), '"')
	}
	return append(b, "\n      ]"...)
}

func (s *scanRecord) appendFindings(b []byte) []byte {
	if len(s.findings) == 0 {
		return append(b, "[]"...)
	}
	digits := 20
	if s.short {
		digits = 16
	}
	b = append(b, '[')
	for n, i := range s.findings {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n    {\n      \"id\": \""...)
		b = i.ref.append(b)
		b = append(b, "\",\n      \"fingerprint\": \""...)
		if !s.repo.noFingerprints {
			b = append(b, s.repo.fingerprint(i)[:digits]...)
		}
		b = append(append(b, i.rule.middle...), i.file.path...)
		b = strconv.AppendInt(append(b, "\",\n      \"start_line\": "...), int64(i.line), 10)
		b = append(b, "\n    }"...)
	}
	return append(b, "\n  ]"...)
}

// writeDispatch returns the record of a session that was started for findings
// of an earlier scan. Unlike the others it ends in a new line.
func writeDispatch(r *repository, at time.Time, s *session) []byte {
	b := make([]byte, 0, 900+300*len(s.targets))
	b = append(append(b, "{\n  \"target_repo\": "...), r.url...)
	b = append(b,
		",\n  \"fork_url\": \"\",\n  \"run_number\": 0,\n  \"run_id\": \"\",\n  \"run_url\": \"\",\n  \"run_label\": \"orchestrator_dispatch_"...)
	b = at.AppendFormat(b, "2006-01-02T15-04-05.000000+00-00_")
	b = strconv.AppendInt(b, int64(s.batch), 10)
	b = at.AppendFormat(append(b, "\",\n  \"timestamp\": \""...), stampForm)
	b = append(b,
		"\",\n  \"issues_found\": 0,\n  \"batches_created\": 1,\n  \"zero_issue_run\": true,"...)
	b = append(b, "\n  \"severity_breakdown\": {},\n  \"category_breakdown\": {},\n  \"sessions\": "...)
	b = appendSessions(b, []*session{s}, true, `""`)
	b = append(b, ",\n  \"issue_fingerprints\": ["...)
	for n, t := range s.targets {
		if n > 0 {
			b = append(b, ',')
		}
		b = append(append(b, "\n    {\n      \"fingerprint\": \""...), t.print...)
		b = t.ref.append(append(b, "\",\n      \"id\": \""...))
		b = append(append(b, t.issue.rule.middle...), "\",\n      \"start_line\": 0\n    }"...)
	}
	return append(b, "\n  ]\n}\n"...)
}

// writeVerification returns the record of the re-scan of a session's pull
// request.
func writeVerification(s *session, at time.Time) []byte {
	fixed, left := s.claimed(true), s.claimed(false)
	b := make([]byte, 0, 900+260*len(s.targets))
	b = at.AppendFormat(append(b, "{\n  \"verified_at\": \""...), stampForm)
	b = strconv.AppendInt(append(b, "\",\n  \"pr_number\": \""...), int64(s.pull.number), 10)
	b = append(append(b, "\",\n  \"pr_url\": \""...), s.pull.url()...)
	b = append(append(b, "\",\n  \"pr_title\": \""...), s.pull.title...)
	b = append(append(b, "\",\n  \"session_id\": \""...), s.id...)
	b = strconv.AppendInt(append(b, "\",\n  \"source_run_number\": \""...), int64(s.targets[0].ref.run), 10)
	b = append(append(b, "\",\n  \"cwe_family\": \""...), s.family...)
	b = strconv.AppendInt(append(b, "\",\n  \"summary\": {\n    \"total_original\": "...), int64(s.original), 10)
	b = strconv.AppendInt(append(b, ",\n    \"total_targeted\": "...), int64(len(s.targets)), 10)
	b = strconv.AppendInt(append(b, ",\n    \"fixed_count\": "...), int64(len(fixed)), 10)
	b = strconv.AppendInt(append(b, ",\n    \"remaining_count\": "...), int64(len(left)), 10)
	b = append(append(b, ",\n    \"fix_rate\": "...), percent(len(fixed), len(s.targets))...)
	b = append(b, ",\n    \"new_issues_in_scan\": 0\n  },\n  \"verified_fixed\": "...)
	b = appendVerified(b, fixed)
	b = appendVerified(append(b, ",\n  \"still_present\": "...), left)
	return append(b, "\n}"...)
}

// percent writes a share as Python does: at least one decimal.
func percent(part, whole int) string {
	rate := strconv.FormatFloat(float64(part*1000/whole)/10, 'f', -1, 64)
	if strings.Contains(rate, ".") {
		return rate
	}
	return rate + ".0"
}

func appendVerified(b []byte, targets []target) []byte {
	if len(targets) == 0 {
		return append(b, "[]"...)
	}
	b = append(b, '[')
	for n, t := range targets {
		if n > 0 {
			b = append(b, ',')
		}
		b = t.ref.append(append(b, "\n    {\n      \"id\": \""...))
		b = append(append(b, "\",\n      \"fingerprint\": \""...), t.print...)
		b = append(append(b, t.issue.rule.middle...), t.path...)
		b = append(b, "\"\n    }"...)
	}
	return append(b, "\n  ]"...)
}
