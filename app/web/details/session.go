package details

import (
	"cmp"
	"context"
	"time"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Session is a session.
func (w *Web) Session() shell.Panel {
	p := page("session", "Sessions", links.Sessions, w.LoadSession)
	p.Every = "15s"
	return p
}

// Messages is the messages of a session, from Devin.
func (w *Web) Messages() shell.Panel {
	return shell.Panel{
		Name:   "messages",
		Title:  "Messages",
		Page:   links.Sessions,
		One:    true,
		Topics: []string{telemetry.TopicSessions},
		Every:  "30s",
		Lazy:   true,
		Draw:   w.drawMessages,
	}
}

// LoadSession reads and draws a session.
func (w *Web) LoadSession(ctx context.Context, v shell.View) (detail, error) {
	s, err := w.Dashboard.SessionByID(ctx, v.Subject, v.AsOf)
	if err != nil {
		return detail{}, err
	}
	p := panels.SessionPage{
		Frame:         v.Untitled(),
		Head:          w.sessionHead(s),
		States:        stateSteps(s.States),
		Issues:        shell.RowsOf(s.Issues, w.IssueRow),
		Claims:        sessionClaims(s),
		Said:          saidOf(s),
		Named:         s.IssuesNamed,
		Pulls:         shell.RowsOf(s.Pulls, w.PullRow),
		Verifications: shell.RowsOf(s.Verifications, shell.VerificationRow),
		Facts:         sessionFacts(s),
		IssueIDs:      shell.Named(s.IssueIDs),
		Mentions:      mentionPairs(s.Mentions),
	}
	for i := range p.Pulls {
		p.Pulls[i].LinkedBy = cmp.Or(p.Pulls[i].LinkedBy, shell.BasisText(s.Basis), "one of several candidates")
	}
	return detail{title: sessionTitle(s.SessionRow), body: panels.Session(p)}, nil
}

func sessionTitle(s telemetry.SessionRow) string {
	return cmp.Or(telemetry.ShortenIssueIDs(s.Title), s.Family, "Session "+cmp.Or(shell.ShortID(s.ID), s.Key))
}

func (w *Web) sessionHead(s telemetry.SessionDetail) panels.Heading {
	repo := links.Repo(s.Repo)
	h := panels.Heading{
		Breadcrumbs: []parts.Link{
			{Text: "Repositories", URL: links.Repos}, {Text: string(s.Repo), URL: repo},
			{Text: "Sessions", URL: links.In(s.Repo, links.Sessions)},
		},
		Title:  sessionTitle(s.SessionRow),
		Aside:  shell.ShortID(s.ID),
		States: []parts.State{panels.SessionState(s.State, s.Reason, s.HasPR)},
		Note:   "for",
		Time:   s.StateSince.Time,
		As:     "span",
		Asked:  s.State == telemetry.StateWaiting,
	}
	if s.Title == "" && s.Family == "" {
		h.Aside = ""
	}
	if s.PolledAt.IsZero() && s.State != telemetry.StateNeverStarted {
		h.Note, h.As = "as recorded", "ago"
	}
	if s.StateSince.IsZero() {
		h.Note = ""
	}
	if devin := w.Settings.DevinWeb.Session(s.ID, s.URL); devin != "" {
		h.Buttons = append(h.Buttons, panels.Button{Link: parts.Link{Text: "Open in Devin", URL: devin}, Icon: "hubot"})
	}
	if s.State == telemetry.StateNeverStarted && s.Reason != "" {
		h.Notices = []parts.Notice{{Tone: parts.Danger, Icon: "blocked", Strong: "Devin did not start it.", Text: s.Reason}}
	}
	if !s.MissingSince.IsZero() {
		h.Notices = append(h.Notices, parts.Notice{
			Tone:   parts.Attention,
			Icon:   "question",
			Strong: "Devin cannot find this session with this key (404, since " + s.MissingSince.Format("2006-01-02 15:04") + " UTC).",
			Text:   "It was deleted, or belongs to another organization. Stored data is shown. Devin is asked again every hour.",
		})
	}
	return h
}

func sessionFacts(s telemetry.SessionDetail) []panels.Pair {
	repo := string(s.Repo)
	facts := []panels.Pair{
		{Name: "Session", Text: s.ID, Code: s.ID != ""},
		{Name: "Repository", Text: repo, URL: links.Repo(repo)},
		{Name: "Run", Text: shell.RunName(s.RunNumber, s.BatchID), URL: links.Run(s.RunFile)},
		{Name: "Started", Time: s.At.Time, As: "day"},
		{Name: "Family", Text: s.Family},
		{Name: "Devin’s status", Text: shell.StatusText(s.Status, s.Detail), Code: true},
		{Name: "Last update", Time: s.UpdatedAt.Time, As: "ago"},
		{Name: "Same answer since", Time: s.PolledAt.Time, As: "ago"},
	}
	if s.PolledAt.IsZero() {
		facts[len(facts)-1].Text = "never polled"
	}
	facts = append(facts, costFacts(s.SessionRow)...)
	if s.PR != nil {
		facts = append(facts, panels.Pair{
			Name:  "Pull request",
			State: panels.PullState(s.PR.State, s.PR.Merged),
			Text:  telemetry.PullRef{Repo: s.PR.Repo, Number: s.PR.Number}.Key(),
			URL:   links.Pull(s.PR.Repo, s.PR.Number),
		},
			panels.Pair{Name: "Linked by", Text: shell.BasisText(s.Basis)})
	}
	return facts
}

func mentionPairs(mentions []telemetry.Mention) []panels.Pair {
	var list []panels.Pair
	for _, m := range mentions {
		list = append(list, panels.Pair{
			Name: shell.RunName(m.RunNumber, 0),
			Text: "batch " + cmp.Or(m.BatchID.String(), "not recorded") + ", " + cmp.Or(m.Status, "no status"),
			URL:  links.Run(m.RunFile),
			Time: m.At.Time,
			As:   "day",
		})
	}
	return list
}

// stateSteps are the states so far, each with how long it was.
func stateSteps(states []telemetry.StateChange) []panels.StepOf {
	var steps []panels.StepOf
	for i, c := range states {
		step := panels.StepOf{
			At:       c.At.Time,
			State:    panels.SessionState(c.State, reasonOf(c), true),
			Segments: []panels.Segment{{Text: originText(c.Origin)}, {Text: cmp.Or(shell.StatusText(c.Status, c.Detail), "no status"), Code: true}},
		}
		if i > 0 && c.At.Sub(states[i-1].At.Time) >= time.Minute {
			step.After = shell.DaysText(c.At.Sub(states[i-1].At.Time))
		}
		steps = append(steps, step)
	}
	return steps
}

// reasonOf is shown with a state: the raw status of an unknown one.
func reasonOf(c telemetry.StateChange) string {
	if c.State == telemetry.StateUnknown {
		return shell.StatusText(c.Status, c.Detail)
	}
	return c.Detail
}

func originText(origin string) string {
	switch origin {
	case "poll":
		return "polled"
	case "pr":
		return "by its pull request"
	}
	return "as recorded"
}

const messagesShown = 20

// drawMessages asks Devin for the messages. The panel says so if that fails:
// nothing else on the page depends on it.
func (w *Web) drawMessages(ctx context.Context, v shell.View) (templ.Component, error) {
	p := panels.Conversation{Frame: v.Frame()}
	p.Note = "from Devin"
	p.Show = links.With(p.At.Page, "messages", "1") + "#messages"
	if v.Later {
		return panels.Messages(p), nil
	}
	_, messages, err := w.Dashboard.SessionMessages(ctx, v.Subject)
	if err != nil {
		p.Fault = telemetry.Sentence(err)
	}
	for _, m := range messages[max(0, len(messages)-messagesShown):] {
		p.Messages = append(p.Messages, panels.Message{Devin: m.From != "user", Text: m.Text, At: m.At.Time})
	}
	p.Earlier = len(messages) - len(p.Messages)
	return panels.Messages(p), nil
}
