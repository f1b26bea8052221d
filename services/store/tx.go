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

	"telemetry-dashboard/services/telemetry"
)

// Tx is a transaction. Its first error ends it: later calls do nothing, and
// err is what Write and Read return. It is for one goroutine.
type Tx struct {
	ctx      context.Context
	tx       *sql.Tx
	dialect  dialect
	spelling *strings.Replacer
	slow     Slow
	now      time.Time
	past     *past // nil: now
	touched  map[string]bool
	err      error
}

// Err is the transaction's first error.
func (tx *Tx) Err() error { return tx.err }

// Now is when the transaction began, or the past time that it reads as of.
func (tx *Tx) Now() time.Time { return tx.now }

// Person is who asks.
func (tx *Tx) Person() string { return telemetry.NameOf(tx.ctx) }

// Alone reports whether nobody signs in, so that who asks is all that there are.
func (tx *Tx) Alone() bool {
	p := telemetry.PersonOf(tx.ctx)
	return !p.Known() || p.Way == telemetry.EntryOpen
}

// WantsHints reports whether the database plans by a query's text more than by its tables.
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

// ended gives an error the end of its context as its cause: a server has an error of its own for it.
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
	begun := tx.slow.begun()
	res, err := tx.tx.ExecContext(tx.ctx, tx.spelled(query), storable(args)...)
	tx.slow.ended(tx.ctx, query, begun)
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
func (tx *Tx) spelled(query string) string { return tx.spelling.Replace(query) }

// spellingOf is what a dialect spells in another way than queries do.
func spellingOf(d dialect) *strings.Replacer {
	begin, end, _ := strings.Cut(d.jsonTexts(), "$1")
	return strings.NewReplacer("fold(", d.fold(), "texts(", begin, ")texts", end, "::jsonb", d.asJSON(), "base.", d.stored())
}

// Row is a result row, or none.
type Row struct {
	tx    *Tx
	query string
	from  interface{ Scan(...any) error }
	begun time.Time // of a statement of one row
	Found bool      // there was a row to scan
}

// Row asks for one row.
func (tx *Tx) Row(query string, args ...any) *Row {
	if tx.err != nil {
		return &Row{tx: tx, query: query}
	}
	text, args := tx.asked(query, args)
	begun := tx.slow.begun()
	return &Row{tx: tx, query: query, begun: begun, from: tx.tx.QueryRowContext(tx.ctx, text, storable(args)...)}
}

// Scan reads the row's columns. Without a row it leaves them.
func (r *Row) Scan(into ...any) *Row {
	if r.from == nil || r.tx.err != nil {
		return r
	}
	err := r.from.Scan(into...)
	r.tx.slow.ended(r.tx.ctx, r.query, r.begun)
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
	text, args := tx.asked(query, args)
	begun := tx.slow.begun()
	rows, err := tx.tx.QueryContext(tx.ctx, text, storable(args)...)
	if err != nil {
		tx.Fail(query, err)
		return
	}
	defer rows.Close()
	more := rows.Next()
	tx.slow.ended(tx.ctx, query, begun)
	for ; more && tx.err == nil; more = rows.Next() {
		do(&Row{tx: tx, query: query, from: rows})
	}
	if err := rows.Err(); err != nil {
		tx.Fail(query, err)
	}
}

// All returns the first column of all rows of a query.
func All[T any](tx *Tx, query string, args ...any) []T {
	return Rows(tx, query, args, func(v *T) []any { return []any{v} })
}

// Rows returns all rows of a query, never nil; into is where one is scanned.
func Rows[T any](tx *Tx, query string, args []any, into func(*T) []any) []T {
	all := []T{}
	tx.Each(query, args, func(r *Row) {
		var v T
		r.Scan(into(&v)...)
		all = append(all, v)
	})
	return all
}

// Map returns the rows of a query of two columns, the second by the first.
func Map[K comparable, V any](tx *Tx, query string, args ...any) map[K]V {
	m := map[K]V{}
	tx.Each(query, args, func(r *Row) {
		var k K
		var v V
		r.Scan(&k, &v)
		m[k] = v
	})
	return m
}

// One returns the first column of a row, zero without one.
func One[T any](tx *Tx, query string, args ...any) (v T) {
	tx.Row(query, args...).Scan(&v)
	return v
}

// Has reports whether a query of one column has a row.
func (tx *Tx) Has(query string, args ...any) bool {
	var v any
	return tx.Row(query, args...).Scan(&v).Found
}

// In returns "IN (…)" over a list given as JSON in parameter n: one text whatever its length.
func (tx *Tx) In(n int, kind string) string {
	return "IN (" + tx.Values(n, kind, "v") + ")"
}

// Values is a SELECT of a list given as JSON in parameter n, as a column of a name.
func (tx *Tx) Values(n int, kind, name string) string {
	from := strings.ReplaceAll(tx.dialect.jsonTexts(), "$1", fmt.Sprintf("$%d", n))
	return fmt.Sprintf("SELECT CAST(e.value AS %s) AS %s FROM %s", kind, name, from)
}

// InRows returns "IN (…)" over a list of lists of such kinds, given as JSON in parameter 1.
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

// withoutNUL puts U+FFFD in place of each escaped NUL, which PostgreSQL's jsonb refuses.
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
