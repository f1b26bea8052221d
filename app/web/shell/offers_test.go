package shell

import (
	"strings"
	"testing"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// TestWhatARoleMayNotPressIsNotOffered: its buttons are off and say why, forms
// of decisions, boxes and menus are not there; who may sees all of them.
func TestWhatARoleMayNotPressIsNotOffered(t *testing.T) {
	for name, c := range map[string]struct {
		part  templ.Component
		needs telemetry.Role
		has   string // where it may be pressed
	}{
		"refresh":  {parts.ActionButton(parts.Action{Text: "Refresh", URL: links.ActionRefresh}, "jobs"), telemetry.RoleOperator, `type="submit">`},
		"backfill": {parts.ActionButton(parts.Action{Text: "Backfill", URL: links.ActionBackfill}, "jobs"), telemetry.RoleAdmin, `type="submit">`},
		"reply": {parts.DialogButton(parts.Link{Text: "Reply", URL: "/sessions/a"}, "", links.Panel("reply", "id", "a")),
			telemetry.RoleOperator, "data-dialog"},
		"decide": {panels.Decision(panels.DecisionForm{Actions: DecisionActions()}), telemetry.RoleOperator, "<form"},
		"a tool": {parts.QueryBar(parts.Address{}, parts.Bar{Save: parts.SaveForm{URL: links.ActionSaveView}}), telemetry.RoleOperator, "Save view"},
	} {
		for _, role := range telemetry.Roles() {
			ctx := offering(telemetry.AsPerson(t.Context(), telemetry.Person{Key: "github:mona", Name: "mona", Role: role}))
			var out strings.Builder
			if err := c.part.Render(ctx, &out); err != nil {
				t.Fatal(err)
			}
			may := role.Allows(c.needs)
			if got := strings.Contains(out.String(), c.has); got != may {
				t.Errorf("%s for a %s: %v, want %v: %s", name, role, got, may, out.String())
			}
			if says := strings.Contains(out.String(), "This needs the role "+string(c.needs)); !may && name != "a tool" && !says {
				t.Errorf("%s does not tell a %s why: %s", name, role, out.String())
			}
		}
	}
}
