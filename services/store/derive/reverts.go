package derive

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// noteRevert keeps a pull request that takes another one back. It is no fix:
// what its text names links it to nothing.
func (c *changes) noteRevert(p *telemetry.PullRequest, ref telemetry.PullRef) (isRevert bool) {
	revert, isRevert := telemetry.RevertOf(*p)
	switch {
	case !isRevert && c.holds("reverts"):
		c.tx.Exec(`DELETE FROM reverts WHERE key = $1`, ref.Key())
	case isRevert:
		of := ""
		if revert.Of.Number > 0 {
			revert.Of.Repo = c.nameNow(revert.Of.Repo)
			of = revert.Of.Key()
		}
		c.filled["reverts"] = true
		c.tx.Put("reverts", "key", []store.Field{
			store.Col("key TEXT", ref.Key()), store.Fixed("repo TEXT", string(ref.Repo)), store.Fixed("repo_key TEXT", ref.Repo.Key()),
			store.Fixed("number BIGINT", ref.Number), store.Col("of_key TEXT", of), store.Col("of_repo TEXT", revert.Of.Repo.Key()),
			store.Col("title TEXT", store.Plain(revert.Title)), store.Col("merged_at BIGINT", store.Millis(p.MergedAt)),
		})
	}
	return isRevert
}

// markReverted marks which pull requests of repositories were taken back, and by
// which, once all that was fetched of them is stored.
func (c *changes) markReverted(repos set[string]) {
	if len(repos) == 0 || !c.holds("reverts") {
		return
	}
	in := c.tx.In(1, "TEXT")
	repos.addRows(c.tx, `SELECT of_repo FROM reverts WHERE of_repo <> '' AND repo_key `+in, list(repos))
	var reverts []telemetry.Revert
	c.tx.Each(`SELECT repo, number, of_key, title, merged_at FROM reverts
		WHERE repo_key `+in+` OR of_repo `+in, []any{list(repos)}, func(r *store.Row) {
		var v telemetry.Revert
		var of string
		r.Scan(&v.Ref.Repo, &v.Ref.Number, &of, &v.Title, &v.MergedAt)
		v.Of, _ = telemetry.PullOf(of)
		reverts = append(reverts, v)
	})
	type marked struct {
		key, title, by string
		ref            telemetry.PullRef
		at             int64
	}
	for _, p := range store.Rows(c.tx, `SELECT key, repo, number, title, reverted_by, reverted_at FROM pulls
		WHERE fetched = 1 AND repo_key `+in,
		[]any{list(repos)}, func(p *marked) []any { return []any{&p.key, &p.ref.Repo, &p.ref.Number, &p.title, &p.by, &p.at} }) {
		by, at := "", int64(0)
		if revert, reverted := telemetry.RevertedBy(p.ref, p.title, reverts); reverted {
			by, at = revert.Ref.URL(telemetry.GitHubWeb), store.Millis(revert.MergedAt)
		}
		if by != p.by || at != p.at {
			c.tx.Exec(`UPDATE pulls SET reverted_by = $1, reverted_at = $2 WHERE key = $3`, by, at, p.key)
			c.tx.Touch(telemetry.TopicPulls)
		}
	}
}

// revertsAmong are the pull requests that take others back.
func revertsAmong(r *records, keys string) set[string] {
	reverts := set[string]{}
	if r.holds("reverts") {
		reverts.addRows(r.tx, `SELECT key FROM reverts WHERE key `+r.tx.In(1, "TEXT"), keys)
	}
	return reverts
}
