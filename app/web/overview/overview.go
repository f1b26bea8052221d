// Package overview is the overview, the report and the list of what needs a
// person: figures and charts, each a panel with an address of its own.
package overview

import (
	"context"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Web answers for the overview. It is safe for concurrent use.
type Web struct{ *shell.Shell }

// New returns a Web.
func New(s *shell.Shell) *Web { return &Web{s} }

// panel is a panel of the overview.
func panel(name, title string, draw shell.Draw, topics ...string) shell.Panel {
	return shell.Panel{Name: name, Title: title, Page: links.Overview, Topics: topics, Every: "60s", Past: true, Draw: draw}
}

// ofPeriod makes a panel one of the figures of a period.
func ofPeriod(p shell.Panel) shell.Panel {
	p.Clock, p.Params = true, []string{"period"}
	return p
}

// Page is "/". Its rows are in the order of docs/guide.md.
func (w *Web) Page(c *fiber.Ctx) error {
	ctx := c.UserContext()
	v, err := w.ViewOf(c, shell.Panel{})
	if err != nil {
		return err
	}
	v = w.Once(ctx, v, pageParts()...)
	if _, err := telemetry.ParsePeriod(v.Get("period"), w.Now()); err != nil {
		return err
	}
	// Where the figures cannot be read, each panel says so in its place.
	if stats, err := w.Stats(ctx, v); err == nil && stats.Runs == 0 && v.AsOf.IsZero() {
		return w.firstPage(c, v)
	}
	periods := v.Periods(parts.Address{Page: links.Overview})
	body := pages.Body{Title: "Overview", Periods: periods, Facts: v.ReportFact(), Rows: [][]templ.Component{
		v.Row(ctx, w.Needs()), v.Row(ctx, w.Tiles()), v.Row(ctx, w.DevinNow()), v.Row(ctx, w.Trend()), v.Row(ctx, w.OpenNow(), w.Rates()),
		v.Row(ctx, w.DueDates()), v.Row(ctx, w.Spans(), w.Outcomes()), v.Row(ctx, w.Queue()), v.Row(ctx, w.TopRepos(), w.RecentRuns()),
	}}
	if last, err := w.Dashboard.LastRun(ctx, v.AsOf); err == nil {
		body.Notices = append(body.Notices, quietPeriod(v.Get("period"), last.At.Time, w.NowOf(v))...)
	}
	w.addMissingSettings(&body)
	return w.Show(c, shell.Screen{Title: "Overview", Current: links.Overview, Body: body})
}

// quietPeriod says that the period holds no run, and offers the shortest that
// does.
func quietPeriod(name string, last, now time.Time) []parts.Notice {
	period, err := telemetry.ParsePeriod(name, now)
	if err != nil || last.IsZero() || !last.Before(period.Since) {
		return nil
	}
	offer := parts.Link{Text: "Show all time", URL: links.With(links.Overview, "period", "all")}
	for _, longer := range []struct{ name, text string }{{"90d", "Show 90 days"}, {"30d", "Show 30 days"}} {
		if p, err := telemetry.ParsePeriod(longer.name, now); err == nil && !last.Before(p.Since) {
			offer = parts.Link{Text: longer.text, URL: links.With(links.Overview, "period", longer.name)}
		}
	}
	return []parts.Notice{{
		Icon: "clock", Strong: "No run in this period.", Text: "The newest run is of " + last.UTC().Format("2 Jan 2006") + ".", Link: offer,
	}}
}

// addMissingSettings says which settings are not set: a single one in a line,
// several in a list that opens.
func (w *Web) addMissingSettings(body *pages.Body) {
	list := w.Settings.Missing
	if len(list) == 1 {
		m := list[0]
		n := parts.Notice{Icon: "info", Strong: m.Variable + " is not set.", Text: m.Off, Link: w.KeyPage(m.Variable)}
		if n.Link.URL == "" {
			n.Text += " " + m.Where
		}
		body.Notices = append(body.Notices, n)
		return
	}
	for _, m := range list {
		body.Missing = append(body.Missing, pages.Missing{Variable: m.Variable, Off: m.Off, Where: m.Where, Link: w.KeyPage(m.Variable)})
	}
}

// pageParts are what the panels of the overview and of the report show.
func pageParts() []telemetry.TrendPart {
	return append(shell.TileParts(), telemetry.TrendFamilies, telemetry.TrendFix, telemetry.TrendAges, telemetry.TrendSessions)
}

// First is what the overview shows before the first record: one panel
// that says what is awaited, in place of charts of nothing.
func (w *Web) First() shell.Panel {
	p := panel("first", "First run", w.drawFirst, telemetry.TopicRecords)
	p.Every = "30s"
	return p
}

func (w *Web) drawFirst(ctx context.Context, v shell.View) (templ.Component, error) {
	p := panels.FirstRun{Frame: v.Frame()}
	p.Plain = true
	err := w.NoRuns(ctx, &p.Empty, &p.Action)
	return panels.First(p), err
}

// FirstPanel makes the page reload once there is a record.
func (w *Web) FirstPanel(c *fiber.Ctx) error {
	totals, err := w.Dashboard.Totals(c.UserContext())
	if err != nil {
		return err
	}
	if totals.Runs > 0 && c.Get("HX-Request") != "" {
		c.Set("HX-Refresh", "true")
		return c.SendStatus(fiber.StatusNoContent)
	}
	return w.Fragment(w.First())(c)
}

func (w *Web) firstPage(c *fiber.Ctx, v shell.View) error {
	body := pages.Body{Title: "Overview", Rows: [][]templ.Component{{w.First().Within(c.UserContext(), v)}}, First: true}
	w.addMissingSettings(&body)
	return w.Show(c, shell.Screen{Title: "Overview", Current: links.Overview, Body: body})
}
