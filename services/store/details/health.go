package details

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// scansLooked is how many latest scans are looked through for changed fingerprints.
const scansLooked = 5

// RepoHealth returns what was to be said of a repository's scans at a time; zero if no record names it.
func (d *Details) RepoHealth(ctx context.Context, key string, at time.Time) (telemetry.RepoHealth, error) {
	return lists.GetAt(ctx, d.store, at, func(tx *store.Tx) (h telemetry.RepoHealth) {
		var id, interval int64
		if !tx.Row(`SELECT id, scan_interval, latest_at FROM repos WHERE key = $1`, key).Scan(&id, &interval, &h.LastScan).Found {
			return h
		}
		h.Interval = time.Duration(interval) * time.Millisecond
		h.Reduced, h.Lost = d.reducedScan(tx, id)
		h.Rematched = rematchedScan(tx, id)
		h.Broken = append(h.Broken, store.All[string](tx, `SELECT file FROM files
			WHERE repo_key = $1 AND error <> '' AND gone = 0 AND fetched_at <= $3 ORDER BY file DESC LIMIT $2`,
			key, telemetry.BrokenShown, store.Millis(tx.Now()))...)
		owners := store.CodeownersAt(tx, id, store.Millis(tx.Now()))
		h.Owners, h.Invalid = owners.Path, telemetry.ParseCodeowners(owners.Text).Invalid
		if at.IsZero() {
			h.Seldom = append(h.Seldom, store.Rows(tx, `SELECT h.name, s.error, s.ask_at FROM pull_repos h JOIN pull_syncs s ON s.repo_key = h.key
				LEFT JOIN repo_lookups l ON l.key = h.key
				WHERE h.repo_id = $1 AND (s.failed_at > 0 AND s.code IN ($2, $3) OR s.failed_at = 0 AND l.archived = 1) ORDER BY h.name`,
				[]any{id, string(telemetry.CodeUpstreamNotFound), string(telemetry.CodeUpstreamDenied)},
				func(a *telemetry.SeldomAsked) []any { return []any{&a.Repo, &a.Cause, &a.Next} })...)
		}
		return h
	})
}

// reducedScan returns the latest scan with findings data, if it was scope-reduced
// or did not look at a language.
func (d *Details) reducedScan(tx *store.Tx, repo int64) (*telemetry.ReducedScan, *telemetry.RunRow) {
	const scans = `WHERE r.repo_id = $1 AND r.kind = 'scan' AND r.has_findings = 1`
	latest := first(d.scans(tx, true, scans+` ORDER BY r.at DESC, r.file DESC LIMIT 1`, repo))
	switch {
	case len(latest.Lost) > 0:
		return nil, &latest.RunRow
	case !latest.Reduced:
		return nil, nil
	}
	full := first(d.scans(tx, true, scans+` AND r.reduced = 0 ORDER BY r.at DESC, r.file DESC LIMIT 1`, repo))
	return &telemetry.ReducedScan{
		Source:    latest.Source,
		File:      latest.File,
		Run:       latest.RunNumber,
		Found:     latest.IssuesFound,
		Full:      full.RunNumber,
		FullFile:  full.File,
		FullFound: full.IssuesFound,
	}, nil
}

// rematchedScan returns the newest scan most of whose matches were made without the fingerprint.
func rematchedScan(tx *store.Tx, repo int64) *telemetry.RematchedScan {
	var found *telemetry.RematchedScan
	tx.Each(`SELECT x.file, x.run_number, SUM(CASE WHEN a.basis IN ($2, $3, $4) THEN 1 ELSE 0 END),
			SUM(CASE WHEN a.basis <> $5 THEN 1 ELSE 0 END)
		FROM (SELECT r.id, r.at, r.file, r.run_number FROM runs r WHERE r.repo_id = $1 AND r.kind = 'scan' AND r.has_findings = 1
			ORDER BY r.at DESC, r.file DESC LIMIT $6) x
		JOIN appearances a ON a.run_id = x.id GROUP BY x.id, x.at, x.file, x.run_number ORDER BY x.at DESC, x.file DESC`,
		[]any{
			repo, string(telemetry.BasisLocation), string(telemetry.BasisNear), string(telemetry.BasisReopenedByLocation),
			string(telemetry.BasisNew), scansLooked,
		}, func(r *store.Row) {
			var v telemetry.RematchedScan
			r.Scan(&v.File, &v.Run, &v.Changed, &v.Matched)
			if found == nil && 2*v.Changed > v.Matched {
				found = &v
			}
		})
	return found
}
