package lists

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// deskOf is the bar of actions of a list of issues, for those who may decide
// about what is now.
func deskOf(ctx context.Context, v shell.View, q query.Query, total int) panels.Desk {
	if !v.AsOf.IsZero() || shell.Refusal(ctx, links.ActionDecideMany) != "" {
		return panels.Desk{}
	}
	d := panels.Desk{Whole: true, Total: int64(total), Noun: "issue", Box: "issue", Keys: map[string]string{"dismiss": "d", "assign": "a"}}
	for _, a := range bulkActions() {
		d.Actions = append(d.Actions, parts.Field{Name: a.Name, Value: a.Text})
	}
	d.Actions = append(d.Actions, parts.Field{Name: panels.DeskSend, Value: "Send to Devin…"})
	d.Query = inScope(v, q.Without("group")).String()
	return d
}

// newCampaign begins a campaign of the issues of a list, now.
func newCampaign(v shell.View, q query.Query, total int) parts.Link {
	text := inScope(v, q.Without("group")).String()
	if !v.AsOf.IsZero() || total == 0 || total > telemetry.CampaignIssuesMost {
		return parts.Link{}
	}
	return parts.Link{Text: "New campaign", URL: links.NewCampaign + "?" + url.Values{"q": {text}}.Encode()}
}

// bulkActions are what can be decided about several issues at once. A snooze is
// of a row of Needs you.
func bulkActions() []panels.DecisionAction {
	return slices.DeleteFunc(shell.DecisionActions(), func(a panels.DecisionAction) bool { return a.Name == string(telemetry.ActionSnooze) })
}

// Decide is the form of an action on several issues, in the dialog of the list.
func (w *Web) Decide() shell.Panel {
	return shell.Panel{
		Name: "decide", Title: "Decide", Needs: telemetry.RoleOperator, Page: links.Decide,
		Params: []string{"action", "expect", "n", "all"},
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			f, err := w.decideForm(ctx, askedOf(v.Query))
			return panels.DecideDialog(f), err
		},
	}
}

// DecidePage is the same as a page of its own.
func (w *Web) DecidePage(c *fiber.Ctx) error {
	return w.showDecide(c, fiber.StatusOK, askedOf(shell.QueryOf(c)), nil)
}

func (w *Web) showDecide(c *fiber.Ctx, status int, asked decision, fault error) error {
	f, err := w.decideForm(c.UserContext(), asked)
	if err != nil {
		return err
	}
	if fault != nil {
		f.Fault = telemetry.Sentence(fault)
	}
	body := pages.Body{Title: f.Title, Rows: [][]templ.Component{{panels.Decide(f)}}}
	return w.Show(c, shell.Screen{Title: f.Title, Current: links.Issues, Status: status, Body: body})
}

// decision is a decision as forms ask for it.
type decision struct {
	telemetry.NewDecision
	n     int64 // how many issues are selected, where a script adds them to the form
	until string
}

// askedOf reads what forms ask for.
func askedOf(form url.Values) decision {
	d := decision{until: form.Get("until")}
	d.Action, d.Reason = telemetry.DecisionAction(form.Get("action")), telemetry.ReasonOf(form.Get("reason"))
	d.Comment, d.Assignee = form.Get("comment"), form.Get("assignee")
	d.n, _ = telemetry.NumberParam("n", form.Get("n"), 0, 0, telemetry.DecisionIssuesMost) // 0: those that are named
	if form.Get("all") == "1" {
		d.Query = form.Get("q")
		d.Expect, _ = telemetry.NumberParam("expect", form.Get("expect"), 0, 0, 1<<40) // Check refuses 0
		return d
	}
	d.Issues = append([]string{}, form["issue"]...)
	d.Issues = append(d.Issues, strings.Fields(form.Get("issues"))...)
	return d
}

// about is how many issues the decision is about.
func (d decision) about() int64 {
	switch {
	case d.Issues == nil:
		return d.Expect
	case len(d.Issues) > 0:
		return int64(len(d.Issues))
	}
	return d.n
}

func (w *Web) decideForm(ctx context.Context, asked decision) (f panels.DecideForm, err error) {
	actions := bulkActions()
	i := slices.IndexFunc(actions, func(a panels.DecisionAction) bool { return a.Name == string(asked.Action) })
	switch n := asked.about(); {
	case i < 0:
		return f, telemetry.Errorf(telemetry.CodeInvalid, "Invalid action: want dismiss, accept, assign or comment.")
	case n == 0:
		return f, telemetry.Errorf(telemetry.CodeInvalid, "No issue is selected. Go back to the list, select some, and choose again.")
	default:
		f.Action = actions[i]
		what := parts.Plural(n, "issue", "")
		f.Title, f.Action.Button = f.Action.Button+" "+what, f.Action.Button+" "+what
		if f.Action.Name == string(telemetry.ActionComment) {
			f.Title, f.Action.Button = "Comment on "+what, "Comment on "+what
		}
	}
	f.Action.Comment = asked.Comment
	if f.Action.Name == string(telemetry.ActionAssign) {
		if f.Action.People, err = w.Assignable(ctx); err != nil {
			return f, err
		}
	}
	f.Fields = []parts.Field{{Name: "token", Value: w.newID()}}
	if asked.Issues == nil {
		f.Of = asked.Query
		f.Fields = append(f.Fields, parts.Field{Name: "all", Value: "1"}, parts.Field{Name: "q", Value: asked.Query},
			parts.Field{Name: "expect", Value: parts.Decimal(asked.Expect)})
	} else {
		f.Fields = append(f.Fields, parts.Field{Name: "issues", Value: strings.Join(asked.Issues, " ")})
	}
	return f, nil
}

// DecideMany makes a decision about several issues, once per token. What could
// not be decided is said with what was typed; where the query names another
// number than was confirmed, the form asks for that one.
func (w *Web) DecideMany(c *fiber.Ctx) error {
	asked := askedOf(formValues(c))
	made, err := w.decideAsked(c, &asked)
	inPlace := c.Get("HX-Request") != ""
	switch code := telemetry.CodeOf(err); {
	case err == nil && inPlace:
		return shell.Render(c, fiber.StatusOK, panels.Decided(parts.Decimal(made.ID), saidOf(made)))
	case err == nil:
		return c.Redirect(links.Matching(links.Decisions, "id:"+parts.Decimal(made.ID)), fiber.StatusSeeOther)
	case code == telemetry.CodeConflict && asked.Issues == nil:
		return w.confirmAgain(c, asked, err, inPlace)
	case inPlace || code != telemetry.CodeInvalid && code != telemetry.CodeConflict || asked.about() == 0:
		return err
	}
	return w.showDecide(c, shell.FaultStatus(err), asked, err)
}

func (w *Web) decideAsked(c *fiber.Ctx, asked *decision) (made telemetry.Decision, err error) {
	token := c.FormValue("token")
	if !shell.IsID(token) {
		return made, telemetry.Errorf(telemetry.CodeInvalid, "This form has expired. Reload the page.")
	}
	if asked.Until, err = telemetry.UntilParam(asked.until); err != nil {
		return made, err
	}
	asked.Key = "form " + token
	return w.Dashboard.Decide(c.UserContext(), asked.NewDecision, w.Now())
}

// confirmAgain shows the form with the number of issues that its query names now.
func (w *Web) confirmAgain(c *fiber.Ctx, asked decision, fault error, inPlace bool) error {
	q, err := dashboard.Parse(w.Dashboard.Issues, asked.Query)
	if err != nil {
		return err
	}
	n, err := w.Dashboard.Issues.Counts(c.UserContext(), []query.Ask{{Query: q}})
	if err != nil {
		return err
	}
	if n[0] == 0 {
		return fault
	}
	if asked.Expect = n[0]; !inPlace {
		return w.showDecide(c, fiber.StatusConflict, asked, fault)
	}
	f, err := w.decideForm(c.UserContext(), asked)
	if err != nil {
		return err
	}
	f.Fault = telemetry.Sentence(fault)
	return shell.Render(c, fiber.StatusConflict, panels.Decide(f))
}

// saidOf says what was decided: "3 issues dismissed as false positive".
func saidOf(d telemetry.Decision) string {
	what := parts.Plural(d.Issues, "issue", "")
	switch d.Action {
	case telemetry.ActionDismiss:
		return what + " dismissed: " + telemetry.DismissReason(d.Reason).Words() + "."
	case telemetry.ActionAccept:
		return "Risk of " + what + " accepted until " + d.Until.UTC().Format("2 Jan 2006") + "."
	case telemetry.ActionAssign:
		if d.Assignee == "" {
			return what + " assigned to nobody."
		}
		return what + " assigned to " + string(d.Assignee) + "."
	case telemetry.ActionComment:
		return "Commented on " + what + "."
	}
	return what + ": " + strings.ToLower(d.Words()) + "."
}

// formValues are the fields of a form.
func formValues(c *fiber.Ctx) url.Values {
	values := url.Values{}
	for name, value := range c.Request().PostArgs().All() {
		values.Add(string(name), string(value))
	}
	return values
}
