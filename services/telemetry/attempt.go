package telemetry

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// AttemptBasis says which kind of record tells that a session worked on an issue.
type AttemptBasis string

// The bases of docs/rules.md#which-issues-a-session-took.
const (
	AttemptRecord       AttemptBasis = "record"       // the session's id of the issue stands in its own record's findings
	AttemptDispatch     AttemptBasis = "dispatch"     // a dispatch record gives id and fingerprint
	AttemptVerification AttemptBasis = "verification" // a verification record gives id and fingerprint
)

// VerificationResult is what a verification says of an issue.
type VerificationResult int

// The results.
const (
	VerifiedNone    VerificationResult = iota
	VerifiedFixed                      // in verified_fixed
	VerifiedPresent                    // in still_present
)

// MarshalJSON implements json.Marshaler, in the words of the record's fields.
func (c VerificationResult) MarshalJSON() ([]byte, error) {
	if c == VerifiedPresent {
		return []byte(`"still_present"`), nil
	}
	return []byte(`"fixed"`), nil
}

// Attempt is one finding that a record says a session worked on.
type Attempt struct {
	Session string // the session key; "" in a verification without one, and of a session that never started
	Batch   int64
	Result  VerificationResult
	Index   int     // the finding's place in the same record; a dispatch's or verification's own finding has no issue
	Finding Finding // as the record gives it
}

// Attempts returns what the record's sessions worked on, as far as the record names
// it: by an id that its own findings have, never by a number alone.
func (r *Record) Attempts() []Attempt {
	if v := r.Verification; v != nil {
		attempts := []Attempt{}
		for i, f := range slices.Concat(v.Fixed, v.StillPresent) {
			a := Attempt{Session: v.SessionID, Result: VerifiedFixed, Index: i, Finding: f}
			if i >= len(v.Fixed) {
				a.Result = VerifiedPresent
			}
			attempts = append(attempts, a)
		}
		return attempts
	}
	byID := make(map[string][]int, len(r.Findings))
	for i, f := range r.Findings {
		if key := IssueKey(f.IssueID); key != "" {
			byID[key] = append(byID[key], i)
		}
	}
	var attempts []Attempt
	for _, s := range r.Sessions {
		if s.ID == DryRunID {
			continue
		}
		key := SessionKey(s.ID) // "" where it never started: its issues still have to be taken
		for _, id := range s.IssueIDs {
			for _, index := range byID[IssueKey(id)] {
				attempts = append(attempts, Attempt{Session: key, Batch: s.BatchID, Index: index, Finding: r.Findings[index]})
			}
		}
	}
	return attempts
}

// IssueKey is the form in which issue ids are compared: as a whole, in any
// case. It is "" for a blank one.
func IssueKey(id string) string { return upperASCII(strings.TrimSpace(id)) }

// IssueIDs returns the issue ids that a verification names, in its findings and in
// its pull request's title: each once, as recorded.
func (v *Verification) IssueIDs() []string {
	var ids []string
	for _, f := range slices.Concat(v.Fixed, v.StillPresent) {
		ids = append(ids, strings.TrimSpace(f.IssueID))
	}
	return distinct(append(ids, IssueIDs(v.PRTitle)...), IssueKey)
}

var idRunPattern = regexp.MustCompile(`^CQLF-(?:[A-Z]+-)?R(\d{1,18})-\d+$`)

// IssueIDRun returns the run that an issue id names (34 of CQLF-R34-0010),
// and whether it names one.
func IssueIDRun(id string) (run int64, ok bool) {
	m := idRunPattern.FindStringSubmatch(IssueKey(id))
	if m == nil {
		return 0, false
	}
	run, err := strconv.ParseInt(m[1], 10, 64)
	return run, err == nil
}
