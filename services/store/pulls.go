package store

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// PullSyncs returns the repositories whose pull requests are asked for, the
// targets and their forks, each once, sorted by name.
func (s *Store) PullSyncs(ctx context.Context) ([]telemetry.PullSync, error) {
	var syncs []telemetry.PullSync
	err := s.Read(ctx, func(tx *Tx) error {
		syncs = nil
		tx.Each(`SELECT x.key, x.name, COALESCE(y.watermark, 0) FROM (SELECT key, MIN(name) AS name FROM
				homes GROUP BY key) AS x
			LEFT JOIN pull_syncs y ON y.repo_key = x.key ORDER BY x.key`, nil, func(r *Row) {
			var key string
			var p telemetry.PullSync
			var mark int64
			r.Scan(&key, &p.Repo, &mark)
			p.Watermark = at(mark).Time
			syncs = append(syncs, p)
		})
		return tx.err
	})
	return syncs, err
}

// missingFor is how long a pull request that GitHub did not know is not asked
// for again, unless a person asks.
const missingFor = 24 * time.Hour

// UnfetchedPulls returns pull requests that something names but no listing
// brought, at most limit. Those that GitHub lately did not know are left out
// unless again is set.
func (s *Store) UnfetchedPulls(ctx context.Context, again bool, limit int) ([]telemetry.PullRef, error) {
	var refs []telemetry.PullRef
	asked := s.now().Add(-missingFor)
	if again {
		asked = s.now().Add(missingFor)
	}
	err := s.Read(ctx, func(tx *Tx) error {
		refs = nil
		tx.Each(`SELECT repo, number FROM pulls WHERE fetched = 0 AND listed = 1 AND missing_at < $1 ORDER BY missing_at, sort_at DESC, key LIMIT $2`, []any{ms(asked), limit}, func(r *Row) {
			var ref telemetry.PullRef
			r.Scan(&ref.Repo, &ref.Number)
			refs = append(refs, ref)
		})
		return tx.err
	})
	return refs, err
}

// PullMissing notes that GitHub does not know a pull request, or does not
// show it.
func (s *Store) PullMissing(ctx context.Context, ref telemetry.PullRef) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.exec(`UPDATE pulls SET missing_at = $1 WHERE key = $2`, ms(tx.now), ref.Key())
		return tx.err
	})
}

// FoundPulls counts the listed pull requests of which GitHub has told.
func (s *Store) FoundPulls(ctx context.Context) (int64, error) {
	var n int64
	err := s.Read(ctx, func(tx *Tx) error {
		tx.Row(`SELECT COUNT(*) FROM pulls WHERE listed = 1 AND fetched = 1`).Scan(&n)
		return tx.err
	})
	return n, err
}

// wordPattern is what can be the id of a session, of whatever form.
var wordPattern = regexp.MustCompile(`[0-9A-Za-z][0-9A-Za-z_-]{3,79}`)

// sessionWords returns the words of texts that can be a session's bare id:
// each word whole, without "devin-", and in the parts that dashes make.
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
func (s *Store) SavePulls(ctx context.Context, repo telemetry.RepoName, pulls []telemetry.PullRequest, watermark time.Time) error {
	return s.Write(ctx, func(tx *Tx) error {
		d := newDerivation(tx)
		known := d.knownSessions(pulls)
		for i := range pulls {
			p := pulls[i]
			d.moved(&p)
			d.putPull(&p, known)
		}
		if !watermark.IsZero() {
			tx.exec(`INSERT INTO pull_syncs (repo_key, watermark, ok_at, failed_at, error) VALUES ($1, $2, $3, 0, '')
				ON CONFLICT (repo_key) DO UPDATE SET watermark = excluded.watermark, ok_at = excluded.ok_at, failed_at = 0, error = ''`, repo.Key(), ms(watermark), ms(tx.now))
		}
		d.finish()
		return tx.err
	})
}

// knownSessions returns which words of the pull requests are the bare id of
// a known session: ids of other forms than Devin's usual one are found too.
func (d *derivation) knownSessions(pulls []telemetry.PullRequest) map[string]bool {
	words := map[string]bool{}
	for i := range pulls {
		for _, w := range sessionWords(pulls[i].Title, pulls[i].Body) {
			words[w] = true
		}
	}
	list := make([]string, 0, len(words))
	for w := range words {
		list = append(list, w)
	}
	known := map[string]bool{}
	d.tx.Each(`SELECT DISTINCT session FROM mentions WHERE session `+d.tx.In(1, "TEXT"), []any{JSON(list)}, func(r *Row) {
		var id string
		r.Scan(&id)
		known[id] = true
	})
	return known
}

// putPull stores one pull request if it names an issue or a session, or
// something names it.
func (d *derivation) putPull(p *telemetry.PullRequest, knownSessions map[string]bool) {
	tx := d.tx
	ref := telemetry.PullRef{Repo: telemetry.ParseRepo(p.Repo), Number: int64(p.Number)}
	key := ref.Key()
	ids := telemetry.IssueIDs(p.Title)
	tokens := telemetry.SessionTokens(p.Title, p.Body)
	for _, w := range sessionWords(p.Title, p.Body) {
		if knownSessions[w] && !slices.Contains(tokens, w) {
			tokens = append(tokens, w)
		}
	}
	type stored struct {
		title, url, state, author, head, ids string
		draft, fetched                       int
		created, updated, closed, merged     int64
	}
	var old stored
	found := tx.Row(`SELECT title, url, state, author, head_ref, issue_ids, draft, fetched, created_at, updated_at, closed_at, merged_at FROM pulls WHERE key = $1`, key).
		Scan(&old.title, &old.url, &old.state, &old.author, &old.head, &old.ids, &old.draft, &old.fetched, &old.created, &old.updated, &old.closed, &old.merged).found
	if !found && len(ids) == 0 && len(tokens) == 0 {
		return
	}
	state := p.State
	if state != "open" && state != "closed" {
		state = "unknown"
	}
	if !p.MergedAt.IsZero() {
		state = "closed"
	}
	fresh := stored{plain(p.Title), p.HTMLURL, state, plain(p.User), plain(p.HeadRef), JSON(ids), flag(p.Draft), 1,
		ms(p.CreatedAt), ms(p.UpdatedAt), ms(p.ClosedAt), ms(p.MergedAt)}
	if fresh.url == "" {
		fresh.url = ref.URL(telemetry.GitHubWeb)
	}
	if found && old == fresh {
		return
	}
	shown := state
	if fresh.merged != 0 {
		shown = "merged"
	}
	tx.touch(telemetry.TopicPulls)
	tx.exec(`INSERT INTO pulls (key, repo_key, repo, number, title, url, state, draft, author, head_ref, created_at, updated_at, closed_at, merged_at, issue_ids, fetched, listed, shown, sort_at, session, basis, candidates)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 1, 0, $16, $11, '', '', '[]')
		ON CONFLICT (key) DO UPDATE SET repo = excluded.repo, title = excluded.title, url = excluded.url, state = excluded.state, draft = excluded.draft, author = excluded.author, head_ref = excluded.head_ref,
			created_at = excluded.created_at, updated_at = excluded.updated_at, closed_at = excluded.closed_at, merged_at = excluded.merged_at, issue_ids = excluded.issue_ids, fetched = 1, shown = excluded.shown`,
		key, ref.Repo.Key(), string(ref.Repo), ref.Number, fresh.title, fresh.url, fresh.state, fresh.draft, fresh.author, fresh.head, fresh.created, fresh.updated, fresh.closed, fresh.merged, fresh.ids, shown)
	tx.exec(`DELETE FROM pull_tokens WHERE pull_key = $1`, key)
	for _, token := range tokens {
		tx.exec(`INSERT INTO pull_tokens (token, pull_key) VALUES ($1, $2) ON CONFLICT DO NOTHING`, token, key)
	}
	tx.exec(`DELETE FROM pull_ids WHERE pull_key = $1`, key)
	for _, id := range ids {
		tx.exec(`INSERT INTO pull_ids (issue_id, pull_key) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, key)
	}
	d.pulls[key] = true
	d.countPullsOf(map[string]bool{key: true})
	// Its sessions' states depend on what has become of it.
	tx.Each(`SELECT session FROM links WHERE pull_key = $1`, []any{key}, func(r *Row) {
		var session string
		r.Scan(&session)
		d.sessions[session] = true
	})
}

// PullsFailed notes that a repository's pull requests could not be read.
func (s *Store) PullsFailed(ctx context.Context, repo telemetry.RepoName, cause string) error {
	return s.Write(ctx, func(tx *Tx) error {
		tx.exec(`INSERT INTO pull_syncs (repo_key, watermark, ok_at, failed_at, error) VALUES ($1, 0, 0, $2, $3)
			ON CONFLICT (repo_key) DO UPDATE SET failed_at = excluded.failed_at, error = excluded.error`, repo.Key(), ms(tx.now), cause)
		return tx.err
	})
}
