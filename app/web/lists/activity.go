package lists

import (
	"cmp"
	"context"
	"path"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Activity is what changed, by whom or what.
func (w *Web) Activity() shell.Panel {
	return shell.Panel{
		Name:   "activity",
		Title:  "Activity",
		Page:   links.Activity,
		Topics: append(shell.Everything(), telemetry.TopicJobs, telemetry.TopicSubmissions),
		Every:  "60s",
		Params: []string{"kind", "repo", "before"},
		Past:   true,
		Draw:   w.drawActivity,
	}
}

func (w *Web) drawActivity(ctx context.Context, v shell.View) (templ.Component, error) {
	kinds, err := telemetry.WordsParam("kind", v.Get("kind"), telemetry.ActivityKinds())
	if err != nil {
		return nil, err
	}
	from, err := telemetry.ParseActivityCursor(v.Get("before"))
	if err != nil {
		return nil, err
	}
	size, err := v.Number("per_page", query.PerPage, shell.PerPageLeast, query.PerPageMost)
	if err != nil {
		return nil, err
	}
	repo := telemetry.ParseRepo(v.Get("repo"))
	if repo == "" && v.Get("repo") != "" {
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "Invalid repo: want owner/name.")
	}
	changes, next, err := w.Dashboard.Activity(ctx, telemetry.ActivityFilter{Kinds: kinds, Repo: repo.Key(), AsOf: v.AsOf}, from, int(size))
	if err != nil {
		return nil, err
	}
	recent, err := w.recentRepos(ctx)
	if err != nil {
		return nil, err
	}
	l := panels.ActivityList{
		Frame:  v.Frame(),
		Older:  next.String(),
		Newest: v.Get("before") != "",
		Kinds:  kindTabs(v.Get("kind")),
		Empty: parts.Empty{
			Icon:  "pulse",
			Title: "No activity yet",
			Text:  "Runs, sessions, pull requests, verifications and what people do are listed here.",
		},
	}
	l.Plain, l.Repo, l.Kind, l.Repos = true, string(repo), v.Get("kind"), dynamic("repo", recent.Items)
	if repo != "" {
		l.Empty.Title, l.Empty.Text = "No activity of "+string(repo), "Enter the repository as owner/name, or show all repositories."
	}
	seen := map[string]int{}
	for _, a := range changes {
		row := activityRow(a)
		row.ID = string(a.Kind) + "-" + strconv.FormatInt(a.At.UnixMilli(), 10)
		if seen[row.ID]++; seen[row.ID] > 1 {
			row.ID += "-" + strconv.Itoa(seen[row.ID])
		}
		l.Rows = append(l.Rows, row)
	}
	return panels.Activity(l), nil
}

func kindTabs(chosen string) []parts.Choice {
	tabs := []parts.Choice{{Text: "All", Current: chosen == ""}}
	for _, k := range []parts.Link{
		{Text: "Runs", URL: "run"}, {Text: "Sessions", URL: "session"}, {Text: "Pull requests", URL: "pull"},
		{Text: "Verifications", URL: "verification"}, {Text: "Backfill", URL: "mend"}, {Text: "Jobs", URL: "job"},
		{Text: "People", URL: "deed,scope"},
	} {
		tabs = append(tabs, parts.Choice{Text: k.Text, Query: k.URL, Current: k.URL == chosen})
	}
	return tabs
}

func activityRow(a telemetry.Activity) panels.ActivityRow {
	row := panels.ActivityRow{At: a.At.Time, Repo: string(a.Repo)}
	run := parts.Link{Text: shell.RunName(a.Run, 0), URL: links.Run(a.File)}
	session := parts.Link{
		Text: cmp.Or(telemetry.ShortenIssueIDs(a.Title), "Session "+shell.ShortID(a.Session)),
		URL:  links.Session(cmp.Or(telemetry.SessionKey(a.Session), a.Session)),
	}
	switch a.Kind {
	case telemetry.ActivityRun:
		row.State, row.What = panels.RunKind(telemetry.Kind(a.Word)), run
		row.Text, row.TextURL, row.By = runText(a), run.URL, "RUNS_DIR"
		if a.Source != "" {
			row.By = path.Base(a.Source)
		}
	case telemetry.ActivitySession:
		row.State, row.What = panels.SessionState(a.State, a.Detail, true), session
		row.Text = shell.StatusText(a.Word, a.Detail)
		row.By = map[string]string{"poll": "Devin, polled", "pr": "its pull request"}[a.Origin]
		row.By = cmp.Or(row.By, run.Text+"’s record")
	case telemetry.ActivityPull:
		row.State, row.What, row.By = panels.PullState("open", false), pullLink(a, telemetry.ShortenIssueIDs(a.Title)), "GitHub"
		if a.Word != "opened" {
			row.State = panels.PullState("closed", a.Word == "merged")
		}
		row.State.Label = "PR " + a.Word
	case telemetry.ActivityVerification:
		row.State, row.What, row.By = panels.VerdictState(telemetry.VerificationOutcome(a.Word), false), session, "re-scan"
		row.Text, row.TextURL = parts.Number(a.Fixed)+" of "+parts.Number(a.Targeted)+" no longer found", session.URL
		if a.Pull.Repo != "" {
			row.What = pullLink(a, "")
			row.TextURL = row.What.URL
		}
	case telemetry.ActivityScope:
		row.State, row.What = parts.State{Icon: "check-circle", Tone: parts.Attention, Label: "Scope accepted"}, run
		row.Text, row.By = "counts as a full scan", cmp.Or(string(a.By), "a person")
	case telemetry.ActivityJob:
		jobActivity(&row, a)
	case telemetry.ActivityCorrection:
		row.State, row.What = parts.State{Icon: "tools", Tone: parts.Muted, Label: "Record corrected"}, run
		row.By = "backfill " + parts.Number(a.Application)
		at, field := telemetry.FieldOfSession(a.Change.Field)
		row.What.Text += " · session " + strconv.Itoa(at+1)
		row.Text = field + ": " + shell.ValueText(a.Change.Old) + " → " + shell.ValueText(a.Change.New) + ", " + a.Change.Reason
	case telemetry.ActivitySubmission:
		row.State, row.What = parts.State{Icon: "reply", Tone: parts.Accent, Label: "Reply sent"}, session
		row.By = cmp.Or(string(a.By), "a person")
		if a.Word == string(telemetry.SubmissionDispatch) {
			row.State = parts.State{Icon: "play", Tone: parts.Accent, Label: "Run started"}
			row.What = parts.Link{Text: string(a.Repo), URL: links.Repo(a.Repo)}
		}
		if a.Detail != string(telemetry.SubmissionSent) {
			row.State.Tone, row.Text = parts.Attention, "delivery unknown"
		}
	}
	return row
}

func pullLink(a telemetry.Activity, title string) parts.Link {
	text := strings.TrimSpace("#" + parts.Decimal(a.Pull.Number) + " " + title)
	return parts.Link{Text: text, URL: links.Pull(a.Pull.Repo, a.Pull.Number)}
}

func jobActivity(row *panels.ActivityRow, a telemetry.Activity) {
	row.State, row.By = panels.JobState(a.Job.State), cmp.Or(string(a.By), "not recorded")
	row.State.Label, row.Text = shell.JobTitle(a.Job), string(a.Job.Error)
	if a.Job.State == telemetry.JobDone {
		row.Text, row.TextURL = shell.JobSummary(a.Job), links.APIJob(a.Job.ID)
	}
	if !a.Job.Ended.IsZero() {
		row.What.Text = "took " + shell.TookText(a.Job.Ended.Sub(a.Job.Started.Time))
	}
}

func runText(a telemetry.Activity) string {
	var said []string
	if a.Word == string(telemetry.KindScan) {
		said = append(said, "found "+parts.Number(a.Found))
	}
	for _, part := range []struct {
		n    int64
		word string
	}{{a.New, " new"}, {a.Gone, " gone"}, {a.Back, " reopened"}} {
		if a.Compared && part.n > 0 {
			said = append(said, parts.Number(part.n)+part.word)
		}
	}
	if a.Sessions > 0 {
		said = append(said, parts.Plural(a.Sessions, "session", "")+" started")
	}
	return strings.Join(said, ", ")
}
