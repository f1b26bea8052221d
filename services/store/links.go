package store

import (
	"cmp"
	"maps"
	"slices"

	"telemetry-dashboard/services/telemetry"
)

// linkedPull is a pull request of a session as its row needs it.
type linkedPull struct {
	key, url, state string
	number          int64
	merged          bool
	basis           telemetry.LinkBasis
}

// choosePull returns the pull request that stands for a session's: by the
// strongest basis, then an open one, then the newest.
func choosePull(pulls []linkedPull) (*linkedPull, telemetry.PRSummary) {
	var sum telemetry.PRSummary
	for _, p := range pulls {
		sum.Any = true
		sum.Merged = sum.Merged || p.merged
		sum.Open = sum.Open || (!p.merged && p.state != "closed")
	}
	if len(pulls) == 0 {
		return nil, sum
	}
	best := slices.MinFunc(pulls, func(a, b linkedPull) int {
		return cmp.Or(cmp.Compare(a.basis.Rank(), b.basis.Rank()), cmp.Compare(pullOrder(a), pullOrder(b)), cmp.Compare(b.number, a.number), cmp.Compare(a.key, b.key))
	})
	return &best, sum
}

func pullOrder(p linkedPull) int {
	switch {
	case p.merged:
		return 1
	case p.state == "closed":
		return 2
	}
	return 0
}

// pullsOf returns the pull requests of sessions, guesses left out.
func (d *derivation) pullsOf(sessions string) map[string][]linkedPull {
	pulls := map[string][]linkedPull{}
	d.tx.each(`SELECT l.session, l.basis, p.key, p.url, p.state, p.number, p.merged_at FROM links l JOIN pulls p ON p.key = l.pull_key WHERE l.guess = 0 AND l.session `+d.tx.in(1, "TEXT"), []any{sessions}, func(r *row) {
		var session string
		var p linkedPull
		var merged int64
		r.scan(&session, &p.basis, &p.key, &p.url, &p.state, &p.number, &merged)
		p.merged = merged != 0
		pulls[session] = append(pulls[session], p)
	})
	return pulls
}

// linkRepo links the sessions of a repository to pull requests anew, and
// marks the sessions whose links changed.
func (d *derivation) linkRepo(repo int64) {
	tx := d.tx
	sessions := d.linkSessions(repo)
	ids := slices.Sorted(maps.Keys(sessions))
	list := jsonText(ids)
	pulls := d.linkPulls(repo, list, sessions)
	input := make([]telemetry.LinkSession, 0, len(ids))
	for _, id := range ids {
		input = append(input, *sessions[id])
	}
	wanted := map[[2]string]telemetry.Link{}
	for _, l := range telemetry.LinkAll(input, pulls) {
		wanted[[2]string{l.Pull, l.Session}] = l
	}
	have := map[[2]string]telemetry.Link{}
	tx.each(`SELECT pull_key, session, basis, guess FROM links WHERE session `+tx.in(1, "TEXT"), []any{list}, func(r *row) {
		var l telemetry.Link
		var guess int
		r.scan(&l.Pull, &l.Session, &l.Basis, &guess)
		l.Guess = guess == 1
		have[[2]string{l.Pull, l.Session}] = l
	})
	settle := map[string]bool{}
	for _, p := range pulls {
		settle[p.Ref.Key()] = true
	}
	for k, l := range have {
		if wanted[k] != l {
			tx.exec(`DELETE FROM links WHERE pull_key = $1 AND session = $2`, l.Pull, l.Session)
			d.sessions[l.Session], settle[l.Pull] = true, true
		}
	}
	for k, l := range wanted {
		if have[k] != l {
			tx.exec(`INSERT INTO links (pull_key, session, basis, guess) VALUES ($1, $2, $3, $4)`, l.Pull, l.Session, string(l.Basis), flag(l.Guess))
			d.sessions[l.Session], settle[l.Pull] = true, true
		}
	}
	d.settlePulls(slices.Sorted(maps.Keys(settle)))
}

// linkSessions returns what is known of the repository's sessions, by id.
func (d *derivation) linkSessions(repo int64) map[string]*telemetry.LinkSession {
	tx := d.tx
	sessions := map[string]*telemetry.LinkSession{}
	tx.each(`SELECT m.session, m.issue_ids, m.pr_url, r.target_repo, r.fork_url FROM mentions m JOIN runs r ON r.id = m.run_id WHERE r.repo_id = $1 AND m.session <> '' ORDER BY r.at, r.file, m.ord`, []any{repo}, func(r *row) {
		var id, issues, pr, target, fork string
		r.scan(&id, &issues, &pr, &target, &fork)
		s := sessions[id]
		if s == nil {
			s = &telemetry.LinkSession{ID: id}
			sessions[id] = s
		}
		s.IssueIDs = append(s.IssueIDs, fromJSON[[]string](tx, issues)...)
		if ref := telemetry.ParsePull(pr); ref.Number > 0 {
			s.Recorded = append(s.Recorded, ref)
		}
		s.Repos = append(s.Repos, telemetry.ParseRepo(target).Key(), telemetry.ParseRepo(fork).Key())
	})
	list := jsonText(slices.Sorted(maps.Keys(sessions)))
	tx.each(`SELECT session, prs FROM polls WHERE prs <> '[]' AND session `+tx.in(1, "TEXT"), []any{list}, func(r *row) {
		var id, prs string
		r.scan(&id, &prs)
		for _, url := range fromJSON[[]string](tx, prs) {
			if ref := telemetry.ParsePull(url); ref.Number > 0 {
				sessions[id].Devin = append(sessions[id].Devin, ref)
			}
		}
	})
	tx.each(`SELECT session, pr_url FROM verifications WHERE session `+tx.in(1, "TEXT"), []any{list}, func(r *row) {
		var id, url string
		r.scan(&id, &url)
		if ref := telemetry.ParsePull(url); ref.Number > 0 {
			sessions[id].Verified = append(sessions[id].Verified, ref)
		}
	})
	return sessions
}

// linkPulls returns the pull requests that the repository's sessions can
// have: its own and its fork's, those that name a session, and those that
// are named; the last get a row if they have none.
func (d *derivation) linkPulls(repo int64, sessions string, named map[string]*telemetry.LinkSession) []telemetry.LinkPull {
	tx := d.tx
	for _, s := range named {
		for _, refs := range [][]telemetry.PullRef{s.Devin, s.Verified, s.Recorded} {
			for _, ref := range refs {
				d.ensurePull(ref)
			}
		}
	}
	byKey := map[string]*telemetry.LinkPull{}
	read := func(r *row) {
		var key, name, ids string
		var number int64
		r.scan(&key, &name, &number, &ids)
		byKey[key] = &telemetry.LinkPull{Ref: telemetry.PullRef{Repo: telemetry.RepoName(name), Number: number}, IssueIDs: fromJSON[[]string](tx, ids)}
	}
	tx.each(`SELECT p.key, p.repo, p.number, p.issue_ids FROM pulls p JOIN repos r ON r.id = $1 WHERE p.repo_key = r.key OR p.repo_key = r.fork_key`, []any{repo}, read)
	tx.each(`SELECT p.key, p.repo, p.number, p.issue_ids FROM pulls p WHERE p.key IN (SELECT t.pull_key FROM pull_tokens t WHERE t.token `+tx.in(1, "TEXT")+`)`, []any{sessions}, read)
	keys := slices.Sorted(maps.Keys(byKey))
	tx.each(`SELECT pull_key, token FROM pull_tokens WHERE pull_key `+tx.in(1, "TEXT")+` ORDER BY pull_key, token`, []any{jsonText(keys)}, func(r *row) {
		var key, token string
		r.scan(&key, &token)
		byKey[key].Tokens = append(byKey[key].Tokens, token)
	})
	pulls := make([]telemetry.LinkPull, 0, len(keys))
	for _, key := range keys {
		pulls = append(pulls, *byKey[key])
	}
	return pulls
}

// ensurePull gives a pull request that something names a row, with all
// about it unknown, if it has none.
func (d *derivation) ensurePull(ref telemetry.PullRef) {
	tx, key := d.tx, ref.Key()
	tx.exec(`INSERT INTO pulls (key, repo_key, repo, number, title, url, state, draft, author, head_ref, created_at, updated_at, closed_at, merged_at, issue_ids, fetched, listed, shown, sort_at, session, basis, candidates)
			VALUES ($1, $2, $3, $4, '', $5, 'unknown', 0, '', '', 0, 0, 0, 0, '[]', 0, 0, 'unknown', 0, '', '', '[]') ON CONFLICT (key) DO NOTHING`,
		key, ref.Repo.Key(), string(ref.Repo), ref.Number, ref.URL())
	if tx.affected > 0 {
		tx.touch(telemetry.TopicPulls)
	}
	d.loose[key] = true
}

// pullSettled is what settlePulls decides of a pull request.
type pullSettled struct {
	listed     int
	session    string
	basis      telemetry.LinkBasis
	candidates string
	sortAt     int64
}

// settlePulls decides for each pull request whether it is listed (it is one
// of ours), which session's it is, and where it stands in lists. One that
// was only named, and no longer is, goes.
func (d *derivation) settlePulls(keys []string) {
	tx := d.tx
	if len(keys) == 0 || tx.err != nil {
		return
	}
	list := jsonText(keys)
	now, then := map[string]*pullSettled{}, map[string]pullSettled{}
	fetched := map[string]bool{}
	tx.each(`SELECT p.key, p.fetched, p.created_at, p.listed, p.session, p.basis, p.candidates, p.sort_at,
			CASE WHEN EXISTS (SELECT 1 FROM links l WHERE l.pull_key = p.key AND l.basis IN ('devin', 'verification', 'record')) OR EXISTS (SELECT 1 FROM verifications v WHERE v.pull_key = p.key) THEN 1
				WHEN NOT EXISTS (SELECT 1 FROM repos r WHERE r.key = p.repo_key OR r.fork_key = p.repo_key) THEN 0
				WHEN p.issue_ids <> '[]' OR EXISTS (SELECT 1 FROM pull_tokens t JOIN mentions m ON m.session = t.token WHERE t.pull_key = p.key) THEN 1 ELSE 0 END
		FROM pulls p WHERE p.key `+tx.in(1, "TEXT"), []any{list}, func(r *row) {
		var key string
		var isFetched int
		var created int64
		var old pullSettled
		n := &pullSettled{candidates: "[]"}
		r.scan(&key, &isFetched, &created, &old.listed, &old.session, &old.basis, &old.candidates, &old.sortAt, &n.listed)
		n.sortAt = created
		now[key], then[key], fetched[key] = n, old, isFetched == 1
	})
	d.claimPulls(list, now)
	for _, key := range keys {
		n := now[key]
		switch {
		case n == nil:
		case n.listed == 0 && !fetched[key]:
			tx.exec(`DELETE FROM pulls WHERE key = $1`, key)
			tx.touch(telemetry.TopicPulls)
		case *n != then[key]:
			tx.exec(`UPDATE pulls SET listed = $1, session = $2, basis = $3, candidates = $4, sort_at = $5 WHERE key = $6`, n.listed, n.session, string(n.basis), n.candidates, n.sortAt, key)
			tx.touch(telemetry.TopicPulls)
		}
	}
}

// claimPulls gives each pull request the session of its strongest link, or
// the candidates where that is a guess. One without a creation time sorts by
// the record that names its session.
func (d *derivation) claimPulls(list string, now map[string]*pullSettled) {
	type claim struct {
		session, shown string
		basis          telemetry.LinkBasis
		guess          bool
		at             int64
	}
	claims := map[string][]claim{}
	d.tx.each(`SELECT l.pull_key, l.session, l.basis, l.guess, MAX(m.shown_id), MAX(r.at) FROM links l JOIN mentions m ON m.session = l.session JOIN runs r ON r.id = m.run_id
		WHERE l.pull_key `+d.tx.in(1, "TEXT")+` GROUP BY l.pull_key, l.session, l.basis, l.guess ORDER BY l.pull_key, l.session`, []any{list}, func(r *row) {
		var key string
		var c claim
		var guess int
		r.scan(&key, &c.session, &c.basis, &guess, &c.shown, &c.at)
		c.guess = guess == 1
		claims[key] = append(claims[key], c)
	})
	for key, list := range claims {
		n := now[key]
		if n == nil {
			continue
		}
		best := slices.MinFunc(list, func(a, b claim) int {
			return cmp.Or(cmp.Compare(a.basis.Rank(), b.basis.Rank()), cmp.Compare(b.at, a.at), cmp.Compare(a.session, b.session))
		})
		if n.sortAt == 0 {
			n.sortAt = best.at
		}
		if !best.guess {
			n.session, n.basis = best.session, best.basis
			continue
		}
		var shown []string
		for _, c := range list {
			if c.guess && c.basis == best.basis {
				shown = append(shown, c.shown)
			}
		}
		n.candidates = jsonText(shown)
	}
}
