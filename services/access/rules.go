package access

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// Member is whom a rule is about: a login, or who is in a team or organization.
type Member struct {
	Login string
	Org   string
	Team  string // "" is everyone in the organization
}

// ParseMember reads "login", "org/team" or "org/*". A login may also be the name
// that a proxy knows, for example an email address.
func ParseMember(text string) (Member, error) {
	bad := func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`,;"'\?#%`, r) }
	org, team, inOrg := strings.Cut(text, "/")
	switch {
	case text == "" || len(text) > nameMost || strings.ContainsFunc(text, bad),
		inOrg && (org == "" || team == "" || strings.Contains(team, "/")),
		strings.Contains(org, "*"), team != "*" && strings.Contains(team, "*"):
		return Member{}, fmt.Errorf("has %q; want a login, org/team or org/*", text)
	case !inOrg:
		return Member{Login: text}, nil
	case team == "*":
		return Member{Org: org}, nil
	}
	return Member{Org: org, Team: team}, nil
}

// String is how ParseMember reads it.
func (m Member) String() string {
	switch {
	case m.Login != "":
		return m.Login
	case m.Team == "":
		return m.Org + "/*"
	}
	return m.Org + "/" + m.Team
}

// Rules say who has which role. Who is in several lists has the highest role.
type Rules struct{ Admins, Operators, Viewers []Member }

// Empty reports whether nobody is in them.
func (r Rules) Empty() bool { return len(r.Admins)+len(r.Operators)+len(r.Viewers) == 0 }

// roles are the lists with their roles, the highest first.
func (r Rules) roles() []struct {
	role telemetry.Role
	list []Member
} {
	return []struct {
		role telemetry.Role
		list []Member
	}{{telemetry.RoleAdmin, r.Admins}, {telemetry.RoleOperator, r.Operators}, {telemetry.RoleViewer, r.Viewers}}
}

// Print is a text by which two sets of rules can be compared.
func (r Rules) Print() string {
	var b strings.Builder
	for _, of := range r.roles() {
		for _, m := range of.list {
			fmt.Fprintln(&b, of.role, strings.ToLower(m.String()))
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

// ofName is the role of a person of whom only the name is known. Whom the proxy
// lets in is a viewer, unless it is said who is. "" is nobody's.
func (r Rules) ofName(name string) telemetry.Role {
	for _, of := range r.roles() {
		for _, m := range of.list {
			if m.Login != "" && strings.EqualFold(m.Login, name) {
				return of.role
			}
		}
	}
	if len(r.Viewers) == 0 {
		return telemetry.RoleViewer
	}
	return ""
}

// of is the role of a login; in says whether it is of an organization or team,
// and is asked only as far as it matters. "" is nobody's.
func (r Rules) of(ctx context.Context, login string, in func(context.Context, Member) (bool, error)) (telemetry.Role, error) {
	for _, of := range r.roles() {
		for _, m := range of.list {
			if m.Login != "" && strings.EqualFold(m.Login, login) {
				return of.role, nil
			}
		}
		for _, m := range of.list {
			if m.Login != "" {
				continue
			}
			if yes, err := in(ctx, m); err != nil || yes {
				return of.role, err
			}
		}
	}
	return "", nil
}
