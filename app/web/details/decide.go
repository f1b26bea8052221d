package details

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// DecisionForm is the form of decisions on an issue's page.
func (w *Web) DecisionForm() shell.Panel {
	return shell.Panel{
		Name:  "decision-form",
		Title: "Decide",
		Page:  links.Issues,
		One:   true,
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			form, err := w.decisionForm(ctx, v)
			return panels.Decision(form), err
		},
	}
}

func (w *Web) decisionForm(ctx context.Context, v shell.View) (f panels.DecisionForm, err error) {
	i, moved, err := w.Dashboard.IssueByID(ctx, v.Subject, time.Time{})
	if err == nil && moved != "" {
		i, _, err = w.Dashboard.IssueByID(ctx, moved, time.Time{})
	}
	if err != nil {
		return f, err
	}
	f.Fields = []parts.Field{{Name: "issue", Value: i.PublicID}, {Name: "token", Value: w.newID()}}
	people, err := w.Assignable(ctx)
	if err != nil {
		return f, err
	}
	f.Actions = decisionActions(people, i.State)
	if i.State == telemetry.StatusFixed {
		f.Off = "This issue is fixed: nothing is left to decide. If it comes back, it asks again."
	}
	if v.Fault != nil {
		f.Fault = telemetry.Sentence(v.Fault)
		for n := range f.Actions {
			if a := &f.Actions[n]; a.Name == v.Form.Get("action") {
				a.Open, a.Comment = true, v.Form.Get("comment")
			}
		}
	}
	made := v.Query.Get("decided")
	for _, d := range i.Decisions {
		if made != "" && strconv.FormatInt(d.ID, 10) == made && d.UndoneAt.IsZero() {
			f.Done = d.Words() + "."
			f.Undo = []parts.Field{{Name: "id", Value: made}, {Name: "issue", Value: i.PublicID}}
		}
	}
	return f, nil
}

// decisionActions are what can be decided about an issue in a state, and who
// can be assigned.
func decisionActions(people []string, state telemetry.Status) []panels.DecisionAction {
	if state == telemetry.StatusFixed {
		return []panels.DecisionAction{shell.CommentAction()}
	}
	actions := shell.DecisionActions()
	for n := range actions {
		if actions[n].Name == string(telemetry.ActionAssign) {
			actions[n].People = people
		}
	}
	if state == telemetry.StateDismissed || state == telemetry.StateAccepted {
		return append([]panels.DecisionAction{{Name: string(telemetry.ActionReopen), Text: "Reopen…", Button: "Reopen"}}, actions...)
	}
	return actions
}

// Decide makes a decision about an issue, once per token, and leads back to its
// page. What could not be decided is said there, with what was typed.
func (w *Web) Decide(c *fiber.Ctx) error {
	v := shell.View{
		Panel: w.Issue(), Subject: c.FormValue("issue"), Query: url.Values{},
		Form: url.Values{"action": {c.FormValue("action")}, "comment": {c.FormValue("comment")}},
	}
	made, err := w.decide(c)
	if err != nil {
		if code := telemetry.CodeOf(err); code != telemetry.CodeInvalid && code != telemetry.CodeConflict {
			return err
		}
		v.Fault = err
		return w.showDetail(c, v, w.LoadIssue, w.DecisionForm())
	}
	return c.Redirect(links.With(links.Issue(v.Subject), "decided", strconv.FormatInt(made.ID, 10))+"#decision-form", fiber.StatusSeeOther)
}

func (w *Web) decide(c *fiber.Ctx) (telemetry.Decision, error) {
	token := c.FormValue("token")
	if !shell.IsID(token) {
		return telemetry.Decision{}, telemetry.Errorf(telemetry.CodeInvalid, "This form has expired. Reload the page.")
	}
	until, err := telemetry.UntilParam(c.FormValue("until"))
	if err != nil {
		return telemetry.Decision{}, err
	}
	return w.Dashboard.Decide(c.UserContext(), telemetry.NewDecision{
		Action: telemetry.DecisionAction(c.FormValue("action")), Reason: telemetry.ReasonOf(c.FormValue("reason")),
		Comment: c.FormValue("comment"), Until: until, Assignee: c.FormValue("assignee"), Key: "form " + token,
		Issues: []string{c.FormValue("issue")},
	}, w.Now())
}

// UndoDecision takes a decision back, and leads back to the issue's page, or to
// the list of decisions.
func (w *Web) UndoDecision(c *fiber.Ctx) error {
	var ids []string
	for _, text := range strings.Fields(c.FormValue("id")) { // several rows that were snoozed at once
		id, err := telemetry.NumberParam("id", text, 1, 0, 1<<62)
		if err == nil {
			_, err = w.Dashboard.Undo(c.UserContext(), id)
		}
		if err != nil {
			return err
		}
		ids = append(ids, parts.Decimal(id))
	}
	if len(ids) == 0 {
		return telemetry.Errorf(telemetry.CodeInvalid, "Invalid id: want the number of a decision.")
	}
	issue := c.FormValue("issue")
	switch {
	case c.Get("HX-Request") != "":
		return shell.Render(c, fiber.StatusOK, templ.NopComponent)
	case issue == "":
		return c.Redirect(links.Matching(links.Decisions, "id:"+strings.Join(ids, ",")), fiber.StatusSeeOther)
	}
	return c.Redirect(links.Issue(issue)+"#decision-form", fiber.StatusSeeOther)
}
