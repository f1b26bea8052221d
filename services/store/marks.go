package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

const markPrefix = "storing "

// lostMarks is true of a mark whose program has ended.
const lostMarks = `key LIKE 'storing %' AND SUBSTR(key, 9) NOT IN (SELECT holder FROM leases WHERE name <> 'work')`

// WriteMarked is Write with a mark of what is written, which LostMarks
// returns if the program ends meanwhile: it is noted before, in a
// transaction of its own, and gone with the write. A panic in do is an error.
func (s *Store) WriteMarked(ctx context.Context, mark string, do func(*Tx) error) error {
	s.marking.Lock() // a program has one mark
	defer s.marking.Unlock()
	err := s.Write(ctx, func(tx *Tx) error {
		tx.SetMeta(markPrefix+s.program, mark)
		return tx.err
	})
	if err != nil {
		return err
	}
	err = telemetry.Guard("store records", func() error {
		return s.Write(ctx, func(tx *Tx) error {
			if err := do(tx); err != nil {
				return err
			}
			return s.unmark(tx)
		})
	})
	if err != nil { // the program continues, so the mark says nothing, also where it has lost the lease
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Write(ctx, s.unmark) // else Close does, or the next mark takes its place
	}
	return err
}

func (s *Store) unmark(tx *Tx) error {
	tx.Exec(`DELETE FROM meta WHERE key = $1`, markPrefix+s.program)
	return tx.err
}

// HasLostMarks reports whether programs ended while they wrote.
func (tx *Tx) HasLostMarks() bool {
	return tx.Has(`SELECT 1 FROM meta WHERE ` + lostMarks + ` LIMIT 1`)
}

// LostMarks removes and returns the marks of programs that ended while they wrote.
func (tx *Tx) LostMarks() []string {
	return All[string](tx, `DELETE FROM meta WHERE `+lostMarks+` RETURNING value`)
}

// Meta returns a text that is kept under a key, "" for none.
func (tx *Tx) Meta(key string) string {
	return One[string](tx, `SELECT value FROM meta WHERE key = $1`, key)
}

// SetMeta keeps a text under a key; "" removes it.
func (tx *Tx) SetMeta(key, value string) {
	if value == "" {
		tx.Exec(`DELETE FROM meta WHERE key = $1`, key)
		return
	}
	tx.Exec(`INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
}
