package derive

import (
	"context"
	"slices"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// poll is what polling last learned of a session. Equal values are equal rows.
type poll struct {
	session                            string
	status                             telemetry.UpstreamStatus // "" where Devin never told of it
	title, url, prs                    string
	created, updated, changed, askedAt int64
	missingSince                       int64 // since when Devin does not know it; 0 while it does
}

func (p *poll) fields() []store.Field {
	return []store.Field{
		store.Col("session TEXT", &p.session), store.Col("api TEXT", &p.status.API), store.Col("status TEXT", &p.status.Status),
		store.Col("detail TEXT", &p.status.Detail), store.Col("title TEXT", &p.title), store.Col("url TEXT", &p.url),
		store.Col("prs TEXT", &p.prs), store.Col("created_at BIGINT", &p.created), store.Col("updated_at BIGINT", &p.updated),
		store.Col("changed_at BIGINT", &p.changed), store.Col("asked_at BIGINT", &p.askedAt), store.Col("missing_since BIGINT", &p.missingSince),
	}
}

func pollsOf(tx *store.Tx, sessions string) map[string]poll {
	polls := map[string]poll{}
	for _, p := range store.Rows(tx, `SELECT `+store.Names((&poll{}).fields())+` FROM polls WHERE session `+tx.In(1, "TEXT"), []any{sessions},
		func(p *poll) []any { return store.Pointers(p.fields()) }) {
		polls[p.session] = p
	}
	return polls
}

// SessionsToPoll returns the sessions with an id, and those of them whose turn it is
// in a poll that is made every so often: all of them, if every is 0.
func (w *Writer) SessionsToPoll(ctx context.Context, every time.Duration) (telemetry.PollTurn, error) {
	now := w.Now()
	return store.Get(ctx, w.Store, func(tx *store.Tx) (turn telemetry.PollTurn) {
		awake := map[string]bool{}
		for _, id := range store.All[string](tx, `SELECT DISTINCT subject FROM submissions WHERE at >= $1 AND kind = $2`,
			store.Millis(now.Add(-telemetry.PollAwakened)), telemetry.SubmissionReply) {
			awake[id] = true
		}
		tx.Each(`SELECT s.key, s.state, COALESCE(p.asked_at, 0), COALESCE(p.missing_since, 0)
			FROM sessions s LEFT JOIN polls p ON p.session = s.key WHERE s.id <> '' ORDER BY 3, s.at DESC, s.key`, nil, func(r *store.Row) {
			var id string
			var state telemetry.State
			var asked, missing int64
			r.Scan(&id, &state, &asked, &missing)
			turn.Known = append(turn.Known, id)
			if awake[id] {
				state = telemetry.StateWorking
			}
			if every > 0 && !due(state, missing > 0, now.Sub(time.UnixMilli(asked)), every) {
				return
			}
			d := telemetry.DueSession{ID: id}
			if asked > 0 && missing == 0 {
				d.AskedAt = time.UnixMilli(asked)
			}
			turn.Due = append(turn.Due, d)
		})
		return turn
	})
}

// due reports whether to poll a session that was polled so long ago, in a poll that
// is made every so often: a turn may come a little early.
func due(state telemetry.State, missing bool, waited, every time.Duration) bool {
	distance, polled := state.PollDistance(every)
	if missing {
		distance = max(telemetry.PollMissing, every)
	}
	return polled && waited >= distance-every/2
}

// SavePoll keeps what Devin answered. Where it says nothing new, no version is raised.
func (w *Writer) SavePoll(ctx context.Context, answer telemetry.SessionAnswer) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		c := newChanges(tx)
		var asked []string
		for i := range answer.Sessions {
			asked = append(asked, answer.Sessions[i].ID)
		}
		known := pollsOf(tx, store.JSON(asked))
		for i := range answer.Sessions {
			c.putPoll(&answer.Sessions[i], known[asked[i]])
		}
		tx.Exec(`UPDATE polls SET asked_at = $1 WHERE session `+tx.In(2, "TEXT"),
			store.Millis(tx.Now()), store.JSON(slices.Concat(asked, answer.Unknown, answer.Unchanged)))
		c.putOutputs(answer.Sessions)
		c.putMissing(answer.Unknown)
		derive(c)
		return tx.Err()
	})
}

// putMissing notes the sessions that Devin does not know. What it once told of them stays.
func (c *changes) putMissing(ids []string) {
	tx := c.tx
	for _, id := range ids {
		n := tx.Exec(`INSERT INTO polls (session, api, status, detail, title, url, prs, created_at, updated_at, changed_at, asked_at,
				missing_since) VALUES ($1, '', '', '', '', '', '[]', 0, 0, 0, $2, $2)
			ON CONFLICT (session) DO UPDATE SET missing_since = excluded.missing_since WHERE polls.missing_since = 0`, id, store.Millis(tx.Now()))
		if n > 0 {
			c.sessions[id] = true
		}
	}
}

func (c *changes) putPoll(u *telemetry.UpstreamSession, old poll) {
	tx := c.tx
	urls := []string{}
	for _, pr := range u.PRs {
		urls = append(urls, pr.URL)
	}
	known, now := old.status.API != "", store.Millis(tx.Now())
	fresh := poll{
		session: u.ID, status: telemetry.UpstreamStatus{API: u.API, Status: u.Status, Detail: u.Detail}, title: store.Plain(u.Title), url: u.URL,
		prs: store.JSON(urls), created: store.Millis(u.CreatedAt), updated: store.Millis(u.UpdatedAt), changed: old.changed, askedAt: old.askedAt,
	}
	if old.created = fresh.created; known && old == fresh {
		return
	}
	if !known || old.status != fresh.status {
		// Devin does not say when a word began; its last update is the best
		// guess as long as it lies after the time it was last asked.
		fresh.changed = fresh.updated
		if fresh.changed == 0 || fresh.changed > now || (known && fresh.changed < old.askedAt) {
			fresh.changed = now
		}
	}
	fresh.askedAt = now
	tx.Put("polls", "session", fresh.fields())
	c.sessions[u.ID] = true
	if old.prs != fresh.prs {
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
