package derive

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// sessionRow is a row of the table sessions. Equal values are equal rows.
type sessionRow struct {
	key, id, url                          string
	batch, repo, run                      int64
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
	polled, hasPR                         int
	pullKey, prURL, basis                 string
}

const sessionColumns = `key, id, url, batch_id, repo_id, run_ref, run_file, run_number, run_id, run_url, run_label, target_repo, fork_url, at, at_text, issue_ids, family,
	title, status, detail, state, reason, since, origin, updated_at, polled, has_pr, pull_key, pr_url, basis`

func (s *sessionRow) fields() []any {
	return []any{&s.key, &s.id, &s.url, &s.batch, &s.repo, &s.run, &s.runFile, &s.runNumber, &s.runID, &s.runURL, &s.runLabel, &s.target, &s.fork, &s.at, &s.atText, &s.issueIDs, &s.family,
		&s.title, &s.status, &s.detail, &s.state, &s.reason, &s.since, &s.origin, &s.updated, &s.polled, &s.hasPR, &s.pullKey, &s.prURL, &s.basis}
}

func (s *sessionRow) values() []any {
	return []any{s.key, s.id, s.url, s.batch, s.repo, s.run, s.runFile, s.runNumber, s.runID, s.runURL, s.runLabel, s.target, s.fork, s.at, s.atText, s.issueIDs, s.family,
		s.title, s.status, s.detail, string(s.state), s.reason, s.since, s.origin, s.updated, s.polled, s.hasPR, s.pullKey, s.prURL, s.basis, slices.Index(telemetry.States(), s.state), telemetry.ParseRepo(s.target).Key()}
}

const mentionQuery = `SELECT m.session, m.shown_id, m.url, m.batch_id, m.status, m.issue_ids, m.family, m.pr_url, m.ord, r.id, r.file, r.repo_id, r.run_number, r.run_id, r.run_url, r.run_label, r.target_repo, r.fork_url, r.at, r.at_text
	FROM mentions m JOIN runs r ON r.id = m.run_id WHERE `

// scanMention reads a session as its record tells it.
func scanMention(r *store.Row) (s sessionRow, ord int64) {
	var bare string
	r.Scan(&bare, &s.id, &s.url, &s.batch, &s.status, &s.issueIDs, &s.family, &s.prURL, &ord, &s.run, &s.runFile, &s.repo, &s.runNumber, &s.runID, &s.runURL, &s.runLabel, &s.target, &s.fork, &s.at, &s.atText)
	s.key, s.since, s.origin = bare, s.at, "record"
	return s, ord
}

// startNever writes the sessions of a run that got no id: each stands for
// itself, and its state never changes.
func (d *derivation) startNever(run int64) {
	var rows [][]any
	d.tx.Each(mentionQuery+`m.run_id = $1 AND m.session = ''`, []any{run}, func(r *store.Row) {
		s, ord := scanMention(r)
		if s.id != "" { // a dry run is no session
			return
		}
		s.key = s.runFile + "#" + strconv.FormatInt(ord, 10)
		s.state, s.reason = telemetry.StateOf("", telemetry.Word{Status: s.status}, telemetry.PRSummary{})
		rows = append(rows, s.values())
	})
	d.saveSessions(rows)
}

func (d *derivation) saveSessions(rows [][]any) {
	if len(rows) == 0 {
		return
	}
	d.tx.Touch(telemetry.TopicSessions)
	d.tx.Bulk("sessions", []string{"key TEXT", "id TEXT", "url TEXT", "batch_id BIGINT", "repo_id BIGINT", "run_ref BIGINT", "run_file TEXT", "run_number BIGINT", "run_id TEXT", "run_url TEXT", "run_label TEXT", "target_repo TEXT", "fork_url TEXT",
		"at BIGINT", "at_text TEXT", "issue_ids TEXT", "family TEXT", "title TEXT", "status TEXT", "detail TEXT", "state TEXT", "reason TEXT", "since BIGINT", "origin TEXT", "updated_at BIGINT", "polled SMALLINT", "has_pr SMALLINT", "pull_key TEXT", "pr_url TEXT", "basis TEXT", "state_rank SMALLINT", "repo_key TEXT"}, rows,
		`ON CONFLICT (key) DO UPDATE SET id = excluded.id, url = excluded.url, batch_id = excluded.batch_id, repo_id = excluded.repo_id, run_ref = excluded.run_ref, run_file = excluded.run_file, run_number = excluded.run_number,
			run_id = excluded.run_id, run_url = excluded.run_url, run_label = excluded.run_label, target_repo = excluded.target_repo, fork_url = excluded.fork_url, at = excluded.at, at_text = excluded.at_text,
			issue_ids = excluded.issue_ids, family = excluded.family, title = excluded.title, status = excluded.status, detail = excluded.detail, state = excluded.state, state_rank = excluded.state_rank, reason = excluded.reason,
			since = excluded.since, origin = excluded.origin, updated_at = excluded.updated_at, polled = excluded.polled, has_pr = excluded.has_pr, pull_key = excluded.pull_key, pr_url = excluded.pr_url, basis = excluded.basis, repo_key = excluded.repo_key`)
}

// poll is what polling last learned of a session.
type poll struct {
	word             telemetry.Word // "" where Devin never told of it
	title, url       string
	updated, changed int64
	missing          int64 // since when Devin does not know it; 0 while it does
}

// deriveSessions writes the rows of all sessions that may have changed: the
// newest record's words, over them what polling learned, over them what
// the pull requests say.
func (d *derivation) deriveSessions() {
	tx := d.tx
	ids := slices.Sorted(maps.Keys(d.sessions))
	if len(ids) == 0 || tx.Err() != nil {
		return
	}
	list := store.JSON(ids)
	fresh := map[string]sessionRow{}
	tx.Each(mentionQuery+`m.session `+tx.In(1, "TEXT")+` ORDER BY r.at, r.file, m.ord DESC`, []any{list}, func(r *store.Row) {
		s, _ := scanMention(r)
		if before, again := fresh[s.key]; again && before.sameWord(&s) {
			s.since = before.since
		}
		fresh[s.key] = s // the newest record comes last
	})
	old := map[string]sessionRow{}
	tx.Each(`SELECT `+sessionColumns+` FROM sessions WHERE key `+tx.In(1, "TEXT"), []any{list}, func(r *store.Row) {
		var s sessionRow
		r.Scan(s.fields()...)
		old[s.key] = s
	})
	polls := d.pollsOf(list)
	pulls := d.pullsOf(list)
	var rows, logs [][]any
	for _, id := range ids {
		s, named := fresh[id]
		if !named {
			if tx.Exec(`DELETE FROM sessions WHERE key = $1`, id) > 0 {
				tx.Touch(telemetry.TopicSessions)
				d.repos[old[id].repo] = true
			}
			continue
		}
		before, known := old[id]
		s.decide(polls[id], pulls[id], before, known)
		if known && before == s {
			continue
		}
		d.repos[s.repo] = true
		if known {
			d.repos[before.repo] = true
		}
		if known && before.repo != s.repo {
			tx.Exec(`UPDATE state_log SET repo_id = $1 WHERE session = $2`, s.repo, s.key)
		}
		rows = append(rows, s.values())
		if !known || before.state != s.state || before.reason != s.reason {
			logs = append(logs, []any{s.key, string(s.state), s.status, s.detail, s.origin, s.since, s.repo})
		}
	}
	d.saveSessions(rows)
	d.logStates(logs)
}

// sameWord tells whether two records say the same of a session.
func (s *sessionRow) sameWord(o *sessionRow) bool {
	state, reason := telemetry.StateOf(s.id, telemetry.Word{Status: s.status}, telemetry.PRSummary{})
	otherState, otherReason := telemetry.StateOf(o.id, telemetry.Word{Status: o.status}, telemetry.PRSummary{})
	return state == otherState && reason == otherReason
}

// decide settles a session's state and since when and from where it has it:
// from the record that first said so, from the poll that did, or from its
// pull request where that changes what the word means.
func (s *sessionRow) decide(p poll, pulls []linkedPull, before sessionRow, known bool) {
	word := telemetry.Word{Status: s.status}
	polled := p.word.API != ""
	if polled {
		s.polled, s.title, s.updated = 1, p.title, p.updated
		word, s.since, s.origin = p.word, p.changed, "poll"
		s.url = cmp.Or(s.url, p.url)
	}
	s.status, s.detail = word.Status, word.Detail
	main, summary := choosePull(pulls)
	s.hasPR = store.Flag(summary.Any)
	if main != nil {
		s.pullKey, s.prURL, s.basis = main.key, main.url, string(main.basis)
	}
	s.state, s.reason = telemetry.StateOf(s.id, word, summary)
	plain, _ := telemetry.StateOf(s.id, word, telemetry.PRSummary{})
	if p.missing > 0 && s.state.Active() {
		s.state, s.reason, s.since, s.origin = telemetry.StateUnknown, telemetry.MissingSession, p.missing, "poll"
		return
	}
	switch {
	case polled && known && before.state == s.state && before.reason == s.reason:
		s.since, s.origin = before.since, before.origin // another word for the same
	case s.state != plain:
		s.origin, s.since = "pr", max(s.since, pullTime(pulls, s.state))
	}
}

// pullTime is when the pull requests brought a session to a state, 0 where
// that is not known.
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

func (d *derivation) pollsOf(list string) map[string]poll {
	polls := map[string]poll{}
	d.tx.Each(`SELECT session, api, status, detail, title, url, updated_at, changed_at, missing_since
		FROM polls WHERE session `+d.tx.In(1, "TEXT"), []any{list}, func(r *store.Row) {
		var id string
		var p poll
		r.Scan(&id, &p.word.API, &p.word.Status, &p.word.Detail, &p.title, &p.url, &p.updated, &p.changed, &p.missing)
		polls[id] = p
	})
	return polls
}

func (d *derivation) logStates(logs [][]any) {
	if len(logs) == 0 {
		return
	}
	var last int64
	d.tx.Row(`SELECT COALESCE(MAX(id), 0) FROM state_log`).Scan(&last)
	for i := range logs {
		last++
		logs[i] = append([]any{last}, logs[i]...)
	}
	d.tx.Bulk("state_log", []string{"id BIGINT", "session TEXT", "state TEXT", "word TEXT", "detail TEXT", "origin TEXT", "at BIGINT", "repo_id BIGINT"}, logs, "")
}

// slowly and rarely are the paces at which the loop asks about sessions that
// seldom change.
const (
	slowly = 10 * time.Minute
	rarely = time.Hour
)

// SessionsToPoll returns bare ids in the order in which to ask about them,
// longest unasked first: all that have an id, or those whose turn it is.
func (w *Writer) SessionsToPoll(ctx context.Context, all bool) ([]string, error) {
	var ids []string
	now := w.Now()
	err := w.Read(ctx, func(tx *store.Tx) error {
		ids = nil
		tx.Each(`SELECT s.key, s.state, COALESCE(p.asked_at, 0), COALESCE(p.missing_since, 0)
			FROM sessions s LEFT JOIN polls p ON p.session = s.key WHERE s.id <> '' ORDER BY 3, s.at DESC, s.key`, nil, func(r *store.Row) {
			var id string
			var state telemetry.State
			var asked, missing int64
			r.Scan(&id, &state, &asked, &missing)
			if all || due(state.Pace(), missing > 0, now.Sub(time.UnixMilli(asked))) {
				ids = append(ids, id)
			}
		})
		return tx.Err()
	})
	return ids, err
}

func due(pace telemetry.Pace, missing bool, waited time.Duration) bool {
	switch {
	case pace == telemetry.PaceNever:
		return false
	case pace == telemetry.PaceRarely || missing:
		return waited >= rarely
	case pace == telemetry.PaceSlowly:
		return waited >= slowly
	}
	return true
}

// SavePoll keeps what Devin answered. Sessions of which it says nothing new
// are only noted as asked, which raises no version.
func (w *Writer) SavePoll(ctx context.Context, answer telemetry.SessionAnswer) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		d := newDerivation(tx)
		var asked []string
		for i := range answer.Sessions {
			d.putPoll(&answer.Sessions[i])
			asked = append(asked, answer.Sessions[i].ID)
		}
		tx.Exec(`UPDATE polls SET asked_at = $1 WHERE session `+tx.In(2, "TEXT"), store.Millis(tx.Now()), store.JSON(append(asked, answer.Unknown...)))
		d.putMissing(answer.Unknown)
		d.finish()
		return tx.Err()
	})
}

// putMissing notes the sessions that Devin does not know with this key. What
// it once told of them stays.
func (d *derivation) putMissing(ids []string) {
	tx := d.tx
	for _, id := range ids {
		n := tx.Exec(`INSERT INTO polls (session, api, status, detail, title, url, prs, created_at, updated_at, changed_at, asked_at,
				missing, missing_since) VALUES ($1, '', '', '', '', '', '[]', 0, 0, 0, $2, 1, $2)
			ON CONFLICT (session) DO UPDATE SET missing_since = excluded.missing_since WHERE polls.missing_since = 0`, id, store.Millis(tx.Now()))
		if n > 0 {
			d.sessions[id] = true
		}
	}
}

func (d *derivation) putPoll(u *telemetry.UpstreamSession) {
	tx := d.tx
	urls := []string{}
	for _, pr := range u.PRs {
		urls = append(urls, pr.URL)
	}
	prs := store.JSON(urls)
	var api, status, detail, title, url, oldPRs string
	var updated, changed, asked, missing int64
	known := tx.Row(`SELECT api, status, detail, title, url, prs, updated_at, changed_at, asked_at, missing_since
		FROM polls WHERE session = $1`, u.ID).
		Scan(&api, &status, &detail, &title, &url, &oldPRs, &updated, &changed, &asked, &missing).Found && api != ""
	sameWord := known && api == u.API && status == u.Status && detail == u.Detail
	if sameWord && missing == 0 && title == u.Title && url == u.URL && oldPRs == prs && updated == store.Millis(u.UpdatedAt) {
		return
	}
	if !sameWord {
		// Devin does not say when a word began; its last update is the best
		// guess as long as it lies after the time it was last asked.
		changed = store.Millis(u.UpdatedAt)
		if changed == 0 || changed > store.Millis(tx.Now()) || (known && changed < asked) {
			changed = store.Millis(tx.Now())
		}
	}
	tx.Exec(`INSERT INTO polls (session, api, status, detail, title, url, prs, created_at, updated_at, changed_at, asked_at, missing)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0)
		ON CONFLICT (session) DO UPDATE SET api = excluded.api, status = excluded.status, detail = excluded.detail, title = excluded.title,
			url = excluded.url, prs = excluded.prs, created_at = excluded.created_at, updated_at = excluded.updated_at,
			changed_at = excluded.changed_at, asked_at = excluded.asked_at, missing = 0, missing_since = 0`,
		u.ID, u.API, u.Status, u.Detail, u.Title, u.URL, prs, store.Millis(u.CreatedAt), store.Millis(u.UpdatedAt), changed, store.Millis(tx.Now()))
	d.sessions[u.ID] = true
	if oldPRs != prs {
		d.putPollPulls(u.ID, urls)
	}
}

// putPollPulls keeps which pull requests Devin names for a session.
func (d *derivation) putPollPulls(session string, urls []string) {
	tx := d.tx
	tx.Each(`SELECT pull_key FROM poll_pulls WHERE session = $1`, []any{session}, func(r *store.Row) {
		var key string
		r.Scan(&key)
		d.pulls[key] = true
	})
	tx.Exec(`DELETE FROM poll_pulls WHERE session = $1`, session)
	for _, url := range urls {
		if key := d.ensurePull(url); key != "" {
			tx.Exec(`INSERT INTO poll_pulls (session, pull_key) VALUES ($1, $2) ON CONFLICT DO NOTHING`, session, key)
		}
	}
	d.linked[session] = true
}
