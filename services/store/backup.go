package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"telemetry-dashboard/services/telemetry"
)

// Manifest is what a backup says of itself.
type Manifest struct {
	Format     int             `json:"format"`
	Schema     int64           `json:"schema"`
	Derivation int64           `json:"derivation"` // telemetry.DerivationVersion
	Build      string          `json:"build"`
	Database   string          `json:"database"` // sqlite or postgres
	TakenAt    time.Time       `json:"taken_at"`
	Tables     []ManifestTable `json:"tables"`
}

// ManifestTable is how many rows of a table there are, and a sum over them.
type ManifestTable struct {
	Name string `json:"name"`
	Rows uint64 `json:"rows"`
	Sum  string `json:"sum"`
}

// Rows is how many rows there are in all.
func (m Manifest) Rows() (n uint64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

const (
	backupFormat  = 1
	manifestTable = "backup"

	// backupLimit only ends what hangs: a large database may take long.
	backupLimit = 12 * time.Hour
)

// Backup writes one state of the database to a SQLite file, whatever database
// this is, and reads the file again. Programs go on writing meanwhile. The
// file has its name when it is complete, is readable by this user alone, and
// takes the place of another one only with replace. build names the program.
func (s *Store) Backup(ctx context.Context, path, build string, replace bool) (m Manifest, err error) {
	there, err := os.Lstat(path)
	if err == nil && there.IsDir() {
		return m, telemetry.Errorf(telemetry.CodeConflict, "%s is a directory. Name a file in it for the backup.", path)
	}
	if err == nil && !replace {
		return m, telemetry.Errorf(telemetry.CodeConflict, "The file %s is there already. Name another file, or replace it with --force.", path)
	}
	if s.isOwn(path) {
		return m, telemetry.Errorf(telemetry.CodeConflict,
			"The file %s belongs to the database itself. Name another file for the backup.", path)
	}
	part, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".part-*") // with mode 0600
	if err != nil {
		return m, backupUnwritten(path, err)
	}
	defer os.Remove(part.Name())
	if err := part.Close(); err != nil {
		return m, backupUnwritten(path, err)
	}
	if err := s.writeBackup(ctx, part.Name(), build); err != nil {
		return m, backupProblem(path, err)
	}
	if m, err = ReadBackup(ctx, part.Name()); err != nil {
		return m, backupProblem(path, fmt.Errorf("read the backup again: %w", err))
	}
	if err := place(part.Name(), path); err != nil {
		return m, backupUnwritten(path, err)
	}
	return m, nil
}

// isOwn reports whether a path leads to the SQLite file or to what SQLite keeps beside it.
func (s *Store) isOwn(path string) bool {
	there, err := os.Stat(path)
	if err != nil || s.path == "" {
		return false
	}
	for _, own := range []string{s.path, s.log, strings.TrimSuffix(s.log, "-wal") + "-shm"} {
		if info, err := os.Stat(own); err == nil && os.SameFile(info, there) {
			return true
		}
	}
	return false
}

// place gives a complete file its name, so that it is there after a power failure, too.
func place(part, path string) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	_ = dir.Sync() // not every file system can
	return dir.Close()
}

func backupUnwritten(path string, err error) error {
	return telemetry.Errorf(telemetry.CodeUnavailable, "Cannot write the backup %s (%s). "+
		"Check that its folder exists, that you may write there and that the disk has space. Nothing was left behind.",
		path, reason(err)).Because(err)
}

// backupProblem gives an error of the backup's own file its sentence; that of the database has one.
func backupProblem(path string, err error) error {
	if _, ok := errors.AsType[*telemetry.Error](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok && lite.Code()&0xff == sqlite3.SQLITE_FULL {
		return telemetry.Errorf(telemetry.CodeUnavailable,
			"The disk is full, so the backup %s was not written. Free some space, or name a file on another disk.", path).Because(err)
	}
	return backupUnwritten(path, err)
}

func (s *Store) writeBackup(ctx context.Context, path, build string) error {
	tables, err := backupTables(ctx)
	if err != nil {
		return err
	}
	_, schema, err := knownSchemas(s.dialect)
	if err != nil {
		return err
	}
	m := Manifest{Format: backupFormat, Schema: schema, Derivation: telemetry.DerivationVersion, Build: build,
		Database: s.dialect.name(), TakenAt: s.now().UTC().Truncate(time.Second)}
	out, err := openBackup(path, "?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)")
	if err != nil {
		return err
	}
	defer out.Close()
	to, err := out.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = to.Rollback() }()
	err = s.readWithin(ctx, backupLimit, func(tx *Tx) error {
		for _, t := range tables {
			of, err := tx.copyOut(to, t)
			if err != nil {
				return err
			}
			m.Tables = append(m.Tables, of)
		}
		return nil
	})
	if err == nil {
		err = putManifest(ctx, to, m)
	}
	if err == nil {
		err = to.Commit()
	}
	return err
}

// openBackup opens the file of a backup for one connection.
func openBackup(path, parameters string) (*sql.DB, error) {
	db, err := openLite("file:"+(&url.URL{Path: path}).EscapedPath()+parameters, true, func() *telemetry.Error { return nil })
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// copyOut copies a table into a backup.
func (tx *Tx) copyOut(to *sql.Tx, t backedUp) (of ManifestTable, err error) {
	if _, err := to.ExecContext(tx.ctx, t.create); err != nil {
		return of, err
	}
	rows, err := tx.tx.QueryContext(tx.ctx, t.selects())
	if err != nil {
		return of, fmt.Errorf("read table %s: %w", t.name, ended(tx.ctx, err))
	}
	defer rows.Close()
	from := readRows(rows, t)
	if err := insertAll(tx.ctx, to, from); err != nil {
		return of, fmt.Errorf("copy table %s: %w", t.name, ended(tx.ctx, err))
	}
	return from.sum.table(t.name), nil
}

// insertAll inserts what is read into SQLite.
func insertAll(ctx context.Context, to *sql.Tx, from *rowReader) error {
	query := from.of.inserts()
	for from.Next() {
		if _, err := to.ExecContext(ctx, query, from.values...); err != nil {
			return err
		}
	}
	return from.Err()
}

func putManifest(ctx context.Context, to *sql.Tx, m Manifest) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if _, err := to.ExecContext(ctx, `CREATE TABLE `+manifestTable+` (manifest TEXT NOT NULL, sha256 TEXT NOT NULL)`); err != nil {
		return err
	}
	_, err = to.ExecContext(ctx, `INSERT INTO `+manifestTable+` (manifest, sha256) VALUES ($1, $2)`, string(text), digest(text))
	return err
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
