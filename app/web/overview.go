package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specTiles() spec {
	return spec{name: "tiles", title: "Figures", page: "/", topics: everything(), every: "30s", clock: true, params: []string{"period"}, draw: w.drawTiles}
}

func (w *Web) specOpen() spec {
	return spec{name: "open", title: "Open now", page: "/", topics: []string{telemetry.TopicRecords}, every: "60s", draw: w.drawOpen}
}

// overviewPage is "/": what ux.md lists, in its order.
func (w *Web) overviewPage(c *fiber.Ctx) error {
	ctx, v := c.UserContext(), view{query: queryOf(c)}
	one := func(s spec) []templ.Component { return []templ.Component{w.panel(ctx, s, v)} }
	body := pages.Body{Title: "Overview", Periods: v.periods("/"), Rows: [][]templ.Component{
		one(w.specNeeds()), one(w.specTiles()), one(w.specNow()), one(w.specQueue()),
		{w.panel(ctx, w.specOpen(), v), w.panel(ctx, w.specTop(), v)}, one(w.specRecent()),
	}}
	for _, m := range w.o.Settings.Missing {
		body.Missing = append(body.Missing, pages.Missing(m))
	}
	return w.show(c, screen{title: "Overview", current: "/", body: body})
}

func (w *Web) drawTiles(ctx context.Context, v view) (templ.Component, error) {
	q := dashboard.Question{Period: v.period(), Repo: v.repo.Name, Now: w.o.Now()}
	stats, err := w.o.Dashboard.Stats(ctx, q)
	if err != nil {
		return nil, err
	}
	over, err := w.o.Dashboard.Overview(ctx, q)
	if err != nil {
		return nil, err
	}
	active, err := w.activeTile(ctx, v)
	if err != nil {
		return nil, err
	}
	return panels.Tiles(panels.Figures{Frame: v.frame(), Tiles: tiles(v, stats.Totals, over, active)}), nil
}

// activeTile counts what its lists show: a state that only an old record
// tells is not active (product.md §5).
func (w *Web) activeTile(ctx context.Context, v view) (parts.Tile, error) {
	t := parts.Tile{Label: "Devin active"}
	for _, part := range []parts.Link{{Text: "", URL: queryActive}, {Text: " working", URL: queryActive + " is:working"}, {Text: " waiting", URL: queryActive + " is:waiting"}} {
		q, err := telemetry.ParseQuery(telemetry.ListSessions, part.URL)
		if err != nil {
			return t, err
		}
		list, err := w.sessionsOf(v, q)(ctx, telemetry.Page{Number: 1, Size: 1})
		if err != nil {
			return t, err
		}
		url := searchURL(v.listURL("/sessions"), part.URL)
		if part.Text == "" {
			t.Value, t.URL = number(list.Total), url
			continue
		}
		t.Line = append(t.Line, parts.Bit{Text: number(list.Total) + part.Text, URL: url})
	}
	return t, nil
}

// tiles are the figures of all repositories, or of the page's own.
func tiles(v view, t telemetry.Totals, o dashboard.Overview, active parts.Tile) []parts.Tile {
	at := v.listURL
	open := openTile(at("/issues"), t.Latest, t.Unlisted, t.LatestSeverity)
	open.Change = changeBit(o.Change())
	list := []parts.Tile{
		open,
		{Label: "Closed" + periodWords(o.Period.Name), Value: number(o.Closed), Line: []parts.Bit{{Text: number(o.Opened) + " opened"}}},
		active,
		pullsTile(at("/pulls"), t.PRs),
		rateTile(at("/pulls"), o.PRs, o.Period),
	}
	if v.scope == "" {
		scans := parts.Bit{Text: number(t.Scans) + " scans", URL: searchURL("/runs", "kind:scan")}
		list = append(list, parts.Tile{Label: "Repositories", Value: number(int64(len(t.Repos))), URL: "/repos", Line: []parts.Bit{scans}})
	} else {
		finished := parts.Bit{Text: number(t.SessionsFinished) + " finished", URL: searchURL(at("/sessions"), "is:finished")}
		list = append(list, parts.Tile{Label: "Sessions", Value: number(t.SessionsCreated), URL: at("/sessions"), Line: []parts.Bit{finished}})
	}
	return append(list, parts.Tile{Label: "Runs", Value: number(t.Runs), URL: at("/runs"), Line: []parts.Bit{{Text: "found " + number(t.IssuesFound) + " in sum", URL: at("/runs")}}})
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
		return " in all"
	}
	return " in " + strings.TrimSuffix(name, "d") + " days"
}

// periods are the choices of a page's period.
func (v view) periods(page string) []parts.Tab {
	at := parts.Address{Page: page}
	var tabs []parts.Tab
	for _, p := range []parts.Link{{Text: "7 days", URL: "7d"}, {Text: "30 days", URL: "30d"}, {Text: "90 days", URL: "90d"}, {Text: "All", URL: "all"}} {
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

func openTile(list string, open, unlisted int64, by map[string]int64) parts.Tile {
	t := parts.Tile{Label: "Open issues", Value: number(open), URL: list}
	for _, tier := range []struct {
		name string
		tone parts.Tone
	}{{"critical", parts.Danger}, {"high", parts.Severe}} {
		bit := parts.Bit{Text: number(by[tier.name]) + " " + tier.name, Tone: tier.tone}
		if list != "" {
			bit.URL = searchURL(list, queryOpen+" severity:"+tier.name)
		}
		t.Line = append(t.Line, bit)
	}
	if unlisted > 0 {
		t.Line = append(t.Line, parts.Bit{Text: number(unlisted) + " not listed"})
	}
	return t
}

func pullsTile(list string, prs telemetry.PullCounts) parts.Tile {
	t := parts.Tile{Label: "PRs waiting", Value: number(prs.Open), URL: searchURL(list, queryOpen), Line: []parts.Bit{{Text: "of " + number(prs.Total), URL: list}}}
	if prs.Unknown > 0 {
		t.Line = append(t.Line, parts.Bit{Text: number(prs.Unknown) + " not fetched", URL: searchURL(list, "is:unknown")})
	}
	return t
}

// rateTile leads to the pull requests that the rate is computed from.
func rateTile(list string, prs telemetry.PullCounts, period telemetry.Period) parts.Tile {
	all, merged := list, searchURL(list, "is:merged")
	if !period.Since.IsZero() {
		created := "created:>=" + period.Since.Format(time.DateOnly)
		all, merged = searchURL(list, created), searchURL(list, "is:merged "+created)
	}
	return parts.Tile{Label: "Fix rate", Value: strconv.FormatFloat(prs.FixRate(), 'f', 1, 64) + " %", URL: all,
		Line: []parts.Bit{{Text: number(prs.Merged) + " merged", URL: merged}, {Text: "of " + number(prs.Total) + " PRs"}}}
}

// familyRows is how many families the breakdown names; the rest is summed.
const familyRows = 9

func (w *Web) drawOpen(ctx context.Context, v view) (templ.Component, error) {
	b := panels.Breakdown{Frame: v.brief(), Empty: parts.Empty{Icon: "check-circle", Title: "Nothing is open"}}
	open, severity, category := v.repo.Open, v.repo.OpenSeverity, v.repo.OpenCategory
	if v.scope == "" {
		totals, err := w.o.Dashboard.Totals(ctx)
		if err != nil {
			return nil, err
		}
		open, severity, category = totals.Latest, totals.LatestSeverity, totals.LatestCategory
	}
	list := v.listURL("/issues")
	b.Note, b.Count = "by severity and CWE family", number(open)
	b.Severity = panels.SeveritySlices(telemetry.Severities(), severity, func(tier string) string { return searchURL(list, queryOpen+" severity:"+tier) })
	b.Family = familySlices(category, list)
	return panels.OpenNow(b), nil
}

func familySlices(counts map[string]int64, list string) []parts.Slice {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	var out []parts.Slice
	rest := int64(0)
	for i, name := range names {
		switch {
		case counts[name] == 0:
		case i < familyRows || len(names) == familyRows+1:
			out = append(out, parts.Slice{Name: name, N: int(counts[name]), URL: familyURL(list, name)})
		default:
			rest += counts[name]
		}
	}
	if rest > 0 {
		out = append(out, parts.Slice{Name: fmt.Sprintf("%d other families", len(names)-familyRows), N: int(rest)})
	}
	return out
}

func familyURL(list, name string) string {
	q, err := telemetry.Query{List: telemetry.ListIssues}.And("is", telemetry.WordOpen)
	if err == nil {
		q, err = q.And("family", name)
	}
	if err != nil {
		return "" // a name that no query can ask for has no list
	}
	return searchURL(list, q.String())
}

func number(n int64) string { return parts.Number(int(n)) }
