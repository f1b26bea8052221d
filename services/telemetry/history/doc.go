// Package history makes believable histories of action runs from a seed. It
// has two users.
//
// Tests and benchmarks ask Generate for run files alone, as many as they
// like, with the disturbances that they choose. File.Truth says which finding
// is which issue; nothing in the files' bytes does.
//
// The demo asks NewWorld for an organization: its run files, and the pull
// requests and Devin sessions behind them, at Options.End. Time continues when
// the caller says so:
//
//	w := history.NewWorld(history.Options{Seed: 1, Start: …, End: now, Disturb: history.Believable()})
//	w.Files(); w.Pulls(); w.Sessions()       // as of w.Now()
//	w.Advance(clock())                       // before each of these, and they move on
//	w.Reply(id, "Yes, go ahead.", clock())   // the session works again, and opens its pull request
//	w.Scan("harbor-pay/ledger", 3, false, clock()) // a run file appears half a minute later
//
// Sessions that start after Options.End take seconds to minutes, so that one
// can watch them work, ask, open pull requests and finish; every few minutes
// a new run starts, and some run files are written anew with what became of
// their sessions.
//
// The package plays the code bases behind the records (files, findings,
// edits, fixes) and never looks at the program's own rules of issue identity,
// so that the two can be held against each other.
//
// Organisations, repositories, paths, people and sessions are invented; rule
// ids are CodeQL's, and the records have the shape that the CodeQL Devin
// Fixer action writes.
package history
