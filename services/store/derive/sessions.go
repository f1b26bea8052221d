package derive

import (
	"cmp"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// session is a row of the table sessions. Equal values are equal rows.
type session struct {
	key, id, url                          string
	batch, repo, run                      int64
	repoKey                               string
	runFile                               string
	runNumber                             int64
	runID, runURL, runLabel, target, fork string
	at                                    int64
	atText, issueIDs, family              string
	title, status, detail                 string
	state                                 telemetry.State
	reason                                string
	since                                 int64
	origin                                string
	updated                               int64
	polled, hasPR                         bool
	pullKey, prURL                        string
	basis                                 telemetry.LinkBasis
}

// fields are a session's row, but for what follows from others of them.
func (s *session) fields() []store.Field {
	return []store.Field{
		store.Col("key TEXT", &s.key), store.Col("id TEXT", &s.id), store.Col("url TEXT", &s.url),
		store.Col("batch_id BIGINT", &s.batch), store.Col("repo_id BIGINT", &s.repo), store.Col("repo_key TEXT", &s.repoKey),
		store.Col("run_ref BIGINT", &s.run),
		store.Col("run_file TEXT", &s.runFile), store.Col("run_number BIGINT", &s.runNumber),
		store.Col("run_id TEXT", &s.runID), store.Col("run_url TEXT", &s.runURL), store.Col("run_label TEXT", &s.runLabel),
		store.Col("target_repo TEXT", &s.target), store.Col("fork_url TEXT", &s.fork), store.Col("at BIGINT", &s.at),
		store.Col("at_text TEXT", &s.atText), store.Col("issue_ids TEXT", &s.issueIDs), store.Col("family TEXT", &s.family),
		store.Col("title TEXT", &s.title), store.Col("status TEXT", &s.status), store.Col("detail TEXT", &s.detail),
		store.Col("state TEXT", &s.state), store.Col("reason TEXT", &s.reason), store.Col("since BIGINT", &s.since),
		store.Col("origin TEXT", &s.origin), store.Col("updated_at BIGINT", &s.updated),
		store.Col("polled SMALLINT", &s.polled), store.Col("has_pr SMALLINT", &s.hasPR),
		store.Col("pull_key TEXT", &s.pullKey), store.Col("pr_url TEXT", &s.prURL), store.Col("basis TEXT", &s.basis),
	}
}

func saveSessions(tx *store.Tx, list []session) {
	if len(list) == 0 {
		return
	}
	tx.Touch(telemetry.TopicSessions)
	rows := make([][]store.Field, len(list))
	for i := range list {
		s := &list[i]
		rows[i] = append(s.fields(),
			store.Col("state_rank SMALLINT", slices.Index(telemetry.States(), s.state)))
	}
	tx.Put("sessions", "key", rows...)
}

// putSessions writes the rows of sessions: the newest record's words, over
// them what polling learned, over them what the pull requests say. It gives
// the repositories whose figures that changes.
func putSessions(tx *store.Tx, sessions set[string]) affected {
	out := newAffected()
	if len(sessions) == 0 || tx.Err() != nil {
		return out
	}
	ids := list(sessions)
	recorded, stored := recordedSessions(tx, ids), storedSessions(tx, ids)
	polls, pulls := pollsOf(tx, ids), pullsOf(tx, ids)
	var rows []session
	var logs [][]store.Field
	for _, id := range sorted(sessions) {
		s, named := recorded[id]
		before, known := stored[id]
		if !named {
			if tx.Exec(`DELETE FROM sessions WHERE key = $1`, id) > 0 {
				tx.Touch(telemetry.TopicSessions)
				out.repos[before.repo] = true
			}
			continue
		}
		s.decide(polls[id], pulls[id], before, known)
		if known && before == s {
			continue
		}
		out.repos[s.repo] = true
		if known {
			out.repos[before.repo] = true
		}
		if known && before.repo != s.repo {
			tx.Exec(`UPDATE state_log SET repo_id = $1 WHERE session = $2`, s.repo, s.key)
		}
		rows = append(rows, s)
		if !known || before.state != s.state || before.reason != s.reason {
			logs = append(logs, []store.Field{
				store.Col("id BIGINT", nil), store.Col("session TEXT", s.key), store.Col("state TEXT", s.state),
				store.Col("status TEXT", s.status), store.Col("detail TEXT", s.detail), store.Col("origin TEXT", s.origin),
				store.Col("at BIGINT", s.since), store.Col("repo_id BIGINT", s.repo),
			})
		}
	}
	saveSessions(tx, rows)
	appendLog(tx, "state_log", logs)
	return out
}

// appendLog adds rows, of which the first field is their id, to a log.
func appendLog(tx *store.Tx, table string, logs [][]store.Field) {
	if len(logs) == 0 {
		return
	}
	last := store.One[int64](tx, `SELECT COALESCE(MAX(id), 0) FROM `+table)
	for i := range logs {
		logs[i][0].Value = last + int64(i) + 1
	}
	tx.Put(table, "", logs...)
}

// recordedSessions are sessions as their newest records have them, since the first that said the same.
func recordedSessions(tx *store.Tx, ids string) map[string]session {
	found := map[string]session{}
	tx.Each(mentionQuery+`m.session `+tx.In(1, "TEXT")+` ORDER BY r.at, r.file, m.ord DESC`, []any{ids}, func(r *store.Row) {
		s, _ := scanMention(r)
		if before, again := found[s.key]; again && before.sameStatus(&s) {
			s.since = before.since
		}
		found[s.key] = s // the newest record comes last
	})
	return found
}

func storedSessions(tx *store.Tx, ids string) map[string]session {
	found := map[string]session{}
	columns := store.Names((&session{}).fields())
	tx.Each(`SELECT `+columns+` FROM sessions WHERE key `+tx.In(1, "TEXT"), []any{ids}, func(r *store.Row) {
		var s session
		r.Scan(store.Pointers(s.fields())...)
		found[s.key] = s
	})
	return found
}

// sameStatus reports whether two records say the same of a session.
func (s *session) sameStatus(o *session) bool {
	state, reason := telemetry.StateOf(s.id, telemetry.UpstreamStatus{Status: s.status}, telemetry.PRSummary{})
	otherState, otherReason := telemetry.StateOf(o.id, telemetry.UpstreamStatus{Status: o.status}, telemetry.PRSummary{})
	return state == otherState && reason == otherReason
}

// decide settles a session's state and since when and from where it has it:
// from the record that first said so, from the poll that did, or from its
// pull request where that changes what the word means.
func (s *session) decide(p poll, pulls []linkedPull, before session, known bool) {
	word := telemetry.UpstreamStatus{Status: s.status}
	polled := p.status.API != ""
	if polled {
		s.polled, s.title, s.updated = true, p.title, p.updated
		word, s.since, s.origin = p.status, p.changed, "poll"
		s.url = cmp.Or(s.url, p.url)
	}
	s.status, s.detail = word.Status, word.Detail
	main, summary := choosePull(pulls)
	s.hasPR = summary.Any
	if main != nil {
		s.pullKey, s.prURL, s.basis = main.key, main.url, main.basis
	}
	s.state, s.reason = telemetry.StateOf(s.id, word, summary)
	plain, _ := telemetry.StateOf(s.id, word, telemetry.PRSummary{})
	if p.missingSince > 0 && s.state.Active() {
		s.state, s.reason, s.since, s.origin = telemetry.StateUnknown, telemetry.MissingSession, p.missingSince, "poll"
		return
	}
	switch {
	case polled && known && before.state == s.state && before.reason == s.reason:
		s.since, s.origin = before.since, before.origin // another word for the same
	case s.state != plain:
		s.origin, s.since = "pr", max(s.since, pullTime(pulls, s.state))
	}
}

// pullTime is when the pull requests brought a session to a state, 0 where not known.
func pullTime(pulls []linkedPull, state telemetry.State) int64 {
	var when int64
	for _, p := range pulls {
		if state == telemetry.StateFinished {
			when = max(when, p.merged)
		} else if p.merged == 0 && p.state != "closed" {
			when = max(when, p.created)
		}
	}
	return when
}

// pullsOf returns the pull requests of sessions, ambiguous ones left out.
func pullsOf(tx *store.Tx, sessions string) map[string][]linkedPull {
	pulls := map[string][]linkedPull{}
	tx.Each(`SELECT l.session, l.basis, p.key, p.url, p.state, p.number, p.created_at, p.merged_at
		FROM links l JOIN pulls p ON p.key = l.pull_key WHERE l.ambiguous = 0 AND l.session `+tx.In(1, "TEXT")+`
		ORDER BY l.session, p.key`, []any{sessions}, func(r *store.Row) {
		var session string
		var p linkedPull
		r.Scan(&session, &p.basis, &p.key, &p.url, &p.state, &p.number, &p.created, &p.merged)
		pulls[session] = append(pulls[session], p)
	})
	return pulls
}

// linkedPull is a pull request of a session as its row needs it.
type linkedPull struct {
	key, url, state string
	number          int64
	created, merged int64 // when, 0 if not or not known
	basis           telemetry.LinkBasis
}

// choosePull returns the pull request that stands for a session's: strongest basis, open, newest.
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
		return cmp.Or(cmp.Compare(a.basis.Rank(), b.basis.Rank()), cmp.Compare(pullOrder(a), pullOrder(b)),
			cmp.Compare(b.number, a.number), cmp.Compare(a.key, b.key))
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
