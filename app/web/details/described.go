package details

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// whatItIs is what run logs say of an issue. Where its last run's log was never
// asked for, it is asked for in the background: the page is told of the answer.
func (w *Web) whatItIs(i telemetry.IssueDetail) panels.WhatItIs {
	out := panels.WhatItIs{Message: string(i.Message), Help: helpOf(string(i.Help))}
	if i.Code != nil {
		for _, s := range i.Code.Snippets {
			out.Code = append(out.Code, w.codeBlock(i.Repo, i.Code, s))
		}
	}
	asking := i.Log.State == "" && w.logs.OfferLog(i.Log.Ref) != nil
	if i.By == nil {
		out.Quiet = quietLog(i.Log, asking, w.Settings.AsksLogs)
		if w.Settings.AsksLogs && i.Log.Ref.Label != "" && !asking && i.Log.State != telemetry.LogFound {
			out.Ask = parts.Action{
				Text: "Ask for the log", Icon: "sync", URL: links.ActionLog, Upstream: "github",
				Hidden: []parts.Field{{Name: "issue", Value: i.PublicID}},
			}
		}
	}
	if i.By != nil && i.Code == nil && !i.Log.PrunedAt.IsZero() {
		out.Quiet = "The prompts and the code of the log of " + shell.RunName(i.Log.RunNumber, 0) + " were pruned on " +
			i.Log.PrunedAt.UTC().Format("2 Jan 2006") + ", after RETENTION_DAYS."
	}
	return out
}

// quietLog says why no log describes an issue. can is whether logs can be asked
// for.
func quietLog(l telemetry.IssueLog, asking, can bool) string {
	run := "The log of " + shell.RunName(l.RunNumber, 0)
	switch {
	case l.Ref.Label == "":
		return "No run log describes this issue: its last run has no label."
	case asking:
		return run + ", which may say what this issue is, is being asked for."
	case l.State == telemetry.LogFound:
		return run + " does not describe this issue."
	case l.State == telemetry.LogMissing:
		return "No run log describes this issue: " + shell.RunName(l.RunNumber, 0) + " left none."
	case l.State == telemetry.LogFailed:
		return run + " could not be read. " + string(l.Cause)
	case !can:
		return "No run log describes this issue. Set GITHUB_TOKEN to ask for those of runs."
	}
	return run + ", which may say what this issue is, was not asked for yet."
}

// codeBlock is a piece of code, in which the places of the issue are marked.
func (w *Web) codeBlock(repo telemetry.RepoName, c *telemetry.LoggedCode, s telemetry.Snippet) panels.CodeBlock {
	b := panels.CodeBlock{File: s.File, Scan: shell.RunName(c.RunNumber, 0), At: c.At.Time}
	places := slices.DeleteFunc(slices.Clone(c.Locations), func(l telemetry.LogLocation) bool { return s.File != "" && l.File != s.File })
	for n, text := range strings.Split(s.Code, "\n") {
		line := s.FirstLine + int64(n)
		first := slices.IndexFunc(places, func(l telemetry.LogLocation) bool { return l.StartLine == line })
		more := slices.ContainsFunc(places, func(l telemetry.LogLocation) bool { return l.StartLine < line && line <= l.EndLine })
		column := int64(0)
		if first >= 0 {
			column = places[first].StartColumn
			if b.First == 0 {
				b.First, b.Last = line, places[first].EndLine
			}
		}
		b.Lines = append(b.Lines, panels.NewCodeLine(line, text, first >= 0, more, column))
	}
	b.Today = w.Settings.GitHubWeb.Code(repo, s.File, b.First)
	return b
}

// promptsOf are the prompts of an issue's sessions, the latest first.
func promptsOf(prompts []telemetry.Prompt) []panels.Prompt {
	var list []panels.Prompt
	for _, p := range slices.Backward(prompts) {
		shown := panels.Prompt{Of: shell.RunName(p.RunNumber, p.Batch) + " · session " + shell.ShortID(p.Session), Text: p.Text}
		if utf8.RuneCountInString(p.Text) == telemetry.MostPrompt {
			shown.Note = "The beginning of a long prompt; the run’s log has all of it."
		}
		list = append(list, shown)
	}
	return list
}

const fixHead = "## Recommendation"

// helpOf parts a rule's help into what is wrong and what to do, without the
// rule's title.
func helpOf(text string) []panels.HelpText {
	if title, rest, found := strings.Cut(text, "\n"); strings.HasPrefix(title, "# ") {
		text = rest
		if !found {
			text = ""
		}
	}
	about, fix, parted := strings.Cut("\n"+text, "\n"+fixHead+"\n")
	var list []panels.HelpText
	for _, part := range []struct{ title, text string }{{"Help", about}, {"Recommendation", fix}} {
		if strings.TrimSpace(part.text) != "" && (part.title == "Help" || parted) {
			list = append(list, panels.HelpText{Title: part.title, First: firstSentence(part.text), Text: strings.TrimSpace(part.text)})
		}
	}
	return list
}

// sentenceMost bounds what is shown of help that is folded, in bytes.
const sentenceMost = 160

var markdownLink = regexp.MustCompile(`!?\[([^\[\]]*)\]\([^()]*\)`)

// firstSentence is the first sentence of Markdown, as text.
func firstSentence(text string) string {
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.NewReplacer("`", "", "*", "", "__", "").Replace(markdownLink.ReplaceAllString(line, "$1"))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if sentence, _, more := strings.Cut(line, ". "); more {
			line = sentence + "."
		}
		return telemetry.Shorten(line, sentenceMost)
	}
	return ""
}

// headLabels are the score, the CWE ids and the rule of an issue.
func headLabels(i telemetry.IssueRow) []panels.Label {
	var list []panels.Label
	if i.Score != nil {
		list = append(list, panels.Label{Link: parts.Link{Text: parts.OneDecimal(*i.Score) + " CVSS"}})
	}
	for _, cwe := range i.CWEs {
		list = append(list, panels.Label{Link: parts.Link{Text: cwe, URL: links.CWE(cwe)}})
	}
	if i.Title != "" {
		list = append(list, panels.Label{Link: parts.Link{Text: i.Rule, URL: shell.TermURL(links.Issues, "rule", i.Rule)}, Code: true})
	}
	return list
}

// attemptBasis says by what it is known that a session worked on an issue.
func attemptBasis(b telemetry.AttemptBasis) string {
	return map[telemetry.AttemptBasis]string{
		telemetry.AttemptRecord:       "named by record",
		telemetry.AttemptDispatch:     "named by dispatch",
		telemetry.AttemptVerification: "named by verification",
		telemetry.AttemptLog:          "named by run log",
		telemetry.AttemptState:        "named by state",
	}[b]
}
