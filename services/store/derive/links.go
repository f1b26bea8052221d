package derive

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// linkedPull is a pull request of a session as its row needs it.
type linkedPull struct {
	key, url, state string
	number          int64
	created, merged int64 // when, 0 if not or not known
	basis           telemetry.LinkBasis
}

// choosePull returns the pull request that stands for a session's: by the
// strongest basis, then an open one, then the newest.
func choosePull(pulls []linkedPull) (*linkedPull, telemetry.PRSummary) {
	var sum telemetry.PRSummary
	for _, p := range pulls {
		sum.Any = true
		sum.Merged = sum.Merged || p.merged != 0
		sum.Open = sum.Open || (p.merged == 0 && p.state != "closed")
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
	case p.merged != 0:
		return 1
	case p.state == "closed":
		return 2
	}
	return 0
}

// pullsOf returns the pull requests of sessions, guesses left out.
func (d *derivation) pullsOf(sessions string) map[string][]linkedPull {
	pulls := map[string][]linkedPull{}
	d.tx.Each(`SELECT l.session, l.basis, p.key, p.url, p.state, p.number, p.created_at, p.merged_at FROM links l JOIN pulls p ON p.key = l.pull_key WHERE l.guess = 0 AND l.session `+d.tx.In(1, "TEXT")+` ORDER BY l.session, p.key`, []any{sessions}, func(r *store.Row) {
		var session string
		var p linkedPull
		r.Scan(&session, &p.basis, &p.key, &p.url, &p.state, &p.number, &p.created, &p.merged)
		pulls[session] = append(pulls[session], p)
	})
	return pulls
}

// link links pull requests and sessions anew wherever more or less is known
// than before, and nowhere else: a new record costs what it names, not its
// repository's history.
func (d *derivation) link() {
	tx := d.tx
	d.affectedPulls()
	if len(d.pulls) == 0 || tx.Err() != nil {
		return
	}
	keys := store.JSON(slices.Sorted(maps.Keys(d.pulls)))
	pulls := d.linkPulls(keys)
	wanted := map[[2]string]telemetry.Link{}
	for _, l := range telemetry.LinkAll(d.linkSessions(keys), pulls) {
		if d.pulls[l.Pull] {
			wanted[[2]string{l.Pull, l.Session}] = l
		}
	}
	have := map[[2]string]telemetry.Link{}
	tx.Each(`SELECT pull_key, session, basis, guess FROM links WHERE pull_key `+tx.In(1, "TEXT"), []any{keys}, func(r *store.Row) {
		var l telemetry.Link
		var guess int
		r.Scan(&l.Pull, &l.Session, &l.Basis, &guess)
		l.Guess = guess == 1
		have[[2]string{l.Pull, l.Session}] = l
	})
	for k, l := range have {
		if wanted[k] != l {
			tx.Exec(`DELETE FROM links WHERE pull_key = $1 AND session = $2`, l.Pull, l.Session)
			d.sessions[l.Session] = true
		}
	}
	var rows [][]any
	for k, l := range wanted {
		if have[k] != l {
			rows = append(rows, []any{l.Pull, l.Session, string(l.Basis), store.Flag(l.Guess)})
			d.sessions[l.Session] = true
		}
	}
	tx.Bulk("links", []string{"pull_key TEXT", "session TEXT", "basis TEXT", "guess SMALLINT"}, rows, "")
	d.settlePulls(slices.Sorted(maps.Keys(d.pulls)))
}

// affectedPulls adds to the pull requests to link all that something of the
// changed sessions links, or linked.
func (d *derivation) affectedPulls() {
	if len(d.linked) == 0 || d.tx.Err() != nil {
		return
	}
	in := d.tx.In(1, "TEXT")
	d.tx.Each(`SELECT pull_key FROM links WHERE session `+in+`
		UNION SELECT pull_key FROM mentions WHERE pull_key <> '' AND session `+in+`
		UNION SELECT pull_key FROM poll_pulls WHERE session `+in+`
		UNION SELECT pull_key FROM verifications WHERE pull_key <> '' AND session `+in+`
		UNION SELECT pull_key FROM pull_tokens WHERE token `+in+`
		UNION SELECT p.pull_key FROM mention_ids m JOIN pull_ids p ON p.issue_id = m.issue_id WHERE m.session `+in,
		[]any{store.JSON(slices.Sorted(maps.Keys(d.linked)))}, func(r *store.Row) {
			var key string
			r.Scan(&key)
			d.pulls[key] = true
		})
}

// linkSessions returns the sessions that have a claim on one of the pull
// requests, with what they claim by.
func (d *derivation) linkSessions(keys string) []telemetry.LinkSession {
	tx, in := d.tx, d.tx.In(1, "TEXT")
	sessions := map[string]*telemetry.LinkSession{}
	of := func(id string) *telemetry.LinkSession {
		if sessions[id] == nil {
			sessions[id] = &telemetry.LinkSession{ID: id}
		}
		return sessions[id]
	}
	claims := func(query string, add func(s *telemetry.LinkSession, ref telemetry.PullRef)) {
		tx.Each(query, []any{keys}, func(r *store.Row) {
			var id, repo string
			var ref telemetry.PullRef
			r.Scan(&id, &repo, &ref.Number)
			ref.Repo = telemetry.RepoName(repo)
			add(of(id), ref)
		})
	}
	const known = ` AND EXISTS (SELECT 1 FROM mentions k WHERE k.session = x.session)`
	claims(`SELECT DISTINCT x.session, p.repo_key, p.number FROM mentions x JOIN pulls p ON p.key = x.pull_key WHERE x.session <> '' AND x.pull_key <> '' AND x.pull_key `+in,
		func(s *telemetry.LinkSession, ref telemetry.PullRef) { s.Recorded = append(s.Recorded, ref) })
	claims(`SELECT x.session, p.repo_key, p.number FROM poll_pulls x JOIN pulls p ON p.key = x.pull_key WHERE x.pull_key `+in+known,
		func(s *telemetry.LinkSession, ref telemetry.PullRef) { s.Devin = append(s.Devin, ref) })
	claims(`SELECT DISTINCT x.session, p.repo_key, p.number FROM verifications x JOIN pulls p ON p.key = x.pull_key WHERE x.session <> '' AND x.pull_key `+in+known,
		func(s *telemetry.LinkSession, ref telemetry.PullRef) { s.Verified = append(s.Verified, ref) })
	tx.Each(`SELECT DISTINCT m.session FROM pull_tokens t JOIN mentions m ON m.session = t.token WHERE t.pull_key `+in, []any{keys}, func(r *store.Row) {
		var id string
		r.Scan(&id)
		of(id)
	})
	tx.Each(`SELECT DISTINCT m.session, m.issue_id, r.target_repo, r.fork_url FROM pull_ids p JOIN mention_ids m ON m.issue_id = p.issue_id JOIN runs r ON r.id = m.run_id WHERE p.pull_key `+in, []any{keys}, func(r *store.Row) {
		var id, issue, target, fork string
		r.Scan(&id, &issue, &target, &fork)
		s := of(id)
		s.IssueIDs = append(s.IssueIDs, issue)
		for _, repo := range []telemetry.RepoName{telemetry.ParseRepo(target), telemetry.ParseRepo(fork)} {
			s.Repos = append(s.Repos, repo.Key())
		}
	})
	for _, s := range sessions {
		for _, repo := range s.Repos {
			s.Repos = append(s.Repos, d.nameNow(telemetry.RepoName(repo)).Key())
		}
	}
	out := make([]telemetry.LinkSession, 0, len(sessions))
	for _, id := range slices.Sorted(maps.Keys(sessions)) {
		out = append(out, *sessions[id])
	}
	return out
}

// linkPulls returns the pull requests with what their texts name.
func (d *derivation) linkPulls(keys string) []telemetry.LinkPull {
	tx := d.tx
	byKey := map[string]*telemetry.LinkPull{}
	var order []string
	tx.Each(`SELECT key, repo, number, issue_ids FROM pulls WHERE key `+tx.In(1, "TEXT")+` ORDER BY key`, []any{keys}, func(r *store.Row) {
		var key, name, ids string
		var number int64
		r.Scan(&key, &name, &number, &ids)
		byKey[key] = &telemetry.LinkPull{Ref: telemetry.PullRef{Repo: telemetry.RepoName(name), Number: number}, IssueIDs: store.FromJSON[[]string](tx, ids)}
		order = append(order, key)
	})
	// One that stayed of a repository that is gone says nothing more.
	tx.Each(`SELECT t.pull_key, t.token FROM pull_tokens t JOIN pulls p ON p.key = t.pull_key
		WHERE t.pull_key `+tx.In(1, "TEXT")+` AND `+isHome+` ORDER BY t.pull_key, t.token`, []any{keys}, func(r *store.Row) {
		var key, token string
		r.Scan(&key, &token)
		if p := byKey[key]; p != nil {
			p.Tokens = append(p.Tokens, token)
		}
	})
	pulls := make([]telemetry.LinkPull, 0, len(order))
	for _, key := range order {
		pulls = append(pulls, *byKey[key])
	}
	return pulls
}

// ensurePull gives a pull request that something names a row, with all
// about it unknown, if it has none. It returns its key, "" for an address of
// none.
func (d *derivation) ensurePull(address string) string {
	ref, web := telemetry.ParsePullURL(address)
	ref.Repo = d.nameNow(ref.Repo)
	if ref.Number == 0 {
		return ""
	}
	tx, key := d.tx, ref.Key()
	n := tx.Exec(`INSERT INTO pulls (key, repo_key, repo, number, title, url, state, draft, author, head_ref, created_at, updated_at, closed_at, merged_at, issue_ids, fetched, listed, shown, sort_at, session, basis, candidates)
			VALUES ($1, $2, $3, $4, '', $5, 'unknown', 0, '', '', 0, 0, 0, 0, '[]', 0, 0, 'unknown', 0, '', '', '[]') ON CONFLICT (key) DO NOTHING`,
		key, ref.Repo.Key(), string(ref.Repo), ref.Number, web)
	if n > 0 {
		tx.Touch(telemetry.TopicPulls)
	}
	d.pulls[key] = true
	return key
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
	if len(keys) == 0 || tx.Err() != nil {
		return
	}
	list := store.JSON(keys)
	now, then := map[string]*pullSettled{}, map[string]pullSettled{}
	fetched, counted := map[string]bool{}, map[string]bool{}
	tx.Each(`SELECT p.key, p.fetched, p.created_at, p.listed, p.session, p.basis, p.candidates, p.sort_at,
			CASE WHEN EXISTS (SELECT 1 FROM links l WHERE l.pull_key = p.key AND l.basis IN ('devin', 'verification', 'record')) OR EXISTS (SELECT 1 FROM verifications v WHERE v.pull_key = p.key) THEN 1
				WHEN NOT `+isHome+` THEN 0
				WHEN p.issue_ids <> '[]' OR EXISTS (SELECT 1 FROM pull_tokens t JOIN mentions m ON m.session = t.token WHERE t.pull_key = p.key) THEN 1 ELSE 0 END
		FROM pulls p WHERE p.key `+tx.In(1, "TEXT"), []any{list}, func(r *store.Row) {
		var key string
		var isFetched int
		var created int64
		var old pullSettled
		n := &pullSettled{candidates: "[]"}
		r.Scan(&key, &isFetched, &created, &old.listed, &old.session, &old.basis, &old.candidates, &old.sortAt, &n.listed)
		n.sortAt = created
		now[key], then[key], fetched[key] = n, old, isFetched == 1
	})
	d.claimPulls(list, now)
	for _, key := range keys {
		n := now[key]
		switch {
		case n == nil:
		case n.listed == 0 && !fetched[key]:
			tx.Exec(`DELETE FROM pulls WHERE key = $1`, key)
			tx.Touch(telemetry.TopicPulls)
			counted[key] = true
		case *n != then[key]:
			tx.Exec(`UPDATE pulls SET listed = $1, session = $2, basis = $3, candidates = $4, sort_at = $5 WHERE key = $6`, n.listed, n.session, string(n.basis), n.candidates, n.sortAt, key)
			tx.Touch(telemetry.TopicPulls)
			counted[key] = counted[key] || n.listed != then[key].listed
		}
	}
	d.countPullsOf(counted)
}

// countPullsOf marks the repositories whose figures count the pull requests.
func (d *derivation) countPullsOf(keys map[string]bool) {
	repos := map[string]bool{}
	for key := range keys {
		repo, _, _ := strings.Cut(key, "#")
		repos[repo] = true
	}
	if len(repos) == 0 {
		return
	}
	d.concernRepos(`SELECT DISTINCT repo_id FROM homes WHERE key `+d.tx.In(1, "TEXT"), store.JSON(slices.Sorted(maps.Keys(repos))))
}

func (d *derivation) concernRepos(query string, arg any) {
	d.tx.Each(query, []any{arg}, func(r *store.Row) {
		var id int64
		r.Scan(&id)
		d.repos[id] = true
	})
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
	d.tx.Each(`SELECT l.pull_key, l.session, l.basis, l.guess, MAX(m.shown_id), MAX(r.at) FROM links l JOIN mentions m ON m.session = l.session JOIN runs r ON r.id = m.run_id
		WHERE l.pull_key `+d.tx.In(1, "TEXT")+` GROUP BY l.pull_key, l.session, l.basis, l.guess ORDER BY l.pull_key, l.session`, []any{list}, func(r *store.Row) {
		var key string
		var c claim
		var guess int
		r.Scan(&key, &c.session, &c.basis, &guess, &c.shown, &c.at)
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
		n.candidates = store.JSON(shown)
	}
}
