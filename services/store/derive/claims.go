package derive

import (
	"cmp"
	"maps"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// claim is a row of the table claims. Equal values are equal rows.
type claim struct {
	session      string
	issue, repo  int64
	at, nth      int64
	last         bool
	said         telemetry.Said
	reason       string
	found        telemetry.Found
	mergeUnknown bool
	acus         int64
	playbook     string
}

// attempted is a claim with what decides it.
type attempted struct {
	claim
	ids       []string // what records call the issue
	fixed     bool     // as of the reference scan
	reference int64    // when that was
}

func (c *claim) fields() []store.Field {
	return []store.Field{
		store.Col("session TEXT", &c.session), store.Col("issue_id BIGINT", &c.issue), store.Col("repo_id BIGINT", &c.repo),
		store.Col("at BIGINT", &c.at), store.Col("nth BIGINT", &c.nth), store.Col("last SMALLINT", &c.last),
		store.Col("said TEXT", &c.said), store.Col("reason TEXT", &c.reason), store.Col("found TEXT", &c.found),
		store.Col("merge_unknown SMALLINT", &c.mergeUnknown), store.Col("milli_acus BIGINT", &c.acus),
		store.Col("playbook TEXT", &c.playbook),
	}
}

type claimKey struct {
	session string
	issue   int64
}

// putClaims writes what came of each attempt at the issues concerned: those
// that scans can have changed, of sessions and pull requests of which more or
// less is known, and those whose attempts have changed.
func putClaims(tx *store.Tx, scans applied, todo affected) {
	issues := concernedIssues(tx, scans, todo)
	if tx.Err() != nil || len(issues)+len(scans.replayed) == 0 {
		return
	}
	rows := attemptsAt(tx, issues)
	old := storedClaims(tx, issues, scans.replayed)
	decideClaims(tx, rows)
	var changed [][]store.Field
	for _, key := range sortedClaims(rows) {
		row := rows[key].claim
		if was, known := old[key]; !known || was != row {
			changed = append(changed, row.fields())
		}
		delete(old, key)
	}
	for key := range old {
		tx.Exec(`DELETE FROM claims WHERE session = $1 AND issue_id = $2`, key.session, key.issue)
	}
	if len(old)+len(changed) > 0 {
		tx.Touch(telemetry.TopicSessions)
	}
	tx.Put("claims", "session, issue_id", changed...)
}

func sortedClaims(rows map[claimKey]*attempted) []claimKey {
	return slices.SortedFunc(maps.Keys(rows), func(a, b claimKey) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.issue, b.issue))
	})
}

// concernedIssues are the issues whose attempts may have come to another end.
// A scan after all others changes those that waited for one, and those that it
// opens or closes.
func concernedIssues(tx *store.Tx, scans applied, todo affected) set[int64] {
	issues, sessions := set[int64]{}, set[string]{}
	issues.add(scans.flipped)
	issues.add(todo.issues)
	sessions.add(todo.sessions)
	if len(todo.issues) > 0 { // the shares of a session's other issues change, too
		in, ids := tx.In(1, "BIGINT"), list(todo.issues)
		sessions.addRows(tx, `SELECT session FROM attempts WHERE session <> '' AND issue_id `+in, ids)
		sessions.addRows(tx, `SELECT session FROM claims WHERE issue_id `+in, ids)
	}
	if len(todo.pulls) > 0 {
		sessions.addRows(tx, `SELECT session FROM links WHERE pull_key `+tx.In(1, "TEXT"), list(todo.pulls))
	}
	if len(sessions) > 0 {
		issues.addRows(tx, `SELECT issue_id FROM attempts WHERE session <> '' AND session `+tx.In(1, "TEXT"), list(sessions))
	}
	for repo := range scans.repos {
		if scans.replayed[repo] {
			issues.addRows(tx, `SELECT id FROM issues WHERE repo_id = $1 AND attempts > 0`, repo)
			continue
		}
		issues.addRows(tx, `SELECT issue_id FROM claims WHERE repo_id = $1 AND found = 'not_rescanned'`, repo)
	}
	return issues
}

// attemptsAt are the attempts at issues, each session and issue once.
func attemptsAt(tx *store.Tx, issues set[int64]) map[claimKey]*attempted {
	rows := map[claimKey]*attempted{}
	tx.Each(`SELECT a.session, a.issue_id, i.repo_id, i.status_rank, r.ref_at, a.at, a.ids, COALESCE(s.at, 0)
		FROM attempts a JOIN issues i ON i.id = a.issue_id JOIN repos r ON r.id = i.repo_id LEFT JOIN sessions s ON s.key = a.session
		WHERE a.session <> '' AND a.issue_id `+tx.In(1, "BIGINT"), []any{list(issues)}, func(r *store.Row) {
		var c attempted
		var rank, at int64
		r.Scan(&c.session, &c.issue, &c.repo, &rank, &c.reference, &c.at, store.ListOf(&c.ids), &at)
		c.fixed = rank == int64(telemetry.StatusFixed.Rank())
		if at != 0 {
			c.at = at
		}
		key := claimKey{c.session, c.issue}
		if same := rows[key]; same != nil {
			same.at, same.ids = min(same.at, c.at), joinIDs(same.ids, c.ids)
			return
		}
		rows[key] = &c
	})
	return rows
}

func storedClaims(tx *store.Tx, issues, repos set[int64]) map[claimKey]claim {
	found := map[claimKey]claim{}
	read := func(r *store.Row) {
		var c claim
		r.Scan(store.Pointers(c.fields())...)
		found[claimKey{c.session, c.issue}] = c
	}
	columns := store.Names((&claim{}).fields())
	tx.Each(`SELECT `+columns+` FROM claims WHERE issue_id `+tx.In(1, "BIGINT"), []any{list(issues)}, read)
	for repo := range repos {
		tx.Each(`SELECT `+columns+` FROM claims WHERE repo_id = $1`, []any{repo}, read)
	}
	return found
}

// decideClaims says what came of attempts.
func decideClaims(tx *store.Tx, rows map[claimKey]*attempted) {
	sessions, byIssue := set[string]{}, map[int64][]*attempted{}
	for key, c := range rows {
		sessions[key.session] = true
		byIssue[key.issue] = append(byIssue[key.issue], c)
	}
	said, pulls, shares := saidOf(tx, list(sessions)), pullsOf(tx, list(sessions)), sharesOf(tx, list(sessions))
	scans := fullScans{tx, map[int64][]int64{}}
	for _, attempts := range byIssue {
		slices.SortFunc(attempts, func(a, b *attempted) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.session, b.session)) })
		for i, c := range attempts {
			s := said[c.session]
			facts := telemetry.AttemptFacts{Since: c.at, Scanned: c.reference, Fixed: c.fixed}
			if s.at != 0 {
				facts.Since = s.at
			}
			facts.Pull, facts.Merged = fateOf(pulls[c.session])
			if i+1 < len(attempts) {
				facts.Next = attempts[i+1].at
				facts.Scanned = scans.last(c.repo, facts.Next)
			}
			c.found, c.mergeUnknown = facts.Found()
			c.said, c.reason = s.claim.Of(c.ids)
			c.nth, c.last = int64(i+1), i+1 == len(attempts)
			c.acus, c.playbook = shares[claimKey{c.session, c.issue}].of(s.acus), s.playbook
		}
	}
}

// said is what a session says as a whole.
type said struct {
	claim    telemetry.Claim
	at, acus int64
	playbook string
}

func saidOf(tx *store.Tx, sessions string) map[string]said {
	found := map[string]said{}
	tx.Each(`SELECT session, output, said_at, milli_acus, playbook FROM polls WHERE session `+tx.In(1, "TEXT"), []any{sessions},
		func(r *store.Row) {
			var id, output string
			var s said
			r.Scan(&id, &output, &s.at, &s.acus, &s.playbook)
			s.claim, _ = telemetry.ParseClaim([]byte(output))
			found[id] = s
		})
	return found
}

// share is an issue's part of what its session cost.
type share struct{ place, n int64 }

// of is the part of a cost: the parts of all issues add up to it. It is -1
// where the cost is not known.
func (s share) of(acus int64) int64 {
	if acus == 0 || s.n == 0 {
		return -1
	}
	part := acus / s.n
	if s.place < acus%s.n {
		part++
	}
	return part
}

// sharesOf are the parts of the issues that sessions took.
func sharesOf(tx *store.Tx, sessions string) map[claimKey]share {
	shares := map[claimKey]share{}
	taken := map[string][]int64{}
	tx.Each(`SELECT a.session, a.issue_id FROM attempts a JOIN issues i ON i.id = a.issue_id JOIN repos r ON r.id = i.repo_id
		WHERE a.session `+tx.In(1, "TEXT")+` ORDER BY a.session, r.key, i.public_id, i.id`, []any{sessions}, func(r *store.Row) {
		var id string
		var issue int64
		r.Scan(&id, &issue)
		if !slices.Contains(taken[id], issue) {
			taken[id] = append(taken[id], issue)
		}
	})
	for id, issues := range taken {
		for i, issue := range issues {
			shares[claimKey{id, issue}] = share{int64(i), int64(len(issues))}
		}
	}
	return shares
}

// fateOf is what became of a session's pull requests, and when the last of
// them was merged.
func fateOf(pulls []linkedPull) (fate string, merged int64) {
	rank := 0
	for _, p := range pulls {
		merged = max(merged, p.merged)
		at := slices.Index([]string{"closed", "open", "unknown"}, p.state) + 1
		rank = max(rank, at)
	}
	if merged != 0 {
		return "merged", merged
	}
	return []string{"", "closed", "open", ""}[rank], 0
}

// fullScans looks up the full scans of repositories, and remembers them.
type fullScans struct {
	tx    *store.Tx
	times map[int64][]int64 // by repository, in order
}

// last is when the last full scan of a repository up to a time was, 0 without
// one.
func (f *fullScans) last(repo, until int64) int64 {
	times, asked := f.times[repo]
	if !asked {
		f.tx.Each(`SELECT at FROM runs WHERE repo_id = $1 AND kind = 'scan' AND has_findings = 1 AND reduced = 0 ORDER BY at`, []any{repo},
			func(r *store.Row) {
				var at int64
				r.Scan(&at)
				times = append(times, at)
			})
		f.times[repo] = times
	}
	n, _ := slices.BinarySearch(times, until+1)
	if n == 0 {
		return 0
	}
	return times[n-1]
}
