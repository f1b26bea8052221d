package store

import (
	"context"
	"strconv"
)

// vacuumPages is how many pages of 4 KB one step gives back: writers wait for
// it some milliseconds.
const vacuumPages = 512

// NotShrinking says why a SQLite file keeps its size, and how to change that.
const NotShrinking = "The database file keeps its size, since it was created without auto_vacuum; the freed space is used again. " +
	"To shrink it, stop the program and run: sqlite3 FILE 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM;'"

// Vacuum gives the pages that SQLite no longer uses back to the system, step by
// step, so that nobody waits for all of them. note is NotShrinking or "".
// PostgreSQL's autovacuum does it by itself.
func (s *Store) Vacuum(ctx context.Context) (note string, err error) {
	if s.dialect.name() != "sqlite" {
		return "", nil
	}
	const incremental = 2
	mode, err := Get(ctx, s, func(tx *Tx) int64 { return One[int64](tx, `PRAGMA auto_vacuum`) })
	if err != nil || mode != incremental {
		return NotShrinking, err
	}
	for left := int64(1); left > 0 && err == nil; {
		err = s.Write(ctx, func(tx *Tx) error {
			before := One[int64](tx, `PRAGMA freelist_count`)
			tx.Each(`PRAGMA incremental_vacuum(`+strconv.Itoa(vacuumPages)+`)`, nil, func(*Row) {}) // a page a row
			if left = One[int64](tx, `PRAGMA freelist_count`); left >= before {
				left = 0 // it cannot be helped now; the next prune tries again
			}
			return tx.err
		})
	}
	return "", err
}
