package lists

import (
	"context"

	"github.com/a-h/templ"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// Issues is the list of issues.
func (w *Web) Issues() shell.Panel {
	return list(w, shell.Panel{
		Name:   "issues",
		Title:  "Issues",
		Page:   links.Issues,
		Tab:    links.Issues,
		List:   w.Dashboard.Issues,
		Usual:  shell.QueryOpen,
		Menus:  []string{"is", "severity", "family", "repo", "age", "attempts", "group"},
		Params: []string{"open"},
		Chosen: []string{"owner", "score", "cwe"},
	}, listing[panels.IssueRow]{
		noun:  "issue",
		sort:  parts.Sort{Key: "severity"},
		from:  w.IssuesOf,
		draw:  panels.Issues,
		more:  w.drawIssues,
		empty: parts.Empty{Icon: "check-circle", Title: "No open issues", Text: "What scans find is listed here."},
	})
}

// Sessions is the list of Devin sessions.
func (w *Web) Sessions() shell.Panel {
	return list(w, shell.Panel{
		Name:  "sessions",
		Title: "Sessions",
		Page:  links.Sessions,
		Tab:   links.Sessions,
		List:  w.Dashboard.Sessions,
		Menus: []string{"is", "family", "repo", "age"},
	}, listing[panels.SessionRow]{
		noun:  "session",
		sort:  parts.Sort{Key: "state"},
		from:  w.SessionsOf,
		draw:  panels.Sessions,
		empty: parts.Empty{Icon: "hubot", Title: "No sessions yet", Text: "Devin sessions that runs started are listed here."},
	})
}

// Pulls is the list of pull requests.
func (w *Web) Pulls() shell.Panel {
	return list(w, shell.Panel{
		Name:  "pulls",
		Title: "Pull requests",
		Page:  links.Pulls,
		Tab:   links.Pulls,
		List:  w.Dashboard.Pulls,
		Menus: []string{"is", "checks", "review", "mergeable", "repo", "linked", "age"},
	}, listing[panels.PullRow]{
		noun: "pull request",
		sort: parts.Sort{Key: "waiting", Desc: true},
		from: w.PullsOf,
		draw: panels.Pulls,
		empty: parts.Empty{
			Icon:  "git-pull-request",
			Title: "No pull requests yet",
			Text:  "Pull requests that fix issues are listed here, of targets and their forks.",
		},
	})
}

// Verifications is the list of re-scans of fixes.
func (w *Web) Verifications() shell.Panel {
	return list(w, shell.Panel{
		Name:  "verifications",
		Title: "Verifications",
		Page:  links.Verified,
		List:  w.Dashboard.Verifications,
		Menus: []string{"outcome", "is", "repo"},
	}, listing[panels.VerificationRow]{
		noun: "verification",
		sort: parts.Sort{Key: "verified_at", Desc: true},
		from: func(v shell.View, q query.Query) shell.Source[panels.VerificationRow] {
			return shell.Joined(shell.Asked(w.Dashboard.Verifications, v, q), shell.Each(shell.VerificationRow))
		},
		draw: panels.VerificationList,
		empty: parts.Empty{
			Icon:  "unverified",
			Title: "No fixes verified yet",
			Text:  "What a re-scan of a fix found is listed here, and what came of it.",
		},
	})
}

// Runs is the list of scans and dispatches.
func (w *Web) Runs() shell.Panel {
	return list(w, shell.Panel{
		Name:  "runs",
		Title: "Runs",
		Page:  links.Runs,
		Tab:   links.Runs,
		List:  w.Dashboard.Runs,
		Menus: []string{"kind", "is", "repo", "age"},
	}, listing[panels.RunRow]{
		noun: "run",
		sort: parts.Sort{Key: "time", Desc: true},
		from: w.RunsOf,
		draw: panels.Runs,
	})
}

// Repos is the list of repositories.
func (w *Web) Repos() shell.Panel {
	return list(w, shell.Panel{
		Name:  "repos",
		Title: "Repositories",
		Page:  links.Repos,
		List:  w.Dashboard.Repos,
		Menus: []string{"is", "open", "age"},
	}, listing[panels.RepoRow]{
		noun: "repository",
		sort: parts.Sort{Key: "critical_high", Desc: true},
		from: w.ReposOf,
		draw: drawRepos,
	})
}

// drawRepos says what the rows come to, where all of them are shown.
func drawRepos(t panels.Table[panels.RepoRow]) templ.Component {
	open, worst := int64(0), int64(0)
	for _, r := range t.Rows {
		open, worst = open+r.Open, worst+r.OpenSeverity["critical"]+r.OpenSeverity["high"]
	}
	if t.Pager.Total == len(t.Rows) && len(t.Rows) > 0 {
		t.Bar.More.Text = "with " + parts.Plural(open, "open issue", "")
		if worst > 0 {
			t.Bar.More.Text += ", " + parts.Number(worst) + " critical or high"
		}
	}
	return panels.Repos(t)
}

const filesRows = 50

// Files are the records that could not be read.
func (w *Web) Files() shell.Panel {
	topics := []string{telemetry.TopicRecords}
	return shell.Panel{Name: "files", Title: "Records that could not be read", Page: links.Runs, Topics: topics, Draw: w.drawFiles}
}

func (w *Web) drawFiles(ctx context.Context, v shell.View) (templ.Component, error) {
	q, err := dashboard.Parse(w.Dashboard.Files, "is:error")
	if err != nil {
		return nil, err
	}
	files := shell.Joined(shell.Asked(w.Dashboard.Files, shell.View{}, q), shell.Each(shell.FileRow))
	t, err := shell.Short(ctx, v, filesRows, parts.Sort{Key: "file"}, files)
	t.Note = "all other files load; the last readable version of these stays in use"
	return panels.Files(t), err
}
