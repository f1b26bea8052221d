package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Tx is a transaction. Its first error ends it: later calls do nothing, and
// err is what Write and Read return. It is for one goroutine.
type Tx struct {
	ctx      context.Context
	tx       *sql.Tx
	dialect  dialect
	now      time.Time
	touched  map[string]bool
	affected int64 // rows of the last exec
	err      error
}

// touch raises a topic's version at the commit.
func (tx *Tx) touch(topic string) { tx.touched[topic] = true }

func (tx *Tx) fail(query string, err error) {
	if tx.err == nil {
		tx.err = fmt.Errorf("%s: %w", firstWords(query), err)
	}
}

func firstWords(query string) string {
	words := strings.Fields(query)
	return strings.Join(words[:min(4, len(words))], " ")
}

// exec runs a statement; affected then tells how many rows it met.
func (tx *Tx) exec(query string, args ...any) {
	tx.affected = 0
	if tx.err != nil {
		return
	}
	res, err := tx.tx.ExecContext(tx.ctx, query, args...)
	if err != nil {
		tx.fail(query, err)
		return
	}
	tx.affected, _ = res.RowsAffected()
}

// row is a result row, or none.
type row struct {
	tx    *Tx
	query string
	from  interface{ Scan(...any) error }
	found bool
}

// row asks for one row.
func (tx *Tx) row(query string, args ...any) *row {
	if tx.err != nil {
		return &row{tx: tx, query: query}
	}
	return &row{tx: tx, query: query, from: tx.tx.QueryRowContext(tx.ctx, query, args...)}
}

// scan reads the row's columns. Without a row it leaves them, and found is
// false.
func (r *row) scan(into ...any) *row {
	if r.from == nil || r.tx.err != nil {
		return r
	}
	err := r.from.Scan(into...)
	switch {
	case err == nil:
		r.found = true
	case !errors.Is(err, sql.ErrNoRows):
		r.tx.fail(r.query, err)
	}
	return r
}

// each calls do for each row. do must not use the transaction.
func (tx *Tx) each(query string, args []any, do func(*row)) {
	if tx.err != nil {
		return
	}
	rows, err := tx.tx.QueryContext(tx.ctx, query, args...)
	if err != nil {
		tx.fail(query, err)
		return
	}
	defer rows.Close()
	for rows.Next() && tx.err == nil {
		do(&row{tx: tx, query: query, from: rows})
	}
	if err := rows.Err(); err != nil {
		tx.fail(query, err)
	}
}

// bulkRows is how many rows one bulk statement takes: beyond that, building
// the JSON costs memory and brings no more speed.
const bulkRows = 2000

// bulk inserts rows given as JSON: one statement for many rows is several
// times faster than one each. columns are "name type", type being BIGINT or
// TEXT; conflict is what follows, "" for none.
func (tx *Tx) bulk(table string, columns []string, rows [][]any, conflict string) {
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		names[i] = name
		values[i] = fmt.Sprintf("CAST(e.value ->> %d AS %s)", i, kind)
	}
	query := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") SELECT " + strings.Join(values, ", ") +
		" FROM " + tx.dialect.jsonRows() + " WHERE true " + conflict
	for len(rows) > 0 && tx.err == nil {
		n := min(bulkRows, len(rows))
		tx.exec(query, jsonText(rows[:n]))
		rows = rows[n:]
	}
}

// in returns "IN (…)" over a list given as JSON in parameter n: one text of
// SQL whatever the list's length.
func (tx *Tx) in(n int, kind string) string {
	return fmt.Sprintf("IN (SELECT CAST(e.value AS %s) FROM %s)", kind, strings.ReplaceAll(tx.dialect.jsonTexts(), "$1", fmt.Sprintf("$%d", n)))
}

// jsonText encodes what is known to encode.
func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings, numbers, lists and maps of them come here
	}
	return string(b)
}

// fromJSON decodes what jsonText wrote.
func fromJSON[T any](tx *Tx, text string) T {
	var v T
	if text != "" {
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			tx.fail("decode a stored list", err)
		}
	}
	return v
}
