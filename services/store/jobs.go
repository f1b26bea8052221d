package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// keptJobs is how many of the latest jobs are kept.
const keptJobs = 500

// SaveJob keeps a job as it stands, as this program's. With the end of one, those before the
// latest some hundred are forgotten.
func (s *Store) SaveJob(ctx context.Context, j telemetry.Job) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.Touch(telemetry.TopicJobs)
		tx.Exec(`INSERT INTO jobs (id, kind, state, steps, joined, started, ended, result, error, code, errors, owner, started_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, steps = excluded.steps, joined = excluded.joined, started = excluded.started,
				ended = excluded.ended, result = excluded.result, error = excluded.error, code = excluded.code,
				errors = excluded.errors, owner = excluded.owner`,
			j.ID, j.Kind, j.State, JSON(j.Steps), j.Joined, Millis(j.Started), Millis(j.Ended), string(j.Result),
			string(j.Error), string(j.Code), JSON(j.Errors), s.program, string(j.By))
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
		job, found = telemetry.Job{}, false
		tx.Each(`SELECT `+jobColumns+` FROM jobs WHERE id = $1`, []any{id}, func(r *Row) {
			scanJob(r, &job)
			found = true
		})
		return tx.Err()
	})
	return job, found, err
}

const jobColumns = `id, kind, state, steps, joined, started, ended, result, error, code, errors, started_by`

func scanJob(r *Row, j *telemetry.Job) {
	r.Scan(&j.ID, &j.Kind, &j.State, ListOf(&j.Steps), &j.Joined, &j.Started, &j.Ended, BytesOf(&j.Result),
		&j.Error, &j.Code, ListOf(&j.Errors), &j.By)
}

// SaveSource keeps when a source was last read, or what went wrong: a
// failure leaves the time of the last good reading, and that of the first
// failure since.
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

// Sources returns the status of every source that was ever read, by name.
// While nothing can be written, SourceDatabase is among them.
func (s *Store) Sources(ctx context.Context) ([]telemetry.SourceStatus, error) {
	var out []telemetry.SourceStatus
	err := s.Read(ctx, func(tx *Tx) error {
		out = []telemetry.SourceStatus{}
		tx.Each(`SELECT name, ok_at, failed_at, retry_at, error, code FROM sources ORDER BY name`, nil, func(r *Row) {
			var v telemetry.SourceStatus
			var ok, failed, retry int64
			r.Scan(&v.Name, &ok, &failed, &retry, &v.Error, &v.Code)
			v.OKAt, v.FailedAt, v.RetryAt = Time(ok), Time(failed), Time(retry)
			out = append(out, v)
		})
		attachHeld(tx, out)
		attachMissing(tx, out)
		return tx.Err()
	})
	if own, is := s.status(); is && err == nil {
		out = append(out, own)
	}
	return out, err
}

// attachMissing adds to the source of sessions how many of them Devin does
// not know.
func attachMissing(tx *Tx, sources []telemetry.SourceStatus) {
	for i := range sources {
		if sources[i].Name == "sessions" {
			tx.Row(`SELECT COUNT(*) FROM polls p JOIN sessions s ON s.key = p.session WHERE p.missing_since > 0`).Scan(&sources[i].Missing)
		}
	}
}
