package derive

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
)

// putClaims writes what came of each attempt at the issues concerned: those
// that scans can have changed, of sessions and pull requests of which more or
// less is known, and those whose attempts have changed.
func putClaims(tx *store.Tx, scans applied, todo affected) {
	issues := concernedIssues(tx, scans, todo)
	if tx.Err() != nil || len(issues)+len(scans.replayed) == 0 {
		return
	}
	old := storedClaims(tx, issues, scans.replayed)
	var changed [][]store.Field
	for _, row := range outcomes.Of(tx, sorted(issues)) {
		if was, known := old[row.Key()]; !known || was != row {
			changed = append(changed, row.Fields())
		}
		delete(old, row.Key())
	}
	for key := range old {
		tx.Exec(`DELETE FROM claims WHERE session = $1 AND issue_id = $2`, key.Session, key.Issue)
	}
	if len(old)+len(changed) > 0 {
		tx.Touch(telemetry.TopicSessions)
	}
	tx.Put("claims", "session, issue_id", changed...)
}

// concernedIssues are the issues whose attempts may have come to another end.
// A scan after all others changes those that waited for one, and those that it
// opens or closes.
func concernedIssues(tx *store.Tx, scans applied, todo affected) set[int64] {
	issues, sessions := set[int64]{}, set[string]{}
	issues.add(scans.flipped)
	issues.add(todo.issues)
	sessions.add(todo.sessions)
	if len(todo.issues) > 0 { // the shares of a session's other issues change, too
		in, ids := tx.In(1, "BIGINT"), list(todo.issues)
		sessions.addRows(tx, `SELECT session FROM attempts WHERE session <> '' AND issue_id `+in, ids)
		sessions.addRows(tx, `SELECT session FROM claims WHERE issue_id `+in, ids)
	}
	if len(todo.pulls) > 0 {
		sessions.addRows(tx, `SELECT session FROM links WHERE pull_key `+tx.In(1, "TEXT"), list(todo.pulls))
	}
	if len(sessions) > 0 {
		issues.addRows(tx, `SELECT issue_id FROM attempts WHERE session <> '' AND session `+tx.In(1, "TEXT"), list(sessions))
	}
	for repo := range scans.repos {
		if scans.replayed[repo] {
			issues.addRows(tx, `SELECT id FROM issues WHERE repo_id = $1 AND attempts > 0`, repo)
			continue
		}
		issues.addRows(tx, `SELECT issue_id FROM claims WHERE repo_id = $1 AND found = 'not_rescanned'`, repo)
	}
	return issues
}

func storedClaims(tx *store.Tx, issues, repos set[int64]) map[outcomes.Key]outcomes.Claim {
	found := map[outcomes.Key]outcomes.Claim{}
	read := func(r *store.Row) {
		var c outcomes.Claim
		r.Scan(store.Pointers(c.Fields())...)
		found[c.Key()] = c
	}
	columns := store.Names((&outcomes.Claim{}).Fields())
	tx.Each(`SELECT `+columns+` FROM claims WHERE issue_id `+tx.In(1, "BIGINT"), []any{list(issues)}, read)
	for repo := range repos {
		tx.Each(`SELECT `+columns+` FROM claims WHERE repo_id = $1`, []any{repo}, read)
	}
	return found
}
