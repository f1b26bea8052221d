package store

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// SessionDetail returns a session by its bare id, or by the key of one that
// never started, with all that is known of it; found is false if no run
// record names it.
func (s *Store) SessionDetail(ctx context.Context, key string) (d telemetry.SessionDetail, found bool, err error) {
	err = s.Read(ctx, func(tx *Tx) error {
		d, found = telemetry.SessionDetail{States: []telemetry.StateChange{}}, false
		rows := sessionsWhere(tx, `WHERE s.key = $1`, key)
		if len(rows) == 0 {
			return tx.err
		}
		d.SessionRow, found = rows[0], true
		var missing int64
		tx.Row(`SELECT missing_since FROM polls WHERE session = $1`, key).Scan(&missing)
		d.MissingSince = at(missing)
		tx.Each(`SELECT state, word, detail, origin, at FROM state_log WHERE session = $1 ORDER BY id`, []any{key}, func(r *Row) {
			var c telemetry.StateChange
			var when int64
			r.Scan(&c.State, &c.Word, &c.Detail, &c.Origin, &when)
			c.At = at(when)
			d.States = append(d.States, c)
		})
		d.Mentions = mentionsWhere(tx, `m.session = $1 AND m.session <> '' ORDER BY r.at DESC, r.file DESC, m.ord`, key)
		d.Issues = issuesWhere(tx, `WHERE i.id IN (SELECT issue_id FROM attempts WHERE session = $1 AND session <> '')`+inOrder, key)
		d.IssuesNamed = len(d.Issues) > 0
		d.Pulls = pullsWhere(tx, `WHERE p.key IN (SELECT pull_key FROM links WHERE session = $1) ORDER BY p.sort_at DESC, p.key`, key)
		d.Verifications = verificationsWhere(tx, `WHERE v.session = $1 AND v.session <> '' ORDER BY v.at DESC, v.file DESC`, key)
		return tx.err
	})
	return d, found, err
}

// sessionsWhere returns rows of sessions.
func sessionsWhere(tx *Tx, of string, args ...any) []telemetry.SessionRow {
	rows := []telemetry.SessionRow{}
	tx.Each(`SELECT `+sessionRowColumns+` FROM `+sessionRowTables+` `+of, args, func(r *Row) {
		var v telemetry.SessionRow
		scanSession(r, &v)
		rows = append(rows, v)
	})
	return rows
}

// mentionsWhere returns what run records say of sessions.
func mentionsWhere(tx *Tx, where string, args ...any) []telemetry.Mention {
	list := []telemetry.Mention{}
	tx.Each(`SELECT r.file, r.source, r.kind, r.run_number, r.at, m.shown_id, m.url, m.status, m.batch_id, m.issue_ids, m.pr_url,
			CASE WHEN EXISTS (SELECT 1 FROM attempts a WHERE a.record_id = m.run_id AND a.session = m.session AND m.session <> '') THEN 1 ELSE 0 END
		FROM mentions m JOIN runs r ON r.id = m.run_id WHERE `+where, args, func(r *Row) {
		var m telemetry.Mention
		var when int64
		var ids string
		var named int
		r.Scan(&m.RunFile, &m.Source, &m.Kind, &m.RunNumber, &when, &m.ID, &m.URL, &m.Status, &m.BatchID, &ids, &m.PRURL, &named)
		m.At, m.IssueIDs, m.IssuesNamed = at(when), fromJSON[[]string](r.tx, ids), named == 1
		list = append(list, m)
	})
	return list
}

// PullDetail returns a listed pull request with all that is known of it.
func (s *Store) PullDetail(ctx context.Context, ref telemetry.PullRef) (d telemetry.PullDetail, found bool, err error) {
	key := ref.Key()
	err = s.Read(ctx, func(tx *Tx) error {
		d, found = telemetry.PullDetail{Sessions: []telemetry.LinkedSession{}}, false
		rows := pullsWhere(tx, `WHERE p.listed = 1 AND p.key = $1`, key)
		if len(rows) == 0 {
			return tx.err
		}
		d.PullRow, found = rows[0], true
		tx.Each(`SELECT `+sessionRowColumns+`, l.basis, l.guess FROM `+sessionRowTables+` JOIN links l ON l.session = s.key WHERE l.pull_key = $1 ORDER BY l.guess, s.at DESC, s.key`, []any{key}, func(r *Row) {
			var v telemetry.LinkedSession
			scanSessionAnd(r, &v.SessionRow, &v.Basis, &v.Guess)
			d.Sessions = append(d.Sessions, v)
		})
		d.Issues = issuesWhere(tx, `WHERE i.id IN (SELECT a.issue_id FROM attempts a JOIN links l ON l.session = a.session AND l.guess = 0 WHERE l.pull_key = $1 AND a.session <> ''
			UNION SELECT a.issue_id FROM attempts a JOIN verifications v ON v.id = a.record_id WHERE v.pull_key = $1)`+inOrder, key)
		d.Verifications = verificationsWhere(tx, `WHERE v.pull_key = $1 ORDER BY v.at DESC, v.file DESC`, key)
		return tx.err
	})
	return d, found, err
}
