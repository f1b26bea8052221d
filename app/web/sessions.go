package web

import (
	"context"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specSessions() spec {
	return spec{name: "sessions", title: "Sessions", page: "/sessions", tab: "/sessions", topics: []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls}, every: "60s",
		filters: []string{"state", "repo", "run_number"}, draw: w.drawSessions}
}

func (w *Web) specNow() spec {
	return spec{name: "now", title: "Devin now", page: "/", topics: []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls}, every: "15s", draw: w.drawNow}
}

func (w *Web) sessionsPage(c *fiber.Ctx) error { return w.listPage(c, w.specSessions()) }

func (w *Web) drawSessions(ctx context.Context, v view) (templ.Component, error) {
	f := telemetry.SessionFilter{}
	var err error
	if f.Repo, err = v.repoKey(); err != nil {
		return nil, err
	}
	if f.States, err = words(v, "state", telemetry.States()); err != nil {
		return nil, err
	}
	if v.get("run_number") != "" {
		n, err := v.number("run_number", 0, 0, 1<<62)
		if err != nil {
			return nil, err
		}
		f.RunNumber = &n
	}
	t, err := table(ctx, v, parts.Sort{Key: "state"}, w.sessionsOf(f), w.sessionRow)
	if err != nil {
		return nil, err
	}
	totals, err := w.o.Dashboard.Totals(ctx)
	if err != nil {
		return nil, err
	}
	t.Filters = append([]parts.Filter{{Name: "state", Label: "State", Value: v.get("state"), Choices: sessionChoices()}}, repoFilter(v, totals)...)
	t.Empty = parts.Empty{Icon: "hubot", Title: "No sessions yet", Text: "Devin sessions that runs started are listed here."}
	if totals.Runs == 0 {
		w.noRuns(&t.Empty, &t.Action)
	}
	return panels.Sessions(t), nil
}

func (w *Web) sessionsOf(f telemetry.SessionFilter) ask[telemetry.SessionRow] {
	return func(ctx context.Context, p telemetry.Page) (telemetry.List[telemetry.SessionRow], error) {
		return w.o.Dashboard.Sessions(ctx, f, p)
	}
}

func sessionChoices() []parts.Choice {
	choices := []parts.Choice{{Text: "all"}, {Value: activeStates(), Text: "active"}}
	for _, s := range telemetry.States() {
		choices = append(choices, parts.Choice{Value: string(s), Text: strings.ReplaceAll(string(s), "_", " ")})
	}
	return choices
}

// activeStates is the value of state that chooses active sessions.
func activeStates() string {
	var active []string
	for _, s := range telemetry.States() {
		if s.Active() {
			active = append(active, string(s))
		}
	}
	return strings.Join(active, ",")
}

// nowRows is how many active sessions the overview shows.
const nowRows = 10

func (w *Web) drawNow(ctx context.Context, v view) (templ.Component, error) {
	f := telemetry.SessionFilter{}
	for _, s := range telemetry.States() {
		if s.Active() {
			f.States = append(f.States, s)
		}
	}
	if v.scope != "" {
		f.Repo = v.repo.Name.Key()
	}
	t, err := short(ctx, v, nowRows, parts.Sort{Key: "state"}, w.sessionsOf(f), w.sessionRow)
	if err != nil {
		return nil, err
	}
	if w.o.Settings.PollInterval > 0 {
		t.Note = "polled every " + spanText(w.o.Settings.PollInterval)
	}
	t.More = parts.Link{Text: "All sessions", URL: v.listURL("/sessions")}
	t.Empty = parts.Empty{Icon: "hubot", Title: "Devin is not working on anything", Text: "Sessions appear here while they are queued, working, or waiting for you."}
	return panels.DevinNow(t), nil
}

// listURL is a list's own page: the tab of the repository's page, or of
// all.
func (v view) listURL(path string) string {
	if v.scope != "" {
		return panels.RepoURL(v.scope) + path
	}
	return path
}
