package figures

import (
	"context"
	"fmt"
	"slices"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// verifiedPull is true of a pull request p whose latest verification found all targets gone.
const verifiedPull = `EXISTS (SELECT 1 FROM verifications v WHERE v.pull_key = p.key AND v.current = 1
	AND v.outcome = 'verified_not_merged')`

// recent is true of a session s whose state was polled, or recorded after $1.
const recent = lists.KnownUntil + ` > $1`

const repoOfPull = `COALESCE((SELECT MIN(o.id) FROM repos o WHERE o.key = p.repo_key),
	(SELECT MIN(h.repo_id) FROM pull_repos h WHERE h.key = p.repo_key), 0)`

// needs are what waits; $1 is RecordedFor ago, $2 StuckAfter ago, $3 now.
const needs = `(SELECT 'waiting' AS need, s.key AS session, '' AS pull, s.repo_id AS repo, s.since AS since
		FROM sessions s WHERE s.state = 'waiting' AND ` + recent + `
	UNION ALL SELECT CASE WHEN ` + verifiedPull + ` THEN 'verified' ELSE 'pr_ready' END, p.session, p.key, ` + repoOfPull + `, p.created_at
		FROM pulls p WHERE p.shown = 'open' AND p.listed = 1
		AND (p.draft = 0 OR EXISTS (SELECT 1 FROM sessions s WHERE s.key = p.session AND s.state = 'pr_ready'))
	UNION ALL SELECT 'pr_ready', MIN(s.key), p.key, MIN(s.repo_id), MIN(s.since) FROM sessions s JOIN pulls p ON p.key = s.pull_key
		WHERE s.state = 'pr_ready' AND p.shown = 'unknown' AND ` + recent + ` GROUP BY p.key
	UNION ALL SELECT 'never_started', s.key, '', s.repo_id, s.since FROM sessions s WHERE s.state = 'never_started'
	UNION ALL SELECT 'stuck', s.key, '', s.repo_id, CASE WHEN s.updated_at > 0 THEN s.updated_at ELSE s.since END
		FROM sessions s
		WHERE s.state = 'working' AND s.polled = 1 AND CASE WHEN s.updated_at > 0 THEN s.updated_at ELSE s.since END < $2
	UNION ALL SELECT 'overdue', '', '', id, due_at FROM repos WHERE due_at <> 0 AND due_at < $3) n`

// NeedsAttention returns what waits for a person, the longest first, and how much of each kind.
func (f *Figures) NeedsAttention(ctx context.Context, of telemetry.NeedFilter, now time.Time,
	p query.Page) (list telemetry.List[telemetry.NeedRow], counts map[telemetry.Need]int64, err error) {
	if p.Sort != "" && p.Sort != "age" {
		return list, nil, telemetry.Errorf(telemetry.CodeInvalid, "Invalid sort %q: want age.", p.Sort)
	}
	asked := of.Needs
	if len(asked) == 0 {
		asked = telemetry.Needs()
	}
	where, args := ` WHERE true`, []any{
		store.Millis(now.Add(-telemetry.RecordedFor)), store.Millis(now.Add(-telemetry.StuckAfter)), store.Millis(now),
	}
	if of.Repo != "" {
		where, args = ` WHERE n.repo = (SELECT id FROM repos WHERE key = $4)`, append(args, of.Repo)
	}
	err = f.store.Read(ctx, func(tx *store.Tx) error {
		list = telemetry.List[telemetry.NeedRow]{}
		counts = store.Map[telemetry.Need, int64](tx, `SELECT n.need, COUNT(*) FROM `+needs+where+` GROUP BY n.need`, args...)
		page := where + ` AND n.need ` + tx.In(len(args)+1, "TEXT") + needOrder(p)
		list.Items = store.Rows(tx, needRows+page, append(slices.Clone(args), store.JSON(asked)), func(v *telemetry.NeedRow) []any {
			return []any{&v.Need, &v.Since, &v.TargetRepo, &v.Interval, &v.LastScan, &v.SessionID, &v.SessionURL, &v.SessionTitle, &v.Reason,
				store.ListOf(&v.IssueIDs), &v.RunFile, &v.RunNumber, &v.BatchID, &v.PullRepo, &v.PullNumber, &v.PullTitle, &v.PullURL}
		})
		for i := range list.Items {
			v := &list.Items[i]
			v.Interval, v.Repo = v.Interval*time.Millisecond, telemetry.ParseRepo(v.TargetRepo)
		}
		return tx.Err()
	})
	for need, n := range counts {
		if slices.Contains(asked, need) {
			list.Total += n
		}
	}
	return list, counts, err
}

// needOrder is the page of what waits, by how long.
func needOrder(p query.Page) string {
	order := ` ORDER BY n.since, n.need, n.session, n.pull, n.repo`
	if p.Order == "desc" {
		order = ` ORDER BY n.since DESC, n.need DESC, n.session DESC, n.pull DESC, n.repo DESC`
	}
	size, number := max(p.Size, 1), max(p.Number, 1)
	if number-1 > (1<<62)/size {
		number = (1<<62)/size + 1
	}
	return fmt.Sprintf("%s LIMIT %d OFFSET %d", order, size, (number-1)*size)
}

const needRows = `SELECT n.need, n.since, COALESCE(o.target_repo, ''), COALESCE(o.scan_interval, 0), COALESCE(o.latest_at, 0),
		COALESCE(s.id, ''), COALESCE(s.url, ''), COALESCE(s.title, ''), COALESCE(s.reason, ''), COALESCE(s.issue_ids, '[]'),
		COALESCE(s.run_file, ''), COALESCE(s.run_number, 0), COALESCE(s.batch_id, 0), COALESCE(p.repo, ''), COALESCE(p.number, 0),
		COALESCE(p.title, ''), COALESCE(p.url, '')
	FROM ` + needs + ` LEFT JOIN sessions s ON s.key = n.session LEFT JOIN pulls p ON p.key = n.pull LEFT JOIN repos o ON o.id = n.repo`
