package derive

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// rename gives a pull request the name that its repository has now, where a
// record names that too: asked for under both names, it is still one. What is
// known of it under the old name goes over to it.
func (c *changes) rename(p *telemetry.PullRequest) {
	tx := c.tx
	old, renamed := telemetry.PullRef{Repo: telemetry.ParseRepo(p.Repo), Number: int64(p.Number)}, telemetry.ParseRepo(p.RenamedTo)
	if renamed.Key() == old.Repo.Key() {
		c.forgetRename(renamed.Key())
		return
	}
	if renamed == "" || !c.isRename(old.Repo.Key(), renamed) {
		return
	}
	p.Repo = string(renamed)
	key, address := old.Key(), telemetry.PullRef{Repo: renamed, Number: old.Number}.URL(telemetry.GitHubWeb)
	if !tx.Has(`SELECT 1 FROM pulls WHERE key = $1`, key) {
		return
	}
	named := set[string]{}
	named.addRows(tx, `SELECT session FROM links WHERE pull_key = $1 UNION SELECT session FROM mentions WHERE pull_key = $1
		UNION SELECT session FROM poll_pulls WHERE pull_key = $1 UNION SELECT session FROM verifications WHERE pull_key = $1`, key)
	for session := range named {
		c.addSession(session)
	}
	if len(named) > 0 {
		renamePull(tx, key, ensurePull(c.records, address, c.pulls))
	}
	for _, table := range [...]string{"links", "pull_tokens", "pull_ids", "poll_pulls"} {
		tx.Exec(`DELETE FROM `+table+` WHERE pull_key = $1`, key)
	}
	tx.Exec(`DELETE FROM pulls WHERE key = $1`, key)
	tx.Touch(telemetry.TopicPulls)
	c.repos.add(reposCounting(tx, set[string]{key: true}))
}

// renamePull has what names a pull request name it by its new key.
func renamePull(tx *store.Tx, old, key string) {
	tx.Exec(`UPDATE mentions SET pull_key = $1 WHERE pull_key = $2`, key, old)
	tx.Exec(`INSERT INTO poll_pulls (session, pull_key) SELECT session, CAST($1 AS TEXT) FROM poll_pulls WHERE pull_key = $2
		ON CONFLICT DO NOTHING`, key, old)
	tx.Exec(`UPDATE verifications SET pull_key = $1 WHERE pull_key = $2`, key, old)
}

// isRename reports whether a repository is now one that records name as well.
// The first time it is noted, so that the pull requests of the new name are
// the old one's too.
func (c *changes) isRename(old string, renamed telemetry.RepoName) bool {
	if !c.tx.Has(`SELECT 1 FROM pull_repos WHERE key = $1 LIMIT 1`, renamed.Key()) {
		return false
	}
	if store.One[string](c.tx, `SELECT new_key FROM repo_renames WHERE key = $1`, old) == renamed.Key() {
		return true
	}
	c.tx.Exec(`INSERT INTO repo_renames (key, new_key, new_name) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET new_key = excluded.new_key, new_name = excluded.new_name`, old, renamed.Key(), string(renamed))
	c.filled["repo_renames"] = true
	c.repos.addRows(c.tx, `SELECT repo_id FROM pull_repos WHERE key = $1`, old)
	return true
}

// forgetRename forgets that a repository was renamed once GitHub has one under the old name again.
func (c *changes) forgetRename(key string) {
	tx, left := c.tx, ""
	if !c.holds("repo_renames") || !tx.Row(`SELECT new_key FROM repo_renames WHERE key = $1`, key).Scan(&left).Found {
		return
	}
	tx.Exec(`DELETE FROM repo_renames WHERE key = $1`, key)
	c.reforked.addRows(tx, `SELECT repo_id FROM pull_repos WHERE key = $1`, key)
	c.repos.add(c.reforked)
	c.renameMentions(key, left)
	c.renameVerifications(key)
	c.repollPulls(left)
}

// naming is something that names a pull request.
type naming struct {
	id                 int64
	session, url, pull string
}

// renameMentions has records that name pull requests by the old name mean those of that name.
func (c *changes) renameMentions(key, left string) {
	for _, n := range store.Rows(c.tx, `SELECT DISTINCT session, pr_url, pull_key FROM mentions
		WHERE pull_key IN (SELECT key FROM pulls WHERE repo_key = $1)`, []any{left}, func(n *naming) []any {
		return []any{&n.session, &n.url, &n.pull}
	}) {
		if telemetry.ParsePull(n.url).Repo.Key() != key {
			continue
		}
		c.tx.Exec(`UPDATE mentions SET pull_key = $1 WHERE pull_key = $2 AND session = $3 AND pr_url = $4`,
			ensurePull(c.records, n.url, c.pulls), n.pull, n.session, n.url)
		c.pulls[n.pull] = true
		c.addSession(n.session)
	}
}

func (c *changes) renameVerifications(key string) {
	for _, n := range store.Rows(c.tx, `SELECT id, session, pr_url, pull_key FROM verifications WHERE pull_repo = $1 AND pull_key <> ''`,
		[]any{key}, func(n *naming) []any { return []any{&n.id, &n.session, &n.url, &n.pull} }) {
		pull := ensurePull(c.records, n.url, c.pulls)
		c.tx.Exec(`UPDATE verifications SET pull_key = $1 WHERE id = $2`, pull, n.id)
		c.addVerification(n.id, n.session, n.pull)
		c.addVerification(n.id, n.session, pull)
	}
}

// repollPulls reads again which pull requests of the repository Devin named.
func (c *changes) repollPulls(repo string) {
	urls := map[string][]string{}
	c.tx.Each(`SELECT DISTINCT x.session, y.prs FROM poll_pulls x JOIN pulls p ON p.key = x.pull_key
		JOIN polls y ON y.session = x.session WHERE p.repo_key = $1`, []any{repo}, func(r *store.Row) {
		var session string
		var prs []string
		r.Scan(&session, store.ListOf(&prs))
		urls[session] = prs
	})
	for _, session := range sorted(urls) {
		c.putPollPulls(session, urls[session])
		c.sessions[session] = true
	}
}

// nameNow is a repository's name, the new one where it was renamed.
func (r *records) nameNow(repo telemetry.RepoName) telemetry.RepoName {
	if repo != "" && r.holds("repo_renames") {
		r.tx.Row(`SELECT new_name FROM repo_renames WHERE key = $1`, repo.Key()).Scan(&repo)
	}
	return repo
}

// addRenamed adds to names of repositories those that they have now.
func (r *records) addRenamed(names map[string]string) {
	if !r.holds("repo_renames") {
		return
	}
	for _, name := range store.All[telemetry.RepoName](r.tx, `SELECT new_name FROM repo_renames WHERE key `+r.tx.In(1, "TEXT"), list(names)) {
		addName(names, name)
	}
}
