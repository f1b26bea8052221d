package api

import (
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
)

func (a *API) runs(ctx context.Context, c *fiber.Ctx, p telemetry.Page) (telemetry.List[telemetry.RunRow], error) {
	f, err := runFilter(c)
	if err != nil {
		return telemetry.List[telemetry.RunRow]{}, err
	}
	return a.Dashboard.Runs(ctx, f, p)
}

func runFilter(c *fiber.Ctx) (telemetry.RunFilter, error) {
	f := telemetry.RunFilter{}
	var err error
	if f.Repo, err = repoParam(c); err != nil {
		return f, err
	}
	kinds, err := words(c, "kind", []telemetry.Kind{telemetry.KindScan, telemetry.KindDispatch})
	if err != nil {
		return f, err
	}
	if len(kinds) == 1 {
		f.Kind = kinds[0]
	}
	if f.Query, err = queryParam(c, telemetry.ListRuns); err != nil {
		return f, err
	}
	f.AsOf, err = timeParam(c, "as_of")
	return f, err
}

func (a *API) sessions(ctx context.Context, c *fiber.Ctx, p telemetry.Page) (telemetry.List[telemetry.SessionRow], error) {
	f, err := sessionFilter(c)
	if err != nil {
		return telemetry.List[telemetry.SessionRow]{}, err
	}
	return a.Dashboard.Sessions(ctx, f, p)
}

func sessionFilter(c *fiber.Ctx) (telemetry.SessionFilter, error) {
	f := telemetry.SessionFilter{}
	var err error
	if f.Repo, err = repoParam(c); err != nil {
		return f, err
	}
	if f.States, err = words(c, "state", telemetry.States()); err != nil {
		return f, err
	}
	if c.Query("run_number") != "" {
		n, err := intParam(c, "run_number", 0, 0, 1<<62)
		if err != nil {
			return f, err
		}
		f.RunNumber = &n
	}
	if f.Query, err = queryParam(c, telemetry.ListSessions); err != nil {
		return f, err
	}
	f.AsOf, err = timeParam(c, "as_of")
	return f, err
}

func (a *API) pulls(ctx context.Context, c *fiber.Ctx, p telemetry.Page) (telemetry.List[telemetry.PullRow], error) {
	f, err := pullFilter(c)
	if err != nil {
		return telemetry.List[telemetry.PullRow]{}, err
	}
	return a.Dashboard.Pulls(ctx, f, p)
}

func pullFilter(c *fiber.Ctx) (telemetry.PullFilter, error) {
	f := telemetry.PullFilter{Session: telemetry.BareID(c.Query("session_id"))}
	var err error
	if f.Repo, err = repoParam(c); err != nil {
		return f, err
	}
	states, err := words(c, "state", []string{"open", "closed", "merged", "unknown"})
	if err != nil {
		return f, err
	}
	if len(states) == 1 {
		f.State = states[0]
	} else if len(states) > 1 {
		return f, telemetry.Errorf(telemetry.CodeInvalid, "state: give one of open, closed, merged, unknown.")
	}
	if f.Query, err = queryParam(c, telemetry.ListPulls); err != nil {
		return f, err
	}
	f.AsOf, err = timeParam(c, "as_of")
	return f, err
}

func (a *API) issues(ctx context.Context, c *fiber.Ctx, p telemetry.Page) (telemetry.List[telemetry.IssueRow], error) {
	f, err := issueFilter(c)
	if err != nil {
		return telemetry.List[telemetry.IssueRow]{}, err
	}
	return a.Dashboard.Issues(ctx, f, p)
}

func issueFilter(c *fiber.Ctx) (telemetry.IssueFilter, error) {
	f := telemetry.IssueFilter{}
	var err error
	if f.Repo, err = repoParam(c); err != nil {
		return f, err
	}
	if f.Statuses, err = words(c, "status", append(telemetry.Statuses(), "open")); err != nil {
		return f, err
	}
	if slices.Contains(f.Statuses, "open") {
		f.Statuses = append(f.Statuses, telemetry.StatusRecurring, telemetry.StatusReopened, telemetry.StatusNew,
			telemetry.StatusNotScanned)
	}
	for name, into := range map[string]*[]string{"severity": &f.Severity, "family": &f.Family, "rule": &f.Rule} {
		if text := c.Query(name); text != "" {
			*into = strings.Split(text, ",")
		}
	}
	if f.Query, err = queryParam(c, telemetry.ListIssues); err != nil {
		return f, err
	}
	f.AsOf, err = timeParam(c, "as_of")
	return f, err
}

func (a *API) files(ctx context.Context, c *fiber.Ctx, p telemetry.Page) (telemetry.List[telemetry.FileRow], error) {
	states, err := words(c, "state", []string{"error", "gone", "ok"})
	if err != nil {
		return telemetry.List[telemetry.FileRow]{}, err
	}
	f := telemetry.FileFilter{}
	if len(states) == 1 {
		f.State = states[0]
	}
	return a.Dashboard.Files(ctx, f, p)
}

func (a *API) jobs(ctx context.Context, _ *fiber.Ctx, p telemetry.Page) (telemetry.List[telemetry.Job], error) {
	return a.Dashboard.Store.Jobs(ctx, p)
}

func (a *API) repos(c *fiber.Ctx) error {
	p, err := sortOf(c)
	if err != nil {
		return err
	}
	f, err := repoFilter(c)
	if err != nil {
		return err
	}
	list, err := a.Dashboard.Repos(c.UserContext(), f, p)
	if err != nil {
		return err
	}
	items := make([]repoItem, len(list.Items))
	for i, r := range list.Items {
		items[i] = repoOf(r)
	}
	return send(c, fiber.StatusOK, items)
}

func repoFilter(c *fiber.Ctx) (telemetry.RepoFilter, error) {
	q, err := queryParam(c, telemetry.ListRepos)
	return telemetry.RepoFilter{Query: q}, err
}
