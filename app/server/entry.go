package server

import (
	"context"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/telemetry"
)

// Access says who asks.
type Access interface {
	// Names are where a request carries what Identify reads.
	Names() access.Names
	// Identify returns who asks, the zero Person for a stranger. Its errors are
	// CodeUnauthenticated for credentials that are not, or no longer, valid, and
	// CodeForbidden for those that must not be sent at all.
	Identify(ctx context.Context, c access.Credentials) (telemetry.Person, error)
}

// enter makes the request one of the person who asks, and refuses it to those
// whose role is not the one that its route needs.
func (s *Server) enter(c *fiber.Ctx, needs telemetry.Role, feed bool) error {
	if needs == telemetry.RoleAnyone && (strings.HasPrefix(c.Path(), staticPath) || s.probes[c.Path()]) {
		return nil // the answer is the same for all
	}
	of := s.credentials(c)
	if feed {
		if err := s.readToken(c, &of); err != nil {
			return err
		}
	}
	if err := noTokenInAddress(c, of.ReadToken); err != nil {
		return err
	}
	p, err := s.o.Access.Identify(c.Context(), of)
	if err != nil && needs != telemetry.RoleAnyone {
		return err
	}
	if err == nil {
		c.SetUserContext(telemetry.AsPerson(context.Background(), p))
	}
	return mayEnter(p, needs)
}

func mayEnter(p telemetry.Person, needs telemetry.Role) error {
	switch {
	case p.May(needs):
		return nil
	case !p.Known():
		return telemetry.Errorf(telemetry.CodeUnauthenticated,
			"Sign in first. Scripts send an access token in the header Authorization: Bearer TOKEN.")
	}
	return telemetry.Errorf(telemetry.CodeForbidden,
		"This needs the role %s, and %s has the role %s. Ask an admin of this dashboard. Nothing was done.",
		needs, telemetry.Shown(p.Name), p.Role)
}

// credentials are copies of what the request carries.
func (s *Server) credentials(c *fiber.Ctx) access.Credentials {
	names := s.o.Access.Names()
	from, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	of := access.Credentials{From: from.Unmap(), Authorization: headerValues(c, fiber.HeaderAuthorization)}
	if names.Cookie != "" {
		of.Session = c.Cookies(names.Cookie)
	}
	if names.Header != "" {
		of.Proxy = headerValues(c, names.Header)
	}
	return of
}

func headerValues(c *fiber.Ctx, name string) (values []string) {
	for _, v := range c.Request().Header.PeekAll(name) {
		values = append(values, string(v))
	}
	return values
}

// readToken reads the read token of a feed's address.
func (s *Server) readToken(c *fiber.Ctx, of *access.Credentials) (err error) {
	sent := c.Request().URI().QueryArgs().PeekMulti(access.ReadParam)
	if len(sent) == 0 {
		return nil
	}
	if of.ReadToken = string(sent[0]); len(sent) > 1 || of.ReadToken == "" {
		return telemetry.Errorf(telemetry.CodeInvalid, "The address has several read tokens, or an empty one. Send the one that was made for it.")
	}
	of.Address, err = access.Address(string(c.Request().Header.RequestURI()))
	return err
}

// noTokenInAddress refuses a token where proxies, logs and histories keep it,
// but for read, which its route has read.
func noTokenInAddress(c *fiber.Ctx, read string) error {
	for name, value := range c.Request().URI().QueryArgs().All() {
		if strings.HasPrefix(string(value), access.ReadPrefix) && string(value) != read {
			return telemetry.Errorf(telemetry.CodeUnauthenticated,
				"The read token in the address does not open this address. It opens only the one that it was made for.")
		}
		if string(name) == "access_token" || strings.HasPrefix(string(value), access.TokenPrefix) {
			return telemetry.Errorf(telemetry.CodeInvalid,
				"The address contains an access token. Send it in the header Authorization: Bearer TOKEN instead. "+
					"Revoke this one, since proxies and logs may have kept it. Nothing was done.")
		}
	}
	return nil
}

// toSignIn reports whether a stranger's request is that for a page, which a
// browser shows: it is led to the page on which people sign in.
func (s *Server) toSignIn(c *fiber.Ctx, e *telemetry.Error) bool {
	return s.o.SignIn != nil && !hasReadToken(c) && e.Code == telemetry.CodeUnauthenticated && c.Method() == fiber.MethodGet &&
		!s.asksProgram(c) && c.Get("HX-Request") == "" &&
		!strings.Contains(c.Get(fiber.HeaderAccept), "text/event-stream")
}

// hasReadToken reports whether a read token stands in the address.
func hasReadToken(c *fiber.Ctx) bool {
	return strings.HasPrefix(string(c.Request().URI().QueryArgs().Peek(access.ReadParam)), access.ReadPrefix)
}

// Rule is what a method and path of the router need.
type Rule struct {
	Method, Path string
	Needs        telemetry.Role // "" where nothing says it
	Action       string         // for the audit log
}

// Rules are those of all that the router takes.
func (s *Server) Rules() (list []Rule) {
	for _, r := range s.app.GetRoutes() {
		rule := s.rules[r.Method+" "+r.Path]
		rule.Method, rule.Path = r.Method, r.Path
		list = append(list, rule)
	}
	return list
}
