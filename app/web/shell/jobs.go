package shell

import (
	"context"
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

// OwnJob is a job of this browser's.
type OwnJob struct {
	id      string
	started bool // by this browser, which else joined it
}

// OwnJobs are the jobs that the browser's cookie names, the latest first.
func OwnJobs(c *fiber.Ctx) []OwnJob {
	var jobs []OwnJob
	for text := range strings.SplitSeq(c.Cookies(jobsCookie), ".") {
		id, started := strings.CutSuffix(text, jobsOwn)
		if IsID(id) && len(jobs) < jobsMost {
			jobs = append(jobs, OwnJob{id, started})
		}
	}
	return jobs
}

// WithoutJob are the jobs without the one of an id.
func WithoutJob(jobs []OwnJob, id string) []OwnJob {
	return slices.DeleteFunc(slices.Clone(jobs), func(j OwnJob) bool { return j.id == id })
}

// WithJob puts a job that was asked for first: it is this browser's where none
// had joined it, unless it is known already.
func WithJob(jobs []OwnJob, j telemetry.Job) []OwnJob {
	own := OwnJob{j.ID, j.By == telemetry.ByPage && j.Joined == 0}
	for _, other := range jobs {
		own.started = own.started || other.id == j.ID && other.started
	}
	return append([]OwnJob{own}, WithoutJob(jobs, j.ID)...)
}

// IsID reports whether text can be the id of a job or the token of a form.
func IsID(id string) bool {
	return id != "" && len(id) <= 64 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz-") == ""
}

// SetJobs makes the browser remember its jobs.
func SetJobs(c *fiber.Ctx, jobs []OwnJob) {
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

// JobCards is the jobs of the browser that asks, in the header of every page.
func (w *Shell) JobCards() Panel {
	return Panel{Name: "jobs", Page: links.Overview, Draw: w.drawJobs}
}

// drawJobs shows the jobs of the view. It asks again only while it shows
// one that runs.
func (w *Shell) drawJobs(ctx context.Context, v View) (templ.Component, error) {
	l := panels.JobList{Frame: v.Brief()}
	shown := map[string]bool{} // the kinds that have a card: how an older one ended is no news
	for _, own := range v.Jobs {
		job, running := w.Jobs.Running(own.id)
		if !running {
			var err error
			job, err = w.Dashboard.JobByID(ctx, own.id)
			if telemetry.CodeOf(err) == telemetry.CodeNotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		switch {
		case !ingest.Ended(job): // another program may continue it
			l.Topics, l.Every = telemetry.TopicJobs, "2s"
		case shown[job.Kind]:
			continue
		}
		shown[job.Kind] = true
		card := w.jobCard(job)
		card.Who = startedText(job, own.started)
		l.Cards = append(l.Cards, card)
	}
	return panels.Jobs(l), nil
}

const changesMost = 100

func (w *Shell) jobCard(j telemetry.Job) panels.JobCard {
	result := resultOf(j)
	card := panels.JobCard{Job: j, Title: JobTitle(j), Took: w.took(j), Summary: string(j.Error)}
	for _, s := range j.Steps {
		row := panels.StepRow{JobStep: s, Took: secondsText(s.Seconds)}
		switch {
		case s.Total > 0:
			row.Count = parts.Number(s.Done) + "/" + parts.Number(s.Total)
		case s.Done > 0:
			row.Count = parts.Number(s.Done)
		}
		card.Steps = append(card.Steps, row)
	}
	if j.State == telemetry.JobDone {
		card.Summary = JobSummary(j)
	}
	card.Errors = Without(card.Errors, card.Summary) // what ended the job is said once
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
				Old:    ValueText(c.Old),
				New:    ValueText(c.New),
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
	if j.Kind == ingest.JobBackfill && j.State == telemetry.JobDone && !result.DryRun && !result.Undo && result.PatchedFiles > 0 {
		card.Undo = parts.Action{
			Text:   "Undo",
			URL:    links.ActionBackfill,
			Hidden: []parts.Field{{Name: "undo", Value: "true"}, {Name: "replaces", Value: j.ID}},
		}
	}
	card.Brief = j.State == telemetry.JobDone && len(j.Errors) == 0 && card.Confirm.URL == "" && card.Undo.URL == ""
	return card
}

func (w *Shell) took(j telemetry.Job) string {
	end := j.Ended
	if end.IsZero() {
		end = telemetry.At(w.Now())
	}
	seconds := int(max(0, end.Sub(j.Started.Time)).Seconds())
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
