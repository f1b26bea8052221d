package web

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specTiles() spec {
	return spec{
		name:   "tiles",
		title:  "Figures",
		page:   links.Overview,
		topics: everything(),
		every:  "30s",
		clock:  true,
		params: []string{"period"},
		draw:   w.drawTiles,
	}
}

// overviewPage is "/": its rows stand in the order of docs/guide.md.
func (w *Web) overviewPage(c *fiber.Ctx) error {
	ctx := c.UserContext()
	v := w.once(ctx, view{query: queryOf(c)}, pageParts()...)
	if _, err := telemetry.ParsePeriod(v.get("period"), w.o.Now()); err != nil {
		return err
	}
	// Where the figures cannot be read, each panel says so in its place.
	if stats, err := w.stats(ctx, v); err == nil && stats.Runs == 0 {
		return w.firstPage(c, v)
	}
	row := func(specs ...spec) []templ.Component {
		var drawn []templ.Component
		for _, s := range specs {
			drawn = append(drawn, w.panel(ctx, s, v))
		}
		return drawn
	}
	body := pages.Body{Title: "Overview", Periods: v.periods(links.Overview), Facts: v.reportFact(), Rows: [][]templ.Component{
		row(w.specNeeds()), row(w.specTiles()), row(w.specNow()), row(w.specTrend()), row(w.specOpen(), w.specRates()),
		row(w.specSpans(), w.specOutcomes()), row(w.specQueue()), row(w.specTop(), w.specRecent()),
	}}
	w.tellMissing(&body)
	return w.show(c, screen{title: "Overview", current: links.Overview, body: body})
}

// tellMissing says which settings are not set: a single one in a line,
// several in a list that opens.
func (w *Web) tellMissing(body *pages.Body) {
	list := w.o.Settings.Missing
	if len(list) == 1 {
		m := list[0]
		n := parts.Notice{Icon: "info", Strong: m.Variable + " is not set.", Text: m.Off, Link: w.keyPage(m.Variable)}
		if n.Link.URL == "" {
			n.Text += " " + m.Where
		}
		body.Notices = append(body.Notices, n)
		return
	}
	for _, m := range list {
		body.Missing = append(body.Missing, pages.Missing{Variable: m.Variable, Off: m.Off, Where: m.Where, Link: w.keyPage(m.Variable)})
	}
}

// keyPage is where the value of a variable is made, nothing for one that is
// made nowhere.
func (w *Web) keyPage(variable string) parts.Link {
	switch variable {
	case "GITHUB_TOKEN":
		return parts.Link{Text: "Where to get one", URL: w.o.Settings.GitHubWeb.Tokens()}
	case "DEVIN_API_KEY":
		return parts.Link{Text: "Where to get one", URL: w.o.Settings.DevinWeb.Keys()}
	}
	return parts.Link{}
}

// reportFact leads to the page's figures on paper.
func (v view) reportFact() []pages.Fact {
	return []pages.Fact{{
		Icon: "log",
		Link: parts.Link{Text: "Report to print", URL: links.With(links.Report, "period", v.period(), "repo", v.scope)},
	}}
}

// once makes the panels of a page ask for the figures together, those of now
// and those of the period: these parts are all that they show.
func (w *Web) once(ctx context.Context, v view, parts ...telemetry.TrendPart) view {
	alone := v
	v.figures = sync.OnceValues(func() (dashboard.Overview, error) { return w.figures(ctx, alone, parts...) })
	v.stats = sync.OnceValues(func() (dashboard.Stats, error) { return w.stats(ctx, alone) })
	return v
}

// stats are the figures of now.
func (w *Web) stats(ctx context.Context, v view) (dashboard.Stats, error) {
	if v.stats != nil {
		return v.stats()
	}
	return w.o.Dashboard.Stats(ctx, w.question(v))
}

// tileParts are what the tiles show of a period.
func tileParts() []telemetry.TrendPart {
	return []telemetry.TrendPart{telemetry.TrendWaiting, telemetry.TrendPulls}
}

// pageParts are what the panels of the overview and of the report show.
func pageParts() []telemetry.TrendPart {
	return append(tileParts(), telemetry.TrendFamilies, telemetry.TrendFix, telemetry.TrendAges, telemetry.TrendSessions)
}

func (w *Web) drawTiles(ctx context.Context, v view) (templ.Component, error) {
	stats, err := w.stats(ctx, v)
	if err != nil {
		return nil, err
	}
	over, err := w.figures(ctx, v, tileParts()...)
	if err != nil {
		return nil, err
	}
	active, err := w.activeTile(ctx, v)
	if err != nil {
		return nil, err
	}
	repos, err := w.reposWith(ctx, v, queryWithOpen)
	if err != nil {
		return nil, err
	}
	listed := stats.LatestSeverity
	if v.scope == "" {
		if listed, _, err = w.listedOpen(ctx, v, stats); err != nil {
			return nil, err
		}
	}
	f := panels.Figures{Frame: v.frame(), Tiles: tiles(v, stats, listed, over, active, repos)}
	f.About = aboutTiles()
	return panels.Tiles(f), nil
}

// activeTile counts what its lists show: a state that only an old record
// tells is not active (docs/rules.md#age-of-a-recorded-state).
func (w *Web) activeTile(ctx context.Context, v view) (parts.Tile, error) {
	t := parts.Tile{Label: "Devin active"}
	queries := []string{queryActive, queryActive + " is:queued,working", queryActive + " is:waiting"}
	counts, err := countOf(ctx, w.o.Dashboard.Sessions, v.repoKey(), queries...)
	if err != nil {
		return t, err
	}
	url := func(i int) string { return links.Matching(links.In(v.scope, links.Sessions), queries[i]) }
	t.Value, t.URL = number(counts[0]), url(0)
	t.Line = []parts.Bit{{Text: number(counts[1]) + " working", URL: url(1)}, {Text: number(counts[2]) + " waiting", URL: url(2)}}
	return t, nil
}

// queryWithOpen are the repositories in which something is open.
const queryWithOpen = "open:>0"

// reposWith counts repositories by a query, where the page is about all.
func (w *Web) reposWith(ctx context.Context, v view, text string) (int64, error) {
	if v.scope != "" {
		return 0, nil
	}
	n, err := countOf(ctx, w.o.Dashboard.Repos, "", text)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

func aboutTiles() []string {
	return []string{
		"Open issues, Devin active, PRs waiting, repositories and runs are those of now. The arrow is the change since the day before the period began.",
		"Closed, opened and the fix rate are of the period: from 00:00 UTC of its first day until now. One issue that closes twice counts twice.",
		"Fix rate: merged / all pull requests opened in the period; n is that number. For all time it also counts those whose date is not known.",
	}
}

// tiles are the figures of all repositories, or of the page's own.
// listed are the open issues by severity that have a list.
func tiles(v view, t dashboard.Stats, listed map[string]int64, o dashboard.Overview, active parts.Tile, repos int64) []parts.Tile {
	at := func(page string) string { return links.In(v.scope, page) }
	open := openTile(v, t, listed)
	if o.Period.Name != "all" { // before all time nothing was open
		open.Change = changeBit(o.Change())
		open.Change.URL = o.Links["open_before/total"].Page()
	}
	list := []parts.Tile{
		open,
		{
			Label: "Closed" + periodWords(o.Period.Name),
			Value: number(o.Closed),
			URL:   o.Links["closed"].Page(),
			Line:  []parts.Bit{{Text: number(o.Opened) + " opened", URL: o.Links["opened"].Page()}},
		},
		active,
		pullsTile(at(links.Pulls), t.PRs, o.PRsWaiting),
		rateTile(o),
	}
	if v.scope == "" {
		list = append(list, parts.Tile{
			Label: "Repositories",
			Value: number(int64(len(t.Repos))),
			URL:   links.Repos,
			Line:  []parts.Bit{{Text: number(repos) + " with open issues", URL: links.Matching(links.Repos, queryWithOpen)}},
		})
	} else {
		list = append(list, parts.Tile{
			Label: "Sessions",
			Value: number(t.SessionsCreated),
			URL:   at(links.Sessions),
			Line:  []parts.Bit{{Text: number(t.SessionsFinished) + " finished", URL: links.Matching(at(links.Sessions), "is:finished")}},
		})
	}
	return append(list, parts.Tile{
		Label: "Runs",
		Value: number(t.Runs),
		URL:   at(links.Runs),
		Line:  []parts.Bit{{Text: number(t.Dispatches) + " of them dispatches", URL: links.Matching(at(links.Runs), "kind:dispatch")}},
	})
}

// period is that of the page, the default where it names none.
func (v view) period() string {
	if v.get("period") == "" {
		return telemetry.PeriodDefault
	}
	return v.get("period")
}

func periodWords(name string) string {
	if name == "all" {
		return " over all time"
	}
	return " in " + strings.TrimSuffix(name, "d") + " days"
}

// periods are the choices of a page's period.
func (v view) periods(page string) []parts.Tab { return v.periodsAt(parts.Address{Page: page}) }

func (v view) periodsAt(at parts.Address) []parts.Tab {
	var tabs []parts.Tab
	for _, p := range []parts.Link{
		{Text: "7 days", URL: "7d"}, {Text: "30 days", URL: "30d"}, {Text: "90 days", URL: "90d"},
		{Text: "All", URL: "all"},
	} {
		tabs = append(tabs, parts.Tab{Text: p.Text, URL: at.Href("period", p.URL), Current: p.URL == v.period()})
	}
	return tabs
}

func changeBit(n int64) parts.Bit {
	switch {
	case n < 0:
		return parts.Bit{Text: "↓ " + number(-n), Tone: parts.Success}
	case n > 0:
		return parts.Bit{Text: "↑ " + number(n), Tone: parts.Danger}
	}
	return parts.Bit{}
}

func openTile(v view, t dashboard.Stats, listed map[string]int64) parts.Tile {
	tile := parts.Tile{Label: "Open issues", Value: number(t.Latest), URL: v.openURL(t.Links["latest_issues"])}
	for _, tier := range []struct {
		name string
		tone parts.Tone
	}{{"critical", parts.Danger}, {"high", parts.Severe}} {
		bit := parts.Bit{
			Text: number(listed[tier.name]) + " " + tier.name,
			Tone: tier.tone,
			URL:  links.Matching(links.In(v.scope, links.Issues), queryOpen+" severity:"+tier.name),
		}
		if t.Unlisted > 0 && v.scope != "" {
			bit.URL = "" // its record names no findings
		}
		if listed[tier.name] == 0 {
			bit.Tone = ""
		}
		tile.Line = append(tile.Line, bit)
	}
	if t.Unlisted > 0 {
		tile.Line = append(tile.Line, parts.Bit{Text: number(t.Unlisted) + " not listed", URL: t.Links["latest_unlisted"].Page()})
	}
	return tile
}

// openURL is the page of what is open: the list of issues or, where some of
// it has no list, the repositories whose counts add up to it.
func (v view) openURL(l dashboard.Link) string {
	switch {
	case l.List == "issues":
		return links.In(v.scope, links.Issues)
	case v.scope != "":
		return "" // its record names no findings
	}
	return l.Page()
}

func pullsTile(list string, prs telemetry.PullCounts, waiting telemetry.Measure) parts.Tile {
	t := parts.Tile{
		Label: "PRs waiting",
		Value: number(prs.Open),
		URL:   links.Matching(list, queryOpen),
		Line:  []parts.Bit{{Text: "of " + number(prs.Total), URL: list}},
	}
	if waiting.Most > 0 {
		t.Line = []parts.Bit{{Text: "oldest " + daysText(waiting.Most), URL: links.Matching(list, queryOpen)}}
	}
	if prs.Unknown > 0 {
		t.Line = append(t.Line, parts.Bit{Text: number(prs.Unknown) + " not fetched", URL: links.Matching(list, "is:unknown")})
	}
	return t
}

func rateTile(o dashboard.Overview) parts.Tile {
	rate := "–" // of none there is no rate
	if o.PRs.Total > 0 {
		rate = percentText(o.PRs.FixRate())
	}
	return parts.Tile{Label: "Fix rate", Value: rate, URL: o.Links["prs_total"].Page(),
		Line: []parts.Bit{{Text: number(o.PRs.Merged) + " merged / " + number(o.PRs.Total) + " PRs", URL: o.Links["prs_merged"].Page()}}}
}

func percentText(rate float64) string { return strconv.FormatFloat(rate, 'f', 1, 64) + " %" }

func number(n int64) string { return parts.Number(int(n)) }
