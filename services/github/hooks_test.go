package github_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/telemetry"
)

// TestParseHook: what a payload tells, or why nothing is to be done.
func TestParseHook(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	parse := func(t *testing.T, event, rest string) telemetry.Delivery {
		t.Helper()
		d, err := github.ParseHook(event, github.HookTarget{}, "", []byte(`{"repository": {"id": 5, "full_name": "New/Name", "default_branch": "main",
			"archived": true}, `+rest+`}`), now)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	commit := func(files ...string) string {
		return fmt.Sprintf(`"ref": "refs/heads/main", "commits": [{"added": ["src/a.go"]}, {"modified": ["%s"]}]`, strings.Join(files, `","`))
	}
	queued := func(telemetry.Delivery) bool { return true }
	many := strings.Repeat(`{"added": ["a"]},`, 2047) + `{"added": ["a"]}`
	for name, tc := range map[string]struct {
		event, rest string
		note        string // what is ignored, and why
		holds       func(telemetry.Delivery) bool
	}{
		"a run file":           {"push", commit("telemetry/runs/a.json"), "", queued},
		"the registry":         {"push", commit("repo_registry.json"), "", queued},
		"no commits":           {"push", `"ref": "refs/heads/main"`, "", queued},
		"a commit unexplained": {"push", `"ref": "refs/heads/main", "commits": [{}]`, "", queued},
		"too many commits":     {"push", `"ref": "refs/heads/main", "commits": [` + many + `]`, "", queued},
		"other files":          {"push", commit("telemetry.md", "b/telemetry/c"), "no file of the telemetry folder", nil},
		"another branch":       {"push", `"ref": "refs/heads/dev"`, "other than the default", nil},
		"a tag":                {"push", `"ref": "refs/tags/v1"`, "no branch", nil},
		"a deleted branch":     {"push", `"ref": "refs/heads/main", "deleted": true`, "deleted the branch", nil},
		"a pull request of the future": {"pull_request", `"pull_request": {"number": 7, "state": "open", "updated_at": "2030-01-01T00:00:00Z"}`, "",
			func(d telemetry.Delivery) bool { return d.Hook.Pull.UpdatedAt.Equal(now) && d.Pull == 7 }},
		"a pull request without a time": {"pull_request", `"pull_request": {"number": 7, "state": "open"}`, "",
			func(d telemetry.Delivery) bool { return d.Hook.Pull == nil && slices.Equal(d.Hook.Pulls, []int64{7}) }},
		"a review": {"pull_request_review", `"pull_request": {"number": 7, "state": "open", "updated_at": "2026-01-01T00:00:00Z"}`, "",
			func(d telemetry.Delivery) bool { return d.Hook.Pull == nil && slices.Equal(d.Hook.Pulls, []int64{7}) }},
		"checks": {"check_suite", `"action": "completed", "check_suite": {"head_branch": "fix", "pull_requests": [{"number": 7}, {"number": 8}]}`, "",
			func(d telemetry.Delivery) bool {
				return d.Hook.Branch == "fix" && slices.Equal(d.Hook.Pulls, []int64{7, 8})
			}},
		"checks that begin": {"check_suite", `"action": "requested", "check_suite": {}`, "not completed", nil},
		"a run": {"workflow_run", `"action": "completed", "workflow_run": {"path": ".github/workflows/codeql-fixer.yml@main"}`, "",
			func(d telemetry.Delivery) bool { return d.Hook.Workflow == ".github/workflows/codeql-fixer.yml" }},
		"a run of an older server": {"workflow_run", `"action": "completed", "workflow_run": {}, "workflow": {"path": ".github/workflows/a.yml"}`, "",
			func(d telemetry.Delivery) bool { return d.Hook.Workflow == ".github/workflows/a.yml" }},
		"a run that begins": {"workflow_run", `"action": "requested", "workflow_run": {"path": "a.yml"}`, "not completed", nil},
		"renamed": {"repository", `"action": "renamed", "changes": {"repository": {"name": {"from": "old"}}}`, "",
			func(d telemetry.Delivery) bool { return d.Hook.From == "New/old" && d.Hook.RepoID == 5 }},
		"transferred by a person": {"repository", `"action": "transferred", "changes": {"owner": {"from": {"user": {"login": "mona"}}}}`, "",
			func(d telemetry.Delivery) bool { return d.Hook.From == "mona/Name" }},
		"transferred by an organization": {"repository", `"action": "transferred", "changes": {"owner": {"from": {"organization": {"login": "octo"}}}}`, "",
			func(d telemetry.Delivery) bool { return d.Hook.From == "octo/Name" }},
		"archived": {"repository", `"action": "archived"`, "", func(d telemetry.Delivery) bool { return d.Hook.Archived && d.Hook.From == "" }},
		"deleted":  {"repository", `"action": "deleted"`, "", queued},
		"edited":   {"repository", `"action": "edited"`, "changes nothing", nil},
		"a star":   {"star", `"action": "created"`, "not used", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := parse(t, tc.event, tc.rest)
			switch {
			case tc.note != "":
				if d.State != telemetry.DeliveryIgnored || !strings.Contains(d.Result, tc.note) {
					t.Errorf("%+v", d)
				}
			case d.State != telemetry.DeliveryQueued || !tc.holds(d):
				t.Errorf("%+v", d)
			}
		})
	}
	if d := parse(t, "ping", `"hook": {"events": ["push", "pull_request"]}`); !strings.Contains(d.Result, "does not send pull_request_review, check_suite") {
		t.Errorf("of a webhook that sends little: %q", d.Result)
	}
	if d := parse(t, "ping", `"hook": {"events": ["*"]}`); d.Result != "The webhook works." {
		t.Errorf("of one that sends all: %q", d.Result)
	}
}
