package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specTiles() spec {
	return spec{name: "tiles", title: "Figures", page: "/", topics: everything(), every: "30s", draw: w.drawTiles}
}

func (w *Web) specOpen() spec {
	return spec{name: "open", title: "Open now", page: "/", topics: []string{telemetry.TopicRecords}, every: "60s", draw: w.drawOpen}
}

// overviewPage is "/": what ux.md lists, in its order.
func (w *Web) overviewPage(c *fiber.Ctx) error {
	ctx, v := c.UserContext(), view{query: queryOf(c)}
	one := func(s spec) []templ.Component { return []templ.Component{w.panel(ctx, s, v)} }
	body := pages.Body{Title: "Overview", Rows: [][]templ.Component{
		one(w.specNeeds()), one(w.specTiles()), one(w.specNow()), one(w.specQueue()),
		{w.panel(ctx, w.specOpen(), v), w.panel(ctx, w.specTop(), v)}, one(w.specRecent()),
	}}
	for _, m := range w.o.Settings.Missing {
		body.Missing = append(body.Missing, pages.Missing(m))
	}
	return w.show(c, screen{title: "Overview", current: "/", body: body})
}

func (w *Web) drawTiles(ctx context.Context, v view) (templ.Component, error) {
	f := panels.Figures{Frame: v.brief()}
	if v.scope != "" {
		f.Tiles = repoTiles(v, v.repo)
		return panels.Tiles(f), nil
	}
	totals, err := w.o.Dashboard.Totals(ctx)
	if err != nil {
		return nil, err
	}
	f.Tiles = totalTiles(totals)
	return panels.Tiles(f), nil
}

func totalTiles(t telemetry.Totals) []parts.Tile {
	waiting := t.SessionsByState[telemetry.StateWaiting]
	active := waiting + t.SessionsByState[telemetry.StateWorking] + t.SessionsByState[telemetry.StateQueued]
	return []parts.Tile{
		openTile("/issues", t.Latest, t.Unlisted, t.LatestSeverity),
		{Label: "Devin active", Value: number(active), URL: searchURL("/sessions", queryActive), Line: []parts.Bit{{Text: number(t.SessionsByState[telemetry.StateWorking]) + " working"}, {Text: number(waiting) + " waiting"}}},
		{Label: "Sessions", Value: number(t.SessionsCreated), URL: "/sessions", Line: []parts.Bit{{Text: number(t.SessionsFinished) + " finished", URL: searchURL("/sessions", "is:finished")}}},
		pullsTile("/pulls", t.PRs),
		rateTile("/pulls", t.PRs),
		{Label: "Repositories", Value: number(int64(len(t.Repos))), URL: "/repos", Line: []parts.Bit{{Text: number(t.Scans) + " scans", URL: searchURL("/runs", "kind:scan")}}},
		{Label: "Runs", Value: number(t.Runs), URL: "/runs", Line: []parts.Bit{{Text: number(t.IssuesFound) + " findings, summed", URL: "/runs"}}},
	}
}

func repoTiles(v view, r telemetry.RepoRow) []parts.Tile {
	issues := v.listURL("/issues")
	if !r.Listed {
		issues = ""
	}
	return []parts.Tile{
		openTile(issues, r.Open, 0, r.OpenSeverity),
		{Label: "Sessions", Value: number(r.SessionsCreated), URL: v.listURL("/sessions"), Line: []parts.Bit{{Text: number(r.SessionsActive) + " active", URL: searchURL(v.listURL("/sessions"), queryActive)}, {Text: number(r.SessionsFinished) + " finished", URL: searchURL(v.listURL("/sessions"), "is:finished")}}},
		pullsTile(v.listURL("/pulls"), r.PRs),
		rateTile(v.listURL("/pulls"), r.PRs),
		{Label: "Runs", Value: number(r.Runs), URL: v.listURL("/runs"), Line: []parts.Bit{{Text: number(r.Scans) + " scans · " + number(r.Dispatches) + " dispatches"}}},
		{Label: "Findings", Value: number(r.IssuesFound), URL: v.listURL("/runs"), Line: []parts.Bit{{Text: "summed over runs"}}},
	}
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

func rateTile(list string, prs telemetry.PullCounts) parts.Tile {
	return parts.Tile{Label: "Fix rate", Value: strconv.FormatFloat(prs.FixRate(), 'f', 1, 64) + " %", URL: searchURL(list, "is:merged"),
		Line: []parts.Bit{{Text: number(prs.Merged) + " merged / " + number(prs.Total) + " PRs"}}}
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
