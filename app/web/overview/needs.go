package overview

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Needs is what waits longest for a person.
func (w *Web) Needs() shell.Panel {
	p := panel("needs", "Needs you", w.drawNeeds, shell.Everything()...)
	p.Every, p.Clock, p.Past = "30s", true, false // decisions, due dates and what is stuck are of now
	return p
}

// AllNeeds is all that waits for a person.
func (w *Web) AllNeeds() shell.Panel {
	p := panel("needs-you", "Needs you", w.drawAllNeeds, shell.Everything()...)
	p.Page, p.Every, p.Clock, p.Past, p.Params = links.NeedsYou, "30s", true, false, []string{"group"}
	return p
}

func (w *Web) drawNeeds(ctx context.Context, v shell.View) (templ.Component, error) {
	l := panels.NeedList{}
	var err error
	l.Table, err = shell.Short(ctx, v, briefRows, parts.Sort{}, w.needsOf(v, nil, &l.Groups))
	l.More = parts.Link{Text: "All " + l.Count, URL: links.NeedsYou}
	if err != nil {
		return nil, err
	}
	if len(l.Rows) == 0 {
		l.More = parts.Link{}
		l.Empty, err = w.nothing(ctx, v)
	}
	l.Summary, l.Expanded = summarizeSegments(l.Groups, l.Empty.Title), true
	return panels.Needs(l), err
}

func (w *Web) drawAllNeeds(ctx context.Context, v shell.View) (templ.Component, error) {
	needs, err := telemetry.WordsParam("group", v.Get("group"), telemetry.Needs())
	if err != nil {
		return nil, err
	}
	l := panels.NeedList{}
	l.Table, err = shell.Table(ctx, v, parts.Sort{}, w.needsOf(v, needs, &l.Groups))
	l.Plain, l.Brief, l.Sort = true, true, parts.Sort{}
	if err == nil && len(l.Rows) == 0 {
		l.Empty, err = w.nothing(ctx, v)
	}
	return panels.Needs(l), err
}

// nothing says that nothing waits, and how many sessions are working.
func (w *Web) nothing(ctx context.Context, v shell.View) (parts.Empty, error) {
	none := parts.Empty{Icon: "check-circle", Title: "Nothing needs you.", Text: "No session is working."}
	if v.Get("group") != "" {
		none.Title = "Nothing of this kind needs you."
	}
	working, err := shell.CountOf(ctx, w.Dashboard.Sessions, v, queryActive+" is:working")
	if err == nil && working[0] > 0 {
		none.Text = parts.Plural(working[0], "session", "") + " working."
	}
	return none, err
}

// needsOf asks for what waits, the longest first, and fills the groups.
func (w *Web) needsOf(v shell.View, needs []telemetry.Need, groups *[]parts.Segment) shell.Source[panels.NeedRow] {
	return shell.Joined(func(ctx context.Context, p query.Page) (telemetry.List[telemetry.NeedRow], error) {
		p.Sort, p.Order = "", ""
		a, err := w.Dashboard.Attention(ctx, telemetry.NeedFilter{Repo: v.RepoKey(), Needs: needs}, w.Now(), p)
		*groups = nil
		for _, need := range telemetry.Needs() {
			if n := a.Counts[need]; n > 0 {
				*groups = append(*groups,
					parts.Segment{Text: parts.Number(n) + " " + panels.NeedLabel(need), URL: links.With(links.NeedsYou, "group", string(need))})
			}
		}
		return a.List, err
	}, shell.Each(w.needRow))
}

func (w *Web) needRow(n telemetry.NeedRow) panels.NeedRow {
	run := shell.RunName(n.RunNumber, n.BatchID)
	r := panels.NeedRow{NeedRow: n, Title: telemetry.ShortenIssueIDs(n.SessionTitle), Ref: run}
	if r.Title == "" {
		r.Title = "Session " + shell.ShortID(n.SessionID)
		if len(n.IssueIDs) > 0 {
			r.Title = parts.Plural(len(n.IssueIDs), "issue", "")
		}
	}
	_, label := n.Need.Action()
	switch n.Need {
	case telemetry.NeedReview, telemetry.NeedMerge:
		r.URL, r.Ref = links.Pull(n.PullRepo, n.PullNumber), "#"+parts.Decimal(n.PullNumber)
		r.Title = telemetry.ShortenIssueIDs(n.PullTitle)
		if r.Title == "" {
			r.Title = "Pull request"
		}
		r.Action = parts.Link{
			Text: label,
			URL:  w.Settings.GitHubWeb.Pull(n.PullRepo, n.PullNumber),
		}
	case telemetry.NeedScan:
		r.Title, r.Ref, r.URL = "Usually every "+shell.DaysText(n.Interval), "", links.Repo(n.Repo)
		r.Action, r.Dialog = dispatchAction(n.Repo, label)
	case telemetry.NeedNeverStarted:
		r.URL, r.Remark = links.Run(n.RunFile), n.Reason
		r.Action, r.Dialog = dispatchAction(n.Repo, label)
	case telemetry.NeedWaiting:
		r.URL = links.Session(telemetry.SessionKey(n.SessionID))
		if n.Reason == "waiting_for_approval" { // the other word says what the state does
			r.Remark = "waiting for approval"
		}
		r.Action = parts.Link{Text: label, URL: r.URL + "#reply-form"}
		r.Dialog = links.Panel("reply", "id", telemetry.SessionKey(n.SessionID))
	default:
		r.URL = links.Session(telemetry.SessionKey(n.SessionID))
		r.Action = parts.Link{Text: label, URL: w.Settings.DevinWeb.Session(n.SessionID, n.SessionURL)}
	}
	return r
}

func dispatchAction(repo telemetry.RepoName, label string) (action parts.Link, dialog string) {
	return parts.Link{
		Text: label,
		URL:  links.In(repo, links.Dispatch),
	}, links.Panel("dispatch", "scope", string(repo))
}
