// Package actions is the buttons and forms that start something: jobs, and
// runs of the action.
package actions

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// Jobs starts and ends jobs.
type Jobs interface {
	Start(kind string, order ingest.Order) (*ingest.Handle, error)
	Cancel(ctx context.Context, id string) (telemetry.Job, error)
	AcceptListing(ctx context.Context, source string, kept int64, by telemetry.StartedBy) (*ingest.Handle, error)
	AskLog(ctx context.Context, ref telemetry.LogRef, by telemetry.StartedBy) (*ingest.Handle, error)
}

// Dispatcher starts a run of the action, once per token, and says in which action
// repository those of a target are started, and where they are looked at.
type Dispatcher interface {
	ActionFor(ctx context.Context, target telemetry.RepoName) (name, page string, err error)
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

// Action makes the handler of a button: it starts the job or joins the one
// that runs, and shows it. Nothing waits for its end.
func (w *Web) Action(kind string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		dryRun, err := shell.Flag(c, "dry_run")
		if err != nil {
			return err
		}
		undo, err := shell.Flag(c, "undo")
		if err != nil {
			return err
		}
		h, err := w.jobs.Start(kind, ingest.Order{By: telemetry.ByPage, DryRun: dryRun, Undo: undo})
		if err != nil {
			return err
		}
		return w.answerAction(c, shell.WithJob(shell.WithoutJob(shell.OwnJobs(c), c.FormValue("replaces")), h.Job()))
	}
}

// AcceptListing accepts a held listing, and shows the refresh that marks its
// files as gone.
func (w *Web) AcceptListing(c *fiber.Ctx) error {
	kept, err := strconv.ParseInt(c.FormValue("kept"), 10, 64)
	if err != nil {
		return telemetry.Errorf(telemetry.CodeInvalid, "The form is incomplete. Reload the page.")
	}
	h, err := w.jobs.AcceptListing(c.UserContext(), c.FormValue("source"), kept, telemetry.ByPage)
	if err != nil {
		return err
	}
	return w.answerAction(c, shell.WithJob(shell.OwnJobs(c), h.Job()))
}

// AskLog has the log of the last run asked for that named an issue.
func (w *Web) AskLog(c *fiber.Ctx) error {
	i, _, err := w.Dashboard.IssueByID(c.UserContext(), c.FormValue("issue"), time.Time{})
	if err != nil {
		return err
	}
	h, err := w.jobs.AskLog(c.UserContext(), i.Log.Ref, telemetry.ByPage)
	if err != nil {
		return err
	}
	return w.answerAction(c, shell.WithJob(shell.OwnJobs(c), h.Job()))
}

// Dismiss removes a job's card.
func (w *Web) Dismiss(c *fiber.Ctx) error {
	return w.answerAction(c, shell.WithoutJob(shell.OwnJobs(c), c.FormValue("id")))
}

// Cancel ends a running job at its next commit. One that has ended meanwhile
// is shown as it ended.
func (w *Web) Cancel(c *fiber.Ctx) error {
	_, err := w.jobs.Cancel(c.UserContext(), c.FormValue("id"))
	if err != nil && telemetry.CodeOf(err) != telemetry.CodeConflict {
		return err
	}
	return w.answerAction(c, shell.OwnJobs(c))
}

// answerAction answers with the panel of jobs in place, or, without
// JavaScript, with the page that has the button.
func (w *Web) answerAction(c *fiber.Ctx, jobs []shell.OwnJob) error {
	shell.SetJobs(c, jobs)
	if c.Get("HX-Request") == "" {
		return c.Redirect(cameFrom(c), fiber.StatusSeeOther)
	}
	cards := w.JobCards()
	part, err := cards.Draw(c.UserContext(), shell.View{Jobs: jobs}.Of(cards))
	if err != nil {
		return err
	}
	return shell.Render(c, fiber.StatusOK, part)
}

// cameFrom is the page of this server from which a form was sent, "/" if it
// is unknown.
func cameFrom(c *fiber.Ctx) string {
	u, err := url.Parse(c.Get(fiber.HeaderReferer))
	if err != nil || u.Host != string(c.Request().Host()) || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return u.RequestURI()
}
