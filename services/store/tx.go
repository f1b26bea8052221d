package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Tx is a transaction. Its first error ends it: later calls do nothing, and
// err is what Write and Read return. It is for one goroutine.
type Tx struct {
	ctx     context.Context
	tx      *sql.Tx
	dialect dialect
	now     time.Time
	touched map[string]bool
	err     error
}

// Err is the transaction's first error.
func (tx *Tx) Err() error { return tx.err }

// Now is when the transaction began.
func (tx *Tx) Now() time.Time { return tx.now }

// WantsHints reports whether the database plans by the text of a query more than
// by what its tables hold.
func (tx *Tx) WantsHints() bool { return tx.dialect.name() == "sqlite" }

// Touch raises a topic's version at the commit.
func (tx *Tx) Touch(topic string) { tx.touched[topic] = true }

// Fail ends the transaction with an error of what was being done: its first
// words, for a query.
func (tx *Tx) Fail(doing string, err error) {
	if tx.err == nil {
		tx.err = fmt.Errorf("%s: %w", firstWords(doing), ended(tx.ctx, err))
	}
}

// ended gives an error the end of its context as its cause: a server that
// ended a statement because of it has an error of its own.
func ended(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		return errors.Join(cause, err)
	}
	return err
}

func firstWords(query string) string {
	words := strings.Fields(query)
	return strings.Join(words[:min(4, len(words))], " ")
}

// Exec runs a statement and returns how many rows it met.
func (tx *Tx) Exec(query string, args ...any) int64 {
	if tx.err != nil {
		return 0
	}
	res, err := tx.tx.ExecContext(tx.ctx, query, storable(args)...)
	if err != nil {
		tx.Fail(query, err)
		return 0
	}
	n, _ := res.RowsAffected() // both drivers know it
	return n
}

// storable puts U+FFFD in place of what PostgreSQL takes in no text, NUL and
// what is not UTF-8, so that both databases store and find the same. The list
// is copied where it changes.
func storable(args []any) []any {
	copied := false
	for i, arg := range args {
		text, ok := arg.(string)
		if !ok || plainText(text) {
			continue
		}
		if !copied {
			args, copied = slices.Clone(args), true
		}
		args[i] = Plain(text)
	}
	return args
}

func plainText(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

// Plain is a text as both databases take it.
func Plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// spelled is a query as the database knows it.
func (tx *Tx) spelled(query string) string {
	begin, end, _ := strings.Cut(tx.dialect.jsonTexts(), "$1")
	return strings.NewReplacer("fold(", tx.dialect.fold(), "texts(", begin, ")texts", end).Replace(query)
}

// Row is a result row, or none.
type Row struct {
	tx    *Tx
	query string
	from  interface{ Scan(...any) error }
	Found bool // there was a row to scan
}

// Row asks for one row.
func (tx *Tx) Row(query string, args ...any) *Row {
	if tx.err != nil {
		return &Row{tx: tx, query: query}
	}
	return &Row{tx: tx, query: query, from: tx.tx.QueryRowContext(tx.ctx, tx.spelled(query), storable(args)...)}
}

// Scan reads the row's columns. Without a row it leaves them, and Found is
// false.
func (r *Row) Scan(into ...any) *Row {
	if r.from == nil || r.tx.err != nil {
		return r
	}
	err := r.from.Scan(into...)
	switch {
	case err == nil:
		r.Found = true
	case !errors.Is(err, sql.ErrNoRows):
		r.tx.Fail(r.query, err)
	}
	return r
}

// Fail ends the transaction with an error that is told as it stands.
func (r *Row) Fail(err error) {
	if r.tx.err == nil {
		r.tx.err = err
	}
}

// Each calls do for each row. do must not use the transaction.
func (tx *Tx) Each(query string, args []any, do func(*Row)) {
	if tx.err != nil {
		return
	}
	rows, err := tx.tx.QueryContext(tx.ctx, tx.spelled(query), storable(args)...)
	if err != nil {
		tx.Fail(query, err)
		return
	}
	defer rows.Close()
	for rows.Next() && tx.err == nil {
		do(&Row{tx: tx, query: query, from: rows})
	}
	if err := rows.Err(); err != nil {
		tx.Fail(query, err)
	}
}

// bulkRows is how many rows one bulk statement takes: beyond that, building
// the JSON costs memory and brings no more speed.
const bulkRows = 2000

// Bulk inserts rows, several by one statement, which is several times faster
// than one each. columns are "name type", type being BIGINT or TEXT; conflict
// is what follows, "" for none. It returns how many rows were written.
func (tx *Tx) Bulk(table string, columns []string, rows [][]any, conflict string) (n int64) {
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		names[i] = name
		values[i] = fmt.Sprintf("CAST(e.value ->> %d AS %s)", i, kind)
	}
	query := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") "
	if tx.dialect.plain() {
		return tx.bulkValues(query, conflict, rows)
	}
	query += "SELECT " + strings.Join(values, ", ") + " FROM " + tx.dialect.jsonRows() + " WHERE true " + conflict
	for part := range slices.Chunk(rows, bulkRows) {
		n += tx.Exec(query, jsonRows(part))
	}
	return n
}

// jsonRows encodes rows with the texts that SQLite would get.
func jsonRows(rows [][]any) string {
	for i, row := range rows {
		rows[i] = storable(row)
	}
	return JSON(rows)
}

// bulkValues inserts rows by statements of a few fixed sizes, which the
// connection keeps: to SQLite, handing values over costs half of what reading
// JSON does. The marks are ?, since $1 is looked up by its name.
func (tx *Tx) bulkValues(query, conflict string, rows [][]any) (wrote int64) {
	for _, n := range [...]int{32, 8, 1} {
		if len(rows) < n {
			continue
		}
		row := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(rows[0])), ", ") + ")"
		text := query + "VALUES " + strings.TrimSuffix(strings.Repeat(row+", ", n), ", ") + " " + conflict
		args := make([]any, 0, n*len(rows[0]))
		for ; len(rows) >= n && tx.err == nil; rows = rows[n:] {
			args = args[:0]
			for _, r := range rows[:n] {
				args = append(args, r...)
			}
			wrote += tx.Exec(text, args...)
		}
	}
	return wrote
}

// Change updates rows of a table by their first column. columns are as for
// Bulk; a name that ends in + adds to a list parted by spaces.
func (tx *Tx) Change(table string, columns []string, rows [][]any) {
	oneByOne := tx.dialect.plain()
	sets, id := make([]string, 0, len(columns)), ""
	for i, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		value := fmt.Sprintf("CAST(e.value ->> %d AS %s)", i, kind)
		if oneByOne {
			value = fmt.Sprintf("?%d", i+1)
		}
		name, adds := strings.CutSuffix(name, "+")
		switch {
		case i == 0:
			id = table + "." + name + " = " + value
		case adds:
			old := table + "." + name
			sets = append(sets, fmt.Sprintf("%s = CASE WHEN %s = '' THEN %s ELSE %s || ' ' || %s END", name, value, old, old, value))
		default:
			sets = append(sets, name+" = "+value)
		}
	}
	query := "UPDATE " + table + " SET " + strings.Join(sets, ", ")
	if oneByOne {
		query += " WHERE " + id
		for _, r := range rows {
			tx.Exec(query, r...)
		}
		return
	}
	query += " FROM " + tx.dialect.jsonRows() + " WHERE " + id
	for part := range slices.Chunk(rows, bulkRows) {
		tx.Exec(query, jsonRows(part))
	}
}

// In returns "IN (…)" over a list given as JSON in parameter n: one text of
// SQL whatever the list's length.
func (tx *Tx) In(n int, kind string) string {
	from := strings.ReplaceAll(tx.dialect.jsonTexts(), "$1", fmt.Sprintf("$%d", n))
	return fmt.Sprintf("IN (SELECT CAST(e.value AS %s) FROM %s)", kind, from)
}

// InRows returns "IN (…)" over a list of lists given as JSON in parameter 1,
// each of values of these kinds.
func (tx *Tx) InRows(kinds ...string) string {
	values := make([]string, len(kinds))
	for i, kind := range kinds {
		values[i] = fmt.Sprintf("CAST(e.value ->> %d AS %s)", i, kind)
	}
	return "IN (SELECT " + strings.Join(values, ", ") + " FROM " + tx.dialect.jsonRows() + ")"
}

// JSON encodes what is known to encode.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings, numbers, lists and maps of them come here
	}
	if !bytes.Contains(b, []byte(`\u0000`)) {
		return string(b)
	}
	return withoutNUL(string(b))
}

// withoutNUL puts U+FFFD in place of each escaped NUL of a JSON text, which
// PostgreSQL's jsonb refuses.
func withoutNUL(text string) string {
	var b strings.Builder
	for at := 0; at < len(text); {
		switch {
		case strings.HasPrefix(text[at:], `\u0000`):
			b.WriteString(`\ufffd`)
			at += len(`\u0000`)
		case text[at] == '\\': // and what it escapes
			b.WriteString(text[at : at+2])
			at += 2
		default:
			b.WriteByte(text[at])
			at++
		}
	}
	return b.String()
}

// FromJSON decodes what JSON wrote.
func FromJSON[T any](tx *Tx, text string) T {
	var v T
	if text != "" {
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			tx.Fail("decode a stored list", err)
		}
	}
	return v
}
