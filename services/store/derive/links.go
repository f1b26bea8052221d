package derive

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// linkPulls links pull requests and sessions again wherever more or less is
// known than before, and nowhere else: a new record costs what it names, not
// its repository's history. The pull requests that it gives are all that
// were linked.
func linkPulls(r *records, linked, pulls set[string]) affected {
	out, tx := newAffected(), r.tx
	out.pulls.add(pulls)
	addLinked(tx, linked, out.pulls)
	if len(out.pulls) == 0 || tx.Err() != nil {
		return out
	}
	keys, wanted, have := list(out.pulls), map[[2]string]telemetry.Link{}, map[[2]string]telemetry.Link{}
	reverts := revertsAmong(r, keys)
	for _, l := range telemetry.LinkAll(linkSessions(r, keys), pullsToLink(tx, keys)) {
		if out.pulls[l.Pull] && !reverts[l.Pull] {
			wanted[[2]string{l.Pull, l.Session}] = l
		}
	}
	tx.Each(`SELECT pull_key, session, basis, ambiguous FROM links WHERE pull_key `+tx.In(1, "TEXT"), []any{keys}, func(r *store.Row) {
		var l telemetry.Link
		r.Scan(&l.Pull, &l.Session, &l.Basis, &l.Ambiguous)
		have[[2]string{l.Pull, l.Session}] = l
	})
	for k, l := range have {
		if wanted[k] != l {
			tx.Exec(`DELETE FROM links WHERE pull_key = $1 AND session = $2`, l.Pull, l.Session)
			out.sessions[l.Session] = true
		}
	}
	var rows [][]store.Field
	for k, l := range wanted {
		if have[k] != l {
			rows = append(rows, []store.Field{
				store.Col("pull_key TEXT", l.Pull), store.Col("session TEXT", l.Session),
				store.Col("basis TEXT", string(l.Basis)), store.Col("ambiguous SMALLINT", store.Flag(l.Ambiguous)),
			})
			out.sessions[l.Session] = true
		}
	}
	tx.Put("links", "", rows...)
	out.repos.add(updatePulls(tx, keys))
	noteKnown(tx, keys)
	return out
}

// addLinked adds to pull requests all that something of the sessions links, or linked.
func addLinked(tx *store.Tx, sessions, pulls set[string]) {
	if len(sessions) == 0 {
		return
	}
	in := tx.In(1, "TEXT")
	pulls.addRows(tx, `SELECT pull_key FROM links WHERE session `+in+`
		UNION SELECT pull_key FROM mentions WHERE pull_key <> '' AND session `+in+`
		UNION SELECT pull_key FROM poll_pulls WHERE session `+in+`
		UNION SELECT pull_key FROM verifications WHERE pull_key <> '' AND session `+in+`
		UNION SELECT pull_key FROM pull_tokens WHERE token `+in+`
		UNION SELECT p.pull_key FROM mention_ids m JOIN pull_ids p ON p.issue_id = m.issue_id WHERE m.session `+in, list(sessions))
}

// linkSessions returns the sessions that may be linked to the pull requests, and by what.
func linkSessions(r *records, keys string) []telemetry.LinkSession {
	tx, in := r.tx, r.tx.In(1, "TEXT")
	sessions := map[string]*telemetry.LinkSession{}
	of := func(id string) *telemetry.LinkSession {
		if sessions[id] == nil {
			sessions[id] = &telemetry.LinkSession{ID: id}
		}
		return sessions[id]
	}
	candidates := func(query string, add func(s *telemetry.LinkSession, ref telemetry.PullRef)) {
		tx.Each(query, []any{keys}, func(r *store.Row) {
			var id string
			var ref telemetry.PullRef
			r.Scan(&id, &ref.Repo, &ref.Number)
			add(of(id), ref)
		})
	}
	const known = ` AND EXISTS (SELECT 1 FROM mentions k WHERE k.session = x.session)`
	candidates(`SELECT DISTINCT x.session, p.repo_key, p.number FROM mentions x JOIN pulls p ON p.key = x.pull_key
		WHERE x.session <> '' AND x.pull_key <> '' AND x.pull_key `+in,
		func(s *telemetry.LinkSession, ref telemetry.PullRef) { s.Recorded = append(s.Recorded, ref) })
	candidates(`SELECT x.session, p.repo_key, p.number FROM poll_pulls x JOIN pulls p ON p.key = x.pull_key WHERE x.pull_key `+in+known,
		func(s *telemetry.LinkSession, ref telemetry.PullRef) { s.Devin = append(s.Devin, ref) })
	candidates(`SELECT DISTINCT x.session, p.repo_key, p.number FROM verifications x JOIN pulls p ON p.key = x.pull_key
		WHERE x.session <> '' AND x.pull_key `+in+known,
		func(s *telemetry.LinkSession, ref telemetry.PullRef) { s.Verified = append(s.Verified, ref) })
	for _, id := range store.All[string](tx, `SELECT DISTINCT m.session FROM pull_tokens t JOIN mentions m ON m.session = t.token
		WHERE t.pull_key `+in, keys) {
		of(id)
	}
	tx.Each(`SELECT DISTINCT m.session, m.issue_id, r.target_repo, r.fork_url
		FROM pull_ids p JOIN mention_ids m ON m.issue_id = p.issue_id JOIN runs r ON r.id = m.run_id WHERE p.pull_key `+in,
		[]any{keys}, func(row *store.Row) {
			var id, issue, target, fork string
			row.Scan(&id, &issue, &target, &fork)
			s := of(id)
			s.IssueIDs = append(s.IssueIDs, issue)
			s.Repos = append(s.Repos, r.nameNow(telemetry.ParseRepo(target)).Key(), r.nameNow(telemetry.ParseRepo(fork)).Key())
		})
	out := make([]telemetry.LinkSession, 0, len(sessions))
	for _, id := range sorted(sessions) {
		out = append(out, *sessions[id])
	}
	return out
}

// pullsToLink returns the pull requests with what their texts name.
func pullsToLink(tx *store.Tx, keys string) []telemetry.LinkPull {
	var pulls []telemetry.LinkPull
	place := map[string]int{}
	tx.Each(`SELECT key, repo, number, issue_ids FROM pulls WHERE key `+tx.In(1, "TEXT")+` ORDER BY key`, []any{keys}, func(r *store.Row) {
		var key string
		var p telemetry.LinkPull
		r.Scan(&key, &p.Ref.Repo, &p.Ref.Number, store.ListOf(&p.IssueIDs))
		place[key] = len(pulls)
		pulls = append(pulls, p)
	})
	// One that stayed of a repository that is gone says nothing more.
	tx.Each(`SELECT t.pull_key, t.token FROM pull_tokens t JOIN pulls p ON p.key = t.pull_key
		WHERE t.pull_key `+tx.In(1, "TEXT")+` AND `+isPullRepo+` ORDER BY t.pull_key, t.token`, []any{keys}, func(r *store.Row) {
		var key, token string
		r.Scan(&key, &token)
		pulls[place[key]].Tokens = append(pulls[place[key]].Tokens, token)
	})
	return pulls
}
