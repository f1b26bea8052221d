package feeds

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// issueEntry is dated by when the issue was first seen. What becomes of issues is
// in the feed of changes.
func issueEntry(i telemetry.IssueRow) entry {
	return entry{
		ID: tag("issue", i.PublicID), Title: issueTitle(i), at: i.FirstSeen.At.Time, page: links.Issue(i.PublicID),
		Summary: sentences("It is "+spaced(string(i.State)), place(i), due(i), owners(i.Owners), assignee(string(i.Assignee))),
	}
}

// issueTitle says what an issue is, and where.
func issueTitle(i telemetry.IssueRow) string {
	return fmt.Sprintf("%s: %s in %s", words(i.Severity), cmp.Or(string(i.Title), i.Rule), cmp.Or(string(i.Repo), i.TargetRepo))
}

func place(i telemetry.IssueRow) string {
	if i.Line > 0 {
		return fmt.Sprintf("%s at %s:%d", i.Rule, i.File, i.Line)
	}
	return i.Rule + " at " + i.File
}

func due(i telemetry.IssueRow) string {
	switch {
	case i.DueAt.IsZero():
		return ""
	case i.Overdue:
		return "Overdue since " + i.DueAt.UTC().Format("2 January 2006")
	}
	return "Due on " + i.DueAt.UTC().Format("2 January 2006")
}

func owners(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "Owned by " + strings.Join(list, ", ")
}

func assignee(name string) string {
	if name == "" {
		return ""
	}
	return "Assigned to " + name
}

func sessionEntry(s telemetry.SessionRow) entry {
	name := cmp.Or(s.Title, s.ID, "A session of run "+strconv.FormatInt(s.RunNumber, 10)+" that never started")
	return entry{
		ID: tag("session", s.Key), Title: name + ": " + words(string(s.State)), at: latest(s.StateSince), page: links.Session(s.Key),
		Summary: sentences("Devin's session on "+string(s.Repo)+" is "+spaced(string(s.State)), s.Reason, s.PRURL),
	}
}

func pullEntry(p telemetry.PullRow) entry {
	state := p.State
	if p.Merged {
		state = "merged"
	}
	return entry{
		ID: tag("pull", string(p.Repo), strconv.FormatInt(p.Number, 10)), at: latest(p.UpdatedAt, p.CreatedAt.Time),
		Title: fmt.Sprintf("%s#%d: %s (%s)", p.Repo, p.Number, p.Title, state), page: links.Pull(p.Repo, p.Number),
		Summary: sentences("The pull request is "+state, by(p.User)),
	}
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return "Opened by " + name
}

func runEntry(r telemetry.RunRow) entry {
	kind := words(string(r.Kind))
	e := entry{
		ID: tag("run", r.Source, r.File), at: r.At.Time, page: links.Run(r.File),
		Title: fmt.Sprintf("%s: run %d of %s, %d issues found", kind, r.RunNumber, r.Repo, r.IssuesFound),
	}
	if r.New != nil && r.Gone != nil {
		e.Summary = sentences(fmt.Sprintf("%d new, %d gone", *r.New, *r.Gone))
	}
	e.Summary = strings.TrimSpace(e.Summary + " " + sentences(fmt.Sprintf("%d sessions started", r.Sessions)))
	return e
}

func verificationEntry(v telemetry.VerificationRow) entry {
	page := links.Pull(v.PullRef.Repo, v.PullRef.Number)
	if page == "" {
		page = links.Matching(links.Verified, "session:"+v.Session)
	}
	return entry{
		ID: tag("verification", v.Source, v.File), at: v.At.Time, page: page,
		Title:   fmt.Sprintf("%s: %s", cmp.Or(v.PRTitle, "Session "+v.Session), words(v.Outcome.Word())),
		Summary: sentences(fmt.Sprintf("%d of %d issues of %s are fixed, %d remain", v.Fixed, v.Targeted, v.Repo, v.Remaining)),
	}
}

func changeEntry(e telemetry.IssueEvent) entry {
	repo := cmp.Or(string(e.RepoName), e.Repo)
	return entry{
		ID: tag("change", e.Issue, e.Event, strconv.FormatInt(e.At.UnixMilli(), 10)), at: e.At.Time, page: links.Issue(e.Issue),
		Title:   fmt.Sprintf("%s: %s %s in %s", words(e.Event), e.Severity, e.Rule, repo),
		Summary: sentences(fmt.Sprintf("The scan of run %d shows it", e.Run)),
	}
}

func needEntry(n telemetry.NeedRow) entry {
	return entry{
		ID: tag("need", n.Key), at: n.Since.Time, page: needPage(n), Title: n.Need.Label() + ": " + n.Subject(),
		Summary: strings.TrimSpace(n.Detail() + " " + sentences(string(n.Repo), owners(n.Owners), assignee(string(n.Assignee)))),
	}
}

// needPage is the page of the one thing that a row is about.
func needPage(n telemetry.NeedRow) string {
	switch {
	case n.PullNumber > 0:
		return links.Pull(n.PullRepo, n.PullNumber)
	case n.SessionID != "" && n.Sessions <= 1:
		return links.Session(telemetry.SessionKey(n.SessionID))
	case len(n.Issues) == 1:
		return links.Issue(n.Issues[0])
	}
	return links.With(links.NeedsYou, "repo", string(n.Repo))
}

// words is a word of the program as one begins a line with it.
func words(word string) string {
	word = spaced(word)
	return strings.ToUpper(word[:1]) + word[1:]
}

// spaced is a word of the program within a line.
func spaced(word string) string { return cmp.Or(strings.ReplaceAll(word, "_", " "), "unknown") }

// sentences ends each text that is none with a period.
func sentences(texts ...string) string {
	var list []string
	for _, text := range texts {
		if text = strings.TrimRight(text, "."); text != "" {
			list = append(list, text+".")
		}
	}
	return strings.Join(list, " ")
}
