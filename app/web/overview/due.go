package overview

import (
	"context"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// DueDates is how issues stand with their due dates, by severity, owner and repository.
func (w *Web) DueDates() shell.Panel {
	return ofPeriod(panel("due-dates", "Due dates", w.drawDue, telemetry.TopicRecords, telemetry.TopicDecisions))
}

// dueRows is how many owners and repositories a panel shows, ownerRows how many
// owners their page does; the API has all.
const (
	dueRows   = 10
	ownerRows = 500
)

// Owners is how the issues of each owner stand.
func (w *Web) Owners() shell.Panel {
	p := ofPeriod(panel("owners", "Owners", w.drawOwners, telemetry.TopicRecords, telemetry.TopicDecisions))
	p.Page, p.Params = links.Owners, append(p.Params, "repo")
	return p
}

// OwnersPage is "/owners", of all repositories or of ?repo=.
func (w *Web) OwnersPage(c *fiber.Ctx) error {
	ctx := c.UserContext()
	v, err := w.ViewOf(c, shell.Panel{})
	if err != nil {
		return err
	}
	if _, err := telemetry.ParsePeriod(v.Get("period"), w.NowOf(v)); err != nil {
		return err
	}
	if v, err = w.ofRepo(ctx, v); err != nil {
		return err
	}
	body := pages.Body{Title: "Owners", Rows: [][]templ.Component{{w.Owners().Within(ctx, v)}}}
	body.Facts, body.Periods = w.ofWhat(v, links.Owners)
	return w.Show(c, shell.Screen{Title: "Owners", Current: links.Overview, Body: body})
}

func (w *Web) drawOwners(ctx context.Context, v shell.View) (templ.Component, error) {
	v, err := w.ofRepo(ctx, v)
	if err != nil {
		return nil, err
	}
	d, err := w.Due(ctx, v)
	if err != nil {
		return nil, err
	}
	p := panels.DueDates{Frame: v.Frame()}
	if !owned(d.ByOwner) {
		p.Empty = parts.Empty{Icon: "person", Title: "No issue has an owner",
			Text: "Owners are whom the CODEOWNERS of a scanned repository names for a file, else the tags of the registry."}
		return panels.DuePanel(p), nil
	}
	t := panels.DueTable{Title: "Issues by owner", Kind: "Owner", Tiers: true, Rates: true}
	t.Note = "closed and attempted" + periodText(d.Period.Name)
	if n := len(d.ByOwner); n > ownerRows {
		t.Note += ", the " + parts.Decimal(ownerRows) + " with the most overdue"
	}
	p.Tables = []panels.DueTable{dueTable(d, "by_owner/", d.ByOwner, ownerRows, t)}
	return panels.DuePanel(p), nil
}

func (w *Web) drawDue(ctx context.Context, v shell.View) (templ.Component, error) {
	d, err := w.Due(ctx, v)
	if err != nil {
		return nil, err
	}
	p := panels.DueDates{Frame: v.Frame()}
	p.About = []string{
		"Due: the days of SLA_DAYS for the severity, times a factor by the registry's importance of the repository. The clock pauses while an " +
			"issue is dismissed, accepted or not scanned.",
		"Closed in time: of the issues that are fixed and were closed in the period and those that are overdue now, how many were closed " +
			"by their due date.",
		"An issue with several owners counts for each.",
	}
	if len(d.BySeverity) == 0 {
		p.Empty = parts.Empty{Icon: "calendar", Title: "No issue is open, and none was closed in this period"}
		return panels.DuePanel(p), nil
	}
	note := "closed" + periodText(d.Period.Name)
	add := func(place string, lines []telemetry.DueLine, kind string, tiers bool) {
		p.Tables = append(p.Tables, dueTable(d, place, lines, dueRows,
			panels.DueTable{Title: "Due dates by " + strings.ToLower(kind), Kind: kind, Note: note, Tiers: tiers}))
	}
	add("by_severity/", d.BySeverity, "Severity", false)
	if owned(d.ByOwner) {
		add("by_owner/", d.ByOwner, "Owner", true)
		all := []string{"period", d.Period.Name}
		if v.Scope != "" {
			all = append(all, "repo", v.Scope)
		}
		p.Tables[len(p.Tables)-1].More = parts.Link{Text: "All owners", URL: links.With(links.Owners, all...)}
	}
	if v.Scope == "" {
		add("by_repo/", d.ByRepo, "Repository", true)
	}
	return panels.DuePanel(p), nil
}

// owned reports whether anybody owns an issue.
func owned(lines []telemetry.DueLine) bool {
	return len(lines) > 1 || len(lines) == 1 && lines[0].Name != ""
}

// dueTable has the first lines, those with the most overdue issues.
func dueTable(d dashboard.Due, place string, lines []telemetry.DueLine, most int, t panels.DueTable) panels.DueTable {
	if len(lines) > most && most == dueRows {
		t.Note += ", the most overdue first"
		if place == "by_repo/" {
			t.More = parts.Link{Text: "All repositories", URL: links.With(links.Repos, "sort", "overdue")}
		}
	}
	for i, l := range lines[:min(len(lines), most)] {
		at := place + strconv.Itoa(i) + "/"
		link := func(figure string, n int64) parts.Link {
			return parts.Link{Text: parts.Number(n), URL: d.Links[at+figure].Page()}
		}
		row := panels.DueLine{
			Name: parts.Link{Text: dueName(place, l.Name), URL: d.Links[at+"open"].Page()}, Overdue: link("overdue", l.Overdue),
			Soon: link("due_soon", l.Soon), InTime: link("closed_in_time", l.InTime), Late: link("closed_late", l.Late),
			N: parts.Number(l.N()), Rate: "–", Faint: l.N() > 0 && l.N() < rateLeast,
		}
		if t.Rates {
			row.Attempted, row.Fixed, row.FixRate = link("attempted", l.Attempted), link("fixed", l.Fixed), shell.PercentText(l.FixRate())
		}
		if place == "by_repo/" {
			row.Name.URL = links.Repo(l.Name)
		}
		if p := l.Percent(); p != nil {
			row.Rate = shell.PercentText(*p)
		}
		if t.Tiers {
			for _, tier := range telemetry.Severities() {
				row.Open = append(row.Open, link("open_by_severity/"+tier, l.Open[tier]))
			}
		} else {
			row.Open = []parts.Link{link("open", telemetry.Sum(l.Open))}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func dueName(place, name string) string {
	switch {
	case name != "":
		return name
	case place == "by_owner/":
		return "nobody"
	}
	return "none"
}

// overdueTile counts what is overdue, and what is due soon.
func overdueTile(t dashboard.Stats) parts.Tile {
	tile := parts.Tile{Label: "Overdue", Value: parts.Number(t.Due.All.Overdue), URL: t.Links["overdue"].Page(),
		Line: []parts.Segment{{Text: parts.Number(t.Due.All.Soon) + " due in 7 days", URL: t.Links["due_soon"].Page()}}}
	if t.Due.All.Soon > 0 {
		tile.Line[0].Tone = parts.Attention
	}
	return tile
}
