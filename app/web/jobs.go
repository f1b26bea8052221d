package web

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// jobsCookie names the jobs that this browser started or joined and has not
// closed, so that they are shown on every page and after a reload, with or
// without JavaScript. It holds ids, marked where it started them, and nothing
// else.
const (
	jobsCookie = "jobs"
	jobsMost   = 3
	jobsAge    = time.Hour
	jobsOwn    = "_" // follows the id of a job that this browser started
)

// ownJob is a job of this browser's.
type ownJob struct {
	id      string
	started bool // by this browser, which else joined it
}

// ownJobs are the jobs that the browser's cookie names, the latest first.
func ownJobs(c *fiber.Ctx) []ownJob {
	var jobs []ownJob
	for text := range strings.SplitSeq(c.Cookies(jobsCookie), ".") {
		id, started := strings.CutSuffix(text, jobsOwn)
		if jobID(id) && len(jobs) < jobsMost {
			jobs = append(jobs, ownJob{id, started})
		}
	}
	return jobs
}

// closed are the jobs without the one of an id.
func closed(jobs []ownJob, id string) []ownJob {
	return slices.DeleteFunc(slices.Clone(jobs), func(j ownJob) bool { return j.id == id })
}

// with puts a job that was asked for first: it is this browser's where none
// had joined it, unless it is known already.
func with(jobs []ownJob, j telemetry.Job) []ownJob {
	own := ownJob{j.ID, j.By == telemetry.ByPage && j.Joined == 0}
	for _, other := range jobs {
		own.started = own.started || other.id == j.ID && other.started
	}
	return append([]ownJob{own}, closed(jobs, j.ID)...)
}

func jobID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz-") == ""
}

func setJobs(c *fiber.Ctx, jobs []ownJob) {
	var ids []string
	for _, j := range jobs[:min(len(jobs), jobsMost)] {
		if j.started {
			j.id += jobsOwn
		}
		ids = append(ids, j.id)
	}
	cookie := &fiber.Cookie{
		Name:     jobsCookie,
		Value:    strings.Join(ids, "."),
		Path:     "/",
		HTTPOnly: true,
		SameSite: fiber.CookieSameSiteStrictMode,
		MaxAge:   int(jobsAge.Seconds()),
	}
	if len(ids) == 0 {
		cookie.MaxAge, cookie.Expires = -1, time.Unix(1, 0)
	}
	c.Cookie(cookie)
}

func (w *Web) specJobs() spec {
	return spec{name: "jobs", page: links.Overview, draw: w.drawJobs}
}

// drawJobs shows the jobs of the view. It asks again only while it shows
// one that runs.
func (w *Web) drawJobs(ctx context.Context, v view) (templ.Component, error) {
	l := panels.JobList{Frame: v.brief()}
	told := map[string]bool{} // the kinds that have a card: how an older one ended is no news
	for _, own := range v.jobs {
		job, running := w.o.Jobs.Running(own.id)
		if !running {
			var err error
			job, err = w.o.Dashboard.JobByID(ctx, own.id)
			if telemetry.CodeOf(err) == telemetry.CodeNotFound && err != nil {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		switch {
		case job.Running():
			l.Topics, l.Every = telemetry.TopicJobs, "2s"
		case told[job.Kind]:
			continue
		}
		told[job.Kind] = true
		card := w.jobCard(job)
		card.By = startedWords(job, own.started)
		l.Cards = append(l.Cards, card)
	}
	return panels.Jobs(l), nil
}

// startedWords say by what a job was started, and who joined it, as this
// browser's person would: "by you, 1 more joined".
func startedWords(j telemetry.Job, mine bool) string {
	more := number(j.Joined) + " more joined"
	switch {
	case mine && j.Joined > 0:
		return "by you, " + more
	case mine:
		return "by you"
	}
	said := "by " + string(j.By)
	if j.By == "" || strings.HasPrefix(string(j.By), "on ") {
		said = string(j.By)
	}
	switch {
	case j.Joined == 1:
		said += ", you joined"
	case j.Joined > 1:
		said += ", you and " + number(j.Joined-1) + " more joined"
	}
	return strings.TrimPrefix(said, ", ")
}

// changesMost is how many proposed changes a card lists.
const changesMost = 100

func (w *Web) jobCard(j telemetry.Job) panels.JobCard {
	result := resultOf(j)
	card := panels.JobCard{
		ID:      j.ID,
		Title:   jobTitle(j, result),
		State:   j.State,
		Started: j.Started.Time,
		Ended:   j.Ended.Time,
		Took:    w.took(j),
		Errors:  j.Errors,
		Summary: string(j.Error),
	}
	for _, s := range j.Steps {
		row := panels.StepRow{
			Name:   s.Name,
			State:  s.State,
			Detail: s.Detail,
			Done:   int(s.Done),
			Total:  int(s.Total),
			Took:   secondsText(s.Seconds),
		}
		switch {
		case s.Total > 0:
			row.Count = number(s.Done) + "/" + number(s.Total)
		case s.Done > 0:
			row.Count = number(s.Done)
		}
		card.Steps = append(card.Steps, row)
	}
	if j.State == telemetry.JobDone {
		card.Summary = summary(j, result)
	}
	card.Errors = without(card.Errors, card.Summary) // what ended the job is said once
	switch {
	case j.Running() && ingest.Cancellable(j.Kind):
		card.Dismiss = parts.Action{Text: "Cancel", URL: links.ActionCancel, Hidden: []parts.Field{{Name: "id", Value: j.ID}}}
	case !j.Running():
		card.Dismiss = parts.Action{
			Icon:   "x",
			Text:   "Close",
			URL:    links.ActionDismiss,
			Class:  "btn-bare btn-quiet",
			Hidden: []parts.Field{{Name: "id", Value: j.ID}},
		}
	}
	if result.DryRun && j.State == telemetry.JobDone && len(result.Changes) > 0 {
		for _, c := range result.Changes[:min(changesMost, len(result.Changes))] {
			card.Changes = append(card.Changes, panels.ChangeRow{
				Record: c.File,
				Field:  c.Field,
				Old:    valueText(c.Old),
				New:    valueText(c.New),
				Reason: c.Reason,
			})
		}
		card.More = len(result.Changes) - len(card.Changes)
		card.Confirm = parts.Action{
			Text:   "Apply " + parts.Plural(len(result.Changes), "change", ""),
			URL:    links.ActionBackfill,
			Class:  "btn-primary",
			Hidden: []parts.Field{{Name: "replaces", Value: j.ID}},
		}
	}
	return card
}

// jobResult is what any kind of job answers with, as far as a page says it.
type jobResult struct {
	New          int64              `json:"new"`
	Updated      int64              `json:"updated"`
	Gone         int64              `json:"gone"`
	Broken       int64              `json:"broken"`
	TotalFiles   int64              `json:"total_files"`
	PRsFound     int64              `json:"prs_found"`
	Polled       int64              `json:"polled"`
	Skipped      int64              `json:"skipped"`
	Missing      int64              `json:"missing"`
	PatchedFiles int64              `json:"patched_files"`
	DryRun       bool               `json:"dry_run"`
	Changes      []telemetry.Change `json:"changes"`
}

func resultOf(j telemetry.Job) jobResult {
	var r jobResult
	if len(j.Result) > 0 {
		_ = json.Unmarshal(j.Result, &r) // an older program's result says less
	}
	return r
}

func jobTitle(j telemetry.Job, r jobResult) string {
	name := map[string]string{
		ingest.JobRefresh:  "Refresh",
		ingest.JobPoll:     "Poll sessions",
		ingest.JobPollPRs:  "Poll pull requests",
		ingest.JobBackfill: "Backfill",
	}[j.Kind]
	if r.DryRun {
		name += ", dry run"
	}
	switch j.State {
	case telemetry.JobRunning:
		return name + ": running"
	case telemetry.JobDone:
		return name + ": done"
	case telemetry.JobInterrupted:
		return name + ": interrupted"
	case telemetry.JobCancelled:
		return name + ": cancelled"
	}
	return name + ": failed"
}

// summary is a done job in a sentence.
func summary(j telemetry.Job, r jobResult) string {
	plural := func(n int64, noun, more string) string { return parts.Plural(int(n), noun, more) }
	var said []string
	switch j.Kind {
	case ingest.JobRefresh:
		said = []string{plural(r.New, "new file", ""), number(r.Updated) + " updated"}
		if r.Gone > 0 {
			said = append(said, number(r.Gone)+" gone")
		}
		if r.Broken > 0 {
			said = append(said, number(r.Broken)+" could not be read")
		}
		if r.PRsFound > 0 {
			said = append(said, plural(r.PRsFound, "pull request", ""))
		}
	case ingest.JobPoll:
		said = []string{plural(r.Polled, "session", "") + " polled", plural(r.PRsFound, "pull request", "")}
		if r.Skipped > 0 {
			said = append(said, number(r.Skipped)+" left for later")
		}
		if r.Missing > 0 {
			said = append(said, number(r.Missing)+" unknown to Devin")
		}
	case ingest.JobPollPRs:
		said = []string{plural(r.PRsFound, "pull request", "")}
	case ingest.JobBackfill:
		return backfillSummary(r)
	}
	return strings.Join(append(said, failedWords(j.Errors)...), ", ") + "."
}

// failedWords counts what failed while a job went on: repositories, whose
// errors begin with their name, and all else.
func failedWords(errs []string) (said []string) {
	repos, others := 0, 0
	for _, e := range errs {
		if name, _, named := strings.Cut(e, ": "); named && name != "" && telemetry.ParseRepo(name).Key() == strings.ToLower(name) {
			repos++
		} else {
			others++
		}
	}
	if repos > 0 {
		said = append(said, parts.Plural(repos, "repository", "")+" failed")
	}
	if others > 0 {
		said = append(said, parts.Plural(others, "error", ""))
	}
	return said
}

func backfillSummary(r jobResult) string {
	records := parts.Plural(int(r.PatchedFiles), "record", "")
	if len(r.Changes) == 0 {
		return "Nothing to mend: no old record misses an issue id or a PR URL that is known."
	}
	changes := parts.Plural(len(r.Changes), "change", "") + " in " + records
	if r.DryRun {
		return changes + ". Nothing is written yet. The records as fetched stay retrievable."
	}
	return changes + " applied."
}

func (w *Web) took(j telemetry.Job) string {
	end := j.Ended
	if end.IsZero() {
		end = telemetry.At(w.o.Now())
	}
	seconds := int(max(0, end.Sub(j.Started.Time)).Seconds())
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// tookWords is how long a job took: "under 1 s", "12 s", "1:20 min".
func tookWords(d time.Duration) string {
	switch seconds := int(d.Seconds()); {
	case seconds < 1:
		return "under 1 s"
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	default:
		return fmt.Sprintf("%d:%02d min", seconds/60, seconds%60)
	}
}

func secondsText(s float64) string {
	if s >= 60 {
		return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%.1f s", s)
}

// valueText is one side of a change in a few words.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "empty"
	case string:
		if v == "" {
			return "empty"
		}
		if ref := telemetry.ParsePull(v); ref.Number > 0 {
			return ref.Key()
		}
		return v
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = valueText(item)
		}
		if len(texts) == 0 {
			return "empty"
		}
		return strings.Join(texts, ", ")
	}
	return fmt.Sprint(v)
}

// daysText is a usual interval in its two largest words: "3 d", "7 h".
func daysText(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d d", int(d.Hours()/24))
	case d >= time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d min", int(d.Minutes()))
}

func without(texts []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(other string) bool { return other == text })
}
