package details

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// sessionClaims are what a session says of its issues.
func sessionClaims(s telemetry.SessionDetail) []panels.ClaimOf {
	rows := map[string]telemetry.IssueRow{}
	for _, i := range s.Issues {
		rows[i.PublicID] = i
	}
	var list []panels.ClaimOf
	for _, c := range s.IssueClaims {
		i := rows[c.Issue]
		list = append(list, panels.ClaimOf{
			Of: parts.Link{Text: i.Rule, URL: links.Issue(c.Issue)}, Note: shell.SpotText(i.File, i.Line),
			Said: string(c.Claim), Why: string(c.Reason), Found: string(c.Found), Guess: c.Unsure, ACUs: costText(c.ACUs),
		})
	}
	return list
}

// attemptClaims are what the sessions that took an issue say of it.
func attemptClaims(attempts []telemetry.AttemptRow) []panels.ClaimOf {
	var list []panels.ClaimOf
	for n, a := range attempts {
		if a.Found == "" {
			continue
		}
		c := panels.ClaimOf{
			Of:   parts.Link{Text: "Attempt " + strconv.Itoa(n+1)},
			Note: "session " + shell.ShortID(a.Session),
			Said: string(a.Claim), Why: string(a.Reason), Found: string(a.Found), Guess: a.Unsure, ACUs: costText(a.ACUs),
		}
		if a.Known {
			c.Of.URL = links.Session(telemetry.SessionKey(a.Session))
		}
		list = append(list, c)
	}
	return list
}

// costText is a cost in ACUs, "" where it is not known.
func costText(acus *float64) string {
	if acus == nil {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSuffix(strconv.FormatFloat(*acus, 'f', 2, 64), "0"), ".0")
}

// saidOf is what a session says of its work as a whole.
func saidOf(s telemetry.SessionDetail) panels.Said {
	var out panels.Said
	if len(s.Output) > 0 {
		out.Raw = indented(s.Output)
		out.Facts = append(out.Facts, panels.Pair{Name: "Since", Time: s.ClaimedAt.Time, As: "ago"})
	}
	if c := s.Claim; c != nil {
		out.Facts = append(out.Facts,
			panels.Pair{Name: "Status", Text: strings.ReplaceAll(c.Status, "_", " ")},
			panels.Pair{Name: "Attempted", Text: strconv.Itoa(len(c.Attempted)), Measure: true},
			panels.Pair{Name: "Fixed", Text: strconv.Itoa(len(c.Fixed)), Measure: true},
			panels.Pair{Name: "Blocked", Text: strconv.Itoa(len(c.Blocked)), Measure: true},
		)
		if c.FilesChanged != nil {
			out.Facts = append(out.Facts, panels.Pair{Name: "Files changed", Text: parts.Number(*c.FilesChanged), Measure: true})
		}
		if c.TestsPassing != nil {
			out.Facts = append(out.Facts, panels.Pair{Name: "Tests", Text: map[bool]string{true: "passing", false: "failing"}[*c.TestsPassing]})
		}
	}
	if len(out.Facts) > 0 {
		out.Steps = saidSteps(s.Said)
	}
	return out
}

// saidSteps are the changes of what a session says.
func saidSteps(changes []telemetry.SaidChange) []panels.StepOf {
	var steps []panels.StepOf
	for _, c := range changes {
		claim, ok := telemetry.ParseClaim(c.Output)
		if !ok {
			continue // what changed was its cost, or its tags
		}
		step := panels.StepOf{At: c.At.Time, State: parts.State{Icon: "comment-discussion", Tone: parts.Muted,
			Label: cmp.Or(strings.ReplaceAll(claim.Status, "_", " "), "no status")}}
		step.Segments = []panels.Segment{
			{Text: strconv.Itoa(len(claim.Fixed)) + " fixed", Measure: true},
			{Text: strconv.Itoa(len(claim.Blocked)) + " blocked", Measure: true},
		}
		if cost := costText(c.ACUs); cost != "" {
			step.Segments = append(step.Segments, panels.Segment{Text: cost + " ACUs", Measure: true})
		}
		steps = append(steps, step)
	}
	return steps
}

// indented writes JSON for people to read.
func indented(raw []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, raw, "", "  ") != nil {
		return string(raw)
	}
	return out.String()
}

// costFacts are what a session has cost, and by which playbook and tags it
// was started.
func costFacts(s telemetry.SessionRow) []panels.Pair {
	cost := costText(s.ACUs)
	if cost != "" {
		cost += " ACUs"
	}
	var facts []panels.Pair
	for _, p := range []panels.Pair{
		{Name: "Cost", Text: cost, Measure: true},
		{Name: "Playbook", Text: string(s.Playbook), URL: shell.TermURL(links.Sessions, "playbook", string(s.Playbook))},
		{Name: "Tags", Text: strings.Join(s.Tags, ", ")},
	} {
		if p.Text != "" {
			facts = append(facts, p)
		}
	}
	return facts
}

// oddsFact says what came of earlier attempts at such issues.
func oddsFact(o telemetry.Odds, repo telemetry.RepoName) panels.Pair {
	if o.Issues == 0 {
		return panels.Pair{Name: "Odds", Text: "no session took such an issue here yet"}
	}
	of := map[string]string{"rule": "of this rule here", "family": "of its family here", "repo": "here"}[o.By]
	term := ""
	if o.By != "repo" {
		term = shell.TermText(o.By, o.Name)
	}
	list := func(page, query string) string {
		return links.Matching(links.In(repo, page), strings.TrimSpace(query+" "+term))
	}
	return panels.Pair{Name: "Odds", Faint: o.Issues < telemetry.OddsLeast, Phrases: []panels.Phrase{
		{Text: parts.Number(o.Gone), URL: list(links.Issues, "found:gone")}, {Text: " of "},
		{Text: parts.Plural(o.Issues, "issue", ""), URL: list(links.Issues, "has:session "+dashboard.UndecidedTerm)},
		{Text: " " + of + shell.Are(o.Issues) + "gone, in "},
		{Text: parts.Plural(o.Sessions, "session", ""), URL: list(links.Sessions, "has:attempt")},
	}}
}
