package web

import (
	"cmp"
	"context"
	"net/url"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
)

// Outward does what people ask of the upstreams, once a token.
type Outward interface {
	ReplyOnce(ctx context.Context, token, id, text string) error
	DispatchOnce(ctx context.Context, token string, d telemetry.Dispatch) (ref string, err error)
}

// specReply is what the dialog of a row holds: what Devin asks, and the form.
func (w *Web) specReply() spec {
	return spec{name: "reply", title: "Reply", page: links.Sessions, one: true, lazy: true, draw: w.drawReply}
}

// specReplyForm is the form alone, on the session's page.
func (w *Web) specReplyForm() spec {
	return spec{
		name:  "reply-form",
		title: "Reply",
		page:  links.Sessions,
		one:   true,
		draw: func(ctx context.Context, v view) (templ.Component, error) {
			form, err := w.replyForm(ctx, v)
			return panels.Reply(form), err
		},
	}
}

func (w *Web) drawReply(ctx context.Context, v view) (templ.Component, error) {
	form, err := w.replyForm(ctx, v)
	if err != nil {
		return nil, err
	}
	later := v.of(w.specMessages())
	later.later = true
	messages, err := w.drawMessages(ctx, later)
	return panels.ReplyDialog(messages, form), err
}

func (w *Web) replyForm(ctx context.Context, v view) (panels.ReplyForm, error) {
	s, err := w.o.Dashboard.SessionByID(ctx, v.subject)
	if err != nil {
		return panels.ReplyForm{}, err
	}
	f := panels.ReplyForm{
		Session: s.Key,
		Title:   w.sessionTitle(s.SessionRow),
		Page:    links.Session(s.Key),
		Token:   w.o.NewID(),
		Text:    v.form.Get("message"),
		Sent:    v.query.Get("sent") == "1",
		Off:     w.replyOff(s.SessionRow),
	}
	f.Note = "It is sent once, and wakes a session that sleeps."
	if s.State == telemetry.StateExpired || s.State == telemetry.StateFailed {
		f.Note = "This session is over (" + string(s.State) + "). Devin may take no more messages; then it is said here."
	}
	if v.fault != nil {
		f.Fault = sentence(v.fault)
		f.Unknown = telemetry.CodeOf(v.fault) == telemetry.CodeOutcomeUnknown
		f.Token = tokenAfter(v, f.Token)
	}
	return f, nil
}

// tokenAfter is the token of a form that is shown again: a fresh one, so that
// it can be sent once more, or its own while another program still sends it.
func tokenAfter(v view, fresh string) string {
	if telemetry.CodeOf(v.fault) == telemetry.CodeConflict {
		return cmp.Or(v.form.Get("token"), fresh)
	}
	return fresh
}

// replyOff says why nobody can reply to a session, "" if one can.
func (w *Web) replyOff(s telemetry.SessionRow) string {
	switch {
	case s.State == telemetry.StateNeverStarted:
		return "Devin did not start this session, so there is nobody to reply to. Dispatch the repository again."
	case !w.o.Settings.Polls:
		return "DEVIN_API_KEY is not set, so replies cannot be sent. Set it and restart."
	}
	return ""
}

// reply sends a message to a session, once a token. Where it is not known
// whether it was sent, the form is shown again with its text and a new token,
// so that the person decides.
func (w *Web) reply(c *fiber.Ctx) error {
	v := view{
		spec:    w.specSession(),
		subject: c.FormValue("session"),
		query:   url.Values{},
		form:    url.Values{"message": {c.FormValue("message")}, "token": {c.FormValue("token")}},
	}
	err := w.sendReply(c, v)
	inPlace := c.Get("HX-Request") != ""
	switch {
	case err != nil && inPlace && faultStatus(err) == fiber.StatusConflict:
		v.fault = err
		form, err := w.replyForm(c.UserContext(), v)
		if err != nil {
			return err
		}
		return render(c, fiber.StatusConflict, panels.Reply(form))
	case err != nil && !inPlace:
		v.fault = err
		return w.showDetail(c, v, w.loadSession, w.specMessages(), w.specReplyForm())
	case err != nil:
		return err
	case !inPlace:
		return c.Redirect(links.With(links.Session(v.subject), "sent", "1")+"#reply-form", fiber.StatusSeeOther)
	}
	form, err := w.replyForm(c.UserContext(), view{subject: v.subject, query: url.Values{"sent": {"1"}}})
	if err != nil {
		return err
	}
	return render(c, fiber.StatusOK, panels.Reply(form))
}

func (w *Web) sendReply(c *fiber.Ctx, v view) error {
	token := c.FormValue("token")
	if !jobID(token) {
		return telemetry.Errorf(telemetry.CodeInvalid, "The form is too old to be sent. Load the page again.")
	}
	text, err := telemetry.NewMessage(v.form.Get("message"))
	if err != nil {
		return err
	}
	session, err := w.o.Dashboard.SessionWithID(c.UserContext(), v.subject)
	if err != nil {
		return err
	}
	return w.o.Outward.ReplyOnce(c.UserContext(), token, session.ID, text)
}
