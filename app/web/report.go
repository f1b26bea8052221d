package web

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

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

func (w *Web) specVerdicts() spec {
	return spec{
		name:   "verdicts",
		title:  "What verification says",
		page:   links.Report,
		topics: everything(),
		every:  "60s",
		draw:   w.drawVerdicts,
	}
}

// drawVerdicts counts verifications by what became of them, the latest of
// each session.
func (w *Web) drawVerdicts(ctx context.Context, v view) (templ.Component, error) {
	out := panels.Verdicts{Frame: v.frame(), Empty: parts.Empty{Icon: "unverified", Title: "No fix was verified yet"}}
	out.Note = "the latest re-scan of each fix"
	out.About = []string{"A verified fix is compared, issue by issue, with the repository’s latest full scan: gone means that it no longer finds them."}
	var asks []query.Ask
	for _, verdict := range telemetry.Verdicts() {
		term, err := dashboard.Term(w.o.Dashboard.Verifications, "outcome", string(verdict))
		if err != nil {
			return nil, err
		}
		asks = append(asks, query.Ask{Repo: v.repoKey()}.And(term))
	}
	counts, err := w.o.Dashboard.Verifications.Counts(ctx, asks)
	if err != nil {
		return nil, err
	}
	total := int64(0)
	for i, n := range counts {
		if n > 0 {
			out.Rows = append(out.Rows, panels.VerdictCount{Verdict: string(telemetry.Verdicts()[i]), N: int(n)})
		}
		total += n
	}
	out.Count = number(total)
	return panels.VerdictCounts(out), nil
}

// reportPage is what a lead sends upwards: a period's figures on paper.
func (w *Web) reportPage(c *fiber.Ctx) error {
	ctx, v := c.UserContext(), view{query: queryOf(c)}
	period, err := telemetry.ParsePeriod(v.get("period"), w.o.Now())
	if err != nil {
		return err
	}
	if name := v.get("repo"); name != "" {
		if v.repo, err = w.o.Dashboard.RepoByName(ctx, name); err != nil {
			return err
		}
		v.scope = string(v.repo.Name)
	}
	v = w.once(ctx, v, pageParts()...)
	one := func(s spec) []templ.Component { return []templ.Component{w.panel(ctx, s, v)} }
	body := pages.Body{
		Title:  "Report",
		Report: true,
		Facts:  w.reportFacts(v, period),
		Rows: [][]templ.Component{one(w.specTiles()), one(w.specTrend()),
			{w.panel(ctx, w.specRates(), v), w.panel(ctx, w.specSpans(), v)},
			{w.panel(ctx, w.specOutcomes(), v), w.panel(ctx, w.specVerdicts(), v)}},
	}
	if v.scope == "" {
		body.Rows = append(body.Rows, one(w.specTop()))
	}
	body.Rows = append(body.Rows, one(w.specQueue()), one(w.specWorst()))
	at := parts.Address{Page: links.Report, Query: url.Values{}}
	if v.scope != "" {
		at.Query.Set("repo", v.scope)
	}
	body.Periods = v.periodsAt(at)
	return w.show(c, screen{title: "Report", current: links.Overview, body: body})
}

func (w *Web) specWorst() spec {
	return spec{
		name:   "worst",
		title:  "Open critical and high issues",
		page:   links.Report,
		topics: everything(),
		every:  "60s",
		draw:   w.drawWorst,
	}
}

// drawWorst names the open critical and high issues, the worst first.
func (w *Web) drawWorst(ctx context.Context, v view) (templ.Component, error) {
	q, err := dashboard.Parse(w.o.Dashboard.Issues, queryWorst)
	if err != nil {
		return nil, err
	}
	t, err := short(ctx, v, reportIssues, parts.Sort{Key: "severity"}, w.takenIssues(v, q), w.takenRow)
	t.Note, t.More = fmt.Sprintf("the worst first, at most %d", reportIssues),
		parts.Link{Text: "All of them", URL: links.Matching(links.In(v.scope, links.Issues), queryWorst)}
	t.Empty = parts.Empty{Icon: "check-circle", Title: "No critical or high issue is open"}
	return panels.Issues(t), err
}

func (w *Web) reportFacts(v view, p telemetry.Period) []pages.Fact {
	about := pages.Fact{Icon: "repo", Text: "all repositories"}
	if v.scope != "" {
		about = pages.Fact{Icon: "repo", Link: parts.Link{Text: v.scope, URL: links.Repo(v.scope)}}
	}
	stretch := "all time, until " + p.Until.Format("2 Jan 2006")
	if !p.Since.IsZero() {
		stretch = p.Since.Format("2 Jan") + " – " + p.Until.Format("2 Jan 2006")
	}
	return []pages.Fact{
		about, {Icon: "calendar", Text: stretch},
		{Icon: "clock", Text: "as of " + w.o.Now().UTC().Truncate(time.Minute).Format("2 Jan 2006 15:04") + " UTC"},
	}
}
