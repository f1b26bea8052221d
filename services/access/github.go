package access

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"telemetry-dashboard/services/telemetry"
)

// States are the sign-ins at GitHub that have begun.
type States interface {
	PutSignInState(ctx context.Context, st telemetry.SignInState) error
	TakeSignInState(ctx context.Context, state string) (telemetry.SignInState, bool, error)
}

// GitHubOptions are what a GitHub works with.
type GitHubOptions struct {
	ClientID, Secret string // of the OAuth app
	Web, API         string // addresses of the server, without a slash at the end
	States           States
	Gate             *Gate
}

// GitHub signs people in by GitHub's OAuth: the web application flow with PKCE.
// What it is given there is asked who somebody is, and forgotten.
type GitHub struct {
	o      GitHubOptions
	client *http.Client
}

const (
	githubTime  = 15 * time.Second
	githubBytes = 1 << 20
)

// NewGitHub returns a GitHub.
func NewGitHub(o GitHubOptions) *GitHub {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a token follows no redirect
	return &GitHub{o: o, client: &http.Client{Timeout: githubTime, CheckRedirect: stay}}
}

func (g *GitHub) config(callback string) *oauth2.Config {
	return &oauth2.Config{
		ClientID:     g.o.ClientID,
		ClientSecret: g.o.Secret,
		RedirectURL:  callback,
		Endpoint: oauth2.Endpoint{
			AuthURL:   g.o.Web + "/login/oauth/authorize",
			TokenURL:  g.o.Web + "/login/oauth/access_token",
			AuthStyle: oauth2.AuthStyleInParams,
		},
		Scopes: []string{"read:org"}, // for the teams, which own files
	}
}

// Begin returns the address at GitHub at which somebody signs in, and what the
// browser keeps until it comes back to callback: only that browser may use it.
// The login is suggested to GitHub, which asks people itself; "" suggests none.
func (g *GitHub) Begin(ctx context.Context, callback, back, login string) (address, browser string, err error) {
	state, browser, verifier := newSecret(), newSecret(), oauth2.GenerateVerifier()
	err = g.o.States.PutSignInState(ctx, telemetry.SignInState{
		State: hashOf(state), Browser: hashOf(browser), Verifier: verifier, Back: back,
	})
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	if login != "" {
		options = append(options, oauth2.SetAuthURLParam("login", login))
	}
	return g.config(callback).AuthCodeURL(state, options...), browser, err
}

// Back is what GitHub sends a browser back with, and what that browser had kept.
type Back struct{ State, Code, Error, Browser string }

// End returns who has come back from GitHub, and where to lead them. A state is
// taken once, and from the browser alone that began.
func (g *GitHub) End(ctx context.Context, callback string, b Back) (p telemetry.Person, back string, err error) {
	st, found, err := g.o.States.TakeSignInState(ctx, hashOf(b.State))
	if err != nil {
		return p, "", err
	}
	mine := subtle.ConstantTimeCompare([]byte(st.Browser), []byte(hashOf(b.Browser))) == 1
	switch {
	case !found || !mine:
		return p, "", telemetry.Errorf(telemetry.CodeUnauthenticated,
			"This sign-in was used before, is older than ten minutes, or began in another browser. Sign in again.")
	case b.Error == "access_denied":
		return p, "", telemetry.Errorf(telemetry.CodeUnauthenticated, "GitHub says that the sign-in was canceled. Sign in again.")
	case b.Error != "" || b.Code == "":
		return p, "", telemetry.Errorf(telemetry.CodeUnauthenticated, "GitHub refused the sign-in (%s). Sign in again, or ask an admin.",
			telemetry.Shown(b.Error))
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, g.client), githubTime)
	defer cancel()
	token, err := g.config(callback).Exchange(ctx, b.Code, oauth2.VerifierOption(st.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode != "" {
		return p, "", telemetry.Errorf(telemetry.CodeUnauthenticated,
			"GitHub did not accept the sign-in (%s). Sign in again; if that does not help, ask an admin to check the OAuth app.",
			telemetry.Shown(refused.ErrorCode)).Because(err)
	}
	if err != nil {
		return p, "", unreached(err)
	}
	p, err = g.person(ctx, token.AccessToken)
	return p, st.Back, err
}

// person is whose token it is, and with which role.
func (g *GitHub) person(ctx context.Context, token string) (telemetry.Person, error) {
	var user struct {
		Login string `json:"login"`
	}
	found, err := g.get(ctx, token, "/user", &user)
	if err != nil {
		return telemetry.Person{}, err
	}
	if !found || user.Login == "" {
		return telemetry.Person{}, telemetry.Errorf(telemetry.CodeUpstreamBroken, "GitHub does not say who has signed in. Sign in again.")
	}
	role, err := g.o.Gate.o.Rules.of(ctx, user.Login, func(ctx context.Context, m Member) (bool, error) {
		return g.isIn(ctx, token, user.Login, m)
	})
	if err != nil {
		return telemetry.Person{}, err
	}
	if role == "" {
		return telemetry.Person{}, telemetry.Errorf(telemetry.CodeForbidden,
			"%s is not among those who may use this dashboard. Ask an admin to be added. "+
				"If you are in a team or organization that may, its membership must be accepted, and the organization must allow the OAuth app.",
			telemetry.Shown(user.Login))
	}
	p := telemetry.Person{Key: keyOf(telemetry.EntryGitHub, user.Login), Name: user.Login, Role: role, Way: telemetry.EntryGitHub}
	p.Teams = g.teams(ctx, token)
	return p, nil
}

const (
	teamsPage = 100 // GitHub's most
	teamPages = 10
)

// teams are those whose token it is, as "org/team"; nil where GitHub does not say:
// then the sign-in goes on without them. Its document is "List teams for the
// authenticated user".
func (g *GitHub) teams(ctx context.Context, token string) []string {
	teams := []string{}
	for page := 1; page <= teamPages; page++ {
		var list []struct {
			Slug         string                 `json:"slug"`
			Organization struct{ Login string } `json:"organization"`
		}
		found, err := g.get(ctx, token, fmt.Sprintf("/user/teams?per_page=%d&page=%d", teamsPage, page), &list)
		if err != nil || !found {
			return nil
		}
		for _, t := range list {
			teams = append(teams, t.Organization.Login+"/"+t.Slug)
		}
		if len(list) < teamsPage {
			break
		}
	}
	return teams
}

// isIn reports whether a person is in a team or organization. One that was
// invited is answered with 200, too: only an active membership counts.
func (g *GitHub) isIn(ctx context.Context, token, login string, m Member) (bool, error) {
	path := "/user/memberships/orgs/" + url.PathEscape(m.Org)
	if m.Team != "" {
		path = "/orgs/" + url.PathEscape(m.Org) + "/teams/" + url.PathEscape(m.Team) + "/memberships/" + url.PathEscape(login)
	}
	var membership struct {
		State string `json:"state"`
	}
	found, err := g.get(ctx, token, path, &membership)
	return found && membership.State == "active", err
}

// get asks the API; found is false for what there is not, or not for this token.
func (g *GitHub) get(ctx context.Context, token, path string, into any) (found bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(g.o.API, "/")+path, http.NoBody)
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/vnd.github+json")
	resp, err := g.client.Do(req)
	if err != nil {
		return false, unreached(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, githubBytes))
	switch {
	case err != nil:
		return false, unreached(err)
	case resp.StatusCode == http.StatusNotFound, resp.StatusCode == http.StatusForbidden:
		return false, nil
	case resp.StatusCode != http.StatusOK:
		return false, unreached(fmt.Errorf("%s: %s", path, resp.Status))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return false, telemetry.Errorf(telemetry.CodeUpstreamBroken, "GitHub's answer is not JSON. Sign in again.").Because(err)
	}
	return true, nil
}

func unreached(err error) error {
	return telemetry.Errorf(telemetry.CodeUpstreamDown, "GitHub could not be asked who signs in. Try again in a moment.").Because(err)
}

// LocalPath is where somebody is led after the sign-in, "/" where nothing is
// said. The error is CodeInvalid for an address of another host, or that is no
// page: whoever makes a link to the sign-in must not choose where it ends.
func LocalPath(text string) (string, error) {
	if text == "" {
		return "/", nil
	}
	u, err := url.Parse(text)
	bad := err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(text, "/") || len(text) > 2000
	for i := 0; i < len(text) && !bad; i++ { // browsers take \ for /, and drop controls
		bad = text[i] == '\\' || text[i] <= ' ' || text[i] == 0x7f || i == 1 && text[i] == '/'
	}
	if bad {
		return "", telemetry.Errorf(telemetry.CodeInvalid,
			"Invalid redirect: want the path of a page of this dashboard, for example /issues. Nobody was signed in.")
	}
	for _, prefix := range []string{"/api/", "/actions/", "/sign-in", "/panels/", "/events"} {
		if strings.HasPrefix(text, prefix) {
			return "/", nil
		}
	}
	return text, nil
}
