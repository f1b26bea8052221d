package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"telemetry-dashboard/services/telemetry"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate brings the schema up to date, and refuses a database of a version that this program does not know.
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
	dir, err := fs.Sub(migrations, "migrations/"+s.dialect.name())
	if err != nil {
		return fmt.Errorf("open the migrations: %w", err)
	}
	provider, err := goose.NewProvider(dialect, s.write, dir, options...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	have, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the database's version: %w", err)
	}
	sources := provider.ListSources()
	switch first, known := sources[0].Version, sources[len(sources)-1].Version; {
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
	if pending, err := provider.HasPending(ctx); err == nil && !pending {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// newestMigration is the schema version of this program.
func newestMigration(d dialect) (int64, error) {
	names, err := fs.Glob(migrations, "migrations/"+d.name()+"/*.sql")
	if err != nil {
		return 0, fmt.Errorf("list the migrations: %w", err)
	}
	return goose.NumericComponent(names[len(names)-1])
}
