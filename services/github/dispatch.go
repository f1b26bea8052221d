package github

import (
	"context"
	"errors"
	"fmt"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
)

// workflow is the action's workflow that works on one target repository.
const workflow = "codeql-fixer.yml"

// Dispatch starts the action's workflow for d.TargetRepo and returns the
// branch on which it runs. It is sent once: a failure on the way leaves open
// whether the run has started, and says so.
func (c *Client) Dispatch(ctx context.Context, d telemetry.Dispatch) (ref string, err error) {
	owner, name, err := c.actionRepo()
	if err != nil {
		return "", err
	}
	ref = d.Ref
	if ref == "" {
		branch, shown, err := c.askBranch(revalidating(ctx), owner, name)
		if err != nil {
			return "", err
		}
		if ref = branch; !shown || branch == "HEAD" {
			ref = "main" // a workflow runs on a named branch
		}
	}
	inputs := map[string]any{}
	for input, value := range d.Inputs {
		if value != "" {
			inputs[input] = value
		}
	}
	inputs["target_repo"] = d.TargetRepo
	_, err = c.api.Actions.CreateWorkflowDispatchEventByFileName(ctx, owner, name, workflow,
		gh.CreateWorkflowDispatchEventRequest{Ref: ref, Inputs: inputs})
	if _, accepted := errors.AsType[*gh.AcceptedError](err); err == nil || accepted {
		return ref, nil
	}
	return "", c.dispatchFailure(ctx, owner+"/"+name, err)
}

func (c *Client) dispatchFailure(ctx context.Context, repo string, err error) error {
	err = c.failure(ctx, question{
		what:  fmt.Sprintf("starting %s of %s", workflow, repo),
		needs: "Actions: write (fine-grained) or the scope repo (classic) for that repository",
		missing: fmt.Sprintf(
			"GitHub shows no workflow %s in %s (404): see that .github/workflows/%s is on its default branch, and that GITHUB_TOKEN has access to the repository (Actions: write).",
			workflow, repo, workflow),
	}, err)
	switch e, _ := errors.AsType[*telemetry.Error](err); telemetry.CodeOf(err) {
	case telemetry.CodeUpstreamTimeout, telemetry.CodeUpstreamDown:
		e.Message += " Whether the run has started is not known: look at the repository's Actions page before trying again."
	case telemetry.CodeUpstreamRejected:
		e.Message += " See that the branch exists and that its workflow takes these inputs by workflow_dispatch."
	}
	return err
}
