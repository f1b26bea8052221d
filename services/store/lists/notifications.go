package lists

import (
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Notifications are the messages that were sent or wait to be, newest first.
func Notifications(s *store.Store) *List[telemetry.Notification] {
	type row = telemetry.Notification
	return bind(s, List[row]{
		Name: "notifications", Noun: "notifications",
		From: "notifications m", Key: "m.id", Default: "queued_at",
		Free: func(_ moment, text string) Cond {
			return anyContains(text, "m.title", "m.rule", "m.owner", "m.error", "m.addresses")
		},
		Example: "is:failed channel:mail",
		Views: []query.View{
			{Name: "All"}, {Name: "Waiting", Query: "is:waiting,failed"}, {Name: "Sent", Query: "is:sent"}, {Name: "Given up", Query: "is:given_up"},
		},
		Fields: []Field[row]{
			{Name: "id", Help: "id of the message, as its receiver has it", Column: "m.id", Into: func(m *row) any { return &m.ID }, CSV: "id",
				Asked: text(func(text string) Cond { return that("m.id = ?", text) })},
			{Name: "rule_id", Column: "m.rule_id", Into: func(m *row) any { return &m.RuleID }, CSV: "rule_id"},
			{Name: "rule", Help: "name of the rule", Column: "m.rule", Into: func(m *row) any { return &m.Rule }, CSV: "rule",
				Asked: text(func(text string) Cond { return sameText("m.rule", text) }), Values: ofRows("rule", "notifications WHERE rule <> ''")},
			{Name: "event", Help: "what it tells of", Column: "m.event", Into: func(m *row) any { return &m.Event }, CSV: "event",
				Asked: isOne("m.event", append(telemetry.NotifyEvents(), telemetry.NotifyTest)...)},
			{Name: "channel", Help: "slack, webhook or mail", Column: "m.channel", Into: func(m *row) any { return &m.Channel }, CSV: "channel",
				Asked: isOne("m.channel", telemetry.NotifyChannels()...)},
			{Name: "addresses", Column: "m.addresses", Into: func(m *row) any { return store.ListOf(&m.Addresses) }, CSV: "addresses"},
			{Name: "owner", Help: "whose digest it is", Column: "m.owner", Into: func(m *row) any { return &m.Owner }, CSV: "owner",
				Asked: text(func(text string) Cond { return sameText("m.owner", text) }), Values: ofRows("owner", "notifications WHERE owner <> ''")},
			{Name: "title", Column: "m.title", Into: func(m *row) any { return &m.Title }, CSV: "title"},
			{Name: "count", Column: "m.n", Into: func(m *row) any { return &m.Count }, CSV: "count"},
			{Name: "repo", Column: "m.repo", Into: func(m *row) any { return &m.Repo }, CSV: "repo"},
			{Name: "is", Aliases: []string{"state"}, Help: "what came of it", Column: "m.state", Into: func(m *row) any { return &m.State },
				CSV: "state", Asked: isOne("m.state", telemetry.NotificationStates()...)},
			{Name: "error", Column: "m.error", Into: func(m *row) any { return &m.Error }, CSV: "error"},
			{Name: "tries", Column: "m.tries", Into: func(m *row) any { return &m.Tries }, CSV: "tries"},
			{Name: "next_try_at", Column: "m.next_try", Into: func(m *row) any { return &m.NextTry }, CSV: "next_try_at"},
			{Name: "queued_at", Aliases: []string{"date"}, Help: "when it was queued", Column: "m.at", Into: func(m *row) any { return &m.At },
				CSV: "queued_at", Asked: date("m.at").offers("<1d", "<7d"), Sort: down("m.at | m.id")},
			{Name: "ended_at", Column: "m.ended", Into: func(m *row) any { return &m.Ended }, CSV: "ended_at"},
		},
	})
}
