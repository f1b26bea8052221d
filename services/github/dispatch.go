package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
)

// workflow is the action's workflow that works on one target repository.
const workflow = "codeql-fixer.yml"

// Dispatch starts the action's workflow for d.TargetRepo and returns the branch or
// tag on which it runs: d.Ref, else the one that is read, else the default branch.
// A workflow cannot run on a commit. It is sent once. Where the request went out and no answer that
// GitHub documents says what became of it, the error is CodeOutcomeUnknown; after
// any other error the run has not started.
func (a *Action) Dispatch(ctx context.Context, d telemetry.Dispatch) (ref string, err error) {
	repo, err := ownerName(string(a.repo))
	if err != nil {
		return "", err
	}
	if ref = d.Ref; ref == "" && !isCommit(a.ref) {
		ref = a.ref
	}
	if ref == "" {
		f, err := a.folder(ctx)
		if err != nil {
			return "", err
		}
		ref = cmp.Or(f.defaultBranch, "main")
	}
	inputs := map[string]any{}
	for input, value := range d.Inputs {
		if value != "" {
			inputs[input] = value
		}
	}
	inputs["target_repo"] = d.TargetRepo
	sent, err := a.sendDispatch(ctx, repo, gh.CreateWorkflowDispatchEventRequest{Ref: ref, Inputs: inputs})
	if err != nil {
		return "", a.dispatchFailure(ctx, repo, sent, err)
	}
	return ref, nil
}

// isCommit reports whether a ref is the whole id of a commit.
func isCommit(ref string) bool {
	return (len(ref) == 40 || len(ref) == 64) && !strings.ContainsFunc(ref, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F')
	})
}

// sendDispatch sends it. sent reports whether GitHub may have received it.
func (c *Client) sendDispatch(ctx context.Context, repo string, body gh.CreateWorkflowDispatchEventRequest) (sent bool, err error) {
	req, err := c.api.NewRequest(http.MethodPost, "repos/"+repo+"/actions/workflows/"+workflow+"/dispatches", body)
	if err != nil {
		return false, err
	}
	var connected atomic.Bool
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	resp, err := c.api.BareDo(ctx, req)
	if err != nil {
		return connected.Load(), err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusNoContent:
		return true, nil
	case http.StatusOK: // as newer versions of the API answer
		limited := c.budget.Body(ctx, resp.Body, maxProblem)
		defer limited.Close()
		var run struct {
			ID int64 `json:"workflow_run_id"`
		}
		return true, object(&run, func() error {
			if run.ID <= 0 {
				return &unusable{"names no run"}
			}
			return nil
		})(limited)
	}
	return true, undocumented(resp.StatusCode)
}

func (c *Client) dispatchFailure(ctx context.Context, repo string, sent bool, err error) error {
	err = c.failure(ctx, question{
		what:  fmt.Sprintf("starting %s of %s", workflow, repo),
		needs: "Actions: write",
		missing: fmt.Sprintf(
			"GitHub shows no workflow %s in %s (404): see that .github/workflows/%s is on its default branch, "+
				"and that GITHUB_TOKEN has access to the repository (Actions: write).",
			workflow, repo, workflow),
	}, err)
	said := "The request was canceled."
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		said = e.Message
	}
	switch telemetry.CodeOf(err) {
	case telemetry.CodeUpstreamTimeout, telemetry.CodeUpstreamDown, telemetry.CodeUpstreamBroken, telemetry.CodeInternal:
		if sent {
			return telemetry.Errorf(telemetry.CodeOutcomeUnknown,
				"%s It is unknown whether the run has started. Check the repository's Actions page before trying again.", said).Because(err)
		}
	case telemetry.CodeUpstreamRejected:
		return telemetry.Errorf(telemetry.CodeUpstreamRejected,
			"%s Check that the branch exists and that its workflow accepts these inputs by workflow_dispatch.", said).Because(errors.Unwrap(err))
	}
	return err
}
