package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"telemetry-dashboard/services/telemetry"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// tablesOf finds the tables where this program's would be created, without those of the database itself and its extensions.
func tablesOf(d dialect) string {
	if d.name() == "sqlite" {
		return `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`
	}
	return `SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'f')
			AND NOT EXISTS (SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')
		ORDER BY c.relname`
}

// migrate brings the schema up to date. It changes nothing in a database that it refuses.
func (s *Store) migrate(ctx context.Context) error {
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.dialect.name() == "postgres" {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresTableLocker(lock.WithTableLockTimeout(200*time.Millisecond, 600))
		if err != nil {
			return fmt.Errorf("prepare the migration lock: %w", err)
		}
		options = append(options, goose.WithLocker(locker))
	}
	refused, err := s.refusal(ctx)
	if err != nil {
		return fmt.Errorf("read the database's version: %w", err)
	}
	if refused != nil {
		return refused
	}
	dir, err := fs.Sub(migrations, "migrations/"+s.dialect.name())
	if err != nil {
		return fmt.Errorf("open the migrations: %w", err)
	}
	provider, err := goose.NewProvider(dialect, s.write, dir, options...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if pending, err := provider.HasPending(ctx); err == nil && !pending {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// knownSchemas are the first and the newest schema version of this program.
func knownSchemas(d dialect) (first, newest int64, err error) {
	names, err := fs.Glob(migrations, "migrations/"+d.name()+"/*.sql")
	if err != nil {
		return 0, 0, fmt.Errorf("list the migrations: %w", err)
	}
	first, err = goose.NumericComponent(names[0])
	if err == nil {
		newest, err = goose.NumericComponent(names[len(names)-1])
	}
	return first, newest, err
}

const versionTable = "goose_db_version"

// refusal is why the database is refused, nil where it is not.
func (s *Store) refusal(ctx context.Context) (refused *telemetry.Error, err error) {
	first, newest, err := knownSchemas(s.dialect)
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	err = s.Read(ctx, func(tx *Tx) error {
		refused = refusal(tx, first, newest)
		return tx.err
	})
	return refused, err
}

// refusal is why a database is not for this program: another program's, or
// of a schema version that this one does not know. It only reads.
func refusal(tx *Tx, first, known int64) *telemetry.Error {
	tables := All[string](tx, tablesOf(tx.dialect))
	if len(tables) == 0 { // or they cannot be read
		return nil
	}
	if !slices.ContainsFunc(tables, func(name string) bool { return name != versionTable && name != lock.DefaultLockTableName }) {
		return nil // a first start was cut short, or is under way
	}
	if slices.Contains(tables, manifestTable) {
		return telemetry.Errorf(telemetry.CodeUnavailable, "The file in DATABASE_URL is a backup, and not a database to run on. "+
			"Name another file in DATABASE_URL, and restore the backup into it: app restore FILE.")
	}
	for _, ours := range []string{versionTable, "meta", "versions"} {
		if !slices.Contains(tables, ours) {
			return telemetry.Errorf(telemetry.CodeUnavailable, "The database in DATABASE_URL belongs to another program: "+
				"it has tables that this program did not create, for example %s. Nothing in it was changed. Use another database.",
				telemetry.Shown(tables[0]))
		}
	}
	switch have := One[int64](tx, `SELECT COALESCE(MAX(version_id), 0) FROM `+versionTable); {
	case have > known:
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"The database has schema version %d, which is newer than this program's %d. "+
				"Run the newer program, or use another database in DATABASE_URL.", have, known)
	case have > 0 && have < first:
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"The database was created by a build from before the first release (schema version %d), which cannot be upgraded. "+
				"Keep it as a backup and use a new database in DATABASE_URL: run files, sessions and pull requests are read again; "+
				"saved views and accepted scans must be created again.", have)
	}
	return nil
}
