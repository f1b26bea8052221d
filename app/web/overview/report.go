package overview

import (
	"context"
	"fmt"
	"net/url"
	"strings"
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

const reportIssues = 50

const queryWorst = "is:open severity:critical,high"

// Verdicts counts verifications by outcome.
func (w *Web) Verdicts() shell.Panel {
	p := panel("verdicts", "Verification results", w.drawVerdicts, shell.Everything()...)
	p.Page = links.Report
	return p
}

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
		asks = append(asks, query.Ask{Repo: v.RepoKey(), AsOf: v.AsOf}.And(term))
	}
	counts, err := w.Dashboard.Verifications.Counts(ctx, asks)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for i, n := range counts {
		if n > 0 {
			out.Rows = append(out.Rows, panels.VerdictCount{
				Verdict: telemetry.VerificationOutcomes()[i], N: n, URL: verifiedURL(v, telemetry.VerificationOutcomes()[i]),
			})
		}
		total += n
	}
	out.Count, out.CountURL = parts.Number(total), verifiedURL(v)
	return panels.VerdictCounts(out), nil
}

// verifiedURL is the list of the verifications of an outcome, or of all.
func verifiedURL(v shell.View, outcomes ...telemetry.VerificationOutcome) string {
	var terms []string
	for _, outcome := range outcomes {
		terms = append(terms, shell.TermText("outcome", string(outcome)))
	}
	if v.Scope != "" {
		terms = append(terms, shell.TermText("repo", v.Scope))
	}
	return links.Matching(links.Verified, strings.Join(terms, " "))
}

// ReportPage is a period's figures as a page to print.
func (w *Web) ReportPage(c *fiber.Ctx) error {
	ctx := c.UserContext()
	v, err := w.ViewOf(c, shell.Panel{})
	if err != nil {
		return err
	}
	period, err := telemetry.ParsePeriod(v.Get("period"), w.NowOf(v))
	if err != nil {
		return err
	}
	if name := v.Get("repo"); name != "" {
		if v.Repo, err = w.Dashboard.RepoByName(ctx, name, v.AsOf); err != nil {
			return err
		}
		v.Scope = string(v.Repo.Name)
	}
	v = w.Once(ctx, v, pageParts()...)
	body := pages.Body{
		Title:   "Report",
		Report:  true,
		Facts:   w.reportFacts(v, period),
		Periods: v.Periods(parts.Address{Page: links.Report, Query: url.Values{}}),
		Rows: [][]templ.Component{
			v.Row(ctx, w.Tiles()), v.Row(ctx, w.Trend()), v.Row(ctx, w.Rates(), w.Spans()), v.Row(ctx, w.Outcomes(), w.Verdicts()),
			v.Row(ctx, w.DueDates()),
			v.Row(ctx, w.Effectiveness()),
		},
	}
	if v.Scope == "" {
		body.Rows = append(body.Rows, v.Row(ctx, w.TopRepos()), v.Row(ctx, w.Campaigns()))
	} else {
		body.Periods = v.Periods(parts.Address{Page: links.Report, Query: url.Values{"repo": {v.Scope}}})
	}
	body.Rows = append(body.Rows, v.Row(ctx, w.Queue()), v.Row(ctx, w.Worst()))
	return w.Show(c, shell.Screen{Title: "Report", Current: links.Overview, Body: body})
}

// Campaigns are those that are open.
func (w *Web) Campaigns() shell.Panel {
	p := panel("report-campaigns", "Campaigns", func(ctx context.Context, v shell.View) (templ.Component, error) {
		l := panels.CampaignList{Frame: v.Frame(), Empty: shell.NoCampaigns()}
		l.More = parts.Link{Text: "All of them", URL: links.Campaigns}
		var err error
		l.Rows, err = w.CampaignRows(ctx, true)
		return panels.Campaigns(l), err
	}, shell.CampaignTopics()...)
	p.Page, p.Past, p.Clock = links.Report, false, true
	return p
}

// Worst is the open critical and high issues.
func (w *Web) Worst() shell.Panel {
	p := panel("worst", "Open critical and high issues", w.drawWorst, shell.Everything()...)
	p.Page = links.Report
	return p
}

func (w *Web) drawWorst(ctx context.Context, v shell.View) (templ.Component, error) {
	q, err := dashboard.Parse(w.Dashboard.Issues, queryWorst)
	if err != nil {
		return nil, err
	}
	t, err := shell.Short(ctx, v, reportIssues, parts.Sort{Key: "severity"}, w.IssuesOf(v, q))
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
		{Icon: "clock", Text: "as of " + w.NowOf(v).UTC().Truncate(time.Minute).Format("2 Jan 2006 15:04") + " UTC"},
	}
}
