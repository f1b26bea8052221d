package web

import (
	"slices"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
)

func (w *Web) sessionRow(s telemetry.SessionRow) panels.SessionRow {
	r := panels.SessionRow{
		Key:      s.Key,
		State:    string(s.State),
		Reason:   s.Reason,
		HasPR:    s.HasPR,
		Family:   s.Family,
		Title:    telemetry.FoldIssueIDs(s.Title),
		Short:    shortID(s.ID),
		Recorded: s.PolledAt.IsZero(),
		Repo:     string(s.Repo),
		Run:      runName(s.RunNumber, s.BatchID),
		RunURL:   links.Run(s.RunFile),
		Since:    s.StateSince.Time,
		Updated:  s.UpdatedAt.Time,
		IssueIDs: named(s.IssueIDs),
		Started:  s.At.Time,
		URL:      w.o.Settings.DevinWeb.Session(s.ID, s.URL),
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

// named are the ids that say something: old records can hold blank ones.
func named(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return strings.TrimSpace(id) == "" })
}

func runName(run, batch int64) string {
	name := "dispatch"
	if run > 0 {
		name = "run " + strconv.FormatInt(run, 10)
	}
	if batch > 0 {
		name += " · batch " + strconv.FormatInt(batch, 10)
	}
	return name
}

func (w *Web) pullRow(p telemetry.PullRow) panels.PullRow {
	r := panels.PullRow{
		Key:          string(p.Repo) + "-" + strconv.FormatInt(p.Number, 10),
		Number:       int(p.Number),
		Title:        p.Title,
		Short:        telemetry.FoldIssueIDs(p.Title),
		Page:         links.Pull(p.Repo, p.Number),
		URL:          w.o.Settings.GitHubWeb.Pull(p.Repo, p.Number),
		Repo:         string(p.Repo),
		State:        p.State,
		Merged:       p.Merged,
		IssueIDs:     p.IssueIDs,
		Session:      p.Session,
		SessionShort: shortID(p.Session),
		Basis:        basisWords(p.Basis),
	}
	if p.State != "closed" {
		r.Waiting = p.CreatedAt.Time
	}
	if p.Session != "" {
		r.SessionURL = links.Session(telemetry.BareID(p.Session))
	}
	if r.Session == "" && len(p.Candidates) > 0 {
		r.Session, r.SessionShort = strings.Join(p.Candidates, ", "), strconv.Itoa(len(p.Candidates))+" candidates"
	}
	return r
}

func shortID(id string) string {
	if bare := telemetry.BareID(id); len(bare) > 8 {
		return bare[:8]
	}
	return telemetry.BareID(id)
}

// basisWords says by what a pull request belongs to its session.
func basisWords(b telemetry.LinkBasis) string {
	switch b {
	case telemetry.LinkDevin:
		return "Devin’s answer"
	case telemetry.LinkVerification:
		return "verification record"
	case telemetry.LinkRecorded:
		return "run record"
	case telemetry.LinkSessionID:
		return "session id in the PR"
	case telemetry.LinkIssueID:
		return "issue id in the title"
	}
	return ""
}

func (w *Web) runRow(r telemetry.RunRow) panels.RunRow {
	row := panels.RunRow{
		Key:      r.Source + "-" + r.File,
		Name:     string(r.Kind),
		Label:    r.RunLabel,
		Number:   int(r.RunNumber),
		Kind:     string(r.Kind),
		URL:      w.o.Settings.GitHubWeb.Recorded(r.RunURL),
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

func (w *Web) repoRow(r repoTrend) panels.RepoRow {
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
		ClosedURL: changesURL(view{scope: string(r.Name)}, "closed", r.since, r.until),
	}
	for _, n := range r.days.Open {
		row.Days = append(row.Days, int(n))
	}
	switch {
	case !r.Listed && r.LatestRun != nil:
		row.Short, row.Remark = "not listed", "Counts of the latest scan: its record names no findings"
	case r.LatestReduced:
		row.Short, row.Remark = "scope reduced", "The latest scan looked at less than the one before, and closed nothing"
	case r.Unnamed:
		row.Short, row.Remark = "newer scan unnamed", "A newer scan names no findings; what is open is as of the one before"
	}
	return row
}

func (w *Web) issueRow(i telemetry.IssueRow) panels.IssueRow {
	return panels.IssueRow{
		ID:       i.PublicID,
		URL:      links.Issue(i.PublicID),
		Severity: i.Severity,
		Status:   string(i.Status),
		Rule:     i.Rule,
		Family:   i.Family,
		File:     i.File,
		Line:     int(i.Line),
		CodeURL:  w.o.Settings.GitHubWeb.Code(i.Repo, i.File, i.Line),
		Repo:     string(i.Repo),
		First:    i.FirstSeen.At.Time,
		Last:     i.LastSeen.At.Time,
		Attempts: int(i.Attempts),
	}
}

func (w *Web) fileRow(f telemetry.FileRow) panels.FileRow {
	return panels.FileRow{File: f.File, Error: asSentence(string(f.Error)), At: f.FetchedAt.Time}
}

// asSentence writes an error as a sentence. What begins with the name of a
// field keeps it.
func asSentence(text string) string {
	word, _, _ := strings.Cut(text, " ")
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyz") == "" {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
