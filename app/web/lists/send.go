package lists

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

// sendParams are what an address asks of the preview of what is sent to Devin.
func sendParams() []string {
	return []string{"issue", "issues", "all", "q", "expect", "size", "max_acus", "anyway", "retry", "not_started", "note",
		"playbook_id", "campaign"}
}

// SendDialog is the preview in the dialog of a list or page.
func (w *Web) SendDialog() shell.Panel {
	return shell.Panel{
		Name: "send", Title: "Send to Devin", Needs: telemetry.RoleOperator, Page: links.Send, Params: sendParams(),
		Draw: func(ctx context.Context, v shell.View) (templ.Component, error) {
			f, err := w.sendForm(ctx, v.Query)
			return panels.SendDialog(f), err
		},
	}
}

// SendPage is the preview as a page of its own.
func (w *Web) SendPage(c *fiber.Ctx) error {
	return w.showSend(c, fiber.StatusOK, shell.QueryOf(c), nil)
}

func (w *Web) showSend(c *fiber.Ctx, status int, form url.Values, fault error) error {
	f, err := w.sendForm(c.UserContext(), form)
	if err != nil {
		return err
	}
	if fault != nil {
		f.Fault = telemetry.Sentence(fault)
	}
	body := pages.Body{Title: f.Title, Rows: [][]templ.Component{{panels.Send(f)}}}
	return w.Show(c, shell.Screen{Title: f.Title, Current: links.Issues, Status: status, Body: body})
}

// askedToSend reads what forms ask to be sent.
func askedToSend(form url.Values) (a telemetry.SendAsk, err error) {
	a.Retry, a.NotStarted, a.Anyway = form.Get("retry"), form.Get("not_started") == "1", form.Get("anyway") == "1"
	a.Note, a.Playbook = form.Get("note"), form.Get("playbook_id")
	if form.Has("known") {
		a.Known = append([]string{}, strings.Fields(form.Get("known"))...)
	}
	for name, into := range map[string]*int64{"size": &a.Size, "max_acus": &a.MaxACUs, "sessions": &a.Sessions, "expect": &a.Expect,
		"campaign": &a.Campaign} {
		if form.Get(name) == "" {
			continue
		}
		if *into, err = telemetry.NumberParam(name, form.Get(name), 5, math.MinInt64, math.MaxInt64); err != nil { // Check bounds it
			return a, err
		}
	}
	switch {
	case a.Retry != "":
	case form.Get("all") == "1":
		a.Query = form.Get("q")
	default:
		a.Issues = append(append([]string{}, form["issue"]...), strings.Fields(strings.Join(form["issues"], " "))...)
		if len(a.Issues) == 0 {
			return a, telemetry.Errorf(telemetry.CodeInvalid, "No issue is selected. Go back to the list, select some, and choose again.")
		}
	}
	return a, nil
}

// sendForm plans what is asked, and shows it. Of a query it takes the number of
// issues that it names now, which is what the person confirms.
func (w *Web) sendForm(ctx context.Context, form url.Values) (f panels.SendForm, err error) {
	ask, err := askedToSend(form)
	if err != nil {
		return f, err
	}
	ask.Known, ask.Any = nil, true // it shows what is known and named now
	plan, err := w.Dashboard.PlanSend(ctx, ask, w.Now())
	if err != nil {
		return f, err
	}
	f = panels.SendForm{Token: w.newID(), Size: plan.Size, MaxACUs: plan.MaxACUs, Retry: plan.Retry}
	if f.Playbooks, err = w.Dashboard.Playbooks(ctx); err != nil {
		return f, err
	}
	if f.Note, f.Playbook = plan.Note, plan.Playbook; f.Playbook != "" && !slices.Contains(f.Playbooks, f.Playbook) {
		f.Playbooks = append(f.Playbooks, f.Playbook)
	}
	f.ACUsMost = w.Dashboard.SendLimits().MaxACUs
	f.Off = shell.Refusal(ctx, links.ActionSend)
	if f.Off == "" && !w.Settings.Polls {
		f.Off = "DEVIN_API_KEY is not set, so no session can be started. Set it and restart."
	}
	n := plan.Issues()
	f.Title = "Send " + parts.Plural(n, "issue", "") + " to Devin"
	f.Selected, f.LeftOut = plan.Selected, int64(len(plan.Left))
	var sent []string
	for i, b := range plan.Batches {
		f.Batches = append(f.Batches, w.sendBatch(i+1, b))
		sent = append(sent, b.Issues...)
	}
	f.Left = leftLines(plan)
	if again := asOf(form); anyUnderWay(plan) {
		again.Set("anyway", "1")
		f.Anyway = links.Send + "?" + again.Encode()
	}
	f.Fields = append(sendFields(ask, sent, len(plan.Batches)), parts.Field{Name: "known", Value: strings.Join(plan.Known, " ")})
	f.Asked = askedFields(form)
	f.Budget = string(plan.Budget)
	f.AtOnce = panels.Meter{Next: int64(len(plan.Batches)), Most: plan.AtOnce}
	f.Today = panels.Meter{Used: plan.Today, Next: int64(len(plan.Batches)), Most: plan.PerDay}
	return f, nil
}

// asOf are the parameters of a preview.
func asOf(form url.Values) url.Values {
	out := url.Values{}
	for _, name := range sendParams() {
		if list := form[name]; len(list) > 0 && list[0] != "" {
			out[name] = list
		}
	}
	return out
}

// sendFields are what the form sends: the issues of the preview, so that nothing
// else is sent than was shown.
func sendFields(ask telemetry.SendAsk, issues []string, sessions int) []parts.Field {
	fields := []parts.Field{{Name: "sessions", Value: parts.Decimal(sessions)}, {Name: "size", Value: parts.Decimal(ask.Size)},
		{Name: "max_acus", Value: parts.Decimal(ask.MaxACUs)}}
	if ask.Retry != "" {
		fields = append(fields, parts.Field{Name: "retry", Value: ask.Retry})
		if ask.NotStarted {
			fields = append(fields, parts.Field{Name: "not_started", Value: "1"})
		}
	} else {
		fields = append(fields, parts.Field{Name: "issues", Value: strings.Join(issues, " ")})
	}
	if ask.Anyway {
		fields = append(fields, parts.Field{Name: "anyway", Value: "1"})
	}
	if ask.Campaign != 0 {
		fields = append(fields, parts.Field{Name: "campaign", Value: parts.Decimal(ask.Campaign)})
	}
	return fields
}

// askedFields are what the form with which the preview is changed sends beside
// what it changes.
func askedFields(form url.Values) (fields []parts.Field) {
	for _, name := range sendParams() {
		if slices.Contains([]string{"size", "max_acus", "note", "playbook_id"}, name) { // the fields beside it have them
			continue
		}
		for _, value := range form[name] {
			if value != "" {
				fields = append(fields, parts.Field{Name: name, Value: value})
			}
		}
	}
	return fields
}

func (w *Web) sendBatch(n int, b telemetry.PlannedBatch) panels.SendBatch {
	o := b.Odds
	row := panels.SendBatch{
		Number: n, Title: strings.Join(b.Rules, ", "), Repo: b.Repo, Issues: issuesLink(b.Issues),
		Prompt: b.Prompt, Faint: true, ACUs: o.ACUs, Name: b.Title,
	}
	if o.FixRate == nil {
		return row
	}
	row.Faint, row.Rate, row.Gone, row.Tried = o.Issues < telemetry.OddsLeast, *o.FixRate, o.Gone, o.Issues
	text := shell.TermText(string(o.Of), o.Name)
	if text == "" && o.Of == telemetry.RateByFamily {
		text = "no:family"
	}
	if text != "" {
		row.GoneURL = links.Matching(links.Issues, text+" has:session found:gone")
		row.TriedURL = links.Matching(links.Issues, text+" has:session")
	}
	return row
}

// issuesLink leads to the list of issues, where they are few enough to be named.
func issuesLink(ids []string) parts.Link {
	l := parts.Link{Text: parts.Plural(len(ids), "issue", "")}
	if len(ids) <= issuesNamed {
		l.URL = links.Matching(links.Issues, shell.TermText("id", ids...))
	}
	return l
}

// issuesNamed is how many issues a link names.
const issuesNamed = 40

func anyUnderWay(p telemetry.SendPlan) bool {
	for _, l := range p.Left {
		if l.Why.UnderWay() {
			return true
		}
	}
	return false
}

// leftLines says what is left out: a line for each reason, and for each session or
// pull request.
func leftLines(p telemetry.SendPlan) (lines []panels.SendLeft) {
	type key struct {
		why  telemetry.LeftWhy
		what string
	}
	groups, order := map[key][]telemetry.LeftOut{}, []key{}
	for _, why := range telemetry.LeftWhys() {
		for _, l := range p.Left {
			if l.Why != why {
				continue
			}
			k := key{why, string(l.Session + l.Batch)}
			if len(groups[k]) == 0 {
				order = append(order, k)
			}
			groups[k] = append(groups[k], l)
		}
	}
	for _, k := range order {
		var ids []string
		for _, l := range groups[k] {
			ids = append(ids, l.Issue)
		}
		lines = append(lines, leftLine(groups[k][0], issuesLink(ids)))
	}
	return lines
}

func leftLine(l telemetry.LeftOut, issues parts.Link) panels.SendLeft {
	key := string(l.Session)
	line := panels.SendLeft{Why: l.Why, Issues: issues}
	switch l.Why {
	case telemetry.LeftPull:
		line.In = parts.Link{Text: string(l.PR.Repo) + "#" + parts.Decimal(l.PR.Number), URL: links.Pull(l.PR.Repo, l.PR.Number)}
	case telemetry.LeftWaiting:
		line.In = parts.Link{Text: "session " + shell.ShortID(key), URL: links.Session(key)}
		line.Instead = parts.Link{Text: "Reply instead", URL: links.Session(key) + "#reply-form"}
	case telemetry.LeftSession:
		line.In = parts.Link{Text: "session " + shell.ShortID(key), URL: links.Session(key)}
	case telemetry.LeftBatch, telemetry.LeftUnsure:
		line.In = parts.Link{Text: "batch " + shell.ShortID(string(l.Batch)), URL: links.With(links.Batches, "id", string(l.Batch))}
	}
	return line
}

// Send starts the sessions of a preview, once per token. What could not be sent is
// said on the preview of now.
func (w *Web) Send(c *fiber.Ctx) error {
	form := formValues(c)
	inPlace := c.Get("HX-Request") != ""
	if form.Get("dry_run") == "1" {
		return w.showAgain(c, form, inPlace)
	}
	sent, err := w.send(c, form)
	switch code := telemetry.CodeOf(err); {
	case err == nil && inPlace:
		list := w.Batches()
		v := shell.View{Query: url.Values{"order_token": {sent[0].Order}}}.Of(list)
		part, err := list.Draw(c.UserContext(), v)
		if err != nil {
			return err
		}
		return shell.Render(c, fiber.StatusAccepted, panels.Sent(part))
	case err == nil:
		return c.Redirect(links.With(links.Batches, "order_token", sent[0].Order), fiber.StatusSeeOther)
	case code != telemetry.CodeConflict && code != telemetry.CodeRateLimited:
		return err
	case !inPlace:
		return w.showSend(c, shell.FaultStatus(err), form, err)
	}
	f, planErr := w.sendForm(c.UserContext(), form)
	if planErr != nil {
		return err
	}
	f.Fault = telemetry.Sentence(err)
	return shell.Render(c, fiber.StatusConflict, panels.Send(f))
}

// showAgain shows a preview with what was typed in it, and sends nothing.
func (w *Web) showAgain(c *fiber.Ctx, form url.Values, inPlace bool) error {
	telemetry.NoteEffect(c.UserContext(), telemetry.Effect{Subject: form.Get("retry"), After: "dry run, nothing was sent"})
	if !inPlace {
		return w.showSend(c, fiber.StatusOK, form, nil)
	}
	f, err := w.sendForm(c.UserContext(), form)
	if err != nil {
		return err
	}
	return shell.Render(c, fiber.StatusOK, panels.Send(f))
}

func (w *Web) send(c *fiber.Ctx, form url.Values) ([]telemetry.SentBatch, error) {
	token := form.Get("token")
	if !shell.IsID(token) {
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "This form has expired. Reload the page.")
	}
	ask, err := askedToSend(form)
	if err != nil {
		return nil, err
	}
	ask.Key = "form " + token
	_, sent, err := w.Dashboard.Send(c.UserContext(), ask, w.Now())
	return sent, err
}
