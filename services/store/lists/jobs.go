package lists

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Jobs are the latest runs of refresh, poll and the like, newest first.
func Jobs(s *store.Store) *List[telemetry.Job] {
	type row = telemetry.Job
	return bind(s, List[row]{
		Name: "jobs", Noun: "jobs",
		From: "jobs j", Key: "j.id", Default: "started",
		Free: func(_ moment, text string) Cond { return contains("j.kind", text) },
		Fields: []Field[row]{
			{Name: "id", Help: "id of the job", Column: "j.id", Into: func(j *row) any { return &j.ID }, CSV: "id",
				Asked: text(func(text string) Cond { return that("j.id = ?", text) })},
			{Name: "kind", Help: "refresh, poll, poll-prs, run-logs, backfill, rebuild or prune", Column: "j.kind",
				Into: func(j *row) any { return &j.Kind }, CSV: "kind", Asked: same("j.kind")},
			{Name: "is", Aliases: []string{"state"}, Help: "state of the job", Column: "j.state",
				Into: func(j *row) any { return &j.State }, CSV: "state",
				Asked: isOne("j.state", telemetry.JobQueued, telemetry.JobRunning, telemetry.JobDone, telemetry.JobFailed,
					telemetry.JobInterrupted, telemetry.JobCancelled)},
			{Name: "started", Help: "when it started", Column: "j.started", Into: func(j *row) any { return &j.Started },
				CSV: "started", Asked: date("j.started").offers("<1d", "<7d"), Sort: down("j.started | j.id")},
			{Name: "ended", Column: "j.ended", Into: func(j *row) any { return &j.Ended }, CSV: "ended"},
			{Name: "started_by", Column: "j.started_by", Into: func(j *row) any { return &j.By }, CSV: "started_by"},
			{Name: "error", Column: "j.error", Into: func(j *row) any { return &j.Error }, CSV: "error"},
			{Name: "code", Column: "j.code", Into: func(j *row) any { return &j.Code }},
			{Name: "joined", Column: "j.joined", Into: func(j *row) any { return &j.Joined }, CSV: "joined"},
			{Name: "steps", Column: "j.steps", Into: func(j *row) any { return store.ListOf(&j.Steps) }},
			{Name: "errors", Column: "j.errors", Into: func(j *row) any { return store.ListOf(&j.Errors) }},
			{Name: "result", Column: "j.result", Into: func(j *row) any { return store.BytesOf(&j.Result) }},
		},
	})
}
