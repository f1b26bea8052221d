package derive

import (
	"telemetry-dashboard/services/store"
)

// noteKnown writes since when pull requests and their links are known, by all
// that names them: what a past time has is told by comparing one column.
func noteKnown(tx *store.Tx, keys string) {
	if tx.Err() != nil {
		return
	}
	in := tx.In(1, "TEXT")
	type since struct {
		pull, session string
		was, is       int64
	}
	changed := func(query string) (list []since) {
		tx.Each(query, []any{keys}, func(r *store.Row) {
			var s since
			if r.Scan(&s.pull, &s.session, &s.was, &s.is); s.was != s.is {
				list = append(list, s)
			}
		})
		return list
	}
	for _, s := range changed(`SELECT l.pull_key, l.session, l.known_at, ` + linkKnown + ` FROM links l JOIN pulls p ON p.key = l.pull_key
		WHERE l.pull_key ` + in) {
		tx.Exec(`UPDATE links SET known_at = $1 WHERE pull_key = $2 AND session = $3`, s.is, s.pull, s.session)
	}
	for _, s := range changed(`SELECT p.key, '', p.known_at, ` + pullKnown + ` FROM pulls p WHERE p.key ` + in) {
		tx.Exec(`UPDATE pulls SET known_at = $1 WHERE key = $2`, s.is, s.pull)
	}
}

// linkKnown is since when a link l of a pull request p is known: both are, and
// the record or the verification that links them, where nothing else does.
const linkKnown = `COALESCE((SELECT CASE WHEN COUNT(x.at) < 3 THEN NULL ELSE MAX(x.at) END FROM (
		SELECT p.created_at AS at UNION ALL SELECT MIN(m.at) FROM mentions m WHERE m.session = l.session
		UNION ALL SELECT CASE WHEN l.basis NOT IN ('record', 'verification')
				OR EXISTS (SELECT 1 FROM pull_tokens t WHERE t.token = l.session AND t.pull_key = l.pull_key) THEN 0
			ELSE (SELECT MIN(y.at) FROM (SELECT m.at FROM mentions m WHERE m.session = l.session AND m.pull_key = l.pull_key
				UNION ALL SELECT v.at FROM verifications v WHERE v.session = l.session AND v.pull_key = l.pull_key) y) END) x), ` + never + `)`

// pullKnown is since when a pull request p is known by something that names it:
// a record, a verification, or Devin or its own text about a session that a
// record named. One whose title names an issue of its repository may be known
// before: since the first run of that.
const pullKnown = `COALESCE((SELECT CASE WHEN COUNT(x.at) < 2 THEN NULL ELSE MAX(x.at) END FROM (
		SELECT p.created_at AS at UNION ALL SELECT MIN(y.at) FROM (
			SELECT m.at FROM mentions m WHERE m.pull_key = p.key AND m.pull_key <> ''
			UNION ALL SELECT v.at FROM verifications v WHERE v.pull_key = p.key
			UNION ALL SELECT m.at FROM links k JOIN mentions m ON m.session = k.session
				WHERE k.pull_key = p.key AND k.basis NOT IN ('record', 'verification')
			UNION ALL SELECT m.at FROM pull_tokens t JOIN mentions m ON m.session = t.token WHERE t.pull_key = p.key) y) x), ` + never + `)`

const never = `9223372036854775807`
