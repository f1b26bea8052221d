package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specIssue() spec {
	return spec{name: "issue", title: "Issues", page: "/issues", one: true, topics: everything(), every: "60s", draw: load(w.loadIssue).panel}
}

// loadIssue reads and draws an issue.
func (w *Web) loadIssue(ctx context.Context, v view) (detail, error) {
	i, moved, err := w.o.Dashboard.IssueByID(ctx, v.subject)
	if err != nil || moved != "" {
		return detail{moved: moved}, err
	}
	p := panels.IssuePage{Frame: v.untitled(), Head: w.issueHead(i), Strip: stripOf(i), Steps: w.issueSteps(i), Facts: w.issueFacts(i)}
	for n, a := range i.Attempts {
		p.Attempts = append(p.Attempts, w.attemptRow(n+1, a, i.Verifications))
	}
	for n, print := range slices.Backward(i.Prints) {
		name := "Earlier"
		if n == len(i.Prints)-1 {
			name = "Latest"
		}
		p.Prints = append(p.Prints, panels.Pair{Name: name, Text: print, Code: true})
	}
	p.Same, p.SameMore, err = w.sameRule(ctx, i.IssueRow)
	return detail{title: i.Rule + " in " + i.File, body: panels.Issue(p)}, err
}

func (w *Web) issueHead(i telemetry.IssueDetail) panels.Heading {
	repo := panels.RepoURL(string(i.Repo))
	h := panels.Heading{Crumbs: []parts.Link{{Text: "Repositories", URL: "/repos"}, {Text: string(i.Repo), URL: repo}, {Text: "Issues", URL: repo + "/issues"}},
		Title: i.Rule, Aside: "in " + spotText(i.File, i.Line), States: []parts.State{panels.IssueState(string(i.Status))}}
	h.Pill, h.Filled = panels.SeverityPill(i.Severity)
	switch i.Status {
	case telemetry.StatusFixed:
		h.Note, h.Time, h.As = "Gone since", i.Closed.At, "ago"
		if i.Closed.At.IsZero() {
			h.Note = ""
		}
	case telemetry.StatusNotScanned:
		h.Note, h.Time, h.As = "The latest scan looked at less; last seen", i.Last.At, "ago"
	default:
		h.Note, h.Time, h.As = "First seen", i.First.At, "ago"
	}
	if code := w.codeURL(i.IssueRow); code != "" {
		h.Buttons = append(h.Buttons, parts.Link{Text: "Open code (today’s file)", URL: code})
	}
	if i.Status != telemetry.StatusFixed {
		h.Buttons = append(h.Buttons, parts.Link{Text: "Dispatch", URL: repo + "/dispatch"})
	}
	return h
}

func spotText(file string, line int64) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

func (w *Web) issueFacts(i telemetry.IssueDetail) []panels.Pair {
	repo := string(i.Repo)
	family := i.Family
	facts := []panels.Pair{
		{Name: "Rule", Text: i.Rule, URL: termURL("/issues", telemetry.ListIssues, "rule", i.Rule)},
		{Name: "Family", Text: family, URL: termURL("/issues", telemetry.ListIssues, "family", family)},
		{Name: "Repository", Text: repo, URL: panels.RepoURL(repo)},
		{Name: "Location", Text: spotText(i.File, i.Line), URL: w.codeURL(i.IssueRow), Code: true},
		{Name: "First seen", Time: i.First.At, As: "day", Text: runName(i.First.Run, 0), URL: panels.RunURL(i.First.File)},
		{Name: "Last seen", Time: i.Last.At, As: "ago", Text: runName(i.Last.Run, 0), URL: panels.RunURL(i.Last.File)},
	}
	if !i.Closed.At.IsZero() {
		facts = append(facts, panels.Pair{Name: "Gone", Time: i.Closed.At, As: "ago", Text: runName(i.Closed.Run, 0), URL: panels.RunURL(i.Closed.File)})
	}
	return append(facts, panels.Pair{Name: "Seen in", Text: parts.Plural(len(i.Appearances), "scan", "")}, panels.Pair{Name: "Attempts", Text: parts.Number(len(i.Attempts))},
		panels.Pair{Name: "Latest id", Text: i.LatestIssueID, Code: i.LatestIssueID != ""}, panels.Pair{Name: "Issue", Text: i.PublicID, URL: "/api/issues/" + i.PublicID, Code: true})
}

// termURL is a list with one qualifier, "" where no query can ask for the
// value.
func termURL(page string, list telemetry.ListName, qualifier, value string) string {
	q, err := telemetry.Query{List: list}.And(qualifier, value)
	if err != nil || value == "" {
		return ""
	}
	return searchURL(page, q.String())
}

// issueSteps are the steps of the timeline as they are shown.
func (w *Web) issueSteps(i telemetry.IssueDetail) []panels.StepOf {
	var steps []panels.StepOf
	attempt := 0
	var before time.Time
	for _, s := range i.Timeline {
		if s.Kind == telemetry.StepTaken {
			attempt++
		}
		step := panels.StepOf{At: s.At, State: stepState(s, attempt), Text: s.Text, Links: w.stepLinks(s)}
		if strings.HasPrefix(string(s.Kind), "pr_") || s.Kind == telemetry.StepMerged {
			step.Text = "" // the title says it
		}
		if !before.IsZero() && s.At.Sub(before) >= time.Minute {
			step.After = daysText(s.At.Sub(before))
		}
		if !s.At.IsZero() {
			before = s.At
		}
		steps = append(steps, step)
	}
	return steps
}

func stepState(s telemetry.Step, attempt int) parts.State {
	pull := "PR"
	if ref := telemetry.ParsePull(s.PRURL); ref.Number > 0 {
		pull = fmt.Sprintf("PR #%d", ref.Number)
	}
	switch s.Kind {
	case telemetry.StepFirstSeen:
		return parts.State{Icon: "plus-circle", Tone: parts.Accent, Word: "First seen"}
	case telemetry.StepMoved:
		return parts.State{Icon: "arrow-right", Tone: parts.Muted, Word: "Moved"}
	case telemetry.StepTaken:
		return parts.State{Icon: "play", Tone: parts.Muted, Word: fmt.Sprintf("Dispatched, attempt %d", attempt)}
	case telemetry.StepPROpened:
		word := pull + " opened"
		if s.At.IsZero() {
			word = pull
		}
		return parts.State{Icon: "git-pull-request", Tone: parts.Success, Word: word}
	case telemetry.StepVerified:
		return panels.VerdictState(string(s.Verdict), false)
	case telemetry.StepMerged:
		return parts.State{Icon: "git-merge", Tone: parts.Done, Word: pull + " merged"}
	case telemetry.StepPRClosed:
		return parts.State{Icon: "git-pull-request-closed", Tone: parts.Danger, Word: pull + " closed"}
	case telemetry.StepGone:
		return parts.State{Icon: "check-circle", Tone: parts.Success, Word: "Gone"}
	case telemetry.StepBack:
		return parts.State{Icon: "issue-reopened", Tone: parts.Danger, Word: "Back"}
	case telemetry.StepNotScanned:
		return parts.State{Icon: "issue-draft", Tone: parts.Muted, Word: "Not scanned"}
	}
	return parts.State{Icon: "question", Tone: parts.Muted, Word: string(s.Kind)}
}

// stepLinks name the record or the thing behind a step.
func (w *Web) stepLinks(s telemetry.Step) []parts.Link {
	var links []parts.Link
	switch {
	case s.Kind == telemetry.StepVerified:
		links = append(links, parts.Link{Text: "verification record", URL: rawURL("", s.RunFile)})
	case s.RunFile != "":
		links = append(links, parts.Link{Text: runName(s.RunNumber, 0), URL: panels.RunURL(s.RunFile)})
	}
	if s.Session != "" && s.Kind != telemetry.StepVerified {
		links = append(links, parts.Link{Text: "session " + shortID(s.Session), URL: panels.SessionURL(telemetry.BareID(s.Session))})
	}
	if ref := telemetry.ParsePull(s.PRURL); ref.Number > 0 {
		links = append(links, parts.Link{Text: fmt.Sprintf("#%d", ref.Number), URL: w.pullPage(ref.Repo, ref.Number)})
	}
	return links
}

func (w *Web) attemptRow(n int, a telemetry.Attempt, verifications []telemetry.VerificationRow) panels.AttemptRow {
	r := panels.AttemptRow{Number: n, Run: parts.Link{Text: runName(a.RunNumber, a.BatchID), URL: panels.RunURL(a.File)}, Session: parts.Link{Text: shortID(a.Session)}, State: string(a.State), Basis: basisWords(a.LinkBasis)}
	if a.Basis == telemetry.AttemptVerification {
		r.Run.URL = rawURL("", a.File)
	}
	if a.Known {
		r.Session.URL = panels.SessionURL(telemetry.BareID(a.Session))
	}
	if a.PR != nil {
		r.PR = panels.PullRef{Number: int(a.PR.Number), State: a.PR.State, Merged: a.PR.Merged, URL: w.pullPage(a.PR.Repo, a.PR.Number)}
	}
	for _, v := range verifications {
		if v.Current && telemetry.BareID(v.Session) == telemetry.BareID(a.Session) {
			r.Verified = panels.VerdictState(string(v.Verdict), v.Merge == telemetry.MergeUnknown)
		}
	}
	return r
}

// marksMost is how many scans the strip shows.
const marksMost = 90

// stripOf tells of each scan whether it named the issue.
func stripOf(i telemetry.IssueDetail) panels.Strip {
	seen := map[string]bool{}
	for _, a := range i.Appearances {
		seen[a.RunFile+a.At.String()] = true
	}
	s := panels.Strip{All: len(i.Scans)}
	open, wasGone := false, false
	var marks []panels.Mark
	for _, scan := range i.Scans {
		m := panels.Mark{Kind: "gone", Name: runName(scan.Run, 0), URL: panels.RunURL(scan.File), At: scan.At}
		named := seen[scan.File+scan.At.String()]
		switch {
		case named && wasGone:
			m.Kind = "back"
		case named:
			m.Kind = "present"
		case open && scan.Reduced:
			m.Kind = "out"
		}
		if named {
			open = true
		} else if !scan.Reduced {
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

// sameRows is how many issues of the same rule are shown.
const sameRows = 6

// sameRule lists other issues of the rule in the same repository.
func (w *Web) sameRule(ctx context.Context, i telemetry.IssueRow) (rows []panels.IssueRow, more parts.Link, err error) {
	list, err := w.o.Dashboard.Issues(ctx, telemetry.IssueFilter{Repo: i.Repo.Key(), Rule: []string{i.Rule}}, telemetry.Page{Number: 1, Size: sameRows + 1})
	for _, other := range list.Items {
		if other.PublicID != i.PublicID && len(rows) < sameRows {
			rows = append(rows, w.issueRow(other))
		}
	}
	if list.Total > sameRows+1 {
		more = parts.Link{Text: "All " + number(list.Total), URL: termURL(panels.RepoURL(string(i.Repo))+"/issues", telemetry.ListIssues, "rule", i.Rule)}
	}
	return rows, more, err
}
