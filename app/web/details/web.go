// Package details is the pages of one issue, session, pull request or run,
// and the forms on them.
package details

import (
	"context"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
)

// Scopes records that a person accepts a reduced scan as a full one.
type Scopes interface {
	AcceptScope(ctx context.Context, source, file string, undo bool, by telemetry.StartedBy) error
}

// Replies sends a message to a session, once per token.
type Replies interface {
	Reply(ctx context.Context, token, id, text string) error
}

// Web answers for the pages of one thing. It is safe for concurrent use.
type Web struct {
	*shell.Shell
	scopes  Scopes
	replies Replies
	newID   func() string
}

// New returns a Web. newID makes the token of a form, of letters, digits
// and -.
func New(s *shell.Shell, scopes Scopes, replies Replies, newID func() string) *Web {
	return &Web{s, scopes, replies, newID}
}
