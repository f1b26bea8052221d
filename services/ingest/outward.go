package ingest

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// Messenger sends messages to Devin sessions.
type Messenger interface {
	Send(ctx context.Context, id, text string) error
}

// Dispatcher starts the action's workflow and returns the branch of the
// action repository on which it started it.
type Dispatcher interface {
	Dispatch(ctx context.Context, d telemetry.Dispatch) (ref string, err error)
}

// Workflow is the file of the action's workflow that works on one target
// repository (product.md §9).
const Workflow = "codeql-fixer.yml"

// Reply sends a message to a session. The error is CodeMissingSetting
// without a Devin key, or what Devin's client says.
func (r *Runner) Reply(ctx context.Context, id, text string) error {
	if r.o.Messenger == nil {
		return r.missingDevin()
	}
	return r.o.Messenger.Send(ctx, id, text)
}

// Dispatch starts one run of the action and returns the branch on which it
// runs. The error is CodeMissingSetting where a variable is not set, or what
// GitHub's client says.
func (r *Runner) Dispatch(ctx context.Context, d telemetry.Dispatch) (ref string, err error) {
	if r.o.Dispatcher == nil {
		return "", telemetry.Errorf(telemetry.CodeMissingSetting, "Starting a run needs GITHUB_TOKEN and ACTION_REPO. Set both and restart.")
	}
	return r.o.Dispatcher.Dispatch(ctx, d)
}

func (r *Runner) missingDevin() error {
	return telemetry.Errorf(telemetry.CodeMissingSetting, "%s is not set, so Devin cannot be asked. Set it and restart.", r.o.MissingDevin)
}
