package github_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// TestPullStatus: what reviews, check runs, commit statuses and the base branch
// come to, as far as the token may see them.
func TestPullStatus(t *testing.T) {
	p, c := start(t)
	r := p.Repo("o/r")
	putPulls(r, 1)
	yes, no := true, false
	passed := telemetry.Check{Name: "build", Status: "completed", Conclusion: "success"}
	failed := telemetry.Check{Name: "lint", Status: "completed", Conclusion: "failure"}
	status := func(conclusion string) telemetry.Check {
		c := telemetry.Check{Name: "ci/legacy", Status: "completed", Conclusion: conclusion, Commit: true}
		if conclusion == "" {
			c.Status = "pending"
		}
		return c
	}
	approved := telemetry.Review{Reviewer: "ann", State: "APPROVED", At: day(2)}
	for _, tc := range []struct {
		name      string
		checks    []telemetry.Check
		reviews   []telemetry.Review
		requested []string
		mergeable *bool
		denied    string
		want      telemetry.PullStatus
	}{
		{"nothing yet", nil, nil, nil, nil, "", telemetry.PullStatus{Review: "none", Checks: "none", Mergeable: "unknown"}},
		{"approved and green", []telemetry.Check{passed, status("success")}, []telemetry.Review{approved}, nil, &yes, "",
			telemetry.PullStatus{Review: "approved", Checks: "success", Mergeable: "mergeable"}},
		{"a check run failed", []telemetry.Check{passed, failed}, nil, []string{"bob"}, &no, "",
			telemetry.PullStatus{Review: "required", Checks: "failure", Mergeable: "conflict"}},
		{"a commit status failed", []telemetry.Check{passed, status("error")}, nil, nil, &yes, "",
			telemetry.PullStatus{Review: "none", Checks: "failure", Mergeable: "mergeable"}},
		{"a commit status has not come", []telemetry.Check{passed, status("")}, nil, nil, &yes, "",
			telemetry.PullStatus{Review: "none", Checks: "pending", Mergeable: "mergeable"}},
		{"somebody else approved", nil, []telemetry.Review{{Reviewer: "eve", State: "APPROVED", At: day(2), Outsider: true}}, nil, &yes, "",
			telemetry.PullStatus{Review: "none", Checks: "none", Mergeable: "mergeable"}},
		{"check runs passed, and statuses are hidden", []telemetry.Check{passed}, nil, nil, &yes, "/status?",
			telemetry.PullStatus{Review: "none", Mergeable: "mergeable"}},
		{"a check run failed, and statuses are hidden", []telemetry.Check{failed}, nil, nil, &yes, "/status?",
			telemetry.PullStatus{Review: "none", Checks: "failure", Mergeable: "mergeable"}},
		{"reviews are hidden", nil, nil, nil, &yes, "/reviews", telemetry.PullStatus{Checks: "none", Mergeable: "mergeable"}},
	} {
		r.SetChecks(1, tc.checks...)
		r.SetReviews(1, tc.reviews...)
		r.RequestReview(1, tc.requested...)
		r.SetMergeable(1, tc.mergeable)
		p.ClearFaults()
		if tc.denied != "" {
			p.Fail(githubtest.Fault{Path: tc.denied, Status: 403, Message: "Resource not accessible by personal access token"})
		}
		got, err := c.FreshPullDetails(t.Context(), "o/r", 1)
		if diff := cmp.Diff(tc.want, got.Status); err != nil || diff != "" || len(got.Unseen) > 0 != (tc.denied != "") {
			t.Errorf("%s: unseen %q, error %v (-want +got)\n%s", tc.name, got.Unseen, err, diff)
		}
	}
}

// TestFreshPullDetails asks each time, at no cost where nothing changed, and the
// page shows what it learned.
func TestFreshPullDetails(t *testing.T) {
	p, c := start(t, func(o *github.Options) { o.CacheTTL = time.Hour })
	r := p.Repo("o/r")
	putPulls(r, 1)
	if _, err := c.PullDetails(t.Context(), "o/r", 1); err != nil {
		t.Fatal(err)
	}
	p.Forget()
	if _, err := c.FreshPullDetails(t.Context(), "o/r", 1); err != nil || len(p.Requests()) != 4 || p.Counted() != 0 {
		t.Errorf("unchanged: %d requests of which %d count, error %v", len(p.Requests()), p.Counted(), err)
	}
	r.SetChecks(1, telemetry.Check{Name: "test", Status: "queued"})
	p.Forget()
	if _, err := c.FreshPullDetails(t.Context(), "o/r", 1); err != nil || p.Counted() != 1 {
		t.Errorf("its checks changed: %d requests count, error %v", p.Counted(), err)
	}
	p.Forget()
	d, err := c.PullDetails(t.Context(), "o/r", 1)
	asked := slices.ContainsFunc(p.Requests(), func(r githubtest.Request) bool { return strings.Contains(r.Path, "/pulls/1") })
	if err != nil || d.Status.Checks != telemetry.ChecksPending || asked {
		t.Errorf("the page: %+v, asked %v, error %v", d.Status, asked, err)
	}
}
