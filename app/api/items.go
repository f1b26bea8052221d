package api

import (
	"encoding/json"
	"time"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
)

// itself is a row that is its own item.
func itself[T any](row T) T { return row }

// stamp is a time in JSON: RFC 3339 in UTC, null for none. Whole seconds, as
// GitHub gives them, have no fraction; else it is milliseconds.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	form := time.RFC3339
	if t.Nanosecond() != 0 {
		form = "2006-01-02T15:04:05.000Z07:00"
	}
	s := t.UTC().Format(form)
	return &s
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

type repoItem struct {
	Repo             string            `json:"repo"`
	Name             string            `json:"name"`
	ForkURL          string            `json:"fork_url"`
	Runs             int64             `json:"runs"`
	IssuesFound      int64             `json:"issues_found"`
	SessionsCreated  int64             `json:"sessions_created"`
	SessionsFinished int64             `json:"sessions_finished"`
	PRsTotal         int64             `json:"prs_total"`
	PRsMerged        int64             `json:"prs_merged"`
	PRsOpen          int64             `json:"prs_open"`
	PRsClosed        int64             `json:"prs_closed"`
	PRsUnknown       int64             `json:"prs_unknown"`
	Severity         map[string]int64  `json:"severity_breakdown"`
	Category         map[string]int64  `json:"category_breakdown"`
	LastRun          *string           `json:"last_run"`
	Open             int64             `json:"open"`
	OpenBySeverity   map[string]int64  `json:"open_by_severity"`
	OpenByCategory   map[string]int64  `json:"open_by_category"`
	StatusNote       string            `json:"status_note"`
	ReferenceRun     *int64            `json:"reference_run"`
	LatestRun        *int64            `json:"latest_run"`
	ScopeReduced     bool              `json:"scope_reduced"`
	Links            map[string]string `json:"links"`
}

func repoOf(r telemetry.RepoRow) repoItem {
	note := ""
	switch {
	case !r.Listed && r.LatestRun != nil:
		note = "not listed: this record names no findings"
	case r.Unnamed:
		note = "a newer scan names no findings; what is open is as of the one before"
	case r.LatestReduced:
		note = "scope reduced: the latest scan looked at less than the one before, and closed nothing"
	}
	return repoItem{
		Repo:             r.TargetRepo,
		Name:             string(r.Name),
		ForkURL:          r.ForkURL,
		Runs:             r.Runs,
		IssuesFound:      r.IssuesFound,
		SessionsCreated:  r.SessionsCreated,
		SessionsFinished: r.SessionsFinished,
		PRsTotal:         r.PRs.Total,
		PRsMerged:        r.PRs.Merged,
		PRsOpen:          r.PRs.Open,
		PRsClosed:        r.PRs.Closed,
		PRsUnknown:       r.PRs.Unknown,
		Severity:         r.SeveritySum,
		Category:         r.CategorySum,
		LastRun:          stamp(r.LastRun.Time),
		Open:             r.Open,
		OpenBySeverity:   r.OpenSeverity,
		OpenByCategory:   r.OpenCategory,
		Links:            paths(dashboard.RepoLinks(r)),
		StatusNote:       note,
		ReferenceRun:     r.ReferenceRun,
		LatestRun:        r.LatestRun,
		ScopeReduced:     r.LatestReduced,
	}
}

type jobItem struct {
	ID      string              `json:"id"`
	Kind    string              `json:"kind"`
	State   string              `json:"state"`
	Steps   []telemetry.JobStep `json:"steps"`
	By      *string             `json:"started_by"`
	Joined  int64               `json:"joined"`
	Started *string             `json:"started"`
	Ended   *string             `json:"ended"`
	Result  json.RawMessage     `json:"result"`
	Error   *string             `json:"error"`
	Errors  []string            `json:"errors"`
}

func jobOf(j telemetry.Job) jobItem {
	item := jobItem{
		ID:      j.ID,
		Kind:    j.Kind,
		State:   j.State,
		Steps:   j.Steps,
		By:      textOrNull(string(j.By)),
		Joined:  j.Joined,
		Started: stamp(j.Started.Time),
		Ended:   stamp(j.Ended.Time),
		Result:  j.Result,
		Error:   textOrNull(j.Error),
		Errors:  j.Errors,
	}
	if item.Steps == nil {
		item.Steps = []telemetry.JobStep{}
	}
	if item.Errors == nil {
		item.Errors = []string{}
	}
	if item.Result == nil {
		item.Result = json.RawMessage("null")
	}
	return item
}

type fileItem struct {
	File      string  `json:"file"`
	Source    string  `json:"source"`
	Kind      string  `json:"kind"`
	SHA       string  `json:"blob_sha"`
	Size      int64   `json:"size"`
	Error     *string `json:"error"`
	Gone      bool    `json:"gone"`
	Shadowed  bool    `json:"shadowed"`
	FetchedAt *string `json:"fetched_at"`
}

func fileOf(f telemetry.FileRow) fileItem {
	return fileItem{
		File:      f.File,
		Source:    f.Source,
		Kind:      string(f.Kind),
		SHA:       f.SHA,
		Size:      f.Size,
		Error:     textOrNull(f.Error),
		Gone:      f.Gone,
		Shadowed:  f.Shadowed,
		FetchedAt: stamp(f.FetchedAt.Time),
	}
}

// runItem is the record's own JSON with the fields that the program adds,
// spliced on: decoding and encoding a whole scan again would cost more than
// reading it.
func runItem(r telemetry.RunRow) json.RawMessage {
	extra, _ := json.Marshal(struct { // plain values: it cannot fail
		File    string `json:"_file"`
		Kind    string `json:"kind"`
		Source  string `json:"_source"`
		Reduced bool   `json:"_scope_reduced"`
		New     *int64 `json:"_new"`
		Gone    *int64 `json:"_gone"`
	}{r.File, string(r.Kind), r.Source, r.Reduced, r.New, r.Gone})
	end := len(r.Item) - 1
	for end > 0 && r.Item[end] != '}' {
		end--
	}
	out := make([]byte, 0, end+len(extra)+1)
	out = append(appendCompact(out, r.Item[:end]), ',')
	return append(out, extra[1:]...)
}
