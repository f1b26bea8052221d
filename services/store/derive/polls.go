package derive

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// poll is what polling last learned of a session.
type poll struct {
	status           telemetry.UpstreamStatus // "" where Devin never told of it
	title, url       string
	updated, changed int64
	missing          int64 // since when Devin does not know it; 0 while it does
}

func pollsOf(tx *store.Tx, sessions string) map[string]poll {
	polls := map[string]poll{}
	tx.Each(`SELECT session, api, status, detail, title, url, updated_at, changed_at, missing_since
		FROM polls WHERE session `+tx.In(1, "TEXT"), []any{sessions}, func(r *store.Row) {
		var id string
		var p poll
		r.Scan(&id, &p.status.API, &p.status.Status, &p.status.Detail, &p.title, &p.url, &p.updated, &p.changed, &p.missing)
		polls[id] = p
	})
	return polls
}

// SessionsToPoll returns session keys in the order in which to ask about them,
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
			if all || due(state, missing > 0, now.Sub(time.UnixMilli(asked))) {
				ids = append(ids, id)
			}
		})
		return tx.Err()
	})
	return ids, err
}

// due reports whether to poll a session that was polled so long ago.
func due(state telemetry.State, missing bool, waited time.Duration) bool {
	interval, polled := state.PollInterval()
	if missing {
		interval = telemetry.PollMissing
	}
	return polled && waited >= interval
}

// SavePoll keeps what Devin answered. Sessions of which it says nothing new
// are only noted as asked, which raises no version.
func (w *Writer) SavePoll(ctx context.Context, answer telemetry.SessionAnswer) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		c := newChanges(tx)
		var asked []string
		for i := range answer.Sessions {
			c.putPoll(&answer.Sessions[i])
			asked = append(asked, answer.Sessions[i].ID)
		}
		tx.Exec(`UPDATE polls SET asked_at = $1 WHERE session `+tx.In(2, "TEXT"),
			store.Millis(tx.Now()), store.JSON(append(asked, answer.Unknown...)))
		c.putOutputs(answer.Sessions)
		c.putMissing(answer.Unknown)
		derive(c)
		return tx.Err()
	})
}

// putMissing notes the sessions that Devin does not know with this key. What
// it once told of them stays.
func (c *changes) putMissing(ids []string) {
	tx := c.tx
	for _, id := range ids {
		n := tx.Exec(`INSERT INTO polls (session, api, status, detail, title, url, prs, created_at, updated_at, changed_at, asked_at,
				missing, missing_since) VALUES ($1, '', '', '', '', '', '[]', 0, 0, 0, $2, 1, $2)
			ON CONFLICT (session) DO UPDATE SET missing_since = excluded.missing_since WHERE polls.missing_since = 0`, id, store.Millis(tx.Now()))
		if n > 0 {
			c.sessions[id] = true
		}
	}
}

func (c *changes) putPoll(u *telemetry.UpstreamSession) {
	tx := c.tx
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
	sameStatus := known && api == u.API && status == u.Status && detail == u.Detail
	if sameStatus && missing == 0 && title == u.Title && url == u.URL && oldPRs == prs && updated == store.Millis(u.UpdatedAt) {
		return
	}
	if !sameStatus {
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
		u.ID, u.API, u.Status, u.Detail, u.Title, u.URL, prs, store.Millis(u.CreatedAt), store.Millis(u.UpdatedAt),
		changed, store.Millis(tx.Now()))
	c.sessions[u.ID] = true
	if oldPRs != prs {
		c.putPollPulls(u.ID, urls)
	}
}

// putPollPulls keeps which pull requests Devin names for a session.
func (c *changes) putPollPulls(session string, urls []string) {
	tx := c.tx
	c.pulls.addRows(tx, `SELECT pull_key FROM poll_pulls WHERE session = $1`, session)
	tx.Exec(`DELETE FROM poll_pulls WHERE session = $1`, session)
	for _, url := range urls {
		if key := ensurePull(c.records, url, c.pulls); key != "" {
			tx.Exec(`INSERT INTO poll_pulls (session, pull_key) VALUES ($1, $2) ON CONFLICT DO NOTHING`, session, key)
		}
	}
	c.linked[session] = true
}
