package web

import (
	"context"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// detail is one thing, drawn.
type detail struct {
	title string          // of the document
	body  templ.Component // the panel
	moved string          // what the thing is called now; the rest is empty then
}

// load reads and draws the thing that the view is about. The error is
// CodeNotFound for one that is not known.
type load func(ctx context.Context, v view) (detail, error)

// panelOf is the draw function of the panel that load makes.
func (l load) panel(ctx context.Context, v view) (templ.Component, error) {
	d, err := l(ctx, v)
	if err == nil && d.moved != "" {
		err = telemetry.Errorf(telemetry.CodeNotFound, "This has another id now: open its page again.")
	}
	return d.body, err
}

// detailPage is the page of one thing, which the path names by parameters;
// beside it stand further panels, which ask an upstream in their own time.
func (w *Web) detailPage(s spec, l load, parameters []string, beside ...spec) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v := view{spec: s, query: queryOf(c), subject: links.Unescape(c.Params(parameters[0]))}
		for _, name := range parameters[1:] {
			v.subject += "/" + links.Unescape(c.Params(name))
		}
		return w.showDetail(c, v, l, beside...)
	}
}

// showDetail renders the page of the thing that the view is about; a form on
// it that could not be sent gives its status.
func (w *Web) showDetail(c *fiber.Ctx, v view, l load, beside ...spec) error {
	s, status := v.spec, fiber.StatusOK
	d, err := l(c.UserContext(), v)
	switch {
	case telemetry.CodeOf(err) == telemetry.CodeNotFound && err != nil:
		return render(c, fiber.StatusNotFound,
			pages.Problem(w.shell(c, "Not found", s.page), "Not found", sentence(err), nil,
				parts.Link{Text: "All " + strings.ToLower(s.title), URL: s.page}))
	case err != nil:
		return err
	case d.moved != "":
		return c.Redirect(links.Of(s.page, d.moved), fiber.StatusMovedPermanently)
	case v.fault != nil:
		status = faultStatus(v.fault)
	}
	var more []templ.Component
	for _, b := range beside {
		v.later = b.lazy && !v.query.Has(b.name)
		more = append(more, w.panel(c.UserContext(), b, v))
	}
	return render(c, status, pages.Detail(w.shell(c, d.title, s.page), d.body, more))
}

func (w *Web) verificationRow(v telemetry.VerificationRow) panels.VerificationRow {
	r := panels.VerificationRow{
		State:    panels.VerdictState(string(v.Verdict), v.Merge == telemetry.MergeUnknown),
		Counts:   number(v.Fixed) + " of " + number(v.Targeted) + " no longer found",
		At:       v.At.Time,
		Raw:      links.APIRaw(v.Source, v.File),
		Replaced: !v.Current,
	}
	if v.Remaining > 0 {
		r.Counts += ", " + number(v.Remaining) + " still found"
	}
	r.Now = number(v.Gone) + " gone by now, " + number(v.StillThere) + " still there"
	if v.Unmatched > 0 {
		r.Now += ", " + number(v.Unmatched) + " not in its run"
	}
	if v.Number > 0 {
		r.Pull = parts.Link{Text: "#" + parts.Decimal(int(v.Number)), URL: links.Pull(v.PullRef.Repo, v.Number)}
	}
	if v.Session != "" {
		r.Session = parts.Link{Text: shortID(v.Session)}
		if v.Known {
			r.Session.URL = links.Session(telemetry.BareID(v.Session))
		}
	}
	return r
}
