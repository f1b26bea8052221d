package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"hash"
	"io/fs"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"telemetry-dashboard/services/telemetry"
)

// backedUp is a table of a backup: its columns are those of SQLite's schema.
type backedUp struct {
	name, create string
	columns      []string
	kinds        []string // TEXT, BIGINT, SMALLINT or BLOB
}

// notBackedUp are the tables of the moment: who is alive, who has signed in,
// what an upstream's limit is, how often something changed.
func notBackedUp() []string {
	return []string{versionTable, "versions", "leases", "limits", "sign_ins", "sign_in_states"}
}

// keptMeta are the rows of meta that are in a backup: not the database's own id,
// the lock of writers, nor what a program was storing.
const keptMeta = ` WHERE key NOT IN ('database_id', 'writer') AND key NOT LIKE 'storing %'`

// where ends a statement over the rows of a table that are in a backup.
func (b backedUp) where() string {
	if b.name == "meta" {
		return keptMeta
	}
	return ""
}

func (b backedUp) selects() string {
	return "SELECT " + strings.Join(b.columns, ", ") + " FROM " + b.name + b.where()
}

func (b backedUp) inserts() string {
	places := make([]string, len(b.columns))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	return "INSERT INTO " + b.name + " (" + strings.Join(b.columns, ", ") + ") VALUES (" + strings.Join(places, ", ") + ")"
}

// backupTables reads the tables of a backup from this program's SQLite schema,
// which it makes in memory: they are in the schema file alone.
func backupTables(ctx context.Context) ([]backedUp, error) {
	db, err := openLite(":memory:", false, func() *telemetry.Error { return nil })
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection would have a database of its own
	dir, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, fmt.Errorf("open the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return nil, fmt.Errorf("make the schema: %w", err)
	}
	return tablesIn(ctx, db)
}

func tablesIn(ctx context.Context, db *sql.DB) ([]backedUp, error) {
	rows, err := db.QueryContext(ctx, `SELECT m.name, m.sql, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, c.cid`)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	defer rows.Close()
	var tables []backedUp
	for rows.Next() {
		var table, create, column, kind string
		if err := rows.Scan(&table, &create, &column, &kind); err != nil {
			return nil, fmt.Errorf("read the schema: %w", err)
		}
		if slices.Contains(notBackedUp(), table) {
			continue
		}
		if len(tables) == 0 || tables[len(tables)-1].name != table {
			tables = append(tables, backedUp{name: table, create: create})
		}
		last := &tables[len(tables)-1]
		last.columns, last.kinds = append(last.columns, column), append(last.kinds, kind)
	}
	return tables, rows.Err()
}

// rowReader reads rows of a table one by one, counts them and sums them up. It
// is what pgx copies from.
type rowReader struct {
	rows   *sql.Rows
	of     backedUp
	sum    rowSum
	values []any
	err    error
}

func readRows(rows *sql.Rows, of backedUp) *rowReader {
	return &rowReader{rows: rows, of: of, sum: newRowSum()}
}

// Next implements pgx.CopyFromSource.
func (r *rowReader) Next() bool {
	if r.err != nil || !r.rows.Next() {
		return false
	}
	r.values = make([]any, len(r.of.columns))
	into := make([]any, len(r.values))
	for i := range r.values {
		into[i] = &r.values[i]
	}
	if r.err = r.rows.Scan(into...); r.err != nil {
		return false
	}
	for i, kind := range r.of.kinds {
		if r.values[i], r.err = asKind(r.values[i], kind); r.err != nil {
			r.err = fmt.Errorf("column %s of table %s: %w", r.of.columns[i], r.of.name, r.err)
			return false
		}
	}
	r.sum.add(r.values)
	return true
}

// Values implements pgx.CopyFromSource.
func (r *rowReader) Values() ([]any, error) { return r.values, nil }

// Err implements pgx.CopyFromSource.
func (r *rowReader) Err() error {
	if r.err != nil {
		return r.err
	}
	return r.rows.Err()
}

// asKind is a value as both databases hold it in a column of a kind.
func asKind(v any, kind string) (any, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case int64:
		if kind == "BIGINT" || kind == "SMALLINT" {
			return v, nil
		}
	case string:
		switch kind {
		case "TEXT":
			return v, nil
		case "BLOB":
			return []byte(v), nil
		}
	case []byte:
		switch kind {
		case "BLOB":
			return v, nil
		case "TEXT":
			return string(v), nil
		}
	}
	return nil, fmt.Errorf("a %T where %s is stored", v, kind)
}

// rowSum sums up rows in any order: the databases return them in different ones.
type rowSum struct {
	n, sum uint64
	hash   hash.Hash
	buffer []byte
}

func newRowSum() rowSum { return rowSum{hash: sha256.New()} }

func (s *rowSum) add(values []any) {
	b := s.buffer[:0]
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v)) //nolint:gosec // its bits count
		case string:
			b = append(binary.BigEndian.AppendUint64(append(b, 't'), uint64(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint64(append(b, 'b'), uint64(len(v))), v...)
		}
	}
	s.hash.Reset()
	_, _ = s.hash.Write(b) // a hash never fails
	s.buffer = b
	s.n++
	s.sum += binary.BigEndian.Uint64(s.hash.Sum(nil))
}

// table is what the manifest says of the rows that were added.
func (s *rowSum) table(name string) ManifestTable {
	return ManifestTable{Name: name, Rows: s.n, Sum: fmt.Sprintf("%016x", s.sum)}
}
