package details

import (
	"cmp"
	"context"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Issue is an issue.
func (w *Web) Issue() shell.Panel {
	p := page("issue", "Issues", links.Issues, w.LoadIssue)
	p.Params = []string{"ids"}
	return p
}

// LoadIssue reads and draws an issue.
func (w *Web) LoadIssue(ctx context.Context, v shell.View) (detail, error) {
	i, moved, err := w.Dashboard.IssueByID(ctx, v.Subject, v.AsOf)
	if err != nil || moved != "" {
		return detail{moved: moved}, err
	}
	p := panels.IssuePage{
		Frame:  v.Untitled(),
		Head:   w.issueHead(v, i),
		Strip:  stripOf(i),
		Steps:  issueSteps(i),
		WhatIs: w.whatItIs(i),
		Asked:  promptsOf(i.Prompts),
		Facts:  w.issueFacts(i),
		Prints: printPairs(i),
	}
	outcomes := i.Outcomes()
	for n, a := range i.Attempts {
		p.Attempts = append(p.Attempts, attemptRow(n+1, a, i.Verifications, outcomes[n]))
	}
	p.Claims = attemptClaims(i.Attempts)
	if p.IDs, p.IDsAll, p.IDsMore, err = w.issueIDs(ctx, v, i); err != nil {
		return detail{}, err
	}
	p.Same, p.SameAll, p.SameMore, err = w.sameRule(ctx, v, i.IssueRow)
	return detail{title: titleOf(i.IssueRow) + " in " + i.File, body: panels.Issue(p)}, err
}

// titleOf is the title of an issue's rule or, where no log names it, the rule.
func titleOf(i telemetry.IssueRow) string { return cmp.Or(string(i.Title), i.Rule) }

func (w *Web) issueHead(v shell.View, i telemetry.IssueDetail) panels.Heading {
	repo := links.Repo(i.Repo)
	h := panels.Heading{
		Breadcrumbs: []parts.Link{
			{Text: "Repositories", URL: links.Repos},
			{Text: string(i.Repo), URL: repo},
			{Text: "Issues", URL: links.In(i.Repo, links.Issues)},
		},
		Title:  titleOf(i.IssueRow),
		Labels: headLabels(i.IssueRow),
		Aside:  "in " + shell.SpotText(i.File, i.Line),
		States: []parts.State{panels.IssueState(i.State)},
	}
	h.Pill = panels.SeverityPill(i.Severity)
	switch i.State {
	case telemetry.StatusReopened:
		if back, away := backSince(i); !back.IsZero() {
			h.Time, h.As, h.After = back, "ago", "after being fixed for "+shell.DaysText(away)
		}
	case telemetry.StatusFixed:
		h.Time, h.As = i.Closed.At.Time, "ago"
	case telemetry.StatusRetired:
		h.Note, h.Time, h.As = "Its repository was archived or deleted; last seen", i.LastSeen.At.Time, "ago"
	case telemetry.StateDismissed, telemetry.StateAccepted:
		if d := i.Decision; d != nil {
			h.Note, h.Time, h.As = telemetry.Decision{Action: d.Action, Reason: d.Reason, Until: d.Until}.Words()+" by "+d.By, d.At.Time, "ago"
		}
	case telemetry.StatusNotScanned:
		h.Note, h.Time, h.As = "Not covered by the latest scan; last seen", i.LastSeen.At.Time, "ago"
	default:
		h.Note, h.Time, h.As = "First seen", i.FirstSeen.At.Time, "ago"
	}
	if code := w.Settings.GitHubWeb.Code(i.Repo, i.File, i.Line); code != "" {
		h.Buttons = append(h.Buttons, panels.Button{Link: parts.Link{Text: "Open code (today’s file)", URL: code}, Icon: "code"})
	}
	if i.State.Open() && v.AsOf.IsZero() {
		h.Buttons = append(h.Buttons, panels.Button{
			Link:   parts.Link{Text: "Send to Devin…", URL: links.With(links.Send, "issues", i.PublicID)},
			Icon:   "hubot",
			Dialog: links.Panel("send", "issues", i.PublicID),
		})
		text := "Start a run"
		if len(i.Attempts) > 0 {
			text = "Start another run"
		}
		h.Buttons = append(h.Buttons, panels.Button{
			Link:   parts.Link{Text: text, URL: links.In(i.Repo, links.Dispatch)},
			Icon:   "play",
			Dialog: links.Panel("dispatch", "scope", string(i.Repo)),
		})
	}
	return h
}

func (w *Web) issueFacts(i telemetry.IssueDetail) []panels.Pair {
	repo := string(i.Repo)
	family := i.Family
	facts := []panels.Pair{
		{Name: "Rule", Text: i.Rule, URL: shell.TermURL(links.Issues, "rule", i.Rule)},
		{Name: "Family", Text: family, URL: shell.TermURL(links.Issues, "family", family)},
		{Name: "Repository", Text: repo, URL: links.Repo(repo)},
		ownersFact(i.Owners),
		{Name: "Location", Text: shell.SpotText(i.File, i.Line), URL: w.Settings.GitHubWeb.Code(i.Repo, i.File, i.Line), Code: true},
		{Name: "First seen", Time: i.FirstSeen.At.Time, As: "day", Text: shell.RunName(i.FirstSeen.Run, 0), URL: links.Run(i.FirstSeen.File)},
		{Name: "Last seen", Time: i.LastSeen.At.Time, As: "ago", Text: shell.RunName(i.LastSeen.Run, 0), URL: links.Run(i.LastSeen.File)},
	}
	if name := string(i.Assignee); name != "" {
		facts = append(facts, panels.Pair{Name: "Assignee", Text: name, URL: shell.TermURL(links.Issues, "assignee", name)})
	}
	facts = append(facts, dueFacts(i)...)
	facts = append(facts, openFor(i))
	if !i.Closed.At.IsZero() {
		facts = append(facts, panels.Pair{
			Name: "Gone",
			Time: i.Closed.At.Time,
			As:   "ago",
			Text: shell.RunName(i.Closed.Run, 0),
			URL:  links.Run(i.Closed.File),
		})
	}
	return append(facts,
		panels.Pair{Name: "Seen in", Text: parts.Plural(len(i.Appearances), "scan", ""), URL: links.Issue(i.PublicID) + "#seen-in-scans"},
		panels.Pair{Name: "Attempts", Text: parts.Number(len(i.Attempts)), URL: links.Issue(i.PublicID) + "#attempts"},
		oddsFact(i.Odds, i.Repo),
		panels.Pair{Name: "Latest id", Text: i.LatestIssueID, Code: i.LatestIssueID != ""},
		panels.Pair{Name: "Issue", Text: i.PublicID, URL: links.APIIssue(i.PublicID), Code: true})
}

func attemptRow(n int, a telemetry.AttemptRow, verifications []telemetry.VerificationRow,
	outcome telemetry.AttemptOutcome) panels.AttemptRow {
	r := panels.AttemptRow{
		Number:  n,
		Run:     parts.Link{Text: shell.RunName(a.RunNumber, a.BatchID), URL: links.Run(a.File)},
		Session: parts.Link{Text: shell.ShortID(a.Session)},
		State:   a.State,
		PR:      a.PR,
		Basis:   shell.BasisText(a.LinkBasis),
		NamedBy: attemptBasis(a.Basis),
		Outcome: outcomeSegment(outcome, a.State),
	}
	if a.Basis == telemetry.AttemptVerification {
		r.Run.URL = shell.RecordLink("", "", a.File, a.PrunedAt).URL
	}
	if a.Known {
		r.Session.URL = links.Session(telemetry.SessionKey(a.Session))
	}
	for _, v := range verifications {
		if v.Current && telemetry.SessionKey(v.Session) == telemetry.SessionKey(a.Session) {
			r.Verified = panels.VerifiedState(v.Fixed, v.Targeted)
		}
	}
	return r
}

const marksMost = 90

func stripOf(i telemetry.IssueDetail) panels.Strip {
	seen := map[string]bool{}
	for _, a := range i.Appearances {
		seen[a.RunFile+a.At.String()] = true
	}
	s := panels.Strip{All: len(i.Scans)}
	open, wasGone := false, false
	var marks []panels.Mark
	for _, scan := range i.Scans {
		m := panels.Mark{Kind: "gone", Name: shell.RunName(scan.Run, 0), URL: links.Run(scan.File), At: scan.At.Time}
		named := seen[scan.File+scan.At.String()]
		switch {
		case named && wasGone:
			m.Kind = "back"
		case named:
			m.Kind = "present"
		case open && scan.ClosedNothing():
			m.Kind = "out"
		}
		if named {
			open = true
		} else if !scan.ClosedNothing() {
			wasGone, open = wasGone || open, false
		}
		marks = append(marks, m)
	}
	s.Marks = marks[max(0, len(marks)-marksMost):]
	for _, m := range s.Marks {
		switch m.Kind {
		case "present":
			s.Present++
		case "back":
			s.Back++
		case "out":
			s.Out++
		default:
			s.Gone++
		}
	}
	return s
}

const sameRows = 6

func (w *Web) sameRule(
	ctx context.Context, v shell.View, i telemetry.IssueRow,
) (rows []panels.IssueRow, all int, more parts.Link, err error) {
	rule := query.Term{Field: "rule", Values: []query.Value{{Text: i.Rule}}}
	ask := query.Ask{Repo: i.Repo.Key(), AsOf: v.AsOf, Page: query.Page{Number: 1, Size: sameRows + 1}}
	list, err := w.Dashboard.Issues.Rows(ctx, ask.And(rule))
	for _, other := range list.Items {
		if other.PublicID != i.PublicID && len(rows) < sameRows {
			rows = append(rows, w.IssueRow(other))
		}
	}
	if list.Total > sameRows+1 {
		more = parts.Link{
			Text: "All " + parts.Number(list.Total),
			URL:  shell.TermURL(links.In(i.Repo, links.Issues), "rule", i.Rule),
		}
	}
	return rows, max(0, int(list.Total)-1), more, err
}

// ownersFact says to whom the file of an issue belongs.
func ownersFact(owners []string) panels.Pair {
	fact := panels.Pair{Name: "Owners"}
	for i, owner := range owners {
		if i > 0 {
			fact.Phrases = append(fact.Phrases, panels.Phrase{Text: ", "})
		}
		fact.Phrases = append(fact.Phrases, panels.Phrase{Text: owner, URL: shell.TermURL(links.Issues, "owner", owner)})
	}
	if len(owners) == 0 {
		fact.Phrases = []panels.Phrase{{Text: "nobody", URL: links.Matching(links.Issues, "no:owner")}}
	}
	return fact
}
