package shell

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// SessionRow is a session as lists show it.
func (w *Shell) SessionRow(s telemetry.SessionRow) panels.SessionRow {
	r := panels.SessionRow{
		SessionRow: s,
		Short:      ShortID(s.ID),
		Page:       links.Session(s.Key),
		URL:        w.Settings.DevinWeb.Session(s.ID, s.URL),
		Run:        RunName(s.RunNumber, s.BatchID),
		RunURL:     links.Run(s.RunFile),
		Recorded:   s.PolledAt.IsZero(),
	}
	r.Title, r.IssueIDs = telemetry.ShortenIssueIDs(s.Title), Named(s.IssueIDs)
	if s.State == telemetry.StateNeverStarted || s.State == telemetry.StateFailed {
		r.Remark = s.Reason
	}
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
		r.SessionLink.URL = r.Page
	}
	return r
}

// RunRow is a scan or a dispatch as lists show it.
func (w *Shell) RunRow(r telemetry.RunRow) panels.RunRow {
	row := panels.RunRow{
		RunRow:   r,
		Name:     string(r.Kind),
		Label:    r.RunLabel,
		Page:     links.Run(r.File),
		URL:      w.Settings.GitHubWeb.Recorded(r.RunURL),
		Unlisted: r.Kind == telemetry.KindScan && !r.HasFindings,
	}
	if r.RunNumber > 0 {
		row.Name, row.Label = RunName(r.RunNumber, 0), ""
	}
	of := View{Scope: string(r.Repo)}
	row.OpenedURL, row.ClosedURL = ChangesURL(of, "opened", r.At.Time, r.At.Time), ChangesURL(of, "closed", r.At.Time, r.At.Time)
	return row
}

// repoRow is a repository as lists show it, with its days of that range.
func repoRow(r telemetry.RepoRow, days telemetry.RepoDays, since, until time.Time) panels.RepoRow {
	row := panels.RepoRow{
		RepoRow: r, Days: days, ClosedURL: ChangesURL(View{Scope: string(r.Name)}, "closed", since, until),
		ChangeURL: links.With(links.Repo(r.Name), "period", strconv.Itoa(telemetry.RepoDaysShown)+"d"),
	}
	row.Short, row.Remark = r.StatusNote()
	return row
}

// IssueRow is an issue as lists show it.
func (w *Shell) IssueRow(i telemetry.IssueRow) panels.IssueRow {
	return panels.IssueRow{IssueRow: i, CodeURL: w.Settings.GitHubWeb.Code(i.Repo, i.File, i.Line), Short: ShortID(i.Session)}
}

// VerificationRow is a re-scan of a fix, as lists show it.
func VerificationRow(v telemetry.VerificationRow) panels.VerificationRow {
	r := panels.VerificationRow{
		State:    panels.VerdictState(v.Outcome, v.Merge == telemetry.MergeUnknown),
		Counts:   parts.Number(v.Fixed) + " of " + parts.Number(v.Targeted) + " no longer found",
		At:       v.At.Time,
		Record:   RecordLink("record", v.Source, v.File, v.PrunedAt),
		Replaced: !v.Current,
		Title:    telemetry.ShortenIssueIDs(v.PRTitle),
		Repo:     v.Repo,
		Key:      parts.Decimal(v.StoreID),
	}
	if v.Remaining > 0 {
		r.Counts += ", " + parts.Number(v.Remaining) + " still found"
	}
	r.Now = parts.Number(v.Gone) + " gone by now, " + parts.Number(v.StillThere) + " still there"
	if v.Unmatched > 0 {
		r.Now += ", " + parts.Number(v.Unmatched) + " not in its run"
	}
	if v.Number > 0 {
		r.Pull = parts.Link{Text: "#" + parts.Decimal(v.Number), URL: links.Pull(v.PullRef.Repo, v.Number)}
	}
	r.Of = cmp.Or(r.Pull.URL, links.Session(telemetry.SessionKey(v.Session)), r.Record.URL)
	if v.Session != "" {
		r.Session = parts.Link{Text: ShortID(v.Session)}
		if v.Known {
			r.Session.URL = links.Session(telemetry.SessionKey(v.Session))
		}
	}
	return r
}

// RecordLink leads to a record as it was fetched. Of one that was pruned it
// says that, and leads nowhere.
func RecordLink(text, source, file string, pruned telemetry.Time) parts.Link {
	if !pruned.IsZero() {
		return parts.Link{Text: text + " pruned " + pruned.UTC().Format("2 Jan 2006")}
	}
	return parts.Link{Text: text, URL: links.APIRaw(source, file)}
}

// FileRow is a record that could not be read.
func FileRow(f telemetry.FileRow) telemetry.FileRow {
	f.Error = telemetry.Optional(Sentence(string(f.Error)))
	return f
}

// SpotText writes a location: "src/a.js:12".
func SpotText(file string, line int64) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}
