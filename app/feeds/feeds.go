// Package feeds answers what programs outside a browser follow or embed: Atom
// feeds of lists, calendars of due dates, and badges. A feed is a list as the
// rest of the program has it; this package owns only the forms. It writes
// nothing.
package feeds

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// Options are what feeds work with.
type Options struct {
	Dashboard *dashboard.Dashboard
	Public    string // the address that people use, "" for that of each request
	TLS       bool   // the program itself serves https
}

// Routes are those of all feeds, calendars and badges.
func Routes(o Options) []server.Route {
	f := feeds{o}
	d := o.Dashboard
	all := []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls, telemetry.TopicDecisions}
	feed := func(path, cache string, handle fiber.Handler) server.Route {
		return server.Route{Method: http.MethodGet, Path: path, Needs: telemetry.RoleViewer, Handle: handle, Topics: all, Clock: true,
			Feed: true, Cache: cache}
	}
	return []server.Route{
		feed(links.Feed("issues"), "", atomOf(f, "Issues", d.Issues, "first_seen", issueEntry)),
		feed(links.Feed("sessions"), "", atomOf(f, "Sessions", d.Sessions, "since", sessionEntry)),
		feed(links.Feed("pulls"), "", atomOf(f, "Pull requests", d.Pulls, "updated_at", pullEntry)),
		feed(links.Feed("runs"), "", atomOf(f, "Runs", d.Runs, "date", runEntry)),
		feed(links.Feed("verifications"), "", atomOf(f, "Verifications", d.Verifications, "verified_at", verificationEntry)),
		feed(links.Feed("changes"), "", atomOf(f, "Issues opened and closed", d.Changes, "at", changeEntry)),
		feed(links.Feed("needs-attention"), "", atomOf(f, "Needs you", d.Needs, "age", needEntry)),
		feed(links.Calendar, "", f.calendar),
		feed("/badge/owner/*", badgeCache, f.ownerBadge),
		feed("/badge/:owner/:name", badgeCache, f.repoBadge),
	}
}

type feeds struct{ o Options }

// absolute is an address of this server as those outside know it.
func (f feeds) absolute(c *fiber.Ctx, address string) string {
	switch {
	case f.o.Public != "":
		return strings.TrimRight(f.o.Public, "/") + address
	case f.o.TLS:
		return "https://" + string(c.Request().Host()) + address
	}
	return "http://" + string(c.Request().Host()) + address
}

// asked is what a feed's address asks of a list: q and repo, as its page.
func asked(c *fiber.Ctx, list dashboard.Described) (a query.Ask, err error) {
	if c.Query("as_of") != "" {
		return a, telemetry.Errorf(telemetry.CodeInvalid, "A feed has no past: remove as_of from its address.")
	}
	if text := c.Query("repo"); text != "" {
		repo := telemetry.ParseRepo(text)
		if repo == "" {
			return a, telemetry.Errorf(telemetry.CodeInvalid, "Invalid repo: want owner/name or the repository's URL.")
		}
		a.Repo = repo.Key()
	}
	a.Query, err = dashboard.Parse(list, c.Query("q"))
	return a, err
}

// page is the address of the page that shows the same, and its parameters.
func page(c *fiber.Ctx, list string) string {
	if repo := telemetry.ParseRepo(c.Query("repo")); repo != "" && list == "issues" {
		return links.With(links.In(repo, links.Issues), "q", c.Query("q"))
	}
	return links.With(links.List(list), "q", c.Query("q"), "repo", c.Query("repo"))
}

// rowsOf asks a list for its first rows.
func rowsOf[R any](ctx context.Context, list dashboard.List[R], a query.Ask, p query.Page) ([]R, error) {
	a.Page, a.Brief = p, true
	rows, err := list.Rows(ctx, a)
	return rows.Items, err
}

// send answers with a body of a type.
func send(c *fiber.Ctx, contentType string, body []byte) error {
	c.Set(fiber.HeaderContentType, contentType)
	return c.Send(body)
}

// plain is a text without the characters that XML 1.0 forbids.
func plain(text string) string {
	return string(bytes.ToValidUTF8([]byte(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, text)), nil))
}

// tag is an id that stays (RFC 4151), by the steps that name an entity.
func tag(steps ...string) string {
	return "tag:telemetry-dashboard,2026:" + links.Steps(steps...)
}

// latest is the last of times.
func latest(times ...telemetry.Time) (last time.Time) {
	for _, t := range times {
		if t.After(last) {
			last = t.Time
		}
	}
	return last
}
