package telemetry

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// AttemptBasis says which kind of record tells that a session worked on an issue.
type AttemptBasis string

// The bases of docs/rules.md#which-issues-a-session-took, the strongest first.
const (
	AttemptRecord       AttemptBasis = "record"       // the session's id of the issue stands in its own record's findings
	AttemptDispatch     AttemptBasis = "dispatch"     // a dispatch record gives id and fingerprint
	AttemptVerification AttemptBasis = "verification" // a verification record gives id and fingerprint
	AttemptLog          AttemptBasis = "log"          // the log of the run gives id and fingerprint
	AttemptState        AttemptBasis = "state"        // the orchestrator's state gives fingerprint and session
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
	Batch   Batch
	Result  VerificationResult
	// Index is the finding's place in the same record, -1 where no finding there
	// has the id; a dispatch's or verification's own finding has no issue.
	Index   int
	Finding Finding // as the record gives it
}

// Attempts returns what the record's sessions worked on, as far as the record names
// it: by an id that its own findings have, never by a number alone.
func (r *Record) Attempts() []Attempt {
	if v := r.Verification; v != nil {
		attempts := []Attempt{}
		for i, f := range slices.Concat(v.Fixed, v.StillPresent) {
			a := Attempt{Session: v.SessionID, Batch: NoBatch, Result: VerifiedFixed, Index: i, Finding: f}
			if i >= len(v.Fixed) {
				a.Result = VerifiedPresent
			}
			attempts = append(attempts, a)
		}
		return attempts
	}
	byID := r.byIssueID()
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

// Unnamed returns what the sessions of a run worked on as far as its record
// does not say: ids that none of its findings have, and a blank one for a
// session without any id.
func (r *Record) Unnamed() []Attempt {
	byID := r.byIssueID()
	var attempts []Attempt
	for _, s := range r.Sessions {
		key, blank := SessionKey(s.ID), true
		if key == "" {
			continue
		}
		for _, id := range s.IssueIDs {
			if IssueKey(id) == "" {
				continue
			}
			blank = false
			if len(byID[IssueKey(id)]) == 0 {
				attempts = append(attempts, Attempt{Session: key, Batch: s.BatchID, Index: -1, Finding: Finding{IssueID: id}})
			}
		}
		if blank {
			attempts = append(attempts, Attempt{Session: key, Batch: s.BatchID, Index: -1})
		}
	}
	return attempts
}

// byIssueID are the findings of each issue id.
func (r *Record) byIssueID() map[string][]int {
	indexes := make(map[string][]int, len(r.Findings))
	for i, f := range r.Findings {
		if key := IssueKey(f.IssueID); key != "" {
			indexes[key] = append(indexes[key], i)
		}
	}
	return indexes
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
