package shell

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Everything are the topics of what shows records, sessions and pull
// requests.
func Everything() []string {
	return []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls}
}

// ListTopics are the topics of what shows a list under its saved views.
func ListTopics() []string { return append(Everything(), telemetry.TopicViews) }

// Saved is the menu of all saved views, next to the navigation.
func (w *Shell) Saved() Panel {
	return Panel{Name: "saved", Title: "Saved views", Page: links.Issues, Topics: []string{telemetry.TopicViews}, Draw: w.drawSaved}
}

func (w *Shell) drawSaved(ctx context.Context, v View) (templ.Component, error) {
	groups, err := w.savedGroups(ctx)
	if err != nil {
		return nil, err
	}
	return panels.SavedViews(panels.SavedMenu{Frame: v.Frame(), Groups: groups}), nil
}

func (w *Shell) savedGroups(ctx context.Context) ([]panels.SavedGroup, error) {
	all, err := w.Dashboard.Views(ctx)
	if err != nil {
		return nil, err
	}
	var groups []panels.SavedGroup
	for _, l := range w.Dashboard.Queried() {
		list := l.Schema().Name
		group := panels.SavedGroup{Title: navigationText(links.List(list))}
		for _, saved := range all {
			if saved.List == list {
				group.Views = append(group.Views, parts.Link{Text: saved.Name, URL: links.View(saved.List, saved.Query)})
			}
		}
		if len(group.Views) > 0 {
			groups = append(groups, group)
		}
	}
	return groups, nil
}
