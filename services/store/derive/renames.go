package derive

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// moved gives a pull request the name that its repository has now, where a
// record names that too: asked for under both names, it is still one. What is
// known of it under the old name goes over to it.
func (d *derivation) moved(p *telemetry.PullRequest) {
	tx := d.tx
	old, renamed := telemetry.PullRef{Repo: telemetry.ParseRepo(p.Repo), Number: int64(p.Number)}, telemetry.ParseRepo(p.MovedTo)
	if renamed.Key() == old.Repo.Key() {
		d.madeAnew(renamed.Key())
		return
	}
	if renamed == "" || !d.isMove(old.Repo.Key(), renamed) {
		return
	}
	p.Repo = string(renamed)
	key, address := old.Key(), telemetry.PullRef{Repo: renamed, Number: old.Number}.URL(telemetry.GitHubWeb)
	var web string
	if !tx.Row(`SELECT url FROM pulls WHERE key = $1`, key).Scan(&web).Found {
		return
	}
	named := false
	tx.Each(`SELECT session FROM links WHERE pull_key = $1 UNION SELECT session FROM mentions WHERE pull_key = $1 UNION SELECT session FROM poll_pulls WHERE pull_key = $1 UNION SELECT session FROM verifications WHERE pull_key = $1`, []any{key}, func(r *store.Row) {
		var session string
		r.Scan(&session)
		if named = true; session != "" {
			d.sessions[session], d.linked[session] = true, true
		}
	})
	if named {
		d.renamePull(key, d.ensurePull(address))
	}
	for _, table := range [...]string{"links", "pull_tokens", "pull_ids", "poll_pulls"} {
		tx.Exec(`DELETE FROM `+table+` WHERE pull_key = $1`, key)
	}
	tx.Exec(`DELETE FROM pulls WHERE key = $1`, key)
	tx.Touch(telemetry.TopicPulls)
	d.countPullsOf(map[string]bool{key: true})
}

// renamePull has what names a pull request name it anew.
func (d *derivation) renamePull(old, key string) {
	d.tx.Exec(`UPDATE mentions SET pull_key = $1 WHERE pull_key = $2`, key, old)
	d.tx.Exec(`INSERT INTO poll_pulls (session, pull_key) SELECT session, CAST($1 AS TEXT) FROM poll_pulls WHERE pull_key = $2 ON CONFLICT DO NOTHING`, key, old)
	d.tx.Exec(`UPDATE verifications SET pull_key = $1 WHERE pull_key = $2`, key, old)
}

// isMove tells whether a repository is now one that records name as well.
// The first time it is noted, so that the new name is a home of the old.
func (d *derivation) isMove(old string, renamed telemetry.RepoName) bool {
	var known string
	if old == renamed.Key() || !d.tx.Row(`SELECT key FROM homes WHERE key = $1 LIMIT 1`, renamed.Key()).Scan(&known).Found {
		return false
	}
	if d.tx.Row(`SELECT new_key FROM moves WHERE key = $1`, old).Scan(&known).Found && known == renamed.Key() {
		return true
	}
	d.tx.Exec(`INSERT INTO moves (key, new_key, new_name) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET new_key = excluded.new_key, new_name = excluded.new_name`, old, renamed.Key(), string(renamed))
	d.filled["moves"] = true
	d.concernRepos(`SELECT repo_id FROM homes WHERE key = $1`, old)
	return true
}

// madeAnew takes back that a repository was renamed once GitHub has one under
// the old name again: what is named by that name is in that one.
func (d *derivation) madeAnew(key string) {
	tx, left := d.tx, ""
	if !d.holds("moves") || !tx.Row(`SELECT new_key FROM moves WHERE key = $1`, key).Scan(&left).Found {
		return
	}
	tx.Exec(`DELETE FROM moves WHERE key = $1`, key)
	d.concernRepos(`SELECT repo_id FROM homes WHERE key = $1`, key)
	for repo := range d.repos {
		d.rehomed[repo] = true
	}
	d.renameMentions(key, left)
	d.renameVerifications(key)
	d.repollPulls(left)
}

// renameMentions has the records that name pull requests of a repository by
// its old name mean those of that name.
func (d *derivation) renameMentions(key, left string) {
	type named struct{ session, url, pull string }
	var list []named
	d.tx.Each(`SELECT DISTINCT session, pr_url, pull_key FROM mentions WHERE pull_key IN (SELECT key FROM pulls WHERE repo_key = $1)`, []any{left}, func(r *store.Row) {
		var n named
		r.Scan(&n.session, &n.url, &n.pull)
		if telemetry.ParsePull(n.url).Repo.Key() == key {
			list = append(list, n)
		}
	})
	for _, n := range list {
		d.tx.Exec(`UPDATE mentions SET pull_key = $1 WHERE pull_key = $2 AND session = $3 AND pr_url = $4`, d.ensurePull(n.url), n.pull, n.session, n.url)
		d.pulls[n.pull], d.sessions[n.session], d.linked[n.session] = true, true, true
	}
}

func (d *derivation) renameVerifications(key string) {
	type named struct {
		id                 int64
		session, url, pull string
	}
	var list []named
	d.tx.Each(`SELECT id, session, pr_url, pull_key FROM verifications WHERE pull_repo = $1 AND pull_key <> ''`, []any{key}, func(r *store.Row) {
		var n named
		r.Scan(&n.id, &n.session, &n.url, &n.pull)
		list = append(list, n)
	})
	for _, n := range list {
		pull := d.ensurePull(n.url)
		d.tx.Exec(`UPDATE verifications SET pull_key = $1 WHERE id = $2`, pull, n.id)
		d.concernVerification(n.id, n.session, n.pull)
		d.concernVerification(n.id, n.session, pull)
	}
}

// repollPulls reads again what Devin named of the sessions that it gives a
// pull request of the repository.
func (d *derivation) repollPulls(repo string) {
	urls := map[string][]string{}
	d.tx.Each(`SELECT DISTINCT x.session, y.prs FROM poll_pulls x JOIN pulls p ON p.key = x.pull_key JOIN polls y ON y.session = x.session WHERE p.repo_key = $1`, []any{repo}, func(r *store.Row) {
		var session, prs string
		r.Scan(&session, &prs)
		urls[session] = store.FromJSON[[]string](d.tx, prs)
	})
	for _, session := range slices.Sorted(maps.Keys(urls)) {
		d.putPollPulls(session, urls[session])
		d.sessions[session] = true
	}
}

// nameNow is a repository's name, the new one where it moved.
func (d *derivation) nameNow(repo telemetry.RepoName) telemetry.RepoName {
	if repo != "" && d.holds("moves") {
		d.tx.Row(`SELECT new_name FROM moves WHERE key = $1`, repo.Key()).Scan(&repo)
	}
	return repo
}

// movedHomes adds to homes those under whose names they are now.
func (d *derivation) movedHomes(homes map[string]string) {
	if !d.holds("moves") {
		return
	}
	keys := []string{}
	for key := range homes {
		keys = append(keys, key)
	}
	d.tx.Each(`SELECT new_name FROM moves WHERE key `+d.tx.In(1, "TEXT"), []any{store.JSON(keys)}, func(r *store.Row) {
		var name string
		r.Scan(&name)
		nameHome(homes, telemetry.RepoName(name))
	})
}
