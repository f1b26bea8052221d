package details

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Pull is a pull request.
func (w *Web) Pull() shell.Panel {
	return page("pull", "Pull requests", links.Pulls, w.LoadPull)
}

// Checks is the checks and reviews of a pull request, from GitHub.
func (w *Web) Checks() shell.Panel {
	return shell.Panel{
		Name:   "checks",
		Title:  "Checks and reviews",
		Page:   links.Pulls,
		One:    true,
		Topics: []string{telemetry.TopicPulls},
		Every:  "60s",
		Lazy:   true,
		Draw:   w.drawChecks,
	}
}

// pullRef reads "owner/name/number".
func pullRef(subject string) (telemetry.PullRef, error) {
	at := strings.LastIndexByte(subject, '/')
	if at < 0 {
		return telemetry.PullRef{}, telemetry.Errorf(telemetry.CodeNotFound,
			"Invalid address: want a repository and a number, for example %s.", links.Pull("owner/name", 12))
	}
	n, err := strconv.ParseInt(subject[at+1:], 10, 64)
	if err != nil || n < 1 {
		return telemetry.PullRef{}, telemetry.Errorf(telemetry.CodeNotFound,
			"Invalid number: want a whole number from 1, for example %s.", links.Pull("owner/name", 12))
	}
	return telemetry.PullRef{Repo: telemetry.ParseRepo(subject[:at]), Number: n}, nil
}

// LoadPull reads and draws a pull request.
func (w *Web) LoadPull(ctx context.Context, v shell.View) (detail, error) {
	ref, err := pullRef(v.Subject)
	if err != nil {
		return detail{}, err
	}
	d, err := w.Dashboard.PullByRef(ctx, ref, v.AsOf)
	if err != nil {
		return detail{}, err
	}
	p := panels.PullPage{
		Frame:         v.Untitled(),
		Head:          w.pullHead(d.PullRow),
		Issues:        shell.RowsOf(d.Issues, w.IssueRow),
		Verifications: shell.RowsOf(d.Verifications, shell.VerificationRow),
		Facts:         w.pullFacts(d),
		IssueIDs:      shell.Named(d.IssueIDs),
	}
	if d.Retired != "" && d.State != "closed" {
		p.Head.Notices = append(p.Head.Notices, parts.Notice{
			Icon: "archive", Strong: "Out of use.", Note: true,
			Text: fmt.Sprintf("%s, which this pull request is in, was %s on GitHub. It cannot be merged there and needs nobody.", d.Repo, d.Retired),
		})
	}
	for _, s := range d.Sessions {
		p.Sessions = append(p.Sessions, panels.LinkedRow{
			SessionRow: w.SessionRow(s.SessionRow),
			Basis:      shell.BasisText(s.Basis),
			Guess:      s.Ambiguous,
		})
	}
	out := detail{title: fmt.Sprintf("%s · #%d", pullTitle(d.PullRow), d.Number), body: panels.Pull(p)}
	if d.Repo.Key() != ref.Repo.Key() {
		out.moved = fmt.Sprintf("%s/%d", d.Repo, d.Number)
	}
	return out, nil
}

func pullTitle(p telemetry.PullRow) string { return cmp.Or(p.Title, "Pull request") }

func (w *Web) pullHead(p telemetry.PullRow) panels.Heading {
	h := panels.Heading{
		Breadcrumbs: []parts.Link{{Text: "Pull requests", URL: links.Pulls}, {Text: string(p.Repo), URL: w.Settings.GitHubWeb.Repo(p.Repo)}},
		Title:       pullTitle(p),
		Aside:       fmt.Sprintf("#%d", p.Number),
		States:      append([]parts.State{panels.PullState(p.State, p.Merged)}, panels.PullMarks(p)...),
		Buttons: []panels.Button{{
			Link: parts.Link{Text: "Open on GitHub", URL: w.Settings.GitHubWeb.Pull(p.Repo, p.Number)}, Icon: "mark-github",
		}},
	}
	switch {
	case !p.RevertedAt.IsZero():
		h.Note, h.Time, h.As = "reverted", p.RevertedAt.Time, "ago"
	case p.Merged:
		h.Note, h.Time, h.As = "merged", p.MergedAt.Time, "ago"
	case p.State == "closed":
		h.Note, h.Time, h.As = "closed without a merge", p.ClosedAt.Time, "ago"
	case p.State == "unknown":
		h.Note = "not fetched yet, or not visible on GitHub"
	case p.Draft:
		h.Note, h.Time, h.As = "draft, opened", p.CreatedAt.Time.Time, "ago"
	default:
		h.Note, h.Time, h.As = "opened", p.CreatedAt.Time.Time, "ago"
	}
	return h
}

func (w *Web) pullFacts(p telemetry.PullDetail) []panels.Pair {
	basis := shell.BasisText(p.Basis)
	if basis == "" && len(p.Candidates) > 0 {
		basis = parts.Plural(len(p.Candidates), "candidate", "") + ", none sure"
	}
	facts := []panels.Pair{
		{Name: "Repository", Text: string(p.Repo), URL: w.Settings.GitHubWeb.Repo(p.Repo)},
		{Name: "Author", Text: p.User},
		{Name: "Opened", Time: p.CreatedAt.Time.Time, As: "day"},
		{Name: "Updated", Time: p.UpdatedAt.Time, As: "ago"},
		{Name: "Linked by", Text: basis},
	}
	for _, f := range []panels.Pair{
		{Name: "Checks", Text: string(p.Checks)}, {Name: "Review", Text: string(p.Review)}, {Name: "Mergeable", Text: string(p.Mergeable)},
	} {
		if f.Text != "" {
			f.Text = strings.ReplaceAll(f.Text, "_", " ")
			facts = append(facts, f)
		}
	}
	if !p.ClosedAt.IsZero() && !p.Merged {
		facts = append(facts, panels.Pair{Name: "Closed", Time: p.ClosedAt.Time, As: "day"})
	}
	if p.Merged {
		facts = append(facts, panels.Pair{Name: "Merged", Time: p.MergedAt.Time, As: "day"})
	}
	if !p.RevertedAt.IsZero() {
		facts = append(facts, panels.Pair{Name: "Reverted", Time: p.RevertedAt.Time, As: "day"},
			panels.Pair{Name: "Reverted by", Text: string(p.RevertedBy), URL: w.Settings.GitHubWeb.Recorded(string(p.RevertedBy))})
	}
	return facts
}

func (w *Web) drawChecks(ctx context.Context, v shell.View) (templ.Component, error) {
	p := panels.ChecksPanel{Frame: v.Frame()}
	p.Note = "from GitHub"
	p.Show = links.With(p.At.Page, "checks", "1") + "#checks"
	if v.Later {
		return panels.Checks(p), nil
	}
	ref, err := pullRef(v.Subject)
	if err != nil {
		return nil, err
	}
	d, err := w.Dashboard.PullUpstream(ctx, ref)
	if err != nil {
		p.Fault = telemetry.Sentence(err)
		return panels.Checks(p), nil
	}
	p.Asked, p.Notes = d.AskedAt, d.Unseen
	if d.Stale != "" {
		p.Notes = append([]string{d.Stale}, p.Notes...)
	}
	for _, c := range d.Checks {
		p.Checks = append(p.Checks, panels.CheckRow{State: checkState(c), Name: c.Name, URL: c.URL})
	}
	for _, r := range d.Reviews {
		p.Reviews = append(p.Reviews, panels.CheckRow{
			State: reviewState(r.State), Name: r.Reviewer, URL: w.Settings.GitHubWeb.Recorded(r.URL), At: r.At,
		})
	}
	return panels.Checks(p), nil
}

func checkState(c telemetry.Check) parts.State {
	word := strings.ReplaceAll(c.Conclusion, "_", " ")
	switch {
	case c.Status != "completed":
		return parts.State{Icon: "sync", Tone: parts.Accent, Label: strings.ReplaceAll(c.Status, "_", " ")}
	case c.Conclusion == "success":
		return parts.State{Icon: "check-circle", Tone: parts.Success, Label: "Passed"}
	case c.Conclusion == "action_required":
		return parts.State{Icon: "alert", Tone: parts.Attention, Label: word}
	case c.Result() == telemetry.ChecksFailure:
		return parts.State{Icon: "x-circle", Tone: parts.Danger, Label: word}
	}
	return parts.State{Icon: "dash", Tone: parts.Muted, Label: word}
}

func reviewState(word string) parts.State {
	switch word {
	case "APPROVED":
		return parts.State{Icon: "check-circle", Tone: parts.Success, Label: "Approved"}
	case "CHANGES_REQUESTED":
		return parts.State{Icon: "file-removed", Tone: parts.Danger, Label: "Changes requested"}
	}
	return parts.State{Icon: "comment-discussion", Tone: parts.Muted, Label: strings.ToLower(strings.ReplaceAll(word, "_", " "))}
}
