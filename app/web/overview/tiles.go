package overview

import (
	"context"
	"strings"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Tiles is the figures of now and of a period.
func (w *Web) Tiles() shell.Panel {
	p := ofPeriod(panel("tiles", "Figures", w.drawTiles, shell.Everything()...))
	p.Every = "30s"
	return p
}

func (w *Web) drawTiles(ctx context.Context, v shell.View) (templ.Component, error) {
	stats, err := w.Stats(ctx, v)
	if err != nil {
		return nil, err
	}
	over, err := w.Figures(ctx, v, shell.TileParts()...)
	if err != nil {
		return nil, err
	}
	active, err := w.activeTile(ctx, v)
	if err != nil {
		return nil, err
	}
	repos, err := shell.CountOf(ctx, w.Dashboard.Repos, shell.View{AsOf: v.AsOf}, queryWithOpen)
	if err != nil {
		return nil, err
	}
	listed, _, err := w.listedOpen(ctx, v, stats)
	if err != nil {
		return nil, err
	}
	f := panels.TileStrip{Frame: v.Frame(), Tiles: tiles(v, stats, listed, over, active, repos[0])}
	f.About = aboutTiles()
	return panels.Tiles(f), nil
}

// activeTile counts what its lists show: a state that only an old record
// reports is not active (docs/rules.md#age-of-a-recorded-state).
func (w *Web) activeTile(ctx context.Context, v shell.View) (parts.Tile, error) {
	t := parts.Tile{Label: "Devin active"}
	queries := []string{queryActive, queryActive + " is:queued,working", queryActive + " is:waiting"}
	counts, err := shell.CountOf(ctx, w.Dashboard.Sessions, v, queries...)
	if err != nil {
		return t, err
	}
	url := func(i int) string { return links.Matching(links.In(v.Scope, links.Sessions), queries[i]) }
	t.Value, t.URL = parts.Number(counts[0]), url(0)
	t.Line = []parts.Segment{{Text: parts.Number(counts[1]) + " working", URL: url(1)},
		{Text: parts.Number(counts[2]) + " waiting", URL: url(2)}}
	return t, nil
}

const queryWithOpen = "open:>0"

func aboutTiles() []string {
	return []string{
		"Open issues, active sessions, waiting pull requests, repositories and runs are current. The arrow shows the change since the day " +
			"before the period.",
		"Closed, opened and merge rate cover the period, from 00:00 UTC of its first day until now. An issue that closes twice " +
			"counts twice.",
		"Merge rate: merged / all pull requests opened in the period; n is that number. For all time it also counts those whose date " +
			"is unknown.",
	}
}

// tiles are the figures of all repositories, or of the page's own.
// listed are the open issues by severity that have a list.
func tiles(v shell.View, t dashboard.Stats, listed map[string]int64, o dashboard.Overview, active parts.Tile, repos int64) []parts.Tile {
	at := func(page string) string { return links.In(v.Scope, page) }
	open := openTile(v, t, listed)
	if o.Period.Name != "all" { // before all time nothing was open
		open.Change = changeSegment(o.Change())
		open.Change.URL = o.Links["open_before/listed"].Page()
	}
	list := []parts.Tile{
		open,
		{
			Label: "Closed" + periodText(o.Period.Name),
			Value: parts.Number(o.Closed),
			URL:   o.Links["closed"].Page(),
			Line:  []parts.Segment{{Text: parts.Number(o.Opened) + " opened", URL: o.Links["opened"].Page()}},
		},
		active,
		pullsTile(at(links.Pulls), t.PRs, o.PRsWaiting),
		rateTile(o),
		overdueTile(t),
	}
	if v.Scope == "" {
		list = append(list, parts.Tile{
			Label: "Repositories",
			Value: parts.Number(len(t.Repos)),
			URL:   links.Repos,
			Line:  []parts.Segment{{Text: parts.Number(repos) + " with open issues", URL: links.Matching(links.Repos, queryWithOpen)}},
		})
	} else {
		list = append(list, parts.Tile{
			Label: "Sessions",
			Value: parts.Number(t.SessionsCreated),
			URL:   at(links.Sessions),
			Line:  []parts.Segment{{Text: parts.Number(t.SessionsFinished) + " finished", URL: links.Matching(at(links.Sessions), "is:finished")}},
		})
	}
	return append(list, parts.Tile{
		Label: "Runs",
		Value: parts.Number(t.Runs),
		URL:   at(links.Runs),
		Line:  []parts.Segment{{Text: parts.Number(t.Dispatches) + " dispatches", URL: links.Matching(at(links.Runs), "kind:dispatch")}},
	})
}

func periodText(name string) string {
	if name == "all" {
		return " over all time"
	}
	return " in " + strings.TrimSuffix(name, "d") + " days"
}

func changeSegment(n int64) parts.Segment {
	switch {
	case n < 0:
		return parts.Segment{Text: "↓ " + parts.Number(-n), Tone: parts.Success}
	case n > 0:
		return parts.Segment{Text: "↑ " + parts.Number(n), Tone: parts.Danger}
	}
	return parts.Segment{}
}

func openTile(v shell.View, t dashboard.Stats, listed map[string]int64) parts.Tile {
	tile := parts.Tile{Label: "Open issues", Value: parts.Number(t.Open), URL: links.In(v.Scope, links.Issues)}
	for _, tier := range []struct {
		name string
		tone parts.Tone
	}{{"critical", parts.Danger}, {"high", parts.Severe}} {
		n := t.OpenSeverity[tier.name]
		segment := parts.Segment{
			Text: parts.Number(n) + " " + tier.name,
			Tone: tier.tone,
			URL:  links.Matching(links.In(v.Scope, links.Issues), shell.QueryOpen+" severity:"+tier.name),
		}
		if without := n - listed[tier.name]; without > 0 {
			segment.Text += ", " + parts.Number(without) + " of them not listed"
		}
		if n == 0 {
			segment.Tone = ""
		}
		tile.Line = append(tile.Line, segment)
	}
	if t.Unlisted > 0 {
		tile.Line = append(tile.Line, parts.Segment{Text: parts.Number(t.Unlisted) + " not listed", URL: t.Links["latest_unlisted"].Page()})
	}
	return tile
}

func pullsTile(list string, prs telemetry.PullCounts, waiting telemetry.Measure) parts.Tile {
	t := parts.Tile{
		Label: "PRs waiting",
		Value: parts.Number(prs.Open),
		URL:   links.Matching(list, shell.QueryOpen),
		Line:  []parts.Segment{{Text: "of " + parts.Number(prs.Total), URL: list}},
	}
	if waiting.Most > 0 {
		t.Line = []parts.Segment{{Text: "oldest " + shell.DaysText(waiting.Most), URL: links.Matching(list, shell.QueryOpen)}}
	}
	if prs.Unknown > 0 {
		t.Line = append(t.Line, parts.Segment{Text: parts.Number(prs.Unknown) + " not fetched", URL: links.Matching(list, "is:unknown")})
	}
	return t
}

func rateTile(o dashboard.Overview) parts.Tile {
	rate := "–" // of none there is no rate
	if o.PRs.Total > 0 {
		rate = shell.PercentText(o.PRs.FixRate())
	}
	return parts.Tile{Label: "Merge rate", Value: rate, URL: o.Links["prs_total"].Page(),
		Line: []parts.Segment{
			{Text: parts.Number(o.PRs.Merged) + " merged", URL: o.Links["prs_merged"].Page()},
			{Text: "of " + parts.Plural(o.PRs.Total, "PR", ""), URL: o.Links["prs_total"].Page()},
		}}
}
