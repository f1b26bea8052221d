//go:build race

package faults

// defaultShare is of how many pairs one runs without -full: SQLite, which is Go
// here, runs some twenty times slower under the race detector.
const defaultShare = 24
