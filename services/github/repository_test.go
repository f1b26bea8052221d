package github_test

import (
	"testing"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// TestRenamedRepository: its old name leads to it, and stays the name under
// which its pull requests are known.
func TestRenamedRepository(t *testing.T) {
	p, c := start(t)
	r := p.Repo("old/name")
	putPulls(r, 130)
	r.Rename("new/home")
	pulls, err := c.PullRequests(t.Context(), "old/name", time.Time{})
	if err != nil || len(pulls) != 130 || pulls[0].Repo != "old/name" || pulls[0].HTMLURL == "" {
		t.Errorf("%d pull requests, error %v:\n%s", len(pulls), err, paths(p))
	}
	if one, err := c.PullRequest(t.Context(), "old/name", 2); err != nil || one.Title != "fix 2" {
		t.Errorf("%+v, error %v", one, err)
	}
	for _, name := range []string{"old/name", "Old/Name", "new/home"} {
		if now, err := c.Repository(t.Context(), name); err != nil || now.Name != "new/home" || now.ID == 0 || now.Archived || now.Parent != "" {
			t.Errorf("%s is now %+v, error %v", name, now, err)
		}
	}
	renamed, err := c.Repository(t.Context(), "old/name")
	if err != nil {
		t.Fatal(err)
	}
	p.Repo("old/name").ForkOf(r)
	r.Archive(true)
	anew, err := c.Repository(t.Context(), "old/name")
	if err != nil || anew.Name != "old/name" || anew.ID == renamed.ID || anew.Parent != "new/home" {
		t.Errorf("another one under the old name is %+v, error %v", anew, err)
	}
	if now, err := c.Repository(t.Context(), "new/home"); err != nil || now.ID != renamed.ID || !now.Archived {
		t.Errorf("archived, it is %+v, error %v", now, err)
	}
	if now, err := c.Repository(t.Context(), "no/where"); telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound || now.Name != "" {
		t.Errorf("one that does not exist is %+v, error %v", now, err)
	}
	action := p.Repo(actionRepo)
	putRuns(action, 0, 30)
	action.PutWorkflow("codeql-fixer.yml", "target_repo")
	action.Rename("acme/fixer")
	files, err := c.RunFiles(t.Context())
	if err != nil || len(files) != 30 {
		t.Fatalf("%d run files, error %v:\n%s", len(files), err, paths(p))
	}
	if bodies, _, err := fetch(t.Context(), c, files); err != nil || len(bodies) != 30 {
		t.Errorf("%d bodies, error %v:\n%s", len(bodies), err, paths(p))
	}
	if ref, err := c.Dispatch(t.Context(), telemetry.Dispatch{TargetRepo: "o/r"}); err != nil || ref != "main" {
		t.Errorf("dispatch on %q, error %v", ref, err)
	}
}
