package details

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// SessionDetail returns a session by its key, or by the key of one that
// never started, with all that was known of it at a time; found is false if no
// run record named it.
func (d *Details) SessionDetail(ctx context.Context, key string, at time.Time) (s telemetry.SessionDetail, found bool, err error) {
	err = lists.ReadAt(ctx, d.store, at, func(tx *store.Tx) error {
		s, found = telemetry.SessionDetail{States: []telemetry.StateChange{}}, false
		rows := d.sessions.Where(tx, `WHERE s.key = $1`, key)
		if len(rows) == 0 {
			return tx.Err()
		}
		s.SessionRow, found = rows[0], true
		tx.Row(`SELECT missing_since FROM polls WHERE session = $1`, key).Scan(&s.MissingSince)
		s.States = store.Rows(tx, `SELECT state, status, detail, origin, at FROM state_log WHERE session = $1 ORDER BY id`, []any{key},
			func(c *telemetry.StateChange) []any { return []any{&c.State, &c.Status, &c.Detail, &c.Origin, &c.At} })
		s.Mentions = mentionsWhere(tx, `m.session = $1 AND m.session <> '' ORDER BY r.at DESC, r.file DESC, m.ord`, key)
		s.Issues = d.issues.Where(tx, `WHERE i.id IN (SELECT issue_id FROM attempts WHERE session = $1 AND session <> '')`+worstFirst, key)
		s.IssuesNamed = len(s.Issues) > 0
		s.Pulls = d.pulls.Where(tx, `WHERE p.key IN (SELECT pull_key FROM links WHERE session = $1) ORDER BY p.sort_at DESC, p.key`, key)
		s.Verifications = d.verifications.Where(tx, `WHERE v.session = $1 AND v.session <> '' ORDER BY v.at DESC, v.file DESC`, key)
		claimsOfSession(tx, key, &s)
		return tx.Err()
	})
	return s, found, err
}

// mentionsWhere returns what run records say of sessions.
func mentionsWhere(tx *store.Tx, where string, args ...any) []telemetry.Mention {
	return store.Rows(tx, `SELECT r.file, r.source, r.kind, r.run_number, r.at, r.at_text,
			m.shown_id, m.url, m.status, m.batch_id, m.issue_ids, m.pr_url,
			CASE WHEN EXISTS (SELECT 1 FROM attempts a WHERE a.record_id = m.run_id AND a.session = m.session AND m.session <> '')
				THEN 1 ELSE 0 END
		FROM mentions m JOIN runs r ON r.id = m.run_id WHERE `+where, args, func(m *telemetry.Mention) []any {
		return []any{&m.RunFile, &m.Source, &m.Kind, &m.RunNumber, &m.At, store.RecordedOf(&m.At), &m.ID, &m.URL, &m.Status, &m.BatchID,
			store.ListOf(&m.IssueIDs), &m.PRURL, &m.IssuesNamed}
	})
}

// PullDetail returns a listed pull request with all that was known of it at a
// time, also by a former name of its repository.
func (d *Details) PullDetail(ctx context.Context, ref telemetry.PullRef, at time.Time) (p telemetry.PullDetail, found bool, err error) {
	err = lists.ReadAt(ctx, d.store, at, func(tx *store.Tx) error {
		p, found = telemetry.PullDetail{}, false
		key := telemetry.PullRef{Repo: lists.PresentName(tx, ref.Repo), Number: ref.Number}.Key()
		rows := d.pulls.Where(tx, `WHERE p.listed = 1 AND p.key = $1`, key)
		if len(rows) == 0 {
			return tx.Err()
		}
		p.PullRow, found = rows[0], true
		const linked = `JOIN links l ON l.session = s.key WHERE l.pull_key = $1 ORDER BY l.ambiguous, s.at DESC, s.key`
		p.Sessions = store.Rows(tx, `SELECT l.basis, l.ambiguous FROM sessions s `+linked, []any{key},
			func(v *telemetry.LinkedSession) []any { return []any{&v.Basis, &v.Ambiguous} })
		for i, row := range d.sessions.Where(tx, linked, key) {
			row.Basis = p.Sessions[i].Basis // of this link
			p.Sessions[i].SessionRow = row
		}
		p.Issues = d.issues.Where(tx, `WHERE i.id IN (
			SELECT a.issue_id FROM attempts a JOIN links l ON l.session = a.session AND l.ambiguous = 0 WHERE l.pull_key = $1 AND a.session <> ''
			UNION SELECT a.issue_id FROM attempts a JOIN verifications v ON v.id = a.record_id WHERE v.pull_key = $1)`+worstFirst, key)
		p.Verifications = d.verifications.Where(tx, `WHERE v.pull_key = $1 ORDER BY v.at DESC, v.file DESC`, key)
		tx.Row(lists.AsOf(`SELECT z.reason FROM `+lists.RetiredOf+` WHERE l.key = $2`), store.Millis(tx.Now()), p.Repo.Key()).Scan(&p.Retired)
		return tx.Err()
	})
	return p, found, err
}

// SessionsByKey returns sessions by their keys, those that a record names.
func (d *Details) SessionsByKey(ctx context.Context, keys []string, at time.Time) (map[string]telemetry.SessionRow, error) {
	return lists.GetAt(ctx, d.store, at, func(tx *store.Tx) map[string]telemetry.SessionRow {
		out := map[string]telemetry.SessionRow{}
		for _, row := range d.sessions.Where(tx, `WHERE s.key `+tx.In(1, "TEXT"), store.JSON(keys)) {
			out[row.Key] = row
		}
		return out
	})
}

// PullExtras returns what is shown beside pull requests in a list, by
// PullRef.Key. The issues are those of PullDetail; a pull request without
// issues and verifications is left out.
func (d *Details) PullExtras(ctx context.Context, keys []string, at time.Time) (map[string]telemetry.PullExtras, error) {
	return lists.GetAt(ctx, d.store, at, func(tx *store.Tx) map[string]telemetry.PullExtras {
		out := map[string]telemetry.PullExtras{}
		list, in := store.JSON(keys), tx.In(1, "TEXT")
		tx.Each(`SELECT x.pull_key, i.severity, COUNT(*) FROM (
				SELECT l.pull_key, a.issue_id FROM links l JOIN attempts a ON a.session = l.session AND a.session <> ''
					WHERE l.ambiguous = 0 AND l.pull_key `+in+`
				UNION SELECT v.pull_key, a.issue_id FROM verifications v JOIN attempts a ON a.record_id = v.id WHERE v.pull_key `+in+`
			) x JOIN issues i ON i.id = x.issue_id GROUP BY x.pull_key, i.severity`, []any{list}, func(r *store.Row) {
			var key, severity string
			var n int64
			r.Scan(&key, &severity, &n)
			m := out[key]
			if m.Severity == nil {
				m.Severity = map[string]int64{}
			}
			m.Severity[severity] = n
			out[key] = m
		})
		tx.Each(`SELECT v.pull_key, v.outcome FROM verifications v WHERE v.pull_key `+in+`
			ORDER BY v.at, v.file, v.source`, []any{list}, func(r *store.Row) {
			var key string
			var outcome telemetry.VerificationOutcome
			r.Scan(&key, &outcome)
			m := out[key]
			m.Outcome = outcome // the latest comes last
			out[key] = m
		})
		return out
	})
}
