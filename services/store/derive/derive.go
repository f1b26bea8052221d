// Package derive turns records into rows: what polling and files bring is
// stored, and all that follows from it is brought up to date in the same
// transaction. Records stay as they were fetched, so that everything can be
// derived again by other rules. It answers no page.
package derive

import (
	"cmp"
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
)

// changes are what a transaction stored; everything else follows from them.
type changes struct {
	*records
	files  map[int64]fileChange // run files, by id
	last   int64                // see nextFileID
	replay set[int64]           // repositories whose scans count in another way than before
	logs   set[int64]           // logs that say something else than before
	stated set[string]          // sessions of which the orchestrator's state does
	looked bool                 // GitHub or the registry says something else of repositories

	registered bool // the registry does
	affected
}

func newChanges(tx *store.Tx) *changes {
	return &changes{
		records: newRecords(tx), files: map[int64]fileChange{}, replay: set[int64]{}, logs: set[int64]{}, stated: set[string]{},
		affected: newAffected(),
	}
}

// fileChange is what changed in a run file: whether it is in force now, and
// whether nothing was derived from it before.
type fileChange struct{ live, fresh bool }

// derive brings up to date what follows from changes, in the order of
// dependence. Each stage takes what those before it gave: no stage reaches
// back.
func derive(c *changes) {
	todo := c.affected

	// Records become runs, sessions as records name them, and verifications.
	runs := putRecords(c.records, c.files)
	todo.add(runs.affected)

	// The findings of scans become issues, with their intervals and days.
	ledgers := applyScans(c.records, runs.scans, c.replay, runs.former)
	todo.add(ledgers.affected)
	putDecisions(c.records, ledgers) // they change in which state issues are shown
	putDue(c.tx, ledgers.changed())

	// Repositories get their names, and where their pull requests are opened.
	repos := describeRepos(c.records, todo.repos, runs.forks, todo.reforked)
	todo.add(repos.affected)

	// What sessions worked on, and what verifications say of it, is told by issue.
	attempts := askedAgain(c)
	maps.Copy(attempts, runs.attempts)
	maps.Copy(attempts, ledgers.attempts)
	maps.Copy(attempts, repos.attempts)
	resolver := newAttemptResolver(c.records, ledgers.found)
	todo.add(resolver.put(attempts, todo.verifications))

	// What logs say of findings is told by issue, too.
	describeIssues(c, resolver, keysOf(runs.attempts), keysOf(ledgers.found))

	// Pull requests and sessions are linked by all that names both.
	todo.add(linkPulls(c.records, todo.linked, todo.pulls))

	// Sessions get the state that records, polling and pull requests give.
	todo.add(putSessions(c.tx, todo.sessions))

	// Each attempt gets what its session says of it, and what scans found.
	putClaims(c.tx, ledgers, todo)

	// Verifications are judged by what their issues and pull requests are now.
	todo.verifications.add(updateOutcomes(c.tx, ledgers.flipped, ledgers.repos, todo))

	// The figures of all repositories concerned are counted again.
	countRepos(c.tx, todo.repos, runs.changed, ledgers.repos)
	countIssues(c.tx, ledgers.repos, todo.issues)

	// Who owns an issue is told by its file.
	putOwners(c.tx, ledgers.repos)

	// What waits for a person follows from all of them.
	putNeeds(c.tx, ledgers.repos, todo)

	deriveAgain(c, runs.renamed, todo.repos)
}

// deriveAgain brings up to date what counts in another way because of what was derived.
func deriveAgain(c *changes, renamed bool, repos set[int64]) {
	// Where a name stands for another repository than before, what it names goes there.
	if renamed {
		if next := followNames(c.records); next != nil {
			derive(next)
		}
	}

	// What is open in a repository that was retired is open no more.
	if renamed || c.looked {
		if again := describeLookups(c.records); len(again) > 0 {
			next := newChanges(c.tx)
			next.replay = again
			derive(next)
		}
		putOwners(c.tx, reposOwned(c.tx)) // by an entry of the registry, perhaps another one
		dueAgain(c.tx, logRegistry(c.records, c.registered))
	}

	// Where merged pull requests took a whole language, scans without it have closed it.
	if again := takeLanguages(c.tx, repos); len(again) > 0 {
		next := newChanges(c.tx)
		next.replay = again
		derive(next)
	}
}

// affected is what a stage leaves to be brought up to date by those after it.
type affected struct {
	repos         set[int64]  // their names and figures
	reforked      set[int64]  // repositories whose forks are to be read from all of their runs again
	sessions      set[string] // session keys: their rows
	linked        set[string] // sessions of which more or less is known that links them
	pulls         set[string] // keys: to be linked and settled
	verifications set[int64]  // to be judged
	groups        set[group]  // whose latest verification may be another
	issues        set[int64]  // whose attempts changed
}

// group is what verifications belong to of which the latest counts: a session
// or, without one, a pull request.
type group struct{ session, pull string }

func newAffected() affected {
	return affected{set[int64]{}, set[int64]{}, set[string]{}, set[string]{}, set[string]{}, set[int64]{}, set[group]{}, set[int64]{}}
}

func (a affected) add(o affected) {
	a.repos.add(o.repos)
	a.reforked.add(o.reforked)
	a.sessions.add(o.sessions)
	a.linked.add(o.linked)
	a.pulls.add(o.pulls)
	a.verifications.add(o.verifications)
	a.groups.add(o.groups)
	a.issues.add(o.issues)
}

// addSession marks a session about which something changed. It ignores "".
func (a affected) addSession(id string) {
	if id != "" {
		a.sessions[id], a.linked[id] = true, true
	}
}

// addVerification marks what depends on a verification.
func (a affected) addVerification(id int64, session, pull string) {
	a.verifications[id], a.groups[group{session, pull}] = true, true
	a.addSession(session)
	if pull != "" {
		a.pulls[pull] = true
	}
}

// set is a set of keys.
type set[K comparable] map[K]bool

func (s set[K]) add(o set[K]) { maps.Copy(s, o) }

// keysOf are the keys of a map as a set.
func keysOf[K comparable, V any](m map[K]V) set[K] {
	keys := make(set[K], len(m))
	for k := range m {
		keys[k] = true
	}
	return keys
}

// addRows adds the keys that a query finds.
func (s set[K]) addRows(tx *store.Tx, query string, args ...any) {
	for _, key := range store.All[K](tx, query, args...) {
		s[key] = true
	}
}

// sorted are the keys of a map in their order, so that what is written does
// not depend on chance.
func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// list are the sorted keys of a map as an argument of store.Tx.In.
func list[K cmp.Ordered, V any](m map[K]V) string { return store.JSON(sorted(m)) }

// Writer is a store with what derives its rows. It is safe for concurrent use.
type Writer struct{ *store.Store }

// New returns the writer of a store, which brings it up to date as time passes.
func New(s *store.Store) *Writer {
	w := &Writer{s}
	s.OnTime(w.EndDecisions)
	return w
}
