package api

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

func (a *API) messages(c *fiber.Ctx) error {
	session, messages, err := a.Dashboard.SessionMessages(c.UserContext(), links.Unescape(c.Params("id")))
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, fiber.Map{"session_id": session.ID, "items": array(messages)})
}

func (a *API) reply(c *fiber.Ctx) error {
	var body struct {
		Message string `json:"message"`
	}
	if err := jsonBody(c, &body); err != nil {
		return err
	}
	text, err := telemetry.NewMessage(body.Message)
	if err != nil {
		return err
	}
	session, err := a.Dashboard.SessionWithID(c.UserContext(), links.Unescape(c.Params("id")))
	if err != nil {
		return err
	}
	if err := a.Jobs.Reply(c.UserContext(), "", telemetry.SessionKey(session.ID), text); err != nil {
		return err
	}
	telemetry.NoteEffect(c.UserContext(), session.Answered())
	return send(c, fiber.StatusAccepted, fiber.Map{"session_id": session.ID, "sent": true})
}

func (a *API) dispatch(c *fiber.Ctx) error {
	var body dispatchBody
	if err := jsonBody(c, &body); err != nil {
		return err
	}
	d, err := body.dispatch(cmp.Or(a.GitHubWeb, telemetry.GitHubWeb))
	if err != nil {
		return err
	}
	warnings, err := a.warnings(c.UserContext(), telemetry.ParseRepo(d.TargetRepo), body.Force)
	if err != nil {
		return err
	}
	if body.Force != nil && len(warnings) > 0 {
		return send(c, fiber.StatusConflict, fiber.Map{
			"error":    "The run was not started. " + strings.Join(warnings, " ") + " Send force: true to start it all the same.",
			"code":     telemetry.CodeConflict,
			"warnings": warnings,
		})
	}
	ref, err := a.Jobs.Dispatch(c.UserContext(), "", d)
	if err != nil {
		return err
	}
	action, _, err := a.Jobs.ActionFor(c.UserContext(), telemetry.ParseRepo(d.TargetRepo))
	if err != nil {
		return err
	}
	return send(c, fiber.StatusAccepted, fiber.Map{
		"success":     true,
		"message":     fmt.Sprintf("Started %s for %s on %s.", ingest.Workflow, d.TargetRepo, ref),
		"warnings":    warnings,
		"target_repo": d.TargetRepo,
		"workflow":    ingest.Workflow,
		"ref":         ref,
		"action_repo": action,
	})
}

// warnings are what speaks against a run: nothing where it is forced. What
// GitHub does not tell is an error only for a caller who wants to know first;
// a missing setting never is.
func (a *API) warnings(ctx context.Context, repo telemetry.RepoName, force *bool) ([]string, error) {
	switch {
	case force == nil:
		return a.Dashboard.DispatchDoubts(ctx, repo, a.now())
	case *force:
		return []string{}, nil
	}
	warnings, err := a.Dashboard.DispatchWarnings(ctx, repo, a.now())
	if telemetry.CodeOf(err) == telemetry.CodeMissingSetting {
		err = nil
	}
	return warnings, err
}

func (a *API) preflight(c *fiber.Ctx) error {
	target := strings.TrimSpace(c.Query("target_repo"))
	repo, err := telemetry.TargetRepo(target)
	if err != nil {
		return err
	}
	pulls, err := a.Dashboard.Preflight(c.UserContext(), repo)
	if err != nil {
		return err
	}
	type item struct {
		Number int    `json:"pr_number"`
		Title  string `json:"title"`
		URL    string `json:"html_url"`
		Repo   string `json:"repo"`
	}
	items := make([]item, len(pulls))
	for i, p := range pulls {
		items[i] = item{p.Number, p.Title, p.HTMLURL, p.Repo}
	}
	odds, err := a.Dashboard.Odds(c.UserContext(), repo)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, fiber.Map{"target_repo": target, "open_prs": len(items), "prs": items, "odds": odds})
}
