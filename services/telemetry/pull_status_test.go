package telemetry_test

import (
	"testing"

	"telemetry-dashboard/services/telemetry"
)

func TestChecksOf(t *testing.T) {
	ended := func(conclusion string) telemetry.Check {
		return telemetry.Check{Name: conclusion, Status: "completed", Conclusion: conclusion}
	}
	queued := telemetry.Check{Name: "queued", Status: "queued"}
	for _, tc := range []struct {
		name   string
		checks []telemetry.Check
		want   telemetry.Optional
	}{
		{"no check", nil, "none"},
		{"all passed", []telemetry.Check{ended("success"), ended("success")}, "success"},
		{"neutral and skipped are no failures", []telemetry.Check{ended("neutral"), ended("skipped")}, "success"},
		{"one is under way", []telemetry.Check{ended("success"), queued, ended("success")}, "pending"},
		{"a failure decides before the rest has ended", []telemetry.Check{queued, ended("failure"), ended("success")}, "failure"},
		{"canceled", []telemetry.Check{ended("success"), ended("cancelled")}, "failure"},
		{"timed out", []telemetry.Check{ended("timed_out")}, "failure"},
		{"a person has to act", []telemetry.Check{ended("action_required")}, "failure"},
		{"a commit status that is an error", []telemetry.Check{ended("error")}, "failure"},
		{"never ended", []telemetry.Check{ended("stale")}, "pending"},
		{"a word that is new", []telemetry.Check{ended("exploded")}, "pending"},
	} {
		if got := telemetry.ChecksOf(tc.checks); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestReviewOf(t *testing.T) {
	by := func(reviewer, state string) telemetry.Review {
		return telemetry.Review{Reviewer: reviewer, State: state}
	}
	stranger := telemetry.Review{Reviewer: "eve", State: "APPROVED", Outsider: true}
	for _, tc := range []struct {
		name      string
		reviews   []telemetry.Review
		requested bool
		want      telemetry.Optional
	}{
		{"none", nil, false, "none"},
		{"somebody was asked", nil, true, "required"},
		{"a comment does not approve", []telemetry.Review{by("ann", "COMMENTED")}, false, "none"},
		{"approved", []telemetry.Review{by("ann", "APPROVED")}, true, "approved"},
		{"a comment takes no approval back", []telemetry.Review{by("ann", "APPROVED"), by("ann", "COMMENTED")}, false, "approved"},
		{"the latest of a reviewer counts", []telemetry.Review{by("ann", "CHANGES_REQUESTED"), by("ann", "APPROVED")}, false, "approved"},
		{"and not that of another one", []telemetry.Review{by("ann", "CHANGES_REQUESTED"), by("bob", "APPROVED")}, false, "changes_requested"},
		{"a dismissed one does not", []telemetry.Review{by("ann", "APPROVED"), by("bob", "DISMISSED")}, false, "approved"},
		{"dismissed, and nothing else", []telemetry.Review{by("ann", "APPROVED"), by("ann", "DISMISSED")}, true, "required"},
		{"one that is not submitted", []telemetry.Review{by("ann", "PENDING")}, false, "none"},
		{"anybody can approve what is public", []telemetry.Review{stranger}, false, "none"},
	} {
		if got := telemetry.ReviewOf(tc.reviews, tc.requested); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestMergeOf(t *testing.T) {
	yes, no := true, false
	for want, told := range map[telemetry.Optional]*bool{"mergeable": &yes, "conflict": &no, "unknown": nil} {
		if got := telemetry.MergeOf(told); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
