package web

import (
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
)

// action makes the handler of a button: it starts the job or joins the one
// that runs, and shows it. Nothing waits for its end.
func (w *Web) action(kind string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		h, err := w.o.Jobs.Start(kind, ingest.Order{DryRun: kind == ingest.JobBackfill && c.FormValue("dry_run") == "true"})
		if err != nil {
			return err
		}
		id := h.Job().ID
		ids := without(without(jobIDs(c), id), c.FormValue("replaces"))
		return w.answerAction(c, append([]string{id}, ids...))
	}
}

// dismiss takes a job's card away.
func (w *Web) dismiss(c *fiber.Ctx) error {
	return w.answerAction(c, without(jobIDs(c), c.FormValue("id")))
}

// cancel ends a running job at its next commit. One that has ended meanwhile
// is shown as it ended.
func (w *Web) cancel(c *fiber.Ctx) error {
	_, err := w.o.Jobs.Cancel(c.UserContext(), c.FormValue("id"))
	if err != nil && telemetry.CodeOf(err) != telemetry.CodeConflict {
		return err
	}
	return w.answerAction(c, jobIDs(c))
}

// answerAction answers with the panel of jobs in place, or, without
// JavaScript, with the page that the button stood on.
func (w *Web) answerAction(c *fiber.Ctx, ids []string) error {
	setJobs(c, ids)
	if c.Get("HX-Request") == "" {
		return c.Redirect(cameFrom(c), fiber.StatusSeeOther)
	}
	part, err := w.drawJobs(c.UserContext(), view{jobs: ids}.of(w.specJobs()))
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, part)
}

// cameFrom is the page of this server from which a form was sent, "/" if it
// is not told.
func cameFrom(c *fiber.Ctx) string {
	u, err := url.Parse(c.Get(fiber.HeaderReferer))
	if err != nil || u.Host != string(c.Request().Host()) || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return u.RequestURI()
}
