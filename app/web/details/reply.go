package details

import (
	"cmp"
	"context"
	"net/url"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
)

// ReplyDialog is what the dialog of a row holds: what Devin asks, and the form.
func (w *Web) ReplyDialog() shell.Panel {
	return shell.Panel{Name: "reply", Title: "Reply", Page: links.Sessions, One: true, Lazy: true, Draw: w.drawReply}
}

// ReplyForm is the form alone, on the session's page.
func (w *Web) ReplyForm() shell.Panel {
	return shell.Panel{
		Name:  "reply-form",
		Title: "Reply",
		Page:  links.Sessions,
		One:   true,
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			form, err := w.replyForm(ctx, v)
			return panels.Reply(form), err
		},
	}
}

func (w *Web) drawReply(ctx context.Context, v shell.View) (templ.Component, error) {
	form, err := w.replyForm(ctx, v)
	if err != nil {
		return nil, err
	}
	later := v.Of(w.Messages())
	later.Later = true
	messages, err := w.drawMessages(ctx, later)
	return panels.ReplyDialog(messages, form), err
}

func (w *Web) replyForm(ctx context.Context, v shell.View) (panels.ReplyForm, error) {
	s, err := w.Dashboard.SessionByID(ctx, v.Subject, time.Time{})
	if err != nil {
		return panels.ReplyForm{}, err
	}
	f := panels.ReplyForm{
		Session: s.Key,
		Title:   sessionTitle(s.SessionRow),
		Page:    links.Session(s.Key),
		Token:   w.newID(),
		Text:    v.Form.Get("message"),
		Sent:    v.Query.Get("sent") == "1",
		Off:     cmp.Or(shell.Refusal(ctx, links.ActionReply), w.replyOff(s.SessionRow)),
	}
	f.Note = "The message is sent once. It wakes a sleeping session."
	if s.State == telemetry.StateExpired || s.State == telemetry.StateFailed {
		f.Note = "This session has ended (" + string(s.State) + "). Devin may no longer accept messages."
	}
	if v.Fault != nil {
		f.Fault = telemetry.Sentence(v.Fault)
		f.Unknown = telemetry.CodeOf(v.Fault) == telemetry.CodeOutcomeUnknown
		f.Token = shell.TokenAfter(v, f.Token)
	}
	return f, nil
}

// replyOff is why the session cannot receive a reply, "" if it can.
func (w *Web) replyOff(s telemetry.SessionRow) string {
	switch {
	case s.State == telemetry.StateNeverStarted:
		return "Devin did not start this session, so it cannot receive a reply. Start a run on the repository."
	case !w.Settings.Polls:
		return "DEVIN_API_KEY is not set, so replies cannot be sent. Set it and restart."
	}
	return ""
}

// Reply sends a message to a session, once per token. If it is unknown
// whether it was sent, the form is shown again with its text and a new token,
// so that the person decides.
func (w *Web) Reply(c *fiber.Ctx) error {
	v := shell.View{
		Panel:   w.Session(),
		Subject: c.FormValue("session"),
		Query:   url.Values{},
		Form:    url.Values{"message": {c.FormValue("message")}, "token": {c.FormValue("token")}},
	}
	err := w.sendReply(c, v)
	inPlace := c.Get("HX-Request") != ""
	switch {
	case err != nil && inPlace && shell.FaultStatus(err) == fiber.StatusConflict:
		v.Fault = err
		form, err := w.replyForm(c.UserContext(), v)
		if err != nil {
			return err
		}
		return shell.Render(c, fiber.StatusConflict, panels.Reply(form))
	case err != nil && !inPlace:
		v.Fault = err
		return w.showDetail(c, v, w.LoadSession, w.Messages(), w.ReplyForm())
	case err != nil:
		return err
	case !inPlace:
		return c.Redirect(links.With(links.Session(v.Subject), "sent", "1")+"#reply-form", fiber.StatusSeeOther)
	}
	form, err := w.replyForm(c.UserContext(), shell.View{Subject: v.Subject, Query: url.Values{"sent": {"1"}}})
	if err != nil {
		return err
	}
	return shell.Render(c, fiber.StatusOK, panels.Reply(form))
}

func (w *Web) sendReply(c *fiber.Ctx, v shell.View) error {
	token := c.FormValue("token")
	if !shell.IsID(token) {
		return telemetry.Errorf(telemetry.CodeInvalid, "This form has expired. Reload the page.")
	}
	text, err := telemetry.NewMessage(v.Form.Get("message"))
	if err != nil {
		return err
	}
	session, err := w.Dashboard.SessionWithID(c.UserContext(), v.Subject)
	if err != nil {
		return err
	}
	return w.replies.Reply(c.UserContext(), token, session.ID, text)
}
