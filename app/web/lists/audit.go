package lists

import (
	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Audit is who changed what, and who signed in.
func (w *Web) Audit() shell.Panel {
	return list(w, shell.Panel{
		Name:   "audit",
		Title:  "Audit log",
		Needs:  telemetry.RoleAdmin,
		Page:   links.Audit,
		List:   w.Dashboard.Audit,
		Topics: []string{telemetry.TopicAudit},
		Menus:  []string{"is", "action", "by", "from"},
	}, listing[telemetry.AuditEntry]{
		noun: "entry",
		sort: parts.Sort{Key: "at", Desc: true},
		from: func(v shell.View, q query.Query) shell.Source[telemetry.AuditEntry] {
			return shell.Asked(w.Dashboard.Audit, v, q)
		},
		draw:  panels.Audit,
		empty: parts.Empty{Icon: "log", Title: "Nothing was changed yet", Text: "Who changes something or signs in is listed here."},
	})
}
