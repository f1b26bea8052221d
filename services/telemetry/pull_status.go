package telemetry

import (
	"slices"
	"time"
)

// PullStatus is what reviews, checks and the base branch of a pull request come
// to, in the words of queries. Each is "" where it is not known: GitHub was not
// asked yet, or the token may not see it (docs/rules.md#reviews-checks-and-conflicts).
type PullStatus struct {
	Review    Optional `json:"review"`    // approved, changes_requested, required, none
	Checks    Optional `json:"checks"`    // success, failure, pending, none
	Mergeable Optional `json:"mergeable"` // mergeable, conflict, unknown
}

// What the reviews of a pull request come to, in GitHub's words for review:.
const (
	ReviewApproved Optional = "approved"
	ReviewChanges  Optional = "changes_requested"
	ReviewRequired Optional = "required" // somebody was asked for one, and none counts yet
	ReviewNone     Optional = "none"
)

// What the checks of a pull request come to, in GitHub's words for status:.
const (
	ChecksSuccess Optional = "success"
	ChecksFailure Optional = "failure"
	ChecksPending Optional = "pending"
	ChecksNone    Optional = "none" // its head commit has no checks
)

// Whether a pull request can be merged without conflicts.
const (
	MergeableYes      Optional = "mergeable"
	MergeableConflict Optional = "conflict"
	MergeableUnknown  Optional = "unknown" // GitHub has not computed it yet
)

// Settled reports whether nothing of it is under way.
func (s PullStatus) Settled() bool {
	return s.Checks != ChecksPending && s.Mergeable != MergeableUnknown
}

// Ready reports whether somebody approved it, all checks passed and it has no conflict.
func (s PullStatus) Ready() bool {
	return s.Review == ReviewApproved && s.Checks == ChecksSuccess && s.Mergeable != MergeableConflict
}

// Result is what a check counts as: success, failure or pending. What GitHub
// calls neutral or skipped is no failure. One that never ended (stale), or ended
// in a way that is not known here, is neither.
func (c Check) Result() Optional {
	switch {
	case c.Status != "completed":
		return ChecksPending
	case slices.Contains([]string{"success", "neutral", "skipped"}, c.Conclusion):
		return ChecksSuccess
	case slices.Contains([]string{"failure", "error", "cancelled", "timed_out", "action_required", "startup_failure"}, c.Conclusion):
		return ChecksFailure
	}
	return ChecksPending
}

// ChecksOf is what the checks of a commit come to: one that failed decides, then
// one that has not ended.
func ChecksOf(checks []Check) Optional {
	all := ChecksNone
	for _, c := range checks {
		switch result := c.Result(); {
		case result == ChecksFailure:
			return ChecksFailure
		case all != ChecksPending:
			all = result
		}
	}
	return all
}

// ReviewOf is what reviews, oldest first, come to: of each reviewer the latest
// approval or request for changes counts, unless it was dismissed or is of somebody
// without a role in the repository, which of a public one anybody may give. requested
// tells that somebody was asked for a review.
func ReviewOf(reviews []Review, requested bool) Optional {
	latest := map[string]string{}
	for _, r := range reviews {
		if !r.Outsider && slices.Contains([]string{"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}, r.State) {
			latest[r.Reviewer] = r.State
		}
	}
	all := ReviewNone
	if requested {
		all = ReviewRequired
	}
	for _, state := range latest {
		switch state {
		case "CHANGES_REQUESTED":
			return ReviewChanges
		case "APPROVED":
			all = ReviewApproved
		}
	}
	return all
}

// MergeOf is what GitHub's mergeable means, which is null until it is computed.
func MergeOf(mergeable *bool) Optional {
	switch {
	case mergeable == nil:
		return MergeableUnknown
	case *mergeable:
		return MergeableYes
	}
	return MergeableConflict
}

// PullSync is one repository whose pull requests are asked for, and how far
// they are known: nothing updated before Watermark is missing.
type PullSync struct {
	Repo      RepoName
	Watermark time.Time
	Missing   bool      // GitHub last did not show it: it is deleted, or the token may not see it
	AskAt     time.Time // when a loop is to ask again; the zero time is at each turn
}
