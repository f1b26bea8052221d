package derive

import (
	"strconv"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// What a record says of sessions.

func (o *recorded) dropMentions(run int64) {
	for _, session := range store.All[string](o.tx, `SELECT session FROM mentions WHERE run_id = $1 AND session <> ''`, run) {
		o.addSession(session)
	}
	o.pulls.addRows(o.tx, `SELECT pull_key FROM mentions WHERE run_id = $1 AND pull_key <> ''`, run)
	o.tx.Exec(`DELETE FROM mentions WHERE run_id = $1`, run)
	o.tx.Exec(`DELETE FROM mention_ids WHERE run_id = $1`, run)
	if o.tx.Exec(`DELETE FROM sessions WHERE run_ref = $1 AND id = ''`, run) > 0 {
		o.tx.Touch(telemetry.TopicSessions)
	}
}

// putMentions writes the sessions that a record names; those of an older version are gone already.
func (o *recorded) putMentions(run int64, rec *telemetry.Record) {
	families := map[string]string{}
	for _, f := range rec.Findings {
		if f.IssueID != "" {
			families[f.IssueID] = f.Family
		}
	}
	var rows, ids [][]store.Field
	named, never := map[[2]string]bool{}, false
	for i, s := range rec.Sessions {
		key, pull := telemetry.SessionKey(s.ID), ""
		o.addSession(key)
		if key != "" && !rec.PRFilled(i) { // what backfill filled from a link is no new ground for that link
			pull = ensurePull(o.records, s.PRURL, o.pulls)
		}
		for _, id := range s.IssueIDs {
			if id = telemetry.IssueKey(id); id != "" && key != "" {
				named[[2]string{id, key}] = true
			}
		}
		never = never || key == ""
		state, _ := telemetry.StateOf(key, telemetry.UpstreamStatus{Status: s.Status}, telemetry.PRSummary{})
		rows = append(rows, []store.Field{
			store.Col("run_id BIGINT", run), store.Col("ord BIGINT", i), store.Col("session TEXT", key),
			store.Col("shown_id TEXT", s.ID), store.Col("url TEXT", s.URL), store.Col("batch_id BIGINT", s.BatchID),
			store.Col("status TEXT", s.Status), store.Col("issue_ids TEXT", store.JSON(s.IssueIDs)),
			store.Col("family TEXT", familyOf(s.IssueIDs, families)), store.Col("pr_url TEXT", s.PRURL),
			store.Col("pull_key TEXT", pull), store.Col("state TEXT", state),
			store.Col("at BIGINT", store.Millis(rec.Timestamp)),
		})
	}
	for n := range named {
		ids = append(ids, []store.Field{
			store.Col("issue_id TEXT", n[0]), store.Col("run_id BIGINT", run), store.Col("session TEXT", n[1]),
		})
	}
	o.tx.Put("mentions", "", rows...)
	o.tx.Put("mention_ids", "", ids...)
	if never {
		startNever(o.tx, run)
	}
}

// familyOf is the CWE family that all of the issues share, "" where it is not known.
func familyOf(ids []string, families map[string]string) string {
	family := ""
	for i, id := range ids {
		f := families[id]
		if f == "" || (i > 0 && f != family) {
			return ""
		}
		family = f
	}
	return family
}

// startNever writes the sessions of a run that got no id, each for itself.
func startNever(tx *store.Tx, run int64) {
	var rows []session
	tx.Each(mentionQuery+`m.run_id = $1 AND m.session = ''`, []any{run}, func(r *store.Row) {
		s, ord := scanMention(r)
		if s.id == "" { // else a dry run, which is not a session
			s.key = s.runFile + "#" + strconv.FormatInt(ord, 10)
			s.state, s.reason = telemetry.StateOf("", telemetry.UpstreamStatus{Status: s.status}, telemetry.PRSummary{})
			rows = append(rows, s)
		}
	})
	saveSessions(tx, rows)
}

// mentionQuery asks for sessions as records tell of them; scanMention reads one.
const mentionQuery = `SELECT m.session, m.shown_id, m.url, m.batch_id, m.status, m.issue_ids, m.family, m.pr_url, m.ord,
		r.id, r.file, r.repo_id, r.repo_key, r.run_number, r.run_id, r.run_url, r.run_label, r.target_repo, r.fork_url, r.at, r.at_text
	FROM mentions m JOIN runs r ON r.id = m.run_id WHERE `

func scanMention(r *store.Row) (s session, ord int64) {
	r.Scan(&s.key, &s.id, &s.url, &s.batch, &s.status, &s.issueIDs, &s.family, &s.prURL, &ord,
		&s.run, &s.runFile, &s.repo, &s.repoKey, &s.runNumber, &s.runID, &s.runURL, &s.runLabel, &s.target, &s.fork, &s.at, &s.atText)
	s.since, s.origin = s.at, "record"
	return s, ord
}
