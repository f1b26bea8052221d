package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// keptJobs is how many of the latest jobs are kept.
const keptJobs = 500

// SaveJob keeps a job as this program's. With the end of one, all but the latest are forgotten.
func (s *Store) SaveJob(ctx context.Context, j telemetry.Job) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Touch(telemetry.TopicJobs)
		tx.Put("jobs", "id", append(jobFields(&j), Col("owner TEXT", s.program)))
		if !j.Running() {
			tx.Exec(`DELETE FROM jobs WHERE state <> $1 AND started < (
				SELECT started FROM jobs ORDER BY started DESC LIMIT 1 OFFSET $2)`, telemetry.JobRunning, keptJobs-1)
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
		Col("errors TEXT", ListOf(&j.Errors)), Fixed("started_by TEXT", &j.By),
	}
}

// SaveSource keeps when a source was last read. A failure leaves that time, and that of the first failure since.
func (s *Store) SaveSource(ctx context.Context, st telemetry.SourceStatus) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Exec(`INSERT INTO sources (name, ok_at, failed_at, retry_at, error, code) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (name) DO UPDATE SET ok_at = CASE WHEN excluded.ok_at = 0 THEN sources.ok_at ELSE excluded.ok_at END,
				failed_at = CASE WHEN excluded.failed_at = 0 OR sources.failed_at = 0 THEN excluded.failed_at ELSE sources.failed_at END,
				retry_at = excluded.retry_at, error = excluded.error, code = excluded.code`,
			st.Name, Millis(st.OKAt), Millis(st.FailedAt), Millis(st.RetryAt), st.Error, string(st.Code))
		return tx.Err()
	})
}

// Sources returns the status of all sources by name; SourceDatabase is one while nothing can be written.
func (s *Store) Sources(ctx context.Context) ([]telemetry.SourceStatus, error) {
	var out []telemetry.SourceStatus
	err := s.Read(ctx, func(tx *Tx) error {
		out = Rows(tx, `SELECT name, ok_at, failed_at, retry_at, error, code FROM sources ORDER BY name`, nil,
			func(v *telemetry.SourceStatus) []any {
				return []any{&v.Name, &v.OKAt, &v.FailedAt, &v.RetryAt, &v.Error, &v.Code}
			})
		attachHeld(tx, out)
		return tx.Err()
	})
	if own, is := s.status(); is && err == nil {
		out = append(out, own)
	}
	return out, err
}
