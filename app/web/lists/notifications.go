package lists

import (
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Notifications is the list of messages that were sent or wait to be.
func (w *Web) Notifications() shell.Panel {
	return list(w, shell.Panel{
		Name:   "notifications",
		Title:  "Notifications",
		Page:   links.Notifications,
		List:   w.Dashboard.Notifications,
		Topics: []string{telemetry.TopicNotify},
		Menus:  []string{"is", "channel", "event", "rule"},
	}, listing[panels.NotificationRow]{
		noun: "notification",
		sort: parts.Sort{Key: "queued_at", Desc: true},
		from: func(v shell.View, q query.Query) shell.Source[panels.NotificationRow] {
			return shell.Joined(shell.Asked(w.Dashboard.Notifications, v, q), shell.Each(notificationRow))
		},
		draw:  panels.Notifications,
		empty: parts.Empty{Icon: "pulse", Title: "Nothing was sent yet", Text: "What rules tell is listed here, and what came of each message."},
	})
}

func notificationRow(n telemetry.Notification) panels.NotificationRow {
	r := panels.NotificationRow{Notification: n}
	if n.State == telemetry.NotificationGivenUp {
		r.Retry = parts.Action{
			Text: "Send again", Icon: "sync", URL: links.ActionRetryNotification, Hidden: []parts.Field{{Name: "id", Value: n.ID}},
		}
	}
	return r
}
