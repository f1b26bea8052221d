package api

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

func (a *API) stats(c *fiber.Ctx) error {
	t, err := a.Dashboard.Totals(c.UserContext())
	if err != nil {
		return err
	}
	by := t.SessionsByState
	return send(c, fiber.StatusOK, fiber.Map{
		"repos_scanned": len(t.Repos), "repo_list": t.Repos, "total_runs": t.Runs, "total_issues": t.IssuesFound,
		"latest_issues": t.Latest, "latest_severity": t.LatestSeverity, "latest_category": t.LatestCategory, "latest_unlisted": t.Unlisted,
		"sessions_created": t.SessionsCreated, "sessions_finished": t.SessionsFinished, "sessions_with_pr": t.SessionsWithPR,
		"sessions_active":  by[telemetry.StateQueued] + by[telemetry.StateWorking] + by[telemetry.StateWaiting],
		"sessions_waiting": by[telemetry.StateWaiting], "sessions_never_started": by[telemetry.StateNeverStarted],
		"prs_total": t.PRs.Total, "prs_merged": t.PRs.Merged, "prs_open": t.PRs.Open, "prs_closed": t.PRs.Closed, "prs_unknown": t.PRs.Unknown, "fix_rate": t.PRs.FixRate(),
		"severity_breakdown": t.SeveritySum, "category_breakdown": t.CategorySum,
		"scans": t.Scans, "dispatches": t.Dispatches, "verifications": t.Verifications, "broken_files": t.BrokenFiles,
	})
}

func (a *API) repo(c *fiber.Ctx) error {
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	if p.Sort != "" {
		return telemetry.Errorf(telemetry.CodeInvalid, "sort: this answer holds several lists; ask /api/issues, /api/runs, … with repo= to sort one.")
	}
	d, err := a.Dashboard.RepoDetail(c.UserContext(), unescape(c.Params("owner"))+"/"+unescape(c.Params("name")), p)
	if err != nil {
		return err
	}
	r := d.Repo
	return send(c, fiber.StatusOK, fiber.Map{
		"repo": repoOf(r),
		"stats": fiber.Map{"total_runs": r.Runs, "total_issues": r.IssuesFound, "sessions_created": r.SessionsCreated, "sessions_finished": r.SessionsFinished,
			"prs_total": r.PRs.Total, "prs_merged": r.PRs.Merged, "prs_open": r.PRs.Open, "prs_closed": r.PRs.Closed, "prs_unknown": r.PRs.Unknown, "fix_rate": r.PRs.FixRate(),
			"severity_breakdown": r.SeveritySum, "category_breakdown": r.CategorySum, "open": r.Open, "open_by_severity": r.OpenSeverity, "open_by_category": r.OpenCategory},
		"runs": envelopeOf(d.Runs, p, runItem), "sessions": envelopeOf(d.Sessions, p, sessionOf), "prs": envelopeOf(d.Pulls, p, pullOf), "issues": envelopeOf(d.Issues, p, issueOf),
	})
}

// unescape decodes a part of a path; what cannot be decoded stays.
func unescape(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		return text
	}
	return s
}

func (a *API) config(c *fiber.Ctx) error { return send(c, fiber.StatusOK, a.Settings) }

func (a *API) job(c *fiber.Ctx) error {
	id := c.Params("id")
	if j, running := a.Jobs.Running(id); running {
		return send(c, fiber.StatusOK, jobOf(j))
	}
	j, err := a.Dashboard.JobByID(c.UserContext(), id)
	if err != nil {
		return err
	}
	return send(c, fiber.StatusOK, jobOf(j))
}
