package shell

import (
	"context"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
)

// Panel is a panel: its name (its address under /panels/ and its id), what it
// shows and how often it asks again.
type Panel struct {
	Name   string
	Title  string
	Needs  telemetry.Role // of who sees it; "" is a viewer
	Page   string         // of which it is part; on a repository's page Tab says which tab
	Tab    string         // of a repository's page: links.Issues; "" = the page itself
	Topics []string
	Every  string
	List   dashboard.Described // whose query language its q is written in; nil = it takes none
	Usual  string              // its q where the address has none
	Menus  []string            // the qualifiers that it offers as menus
	Params []string            // further parameters of its address
	Chosen []string            // its columns that are shown on request, named in the parameter columns
	One    bool                // it is about one thing: what its page's path names after page
	Lazy   bool                // it asks an upstream: its page does not wait for it, and it has no ETag
	Past   bool                // it answers for a past time, as_of
	Clock  bool                // what it shows depends on the time too; a list with a query always does
	Draw   Draw
}

// Fragment makes the handler of a panel's own address. A browser that opens
// it is sent to the page that shows it.
func (w *Shell) Fragment(p Panel) fiber.Handler {
	h := w.fragment(p)
	if p.Past {
		return h
	}
	return w.OnlyNow(h)
}

func (w *Shell) fragment(p Panel) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v, err := w.ViewOf(c, p)
		if err != nil {
			return err
		}
		if c.Get("HX-Request") == "" {
			return c.Redirect(v.Address().Href(), fiber.StatusSeeOther)
		}
		part, err := p.Draw(c.UserContext(), v)
		if err != nil {
			return err
		}
		if c.Query("push") != "" {
			c.Set("HX-Push-Url", v.Address().Href())
		}
		return Render(c, fiber.StatusOK, part)
	}
}

// ViewOf reads what a request asks of a panel.
func (w *Shell) ViewOf(c *fiber.Ctx, p Panel) (View, error) {
	v := View{Panel: p, Scope: c.Query("scope"), Query: QueryOf(c), Jobs: OwnJobs(c)}
	if p.One {
		v.Subject = c.Query("id")
	}
	var err error
	if v.AsOf, err = telemetry.AsOfParam(c.Query("as_of"), w.Now()); err != nil || v.Scope == "" {
		return v, err
	}
	v.Repo, err = w.Dashboard.RepoByName(c.UserContext(), v.Scope, v.AsOf)
	v.Scope = string(v.Repo.Name)
	return v, err
}

// Draw makes one panel. An error is shown in its place.
type Draw func(ctx context.Context, v View) (templ.Component, error)

// Row draws panels side by side.
func (v View) Row(ctx context.Context, panels ...Panel) []templ.Component {
	return RowsOf(panels, func(p Panel) templ.Component { return p.Within(ctx, v) })
}

// Within draws a panel within a page: where that fails the page is whole, and
// the panel says what happened.
func (p Panel) Within(ctx context.Context, v View) templ.Component {
	v = v.Of(p)
	if !p.Past && !v.AsOf.IsZero() {
		f := v.Brief()
		f.At.Panel, f.Topics, f.Every = "", "", ""
		return panels.NoPast(f)
	}
	c, err := p.Draw(ctx, v)
	if err != nil {
		f := v.Frame()
		f.Failure = telemetry.Sentence(err)
		return panels.Broken(f)
	}
	return c
}
