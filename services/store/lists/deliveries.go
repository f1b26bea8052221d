package lists

import (
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Deliveries are the webhooks that GitHub delivered, newest first.
func Deliveries(s *store.Store) *List[telemetry.Delivery] {
	type row = telemetry.Delivery
	return bind(s, List[row]{
		Name: "deliveries", Noun: "deliveries",
		From: "deliveries d", Key: "d.id", Default: "received_at",
		Repo:    func(_ moment, key string) Cond { return that("d.repo_key = ?", key) },
		Free:    func(_ moment, text string) Cond { return anyContains(text, "d.repo", "d.event", "d.result", "d.error") },
		Example: "is:failed",
		Views: []query.View{
			{Name: "All"}, {Name: "Done", Query: "is:done"}, {Name: "Waiting", Query: "is:queued"},
			{Name: "Failed", Query: "is:failed"}, {Name: "Ignored", Query: "is:ignored"},
		},
		Fields: []Field[row]{
			{Name: "id", Help: "GitHub's id of the delivery", Column: "d.id", Into: func(d *row) any { return &d.ID }, CSV: "id",
				Asked: text(func(text string) Cond { return that("d.id = ?", text) })},
			{Name: "event", Help: "push, pull_request, check_suite …", Column: "d.event", Into: func(d *row) any { return &d.Event }, CSV: "event",
				Asked: same("d.event").offers(telemetry.HookEvents()...)},
			{Name: "action", Help: "what happened, for example closed", Column: "d.action", Into: func(d *row) any { return &d.Action },
				CSV: "action", Asked: same("d.action")},
			{Name: "repo", Help: repoHelp, Column: "d.repo", Into: func(d *row) any { return &d.Repo }, CSV: "repo",
				Asked: repoKey("d.repo_key"), Values: ofRows("repo", "deliveries WHERE repo <> ''")},
			{Name: "pull", Column: "d.pull", Into: func(d *row) any { return &d.Pull }, CSV: "pull"},
			{Name: "is", Aliases: []string{"state"}, Help: "what came of it", Column: "d.state", Into: func(d *row) any { return &d.State },
				CSV: "state", Asked: isOne("d.state", telemetry.DeliveryStates()...)},
			{Name: "result", Column: "d.result", Into: func(d *row) any { return &d.Result }, CSV: "result"},
			{Name: "error", Column: "d.error", Into: func(d *row) any { return &d.Error }, CSV: "error"},
			{Name: "tries", Column: "d.tries", Into: func(d *row) any { return &d.Tries }, CSV: "tries"},
			{Name: "received_at", Aliases: []string{"date"}, Help: "when it was received", Column: "d.received",
				Into: func(d *row) any { return &d.Received }, CSV: "received_at",
				Asked: date("d.received").offers("<1d", "<7d"), Sort: down("d.received | d.id")},
			{Name: "next_try_at", Column: "d.next_try", Into: func(d *row) any { return &d.NextTry }, CSV: "next_try_at"},
			{Name: "ended_at", Column: "d.ended", Into: func(d *row) any { return &d.Ended }, CSV: "ended_at"},
		},
	})
}
