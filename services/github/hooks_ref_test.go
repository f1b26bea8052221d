package github_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
)

// TestPushesToActionRef: with a branch or tag to read, pushes to it count, and those
// to the default branch do not.
func TestPushesToActionRef(t *testing.T) {
	for ref, note := range map[string]string{
		"refs/heads/audit":   "",
		"refs/tags/audit":    "",
		"refs/heads/main":    "other than that of ACTION_REF",
		"refs/heads/x/audit": "other than that of ACTION_REF",
	} {
		body := fmt.Sprintf(`{"ref": %q, "repository": {"id": 5, "full_name": "o/r", "default_branch": "main"},
			"commits": [{"added": ["telemetry/runs/a.json"]}]}`, ref)
		d, err := github.ParseHook("push", github.HookTarget{}, "audit", []byte(body), time.Now())
		if err != nil || (note == "") != (d.Hook.Note == "") || !strings.Contains(d.Hook.Note, note) {
			t.Errorf("a push to %s: %q, %v; want %q", ref, d.Hook.Note, err, note)
		}
		body = strings.Replace(body, "telemetry/runs/a.json", "README.md", 1)
		if d, err := github.ParseHook("push", github.HookTarget{}, "audit", []byte(body), time.Now()); err != nil || d.Hook.Note == "" {
			t.Errorf("a push of another file to %s: %v, error %v", ref, d, err)
		}
	}
}
