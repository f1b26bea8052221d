// Package derive turns records into rows: what polling and files bring is
// stored, and all that follows from it is brought up to date in the same
// transaction. Records stay as they were fetched, so that everything can be
// derived again by other rules. It answers no page.
package derive

import "telemetry-dashboard/services/store"

// Writer is a store with what derives its rows. It is safe for concurrent
// use.
type Writer struct{ *store.Store }

// New returns the writer of a store.
func New(s *store.Store) *Writer { return &Writer{s} }
