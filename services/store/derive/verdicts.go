package derive

import (
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

func (d *derivation) putVerification(id int64, rec *telemetry.Record) {
	tx, v := d.tx, rec.Verification
	ref := telemetry.ParsePull(v.PRURL)
	key := d.ensurePull(v.PRURL)
	name := d.nameOf(id)
	tx.Exec(`INSERT INTO verifications (id, source, session, pull_key, pull_repo, pr_number, pr_url, pr_title, source_run, family, at, file, targeted, fixed, remaining, issue_ids)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		id, name.source, v.SessionID, key, ref.Repo.Key(), v.PRNumber, v.PRURL, v.PRTitle, v.SourceRun, v.Family, store.Millis(rec.Timestamp), name.file, v.TotalTargeted, v.FixedCount, v.Remaining, store.JSON(v.IssueIDs()))
	d.takes[id] = rec.Takes()
	d.concernVerification(id, v.SessionID, key)
}

func (d *derivation) dropVerification(id int64) {
	var session, key string
	if !d.fresh[id] && d.tx.Row(`SELECT session, pull_key FROM verifications WHERE id = $1`, id).Scan(&session, &key).Found {
		d.tx.Exec(`DELETE FROM verifications WHERE id = $1`, id)
		d.takes[id] = nil
		d.concernVerification(id, session, key)
	}
}

// concernVerification marks what a verification's change can change.
func (d *derivation) concernVerification(id int64, session, pull string) {
	d.claims[id] = true
	d.groups[session+"\x00"+pull] = true
	if session != "" {
		d.sessions[session], d.linked[session] = true, true
	}
	if pull != "" {
		d.pulls[pull] = true
	}
}

// verifiedScan returns the scan that a verification is about, and its
// repository: the scan of the run that it names, in the record that started
// its session, else in the repository of its session or of its pull request.
// Where it names neither a known session nor a pull request, the only scan
// of that number is meant. 0 if there is none.
func (d *derivation) verifiedScan(id int64) (scan, repo int64) {
	tx := d.tx
	var session, pullRepo string
	var run int64
	tx.Row(`SELECT session, pull_repo, source_run FROM verifications WHERE id = $1`, id).Scan(&session, &pullRepo, &run)
	type candidate struct{ scan, repo, rank int64 }
	var list []candidate
	tx.Each(`SELECT r.id, r.repo_id, CASE WHEN EXISTS (SELECT 1 FROM mentions m WHERE m.session = $2 AND $2 <> '' AND m.run_id = r.id) THEN 0
			WHEN EXISTS (SELECT 1 FROM mentions m JOIN runs x ON x.id = m.run_id WHERE m.session = $2 AND $2 <> '' AND x.repo_id = r.repo_id) THEN 1
			WHEN p.key = $3 THEN 2 WHEN EXISTS (SELECT 1 FROM homes h WHERE h.repo_id = p.id AND h.key = $3) THEN 3 ELSE 4 END
		FROM runs r JOIN repos p ON p.id = r.repo_id WHERE r.run_number = $1 AND r.kind = 'scan' AND r.has_findings = 1 ORDER BY 3, r.at DESC, r.file DESC, r.source DESC`, []any{run, session, pullRepo}, func(r *store.Row) {
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

// judge writes the outcome of every verification that can have another one:
// its issues were opened or closed, its pull request has changed, or it is
// itself new.
func (d *derivation) judge() {
	tx := d.tx
	if len(d.flipped) > 0 {
		d.claimsOf(`SELECT DISTINCT record_id FROM attempts WHERE claim > 0 AND issue_id `+tx.In(1, "BIGINT"), store.JSON(slices.Sorted(maps.Keys(d.flipped))))
	}
	if len(d.pulls) > 0 {
		d.claimsOf(`SELECT id FROM verifications WHERE pull_key <> '' AND pull_key `+tx.In(1, "TEXT"), store.JSON(slices.Sorted(maps.Keys(d.pulls))))
	}
	d.chooseLatest()
	if len(d.claims) == 0 || tx.Err() != nil {
		return
	}
	type verdict struct {
		gone, there int64
		merge       telemetry.MergeState
		outcome     telemetry.Verdict
	}
	old, now := map[int64]verdict{}, map[int64]verdict{}
	tx.Each(`SELECT v.id, v.targeted, v.fixed, v.remaining, v.unmatched, v.gone_n, v.there_n, v.merge_state, v.outcome, COALESCE(p.state, ''), COALESCE(p.merged_at, 0), COALESCE(p.fetched, 0),
			(SELECT COUNT(*) FROM attempts a JOIN issues i ON i.id = a.issue_id WHERE a.record_id = v.id AND a.claim = 1 AND i.status_rank >= $2),
			(SELECT COUNT(*) FROM attempts a JOIN issues i ON i.id = a.issue_id WHERE a.record_id = v.id AND a.claim = 1 AND i.status_rank < $2)
		FROM verifications v LEFT JOIN pulls p ON p.key = v.pull_key WHERE v.id `+tx.In(1, "BIGINT"), []any{store.JSON(slices.Sorted(maps.Keys(d.claims))), telemetry.StatusFixed.Rank()}, func(r *store.Row) {
		var id, merged, fetched int64
		var c telemetry.Claimed
		var was, is verdict
		var state string
		r.Scan(&id, &c.Targeted, &c.Fixed, &c.Remaining, &c.Unmatched, &was.gone, &was.there, &was.merge, &was.outcome, &state, &merged, &fetched, &is.gone, &is.there)
		c.Gone, c.StillThere, c.Merge = is.gone, is.there, mergeState(state, merged)
		is.merge, is.outcome = c.Merge, c.Verdict()
		old[id], now[id] = was, is
	})
	for _, id := range slices.Sorted(maps.Keys(now)) {
		if v := now[id]; v != old[id] {
			tx.Touch(telemetry.TopicRecords)
			tx.Exec(`UPDATE verifications SET gone_n = $1, there_n = $2, merge_state = $3, outcome = $4 WHERE id = $5`, v.gone, v.there, string(v.merge), string(v.outcome), id)
		}
	}
}

func mergeState(state string, merged int64) telemetry.MergeState {
	switch {
	case merged != 0:
		return telemetry.MergeDone
	case state == "open" || state == "closed":
		return telemetry.MergeNot
	}
	return telemetry.MergeUnknown
}

func (d *derivation) claimsOf(query string, arg any) {
	d.tx.Each(query, []any{arg}, func(r *store.Row) {
		var id int64
		r.Scan(&id)
		d.claims[id] = true
	})
}

// chooseLatest marks the latest verification of each session: it alone
// counts. Records without a session count by their pull request.
func (d *derivation) chooseLatest() {
	tx := d.tx
	for _, g := range slices.Sorted(maps.Keys(d.groups)) {
		session, pull, _ := strings.Cut(g, "\x00")
		where, arg := `session = $1`, session
		if session == "" {
			where, arg = `session = '' AND pull_key = $1`, pull
		}
		tx.Exec(`UPDATE verifications SET current = CASE WHEN id = (SELECT id FROM verifications WHERE `+where+` ORDER BY at DESC, file DESC, source DESC LIMIT 1) THEN 1 ELSE 0 END WHERE `+where, arg)
	}
	clear(d.groups)
}
