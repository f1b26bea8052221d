// Package notifications is the rules by which people and programs are told what
// matters: their list, the form of one, and what is done with them. What was sent is a
// list among the others.
package notifications

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Notify keeps the rules, and tries them.
type Notify interface {
	Rules(ctx context.Context) ([]telemetry.NotifyRule, error)
	Rule(ctx context.Context, id int64) (telemetry.NotifyRule, error)
	Channels() []telemetry.NotifyChannelInfo
	Linked() bool
	Save(ctx context.Context, r telemetry.NotifyRule) (telemetry.NotifyRule, error)
	Delete(ctx context.Context, id int64) error
	Preview(ctx context.Context, r telemetry.NotifyRule) (telemetry.NotifyPreview, error)
	Test(ctx context.Context, id int64) (telemetry.Notification, error)
	Retry(ctx context.Context, id string) (telemetry.Notification, error)
}

// Web answers for the rules. It is safe for concurrent use.
type Web struct {
	*shell.Shell
	notify Notify
}

// New returns a Web.
func New(s *shell.Shell, notify Notify) *Web { return &Web{s, notify} }

// Rules is the list of rules.
func (w *Web) Rules() shell.Panel {
	return shell.Panel{
		Name: "notification-rules", Title: "Rules", Page: links.Notifications,
		Topics: []string{telemetry.TopicNotify}, Every: "60s", Draw: w.drawRules,
	}
}

func (w *Web) drawRules(ctx context.Context, v shell.View) (templ.Component, error) {
	rules, err := w.notify.Rules(ctx)
	if err != nil {
		return nil, err
	}
	l := panels.NotifyRules{Table: panels.Table[panels.NotifyRuleRow]{Frame: v.Frame()}, Unlinked: !w.notify.Linked()}
	l.Empty = parts.Empty{Icon: "pulse", Title: "No rules yet",
		Text: "A rule says who is told of what: an issue that is overdue, a question of Devin, a pull request that is ready."}
	for _, c := range w.notify.Channels() {
		if !c.Set {
			l.Missing = append(l.Missing, c)
		}
	}
	for _, r := range rules {
		id := []parts.Field{{Name: "id", Value: parts.Decimal(r.ID)}}
		turn := parts.Action{Text: "Switch on", URL: links.ActionSwitchRule,
			Hidden: append(slices.Clone(id), parts.Field{Name: "on", Value: "true"})}
		if r.On {
			turn.Text, turn.Hidden[1].Value = "Switch off", "false"
		}
		l.Rows = append(l.Rows, panels.NotifyRuleRow{
			NotifyRule: r, Edit: links.With(links.NotifyRule, "id", parts.Decimal(r.ID)), Turn: turn,
			Test: parts.Action{Text: "Send a test", URL: links.ActionTestRule, Hidden: id},
			Drop: parts.Action{Text: "Delete", URL: links.ActionDeleteRule, Hidden: id},
			Sent: links.Matching(links.Notifications, `rule:"`+strings.ReplaceAll(r.Name, `"`, `*`)+`"`),
		})
	}
	return panels.NotificationRules(l), nil
}

// RulePage is the form that makes a rule, or with id changes it.
func (w *Web) RulePage(c *fiber.Ctx) error {
	form := url.Values{"on": {"true"}, "event": {string(telemetry.NotifyNew)}, "severity": {telemetry.Severities()[0]}, "zone": {"UTC"}}
	if text := c.Query("id"); text != "" {
		id, err := telemetry.NumberParam("id", text, 1, 0, math.MaxInt64)
		if err != nil {
			return err
		}
		r, err := w.notify.Rule(c.UserContext(), id)
		if err != nil {
			return err
		}
		form = valuesOf(r)
	}
	return w.showForm(c, fiber.StatusOK, form, nil, nil)
}

func (w *Web) showForm(c *fiber.Ctx, status int, form url.Values, preview *telemetry.NotifyPreview, fault error) error {
	f := panels.NotifyForm{Values: form, Preview: preview, Channels: w.notify.Channels(), Unlinked: !w.notify.Linked()}
	if fault != nil {
		f.Fault = telemetry.Sentence(fault)
	}
	title := "New rule"
	if form.Get("id") != "" {
		title = "Change a rule"
	}
	body := pages.Body{
		Title: title, Breadcrumbs: []parts.Link{{Text: "Notifications", URL: links.Notifications}},
		Rows: [][]templ.Component{{panels.NotificationRule(f)}},
	}
	return w.Show(c, shell.Screen{Title: title, Current: links.Activity, Status: status, Body: body})
}

// FormFields are the fields of the form of a rule.
func FormFields() []string {
	return []string{"id", "name", "event", "severity", "repo", "owner", "hours", "channel", "addresses",
		"digest_at", "quiet_from", "quiet_to", "zone", "on"}
}

func valuesOf(r telemetry.NotifyRule) url.Values {
	v := url.Values{}
	for name, text := range map[string]string{
		"id": parts.Decimal(r.ID), "name": r.Name, "event": string(r.Event), "severity": r.Severity, "repo": string(r.Repo), "owner": r.Owner,
		"channel": string(r.Channel), "addresses": strings.Join(r.Addresses, ", "), "digest_at": r.DigestAt,
		"quiet_from": r.QuietFrom, "quiet_to": r.QuietTo, "zone": r.Zone,
	} {
		v.Set(name, text)
	}
	if r.Hours > 0 {
		v.Set("hours", parts.Decimal(r.Hours))
	}
	if r.On {
		v.Set("on", "true")
	}
	return v
}

// ruleOf reads the form.
func ruleOf(c *fiber.Ctx) (form url.Values, r telemetry.NotifyRule, err error) {
	form = url.Values{}
	for _, name := range FormFields() {
		form.Set(name, strings.TrimSpace(c.FormValue(name)))
	}
	r = telemetry.NotifyRule{
		Name: form.Get("name"), Event: telemetry.NotifyEvent(form.Get("event")), Severity: form.Get("severity"),
		Repo: telemetry.RepoName(form.Get("repo")), Owner: form.Get("owner"), Channel: telemetry.NotifyChannel(form.Get("channel")),
		Addresses: strings.FieldsFunc(form.Get("addresses"), func(r rune) bool { return strings.ContainsRune(",;\n\r\t ", r) }),
		DigestAt:  form.Get("digest_at"), QuietFrom: form.Get("quiet_from"), QuietTo: form.Get("quiet_to"), Zone: form.Get("zone"),
		On: form.Get("on") == "true",
	}
	for name, into := range map[string]*int64{"id": &r.ID, "hours": &r.Hours} {
		if text := form.Get(name); text != "" && err == nil {
			*into, err = telemetry.NumberParam(name, text, 0, 0, math.MaxInt64)
		}
	}
	return form, r, err
}

// Save makes or changes a rule. What is wrong is said with what was typed.
func (w *Web) Save(c *fiber.Ctx) error {
	form, r, err := ruleOf(c)
	if err == nil {
		_, err = w.notify.Save(c.UserContext(), r)
	}
	if err == nil {
		return c.Redirect(links.Notifications, fiber.StatusSeeOther)
	}
	return w.again(c, form, err)
}

func (w *Web) again(c *fiber.Ctx, form url.Values, err error) error {
	if code := telemetry.CodeOf(err); code != telemetry.CodeInvalid && code != telemetry.CodeConflict {
		return err
	}
	return w.showForm(c, shell.FaultStatus(err), form, nil, err)
}

// Preview shows the form again, with what the rule finds now.
func (w *Web) Preview(c *fiber.Ctx) error {
	form, r, err := ruleOf(c)
	var p telemetry.NotifyPreview
	if err == nil {
		p, err = w.notify.Preview(c.UserContext(), r)
	}
	if err != nil {
		return w.again(c, form, err)
	}
	return w.showForm(c, fiber.StatusOK, form, &p, nil)
}

func (w *Web) idOf(c *fiber.Ctx) (int64, error) {
	return telemetry.NumberParam("id", c.FormValue("id"), 1, 0, math.MaxInt64)
}

// Switch switches a rule on or off.
func (w *Web) Switch(c *fiber.Ctx) error {
	on, err := shell.Flag(c, "on")
	if err != nil {
		return err
	}
	id, err := w.idOf(c)
	if err != nil {
		return err
	}
	r, err := w.notify.Rule(c.UserContext(), id)
	if err != nil {
		return err
	}
	r.On = on
	if _, err := w.notify.Save(c.UserContext(), r); err != nil {
		return err
	}
	return w.shown(c)
}

// Delete removes a rule.
func (w *Web) Delete(c *fiber.Ctx) error {
	id, err := w.idOf(c)
	if err == nil {
		err = w.notify.Delete(c.UserContext(), id)
	}
	if err != nil {
		return err
	}
	return w.shown(c)
}

// shown answers with the rules as they are now.
func (w *Web) shown(c *fiber.Ctx) error {
	if c.Get("HX-Request") == "" {
		return c.Redirect(links.Notifications, fiber.StatusSeeOther)
	}
	part, err := w.drawRules(c.UserContext(), shell.View{Panel: w.Rules()})
	if err != nil {
		return err
	}
	return shell.Render(c, fiber.StatusOK, part)
}

// Test queues a message that tries a rule, and leads to it.
func (w *Web) Test(c *fiber.Ctx) error {
	id, err := w.idOf(c)
	if err != nil {
		return err
	}
	n, err := w.notify.Test(c.UserContext(), id)
	if err != nil {
		return err
	}
	return leadTo(c, links.Matching(links.Notifications, "id:"+n.ID))
}

// Retry queues a message again that was given up, and leads to it.
func (w *Web) Retry(c *fiber.Ctx) error {
	n, err := w.notify.Retry(c.UserContext(), c.FormValue("id"))
	if err != nil {
		return err
	}
	return leadTo(c, links.Matching(links.Notifications, "id:"+n.ID))
}

func leadTo(c *fiber.Ctx, address string) error {
	if c.Get("HX-Request") == "" {
		return c.Redirect(address, fiber.StatusSeeOther)
	}
	c.Set("HX-Redirect", address)
	return c.SendStatus(fiber.StatusNoContent)
}
