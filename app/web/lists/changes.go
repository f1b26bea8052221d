package lists

import (
	"context"
	"strconv"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Changes is the list of issues opened and closed.
func (w *Web) Changes() shell.Panel {
	return shell.Panel{
		Name:   "changes",
		Title:  "Issues opened and closed",
		Page:   links.Changes,
		Topics: []string{telemetry.TopicRecords},
		Every:  "60s",
		Params: []string{"event", "since", "until", "repo"},
		Past:   true,
		Draw:   w.drawChanges,
	}
}

type changesAsk struct {
	event        string // opened or closed, "" for both
	repo         string // its key
	since, until time.Time
}

func changesAsked(v shell.View) (s changesAsk, err error) {
	s.repo = telemetry.ParseRepo(v.Get("repo")).Key()
	events, err := telemetry.WordsParam("event", v.Get("event"), []string{"opened", "closed"})
	if err != nil {
		return s, err
	}
	if len(events) == 1 {
		s.event = events[0]
	}
	if s.since, err = telemetry.TimeParam("since", v.Get("since")); err != nil {
		return s, err
	}
	s.until, err = telemetry.TimeParam("until", v.Get("until"))
	return s, err
}

func (s changesAsk) ask(l dashboard.Described) (query.Ask, error) {
	a := query.Ask{Repo: s.repo}
	if !s.since.IsZero() || !s.until.IsZero() {
		a = a.And(query.Between("at", s.since, s.until))
	}
	if s.event == "" {
		return a, nil
	}
	t, err := dashboard.Term(l, "is", s.event)
	return a.And(t), err
}

func (w *Web) drawChanges(ctx context.Context, v shell.View) (templ.Component, error) {
	s, err := changesAsked(v)
	if err != nil {
		return nil, err
	}
	a, err := s.ask(w.Dashboard.Changes)
	if err != nil {
		return nil, err
	}
	a.AsOf = v.AsOf
	c := panels.Events{}
	c.Table, err = shell.Table(ctx, v, parts.Sort{Key: "at", Desc: true}, shell.Joined(
		func(ctx context.Context, p query.Page) (telemetry.List[telemetry.IssueEvent], error) {
			a.Page = p
			return w.Dashboard.Changes.Rows(ctx, a)
		}, shell.Each(changeRow)))
	c.Plain, c.Brief, c.Sort = true, true, parts.Sort{}
	c.Empty = parts.Empty{Icon: "check-circle", Title: "No issues opened or closed in this period"}
	for _, t := range []parts.Link{{Text: "Opened and closed"}, {Text: "Opened", URL: "opened"}, {Text: "Closed", URL: "closed"}} {
		c.Narrow = append(c.Narrow, parts.Tab{Text: t.Text, URL: c.At.Href("event", t.URL, "page", ""), Current: s.event == t.URL})
	}
	return panels.IssueEvents(c), err
}

func changeRow(e telemetry.IssueEvent) panels.EventRow {
	row := panels.EventRow{IssueEvent: e, Run: parts.Link{Text: "scan"}}
	if e.Run > 0 {
		run := strconv.FormatInt(e.Run, 10)
		row.Run = parts.Link{Text: "run " + run, URL: links.Matching(links.In(e.RepoName, links.Runs), "run:"+run)}
	}
	if !e.OpenedAt.IsZero() {
		row.OpenFor = shell.DaysText(e.At.Sub(e.OpenedAt.Time))
	}
	return row
}

// ChangesPage lists when issues were opened and closed: what the bars of a
// trend count.
func (w *Web) ChangesPage(c *fiber.Ctx) error {
	v, err := w.ViewOf(c, w.Changes())
	if err != nil {
		return err
	}
	s, err := changesAsked(v)
	if err != nil {
		return err
	}
	draw, err := v.Panel.Draw(c.UserContext(), v)
	if err != nil {
		return err
	}
	body := pages.Body{Title: v.Panel.Title, Breadcrumbs: []parts.Link{{Text: "Issues", URL: links.Issues}}, Rows: [][]templ.Component{{draw}}}
	if words := s.words(); words != "" {
		body.Facts = append(body.Facts, pages.Fact{Icon: "calendar", Text: words})
	}
	if s.repo != "" {
		body.Facts = append(body.Facts, pages.Fact{Icon: "repo", Link: parts.Link{Text: v.Get("repo"), URL: links.Repo(v.Get("repo"))}})
	}
	return w.Show(c, shell.Screen{Title: v.Panel.Title, Current: links.Issues, Body: body})
}

func (s changesAsk) words() string {
	const form = "2 Jan 2006 15:04"
	switch {
	case s.since.IsZero() && s.until.IsZero():
		return ""
	case s.until.IsZero():
		return "since " + s.since.Format(form) + " UTC"
	case s.since.IsZero():
		return "until " + s.until.Format(form) + " UTC"
	}
	return s.since.Format(form) + " – " + s.until.Format(form) + " UTC"
}
