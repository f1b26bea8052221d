package derive

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// PullSyncs returns the targets and forks whose pull requests are asked for, by name.
func (w *Writer) PullSyncs(ctx context.Context) ([]telemetry.PullSync, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) (syncs []telemetry.PullSync) {
		tx.Each(`SELECT x.name, COALESCE(y.watermark, 0), COALESCE(y.code, ''), COALESCE(y.ask_at, 0)
			FROM (SELECT key, MIN(name) AS name FROM pull_repos GROUP BY key) AS x
			LEFT JOIN pull_syncs y ON y.repo_key = x.key ORDER BY x.key`, nil, func(r *store.Row) {
			var p telemetry.PullSync
			var mark, again telemetry.Time
			var code telemetry.Code
			r.Scan(&p.Repo, &mark, &code, &again)
			p.Watermark, p.Missing, p.AskAt = mark.Time, isMissing(code), again.Time
			syncs = append(syncs, p)
		})
		return syncs
	})
}

// missingFor is how long one that GitHub did not know is not asked for, unless a person asks.
const missingFor = 24 * time.Hour

// UnfetchedPulls returns pull requests that something names but no listing
// brought, at most limit. Those that GitHub lately did not know are left out
// unless again is set.
func (w *Writer) UnfetchedPulls(ctx context.Context, again bool, limit int) ([]telemetry.PullRef, error) {
	asked := w.Now().Add(-missingFor)
	if again {
		asked = w.Now().Add(missingFor)
	}
	return store.Get(ctx, w.Store, func(tx *store.Tx) []telemetry.PullRef {
		return store.Rows(tx, `SELECT repo, number FROM pulls WHERE fetched = 0 AND listed = 1 AND missing_at < $1
			ORDER BY missing_at, sort_at DESC, key LIMIT $2`, []any{store.Millis(asked), limit},
			func(ref *telemetry.PullRef) []any { return []any{&ref.Repo, &ref.Number} })
	})
}

// PullMissing notes that GitHub does not know, or show, a pull request.
func (w *Writer) PullMissing(ctx context.Context, ref telemetry.PullRef) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		tx.Exec(`UPDATE pulls SET missing_at = $1 WHERE key = $2`, store.Millis(tx.Now()), ref.Key())
		putOff(tx, ref)
		return tx.Err()
	})
}

// ListedPulls counts the pull requests that the list has.
func (w *Writer) ListedPulls(ctx context.Context) (int64, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) int64 {
		return store.One[int64](tx, `SELECT COUNT(*) FROM pulls WHERE listed = 1`)
	})
}

// wordPattern is what can be the id of a session, of whatever form.
var wordPattern = regexp.MustCompile(`[0-9A-Za-z][0-9A-Za-z_-]{3,79}`)

// sessionWords returns words that can be a session's key: whole, without "devin-", and in the parts of dashes.
func sessionWords(texts ...string) []string {
	var words []string
	for _, text := range texts {
		for _, w := range wordPattern.FindAllString(text, -1) {
			w = strings.TrimPrefix(strings.ToLower(strings.TrimRight(w, "-_")), "devin-")
			words = append(words, w)
			if strings.ContainsAny(w, "-_") {
				words = append(words, strings.FieldsFunc(w, func(r rune) bool { return r == '-' || r == '_' })...)
			}
		}
	}
	return words
}

// SavePulls keeps pull requests of one repository: those that name an issue
// or a session, and those that are already known. watermark is the newest
// updated_at of a complete listing, zero for a partial one.
func (w *Writer) SavePulls(ctx context.Context, repo telemetry.RepoName, pulls []telemetry.PullRequest, watermark time.Time) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		if !watermark.IsZero() {
			pullsRead(tx, repo, watermark)
		}
		savePulls(newChanges(tx), pulls)
		return tx.Err()
	})
}

// savePulls stores pull requests, derives what follows from them, and returns
// what became of the last.
func savePulls(c *changes, pulls []telemetry.PullRequest) (last telemetry.Told) {
	known, fetched := knownSessions(c.tx, pulls), set[string]{}
	c.askRenamed(pulls)
	for _, p := range pulls {
		p.Repo = string(c.nameNow(telemetry.ParseRepo(p.Repo)))
		last = c.putPull(&p, known)
		fetched[telemetry.ParseRepo(p.Repo).Key()] = true
	}
	c.markReverted(fetched)
	derive(c)
	return last
}

// knownSessions returns which words are the key of a known session, of whatever form.
func knownSessions(tx *store.Tx, pulls []telemetry.PullRequest) set[string] {
	words, known := set[string]{}, set[string]{}
	for i := range pulls {
		for _, w := range sessionWords(pulls[i].Title, pulls[i].Body) {
			words[w] = true
		}
	}
	known.addRows(tx, `SELECT DISTINCT session FROM mentions WHERE session `+tx.In(1, "TEXT"), list(words))
	return known
}

// pull is a pull request as it is stored. Equal values are equal rows.
type pull struct {
	repo, title, url, state, author, head, sha, ids string
	number, created, updated, closed, merged        int64
	draft, fetched                                  bool
}

func (p *pull) fields() []store.Field {
	return []store.Field{
		store.Col("repo TEXT", &p.repo), store.Fixed("number BIGINT", &p.number), store.Col("title TEXT", &p.title),
		store.Col("url TEXT", &p.url), store.Col("state TEXT", &p.state), store.Col("draft SMALLINT", &p.draft),
		store.Col("author TEXT", &p.author), store.Col("head_ref TEXT", &p.head), store.Col("head_sha TEXT", &p.sha),
		store.Col("created_at BIGINT", &p.created), store.Col("updated_at BIGINT", &p.updated),
		store.Col("closed_at BIGINT", &p.closed), store.Col("merged_at BIGINT", &p.merged),
		store.Col("issue_ids TEXT", &p.ids), store.Col("fetched SMALLINT", &p.fetched),
	}
}

// row is a new row: whose it is, and whether it is listed, updatePulls decides.
func (p *pull) row(ref telemetry.PullRef) []store.Field {
	shown := p.state
	if p.merged != 0 {
		shown = "merged"
	}
	return append(p.fields(),
		store.Col("shown TEXT", shown), store.Col("key TEXT", ref.Key()), store.Fixed("repo_key TEXT", ref.Repo.Key()),
		store.Fixed("listed SMALLINT", 0), store.Fixed("sort_at BIGINT", p.created), store.Fixed("session TEXT", ""),
		store.Fixed("basis TEXT", ""),
		store.Fixed("candidates TEXT", "[]"))
}

// ensurePull gives a pull request that something names a row, if it has none. It returns its key, "" for an
// address of none, and adds it to pulls.
func ensurePull(r *records, address string, pulls set[string]) string {
	ref, web := telemetry.ParsePullURL(address)
	if ref.Number == 0 {
		return ""
	}
	if name := r.nameNow(ref.Repo); name != ref.Repo {
		web = pullAddress(web, ref, name)
		ref.Repo = name
	}
	p := pull{repo: string(ref.Repo), number: ref.Number, url: web, state: "unknown", ids: "[]"}
	row := p.row(ref)
	for i := range row {
		row[i].Stays = true
	}
	if r.tx.Put("pulls", "key", row) > 0 {
		r.tx.Touch(telemetry.TopicPulls)
	}
	pulls[ref.Key()] = true
	return ref.Key()
}

// pullOf is a pull request as GitHub tells of it, as it is stored.
func pullOf(p *telemetry.PullRequest, ref telemetry.PullRef, ids []string) pull {
	state := p.State
	if state != "open" && state != "closed" {
		state = "unknown"
	}
	if !p.MergedAt.IsZero() {
		state = "closed"
	}
	return pull{
		repo: string(ref.Repo), number: ref.Number, title: store.Plain(p.Title), url: cmp.Or(p.HTMLURL, ref.URL(telemetry.GitHubWeb)),
		state: state, author: store.Plain(p.User), head: store.Plain(p.HeadRef), sha: store.Plain(p.HeadSHA), ids: store.JSON(ids),
		draft: p.Draft, fetched: true,
		created: store.Millis(p.CreatedAt), updated: store.Millis(p.UpdatedAt),
		closed: store.Millis(p.ClosedAt), merged: store.Millis(p.MergedAt),
	}
}

// putPull stores one that names an issue or a session, or that something names,
// unless a later state of it is stored: an answer may arrive after a webhook
// that was sent after it.
func (c *changes) putPull(p *telemetry.PullRequest, knownSessions set[string]) telemetry.Told {
	tx := c.tx
	ref := telemetry.PullRef{Repo: telemetry.ParseRepo(p.Repo), Number: int64(p.Number)}
	var old pull
	found := tx.Row(`SELECT `+store.Names(old.fields())+` FROM pulls WHERE key = $1`, ref.Key()).Scan(store.Pointers(old.fields())...).Found
	if found && old.later(p) {
		return telemetry.ToldOlder
	}
	key, ids, tokens := ref.Key(), telemetry.IssueIDs(p.Title), telemetry.SessionTokens(p.Title, p.Body)
	for _, w := range sessionWords(p.Title, p.Body) {
		if knownSessions[w] && !slices.Contains(tokens, w) {
			tokens = append(tokens, w)
		}
	}
	if c.noteRevert(p, ref) {
		ids, tokens = []string{}, nil
	}
	fresh := pullOf(p, ref, ids)
	old.repo = fresh.repo // in another case it is the same
	switch {
	case !found && len(ids) == 0 && len(tokens) == 0:
		return telemetry.ToldUnrelated
	case found && old == fresh:
		return telemetry.ToldUnchanged
	}
	tx.Touch(telemetry.TopicPulls)
	tx.Put("pulls", "key", fresh.row(ref))
	askStatus(tx, key, old.sha != fresh.sha)
	tx.Exec(`DELETE FROM pull_tokens WHERE pull_key = $1`, key)
	for _, token := range tokens {
		tx.Exec(`INSERT INTO pull_tokens (token, pull_key) VALUES ($1, $2) ON CONFLICT DO NOTHING`, token, key)
	}
	tx.Exec(`DELETE FROM pull_ids WHERE pull_key = $1`, key)
	for _, id := range ids {
		tx.Exec(`INSERT INTO pull_ids (issue_id, pull_key) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, key)
	}
	c.pulls[key] = true
	c.repos.add(reposCounting(tx, set[string]{key: true}))
	// Its sessions' states depend on what has become of it.
	c.sessions.addRows(tx, `SELECT session FROM links WHERE pull_key = $1`, key)
	return telemetry.ToldStored
}

// later reports whether a stored pull request was updated after what p tells of
// it. GitHub's times are of whole seconds: in the same one, merged comes last.
func (p *pull) later(told *telemetry.PullRequest) bool {
	at := store.Millis(told.UpdatedAt)
	return p.fetched && at != 0 && (p.updated > at || p.updated == at && p.merged != 0 && told.MergedAt.IsZero())
}

// SaveToldPull keeps a pull request as a webhook tells of it, as SavePulls does.
func (w *Writer) SaveToldPull(ctx context.Context, p telemetry.PullRequest) (told telemetry.Told, err error) {
	err = w.Write(ctx, func(tx *store.Tx) error {
		told = savePulls(newChanges(tx), []telemetry.PullRequest{p})
		return tx.Err()
	})
	return told, err
}
