package shell

import (
	"context"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/parts"
)

// RoleOf is the role that an address of an action, or of the form of one,
// needs. A test holds it against the routes.
func RoleOf(address string) telemetry.Role {
	path, _, _ := strings.Cut(address, "?")
	switch path {
	case links.ActionSignOut, links.ActionSignOutAll, links.ActionDismiss, links.ActionShare:
		return telemetry.RoleViewer
	case links.ActionNewToken, links.ActionRevokeToken, links.ActionBackfill, links.ActionAcceptScope, links.ActionAcceptListing:
		return telemetry.RoleAdmin
	case links.Panel("reply"), links.Panel("dispatch"), links.Decide, links.Panel("decide"), links.NewCampaign, links.Send,
		links.Panel("send"):
		return telemetry.RoleOperator
	}
	if strings.HasPrefix(path, links.Actions) {
		return telemetry.RoleOperator
	}
	return telemetry.RoleViewer
}

// Refusal is why the one who asks may not use an address, "" where they may.
func Refusal(ctx context.Context, address string) string {
	p, needs := telemetry.PersonOf(ctx), RoleOf(address)
	if !p.Known() || p.May(needs) {
		return ""
	}
	return "This needs the role " + string(needs) + ", and yours is " + string(p.Role) + ". Ask an admin."
}

// offering is a context for drawing, in which buttons know who sees them.
func offering(ctx context.Context) context.Context {
	return parts.Offering(ctx, func(address string) string { return Refusal(ctx, address) })
}

// Assignable are the names of those who can be assigned, the one who asks first.
func (w *Shell) Assignable(ctx context.Context) ([]string, error) {
	names := []string{telemetry.NameOf(ctx)}
	people, err := w.Dashboard.People(ctx)
	for _, p := range people {
		if p.Name != names[0] && p.Name != names[len(names)-1] { // they come by name
			names = append(names, p.Name)
		}
	}
	return names, err
}
