package derive

import (
	"cmp"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// alias is what the name of a repository stands for: what GitHub calls it now,
// and the repository under which runs that name it count. These differ for a
// target that is the fork of another one.
type alias struct{ name, repo telemetry.RepoName }

// lookup is what GitHub said of a repository when it was asked for by a name.
type lookup struct {
	key             string
	id              int64
	name, parent    telemetry.RepoName
	archived        bool
	shown, missing  int64
	misses          int64
	asked, askAgain int64
}

func (l *lookup) fields() []store.Field {
	return []store.Field{
		store.Col("key TEXT", &l.key), store.Col("github_id BIGINT", &l.id), store.Col("name TEXT", &l.name),
		store.Col("parent TEXT", &l.parent), store.Col("archived SMALLINT", &l.archived), store.Col("shown_at BIGINT", &l.shown),
		store.Col("missing_at BIGINT", &l.missing), store.Col("misses BIGINT", &l.misses), store.Col("asked_at BIGINT", &l.asked),
		store.Col("ask_at BIGINT", &l.askAgain),
	}
}

func readLookups(tx *store.Tx) map[string]*lookup {
	lookups := map[string]*lookup{}
	for _, l := range store.Rows(tx, `SELECT `+store.Names((&lookup{}).fields())+` FROM repo_lookups`, nil, func(l *lookup) []any {
		return store.Pointers(l.fields())
	}) {
		lookups[l.key] = &l
	}
	return lookups
}

// namedPair is a target and a fork as runs name them, each as a key; fork is ""
// where a run names none but its target.
type namedPair struct{ target, fork string }

// names says what names of repositories stand for, by what GitHub said.
type names struct {
	lookups map[string]*lookup
	newest  map[int64]*lookup // by numeric id: what was said last
}

func namesOf(lookups map[string]*lookup) names {
	n := names{lookups, map[int64]*lookup{}}
	for _, l := range lookups {
		if have := n.newest[l.id]; l.id != 0 && (have == nil || cmp.Or(cmp.Compare(l.shown, have.shown), cmp.Compare(have.key, l.key)) > 0) {
			n.newest[l.id] = l
		}
	}
	return n
}

// now is what GitHub calls a repository now, itself where nothing else is known.
// What counts is what GitHub says last: where another repository was made under
// an old name, all that names it means that one, whatever the date of the record.
// Nothing tells when the name went from one to the other.
func (n names) now(key string) telemetry.RepoName {
	l := n.lookups[key]
	if l == nil || l.id == 0 {
		return telemetry.RepoName(key)
	}
	name := n.newest[l.id].name
	// Another repository may have been found under that name since.
	if other := n.lookups[name.Key()]; other != nil && other.id != 0 && other.id != l.id && other.shown >= n.newest[l.id].shown {
		return telemetry.RepoName(key)
	}
	return name
}

// aliasesOf returns the names that stand for another one. A target that the runs
// of exactly one other target name as their fork is that repository; where several
// do, it stays one by itself.
func aliasesOf(pairs []namedPair, lookups map[string]*lookup) map[string]alias {
	n := namesOf(lookups)
	targets, parents, spelled := set[string]{}, map[string]set[string]{}, map[string]telemetry.RepoName{}
	now := func(key string) string {
		name := n.now(key)
		if have, known := spelled[name.Key()]; !known || string(have) == name.Key() {
			spelled[name.Key()] = name
		}
		return name.Key()
	}
	for _, p := range pairs {
		target := now(p.target)
		targets[target] = true
		if fork := p.fork; fork != "" {
			if fork = now(fork); fork != target {
				if parents[fork] == nil {
					parents[fork] = set[string]{}
				}
				parents[fork][target] = true
			}
		}
	}
	aliases := map[string]alias{}
	for key := range n.keys(pairs) {
		name := now(key)
		repo := rootOf(name, targets, parents)
		if name != key || repo != key {
			aliases[key] = alias{spelled[name], spelled[repo]}
		}
	}
	return aliases
}

// keys are the names that runs have for repositories, and the others that GitHub
// had for these.
func (n names) keys(pairs []namedPair) set[string] {
	keys, ids := set[string]{}, set[int64]{}
	for _, p := range pairs {
		for _, key := range [...]string{p.target, p.fork} {
			if key == "" {
				continue
			}
			keys[key] = true
			if l := n.lookups[key]; l != nil && l.id != 0 {
				ids[l.id] = true
			}
		}
	}
	for key, l := range n.lookups {
		if ids[l.id] {
			keys[key] = true
		}
	}
	return keys
}

// rootOf follows a target to the one that names it as its fork, as far as that
// goes. Of targets that name each other, the first by name is meant.
func rootOf(key string, targets set[string], parents map[string]set[string]) string {
	way := []string{key}
	for targets[key] && len(parents[key]) == 1 {
		key = sorted(parents[key])[0]
		if at := slices.Index(way, key); at >= 0 {
			return slices.Min(way[at:])
		}
		way = append(way, key)
	}
	return key
}

// readAliases returns the names that stand for another one.
func readAliases(tx *store.Tx) map[string]alias {
	aliases := map[string]alias{}
	tx.Each(`SELECT key, name, repo FROM repo_aliases`, nil, func(row *store.Row) {
		var key string
		var a alias
		row.Scan(&key, &a.name, &a.repo)
		aliases[key] = a
	})
	return aliases
}

// nameNow is a repository's name, the new one where it was renamed.
func (r *records) nameNow(repo telemetry.RepoName) telemetry.RepoName {
	if a, known := r.aliased[repo.Key()]; known && a.name.Key() != repo.Key() {
		return a.name
	}
	return repo
}

// repoOf is the repository under which a record of a target counts.
func (r *records) repoOf(target telemetry.RepoName) telemetry.RepoName {
	if a, known := r.aliased[target.Key()]; known && a.repo.Key() != target.Key() {
		return a.repo
	}
	return target
}

// pairOf is what a run names.
func pairOf(target, fork telemetry.RepoName) namedPair {
	if fork.Key() == target.Key() {
		fork = ""
	}
	return namedPair{target.Key(), fork.Key()}
}

// countNamed counts the runs that name a target and a fork, and reports whether
// some are named that were not, or are no longer.
func countNamed(tx *store.Tx, more map[namedPair]int64) (changed bool) {
	for pair, n := range more {
		if n == 0 || tx.Err() != nil {
			continue
		}
		was := store.One[int64](tx, `SELECT runs FROM named_repos WHERE target = $1 AND fork = $2`, pair.target, pair.fork)
		changed = changed || was == 0 || was+n <= 0
		tx.Exec(`INSERT INTO named_repos (target, fork, runs) VALUES ($1, $2, $3)
			ON CONFLICT (target, fork) DO UPDATE SET runs = named_repos.runs + excluded.runs`, pair.target, pair.fork, n)
		if was+n <= 0 {
			tx.Exec(`DELETE FROM named_repos WHERE target = $1 AND fork = $2`, pair.target, pair.fork)
		}
	}
	return changed
}
