package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// lostAfter is how long a program on a shared PostgreSQL may be silent before
// its jobs are another's: three of the beats of services/ingest. The clocks of
// the programs' machines must not differ by more.
const lostAfter = 15 * time.Second

// Resume notes that this program runs, and returns the interrupted jobs
// that it has to resume, with their id, kind, starter and callers: those of programs
// that live no more, of each kind the newest, unless a job of its kind came
// after it. Each is given to one program. On SQLite, which no other program
// shares, only the first call can find any.
func (s *Store) Resume(ctx context.Context, kinds []string) ([]telemetry.Job, error) {
	if s.dialect.name() == "sqlite" && s.tookOver.Load() {
		return nil, nil
	}
	if _, is := s.status(); is {
		return nil, nil // nothing can be written; the next call finds them
	}
	var taken []telemetry.Job
	err := s.Write(ctx, func(tx *Tx) error {
		s.beat(tx)
		taken = Rows(tx, `UPDATE jobs SET owner = $1 WHERE state = $2 AND kind `+tx.In(3, "TEXT")+` AND owner NOT IN (SELECT id FROM programs)
				AND NOT EXISTS (SELECT 1 FROM jobs n WHERE n.kind = jobs.kind
					AND (n.started > jobs.started OR (n.started = jobs.started AND n.id > jobs.id))) RETURNING id, kind, started_by, joined`,
			[]any{s.program, telemetry.JobInterrupted, JSON(kinds)}, func(j *telemetry.Job) []any {
				return []any{&j.ID, &j.Kind, &j.By, &j.Joined}
			})
		return tx.Err()
	})
	if err == nil {
		s.tookOver.Store(true)
	}
	return taken, err
}

// beat notes that this program runs, and interrupts the jobs and submissions of those that do not any more.
func (s *Store) beat(tx *Tx) {
	tx.Exec(`INSERT INTO programs (id, seen_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
		s.program, Millis(tx.Now()))
	if s.dialect.name() == "sqlite" { // whoever was there has gone: the file is this program's
		tx.Exec(`DELETE FROM programs WHERE id <> $1`, s.program)
	} else { // one that was seen later than now had another clock, and does not live by this one
		tx.Exec(`DELETE FROM programs WHERE id <> $1 AND (seen_at <= $2 OR seen_at > $3)`,
			s.program, Millis(tx.Now().Add(-lostAfter)), Millis(tx.Now().Add(lostAfter)))
	}
	n := tx.Exec(`UPDATE jobs SET state = $1, ended = $2, error = $3 WHERE state = $4 AND owner NOT IN (SELECT id FROM programs)`,
		telemetry.JobInterrupted, Millis(tx.Now()), "The program ended before the job did. Its next run completes it.", telemetry.JobRunning)
	if n > 0 {
		tx.Touch(telemetry.TopicJobs)
	}
	n = tx.Exec(`UPDATE submissions SET state = $1 WHERE state = $2 AND owner NOT IN (SELECT id FROM programs)`,
		string(telemetry.SubmissionUnknown), string(telemetry.SubmissionBegun))
	if n > 0 {
		tx.Touch(telemetry.TopicJobs)
	}
}

// leave notes that this program has ended, so that another takes its jobs over at once.
func (s *Store) leave() {
	if !s.begun.Load() {
		return // it never came so far
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, _ = s.write.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, markPrefix+s.program) // what it was storing did not end it
	if s.dialect.name() == "postgres" {                                                      // the next start of SQLite's program knows
		_, _ = s.write.ExecContext(ctx, `DELETE FROM programs WHERE id = $1`, s.program) // else lostAfter tells
	}
}
