package store

import (
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Row is a result row.
type Row = row

// Scan reads the row's columns.
func (r *row) Scan(into ...any) *row { return r.scan(into...) }

// Row asks for one row.
func (tx *Tx) Row(query string, args ...any) *Row { return tx.row(query, args...) }

// Each calls do for each row.
func (tx *Tx) Each(query string, args []any, do func(*Row)) { tx.each(query, args, do) }

// Fail ends the transaction with an error that is told as it stands.
func (r *row) Fail(err error) {
	if r.tx.err == nil {
		r.tx.err = err
	}
}

// Err is the transaction's first error.
func (tx *Tx) Err() error { return tx.err }

// In is IN over a list in parameter n.
func (tx *Tx) In(n int, kind string) string { return tx.in(n, kind) }

// Now is the present time.
func (s *Store) Now() time.Time { return s.now() }

// JSON encodes what is known to encode.
func JSON(v any) string { return jsonText(v) }

// Findings are the findings of a stored run.
func (tx *Tx) Findings(run int64) []telemetry.Finding { return findingsOf(tx, run) }

// WantsHints tells whether the database plans by the text of a query more than
// by what its tables hold.
func (tx *Tx) WantsHints() bool { return tx.dialect.name() == "sqlite" }

// HomesThen returns the keys of the repositories that a target's pull requests
// were in at a time, in unix milliseconds.
func (tx *Tx) HomesThen(key string, at int64) []string {
	id, known := repoIDOf(tx, key)
	if !known {
		return nil
	}
	return homesAt(tx, id, at)
}
