package shell

import (
	"fmt"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// SessionRow is a session as lists show it.
func (w *Shell) SessionRow(s telemetry.SessionRow) panels.SessionRow {
	r := panels.SessionRow{
		Key:      s.Key,
		State:    string(s.State),
		Reason:   s.Reason,
		HasPR:    s.HasPR,
		Family:   s.Family,
		Title:    telemetry.ShortenIssueIDs(s.Title),
		Short:    ShortID(s.ID),
		Recorded: s.PolledAt.IsZero(),
		Repo:     string(s.Repo),
		Run:      RunName(s.RunNumber, s.BatchID),
		RunURL:   links.Run(s.RunFile),
		Since:    s.StateSince.Time,
		Updated:  s.UpdatedAt.Time,
		IssueIDs: Named(s.IssueIDs),
		Started:  s.At.Time,
		URL:      w.Settings.DevinWeb.Session(s.ID, s.URL),
	}
	if s.PR != nil {
		r.PR = panels.PullRef{Number: int(s.PR.Number), State: s.PR.State, Merged: s.PR.Merged, URL: links.Pull(s.PR.Repo, s.PR.Number)}
	}
	if s.State == telemetry.StateNeverStarted || s.State == telemetry.StateFailed {
		r.Remark = s.Reason
	}
	r.Page = links.Session(s.Key)
	return r
}

// PullRow is a pull request as lists show it.
func (w *Shell) PullRow(p telemetry.PullRow) panels.PullRow {
	r := panels.PullRow{
		PullRow:    p,
		Short:      telemetry.ShortenIssueIDs(p.Title),
		Page:       links.Pull(p.Repo, p.Number),
		GitHub:     w.Settings.GitHubWeb.Pull(p.Repo, p.Number),
		SessionIDs: p.Session,
		LinkedBy:   BasisText(p.Basis),
	}
	if p.State != "closed" {
		r.Waiting = p.CreatedAt.Time.Time
	}
	switch {
	case p.Session != "":
		r.SessionLink = parts.Link{Text: ShortID(p.Session), URL: links.Session(telemetry.SessionKey(p.Session))}
	case len(p.Candidates) > 0:
		r.SessionIDs, r.SessionLink.Text = strings.Join(p.Candidates, ", "), strconv.Itoa(len(p.Candidates))+" candidates"
	}
	return r
}

// RunRow is a scan or a dispatch as lists show it.
func (w *Shell) RunRow(r telemetry.RunRow) panels.RunRow {
	row := panels.RunRow{
		Key:      r.Source + "-" + r.File,
		Name:     string(r.Kind),
		Label:    r.RunLabel,
		Number:   int(r.RunNumber),
		Kind:     string(r.Kind),
		URL:      w.Settings.GitHubWeb.Recorded(r.RunURL),
		Repo:     string(r.Repo),
		At:       r.At.Time,
		Found:    int(r.IssuesFound),
		Reduced:  r.Reduced,
		Unlisted: r.Kind == telemetry.KindScan && !r.HasFindings,
		Batches:  int(r.Batches),
		Sessions: int(r.Sessions),
	}
	if r.RunNumber > 0 {
		row.Name, row.Label = "run "+strconv.FormatInt(r.RunNumber, 10), ""
	}
	if r.New != nil && r.Gone != nil {
		row.Compared, row.New, row.Gone = true, int(*r.New), int(*r.Gone)
	}
	row.Page = links.Run(r.File)
	return row
}

// RepoRow is a repository as lists show it.
func RepoRow(r RepoTrend) panels.RepoRow {
	row := panels.RepoRow{
		Repo:      string(r.Name),
		Critical:  int(r.OpenSeverity["critical"]),
		High:      int(r.OpenSeverity["high"]),
		Medium:    int(r.OpenSeverity["medium"]),
		Low:       int(r.OpenSeverity["low"]),
		Open:      int(r.Open),
		Active:    int(r.SessionsActive),
		PRsOpen:   int(r.PRs.Open),
		LastScan:  r.LastRun.Time,
		Change:    int(r.days.Change()),
		Closed:    int(r.days.Closed),
		ClosedURL: ChangesURL(View{Scope: string(r.Name)}, "closed", r.since, r.until),
	}
	for _, n := range r.days.Open {
		row.Days = append(row.Days, int(n))
	}
	switch {
	case !r.Listed && r.LatestRun != nil:
		row.Short, row.Remark = "not listed", "Counts of the latest scan, which lists no findings"
	case r.LatestReduced:
		row.Short, row.Remark = "scope reduced", "The latest scan covered less than the one before and closed nothing"
	case r.WithoutFindings:
		row.Short, row.Remark = "newer scan not listed", "A newer scan lists no findings; open issues are as of the one before"
	}
	return row
}

// IssueRow is an issue as lists show it.
func (w *Shell) IssueRow(i telemetry.IssueRow) panels.IssueRow {
	return panels.IssueRow{
		ID:       i.PublicID,
		URL:      links.Issue(i.PublicID),
		Severity: i.Severity,
		Status:   string(i.Status),
		Rule:     i.Rule,
		Family:   i.Family,
		File:     i.File,
		Line:     int(i.Line),
		CodeURL:  w.Settings.GitHubWeb.Code(i.Repo, i.File, i.Line),
		Repo:     string(i.Repo),
		First:    i.FirstSeen.At.Time,
		Last:     i.LastSeen.At.Time,
		Attempts: int(i.Attempts),
	}
}

// FileRow is a record that could not be read.
func FileRow(f telemetry.FileRow) panels.FileRow {
	return panels.FileRow{File: f.File, Error: asSentence(string(f.Error)), At: f.FetchedAt.Time}
}

// SpotText writes a location: "src/a.js:12".
func SpotText(file string, line int64) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}
