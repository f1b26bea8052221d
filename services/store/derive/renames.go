package derive

import (
	"maps"
	"strconv"
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Names of repositories come to stand for others when GitHub says so, or when
// runs name a target as a fork. All that names them is then derived again,
// whenever that is learned.

// followNames brings the aliases up to date, and returns what is to be derived
// again by them; nil where they are as they were.
func followNames(r *records) *changes {
	tx := r.tx
	pairs := store.Rows(tx, `SELECT target, fork FROM named_repos`, nil, func(p *namedPair) []any { return []any{&p.target, &p.fork} })
	before, now := r.aliased, aliasesOf(pairs, readLookups(tx))
	if tx.Err() != nil || maps.Equal(before, now) {
		return nil
	}
	tx.Exec(`DELETE FROM repo_aliases`)
	rows := make([][]store.Field, 0, len(now))
	for _, key := range sorted(now) {
		rows = append(rows, []store.Field{
			store.Col("key TEXT", key), store.Col("name TEXT", string(now[key].name)), store.Col("repo TEXT", string(now[key].repo)),
			store.Col("repo_key TEXT", now[key].repo.Key()),
		})
	}
	tx.Put("repo_aliases", "", rows...)
	for _, topic := range [...]string{telemetry.TopicRecords, telemetry.TopicPulls, telemetry.TopicSessions} {
		tx.Touch(topic)
	}
	c := newChanges(tx)
	c.aliased, c.looked = now, true
	m := moves{c, set[string]{}}
	for key := range merged(before, now) {
		if before[key] != now[key] {
			m.renamed[key] = true
		}
	}
	m.moveRecords()
	m.movePulls()
	m.reread()
	return c
}

func merged(a, b map[string]alias) set[string] {
	keys := keysOf(a)
	keys.add(keysOf(b))
	return keys
}

// moves takes what names of repositories stand for to where it belongs now.
type moves struct {
	*changes
	renamed set[string] // names that stand for another repository than before
}

// moveRecords has the records of targets derived again under the repository that
// they are of now, with their logs and what backfill corrected.
func (m moves) moveRecords() {
	tx := m.tx
	for _, key := range sorted(m.renamed) {
		repo := m.repoOf(telemetry.RepoName(key)).Key()
		ids := store.All[int64](tx, `SELECT id FROM files WHERE target_key = $1 AND repo_key <> $2`, key, repo)
		if len(ids) == 0 {
			continue
		}
		in := tx.In(2, "BIGINT")
		tx.Exec(`UPDATE run_logs SET repo_key = $1 WHERE id IN (SELECT l.id FROM runs r
			JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label WHERE r.id `+in+`)
			AND NOT EXISTS (SELECT 1 FROM run_logs o WHERE o.repo_key = $1 AND o.label = run_logs.label)`, repo, store.JSON(ids))
		tx.Exec(`UPDATE corrections SET repo_key = $1 WHERE EXISTS (SELECT 1 FROM files f
			WHERE f.source = corrections.source AND f.file = corrections.file AND f.id `+in+`)`, repo, store.JSON(ids))
		tx.Exec(`UPDATE files SET repo_key = $1 WHERE id `+in, repo, store.JSON(ids))
		for _, id := range store.All[int64](tx, `SELECT id FROM runs WHERE id `+tx.In(1, "BIGINT"), store.JSON(ids)) {
			m.files[id] = fileChange{live: true}
		}
	}
}

// movePulls gives pull requests that were fetched under an old name the new one,
// and so what is known of when they were asked for. Of one that was fetched under
// both the newer answer counts.
func (m moves) movePulls() {
	tx, moved := m.tx, set[string]{}
	for _, key := range sorted(m.renamed) {
		name := m.nameNow(telemetry.RepoName(key))
		if name.Key() == key {
			continue
		}
		tx.Exec(`UPDATE pull_syncs SET repo_key = $1 WHERE repo_key = $2
			AND NOT EXISTS (SELECT 1 FROM pull_syncs o WHERE o.repo_key = $1)`, name.Key(), key)
		tx.Exec(`DELETE FROM pull_syncs WHERE repo_key = $1`, key)
		for _, number := range store.All[int64](tx, `SELECT number FROM pulls WHERE repo_key = $1 ORDER BY number`, key) {
			m.movePull(telemetry.PullRef{Repo: telemetry.RepoName(key), Number: number}, name)
		}
		m.moveReverts(key, name)
		moved[name.Key()] = true
	}
	m.markReverted(moved)
}

func (m moves) movePull(from telemetry.PullRef, name telemetry.RepoName) {
	tx, old := m.tx, from.Key()
	to := telemetry.PullRef{Repo: name, Number: from.Number}
	m.pulls[to.Key()] = true
	m.repos.add(reposCounting(tx, set[string]{old: true}))
	m.sessions.addRows(tx, `SELECT session FROM links WHERE pull_key IN ($1, $2)`, old, to.Key())
	var fetched bool
	var updated int64
	var web string
	tx.Row(`SELECT fetched, updated_at, url FROM pulls WHERE key = $1`, old).Scan(&fetched, &updated, &web)
	stays := tx.Has(`SELECT 1 FROM pulls WHERE key = $1 AND ($2 = 0 OR fetched = 1 AND updated_at >= $3)`,
		to.Key(), store.Flag(fetched), updated)
	drop := to.Key()
	if stays {
		drop = old
	}
	for _, table := range [...]string{"pull_tokens", "pull_ids"} {
		tx.Exec(`DELETE FROM `+table+` WHERE pull_key = $1`, drop)
		tx.Exec(`UPDATE `+table+` SET pull_key = $1 WHERE pull_key = $2`, to.Key(), old)
	}
	tx.Exec(`DELETE FROM links WHERE pull_key IN ($1, $2)`, old, to.Key())
	tx.Exec(`DELETE FROM pulls WHERE key = $1`, drop)
	if !stays {
		tx.Exec(`UPDATE pulls SET key = $1, repo_key = $2, repo = $3, url = $4, listed = 0, session = '', basis = '', candidates = '[]'
			WHERE key = $5`, to.Key(), name.Key(), string(name), pullAddress(web, from, name), old)
	}
}

// pullAddress is the address of a pull request under the new name of its repository.
func pullAddress(web string, from telemetry.PullRef, name telemetry.RepoName) string {
	path := "/pull/" + strconv.FormatInt(from.Number, 10)
	ref, _ := telemetry.ParsePullURL(web)
	if base, ok := strings.CutSuffix(web, "/"+string(ref.Repo)+path); ok && ref.Repo != "" {
		return base + "/" + string(name) + path
	}
	return web
}

func (m moves) moveReverts(key string, name telemetry.RepoName) {
	if !m.holds("reverts") {
		return
	}
	type revert struct {
		key, ofKey, ofRepo, repo string
		number                   int64
	}
	for _, v := range store.Rows(m.tx, `SELECT key, of_key, of_repo, repo_key, number FROM reverts WHERE repo_key = $1 OR of_repo = $1`,
		[]any{key}, func(v *revert) []any { return []any{&v.key, &v.ofKey, &v.ofRepo, &v.repo, &v.number} }) {
		m.tx.Exec(`UPDATE reverts SET of_key = $1, of_repo = $2 WHERE key = $3 AND of_repo = $4`,
			strings.Replace(v.ofKey, key+"#", name.Key()+"#", 1), name.Key(), v.key, key)
		if v.repo != key {
			continue
		}
		to := telemetry.PullRef{Repo: name, Number: v.number}
		m.tx.Exec(`DELETE FROM reverts WHERE key = $1`, to.Key())
		m.tx.Exec(`UPDATE reverts SET key = $1, repo = $2, repo_key = $3 WHERE key = $4`, to.Key(), string(name), name.Key(), v.key)
	}
}

// reread has all that names pull requests by such a name mean those of the
// repository that it stands for now.
func (m moves) reread() {
	tx := m.tx
	of := func(address string) bool {
		ref, _ := telemetry.ParsePullURL(address)
		return m.renamed[ref.Repo.Key()]
	}
	for _, query := range [...]string{
		`SELECT DISTINCT run_id, pr_url FROM mentions WHERE pr_url <> ''`, `SELECT id, pr_url FROM verifications`,
	} {
		tx.Each(query, nil, func(r *store.Row) {
			var id int64
			var address string
			if r.Scan(&id, &address); of(address) {
				m.files[id] = fileChange{live: true}
			}
		})
	}
	polled := map[string][]string{}
	tx.Each(`SELECT session, prs FROM polls WHERE prs <> '[]'`, nil, func(r *store.Row) {
		var session string
		var addresses []string
		r.Scan(&session, store.ListOf(&addresses))
		for _, address := range addresses {
			if of(address) {
				polled[session] = addresses
			}
		}
	})
	for _, session := range sorted(polled) {
		m.putPollPulls(session, polled[session])
		m.sessions[session] = true
	}
	for _, key := range sorted(m.renamed) {
		// A repository that was called so, or has such a fork, has its names written again.
		m.reforked.addRows(tx, `SELECT repo_id FROM pull_repos WHERE key = $1`, key)
		for _, target := range store.All[string](tx, `SELECT target FROM named_repos WHERE fork = $1 OR target = $1`, key) {
			m.reforked.addRows(tx, `SELECT id FROM repos WHERE key = $1`, m.repoOf(telemetry.RepoName(target)).Key())
		}
	}
	m.repos.add(m.reforked)
}
