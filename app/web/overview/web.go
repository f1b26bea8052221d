// Package overview is the overview, the report and the list of what needs a
// person: figures and charts, each a panel with an address of its own.
package overview

import "telemetry-dashboard/app/web/shell"

// Web answers for the overview. It is safe for concurrent use.
type Web struct{ *shell.Shell }

// New returns a Web.
func New(s *shell.Shell) *Web { return &Web{s} }
