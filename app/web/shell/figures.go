package shell

import (
	"context"
	"sync"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/parts"
)

// ReportFact links to the printable report of the page.
func (v View) ReportFact() []pages.Fact {
	return []pages.Fact{{
		Icon: "log",
		Link: parts.Link{Text: "Printable report", URL: links.With(links.Report, "period", v.period(), "repo", v.Scope)},
	}}
}

// Once makes the panels of a page ask for the figures together, those of now
// and those of the period: these parts are all that they show.
func (w *Shell) Once(ctx context.Context, v View, parts ...telemetry.TrendPart) View {
	alone := v
	v.figures = sync.OnceValues(func() (dashboard.Overview, error) { return w.Figures(ctx, alone, parts...) })
	v.stats = sync.OnceValues(func() (dashboard.Stats, error) { return w.Stats(ctx, alone) })
	return v
}

// Stats are the figures of now.
func (w *Shell) Stats(ctx context.Context, v View) (dashboard.Stats, error) {
	if v.stats != nil {
		return v.stats()
	}
	return w.Dashboard.Stats(ctx, w.question(v))
}

// TileParts are what the tiles show of a period.
func TileParts() []telemetry.TrendPart {
	return []telemetry.TrendPart{telemetry.TrendWaiting, telemetry.TrendPulls}
}

// period is that of the page, the default where it names none.
func (v View) period() string {
	if v.Get("period") == "" {
		return telemetry.PeriodDefault
	}
	return v.Get("period")
}

// Periods are the choices of a page's period.
func (v View) Periods(page string) []parts.Tab { return v.PeriodsAt(parts.Address{Page: page}) }

// PeriodsAt are the choices of a page's period, from an address.
func (v View) PeriodsAt(at parts.Address) []parts.Tab {
	var tabs []parts.Tab
	for _, p := range []parts.Link{
		{Text: "7 days", URL: "7d"}, {Text: "30 days", URL: "30d"}, {Text: "90 days", URL: "90d"},
		{Text: "All", URL: "all"},
	} {
		tabs = append(tabs, parts.Tab{Text: p.Text, URL: at.Href("period", p.URL), Current: p.URL == v.period()})
	}
	return tabs
}

// question asks for the figures of the view's period and repository.
func (w *Shell) question(v View) dashboard.Question {
	return dashboard.Question{Period: v.period(), Repo: v.Repo.Name, Now: w.Now()}
}

// Effectiveness is what came of sessions' attempts in the view's period.
func (w *Shell) Effectiveness(ctx context.Context, v View) (dashboard.Effectiveness, error) {
	return w.Dashboard.Effectiveness(ctx, w.question(v))
}

// Figures are those of the view's period: the parts that a panel shows, or
// those that all panels of its page show, which ask once.
func (w *Shell) Figures(ctx context.Context, v View, parts ...telemetry.TrendPart) (dashboard.Overview, error) {
	if v.figures != nil {
		return v.figures()
	}
	q := w.question(v)
	q.Parts = parts
	return w.Dashboard.Overview(ctx, q)
}
