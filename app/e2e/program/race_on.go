//go:build race

package program

// Race: SQLite, which is Go here, runs some twenty times slower under
// the race detector, so tests of large amounts take smaller ones.
const Race = true
