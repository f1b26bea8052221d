// Package people is the pages on which people sign in and out, and on which
// admins make and revoke access tokens.
package people

import (
	"context"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
)

// Door lets people in and out.
type Door interface {
	Names() access.Names
	SignIn(ctx context.Context, p telemetry.Person, had string) (secret string, until time.Time, err error)
	SignInWithToken(ctx context.Context, token, had string) (p telemetry.Person, secret string, until time.Time, err error)
	SignOut(ctx context.Context, p telemetry.Person, everywhere bool) error
}

// GitHub signs people in by GitHub's OAuth.
type GitHub interface {
	Begin(ctx context.Context, callback, back, login string) (address, browser string, err error)
	End(ctx context.Context, callback string, b access.Back) (p telemetry.Person, back string, err error)
}

// Keys makes and revokes access tokens.
type Keys interface {
	NewToken(ctx context.Context, by telemetry.Person, name string, role telemetry.Role, days int64) (telemetry.Token, string, error)
	NewReadToken(ctx context.Context, by telemetry.Person, address string, days int64) (telemetry.Token, string, error)
	RevokeToken(ctx context.Context, by telemetry.Person, id string) (telemetry.Token, error)
}

// KeyList reads the access tokens.
type KeyList interface {
	Tokens(ctx context.Context) ([]telemetry.Token, error)
}

// Options are what a Web works with.
type Options struct {
	Door    Door
	GitHub  GitHub // nil: nobody signs in there
	Keys    Keys
	KeyList KeyList
	Public  string // the address that people use, "" for that of each request
	Header  string // in which a proxy says who asks, "" for none
}

// Web answers for the pages of people. It is safe for concurrent use.
type Web struct {
	*shell.Shell
	o Options
}

// New returns a Web.
func New(s *shell.Shell, o Options) *Web { return &Web{s, o} }

// stateTime is how long a browser keeps what it needs for a sign-in at GitHub.
const stateTime = 10 * time.Minute

// Page is where people sign in.
func (w *Web) Page(c *fiber.Ctx) error {
	back, err := access.LocalPath(c.Query("redirect"))
	if err != nil {
		return err
	}
	return w.show(c, back, nil)
}

func (w *Web) show(c *fiber.Ctx, back string, fault error) error {
	s := pages.SignInPage{Back: back, GitHub: w.o.GitHub != nil, Header: w.o.Header, Who: telemetry.PersonOf(c.UserContext()).Name}
	s.Team = w.Teammates("", back)
	status := fiber.StatusOK
	if fault != nil {
		s.Fault, status = telemetry.Sentence(fault), statusOf(fault)
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return shell.Render(c, status, pages.SignIn(w.Files(), s))
}

func statusOf(fault error) int {
	switch telemetry.CodeOf(fault) {
	case telemetry.CodeForbidden:
		return fiber.StatusForbidden
	case telemetry.CodeUnauthenticated:
		return fiber.StatusUnauthorized
	}
	return fiber.StatusBadGateway
}

// WithToken signs in who has an access token.
func (w *Web) WithToken(c *fiber.Ctx) error {
	back, err := access.LocalPath(c.FormValue("redirect"))
	if err != nil {
		return err
	}
	p, secret, until, err := w.o.Door.SignInWithToken(c.UserContext(), c.FormValue("token"), w.had(c))
	if err != nil {
		return w.refused(c, back, err)
	}
	return w.enter(c, p, secret, until, back)
}

// Begin leads to GitHub, and suggests the person whom the link names.
func (w *Web) Begin(c *fiber.Ctx) error {
	back, err := access.LocalPath(c.Query("redirect"))
	if err != nil {
		return err
	}
	if w.o.GitHub == nil {
		return noGitHub()
	}
	address, browser, err := w.o.GitHub.Begin(c.UserContext(), w.callback(c), back, c.Query("login"))
	if err != nil {
		return err
	}
	w.setCookie(c, w.stateCookie(), browser, stateTime)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Redirect(address, fiber.StatusSeeOther)
}

func noGitHub() error {
	return telemetry.Errorf(telemetry.CodeNotFound, "Nobody signs in with GitHub here: GITHUB_OAUTH_CLIENT_ID is not set.")
}

// End is where GitHub leads back to.
func (w *Web) End(c *fiber.Ctx) error {
	if w.o.GitHub == nil {
		return noGitHub()
	}
	p, back, err := w.o.GitHub.End(c.UserContext(), w.callback(c), access.Back{
		State: c.Query("state"), Code: c.Query("code"), Error: c.Query("error"), Browser: c.Cookies(w.stateCookie()),
	})
	w.setCookie(c, w.stateCookie(), "", 0)
	if err != nil {
		return w.refused(c, "/", err)
	}
	secret, until, err := w.o.Door.SignIn(c.UserContext(), p, w.had(c))
	if err != nil {
		return err
	}
	return w.enter(c, p, secret, until, back)
}

// refused shows the sign-in again with what is wrong, and notes why.
func (w *Web) refused(c *fiber.Ctx, back string, err error) error {
	telemetry.NoteEffect(c.UserContext(), telemetry.Effect{Failure: telemetry.Sentence(err)})
	return w.show(c, back, err)
}

// enter makes the request one of who has signed in.
func (w *Web) enter(c *fiber.Ctx, p telemetry.Person, secret string, until time.Time, back string) error {
	w.setCookie(c, w.o.Door.Names().Cookie, secret, until.Sub(w.Now()))
	c.SetUserContext(telemetry.AsPerson(c.UserContext(), p))
	telemetry.NoteEffect(c.UserContext(), telemetry.Effect{Subject: p.Name, After: string(p.Role)})
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Redirect(back, fiber.StatusSeeOther)
}

// SignOut ends the session of who asks, or all that this person has.
func (w *Web) SignOut(everywhere bool) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if err := w.o.Door.SignOut(c.UserContext(), telemetry.PersonOf(c.UserContext()), everywhere); err != nil {
			return err
		}
		w.setCookie(c, w.o.Door.Names().Cookie, "", 0)
		c.Set("Clear-Site-Data", `"cache"`) // what the browser has kept of pages
		if c.Get("HX-Request") != "" {
			c.Set("HX-Redirect", links.SignIn)
			return c.SendStatus(fiber.StatusOK)
		}
		return c.Redirect(links.SignIn, fiber.StatusSeeOther)
	}
}

func (w *Web) had(c *fiber.Ctx) string { return c.Cookies(w.o.Door.Names().Cookie) }

func (w *Web) stateCookie() string { return w.o.Door.Names().Cookie + "_state" }

// secure reports whether people come by https: then the cookie's name says so.
func (w *Web) secure() bool { return strings.HasPrefix(w.o.Door.Names().Cookie, "__") }

// setCookie sets a cookie, or with no time removes it. Lax and not Strict: the
// browser must send it when GitHub leads back.
func (w *Web) setCookie(c *fiber.Ctx, name, value string, lasts time.Duration) {
	cookie := &fiber.Cookie{
		Name: name, Value: value, Path: "/", HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
		Secure: w.secure(), MaxAge: int(lasts.Seconds()),
	}
	if lasts <= 0 {
		cookie.MaxAge, cookie.Expires = -1, time.Unix(1, 0)
	}
	c.Cookie(cookie)
}

// callback is the address that GitHub leads back to.
func (w *Web) callback(c *fiber.Ctx) string { return w.absolute(c, links.SignInCallback) }

// absolute is an address of this server as others know it.
func (w *Web) absolute(c *fiber.Ctx, address string) string {
	if w.o.Public != "" {
		return strings.TrimRight(w.o.Public, "/") + address
	}
	if w.secure() {
		return "https://" + string(c.Request().Host()) + address
	}
	return "http://" + string(c.Request().Host()) + address
}
