// Package history makes believable histories of action runs from a seed: the
// run files that an action repository would hold, and, for the demo, the
// pull requests and Devin sessions beside them, which move on with time.
//
// It plays the code bases behind the records (files, findings, edits, fixes),
// so it knows which finding is which issue: File.Truth says it. It never looks
// at the program's own rules of issue identity, so that the two can be held
// against each other.
//
// Organisations, repositories, paths, people and sessions are invented; rule
// ids are CodeQL's, and the records have the shape that the CodeQL Devin
// Fixer action writes.
package history
