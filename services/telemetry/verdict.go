package telemetry

// Verdict is what has become of a verification's claim (docs/rules.md#verification-outcomes).
type Verdict string

// The outcomes. A claim is checked by issue against the reference scan.
const (
	VerdictGone         Verdict = "verified_gone"        // verified, and the issues are gone
	VerdictStillThere   Verdict = "verified_still_there" // verified, and an issue is still there
	VerdictNotMerged    Verdict = "verified_not_merged"  // verified, but its pull request is not merged
	VerdictPartial      Verdict = "partial"              // the re-scan found some of the issues
	VerdictFailed       Verdict = "failed"               // the re-scan found all of them
	VerdictInconclusive Verdict = "inconclusive"         // it targeted nothing, or what it claims cannot be checked
)

// Verdicts are all of them.
func Verdicts() []Verdict {
	return []Verdict{VerdictGone, VerdictStillThere, VerdictNotMerged, VerdictPartial, VerdictFailed, VerdictInconclusive}
}

// MarshalJSON implements json.Marshaler: no outcome is null.
func (v Verdict) MarshalJSON() ([]byte, error) { return textOrNull(string(v)) }

// MergeState is what is known of a pull request's merge.
type MergeState string

// The merge states.
const (
	MergeDone    MergeState = "merged"
	MergeNot     MergeState = "not_merged"
	MergeUnknown MergeState = "unknown"
)

// Claimed is a verification as its outcome needs it.
type Claimed struct {
	Targeted, Fixed, Remaining int64      // the record's own counts
	Gone, StillThere           int64      // of the issues that it calls fixed, as of now
	Unmatched                  int64      // entries that are no finding of the run that it names
	Merge                      MergeState // of its pull request
}

// Verdict tells what has become of the claim. Where the merge is unknown the
// claim is compared all the same. A verified claim of which nothing is still
// there, but not everything can be found in its run, is inconclusive: it can
// neither be confirmed nor refuted.
func (c Claimed) Verdict() Verdict {
	switch {
	case c.Targeted == 0:
		return VerdictInconclusive
	case c.Fixed == 0:
		return VerdictFailed
	case c.Fixed < c.Targeted || c.Remaining > 0:
		return VerdictPartial
	case c.Merge == MergeNot:
		return VerdictNotMerged
	case c.StillThere > 0:
		return VerdictStillThere
	case c.Unmatched > 0 || c.Gone == 0:
		return VerdictInconclusive
	}
	return VerdictGone
}
