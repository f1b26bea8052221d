package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"telemetry-dashboard/services/telemetry"
	"testing"
)

// TestKeptStatements holds a connection's statements to what database/sql
// promises without them: the same query twice at a time, one that is left
// early, a schema that changes under them, and a context that has ended.
func TestKeptStatements(t *testing.T) {
	db, err := openLite("file:"+filepath.Join(t.TempDir(), "x.db"), true, func() *telemetry.Error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	do(`CREATE TABLE n (a BIGINT)`)
	for i := range 3 {
		do(`INSERT INTO n (a) VALUES ($1)`, i)
	}
	const list = `SELECT * FROM n WHERE a >= $1 ORDER BY a`
	pairs := ""
	for outer := range numbersOf(t, tx, list, 0) {
		for inner := range numbersOf(t, tx, list, outer) {
			pairs += fmt.Sprint(outer, inner, " ")
		}
	}
	if want := "0 0 0 1 0 2 1 1 1 2 2 2 "; pairs != want {
		t.Errorf("the same query inside itself gives %q, want %q", pairs, want)
	}
	for outer := range numbersOf(t, tx, list, 0) { // it is not read to its end
		do(fmt.Sprintf(`UPDATE n SET a = a + %d WHERE a < 0`, outer))
		if outer == 1 {
			break
		}
	}
	do(`ALTER TABLE n ADD COLUMN b BIGINT NOT NULL DEFAULT 7`)
	var a, b int64
	if err := tx.QueryRowContext(t.Context(), list, 2).Scan(&a, &b); err != nil || a != 2 || b != 7 {
		t.Errorf("after the table got a column: %d, %d, %v", a, b, err)
	}
	if _, err := tx.ExecContext(t.Context(), `INSERT INTO nowhere (a) VALUES ($1)`, 1); err == nil {
		t.Error("a table that is not there was written")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := tx.ExecContext(ended, `DELETE FROM n`); err == nil {
		t.Error("a statement ran though its context had ended")
	}
	if err := tx.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM n`).Scan(&a); err != nil || a != 3 {
		t.Errorf("there are %d rows, %v", a, err)
	}
}

// numbersOf reads the first column.
func numbersOf(t *testing.T, tx *sql.Tx, query string, args ...any) func(func(int64) bool) {
	t.Helper()
	return func(yield func(int64) bool) {
		rows, err := tx.QueryContext(t.Context(), query, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var a int64
			if err := rows.Scan(&a); err != nil {
				t.Fatal(err)
			}
			if !yield(a) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestConnectionToAReplacedFile: a file that is replaced while a connection is made is
// not read from.
func TestConnectionToAReplacedFile(t *testing.T) {
	asked := 0
	lost := func() *telemetry.Error {
		if asked++; asked == 2 { // once it is connected
			return telemetry.Errorf(telemetry.CodeUnavailable, "replaced")
		}
		return nil
	}
	db, err := openLite("file:"+filepath.Join(t.TempDir(), "x.db"), false, lost)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.PingContext(t.Context()); telemetry.CodeOf(err) != telemetry.CodeUnavailable {
		t.Errorf("a connection to another file: %v", err)
	}
	if err := db.PingContext(t.Context()); err != nil {
		t.Errorf("once it is back: %v", err)
	}
}
