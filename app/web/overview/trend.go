package overview

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// The heights of a trend in pixels: all repositories, and one.
const (
	plotHeight, plotBars = 176, 56
	repoHeight, repoBars = 128, 40
)

// barsMost bounds the bars of a kind; where there are more weeks, several
// make one.
const barsMost = 60

// Trend is what was open, opened and closed over a period.
func (w *Web) Trend() shell.Panel {
	return ofPeriod(panel("trend", "Open issues over time", w.drawTrend, telemetry.TopicRecords))
}

func (w *Web) drawTrend(ctx context.Context, v shell.View) (templ.Component, error) {
	o, err := w.Figures(ctx, v, telemetry.TrendOpen)
	if err != nil {
		return nil, err
	}
	t := panels.Trend{
		Frame: v.Frame(),
		Chart: trendChart(v, o),
		Empty: parts.Empty{Icon: "pulse", Title: "No issues open, opened or closed in this period"},
	}
	t.About, t.Summary = aboutTrend(), summarizeTrend(o)
	t.Sums = []parts.Link{
		{Text: parts.Number(o.Before.Total()), URL: o.Links["open_before/listed"].Page()},
		{Text: "→ " + parts.Number(o.Now.Total()), URL: o.Links["open_now/listed"].Page()},
	}
	t.Note = periodText(o.Period.Name)
	return panels.OverTime(t), nil
}

func aboutTrend() []string {
	return []string{
		"Open: issues open at the end of each day (UTC). For repositories whose " +
			"scans list no findings, their counts are added.",
		"Opened: issues first seen or reopened. Closed: issues that a full scan no longer found. An issue that closes twice counts twice.",
		"Weeks begin on Monday, 00:00 UTC. The first and the last week may be incomplete.",
	}
}

func trendChart(v shell.View, o dashboard.Overview) parts.Chart {
	c := parts.Chart{
		ID:        v.Panel.Name,
		Label:     "Open issues by severity, and issues opened and closed",
		Height:    plotHeight,
		BarHeight: plotBars,
	}
	if v.Scope != "" {
		c.Height, c.BarHeight = repoHeight, repoBars
	}
	for i, p := range o.Open {
		c.Points = append(c.Points, parts.Point{At: p.Day, Title: pointTitle(p), URL: o.Links[openLink(i)].Page()})
	}
	c.Series = severitySeries(o, links.In(v.Scope, links.Issues))
	groups, size := weekGroups(o)
	c.BarNote = "per week"
	if size > 1 {
		c.BarNote = fmt.Sprintf("per %d weeks", size)
	}
	opened := parts.BarSeries{Name: "Opened", Class: "chart-opened", Total: parts.Number(o.Opened), URL: o.Links["opened"].Page()}
	closed := parts.BarSeries{Name: "Closed", Class: "chart-closed", Total: parts.Number(o.Closed), URL: o.Links["closed"].Page()}
	for _, g := range groups {
		opened.Bars = append(opened.Bars, g.bar(v, o, "opened", g.opened))
		closed.Bars = append(closed.Bars, g.bar(v, o, "closed", g.closed))
	}
	c.Bars = []parts.BarSeries{opened, closed}
	c.Columns, c.Rows = trendTable(v, o, groups)
	return c
}

func openLink(i int) string { return "open/" + strconv.Itoa(i) + "/listed" }

func pointTitle(p telemetry.DayPoint) string {
	var tiers []string
	for _, tier := range telemetry.Severities() {
		if n := p.BySeverity[tier]; n > 0 {
			tiers = append(tiers, parts.Number(n)+" "+tier)
		}
	}
	if p.Unlisted > 0 {
		tiers = append(tiers, parts.Number(p.Unlisted)+" of them not listed")
	}
	title := p.Day.Format("2 Jan 2006") + ": " + parts.Number(p.Total()) + " open"
	if len(tiers) > 0 {
		title += " (" + strings.Join(tiers, ", ") + ")"
	}
	return title
}

// severitySeries are the bands of the trend, the worst lowest. Tiers that CodeQL
// does not have are one band. A band's end leads to the list, which says how
// many more are not listed.
func severitySeries(o dashboard.Overview, list string) []parts.Series {
	rest := parts.Series{Name: telemetry.KeywordOther, URL: links.Matching(list, shell.QueryOpen+" severity:"+telemetry.KeywordOther)}
	for _, p := range o.Open {
		rest.N = append(rest.N, int(p.Total()))
	}
	var out []parts.Series
	for _, tier := range telemetry.Severities() {
		s := parts.Series{Name: tier, Class: panels.SeverityClass(tier), URL: links.Matching(list, shell.QueryOpen+" severity:"+tier)}
		for i, p := range o.Open {
			s.N = append(s.N, int(p.BySeverity[tier]))
			rest.N[i] -= int(p.BySeverity[tier])
		}
		out = append(out, s)
	}
	return append(out, rest)
}

type weekGroup struct {
	from, to       time.Time // to is exclusive
	opened, closed int64
}

// weekGroups joins weeks, so that there are few enough bars. The first is
// cut where the period begins, so that the bars add up to its figures.
func weekGroups(o dashboard.Overview) (groups []weekGroup, size int) {
	size = max(1, (len(o.Weeks)+barsMost-1)/barsMost)
	before := weekGroup{opened: -o.Opened, closed: -o.Closed}
	for i, week := range o.Weeks {
		if i%size == 0 {
			groups = append(groups, weekGroup{from: week.Monday})
		}
		g := &groups[len(groups)-1]
		g.to = week.Monday.AddDate(0, 0, 7)
		g.opened += week.Opened
		g.closed += week.Closed
		before.opened += week.Opened
		before.closed += week.Closed
	}
	if len(groups) > 0 && groups[0].from.Before(o.Period.Since) {
		groups[0].from = o.Period.Since
		groups[0].opened -= before.opened
		groups[0].closed -= before.closed
	}
	return groups, size
}

// last is the end of the range, inclusive: now, if it is not over.
func (g weekGroup) last(until time.Time) time.Time {
	if end := g.to.Add(-time.Millisecond); end.Before(until) {
		return end
	}
	return until
}

func (g weekGroup) name() string {
	if g.to.Sub(g.from) <= 7*24*time.Hour {
		return "week from " + g.from.Format("2 Jan 2006")
	}
	return g.from.Format("2 Jan 2006") + " – " + g.to.AddDate(0, 0, -1).Format("2 Jan 2006")
}

func (g weekGroup) bar(v shell.View, o dashboard.Overview, event string, n int64) parts.Range {
	return parts.Range{
		From:  g.from,
		To:    g.to,
		N:     int(n),
		Title: fmt.Sprintf("%s %s, %s", parts.Number(n), event, g.name()),
		URL:   shell.ChangesURL(v, event, g.from, g.last(o.Period.Until)),
	}
}

// trendTable is the trend by week: what was open at its end, and what
// changed in it.
func trendTable(v shell.View, o dashboard.Overview, groups []weekGroup) (columns []string, rows []parts.Row) {
	columns = []string{"Week from", "Open"}
	tiers := telemetry.Severities()
	for _, tier := range tiers {
		columns = append(columns, strings.ToUpper(tier[:1])+tier[1:])
	}
	columns = append(columns, "Opened", "Closed")
	point := 0
	for _, g := range groups {
		for point+1 < len(o.Open) && o.Open[point+1].Day.Before(g.to) {
			point++
		}
		p, link := o.Open[point], o.Links[openLink(point)]
		row := parts.Row{Name: g.from.Format("2 Jan 2006"), Cells: []parts.Link{{Text: parts.Number(p.Total()), URL: link.Page()}}}
		for _, tier := range tiers {
			row.Cells = append(row.Cells, parts.Link{Text: parts.Number(p.BySeverity[tier]), URL: link.And("severity:" + tier).Page()})
		}
		row.Cells = append(row.Cells,
			parts.Link{Text: parts.Number(g.opened), URL: shell.ChangesURL(v, "opened", g.from, g.last(o.Period.Until))},
			parts.Link{Text: parts.Number(g.closed), URL: shell.ChangesURL(v, "closed", g.from, g.last(o.Period.Until))})
		rows = append(rows, row)
	}
	return columns, rows
}
