package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// backupFile is a backup that is read.
type backupFile struct {
	path     string
	db       *sql.DB
	manifest Manifest
	tables   []backedUp
}

// ReadBackup verifies a backup: that it is one, complete, undamaged and not of a
// newer build. Its errors are *telemetry.Error with a sentence that says what to do.
func ReadBackup(ctx context.Context, path string) (Manifest, error) {
	b, err := openBackupFile(ctx, path)
	if err != nil {
		return Manifest{}, err
	}
	defer b.close()
	return b.manifest, b.verify(ctx)
}

// begins is what each SQLite file begins with.
const begins = "SQLite format 3\x00"

func openBackupFile(ctx context.Context, path string) (*backupFile, error) {
	f, err := os.Open(path) //nolint:gosec // the person at the terminal names it
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "There is no file %s. Check its name.", path).Because(err)
	case err != nil:
		return nil, telemetry.Errorf(telemetry.CodeInvalid, "Cannot read the file %s (%s).", path, reason(err)).Because(err)
	}
	head := make([]byte, len(begins))
	_, err = io.ReadFull(f, head)
	_ = f.Close() // it was only read
	if err != nil || string(head) != begins {
		return nil, noBackup(path)
	}
	b := &backupFile{path: path}
	if b.db, err = openBackup(path, "?mode=ro&immutable=1&_pragma=query_only(1)&_pragma=trusted_schema(0)"); err != nil {
		return nil, err
	}
	if err := b.readManifest(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *backupFile) close() { _ = b.db.Close() } // it was only read

func noBackup(path string) error {
	return telemetry.Errorf(telemetry.CodeInvalid, "The file %s is not a backup of the dashboard, or one that was cut off. "+
		"Name a file that app backup wrote.", path)
}

func (b *backupFile) damaged(what string, err error) error {
	return telemetry.Errorf(telemetry.CodeInvalid, "The backup %s is damaged: %s. Nothing was changed. Use another backup.",
		b.path, what).Because(err)
}

// mostManifest bounds a manifest: one has some hundred bytes a table.
const mostManifest = 1 << 20

func (b *backupFile) readManifest(ctx context.Context) error {
	var text, sum string
	err := b.db.QueryRowContext(ctx, `SELECT substr(manifest, 1, $1), sha256 FROM `+manifestTable, mostManifest).Scan(&text, &sum)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return noBackup(b.path)
	case digest([]byte(text)) != sum:
		return b.damaged("its manifest is not what was written", nil)
	}
	if err := json.Unmarshal([]byte(text), &b.manifest); err != nil {
		return b.damaged("its manifest cannot be read", err)
	}
	if b.tables, err = backupTables(ctx); err != nil {
		return err
	}
	return b.refused()
}

// refused says which build is needed where it is not this one.
func (b *backupFile) refused() error {
	_, schema, err := knownSchemas(sqliteDialect{})
	if err != nil {
		return err
	}
	m := b.manifest
	by := telemetry.Shown(m.Build)
	switch {
	case m.Format > backupFormat, m.Schema > schema, m.Derivation > telemetry.DerivationVersion:
		return telemetry.Errorf(telemetry.CodeInvalid, "The backup %s was written by a newer build: %s (schema version %d, rules %d; "+
			"this one has %d and %d). Restore it with that build or a newer one.",
			b.path, by, m.Schema, m.Derivation, schema, telemetry.DerivationVersion)
	case m.Format < backupFormat, m.Schema < schema:
		return telemetry.Errorf(telemetry.CodeInvalid, "The backup %s was written by an earlier build: %s (schema version %d; this one has %d). "+
			"Restore it with that build, then start this one, which upgrades the database.", b.path, by, m.Schema, schema)
	}
	same := slices.EqualFunc(m.Tables, b.tables, func(said ManifestTable, known backedUp) bool { return said.Name == known.name })
	if !same {
		return b.damaged("its manifest names other tables than its schema version has", nil)
	}
	return nil
}

// verify reads everything.
func (b *backupFile) verify(ctx context.Context) error {
	var found string
	err := b.db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found)
	if err == nil && found != "ok" {
		err = errors.New(found)
	}
	if err != nil {
		return b.unread(ctx, "SQLite's check of the file fails", err)
	}
	for i, t := range b.tables {
		err := b.rows(ctx, i, func(from *rowReader) error {
			for from.Next() {
			}
			return from.Err()
		})
		if err != nil {
			return b.unread(ctx, "table "+t.name+" cannot be read", err)
		}
	}
	return nil
}

// unread is an error of the file, or the end of ctx.
func (b *backupFile) unread(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*telemetry.Error](err); ok {
		return err
	}
	return b.damaged(what, err)
}

// rows has do read all rows of a table, and compares them with the manifest.
func (b *backupFile) rows(ctx context.Context, table int, do func(*rowReader) error) error {
	t, said := b.tables[table], b.manifest.Tables[table]
	rows, err := b.db.QueryContext(ctx, t.selects())
	if err != nil {
		return err
	}
	defer rows.Close()
	from := readRows(rows, t)
	if err := do(from); err != nil {
		return err
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if from.sum.table(t.name) != said {
		return b.damaged(fmt.Sprintf("table %s has not the %d rows that were written", t.name, said.Rows), nil)
	}
	return nil
}
