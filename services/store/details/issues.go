package details

import (
	"cmp"
	"context"
	"slices"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// IssueDetail returns an issue by its public id, as of a time; moved is the id that a former one has now.
func (d *Details) IssueDetail(
	ctx context.Context, publicID string, at time.Time,
) (issue telemetry.IssueDetail, moved string, found bool, err error) {
	err = lists.ReadAt(ctx, d.store, at, func(tx *store.Tx) error {
		issue, moved, found = telemetry.IssueDetail{}, "", false
		rows := d.issues.Where(tx, `WHERE i.public_id = $1`, publicID)
		if len(rows) == 0 {
			moved = tx.MovedTo(publicID)
			return tx.Err()
		}
		found, issue.IssueRow = true, rows[0]
		id := issue.StoreID
		issue.Appearances = appearancesOf(tx, id, issue.Rule)
		issue.Attempts = attemptsOn(tx, id)
		statesOfAttempts(tx, id, issue.Attempts)
		claimsOfAttempts(tx, id, issue.Attempts)
		issue.Described = describe(tx, id, issue.Rule)
		issue.Odds = lists.OddsOf(tx, issue.Repo.Key(), issue.Rule, issue.Family)
		issue.Verifications = d.verifications.Where(tx,
			`WHERE v.id IN (SELECT record_id FROM attempts WHERE issue_id = $1 AND result > 0) ORDER BY v.at, v.file`, id)
		issue.Decisions = decisionsOn(tx, id)
		issue.Due = dueOf(tx, issue.IssueRow)
		issue.Scans = scanPoints(tx, issue)
		issue.Timeline = telemetry.Timeline(issue, issue.Scans, d.pullsOfAttempts(tx, id))
		return tx.Err()
	})
	return issue, moved, found, err
}

func appearancesOf(tx *store.Tx, issue int64, rule string) []telemetry.Appearance {
	list := []telemetry.Appearance{}
	file, fingerprint := "", ""
	tx.Each(`SELECT r.file, r.source, r.run_number, r.at, r.reduced, COALESCE(a.file, ''),
			CASE WHEN a.file IS NULL THEN 0 ELSE 1 END, a.line, a.basis, COALESCE(a.fingerprint, '')
		FROM appearances a JOIN runs r ON r.id = a.run_id WHERE a.issue_id = $1
		ORDER BY r.at, r.file, r.source`, []any{issue}, func(r *store.Row) {
		a := telemetry.Appearance{Rule: rule}
		var named bool
		r.Scan(&a.RunFile, &a.Source, &a.RunNumber, &a.At, &a.Reduced, &a.File, &named, &a.Line, &a.Basis, &a.Fingerprint)
		if !named {
			a.File = file
		}
		a.Fingerprint = cmp.Or(a.Fingerprint, fingerprint)
		file, fingerprint = a.File, a.Fingerprint
		list = append(list, a)
	})
	return list
}

// attemptsOn returns the sessions that worked on an issue, each once, by its best record.
func attemptsOn(tx *store.Tx, issue int64) []telemetry.AttemptRow {
	list := []telemetry.AttemptRow{}
	tx.Each(`SELECT a.session, a.basis, a.batch_id, a.at, f.file, f.pruned_at, COALESCE(r.run_number, v.source_run, 0), COALESCE(s.id, ''),
			COALESCE(s.state, ''), COALESCE(s.basis, ''), COALESCE(p.url, s.pr_url, ''), COALESCE(p.repo, ''), COALESCE(p.number, 0),
			COALESCE(p.state, ''), CASE WHEN p.merged_at > 0 THEN 1 ELSE 0 END,
			(SELECT COUNT(*) FROM attempts o WHERE o.record_id = a.record_id AND o.session = a.session AND o.issue_id <> a.issue_id)
		FROM attempts a JOIN files f ON f.id = a.record_id
			LEFT JOIN runs r ON r.id = a.record_id LEFT JOIN verifications v ON v.id = a.record_id LEFT JOIN sessions s ON s.key = a.session
			LEFT JOIN pulls p ON p.key = CASE WHEN s.pull_key <> '' THEN s.pull_key ELSE v.pull_key END
		WHERE a.issue_id = $1 AND a.session <> ''
		ORDER BY CASE a.basis WHEN 'record' THEN 0 WHEN 'dispatch' THEN 1 WHEN 'verification' THEN 2 WHEN 'log' THEN 3 ELSE 4 END,
			a.at, f.file`, []any{issue}, func(r *store.Row) {
		var a telemetry.AttemptRow
		var shown string
		var pull telemetry.PullState
		r.Scan(&a.Session, &a.Basis, &a.BatchID, &a.At, &a.File, &a.PrunedAt, &a.RunNumber, &shown,
			&a.State, &a.LinkBasis, &a.PRURL, &pull.Repo, &pull.Number, &pull.State, &pull.Merged, &a.Others)
		key := a.Session
		if slices.ContainsFunc(list, func(have telemetry.AttemptRow) bool { return telemetry.SessionKey(have.Session) == key }) {
			return
		}
		if a.Known = shown != ""; a.Known {
			a.Session = shown
		}
		if pull.Number > 0 {
			a.PR = &pull
		}
		if a.PR != nil && a.LinkBasis == "" {
			a.LinkBasis = telemetry.LinkVerification
		}
		list = append(list, a)
	})
	slices.SortStableFunc(list, func(a, b telemetry.AttemptRow) int { return a.At.Compare(b.At.Time) })
	return list
}

// statesOfAttempts adds to attempts what was ever known of their sessions' states.
func statesOfAttempts(tx *store.Tx, issue int64, attempts []telemetry.AttemptRow) {
	states := map[string][]telemetry.StateChange{}
	tx.Each(`SELECT session, state, status, detail, origin, at FROM state_log
		WHERE session IN (SELECT session FROM attempts WHERE issue_id = $1 AND session <> '') ORDER BY id`, []any{issue}, func(r *store.Row) {
		var c telemetry.StateChange
		var session string
		r.Scan(&session, &c.State, &c.Status, &c.Detail, &c.Origin, &c.At)
		states[session] = append(states[session], c)
	})
	for n := range attempts {
		attempts[n].States = states[telemetry.SessionKey(attempts[n].Session)]
	}
}

// scanPoints returns the scans of the issue's repository from its first on.
func scanPoints(tx *store.Tx, issue telemetry.IssueDetail) []telemetry.ScanPoint {
	var points []telemetry.ScanPoint
	tx.Each(`SELECT r.file, r.run_number, r.at, r.reduced, r.lost FROM runs r
		WHERE r.repo_id = (SELECT repo_id FROM issues WHERE id = $1) AND r.kind = 'scan' AND r.has_findings = 1 AND r.at >= $2
		ORDER BY r.at, r.file, r.source`, []any{issue.StoreID, store.Millis(issue.FirstSeen.At)}, func(r *store.Row) {
		var m telemetry.ScanPoint
		var lost []string
		r.Scan(&m.File, &m.Run, &m.At, &m.Reduced, store.WordsOf(&lost))
		m.Lost = slices.Contains(lost, telemetry.RuleLanguage(issue.Rule))
		if m.Compare(telemetry.ScanPosition(issue.FirstSeen)) >= 0 {
			points = append(points, m)
		}
	})
	return points
}

// pullsOfAttempts returns the pull requests of an issue's sessions and verifications.
func (d *Details) pullsOfAttempts(tx *store.Tx, issue int64) []telemetry.PullRow {
	return d.pulls.Where(tx, `WHERE p.key IN (
			SELECT l.pull_key FROM attempts a JOIN links l ON l.session = a.session AND l.ambiguous = 0 WHERE a.issue_id = $1 AND a.session <> ''
			UNION SELECT v.pull_key FROM attempts a JOIN verifications v ON v.id = a.record_id WHERE a.issue_id = $1)
		ORDER BY p.sort_at, p.key`, issue)
}

// idBytes is how much of records, where alone the ids stand, one question reads.
const idBytes = 32 << 20

// FindingIDs returns what scans by a time call an issue: the newest and the first, fewer where records are large.
func (d *Details) FindingIDs(ctx context.Context, publicID string, at time.Time, most int) (telemetry.FindingIDs, error) {
	return lists.GetAt(ctx, d.store, at, func(tx *store.Tx) telemetry.FindingIDs {
		ids := telemetry.FindingIDs{Items: []telemetry.FindingID{}}
		type place struct {
			telemetry.FindingID
			run, size int64
			ord       int
		}
		places := store.Rows(tx, `SELECT r.id, a.ord, r.file, r.source, r.run_number, r.at,
				CASE WHEN f.pruned_at = 0 THEN LENGTH(f.body) ELSE f.size END
			FROM issues i JOIN appearances a ON a.issue_id = i.id JOIN runs r ON r.id = a.run_id JOIN files f ON f.id = r.id
			WHERE i.public_id = $1 ORDER BY r.at DESC, r.file DESC, r.source DESC`, []any{publicID}, func(p *place) []any {
			return []any{&p.run, &p.ord, &p.RunFile, &p.Source, &p.RunNumber, &p.At, &p.size}
		})
		ids.Total = len(places)
		if len(places) > most {
			places = slices.Concat(places[:most-1], places[len(places)-1:])
		}
		left := int64(idBytes)
		for _, p := range places {
			if left -= p.size; left < 0 || tx.Err() != nil {
				break
			}
			if findings := lists.Findings(tx, p.run); p.ord < len(findings) {
				p.IssueID = findings[p.ord].IssueID
			}
			ids.Items = append(ids.Items, p.FindingID)
		}
		return ids
	})
}
