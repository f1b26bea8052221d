package derive

import (
	"cmp"
	"slices"
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// pullUpdate is what updatePulls decides of a pull request.
type pullUpdate struct {
	listed     int
	session    string
	basis      telemetry.LinkBasis
	candidates string
	sortAt     int64
}

// isListed says of a pull request p whether it is listed: it is one of ours, and no revert.
const isListed = `CASE WHEN EXISTS (SELECT 1 FROM reverts x WHERE x.key = p.key) THEN 0
	WHEN EXISTS (SELECT 1 FROM links l WHERE l.pull_key = p.key AND l.basis IN ('devin', 'verification', 'record'))
		OR EXISTS (SELECT 1 FROM verifications v WHERE v.pull_key = p.key) THEN 1
	WHEN NOT ` + isPullRepo + ` THEN 0
	WHEN p.issue_ids <> '[]' OR EXISTS (SELECT 1 FROM pull_tokens t JOIN mentions m ON m.session = t.token WHERE t.pull_key = p.key) THEN 1
	ELSE 0 END`

// updatePulls decides for each pull request whether it is listed, which
// session's it is, and where it stands in lists. One that was only named, and
// no longer is, goes. It returns the repositories whose figures that changes.
func updatePulls(tx *store.Tx, keys string) set[int64] {
	if tx.Err() != nil {
		return nil
	}
	now, then := map[string]*pullUpdate{}, map[string]pullUpdate{}
	fetched, counted := set[string]{}, set[string]{}
	tx.Each(`SELECT p.key, p.fetched, p.created_at, p.listed, p.session, p.basis, p.candidates, p.sort_at, `+isListed+`
		FROM pulls p WHERE p.key `+tx.In(1, "TEXT"), []any{keys}, func(r *store.Row) {
		var key string
		var isFetched bool
		var old pullUpdate
		n := &pullUpdate{candidates: "[]"}
		r.Scan(&key, &isFetched, &n.sortAt, &old.listed, &old.session, &old.basis, &old.candidates, &old.sortAt, &n.listed)
		now[key], then[key], fetched[key] = n, old, isFetched
	})
	chooseSessions(tx, keys, now)
	for _, key := range sorted(now) {
		n := now[key]
		switch {
		case n.listed == 0 && !fetched[key]:
			tx.Exec(`DELETE FROM pulls WHERE key = $1`, key)
			tx.Touch(telemetry.TopicPulls)
			counted[key] = true
		case *n != then[key]:
			tx.Exec(`UPDATE pulls SET listed = $1, session = $2, basis = $3, candidates = $4, sort_at = $5 WHERE key = $6`,
				n.listed, n.session, string(n.basis), n.candidates, n.sortAt, key)
			tx.Touch(telemetry.TopicPulls)
			if n.listed != then[key].listed {
				counted[key] = true
			}
		}
	}
	return reposCounting(tx, counted)
}

// reposCounting are the repositories whose figures count pull requests.
func reposCounting(tx *store.Tx, pulls set[string]) set[int64] {
	names, repos := set[string]{}, set[int64]{}
	for key := range pulls {
		repo, _, _ := strings.Cut(key, "#")
		names[repo] = true
	}
	if len(names) > 0 {
		repos.addRows(tx, `SELECT DISTINCT repo_id FROM pull_repos WHERE key `+tx.In(1, "TEXT"), list(names))
	}
	return repos
}

// candidate is a link of a pull request, and when a record last named its session.
type candidate struct {
	session, shown string
	basis          telemetry.LinkBasis
	ambiguous      bool
	at             int64
}

// chooseSessions gives each pull request the session of its strongest link, or
// the candidates where that is ambiguous. One without a creation time sorts by
// the record that names its session.
func chooseSessions(tx *store.Tx, keys string, now map[string]*pullUpdate) {
	candidates := map[string][]candidate{}
	tx.Each(`SELECT l.pull_key, l.session, l.basis, l.ambiguous, MAX(m.shown_id), MAX(r.at)
		FROM links l JOIN mentions m ON m.session = l.session JOIN runs r ON r.id = m.run_id WHERE l.pull_key `+tx.In(1, "TEXT")+`
		GROUP BY l.pull_key, l.session, l.basis, l.ambiguous ORDER BY l.pull_key, l.session`, []any{keys}, func(r *store.Row) {
		var key string
		var c candidate
		r.Scan(&key, &c.session, &c.basis, &c.ambiguous, &c.shown, &c.at)
		candidates[key] = append(candidates[key], c)
	})
	for key, list := range candidates {
		n := now[key]
		if n == nil {
			continue
		}
		best := slices.MinFunc(list, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.basis.Rank(), b.basis.Rank()), cmp.Compare(b.at, a.at), cmp.Compare(a.session, b.session))
		})
		if n.sortAt == 0 {
			n.sortAt = best.at
		}
		if !best.ambiguous {
			n.session, n.basis = best.session, best.basis
			continue
		}
		var shown []string
		for _, c := range list {
			if c.ambiguous && c.basis == best.basis {
				shown = append(shown, c.shown)
			}
		}
		n.candidates = store.JSON(shown)
	}
}
