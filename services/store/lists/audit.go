package lists

import (
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Audit is who did what, newest first.
func Audit(s *store.Store) *List[telemetry.AuditEntry] {
	type row = telemetry.AuditEntry
	return bind(s, List[row]{
		Name: "audit", Noun: "audit entries",
		From: "audit u", Key: "u.id", Default: "at",
		Free: func(_ moment, text string) Cond {
			return anyContains(text, "u.name", "u.action", "u.subject", "u.detail", "u.was", "u.becomes", "u.error")
		},
		Example: "action:dispatch by:mona",
		Views: []query.View{
			{Name: "All"}, {Name: "Sign-ins", Query: "action:sign-in"}, {Name: "Refused", Query: "is:refused"}, {Name: "Failed", Query: "is:failed"},
		},
		Fields: []Field[row]{
			{Name: "id", Column: "u.id", Into: func(u *row) any { return &u.ID }, CSV: "id"},
			{Name: "at", Aliases: []string{"date"}, Help: "when it was done", Column: "u.at", Into: func(u *row) any { return &u.At }, CSV: "at",
				Asked: date("u.at").offers("<1d", "<7d"), Sort: down("u.at | u.id")},
			{Name: "person", Help: "the key of who did it, for example github:mona", Column: "u.person",
				Into: func(u *row) any { return &u.Person }, CSV: "person", Asked: text(func(text string) Cond { return sameText("u.person", text) })},
			{Name: "by", Help: "who did it", Column: "u.name", Into: func(u *row) any { return &u.Name }, CSV: "name",
				Asked: text(func(text string) Cond { return sameText("u.name", text) }), Values: ofRows("name", "audit WHERE name <> ''")},
			{Name: "role", Help: "with which role", Column: "u.role", Into: func(u *row) any { return &u.Role }, CSV: "role",
				Asked: same("u.role").offers("viewer", "operator", "admin")},
			{Name: "way", Help: "how the person came in", Column: "u.way", Into: func(u *row) any { return &u.Way }, CSV: "way",
				Asked: same("u.way").offers("open", "github", "proxy", "token")},
			{Name: "from", Help: "from which address", Column: "u.origin", Into: func(u *row) any { return &u.Origin }, CSV: "from",
				Asked: text(func(text string) Cond { return sameText("u.origin", text) }), Values: ofRows("origin", "audit WHERE origin <> ''")},
			{Name: "action", Help: "what was done: dispatch, reply, sign-in …", Column: "u.action", Into: func(u *row) any { return &u.Action },
				CSV: "action", Asked: text(func(text string) Cond { return sameText("u.action", text) }),
				Values: ofRows("action", "audit WHERE action <> ''")},
			{Name: "subject", Help: "what it was done to", Column: "u.subject", Into: func(u *row) any { return &u.Subject }, CSV: "subject",
				Asked: text(func(text string) Cond { return sameText("u.subject", text) })},
			{Name: "detail", Column: "u.detail", Into: func(u *row) any { return &u.Detail }, CSV: "detail"},
			{Name: "before", Column: "u.was", Into: func(u *row) any { return &u.Before }, CSV: "before"},
			{Name: "after", Column: "u.becomes", Into: func(u *row) any { return &u.After }, CSV: "after"},
			{Name: "is", Aliases: []string{"result"}, Help: "what came of it", Column: "u.result", Into: func(u *row) any { return &u.Result },
				CSV: "result", Asked: isOne("u.result", telemetry.AuditResults()...)},
			{Name: "status", Column: "u.status", Into: func(u *row) any { return &u.Status }, CSV: "status"},
			{Name: "error", Column: "u.error", Into: func(u *row) any { return &u.Error }, CSV: "error"},
		},
	})
}
