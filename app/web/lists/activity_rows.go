package lists

import (
	"cmp"
	"path"
	"strconv"
	"strings"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

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
		row.Text, row.By = runText(a), "RUNS_DIR"
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
		row.Text = parts.Number(a.Fixed) + " of " + parts.Number(a.Targeted) + " no longer found"
		if a.Pull.Repo != "" {
			row.What = pullLink(a, "")
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
		row.Text = shell.JobSummary(a.Job)
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
