package store

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// onlyKnown refuses a query that a list cannot answer as of a time.
func onlyKnown(q telemetry.Query, known matchers) error {
	for _, t := range q.Terms {
		if known[t.Qualifier] == nil {
			return telemetry.Errorf(telemetry.CodeInvalid, "q: with as_of, this list can be asked for by %s only.", strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return nil
}

// sessionsAsOf returns the sessions that records up to a time name, with the
// state that the log has for it. Sorts: timestamp.
func (s *Store) sessionsAsOf(ctx context.Context, f telemetry.SessionFilter,
	p telemetry.Page) (telemetry.List[telemetry.SessionRow], error) {
	var out telemetry.List[telemetry.SessionRow]
	t := ms(f.AsOf)
	page, err := pageSQL(p, "timestamp", map[string]order{"timestamp": byDesc("named key"), "started": byDesc("named key")})
	if err != nil {
		return out, err
	}
	known := matchers{
		"is":      anyValue(stateThen(t)),
		"has":     wordIs(map[string]string{"pr": "linked = 1"}),
		"no":      wordIs(map[string]string{"pr": "linked = 0"}),
		"started": whenIs("named", t),
		"repo":    repoIs("repo_id"),
	}
	if err := onlyKnown(f.Query, known); err != nil {
		return out, err
	}
	w := where{args: []any{t}}
	if f.Repo != "" {
		w.and(`repo_id = (SELECT id FROM repos WHERE key = ?)`, f.Repo)
	}
	if len(f.States) == 0 && !slices.Contains(f.Query.Values("is"), string(telemetry.StateNeverStarted)) {
		w.and(`id <> ''`)
	}
	anyOf(&w, "state", f.States)
	if err := w.query(f.Query, known); err != nil {
		return out, err
	}
	from := ` FROM (SELECT s.key, s.id, s.repo_id, s.polled, ` + stateAt + ` AS state, ` + loggedAt + ` AS since, ` + linkedAt + ` AS linked, ` + namedAt + ` AS named FROM sessions s WHERE ` + knownSession + `) AS x` + w.sql()
	err = s.Read(ctx, func(tx *Tx) error {
		out = telemetry.List[telemetry.SessionRow]{Items: []telemetry.SessionRow{}}
		tx.row(`SELECT COUNT(*)`+from, w.args...).scan(&out.Total)
		rows := map[string]*telemetry.SessionRow{}
		var keys []string
		tx.each(`SELECT key, state, since, linked`+from+page, w.args, func(r *row) {
			var v telemetry.SessionRow
			var since int64
			var linked int
			r.scan(&v.Key, &v.State, &since, &linked)
			v.StateSince, v.HasPR = at(since), linked == 1
			keys, rows[v.Key] = append(keys, v.Key), &v
		})
		out.Items = sessionsThen(tx, keys, rows)
		return tx.err
	})
	return out, err
}

// loggedAt is when the state of a session s at $1 began.
const loggedAt = `CASE WHEN s.since <= $1 OR s.id = '' THEN s.since ELSE COALESCE((SELECT g.at FROM state_log g WHERE g.session = s.key AND g.at <= $1 ORDER BY g.id DESC LIMIT 1), s.at) END`

// stateThen is stateIs over the states of a time.
func stateThen(t int64) func(telemetry.QueryValue) condition {
	return func(v telemetry.QueryValue) condition {
		if v.Text != telemetry.WordActive {
			return condition{"state = ?", []any{v.Text}}
		}
		return condition{"(state IN ('queued', 'working', 'waiting') AND (polled = 1 OR since > ?))", []any{t - telemetry.RecordedFor.Milliseconds()}}
	}
}

// sessionsThen reads the rows of sessions, with the states of a time.
func sessionsThen(tx *Tx, keys []string, then map[string]*telemetry.SessionRow) []telemetry.SessionRow {
	if keys == nil {
		keys = []string{}
	}
	tx.each(`SELECT `+sessionRowColumns+` FROM `+sessionRowTables+` WHERE s.key `+tx.in(1, "TEXT"), []any{jsonText(keys)}, func(r *row) {
		var v telemetry.SessionRow
		scanSession(r, &v)
		old := then[v.Key]
		if old.State != v.State {
			v.State, v.Reason = old.State, ""
		}
		v.StateSince, v.HasPR = old.StateSince, old.HasPR
		if !v.HasPR {
			v.PRURL, v.PR, v.Basis = "", nil, ""
		}
		*old = v
	})
	items := make([]telemetry.SessionRow, len(keys))
	for i, key := range keys {
		items[i] = *then[key]
	}
	return items
}

// pullsAsOf returns the pull requests that something named at a time, with
// the state that they had. Sorts: created_at.
func (s *Store) pullsAsOf(ctx context.Context, f telemetry.PullFilter, p telemetry.Page) (telemetry.List[telemetry.PullRow], error) {
	var out telemetry.List[telemetry.PullRow]
	page, err := pageSQL(p, "created_at", map[string]order{"created_at": byDesc("p.created_at p.key"), "waiting": byWaiting(shownAt, "p.created_at p.key")})
	if err != nil {
		return out, err
	}
	w, err := s.pullQueryAt(ctx, f)
	if err != nil {
		return out, err
	}
	err = s.Read(ctx, func(tx *Tx) error {
		out = telemetry.List[telemetry.PullRow]{Items: []telemetry.PullRow{}}
		tx.row(`SELECT COUNT(*) FROM pulls p`+w.sql(), w.args...).scan(&out.Total)
		tx.each(`SELECT `+pullRowColumns+` FROM pulls p`+w.sql()+page, w.args, func(r *row) {
			var v telemetry.PullRow
			scanPull(r, &v)
			pullThen(&v, f)
			out.Items = append(out.Items, v)
		})
		return tx.err
	})
	return out, err
}

// pullQueryAt returns what chooses pull requests as of a time, which is $1.
func (s *Store) pullQueryAt(ctx context.Context, f telemetry.PullFilter) (where, error) {
	t := ms(f.AsOf)
	shown := map[string]string{}
	for _, state := range []string{"open", "closed", "merged", "unknown"} {
		shown[state] = shownAt + " = '" + state + "'"
	}
	known := matchers{"is": wordIs(shown), "repo": pullRepo, "created": whenIs("p.created_at", t)}
	w := where{args: []any{t}, conditions: []string{knownPull}}
	if err := onlyKnown(f.Query, known); err != nil {
		return w, err
	}
	if f.State != "" {
		w.and(shown[f.State])
	}
	if err := w.query(f.Query, known); err != nil || f.Repo == "" {
		return w, err
	}
	err := s.Read(ctx, func(tx *Tx) error {
		id, found := repoIDOf(tx, f.Repo)
		if !found {
			id = -1
		}
		anyOf(&w, "p.repo_key", append(homesAt(tx, id, t), "")) // never an empty list, which would mean all
		return tx.err
	})
	return w, err
}

// pullThen takes back what happened to a pull request after a time.
func pullThen(v *telemetry.PullRow, f telemetry.PullFilter) {
	closed := v.ClosedAt
	if closed.IsZero() {
		closed = v.MergedAt
	}
	if v.MergedAt.After(f.AsOf) {
		v.Merged, v.MergedAt = false, time.Time{}
	}
	if v.ClosedAt.After(f.AsOf) {
		v.ClosedAt = time.Time{}
	}
	if v.State == "closed" && !v.Merged && v.ClosedAt.IsZero() && !closed.IsZero() {
		v.State = "open"
	}
}
