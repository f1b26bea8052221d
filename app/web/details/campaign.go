package details

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

const (
	// burnHeight is that of the burn-down in pixels, burnRows how many days its table has at most.
	burnHeight, burnRows = 224, 60
	// stuckRows is how many rows of what waits are shown.
	stuckRows = 6
)

// Campaign is the panel of a campaign.
func (w *Web) Campaign() shell.Panel {
	p := page("campaign", "Campaigns", links.Campaigns, w.LoadCampaign)
	p.Topics, p.Past, p.Clock = shell.CampaignTopics(), false, true
	return p
}

// CampaignNeeds is what waits for a person of a campaign.
func (w *Web) CampaignNeeds() shell.Panel {
	return shell.Panel{
		Name: "campaign-needs", Title: "What holds it up", Page: links.Campaigns, One: true, Every: "60s", Clock: true,
		Topics: shell.CampaignTopics(),
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			id, err := campaignOf(v)
			if err != nil {
				return nil, err
			}
			text := "campaign:" + parts.Decimal(id)
			q, err := dashboard.Parse(w.Dashboard.Needs, text)
			if err != nil {
				return nil, err
			}
			t, err := shell.Short(ctx, v, stuckRows, parts.Sort{Key: "urgency"}, w.NeedsOf(v, q))
			t.At, t.CountURL = v.Address(), links.Matching(links.NeedsYou, text)
			t.More = parts.Link{Text: "All of them", URL: t.CountURL}
			t.Empty = parts.Empty{Icon: "check-circle", Title: "Nothing waits for a person"}
			return panels.Needs(panels.NeedList{Table: t}), err
		},
	}
}

// campaignOf is the number of the campaign that a view is about.
func campaignOf(v shell.View) (int64, error) {
	return telemetry.NumberParam("id", v.Subject, 1, 0, 1<<62)
}

// LoadCampaign draws the campaign that the view is about.
func (w *Web) LoadCampaign(ctx context.Context, v shell.View) (d detail, err error) {
	id, err := campaignOf(v)
	if err != nil {
		return d, telemetry.Errorf(telemetry.CodeNotFound, "Campaign %s not found. See the list of campaigns.", telemetry.Shown(v.Subject))
	}
	c, err := w.Dashboard.CampaignByID(ctx, id, w.Now())
	if err != nil {
		return d, err
	}
	p := panels.CampaignPage{
		Frame: v.Untitled(), Campaign: w.CampaignRow(c.CampaignRow), Chart: burnDown(c), Budget: budget(c), Costs: costs(c),
		Head: panels.Heading{Title: c.Name, Breadcrumbs: []parts.Link{{Text: "Campaigns", URL: links.Campaigns}}},
		Facts: []panels.Pair{
			{Name: "Begun by", Phrases: []panels.Phrase{{Text: c.By}}},
			{Name: "Begun", Time: c.At.Time, As: "ago"},
			{Name: "Issues", Phrases: unknownIssues(c)},
		},
	}
	if next := links.SendNext(c.ID); shell.Refusal(ctx, next) == "" {
		p.Next = parts.Link{Text: "Send the next batch…", URL: next}
	}
	if !c.ClosedAt.IsZero() {
		p.Facts = append(p.Facts, panels.Pair{Name: "Closed", Time: c.ClosedAt.Time, As: "ago"},
			panels.Pair{Name: "Closed by", Phrases: []panels.Phrase{{Text: string(c.ClosedBy)}}})
	}
	p.Pace, p.Behind = paceWords(c)
	p.Auto = panels.AutoSend{AutoSendState: c.Sending, PerDay: c.PerDay, Floor: c.Floor, By: string(c.AutoSend.By),
		Since: c.AutoSend.Since.Time, URL: c.Links["sessions"].Page()}
	p.Campaign.Auto = shell.AutoSendWords(c.AutoSend, c.Sending)
	return detail{title: c.Name, body: panels.Campaign(p)}, nil
}

// unknownIssues says how many of the campaign's issues are found, and why others are not.
func unknownIssues(c dashboard.Campaign) []panels.Phrase {
	list := []panels.Phrase{{Text: parts.Number(c.Done + c.Left), URL: c.Links["issues"].Page()}}
	if c.Unknown > 0 {
		list = append(list, panels.Phrase{Text: " of those when it began; the others are in no record now, or turned out to be one of these."})
	}
	return list
}

// paceWords say whether the campaign will be in time. They are estimates.
func paceWords(c dashboard.Campaign) (words []panels.Phrase, behind bool) {
	say := func(format string, args ...any) {
		words = append(words, panels.Phrase{Text: fmt.Sprintf(format, args...)})
	}
	switch late := c.Late(c.Pace); {
	case !c.ClosedAt.IsZero() || c.Left == 0 || c.Pace.Ends.IsZero() && c.Due.IsZero():
		return nil, false
	case c.Pace.Ends.IsZero():
		say("No forecast yet.")
		say(" It needs a week, and three issues gone.")
		return words, false
	case late >= 24*time.Hour:
		behind = true
		say("%s late at this pace.", shell.DaysText(late))
	case c.Due.IsZero():
		say("On its way.")
	default:
		say("In time at this pace.")
	}
	say(" %s gone in the last %s", parts.Number(c.Pace.Gone), shell.DaysText(time.Duration(c.Pace.Days*float64(24*time.Hour))))
	if c.Pace.Needed > 0 {
		say(", %s are needed", parts.Number(c.Pace.Needed))
	}
	say(". The last issue would go on %s.", c.Pace.Ends.UTC().Format("2 Jan 2006"))
	return words, behind
}

// burnDown is what was left day by day, with the plan and, where there is one,
// the forecast.
func burnDown(c dashboard.Campaign) parts.Chart {
	chart := parts.Chart{
		ID: "campaign-burn-down", Label: "Issues left by day", Height: burnHeight, Stepped: true, Columns: []string{"Until", "Left"},
	}
	left := parts.Series{Name: "left", Class: "chart-left", URL: c.Links["left"].Page()}
	step := (len(c.Days) + burnRows - 1) / burnRows
	for i, d := range c.Days {
		link := c.Links[fmt.Sprintf("burn_down/%d/left", i)].Page()
		day := d.At.UTC().Format("2 Jan 2006")
		chart.Points = append(chart.Points, parts.Point{At: d.At.Time, Title: day + ": " + parts.Number(d.Left) + " left", URL: link})
		left.N = append(left.N, int(d.Left))
		if (len(c.Days)-1-i)%step == 0 {
			cells := []parts.Link{{Text: parts.Number(d.Left), URL: link}}
			chart.Rows = append(chart.Rows, parts.Row{Name: d.At.UTC().Format("2 Jan 2006 15:04"), Cells: cells})
		}
	}
	chart.Series = []parts.Series{left}
	addPlan(&chart, c)
	return chart
}

// addPlan adds the plan, the due date and the forecast to a burn-down.
func addPlan(chart *parts.Chart, c dashboard.Campaign) {
	first, last := c.Days[0], c.Days[len(c.Days)-1]
	top := float64(first.Left)
	if !c.Due.IsZero() && c.Due.After(c.At.Time) {
		chart.Until = c.Due.Time
		plan, due := fmt.Sprintf("plan: %.0f now", c.Plan(first.Left, last.At.Time)), "due "+c.Due.UTC().Format("2 Jan 2006")
		chart.Lines = append(chart.Lines,
			parts.PlotLine{Name: plan, Class: "line-plan", From: c.At.Time, To: c.Due.Time, A: top},
			parts.PlotLine{Name: due, Class: "line-due", From: c.Due.Time, To: c.Due.Time, A: top})
	}
	if ends := c.Pace.Ends; !ends.IsZero() && c.ClosedAt.IsZero() {
		f := parts.PlotLine{Name: "at this pace: " + ends.UTC().Format("2 Jan 2006"), Class: "line-forecast"}
		f.From, f.To, f.A = last.At.Time, ends.Time, float64(last.Left)
		if most := last.At.Add(2 * last.At.Sub(first.At.Time)); ends.After(most) && most.After(chart.Until) { // it would push the rest aside
			f.To, f.B = most, f.A*(1-float64(most.Sub(last.At.Time))/float64(ends.Sub(last.At.Time)))
		}
		if f.To.After(chart.Until) {
			chart.Until = f.To
		}
		chart.Lines = append(chart.Lines, f)
	}
}

// budget is what sessions have used of it.
func budget(c dashboard.Campaign) []panels.BudgetLine {
	meter := func(name string, used parts.Link, n, limit int64) panels.BudgetLine {
		m := panels.BudgetLine{Name: name, Used: used}
		if limit > 0 {
			m.Limit, m.Part, m.Over = parts.Number(limit), int(min(1000, n*1000/limit)), n > limit
			if m.Note = parts.Number(limit-n) + " remain."; m.Over {
				m.Note = parts.Number(n-limit) + " more than the budget."
			}
		}
		return m
	}
	sessions := parts.Link{Text: parts.Number(c.Sessions)}
	if c.Sessions > 0 {
		sessions.URL = c.Links["sessions"].Page()
	}
	cost := parts.Link{Text: parts.OneDecimal(float64(c.MilliACU)/1000) + " ACUs"} // a sum, of which the row above has the sessions
	return []panels.BudgetLine{
		meter("Sessions", sessions, c.Sessions, c.MaxSessions), meter("Cost", cost, (c.MilliACU+999)/1000, c.MaxACUs),
	}
}

// costs say what an issue that is gone has cost, and what is not known.
func costs(c dashboard.Campaign) (list [][]panels.Phrase) {
	if per := c.ACUsPerGone(); per != nil {
		list = append(list, []panels.Phrase{{Text: parts.OneDecimal(*per) + " ACUs", Measure: true}, {Text: " for each of the "},
			{Text: parts.Plural(c.Gone, "issue", ""), URL: c.Links["gone"].Page()}, {Text: " that went since it began."}})
	}
	if c.Unpriced > 0 {
		list = append(list, []panels.Phrase{{Text: parts.Plural(c.Unpriced, "session", ""), URL: c.Links["sessions_unknown"].Page()},
			{Text: " without a known cost" + shell.Are(c.Unpriced) + "left out of the ACUs."}})
	}
	return list
}

// CampaignForm changes and closes a campaign.
func (w *Web) CampaignForm() shell.Panel {
	return shell.Panel{
		Name: "campaign-form", Title: "Change it", Page: links.Campaigns, One: true,
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			id, err := campaignOf(v)
			if err != nil {
				return nil, err
			}
			c, err := w.Dashboard.CampaignByID(ctx, id, w.Now())
			if err != nil {
				return nil, err
			}
			f, err := w.campaignForm(ctx, v.Form)
			if v.Fault == nil {
				f.Name, f.Owner, f.Due = c.Name, string(c.Owner), panels.DateField(c.Due)
				f.Session, f.ACUs = limitField(c.MaxSessions), limitField(c.MaxACUs)
				f.PerDay, f.Floor = parts.Decimal(c.PerDay), parts.Decimal(c.Floor)
			} else {
				f.Fault, f.Open = telemetry.Sentence(v.Fault), v.Form.Get("per_day") == ""
			}
			f.On = c.AutoSend.On()
			if f.Owner != "" && !slices.Contains(f.People, f.Owner) {
				f.People = append(f.People, f.Owner)
			}
			if f.Least = ""; !c.ClosedAt.IsZero() {
				f.Off = "This campaign is closed: it is no longer changed."
			}
			f.Fields = []parts.Field{{Name: "id", Value: parts.Decimal(id)}, {Name: "version", Value: c.Version()},
				{Name: "was", Value: panels.DateField(c.Due)}}
			return panels.EditCampaign(f), err
		},
	}
}

func limitField(n int64) string {
	if n == 0 {
		return ""
	}
	return parts.Decimal(n)
}
