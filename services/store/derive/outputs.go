package derive

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
)

// output is what Devin says of a session beside its state, as it is stored.
// Equal values are equal rows.
type output struct {
	title, tags, playbook string
	acus                  int64
	output                string
}

func outputOf(u *telemetry.UpstreamSession) output {
	return output{u.Title, store.JSON(append([]string{}, u.Tags...)), u.Playbook, u.MilliACUs, string(u.Output)}
}

// putOutputs keeps what Devin says of sessions beside their states, and logs
// each change of it.
func (c *changes) putOutputs(sessions []telemetry.UpstreamSession) {
	tx := c.tx
	ids := make([]string, len(sessions))
	for i := range sessions {
		ids[i] = sessions[i].ID
	}
	stored := storedOutputs(tx, store.JSON(ids))
	logged := lastSaid(tx, store.JSON(ids))
	var logs [][]store.Field
	for i := range sessions {
		u := &sessions[i]
		now, was := outputOf(u), stored[u.ID]
		last, again := logged[u.ID]
		if now == was && again {
			continue
		}
		if now.acus < was.acus { // 0 can be wrong, and no cost shrinks
			now.acus = was.acus
		}
		// Devin does not say when it said something; its last update is the
		// best guess as long as that is news.
		at := store.Millis(u.UpdatedAt)
		if at <= last || at > store.Millis(tx.Now()) {
			at = store.Millis(tx.Now())
		}
		if now != was {
			c.saveOutput(u.ID, now, now.output != was.output, at)
		}
		if now != was || !again {
			logs = append(logs, now.log(u.ID, now.output != was.output, at))
		}
	}
	appendLog(tx, "claim_log", logs)
}

// lastSaid is when sessions last said something else than before.
func lastSaid(tx *store.Tx, ids string) map[string]int64 {
	last := map[string]int64{}
	tx.Each(`SELECT session, MAX(at) FROM claim_log WHERE session `+tx.In(1, "TEXT")+` GROUP BY session`, []any{ids}, func(r *store.Row) {
		var id string
		var at int64
		r.Scan(&id, &at)
		last[id] = at
	})
	return last
}

// storedOutputs are what was last said of sessions. The title is the log's:
// that of polls has already changed.
func storedOutputs(tx *store.Tx, ids string) map[string]output {
	stored := map[string]output{}
	tx.Each(`SELECT p.session, COALESCE((SELECT l.title FROM claim_log l WHERE l.session = p.session ORDER BY l.id DESC LIMIT 1), ''),
			p.tags, p.playbook, p.milli_acus, p.output
		FROM polls p WHERE p.session `+tx.In(1, "TEXT"), []any{ids}, func(r *store.Row) {
		var id string
		var o output
		r.Scan(&id, &o.title, &o.tags, &o.playbook, &o.acus, &o.output)
		stored[id] = o
	})
	return stored
}

// saveOutput writes what a session says now.
func (c *changes) saveOutput(session string, o output, anew bool, at int64) {
	tx := c.tx
	tx.Touch(telemetry.TopicSessions)
	tx.Exec(`UPDATE polls SET tags = $1, playbook = $2, milli_acus = $3 WHERE session = $4`, o.tags, o.playbook, o.acus, session)
	if anew {
		said := outcomes.SummaryOf([]byte(o.output))
		tx.Exec(`UPDATE polls SET output = $1, said_at = $2, claim_status = $3, fixed_n = $4, blocked_n = $5, tests = $6 WHERE session = $7`,
			o.output, at, said.Status, said.Fixed, said.Blocked, said.Tests, session)
	}
	c.sessions[session] = true
}

func (o output) log(session string, anew bool, at int64) []store.Field {
	var said any // NULL: as before
	if anew {
		said = o.output
	}
	return []store.Field{
		store.Col("id BIGINT", nil), store.Col("session TEXT", session), store.Col("at BIGINT", at),
		store.Col("title TEXT", o.title), store.Col("tags TEXT", o.tags), store.Col("playbook TEXT", o.playbook),
		store.Col("milli_acus BIGINT", o.acus), store.Col("output TEXT", said),
	}
}
