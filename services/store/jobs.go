package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// keptJobs is how many of the latest jobs are kept.
const keptJobs = 500

// SaveJob keeps a job. With the end of one, all but the latest are forgotten.
func (s *Store) SaveJob(ctx context.Context, j telemetry.Job) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Touch(telemetry.TopicJobs)
		tx.Put("jobs", "id", jobFields(&j))
		if !j.Running() {
			tx.Exec(`DELETE FROM jobs WHERE state NOT IN ($1, $2) AND started < (
				SELECT started FROM jobs ORDER BY started DESC LIMIT 1 OFFSET $3)`, telemetry.JobQueued, telemetry.JobRunning, keptJobs-1)
		}
		return tx.Err()
	})
}

// QueueJob queues a job for the program that runs the jobs, and returns it. One
// that is queued for the same joins it; one of its id that is there is it.
func (s *Store) QueueJob(ctx context.Context, j telemetry.Job) (queued telemetry.Job, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		queued = telemetry.Job{}
		fields := jobFields(&queued)
		if tx.Row(`SELECT `+Names(fields)+` FROM jobs WHERE id = $1`, j.ID).Scan(Pointers(fields)...).Found {
			return tx.Err()
		}
		tx.Touch(telemetry.TopicJobs)
		tx.Exec(`UPDATE jobs SET joined = joined + 1 WHERE state = $1 AND kind = $2 AND wants = $3`, telemetry.JobQueued, j.Kind, JSON(j.Order))
		if tx.Row(`SELECT `+Names(fields)+` FROM jobs WHERE state = $1 AND kind = $2 AND wants = $3`, telemetry.JobQueued, j.Kind, JSON(j.Order)).
			Scan(Pointers(fields)...).Found {
			return tx.Err()
		}
		queued = j
		queued.State = telemetry.JobQueued
		tx.Put("jobs", "id", jobFields(&queued))
		return tx.Err()
	})
	return queued, err
}

// TakeJobs makes the queued jobs running ones and returns them, in the order in
// which they were asked for, and the ids of those whose end a person asked for.
// After an error it is not known whether the jobs of the ids unsure were taken,
// which the next call is to be given.
func (s *Store) TakeJobs(ctx context.Context, before []string) (taken []telemetry.Job, cancel, unsure []string, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		unsure = append(All[string](tx, `SELECT id FROM jobs WHERE state = $1`, telemetry.JobQueued), before...)
		cancel = All[string](tx, `SELECT id FROM jobs WHERE state = $1 AND cancel = 1`, telemetry.JobRunning)
		return tx.Err()
	})
	if err != nil {
		return nil, nil, before, err
	}
	if len(unsure) == 0 {
		return nil, cancel, nil, nil
	}
	err = s.Write(ctx, func(tx *Tx) error {
		tx.Touch(telemetry.TopicJobs)
		taken = Rows(tx, `UPDATE jobs SET state = $1 WHERE state = $2 OR (state = $1 AND id `+tx.In(3, "TEXT")+`)
			RETURNING `+Names(jobFields(&telemetry.Job{})), []any{telemetry.JobRunning, telemetry.JobQueued, JSON(before)},
			func(j *telemetry.Job) []any { return Pointers(jobFields(j)) })
		return tx.Err()
	})
	if err != nil {
		return nil, cancel, unsure, err
	}
	slices.SortFunc(taken, func(a, b telemetry.Job) int {
		return cmp.Or(a.Started.Compare(b.Started.Time), cmp.Compare(a.ID, b.ID))
	})
	return taken, cancel, nil, nil
}

// CancelJob ends a queued job, and asks for the end of a running one.
func (s *Store) CancelJob(ctx context.Context, id string) error {
	return s.Write(ctx, func(tx *Tx) error {
		n := tx.Exec(`UPDATE jobs SET state = $1, ended = $2, error = $3, code = $4 WHERE id = $5 AND state = $6`,
			telemetry.JobCancelled, Millis(tx.Now()), telemetry.JobCancelledText, string(telemetry.CodeConflict), id, telemetry.JobQueued)
		n += tx.Exec(`UPDATE jobs SET cancel = 1 WHERE id = $1 AND state = $2`, id, telemetry.JobRunning)
		if n > 0 {
			tx.Touch(telemetry.TopicJobs)
		}
		return tx.Err()
	})
}

// Job returns one job; found is false if there is none of the id.
func (s *Store) Job(ctx context.Context, id string) (job telemetry.Job, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		job = telemetry.Job{}
		fields := jobFields(&job)
		found = tx.Row(`SELECT `+Names(fields)+` FROM jobs WHERE id = $1`, id).Scan(Pointers(fields)...).Found
		return tx.Err()
	})
	return job, found, err
}

func jobFields(j *telemetry.Job) []Field {
	return []Field{
		Col("id TEXT", &j.ID), Fixed("kind TEXT", &j.Kind), Col("state TEXT", &j.State), Col("steps TEXT", ListOf(&j.Steps)),
		Col("joined BIGINT", &j.Joined), Col("started BIGINT", &j.Started), Col("ended BIGINT", &j.Ended),
		Col("result TEXT", BytesOf(&j.Result)), Col("error TEXT", &j.Error), Col("code TEXT", &j.Code),
		Col("errors TEXT", ListOf(&j.Errors)), Fixed("started_by TEXT", &j.By), Col("retry BIGINT", &j.Retry),
		Fixed("wants TEXT", orderOf(&j.Order)),
	}
}

func orderOf(into *telemetry.JobOrder) any {
	return Column{func(v any) error {
		*into = telemetry.JobOrder{}
		return decoded(v, into)
	}, func() any { return *into }}
}

// KeepRunsSources forgets how sources of run files were read that are not among the
// named ones: they are not read any more.
func (s *Store) KeepRunsSources(ctx context.Context, sources []string) error {
	keys := make([]string, 0, len(sources))
	for _, source := range sources {
		of := telemetry.RunsSource(source)
		keys = append(keys, of.Key())
	}
	others := func(tx *Tx) string { return ` FROM sources WHERE name LIKE 'runs%' AND name NOT ` + tx.In(1, "TEXT") }
	found, err := Get(ctx, s, func(tx *Tx) bool { return tx.Has(`SELECT 1`+others(tx)+` LIMIT 1`, JSON(keys)) })
	if err != nil || !found {
		return err
	}
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`DELETE`+others(tx), JSON(keys))
		return tx.Err()
	})
}

// SaveSource keeps when a source was last read. A failure leaves that time, and that of the first failure since.
func (s *Store) SaveSource(ctx context.Context, st telemetry.SourceStatus) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`INSERT INTO sources (name, ok_at, failed_at, retry_at, error, code) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (name) DO UPDATE SET ok_at = CASE WHEN excluded.ok_at = 0 THEN sources.ok_at ELSE excluded.ok_at END,
				failed_at = CASE WHEN excluded.failed_at = 0 OR sources.failed_at = 0 THEN excluded.failed_at ELSE sources.failed_at END,
				retry_at = excluded.retry_at, error = excluded.error, code = excluded.code`,
			st.Key(), Millis(st.OKAt), Millis(st.FailedAt), Millis(st.RetryAt), st.Error, string(st.Code))
		return tx.Err()
	})
}

// Sources returns the status of all sources by name; telemetry.SourceDatabase is one while nothing can be written.
func (s *Store) Sources(ctx context.Context) ([]telemetry.SourceStatus, error) {
	var out []telemetry.SourceStatus
	err := s.Read(ctx, func(tx *Tx) error {
		out = Rows(tx, `SELECT name, ok_at, failed_at, retry_at, error, code FROM sources ORDER BY name`, nil,
			func(v *telemetry.SourceStatus) []any {
				return []any{&v.Name, &v.OKAt, &v.FailedAt, &v.RetryAt, &v.Error, &v.Code}
			})
		for i := range out { // the rows have their keys
			name, repo, _ := strings.Cut(out[i].Name, " ")
			out[i].Name, out[i].Repo = name, telemetry.RepoName(repo)
		}
		attachHeld(tx, out)
		return tx.Err()
	})
	if own, is := s.status(); is && err == nil {
		out = append(out, own)
	}
	return out, err
}
