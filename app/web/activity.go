package web

import (
	"cmp"
	"context"
	"path"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specActivity() spec {
	return spec{
		name:   "activity",
		title:  "Activity",
		page:   links.Activity,
		topics: append(everything(), telemetry.TopicJobs),
		every:  "60s",
		params: []string{"kind", "repo", "before"},
		draw:   w.drawActivity,
	}
}

// drawActivity lists what changed, by whom or what, newest first.
func (w *Web) drawActivity(ctx context.Context, v view) (templ.Component, error) {
	kinds, err := telemetry.WordsParam("kind", v.get("kind"), telemetry.ActivityKinds())
	if err != nil {
		return nil, err
	}
	from, err := telemetry.ParseActivityMark(v.get("before"))
	if err != nil {
		return nil, err
	}
	size, err := v.number("per_page", query.PerPage, perPageLeast, query.PerPageMost)
	if err != nil {
		return nil, err
	}
	repo := telemetry.ParseRepo(v.get("repo"))
	if repo == "" && v.get("repo") != "" {
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "repo: this is no repository; write owner/name.")
	}
	changes, next, err := w.o.Dashboard.Activity(ctx, telemetry.ActivityFilter{Kinds: kinds, Repo: repo.Key()}, from, int(size))
	if err != nil {
		return nil, err
	}
	recent, err := w.recentRepos(ctx)
	if err != nil {
		return nil, err
	}
	l := panels.ActivityList{
		Frame:  v.frame(),
		Older:  next.String(),
		Newest: v.get("before") != "",
		Kinds:  kindTabs(v.get("kind")),
		Empty: parts.Empty{
			Icon:  "pulse",
			Title: "Nothing has changed yet",
			Text:  "Runs, sessions, pull requests, verifications and what people do are listed here.",
		},
	}
	l.Plain, l.Repo, l.Kind, l.Repos = true, string(repo), v.get("kind"), dynamic("repo", recent.Items)
	if repo != "" {
		l.Empty.Title, l.Empty.Text = "Nothing of "+string(repo)+" has changed", "Write the repository as owner/name, or show all of them."
	}
	seen := map[string]int{}
	for _, a := range changes {
		row := w.activityRow(a)
		row.ID = string(a.Kind) + "-" + strconv.FormatInt(a.At.UnixMilli(), 10)
		if seen[row.ID]++; seen[row.ID] > 1 {
			row.ID += "-" + strconv.Itoa(seen[row.ID])
		}
		l.Rows = append(l.Rows, row)
	}
	return panels.Activity(l), nil
}

// kindTabs narrow the list to one kind.
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

func (w *Web) activityRow(a telemetry.Activity) panels.ActivityRow {
	row := panels.ActivityRow{At: a.At.Time, Repo: string(a.Repo)}
	run := parts.Link{Text: runName(a.Run, 0), URL: links.Run(a.File)}
	session := parts.Link{
		Text: cmp.Or(telemetry.FoldIssueIDs(a.Title), "Session "+shortID(a.Session)),
		URL:  links.Session(cmp.Or(telemetry.BareID(a.Session), a.Session)),
	}
	switch a.Kind {
	case telemetry.ActivityRun:
		row.State, row.What = panels.RunKind(a.Word), run
		row.Text, row.By = runText(a), cmp.Or(path.Base(a.Source), "RUNS_DIR")
	case telemetry.ActivitySession:
		row.State, row.What = panels.SessionState(string(a.State), a.Detail, true), session
		row.Text = joinWords(a.Word, a.Detail)
		row.By = map[string]string{"poll": "Devin, polled", "pr": "its pull request"}[a.Origin]
		row.By = cmp.Or(row.By, run.Text+"’s record")
	case telemetry.ActivityPull:
		row.State, row.What, row.By = panels.PullState("open", false), w.pullLink(a, telemetry.FoldIssueIDs(a.Title)), "GitHub"
		if a.Word != "opened" {
			row.State = panels.PullState("closed", a.Word == "merged")
		}
		row.State.Word = "PR " + a.Word
	case telemetry.ActivityVerification:
		row.State, row.What, row.By = panels.VerdictState(a.Word, false), session, "re-scan"
		row.Text = number(a.Fixed) + " of " + number(a.Targeted) + " no longer found"
		if a.Pull.Repo != "" {
			row.What = w.pullLink(a, "")
		}
	case telemetry.ActivityScope:
		row.State, row.What = parts.State{Icon: "check-circle", Tone: parts.Attention, Word: "Scope accepted"}, run
		row.Text, row.By = "counts as a full scan", cmp.Or(string(a.By), "a person")
	case telemetry.ActivityJob:
		jobActivity(&row, a)
	case telemetry.ActivityMend:
		row.State, row.What = parts.State{Icon: "tools", Tone: parts.Muted, Word: "Record mended"}, run
		row.By = "backfill " + number(a.Application)
		at, field := telemetry.FieldOfSession(a.Change.Field)
		row.What.Text += " · session " + strconv.Itoa(at+1)
		row.Text = field + ": " + valueText(a.Change.Old) + " → " + valueText(a.Change.New) + ", " + a.Change.Reason
	case telemetry.ActivityDeed:
		row.State, row.What = parts.State{Icon: "reply", Tone: parts.Accent, Word: "Reply sent"}, session
		row.By = cmp.Or(string(a.By), "a person")
		if a.Word == string(telemetry.SubmissionDispatch) {
			row.State = parts.State{Icon: "play", Tone: parts.Accent, Word: "Run dispatched"}
			row.What = parts.Link{Text: string(a.Repo), URL: links.Repo(a.Repo)}
		}
		if a.Detail != string(telemetry.SubmissionSent) {
			row.State.Tone, row.Text = parts.Attention, "it is not known whether it arrived"
		}
	}
	return row
}

func (w *Web) pullLink(a telemetry.Activity, title string) parts.Link {
	text := strings.TrimSpace("#" + strconv.FormatInt(a.Pull.Number, 10) + " " + title)
	return parts.Link{Text: text, URL: links.Pull(a.Pull.Repo, a.Pull.Number)}
}

// jobActivity says what became of a job.
func jobActivity(row *panels.ActivityRow, a telemetry.Activity) {
	row.State, row.By = panels.JobState(a.Job.State), cmp.Or(string(a.By), "not recorded")
	row.State.Word, row.Text = jobTitle(a.Job, resultOf(a.Job)), string(a.Job.Error)
	if a.Job.State == telemetry.JobDone {
		row.Text = summary(a.Job, resultOf(a.Job))
	}
	if !a.Job.Ended.IsZero() {
		row.What.Text = "took " + tookWords(a.Job.Ended.Sub(a.Job.Started.Time))
	}
}

// runText is what a run brought.
func runText(a telemetry.Activity) string {
	var said []string
	if a.Word == string(telemetry.KindScan) {
		said = append(said, "found "+number(a.Found))
	}
	for _, part := range []struct {
		n    int64
		word string
	}{{a.New, " new"}, {a.Gone, " gone"}, {a.Back, " reopened"}} {
		if a.Compared && part.n > 0 {
			said = append(said, number(part.n)+part.word)
		}
	}
	if a.Sessions > 0 {
		said = append(said, parts.Plural(int(a.Sessions), "session", "")+" started")
	}
	return strings.Join(said, ", ")
}
