package lists

import (
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Decisions is what people decided.
func (w *Web) Decisions() shell.Panel {
	return list(w, shell.Panel{
		Name:   "decisions",
		Title:  "Decisions",
		Page:   links.Decisions,
		List:   w.Dashboard.Decisions,
		Topics: []string{telemetry.TopicDecisions},
		Menus:  []string{"is", "action", "reason", "repo"},
	}, listing[telemetry.Decision]{
		noun: "decision",
		sort: parts.Sort{Key: "at", Desc: true},
		from: func(v shell.View, q query.Query) shell.Source[telemetry.Decision] {
			return shell.Asked(w.Dashboard.Decisions, v, q)
		},
		draw: panels.Decisions,
		empty: parts.Empty{
			Icon: "log", Title: "Nothing was decided yet", Text: "What people dismiss, accept, assign, snooze and say is listed here.",
		},
	})
}
