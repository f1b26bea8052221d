package derive

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
)

func (o *recorded) putVerification(id int64, rec *telemetry.Record) {
	v := rec.Verification
	ref, key, name := telemetry.ParsePull(v.PRURL), ensurePull(o.records, v.PRURL, o.pulls), o.name(id)
	o.tx.Put("verifications", "", []store.Field{
		store.Col("id BIGINT", id), store.Col("source TEXT", name.source), store.Col("session TEXT", v.SessionID),
		store.Col("pull_key TEXT", key), store.Col("pull_repo TEXT", o.nameNow(ref.Repo).Key()),
		store.Col("pr_number BIGINT", v.PRNumber), store.Col("pr_url TEXT", v.PRURL), store.Col("pr_title TEXT", v.PRTitle),
		store.Col("source_run BIGINT", v.SourceRun), store.Col("family TEXT", v.Family),
		store.Col("at BIGINT", store.Millis(rec.Timestamp)), store.Col("file TEXT", name.file),
		store.Col("targeted BIGINT", v.TotalTargeted), store.Col("fixed BIGINT", v.FixedCount),
		store.Col("remaining BIGINT", v.Remaining), store.Col("issue_ids TEXT", store.JSON(v.IssueIDs())),
	})
	o.attempts[id] = rec.Attempts()
	o.addVerification(id, v.SessionID, key)
}

func (o *recorded) dropVerification(id int64) {
	var session, key string
	if o.tx.Row(`SELECT session, pull_key FROM verifications WHERE id = $1`, id).Scan(&session, &key).Found {
		o.tx.Exec(`DELETE FROM verifications WHERE id = $1`, id)
		o.attempts[id] = nil
		o.addVerification(id, session, key)
	}
}

// verifiedScan returns the scan that a verification is about, and its
// repository: the scan of the run that it names, in the record that started
// its session, else in the repository of its session or of its pull request.
// Where it names neither a known session nor a pull request, the only scan
// of that number is meant. 0 if there is none.
func verifiedScan(tx *store.Tx, id int64) (scan, repo int64) {
	var session, pullRepo string
	var run int64
	tx.Row(`SELECT session, pull_repo, source_run FROM verifications WHERE id = $1`, id).Scan(&session, &pullRepo, &run)
	type candidate struct{ scan, repo, rank int64 }
	var list []candidate
	tx.Each(`SELECT r.id, r.repo_id, CASE WHEN EXISTS (SELECT 1 FROM mentions m WHERE m.session = $2 AND $2 <> '' AND m.run_id = r.id) THEN 0
			WHEN EXISTS (SELECT 1 FROM mentions m JOIN runs x ON x.id = m.run_id WHERE m.session = $2 AND $2 <> '' AND x.repo_id = r.repo_id) THEN 1
			WHEN p.key = $3 THEN 2 WHEN EXISTS (SELECT 1 FROM pull_repos h WHERE h.repo_id = p.id AND h.key = $3) THEN 3 ELSE 4 END
		FROM runs r JOIN repos p ON p.id = r.repo_id WHERE r.run_number = $1 AND r.kind = 'scan' AND r.has_findings = 1
		ORDER BY 3, r.at DESC, r.file DESC, r.source DESC`, []any{run, session, pullRepo}, func(r *store.Row) {
		var c candidate
		r.Scan(&c.scan, &c.repo, &c.rank)
		list = append(list, c)
	})
	switch {
	case len(list) == 0:
		return 0, 0
	case list[0].rank < 4, len(list) == 1 && pullRepo == "":
		return list[0].scan, list[0].repo
	}
	return 0, 0
}

// updateOutcomes writes the outcome of every verification that can have another one:
// its issues were opened or closed (flipped), its repository was scanned, its
// pull request has changed, or it is itself new. It returns those that have one.
func updateOutcomes(tx *store.Tx, flipped, scanned set[int64], todo affected) set[int64] {
	concerned, changed := set[int64]{}, set[int64]{}
	concerned.add(todo.verifications)
	if len(flipped) > 0 {
		concerned.addRows(tx, `SELECT DISTINCT record_id FROM attempts WHERE result > 0 AND issue_id `+tx.In(1, "BIGINT"), list(flipped))
	}
	if len(scanned) > 0 {
		concerned.addRows(tx, `SELECT id FROM verifications WHERE merge_state = 'merged' AND repo_id `+tx.In(1, "BIGINT"), list(scanned))
	}
	if len(todo.pulls) > 0 {
		concerned.addRows(tx, `SELECT id FROM verifications WHERE pull_key <> '' AND pull_key `+tx.In(1, "TEXT"), list(todo.pulls))
	}
	for session := range verifiedAmong(tx, todo.linked) {
		todo.groups[group{session: session}] = true
	}
	for g := range todo.groups {
		chooseLatest(tx, g)
	}
	if len(concerned) == 0 || tx.Err() != nil {
		return changed
	}
	old := store.Rows(tx, `SELECT id, gone_n, there_n, merge_state, outcome FROM verifications WHERE id `+tx.In(1, "BIGINT"),
		[]any{list(concerned)}, func(v *outcomes.Verified) []any { return []any{&v.ID, &v.Gone, &v.StillThere, &v.Merge, &v.Outcome} })
	now := outcomes.OfVerifications(tx, sorted(concerned))
	for _, v := range old {
		if now[v.ID] != v {
			v = now[v.ID]
			changed[v.ID] = true
			tx.Touch(telemetry.TopicRecords)
			tx.Exec(`UPDATE verifications SET gone_n = $1, there_n = $2, merge_state = $3, outcome = $4 WHERE id = $5`,
				v.Gone, v.StillThere, string(v.Merge), string(v.Outcome), v.ID)
		}
	}
	return changed
}

// verifiedAmong are the sessions that have a verification.
func verifiedAmong(tx *store.Tx, sessions set[string]) set[string] {
	verified := set[string]{}
	if len(sessions) > 0 {
		verified.addRows(tx, `SELECT DISTINCT session FROM verifications WHERE session `+tx.In(1, "TEXT"), list(sessions))
	}
	return verified
}

// chooseLatest marks the latest verification of a group: it alone counts. A
// session that no record names may be no session at all, but what a pattern cut
// out of a text: its verifications then belong to their pull requests.
func chooseLatest(tx *store.Tx, g group) {
	where, arg, together := `session = $1`, g.session, ` AND n.pull_key = verifications.pull_key`
	switch {
	case g.session == "":
		where, arg = `session = '' AND pull_key = $1`, g.pull
	case tx.Has(`SELECT 1 FROM mentions WHERE session = $1 LIMIT 1`, g.session):
		together = ""
	}
	tx.Exec(`UPDATE verifications SET current = CASE WHEN EXISTS (SELECT 1 FROM verifications n
		WHERE n.session = verifications.session`+together+`
			AND (n.at, n.file, n.source) > (verifications.at, verifications.file, verifications.source))
		THEN 0 ELSE 1 END WHERE `+where, arg)
}
