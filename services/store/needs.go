package store

import (
	"context"
	"slices"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// verifiedPull is true of a pull request p whose session's latest
// verification found all that it targeted gone.
const verifiedPull = `EXISTS (SELECT 1 FROM verifications v WHERE v.pull_key = p.key AND v.current = 1 AND v.outcome = 'verified_not_merged')`

// knownUntil is up to when the state of a session says something of today,
// less telemetry.RecordedFor: for ever if it was polled (docs/rules.md#age-of-a-recorded-state). An
// index has it.
const knownUntil = `CASE WHEN polled = 1 THEN 9223372036854775807 ELSE since END`

// recent is true of a session s whose state was polled, or recorded after $1.
const recent = `CASE WHEN s.polled = 1 THEN 9223372036854775807 ELSE s.since END > $1`

const repoOfPull = `COALESCE((SELECT MIN(o.id) FROM repos o WHERE o.key = p.repo_key), (SELECT MIN(h.repo_id) FROM homes h WHERE h.key = p.repo_key), 0)`

// needs are all that waits for a person; $1 is RecordedFor ago, $2
// StuckAfter ago, $3 now.
const needs = `(SELECT 'waiting' AS need, s.key AS session, '' AS pull, s.repo_id AS repo, s.since AS since FROM sessions s WHERE s.state = 'waiting' AND ` + recent + `
	UNION ALL SELECT CASE WHEN ` + verifiedPull + ` THEN 'verified' ELSE 'pr_ready' END, p.session, p.key, ` + repoOfPull + `, p.created_at FROM pulls p WHERE p.shown = 'open' AND p.listed = 1
		AND (p.draft = 0 OR EXISTS (SELECT 1 FROM sessions s WHERE s.key = p.session AND s.state = 'pr_ready'))
	UNION ALL SELECT 'pr_ready', MIN(s.key), p.key, MIN(s.repo_id), MIN(s.since) FROM sessions s JOIN pulls p ON p.key = s.pull_key WHERE s.state = 'pr_ready' AND p.shown = 'unknown' AND ` + recent + ` GROUP BY p.key
	UNION ALL SELECT 'never_started', s.key, '', s.repo_id, s.since FROM sessions s WHERE s.state = 'never_started'
	UNION ALL SELECT 'stuck', s.key, '', s.repo_id, CASE WHEN s.updated_at > 0 THEN s.updated_at ELSE s.since END FROM sessions s
		WHERE s.state = 'working' AND s.polled = 1 AND CASE WHEN s.updated_at > 0 THEN s.updated_at ELSE s.since END < $2
	UNION ALL SELECT 'overdue', '', '', id, due_at FROM repos WHERE due_at <> 0 AND due_at < $3) n`

// NeedsAttention returns what waits for a person, that which waits longest
// first, and how much of each kind there is.
func (s *Store) NeedsAttention(ctx context.Context, f telemetry.NeedFilter, now time.Time,
	p telemetry.Page) (list telemetry.List[telemetry.NeedRow], counts map[telemetry.Need]int64, err error) {
	page, err := pageSQL(p, "age", map[string]order{"age": by("n.since n.need n.session n.pull n.repo")})
	if err != nil {
		return list, nil, err
	}
	w := where{args: []any{ms(now.Add(-telemetry.RecordedFor)), ms(now.Add(-telemetry.StuckAfter)), ms(now)}}
	if f.Repo != "" {
		w.and(`n.repo = (SELECT id FROM repos WHERE key = ?)`, f.Repo)
	}
	err = s.Read(ctx, func(tx *Tx) error {
		list, counts = telemetry.List[telemetry.NeedRow]{Items: []telemetry.NeedRow{}}, map[telemetry.Need]int64{}
		tx.each(`SELECT n.need, COUNT(*) FROM `+needs+w.sql()+` GROUP BY n.need`, w.args, func(r *row) {
			var need telemetry.Need
			var n int64
			r.scan(&need, &n)
			counts[need] = n
		})
		anyOf(&w, "n.need", f.Needs)
		tx.each(`SELECT n.need, n.since, COALESCE(o.target_repo, ''), COALESCE(o.scan_interval, 0), COALESCE(o.latest_at, 0), COALESCE(s.id, ''), COALESCE(s.url, ''), COALESCE(s.title, ''), COALESCE(s.reason, ''), COALESCE(s.issue_ids, '[]'),
				COALESCE(s.run_file, ''), COALESCE(s.run_number, 0), COALESCE(s.batch_id, 0), COALESCE(p.repo, ''), COALESCE(p.number, 0), COALESCE(p.title, ''), COALESCE(p.url, '')
			FROM `+needs+` LEFT JOIN sessions s ON s.key = n.session LEFT JOIN pulls p ON p.key = n.pull LEFT JOIN repos o ON o.id = n.repo`+w.sql()+page, w.args, func(r *row) {
			var v telemetry.NeedRow
			var since, interval, scanned int64
			var ids string
			r.scan(&v.Need, &since, &v.TargetRepo, &interval, &scanned, &v.SessionID, &v.SessionURL, &v.SessionTitle, &v.Reason, &ids, &v.RunFile, &v.RunNumber, &v.BatchID, &v.PullRepo, &v.PullNumber, &v.PullTitle, &v.PullURL)
			v.Since, v.LastScan, v.Interval, v.IssueIDs = at(since), at(scanned), time.Duration(interval)*time.Millisecond, fromJSON[[]string](r.tx, ids)
			v.Repo = telemetry.ParseRepo(v.TargetRepo)
			list.Items = append(list.Items, v)
		})
		return tx.err
	})
	for need, n := range counts {
		if len(f.Needs) == 0 || slices.Contains(f.Needs, need) {
			list.Total += n
		}
	}
	return list, counts, err
}
