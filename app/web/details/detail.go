// Package details is the pages of one issue, session, pull request or run,
// and the forms on them.
package details

import (
	"context"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/parts"
)

// Scopes records that a person accepts a reduced scan as a full one.
type Scopes interface {
	AcceptScope(ctx context.Context, source, file string, undo bool, by telemetry.StartedBy) error
}

// Replies sends a message to a session, once per token.
type Replies interface {
	Reply(ctx context.Context, token, id, text string) error
}

// Logs has the log of a run asked for in the background: nil where it is not
// asked for.
type Logs interface {
	OfferLog(ref telemetry.LogRef) *ingest.Handle
}

// Web answers for the pages of one thing. It is safe for concurrent use.
type Web struct {
	*shell.Shell
	scopes  Scopes
	replies Replies
	logs    Logs
	newID   func() string
}

// New returns a Web. newID makes the token of a form, of letters, digits
// and -.
func New(s *shell.Shell, scopes Scopes, replies Replies, logs Logs, newID func() string) *Web {
	return &Web{s, scopes, replies, logs, newID}
}

// detail is one thing, drawn.
type detail struct {
	title string          // of the document
	body  templ.Component // the panel
	moved string          // what the thing is called now, where it was asked for by a former name; the rest may be empty then
}

// load reads and draws the thing that the view is about. The error is
// CodeNotFound for one that is not known.
type load func(ctx context.Context, v shell.View) (detail, error)

// page is the panel of the thing that load makes, below the page of all.
func page(name, title, all string, load load) shell.Panel {
	return shell.Panel{
		Name: name, Title: title, Page: all, One: true, Topics: shell.Everything(), Every: "60s", Past: true,
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			d, err := load(ctx, v)
			if err == nil && d.moved != "" { // an open page goes on under the old name
				v.Subject = d.moved
				d, err = load(ctx, v)
			}
			return d.body, err
		},
	}
}

// DetailPage is the page of one thing, which the path names by parameters,
// with further panels, which ask an upstream in their own time.
func (w *Web) DetailPage(s shell.Panel, l load, parameters []string, extra ...shell.Panel) fiber.Handler {
	return func(c *fiber.Ctx) error {
		at, err := telemetry.AsOfParam(c.Query("as_of"), w.Now())
		if err != nil {
			return err
		}
		v := shell.View{Panel: s, Query: shell.QueryOf(c), AsOf: at, Subject: links.Unescape(c.Params(parameters[0]))}
		for _, name := range parameters[1:] {
			v.Subject += "/" + links.Unescape(c.Params(name))
		}
		return w.showDetail(c, v, l, extra...)
	}
}

// showDetail renders the page of the thing that the view is about; a form on
// it that could not be sent gives its status.
func (w *Web) showDetail(c *fiber.Ctx, v shell.View, l load, extra ...shell.Panel) error {
	s, status := v.Panel, fiber.StatusOK
	d, err := l(c.UserContext(), v)
	switch {
	case telemetry.CodeOf(err) == telemetry.CodeNotFound:
		ways := []parts.Link{{Text: "All " + strings.ToLower(s.Title), URL: s.Page}}
		if !v.AsOf.IsZero() {
			ways = append([]parts.Link{{Text: "Show today", URL: links.Now(c.OriginalURL())}}, ways...)
		}
		return shell.Render(c, fiber.StatusNotFound,
			pages.Problem(w.Document(c, "Not found", s.Page), "Not found", telemetry.Sentence(err), nil, ways...))
	case err != nil:
		return err
	case d.moved != "":
		return shell.Moved(c, links.Of(s.Page, d.moved))
	case v.Fault != nil:
		status = shell.FaultStatus(v.Fault)
	}
	var more []templ.Component
	for _, b := range extra {
		if !v.AsOf.IsZero() && !b.Lazy { // a form, which acts on today
			continue
		}
		v.Later = b.Lazy && !v.Query.Has(b.Name)
		more = append(more, b.Within(c.UserContext(), v))
	}
	return shell.Render(c, status, pages.Detail(w.Document(c, d.title, s.Page), w.PastNotice(c), d.body, more))
}
