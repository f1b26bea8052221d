package main

import (
	"fmt"
	"net/http"
	"strings"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// demonstration is what the program knows of a demo. The zero value is none.
type demonstration struct {
	on     bool
	signIn string             // the address of the GitHub at which people sign in; "" is that of the settings
	team   []telemetry.Person // whom a visitor may be
}

const (
	demoClient     = "demo"
	demoSecret     = "demo-secret"
	demoTeamOfRole = "northwind/appsec" // whose members are operators
)

// demoTeam are three people, one of each role.
func demoTeam() []telemetry.Person {
	return []telemetry.Person{
		{Name: "marius-posa", Role: telemetry.RoleOperator},
		{Name: "ana-kowalski", Role: telemetry.RoleAdmin},
		{Name: "jonas-lind", Role: telemetry.RoleViewer},
	}
}

// demoTeamAccess is how they sign in, and how each comes by the role: a login, a
// team and an organization.
func demoTeamAccess() (client OAuthClient, secret Secret, admins, operators, viewers Members) {
	org, team, _ := strings.Cut(demoTeamOfRole, "/")
	return demoClient, demoSecret, Members{{Login: "ana-kowalski"}}, Members{{Org: org, Team: team}}, Members{access.Member{Org: org}}
}

// withSignIn is a GitHub that signs the team in, too.
func withSignIn(player *githubtest.Player) http.Handler {
	org, _, _ := strings.Cut(demoTeamOfRole, "/")
	people := githubtest.NewOAuth(demoClient, demoSecret)
	for _, p := range demoTeam() {
		people.Member(org, p.Name, "active")
		if p.Role == telemetry.RoleOperator {
			people.Member(demoTeamOfRole, p.Name, "active")
		}
	}
	for team, name := range map[string]string{
		"northwind/payments": "marius-posa", "harbor-pay/data": "ana-kowalski", "atlas-labs/web": "jonas-lind",
	} {
		people.Member(team, name, "active")
	}
	people.Is(demoTeam()[0].Name)
	mux := http.NewServeMux()
	mux.Handle("/", player)
	for _, path := range []string{"/login/oauth/", "/user", "/user/", "/orgs/"} {
		mux.Handle(path, people)
	}
	return mux
}

// codeowners is the CODEOWNERS of the demo's i-th repository, "" for one that has
// none: some name a team for everything, some also people, and one has a line
// that GitHub does not take.
func codeowners(i int, repo string) string {
	org, _, _ := strings.Cut(repo, "/")
	teams := []string{"payments", "platform", "web", "data"}
	team := "@" + org + "/" + teams[i%len(teams)]
	switch i % 7 {
	case 3:
		return ""
	case 2, 5:
		return fmt.Sprintf("# Who reviews what.\n* %s\n*.js @marius-posa\n*.py @ana-kowalski %[1]s\n", team)
	case 6:
		return fmt.Sprintf("* %s\n!docs/ %[1]s\n", team)
	}
	return "* " + team + "\n"
}
