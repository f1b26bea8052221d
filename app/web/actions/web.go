// Package actions is the buttons and forms that start something: jobs, and
// runs of the action.
package actions

import (
	"context"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// Jobs starts and ends jobs.
type Jobs interface {
	Start(kind string, order ingest.Order) (*ingest.Handle, error)
	Cancel(ctx context.Context, id string) (telemetry.Job, error)
	AcceptListing(ctx context.Context, source string, kept int64, by telemetry.StartedBy) (*ingest.Handle, error)
}

// Dispatcher starts a run of the action, once per token.
type Dispatcher interface {
	Dispatch(ctx context.Context, token string, d telemetry.Dispatch) (ref string, err error)
}

// Web answers for the actions. It is safe for concurrent use.
type Web struct {
	*shell.Shell
	jobs       Jobs
	dispatcher Dispatcher
	newID      func() string
}

// New returns a Web. newID makes the token of a form, of letters, digits
// and -.
func New(s *shell.Shell, jobs Jobs, dispatcher Dispatcher, newID func() string) *Web {
	return &Web{s, jobs, dispatcher, newID}
}
