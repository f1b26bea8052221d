package overview

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// rateLeast is the number of issues under which a rate says little.
const rateLeast = 5

// Rates is how many of the issues that sessions worked on are closed, by family.
func (w *Web) Rates() shell.Panel {
	return ofPeriod(panel("rates", "Fix rate by CWE family", w.drawRates, telemetry.TopicRecords))
}

// Spans is the time to fix, and the age of what is open.
func (w *Web) Spans() shell.Panel {
	return ofPeriod(panel("spans", "How long", w.drawSpans, telemetry.TopicRecords))
}

// Outcomes counts the sessions of a period by outcome.
func (w *Web) Outcomes() shell.Panel {
	return ofPeriod(panel("outcomes", "Sessions by outcome", w.drawOutcomes, shell.Everything()...))
}

func (w *Web) drawRates(ctx context.Context, v shell.View) (templ.Component, error) {
	o, err := w.Figures(ctx, v, telemetry.TrendFamilies)
	if err != nil {
		return nil, err
	}
	r := panels.Rates{Frame: v.Frame(), Kind: "Family", DoneHead: "Closed / n", Rows: rateRows(v, o), All: rateAll(v, o)}
	r.Note, r.Empty = "attempted"+periodText(o.Period.Name), parts.Empty{Icon: "pulse", Title: "No session worked on an issue in this period"}
	r.About = []string{
		"n: issues that a Devin session worked on in the period. Closed: those that the latest scans no longer find.",
		"A family with fewer than " + strconv.Itoa(rateLeast) + " is gray: the sample is too small.",
		"Sessions whose issues are not named are not counted in n.",
	}
	r.Summary = summarizeRates(r)
	return panels.FixRates(r), nil
}

// rateRows are the families with the most attempts; the rest is one row.
func rateRows(v shell.View, o dashboard.Overview) []panels.RateRow {
	named := o.Families
	if len(named) > familyRows+1 {
		named = named[:familyRows]
	}
	var rows []panels.RateRow
	others := attemptsIn(v, o)
	for i, f := range named {
		place := "families/" + strconv.Itoa(i)
		rows = append(rows, rateRow(familyName(f.Family), f, o.Links[place+"/attempted"], o.Links[place+"/closed"]))
		others = others.And("-" + familyTerm(f.Family))
	}
	rest := sumRates(o.Families[len(named):])
	if rest.Attempted > 0 {
		rows = append(rows, rateRow("other families", rest, others, others.And("is:fixed")))
	}
	return rows
}

// familyTerm asks for the issues of a family.
func familyTerm(name string) string {
	return cmp.Or(shell.TermText("family", name), "no:family")
}

// attemptsIn are the issues that a session worked on in the period.
func attemptsIn(v shell.View, o dashboard.Overview) dashboard.Link {
	attempted := dashboard.Link{List: "issues", Query: "taken:>=" + o.Period.Since.UTC().Format(time.RFC3339) + " " + dashboard.UndecidedTerm}
	if v.Scope != "" {
		attempted = attempted.And("repo:" + v.RepoKey())
	}
	return attempted
}

func familyName(name string) string { return cmp.Or(name, "no family") }

func sumRates(families []telemetry.FamilyRate) (sum telemetry.FamilyRate) {
	for _, f := range families {
		sum.Attempted += f.Attempted
		sum.Closed += f.Closed
	}
	return sum
}

func rateAll(v shell.View, o dashboard.Overview) panels.RateRow {
	attempted := attemptsIn(v, o)
	return rateRow("All families", sumRates(o.Families), attempted, attempted.And("is:fixed"))
}

func rateRow(name string, f telemetry.FamilyRate, tried, done dashboard.Link) panels.RateRow {
	rate := telemetry.PullCounts{Total: f.Attempted, Merged: f.Closed}.FixRate()
	return panels.RateRow{
		Name:     name,
		Tried:    int(f.Attempted),
		Done:     int(f.Closed),
		URL:      tried.Page(),
		DoneURL:  done.Page(),
		Percent:  shell.PercentText(rate),
		PerMille: int(rate * 10),
		Faint:    f.Attempted < rateLeast,
	}
}

func (w *Web) drawSpans(ctx context.Context, v shell.View) (templ.Component, error) {
	o, err := w.Figures(ctx, v, telemetry.TrendFix, telemetry.TrendAges)
	if err != nil {
		return nil, err
	}
	s := panels.Spans{Frame: v.Frame(), Fix: fixTiles(o)}
	total := int64(0)
	for i, b := range o.Ages {
		total += b.N
		s.Ages = append(s.Ages, parts.Slice{Name: b.Name, N: int(b.N), URL: o.Links["ages/"+strconv.Itoa(i)+"/n"].Page()})
	}
	if o.TimeToFix.N == 0 && total == 0 {
		s.Empty = parts.Empty{Icon: "clock", Title: "No issues closed, and none open"}
	}
	s.Note = "time to fix" + periodText(o.Period.Name) + ", and age of open issues"
	s.About = []string{
		"Time to fix: from when an issue was first seen or reopened to the scan that no longer found it. n: issues closed in the period.",
		"Median: half took less time. p90: nine of ten took less time.",
		"Age: the time since the issue was first seen, also if it was reopened.",
	}
	s.Summary = summarizeSpans(o)
	return panels.HowLong(s), nil
}

func fixTiles(o dashboard.Overview) []parts.Tile {
	m, rows := o.TimeToFix, o.Links["time_to_fix/n"].Page()
	median, p90 := "–", "–"
	if m.N > 0 {
		median, p90 = shell.DaysText(m.Median), shell.DaysText(m.P90)
	}
	n := []parts.Segment{{Text: "n = " + parts.Number(m.N), URL: rows}}
	return []parts.Tile{
		{Label: "Time to fix, median", Value: median, URL: rows, Line: n},
		{Label: "Time to fix, p90", Value: p90, URL: rows, Line: n},
	}
}

func (w *Web) drawOutcomes(ctx context.Context, v shell.View) (templ.Component, error) {
	o, err := w.Figures(ctx, v, telemetry.TrendSessions)
	if err != nil {
		return nil, err
	}
	out := panels.Outcomes{Frame: v.Frame(), Empty: parts.Empty{Icon: "hubot", Title: "No session started in this period"}}
	most, total := int64(0), int64(0)
	for _, s := range o.Sessions {
		most = max(most, s.N)
		if s.State != telemetry.StateNeverStarted {
			total += s.N
		}
	}
	for i, s := range o.Sessions {
		out.Rows = append(out.Rows, panels.OutcomeRow{
			State: s.State,
			HasPR: s.WithPR,
			N:     int(s.N),
			Most:  int(most),
			URL:   o.Links["sessions/outcomes/"+strconv.Itoa(i)+"/n"].Page(),
		})
	}
	out.Note, out.Count = "started"+periodText(o.Period.Name), parts.Number(total)
	out.More = parts.Link{Text: "All started", URL: o.Links["sessions/total"].Page()}
	out.About = []string{"Sessions of the period’s runs by current state. Sessions that never started " +
		"are not counted."}
	out.Summary = summarizeOutcomes(out)
	return panels.SessionOutcomes(out), nil
}
