package api

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
)

// question reads period, repo and as_of.
func (a *API) question(c *fiber.Ctx) (q dashboard.Question, err error) {
	q.Period, q.Now = c.Query("period"), a.now()
	if _, err := telemetry.ParsePeriod(q.Period, q.Now); err != nil {
		return q, err
	}
	if text := c.Query("repo"); text != "" {
		key, err := repoParam(c)
		if err != nil {
			return q, err
		}
		q.Repo = telemetry.RepoName(key)
	}
	q.AsOf, err = telemetry.AsOfParam(c.Query("as_of"), q.Now)
	return q, err
}

func (a *API) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}

// paths are links as clients get them.
func (a *API) paths(links dashboard.Links) map[string]string {
	out := make(map[string]string, len(links))
	for place, l := range links {
		out[place] = a.Base.To(l.API())
	}
	return out
}

func (a *API) stats(c *fiber.Ctx) error {
	q, err := a.question(c)
	if err != nil {
		return err
	}
	figures := a.Dashboard.Stats
	if q.Period != "" {
		figures = a.Dashboard.PeriodStats
	}
	s, err := figures(c.UserContext(), q)
	if err != nil {
		return err
	}
	answer := a.figuresOf(s)
	answer["repos_scanned"], answer["repo_list"] = len(s.Repos), slices.Sorted(slices.Values(s.Repos))
	answer["verifications"], answer["broken_files"], answer["as_of"] = s.Verifications, s.BrokenFiles, telemetry.At(q.AsOf)
	answer["period"] = cmp.Or(q.Period, "all")
	return send(c, fiber.StatusOK, answer)
}

// figuresOf are the figures that all repositories and a single one share.
func (a *API) figuresOf(s dashboard.Stats) fiber.Map {
	answer := closedInTime(s.Due.All)
	maps.Copy(answer, fiber.Map{
		"total_runs":             s.Runs,
		"total_issues":           s.IssuesFound,
		"scans":                  s.Scans,
		"dispatches":             s.Dispatches,
		"open":                   s.Open,
		"open_by_severity":       s.OpenSeverity,
		"open_by_category":       s.OpenCategory,
		"dismissed":              s.Dismissed,
		"accepted":               s.Accepted,
		"latest_issues":          s.Latest,
		"latest_severity":        s.LatestSeverity,
		"latest_category":        s.LatestCategory,
		"latest_unlisted":        s.Unlisted,
		"sessions_created":       s.SessionsCreated,
		"sessions_finished":      s.SessionsFinished,
		"sessions_with_pr":       s.SessionsWithPR,
		"sessions_active":        s.Active.Working + s.Active.Waiting,
		"sessions_working":       s.Active.Working,
		"sessions_waiting":       s.Active.Waiting,
		"sessions_never_started": s.SessionsByState[telemetry.StateNeverStarted],
		"prs_total":              s.PRs.Total,
		"prs_merged":             s.PRs.Merged,
		"prs_open":               s.PRs.Open,
		"prs_closed":             s.PRs.Closed,
		"prs_unknown":            s.PRs.Unknown,
		"fix_rate":               s.PRs.FixRate(),
		"severity_breakdown":     s.SeveritySum,
		"category_breakdown":     s.CategorySum,
		"due_by_severity":        dueLines(s.Due.BySeverity, "severity"),
		"due_by_repo":            dueLines(s.Due.ByRepo, "repo"),
		"links":                  a.paths(s.Links),
	})
	return answer
}

type pointItem struct {
	Day       string           `json:"day"`
	Total     int64            `json:"total"`
	Listed    int64            `json:"listed"`
	Unlisted  int64            `json:"unlisted"`
	Dismissed int64            `json:"dismissed"`
	Accepted  int64            `json:"accepted"`
	Severity  map[string]int64 `json:"by_severity"`
}

func pointOf(p telemetry.DayPoint) pointItem {
	return pointItem{p.Day.Format(time.DateOnly), p.Total(), p.Listed, p.Unlisted, p.Dismissed, p.Accepted, p.BySeverity}
}

type measureItem struct {
	N      int64    `json:"n"`
	Median *float64 `json:"median_hours"`
	P90    *float64 `json:"p90_hours"`
	Most   *float64 `json:"longest_hours"`
}

func measureOf(m telemetry.Measure) measureItem {
	item := measureItem{N: m.N}
	if m.N > 0 {
		item.Median, item.P90, item.Most = hours(m.Median), hours(m.P90), hours(m.Most)
	}
	return item
}

// hours is a duration in hours, to one decimal.
func hours(d time.Duration) *float64 {
	h := float64(d.Round(6*time.Minute)/(6*time.Minute)) / 10
	return &h
}

// array is a list that is never null in JSON.
func array[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func mapped[T, R any](list []T, item func(T) R) []R {
	out := make([]R, len(list))
	for i, v := range list {
		out[i] = item(v)
	}
	return out
}

func (a *API) trends(c *fiber.Ctx) error {
	q, err := a.question(c)
	if err != nil {
		return err
	}
	o, err := a.Dashboard.Overview(c.UserContext(), q)
	if err != nil {
		return err
	}
	answer := fiber.Map{
		"period":        o.Period.Name,
		"since":         telemetry.At(o.Period.Since),
		"until":         telemetry.At(o.Period.Until),
		"as_of":         telemetry.At(q.AsOf),
		"repo":          telemetry.Optional(q.Repo),
		"step_days":     o.StepDays,
		"open":          mapped(o.Open, pointOf),
		"open_now":      pointOf(o.Now),
		"open_before":   pointOf(o.Before),
		"change":        o.Change(),
		"opened":        o.Opened,
		"closed":        o.Closed,
		"net":           o.Opened - o.Closed,
		"closed_issues": o.ClosedIssues,
		"weeks": mapped(o.Weeks, func(w telemetry.WeekPoint) fiber.Map {
			return fiber.Map{"week": w.Monday.Format(time.DateOnly), "opened": w.Opened, "closed": w.Closed, "net": w.Opened - w.Closed}
		}),
		"time_to_fix": measureOf(o.TimeToFix),
		"prs_waiting": measureOf(o.PRsWaiting),
		"prs_total":   o.PRs.Total,
		"prs_merged":  o.PRs.Merged,
		"fix_rate":    o.PRs.FixRate(),
		"links":       a.paths(o.Links),
	}
	addBreakdowns(answer, o)
	return send(c, fiber.StatusOK, answer)
}

// addBreakdowns adds the lists of /api/trends.
func addBreakdowns(answer fiber.Map, o dashboard.Overview) {
	answer["ages"] = array(o.Ages)
	attempts := make([]fiber.Map, len(o.Attempts))
	for i, n := range o.Attempts {
		name := strconv.Itoa(i)
		if i == len(o.Attempts)-1 {
			name += " or more"
		}
		attempts[i] = fiber.Map{"attempts": name, "issues": n}
	}
	answer["attempts"] = attempts
	answer["families"] = mapped(o.Families, func(f telemetry.FamilyRate) fiber.Map {
		return fiber.Map{
			"family":    f.Family,
			"attempted": f.Attempted,
			"closed":    f.Closed,
			"rate":      telemetry.PullCounts{Total: f.Attempted, Merged: f.Closed}.FixRate(),
		}
	})
	total, missing := int64(0), int64(0)
	for _, s := range o.Sessions {
		if s.State != telemetry.StateNeverStarted {
			total += s.N
		}
	}
	answer["sessions"] = fiber.Map{"total": total, "outcomes": array(o.Sessions)}
	for _, m := range o.Missing {
		missing += m.N
	}
	answer["runs_missing"] = fiber.Map{"n": missing, "sources": array(o.Missing)}
	overdue := mapped(o.Overdue, func(s telemetry.OverdueScan) fiber.Map {
		return fiber.Map{
			"target_repo":    s.Repo,
			"repo":           string(s.Name),
			"last_scan":      s.LastScan,
			"due":            s.Due,
			"interval_hours": hours(s.Interval),
		}
	})
	answer["overdue_scans"] = fiber.Map{"n": len(overdue), "items": overdue}
}
