// Package web is the pages: routes.go shows the whole surface. The pages are
// in families, a package each, and a file a screen: the panel, its question
// and its rows. A panel is drawn by one function, whether within its page or
// alone for htmx.
//
// A further panel is a shell.Panel in the file of its screen, a template in
// views/panels, and its place among the panels of routes.go and in a page.
package web

import (
	"time"

	"telemetry-dashboard/app/web/actions"
	"telemetry-dashboard/app/web/details"
	"telemetry-dashboard/app/web/docs"
	"telemetry-dashboard/app/web/lists"
	"telemetry-dashboard/app/web/notifications"
	"telemetry-dashboard/app/web/overview"
	"telemetry-dashboard/app/web/people"
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
)

// What the shell says of the program's settings and of GitHub's limit.
type (
	Settings = shell.Settings
	Missing  = shell.Missing
	Quotas   = shell.Quotas
)

// Jobs starts, finds and ends jobs.
type Jobs interface {
	shell.Jobs
	actions.Jobs
	details.Logs
}

// Submissions sends replies and starts runs, once per token.
type Submissions interface {
	details.Replies
	actions.Dispatcher
}

// Options are what a Web works with.
type Options struct {
	Dashboard   *dashboard.Dashboard
	Jobs        Jobs
	Changes     shell.Changes
	Scopes      details.Scopes
	Submissions Submissions
	Redeliver   lists.Redeliver
	Notify      notifications.Notify
	NewID       func() string // of a form: letters, digits and -
	Assets      shell.Assets
	Quotas      Quotas
	Settings    Settings
	People      people.Options
	APIDocs     string // the JSON API's description, OpenAPI 3.1 in YAML
	Now         func() time.Time
}

// Web answers for the pages. It is safe for concurrent use.
type Web struct {
	*shell.Shell
	overview *overview.Web
	lists    *lists.Web
	details  *details.Web
	actions  *actions.Web
	docs     *docs.Web
	people   *people.Web
	notify   *notifications.Web
}

// New returns a Web.
func New(o Options) *Web {
	s := shell.New(shell.Options{
		Dashboard: o.Dashboard,
		Jobs:      o.Jobs,
		Changes:   o.Changes,
		Assets:    o.Assets,
		Quotas:    o.Quotas,
		Settings:  o.Settings,
		Now:       o.Now,
	})
	return &Web{
		Shell:    s,
		overview: overview.New(s),
		lists:    lists.New(s, o.Redeliver, o.NewID),
		details:  details.New(s, o.Scopes, o.Submissions, o.Jobs, o.NewID),
		actions:  actions.New(s, o.Jobs, o.Submissions, o.NewID),
		docs:     docs.New(s, o.APIDocs),
		people:   people.New(s, o.People),
		notify:   notifications.New(s, o.Notify),
	}
}
