package github_test

import (
	"maps"
	"strings"
	"testing"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

func TestDispatch(t *testing.T) {
	p, c := start(t)
	r := p.Repo(actionRepo)
	r.SetDefaultBranch("trunk")
	r.PutWorkflow("codeql-fixer.yml", "target_repo", "batch_size", "dry_run")
	var got []map[string]string
	p.OnDispatch(func(inputs map[string]string) { got = append(got, inputs) })
	ref, err := c.Dispatch(t.Context(), telemetry.Dispatch{TargetRepo: "o/r", Inputs: map[string]string{"batch_size": "5", "dry_run": ""}})
	if err != nil || ref != "trunk" {
		t.Fatalf("ref %q, error %v", ref, err)
	}
	if want := map[string]string{"target_repo": "o/r", "batch_size": "5"}; len(got) != 1 || !maps.Equal(got[0], want) {
		t.Errorf("started with %v, want %v", got, want)
	}
	if ref, err := c.Dispatch(t.Context(), telemetry.Dispatch{TargetRepo: "o/r", Ref: "trunk"}); err != nil || ref != "trunk" {
		t.Errorf("on a named branch: ref %q, error %v", ref, err)
	}
	if n := strings.Count(paths(p), "GET /repos/"+actionRepo+" "); n != 1 {
		t.Errorf("the default branch was asked %d times, want 1:\n%s", n, paths(p))
	}
}

func TestDispatchFails(t *testing.T) {
	const path = "/dispatches"
	tests := map[string]struct {
		set  func(*githubtest.Player)
		d    telemetry.Dispatch
		code telemetry.Code
		says []string
	}{
		"no workflow":      {func(p *githubtest.Player) { p.Repo("acme/codeql-devin-fixer").PutWorkflow("other.yml") }, telemetry.Dispatch{}, telemetry.CodeUpstreamNotFound, []string{"no workflow codeql-fixer.yml in acme/codeql-devin-fixer", "Actions: write"}},
		"no such branch":   {nil, telemetry.Dispatch{Ref: "gone"}, telemetry.CodeUpstreamRejected, []string{"No ref found for: gone", "Check that the branch exists"}},
		"an unknown input": {nil, telemetry.Dispatch{Inputs: map[string]string{"colour": "red"}}, telemetry.CodeUpstreamRejected, []string{`Unexpected inputs provided: ["colour"]`}},
		"no permission": {func(p *githubtest.Player) {
			p.Fail(githubtest.Fault{Path: path, Status: 403, Message: "Resource not accessible"})
		}, telemetry.Dispatch{}, telemetry.CodeUpstreamDenied, []string{"give it Actions: write"}},
		"no access": {func(p *githubtest.Player) { p.Repo(actionRepo).Hide(true) }, telemetry.Dispatch{}, telemetry.CodeUpstreamNotFound, []string{actionRepo}},
		"a failure": {func(p *githubtest.Player) { p.Fail(githubtest.Fault{Path: path}) }, telemetry.Dispatch{}, telemetry.CodeOutcomeUnknown, []string{"(500)", "It is unknown whether the run has started"}},
		"a secondary limit": {func(p *githubtest.Player) {
			f := githubtest.Secondary(429, 2)
			f.Path = path
			p.Fail(f)
		}, telemetry.Dispatch{}, telemetry.CodeRateLimited, []string{"try again in 2s"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p, c := start(t)
			if name != "no workflow" {
				p.Repo(actionRepo).PutWorkflow("codeql-fixer.yml", "target_repo")
			}
			if tc.set != nil {
				tc.set(p)
			}
			started := 0
			p.OnDispatch(func(map[string]string) { started++ })
			tc.d.TargetRepo = "o/r"
			_, err := c.Dispatch(t.Context(), tc.d)
			if telemetry.CodeOf(err) != tc.code || started > 0 {
				t.Fatalf("error %v (%s), started %d: want %s", err, telemetry.CodeOf(err), started, tc.code)
			}
			for _, says := range tc.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("error %q: wants %q", err, says)
				}
			}
			if n := strings.Count(paths(p), "POST "); n > 1 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}
