package store

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// scansLooked is how many of a repository's latest scans are looked through
// for changed fingerprints.
const scansLooked = 5

// RepoHealth returns what is to be said of a repository's scans; all is zero
// for one that no record names.
func (s *Store) RepoHealth(ctx context.Context, key string) (telemetry.RepoHealth, error) {
	var h telemetry.RepoHealth
	err := s.Read(ctx, func(tx *Tx) error {
		h = telemetry.RepoHealth{}
		var id, interval, last int64
		if !tx.Row(`SELECT id, scan_interval, latest_at FROM repos WHERE key = $1`, key).Scan(&id, &interval, &last).Found {
			return tx.Err()
		}
		h.LastScan, h.Interval = Time(last), time.Duration(interval)*time.Millisecond
		h.Reduced = narrowScan(tx, id)
		h.Relinked = relinkedScan(tx, id)
		tx.Each(`SELECT file FROM files WHERE repo_key = $1 AND error <> '' AND gone = 0 ORDER BY file DESC LIMIT $2`, []any{key, telemetry.BrokenShown}, func(r *Row) {
			var file string
			r.Scan(&file)
			h.Broken = append(h.Broken, file)
		})
		return tx.Err()
	})
	return h, err
}

// narrowScan returns the latest scan with findings data, if it was
// scope-reduced.
func narrowScan(tx *Tx, repo int64) *telemetry.NarrowScan {
	const scans = `WHERE r.repo_id = $1 AND r.kind = 'scan' AND r.has_findings = 1`
	latest := first(runsWhere(tx, scans+` ORDER BY r.at DESC, r.file DESC LIMIT 1`, repo))
	if !latest.Reduced {
		return nil
	}
	full := first(runsWhere(tx, scans+` AND r.reduced = 0 ORDER BY r.at DESC, r.file DESC LIMIT 1`, repo))
	return &telemetry.NarrowScan{
		Source:    latest.Source,
		File:      latest.File,
		Run:       latest.RunNumber,
		Found:     latest.IssuesFound,
		Full:      full.RunNumber,
		FullFound: full.IssuesFound,
	}
}

// relinkedScan returns the newest of the latest scans most of whose matches
// were made without the fingerprint.
func relinkedScan(tx *Tx, repo int64) *telemetry.RelinkedScan {
	var found *telemetry.RelinkedScan
	tx.Each(`SELECT x.file, x.run_number, SUM(CASE WHEN a.basis IN ($2, $3, $4) THEN 1 ELSE 0 END), SUM(CASE WHEN a.basis <> $5 THEN 1 ELSE 0 END)
		FROM (SELECT r.id, r.at, r.file, r.run_number FROM runs r WHERE r.repo_id = $1 AND r.kind = 'scan' AND r.has_findings = 1 ORDER BY r.at DESC, r.file DESC LIMIT $6) x
		JOIN appearances a ON a.run_id = x.id GROUP BY x.id, x.at, x.file, x.run_number ORDER BY x.at DESC, x.file DESC`,
		[]any{repo, string(telemetry.BasisPlace), string(telemetry.BasisNear), string(telemetry.BasisBackPlace), string(telemetry.BasisFirstSight), scansLooked}, func(r *Row) {
			var v telemetry.RelinkedScan
			r.Scan(&v.File, &v.Run, &v.Changed, &v.Matched)
			if found == nil && 2*v.Changed > v.Matched {
				found = &v
			}
		})
	return found
}

// RepoDays returns how repositories, named by their keys, went over the last
// days up to the day (UTC) of until. It reads these days alone.
func (s *Store) RepoDays(ctx context.Context, keys []string, until time.Time, days int) (map[string]telemetry.RepoDays, error) {
	var out map[string]telemetry.RepoDays
	last := dayOf(Millis(until))
	err := s.Read(ctx, func(tx *Tx) error {
		out = map[string]telemetry.RepoDays{}
		net := map[string][]int64{}
		tx.Each(`SELECT o.key, CAST(COALESCE(t.n, 0) AS BIGINT) FROM repos o LEFT JOIN tallies t ON t.repo_id = o.id AND t.name = 'open' WHERE o.key `+tx.In(1, "TEXT"), []any{JSON(keys)}, func(r *Row) {
			var key string
			var open int64
			r.Scan(&key, &open)
			net[key] = make([]int64, days)
			out[key] = telemetry.RepoDays{Before: open}
		})
		tx.Each(`SELECT o.key, d.day, SUM(d.net + d.unlisted), SUM(d.closed) FROM repos o JOIN days d ON d.repo_id = o.id WHERE o.key `+tx.In(1, "TEXT")+` AND d.day > $2 GROUP BY o.key, d.day`, []any{JSON(keys), last - int64(days)}, func(r *Row) {
			var key string
			var day, change, closed int64
			r.Scan(&key, &day, &change, &closed)
			v := out[key]
			v.Before -= change
			v.Closed += closed
			out[key] = v
			net[key][min(max(day-last+int64(days)-1, 0), int64(days)-1)] += change
		})
		for key, changes := range net {
			v := out[key]
			open := v.Before
			for _, n := range changes {
				open += n
				v.Open = append(v.Open, open)
			}
			out[key] = v
		}
		return tx.Err()
	})
	return out, err
}
