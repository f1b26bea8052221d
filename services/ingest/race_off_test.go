//go:build !race

package ingest_test

// race reports whether the race detector runs, which makes SQLite, which is Go
// here, some twenty times slower.
const race = false
