package derive

import (
	"maps"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
)

// putNeeds writes what waits for a person in the repositories in which that can
// have changed.
func putNeeds(tx *store.Tx, scanned set[int64], todo affected) {
	repos := reposWaiting(tx, scanned, todo)
	if len(repos) == 0 || tx.Err() != nil {
		return
	}
	in, ids := tx.In(1, "BIGINT"), list(repos)
	tx.Exec(`DELETE FROM needs WHERE repo_id `+in, ids)
	tx.Exec(`INSERT INTO needs (`+outcomes.NeedColumns+`) `+outcomes.NeedsOf(in), ids)
	if repos[0] {
		tx.Exec(`INSERT INTO needs (` + outcomes.NeedColumns + `) ` + outcomes.NeedsElsewhere())
	}
}

// reposWaiting are the repositories in which something else may wait than
// before: those of which anything changed, and where a pull request that
// changed belongs, and belonged; 0 stands for none that is known.
func reposWaiting(tx *store.Tx, scanned set[int64], todo affected) set[int64] {
	repos := maps.Clone(todo.repos)
	repos.add(scanned)
	if len(todo.issues) > 0 {
		repos.addRows(tx, `SELECT DISTINCT repo_id FROM issues WHERE id `+tx.In(1, "BIGINT"), list(todo.issues))
	}
	sessions, verifications, pulls := maps.Clone(todo.sessions), maps.Clone(todo.verifications), maps.Clone(todo.pulls)
	sessions.add(todo.linked)
	if len(sessions) > 0 {
		in, keys := tx.In(1, "TEXT"), list(sessions)
		repos.addRows(tx, `SELECT DISTINCT repo_id FROM sessions WHERE key `+in, keys)
		verifications.addRows(tx, `SELECT id FROM verifications WHERE session `+in, keys)
	}
	if len(pulls) > 0 {
		verifications.addRows(tx, `SELECT id FROM verifications WHERE pull_key `+tx.In(1, "TEXT"), list(pulls))
	}
	if len(verifications) > 0 {
		in, ids := tx.In(1, "BIGINT"), list(verifications)
		repos.addRows(tx, `SELECT DISTINCT i.repo_id FROM attempts a JOIN issues i ON i.id = a.issue_id WHERE a.record_id `+in, ids)
		pulls.addRows(tx, `SELECT DISTINCT pull_key FROM verifications WHERE pull_key <> '' AND id `+in, ids)
	}
	if len(pulls) > 0 {
		in, keys := tx.In(1, "TEXT"), list(pulls)
		repos.addRows(tx, `SELECT DISTINCT `+outcomes.RepoOfPull+` FROM pulls p WHERE p.key `+in, keys)
		repos.addRows(tx, `SELECT DISTINCT repo_id FROM needs WHERE pull <> '' AND pull `+in, keys)
		repos.addRows(tx, `SELECT DISTINCT i.repo_id FROM links k JOIN issues i ON i.session = k.session AND i.session <> ''
			WHERE k.pull_key `+in, keys)
	}
	return repos
}
