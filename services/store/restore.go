package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"telemetry-dashboard/services/telemetry"
)

// Restore puts what a backup has in the place of what is stored, in one
// transaction: all of it or nothing. It refuses a database that has data unless
// replace is set, and one on which other programs run; a SQLite file must have
// been opened Alone. Close the Store after it: the database has another id,
// so that no answer or page from before counts as current.
func (s *Store) Restore(ctx context.Context, path string, replace bool) (Manifest, error) {
	from, err := openBackupFile(ctx, path)
	if err != nil {
		return Manifest{}, err
	}
	defer from.close()
	if err := from.verify(ctx); err != nil {
		return Manifest{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, backupLimit)
	defer cancel()
	conn, err := s.write.Conn(ctx) // CopyFrom needs the connection of the transaction
	if err != nil {
		return Manifest{}, s.describe(ended(ctx, err))
	}
	defer conn.Close()
	err = s.writeOnce(ctx, conn, func(tx *Tx) error {
		tx.Exec(s.dialect.lockWriters())
		if refused := s.unrestorable(tx, from.tables, replace); refused != nil {
			return refused
		}
		if err := s.copyBack(tx, conn, from); err != nil {
			return err
		}
		tx.Exec(`DELETE FROM sign_ins`) // those of the replaced database
		tx.Exec(`DELETE FROM sign_in_states`)
		tx.Exec(`UPDATE meta SET value = $1 WHERE key = 'database_id'`, telemetry.NewID())
		stopRestoredSends(tx)
		tx.Exec(`UPDATE notifications SET state = $1, ended = $2, error = $3 WHERE state IN ($4, $5)`, string(telemetry.NotificationGivenUp),
			Millis(tx.Now()), restoredNotification, string(telemetry.NotificationWaiting), string(telemetry.NotificationFailed))
		for _, topic := range telemetry.Topics() {
			tx.Touch(topic)
		}
		return tx.err
	})
	if err != nil {
		return Manifest{}, unrestored(s.describe(err))
	}
	if s.dialect.name() == "postgres" {
		_, _ = s.write.ExecContext(ctx, `ANALYZE`) // else its planner learns of the rows some minutes later
	}
	return from.manifest, nil
}

// copyBack copies each table of a backup to where its rows were.
func (s *Store) copyBack(tx *Tx, conn *sql.Conn, from *backupFile) error {
	put := func(r *rowReader) error { return insertAll(tx.ctx, tx.tx, r) }
	indexes := []string{}
	if s.dialect.name() == "sqlite" {
		indexes = dropIndexes(tx)
	} else {
		put = func(r *rowReader) error {
			return conn.Raw(func(driver any) error { return copyInto(tx.ctx, driver, r) })
		}
	}
	for i, t := range from.tables {
		tx.Exec(`DELETE FROM ` + t.name + t.where())
		if tx.err != nil {
			return tx.err
		}
		if err := from.rows(tx.ctx, i, put); err != nil {
			return fmt.Errorf("restore table %s: %w", t.name, ended(tx.ctx, err))
		}
	}
	for _, create := range indexes {
		tx.Exec(create)
	}
	return tx.err
}

// RestoreStops is who the switch of automatic sending names after a restore.
const RestoreStops = "app restore"

// restoredNotification is why a message that waited in a backup is not sent.
const restoredNotification = "It waited when the backup was taken that was restored, and may have been sent since. " +
	"Send it again if it was not."

// stopRestoredSends keeps campaigns from sending again what they sent after the
// backup, which the database does not know.
func stopRestoredSends(tx *Tx) {
	if sendSwitch(tx).Stopped || !tx.Has(`SELECT 1 FROM campaigns WHERE closed_at = 0 AND auto_per_day > 0 AND auto_stopped = '' LIMIT 1`) {
		return
	}
	tx.SetMeta(switchKey, JSON(map[string]any{"by": RestoreStops, "at": Millis(tx.Now())}))
}

// unrestorable says why nothing may be restored into the database.
func (s *Store) unrestorable(tx *Tx, tables []backedUp, replace bool) error {
	if n := s.leaseIn(tx).Others; n > 0 && s.dialect.name() == "postgres" {
		return telemetry.Errorf(telemetry.CodeConflict, "Other programs (%d) use the database in DATABASE_URL. Stop the dashboard everywhere; "+
			"one that was killed counts for %d seconds more. Nothing was changed.", n, int(leaseTime.Seconds()))
	}
	for _, t := range tables {
		if t.name == "meta" || t.name == "due_days" { // a start writes them
			continue
		}
		if !replace && tx.Has(`SELECT 1 FROM `+t.name+` LIMIT 1`) {
			return telemetry.Errorf(telemetry.CodeConflict, "The database in DATABASE_URL has data (table %s). Use an empty one, "+
				"or take a backup of it and have it replaced with --replace. Nothing was changed.", t.name)
		}
	}
	return tx.err
}

// dropIndexes drops SQLite's indexes and returns what makes them again: rows
// are inserted several times as fast without.
func dropIndexes(tx *Tx) (create []string) {
	const ours = ` FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`
	create = All[string](tx, `SELECT sql`+ours)
	for _, name := range All[string](tx, `SELECT name`+ours) {
		tx.Exec(`DROP INDEX ` + name)
	}
	return create
}

// copyInto copies rows into PostgreSQL through a connection of the driver.
func copyInto(ctx context.Context, driver any, from *rowReader) error {
	conn, ok := driver.(*stdlib.Conn)
	if !ok {
		return errors.New("the connection is not PostgreSQL's")
	}
	_, err := conn.Conn().CopyFrom(ctx, pgx.Identifier{from.of.name}, from.of.columns, from)
	return err
}

// unrestored gives an error that has none a sentence.
func unrestored(err error) error {
	if _, ok := errors.AsType[*telemetry.Error](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	return telemetry.Errorf(telemetry.CodeInternal, "The backup could not be restored: %s. Nothing was changed.",
		telemetry.Shown(err.Error())).Because(err)
}
