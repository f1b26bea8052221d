package store

import (
	"context"
	"path/filepath"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// Condition is what a look at a database tells.
type Condition struct {
	Schema   int64
	Bytes    int64 // of the database, its free pages included
	ReadOnly bool  // it takes no writes: a replica of PostgreSQL
	Shared   bool  // several programs may share it
	Lease    telemetry.Lease
}

// Condition looks at the database.
func (s *Store) Condition(ctx context.Context) (c Condition, err error) {
	c.Shared = s.Shared()
	err = s.Read(ctx, func(tx *Tx) error {
		c.Schema = One[int64](tx, `SELECT COALESCE(MAX(version_id), 0) FROM `+versionTable)
		c.Lease = s.leaseIn(tx)
		if c.Shared {
			c.Bytes = One[int64](tx, `SELECT pg_database_size(current_database())`)
			c.ReadOnly = One[bool](tx, `SELECT pg_is_in_recovery()`)
			return tx.err
		}
		c.Bytes = One[int64](tx, `PRAGMA page_count`) * One[int64](tx, `PRAGMA page_size`)
		return tx.err
	})
	return c, err
}

// FolderOf returns the folder of the SQLite file that a URL names, false for PostgreSQL.
func FolderOf(address string) (folder string, lite bool) {
	s := &Store{}
	path, lite := strings.CutPrefix(address, "sqlite:")
	if !lite || s.name(path) != nil {
		return "", false
	}
	return filepath.Dir(s.path), true
}
