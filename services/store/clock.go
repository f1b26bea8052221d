package store

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// clock has time change what is stored: when an acceptance ends, its issues are
// open again without anybody writing, and issues become overdue.
type clock struct {
	due  atomic.Int64 // when that is next to be done, in unix milliseconds; 0 is not known
	seen atomic.Int64 // how often it was forgotten
	busy sync.Mutex
	turn atomic.Pointer[func(ctx context.Context) error]
}

// forget is for after a change of decisions or records.
func (c *clock) forget() {
	c.seen.Add(1)
	c.due.Store(0)
}

const (
	turnLimit = 5 * time.Second // how long a question waits for what time changes
	turnAgain = time.Second     // how soon it is tried again where it failed
)

// ClocksDiffer is how far the clocks of programs that share a database may be
// apart without one taking back what another did by its own.
const ClocksDiffer = time.Hour

// OnTime has do bring up to date what time changes: rows of issues whose
// change_at or due_at has come. It is done before anything is read after that, by
// whatever program reads first.
func (s *Store) OnTime(do func(ctx context.Context) error) { s.clock.turn.Store(&do) }

// catchUp has time change what it is to change by now. Where that fails, what
// is stored is answered: a database that can only be read is served.
func (s *Store) catchUp(ctx context.Context) {
	c := &s.clock
	turn := c.turn.Load()
	if turn == nil {
		return
	}
	now := s.now().UnixMilli()
	due := c.due.Load()
	if due > now || !c.busy.TryLock() {
		return
	}
	defer c.busy.Unlock()
	ctx, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	if due == 0 && s.nextChange(ctx, now) > now {
		return
	}
	if (*turn)(ctx) != nil {
		c.due.Store(now + turnAgain.Milliseconds())
		return
	}
	s.nextChange(ctx, now)
}

// nextChange reads and keeps when time next changes something.
func (s *Store) nextChange(ctx context.Context, now int64) int64 {
	c := &s.clock
	seen := c.seen.Load()
	due := now + turnAgain.Milliseconds()
	err := s.readOnce(ctx, func(tx *Tx) error {
		due = One[int64](tx, `SELECT COALESCE(MIN(x.at), $1) FROM (SELECT MIN(change_at) AS at FROM issues WHERE change_at <> 0
			UNION ALL SELECT MIN(due_at) + 1 AS at FROM issues WHERE overdue = 0 AND paused_at = 0 AND state_rank < 4 AND due_at <> 0
			UNION ALL SELECT CASE WHEN MAX(due_at) > $2 THEN 0 END AS at FROM issues WHERE overdue = 1) x`,
			Never, now+ClocksDiffer.Milliseconds())
		return tx.err
	})
	if err != nil {
		due = now + turnAgain.Milliseconds()
	}
	if c.due.Store(due); c.seen.Load() != seen {
		c.due.Store(0)
	}
	return due
}
