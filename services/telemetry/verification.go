package telemetry

import "strings"

// VerificationOutcome is what has become of a verification (docs/rules.md#verification-outcomes).
type VerificationOutcome string

// The outcomes. What a verification calls fixed is checked by issue against the reference scan.
const (
	VerificationNotRescanned VerificationOutcome = "verified_not_rescanned" // verified and merged, and no full scan since
	VerificationGone         VerificationOutcome = "verified_gone"          // verified, and the issues are gone
	VerificationStillThere   VerificationOutcome = "verified_still_there"   // verified, and an issue is still there
	VerificationNotMerged    VerificationOutcome = "verified_not_merged"    // verified, and its pull request is open
	VerificationClosed       VerificationOutcome = "verified_closed"        // verified, and its pull request was closed unmerged
	VerificationPartial      VerificationOutcome = "partial"                // the re-scan found some of the issues
	VerificationFailed       VerificationOutcome = "failed"                 // the re-scan found all of them
	VerificationInconclusive VerificationOutcome = "inconclusive"           // it targeted nothing, or what it claims cannot be checked
)

// VerificationOutcomes are all of them.
func VerificationOutcomes() []VerificationOutcome {
	return []VerificationOutcome{
		VerificationNotRescanned, VerificationGone, VerificationStillThere, VerificationNotMerged, VerificationClosed,
		VerificationPartial, VerificationFailed, VerificationInconclusive,
	}
}

// Word is the outcome in the query language: verified:gone.
func (v VerificationOutcome) Word() string { return strings.TrimPrefix(string(v), "verified_") }

// MarshalJSON implements json.Marshaler: no outcome is null.
func (v VerificationOutcome) MarshalJSON() ([]byte, error) { return textOrNull(string(v)) }

// MergeState is what is known of a pull request's merge.
type MergeState string

// The merge states.
const (
	MergeDone    MergeState = "merged"
	MergeNot     MergeState = "not_merged" // it is open
	MergeClosed  MergeState = "closed"     // without a merge
	MergeUnknown MergeState = "unknown"
)

// VerificationFacts is a verification as its outcome needs it.
type VerificationFacts struct {
	Targeted, Fixed, Remaining int64      // the record's own counts
	Gone, StillThere           int64      // of the issues that it calls fixed, as of now
	Unmatched                  int64      // entries that are no finding of the run that it names
	Merge                      MergeState // of its pull request
	Rescanned                  bool       // the reference scan is newer than the merge
}

// Outcome returns what has become of the verification: just one outcome. A claim whose
// merge is unknown is compared all the same; one of which nothing is still there, but
// not everything can be found in its run, is inconclusive.
func (c VerificationFacts) Outcome() VerificationOutcome {
	switch {
	case c.Targeted == 0:
		return VerificationInconclusive
	case c.Fixed == 0:
		return VerificationFailed
	case c.Fixed < c.Targeted || c.Remaining > 0:
		return VerificationPartial
	case c.Merge == MergeNot:
		return VerificationNotMerged
	case c.Merge == MergeClosed:
		return VerificationClosed
	case c.Merge == MergeDone && !c.Rescanned && c.Gone+c.StillThere > 0:
		return VerificationNotRescanned
	case c.StillThere > 0:
		return VerificationStillThere
	case c.Unmatched > 0 || c.Gone == 0:
		return VerificationInconclusive
	}
	return VerificationGone
}
