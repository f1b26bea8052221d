package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// Ready says why this program cannot answer from the database, nil where it can:
// the database answers, its schema is this program's, a program that is alive
// runs the jobs, and this one counts among the programs on the database.
func (s *Store) Ready(ctx context.Context) error {
	_, known, err := knownSchemas(s.dialect)
	if err != nil {
		return err
	}
	return s.Read(ctx, func(tx *Tx) error {
		have := One[int64](tx, `SELECT COALESCE(MAX(version_id), 0) FROM `+versionTable)
		own := tx.Has(`SELECT 1 FROM leases WHERE name = $1 AND NOT (`+s.gone()+`)`, "program "+s.program)
		held := tx.Has(`SELECT 1 FROM leases WHERE name = 'work' AND NOT (` + s.gone() + `)`)
		switch {
		case tx.err != nil:
			return tx.err
		case have != known:
			return telemetry.Errorf(telemetry.CodeUnavailable, "The database has schema version %d and this program has %d. "+
				"Run the same version of the program everywhere.", have, known)
		case !own:
			return telemetry.Errorf(telemetry.CodeUnavailable, "This program has not told the database for %d seconds that it is alive. "+
				"It tries again by itself; see the log for why it cannot write.", int(leaseTime.Seconds()))
		case !held:
			return telemetry.Errorf(telemetry.CodeUnavailable, "No program on this database runs the jobs. "+
				"One takes them over within %d seconds; if none does, see the logs.", int(leaseTime.Seconds()))
		}
		return nil
	})
}
