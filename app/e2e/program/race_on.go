//go:build race

package main

// raceDetector: SQLite, which is Go here, runs some twenty times slower under
// the race detector, so tests of large amounts take smaller ones.
const raceDetector = true
