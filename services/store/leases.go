package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// leaseTime is how long a program on a shared PostgreSQL may be silent before
// another one takes over what it did: three of the renewals of services/ingest.
const leaseTime = 12 * time.Second

// lent is the end of a lease that is renewed now.
func (s *Store) lent() int64 { return leaseTime.Milliseconds() }

// gone is true of the leases of programs that are gone. Nobody shares a SQLite
// file, so that each of another program is of an earlier one.
func (s *Store) gone() string {
	if s.dialect.name() == "sqlite" {
		return "holder <> '" + s.program + "'"
	}
	return "until <= " + s.dialect.clock()
}

// Lead renews the leases of this program, and takes the one on the jobs where
// no program that is alive has it. Then what an earlier holder left is queued
// again, if it is of a kind that may be resumed. A SQLite file is this
// program's once it has the lease.
func (s *Store) Lead(ctx context.Context, resumed []string) (lease telemetry.Lease, err error) {
	if own := s.led.Load(); own != nil {
		return *own, nil
	}
	lite := s.dialect.name() == "sqlite"
	if !lite {
		var someGone bool
		if lease, someGone, err = s.renew(ctx); err != nil || !someGone {
			return lease, err
		}
	}
	err = s.Write(ctx, func(tx *Tx) error {
		s.settle(tx)
		if s.takeWork(tx) {
			requeue(tx, resumed)
		}
		lease = s.leaseIn(tx)
		return tx.Err()
	})
	if lite && err == nil {
		s.led.Store(&lease)
	}
	return lease, err
}

// renew renews the leases of this program without the lock of writers: a
// transaction that takes long must not cost its own program the lease.
// someGone is whether a lease has run out.
func (s *Store) renew(ctx context.Context) (lease telemetry.Lease, someGone bool, err error) {
	err = s.transact(ctx, func(tx *Tx) error {
		s.join(tx)
		tx.Exec(`UPDATE leases SET until = `+s.dialect.clock()+` + $1 WHERE name = 'work' AND holder = $2`, s.lent(), s.program)
		lease = s.leaseIn(tx)
		someGone = tx.Has(`SELECT 1 FROM leases WHERE ` + s.gone())
		return tx.Err()
	})
	return lease, someGone, err
}

// join notes that this program is alive.
func (s *Store) join(tx *Tx) {
	tx.Exec(`INSERT INTO leases (name, holder, fence, since, until) VALUES ($1, $2, 0, `+s.dialect.clock()+`, `+s.dialect.clock()+` + $3)
		ON CONFLICT (name) DO UPDATE SET until = excluded.until`, "program "+s.program, s.program, s.lent())
}

// settle forgets the programs that are gone. What they were sending is of an
// unknown outcome.
func (s *Store) settle(tx *Tx) {
	tx.Exec(`DELETE FROM leases WHERE name <> 'work' AND ` + s.gone())
	n := tx.Exec(`UPDATE submissions SET state = $1 WHERE state = $2 AND owner NOT IN (SELECT holder FROM leases WHERE name <> 'work')`,
		string(telemetry.SubmissionUnknown), string(telemetry.SubmissionBegun))
	if n > 0 {
		tx.Touch(telemetry.TopicJobs)
	}
	settleBatches(tx)
}

// takeWork takes the lease on the jobs where it is free.
func (s *Store) takeWork(tx *Tx) bool {
	return tx.Exec(`UPDATE leases SET holder = $1, fence = fence + 1, since = `+s.dialect.clock()+`, until = `+s.dialect.clock()+` + $2
		WHERE name = 'work' AND `+s.gone(), s.program, s.lent()) > 0
}

// requeue queues the jobs that an earlier holder left, and ends those that
// were to be canceled or must not run again by themselves.
func requeue(tx *Tx, resumed []string) {
	n := tx.Exec(`UPDATE jobs SET state = $1, ended = $2, error = $3, code = $4 WHERE state = $5 AND cancel = 1`, telemetry.JobCancelled,
		Millis(tx.Now()), telemetry.JobCancelledText, string(telemetry.CodeConflict), telemetry.JobRunning)
	n += tx.Exec(`UPDATE jobs SET state = $1, ended = 0, error = '', code = '' WHERE state IN ($2, $3) AND kind `+tx.In(4, "TEXT"),
		telemetry.JobQueued, telemetry.JobRunning, telemetry.JobInterrupted, JSON(resumed))
	n += tx.Exec(`UPDATE jobs SET state = $1, ended = $2, error = $3, code = $4 WHERE state = $5`,
		telemetry.JobInterrupted, Millis(tx.Now()), telemetry.JobInterruptedText,
		string(telemetry.CodeStopping), telemetry.JobRunning)
	if n > 0 {
		tx.Touch(telemetry.TopicJobs)
	}
}

// leaseIn reads who runs the jobs.
func (s *Store) leaseIn(tx *Tx) (lease telemetry.Lease) {
	var holder string
	tx.Row(`SELECT holder, fence, since, CASE WHEN until > `+s.dialect.clock()+` THEN 1 ELSE 0 END FROM leases WHERE name = 'work'`).
		Scan(&holder, &lease.Fence, &lease.Since, &lease.Held)
	lease.Own = holder == s.program
	lease.Held = lease.Held || lease.Own
	lease.Others = One[int64](tx, `SELECT COUNT(*) FROM leases WHERE name <> 'work' AND holder <> $1
		AND until > `+s.dialect.clock(), s.program)
	return lease
}

// Lease returns who runs the jobs.
func (s *Store) Lease(ctx context.Context) (telemetry.Lease, error) {
	return Get(ctx, s, s.leaseIn)
}

type fenceKey struct{}

// Under returns ctx for the work of the program that has a lease: a write with
// it, or with a context of it, fails with telemetry.ErrLeaseLost and stores
// nothing once another program has taken the lease.
func (s *Store) Under(ctx context.Context, lease telemetry.Lease) context.Context {
	return context.WithValue(ctx, fenceKey{}, lease.Fence)
}

// checkFence ends a transaction whose program has lost the lease. It comes after
// the lock of writers, which who takes the lease needs, too.
func (tx *Tx) checkFence() {
	fence, fenced := tx.ctx.Value(fenceKey{}).(int64)
	if fenced && One[int64](tx, `SELECT fence FROM leases WHERE name = 'work'`) != fence && tx.err == nil {
		tx.err = telemetry.LeaseLost()
	}
}

// leave gives the leases of this program back.
func (s *Store) leave() {
	if !s.begun.Load() {
		return // it never came so far
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, _ = s.write.ExecContext(ctx, `DELETE FROM meta WHERE key = $1`, markPrefix+s.program) // what it was storing did not end it
	if s.dialect.name() == "postgres" {                                                      // the next start on a SQLite file knows
		// Else leaseTime tells.
		_, _ = s.write.ExecContext(ctx, `UPDATE leases SET holder = '', until = 0 WHERE name = 'work' AND holder = $1`, s.program)
		_, _ = s.write.ExecContext(ctx, `DELETE FROM leases WHERE holder = $1`, s.program)
	}
}
