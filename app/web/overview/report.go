package overview

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// reportIssues is how many open critical and high issues a report names.
const reportIssues = 50

// queryWorst are the issues that a report names.
const queryWorst = "is:open severity:critical,high"

// Verdicts counts verifications by outcome.
func (w *Web) Verdicts() shell.Panel {
	return shell.Panel{
		Name:   "verdicts",
		Title:  "Verification results",
		Page:   links.Report,
		Topics: shell.Everything(),
		Every:  "60s",
		Draw:   w.drawVerdicts,
	}
}

// drawVerdicts counts verifications by outcome, the latest of
// each session.
func (w *Web) drawVerdicts(ctx context.Context, v shell.View) (templ.Component, error) {
	out := panels.Verdicts{Frame: v.Frame(), Empty: parts.Empty{Icon: "unverified", Title: "No fixes verified yet"}}
	out.Note = "the latest re-scan of each fix"
	out.About = []string{"Each verified fix is compared, issue by issue, with the repository’s latest full scan. Gone: the scan " +
		"no longer finds them."}
	var asks []query.Ask
	for _, verdict := range telemetry.VerificationOutcomes() {
		term, err := dashboard.Term(w.Dashboard.Verifications, "outcome", string(verdict))
		if err != nil {
			return nil, err
		}
		asks = append(asks, query.Ask{Repo: v.RepoKey()}.And(term))
	}
	counts, err := w.Dashboard.Verifications.Counts(ctx, asks)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for i, n := range counts {
		if n > 0 {
			out.Rows = append(out.Rows, panels.VerdictCount{Verdict: string(telemetry.VerificationOutcomes()[i]), N: int(n)})
		}
		total += n
	}
	out.Count = shell.Number(total)
	return panels.VerdictCounts(out), nil
}

// ReportPage is a period's figures as a page to print.
func (w *Web) ReportPage(c *fiber.Ctx) error {
	ctx, v := c.UserContext(), shell.View{Query: shell.QueryOf(c)}
	period, err := telemetry.ParsePeriod(v.Get("period"), w.Now())
	if err != nil {
		return err
	}
	if name := v.Get("repo"); name != "" {
		if v.Repo, err = w.Dashboard.RepoByName(ctx, name); err != nil {
			return err
		}
		v.Scope = string(v.Repo.Name)
	}
	v = w.Once(ctx, v, pageParts()...)
	one := func(s shell.Panel) []templ.Component { return []templ.Component{s.Within(ctx, v)} }
	body := pages.Body{
		Title:  "Report",
		Report: true,
		Facts:  w.reportFacts(v, period),
		Rows: [][]templ.Component{one(w.Tiles()), one(w.Trend()),
			{w.Rates().Within(ctx, v), w.Spans().Within(ctx, v)},
			{w.Outcomes().Within(ctx, v), w.Verdicts().Within(ctx, v)}},
	}
	body.Rows = append(body.Rows, one(w.Effectiveness()))
	if v.Scope == "" {
		body.Rows = append(body.Rows, one(w.TopRepos()))
	}
	body.Rows = append(body.Rows, one(w.Queue()), one(w.Worst()))
	at := parts.Address{Page: links.Report, Query: url.Values{}}
	if v.Scope != "" {
		at.Query.Set("repo", v.Scope)
	}
	body.Periods = v.PeriodsAt(at)
	return w.Show(c, shell.Screen{Title: "Report", Current: links.Overview, Body: body})
}

// Worst is the open critical and high issues.
func (w *Web) Worst() shell.Panel {
	return shell.Panel{
		Name:   "worst",
		Title:  "Open critical and high issues",
		Page:   links.Report,
		Topics: shell.Everything(),
		Every:  "60s",
		Draw:   w.drawWorst,
	}
}

// drawWorst lists the open critical and high issues, most severe first.
func (w *Web) drawWorst(ctx context.Context, v shell.View) (templ.Component, error) {
	q, err := dashboard.Parse(w.Dashboard.Issues, queryWorst)
	if err != nil {
		return nil, err
	}
	t, err := shell.Short(ctx, v, reportIssues, parts.Sort{Key: "severity"}, w.TakenIssues(v, q), w.TakenRow)
	t.Note, t.More = fmt.Sprintf("most severe first, at most %d", reportIssues),
		parts.Link{Text: "All of them", URL: links.Matching(links.In(v.Scope, links.Issues), queryWorst)}
	t.Empty = parts.Empty{Icon: "check-circle", Title: "No open critical or high issues"}
	return panels.Issues(t), err
}

func (w *Web) reportFacts(v shell.View, p telemetry.Period) []pages.Fact {
	about := pages.Fact{Icon: "repo", Text: "all repositories"}
	if v.Scope != "" {
		about = pages.Fact{Icon: "repo", Link: parts.Link{Text: v.Scope, URL: links.Repo(v.Scope)}}
	}
	period := "all time, until " + p.Until.Format("2 Jan 2006")
	if !p.Since.IsZero() {
		period = p.Since.Format("2 Jan") + " – " + p.Until.Format("2 Jan 2006")
	}
	return []pages.Fact{
		about, {Icon: "calendar", Text: period},
		{Icon: "clock", Text: "as of " + w.Now().UTC().Truncate(time.Minute).Format("2 Jan 2006 15:04") + " UTC"},
	}
}
