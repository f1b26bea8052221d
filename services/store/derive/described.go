package derive

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// What logs and the orchestrator's state say of issues and sessions.

// attemptsOf are what a record says that sessions worked on and, where a log
// or the orchestrator's state could say more, what it leaves open.
func attemptsOf(r *records, rec *telemetry.Record) []telemetry.Attempt {
	attempts := rec.Attempts()
	if rec.Verification == nil && (r.holds("log_findings") || r.holds("dispatch_history")) {
		attempts = append(attempts, rec.Unnamed()...)
	}
	return attempts
}

// askedAgain reads again what sessions worked on according to the records of
// which a log or the state may say more than before: the runs of the logs, the
// dispatches after them, and the records that name the sessions of the state.
func askedAgain(c *changes) map[int64][]telemetry.Attempt {
	attempts := map[int64][]telemetry.Attempt{}
	if len(c.logs) > 0 {
		const of = `runs r JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label WHERE l.id `
		rederiveAttempts(c.records, attempts, `SELECT r.id FROM `+of+c.tx.In(1, "BIGINT"), list(c.logs))
		rederiveAttempts(c.records, attempts, `SELECT d.id FROM runs d WHERE d.kind = 'dispatch' AND EXISTS (
			SELECT 1 FROM `+of+c.tx.In(1, "BIGINT")+` AND r.repo_id = d.repo_id AND r.at <= d.at)`, list(c.logs))
	}
	if len(c.stated) > 0 {
		rederiveAttempts(c.records, attempts, `SELECT DISTINCT run_id FROM mentions WHERE session `+c.tx.In(1, "TEXT"), list(c.stated))
	}
	return attempts
}

// logged returns the findings that an issue id means by the log of a run: in
// that scan or, where its record names no findings, in the last one before.
func (a *attemptResolver) logged(run int64, id string, before *scansBefore) []location {
	if a.logs[run] == nil {
		a.logs[run] = loggedIDs(a.records, run)
	}
	f := a.logs[run][telemetry.IssueKey(id)]
	if f == nil {
		return nil
	}
	if rec := a.kept(run); rec != nil && rec.HasFindings() {
		return a.like(run, *f)
	}
	return a.like(before.last(""), *f)
}

// loggedIDs returns the findings of a run's log by their ids; of equal ids the
// first counts.
func loggedIDs(r *records, run int64) map[string]*telemetry.Finding {
	byID := map[string]*telemetry.Finding{}
	if run == 0 || !r.holds("log_findings") {
		return byID
	}
	r.tx.Each(`SELECT f.issue_key, f.issue_id, f.fingerprint, f.rule, f.file, f.line FROM runs r
		JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label JOIN log_findings f ON f.log_id = l.id
		WHERE r.id = $1 AND f.issue_key <> '' ORDER BY f.ord DESC`, []any{run}, func(row *store.Row) {
		var f telemetry.Finding
		var key string
		row.Scan(&key, &f.IssueID, &f.Fingerprint, &f.Rule, &f.File, &f.Line)
		byID[key] = &f
	})
	return byID
}

// stated returns the findings of which the orchestrator's state says that a
// session was the last to be started for them.
func (a *attemptResolver) stated(session string) []telemetry.Finding {
	var findings []telemetry.Finding
	if !a.holds("dispatch_history") {
		return nil
	}
	a.tx.Each(`SELECT fingerprint FROM dispatch_history WHERE session = $1 ORDER BY fingerprint`, []any{session}, func(r *store.Row) {
		var f telemetry.Finding
		r.Scan(&f.Fingerprint)
		findings = append(findings, f)
	})
	return findings
}

// describeIssues writes which issues the findings of logs are: those of the
// logs that are new, and of runs whose record or issues may be others.
func describeIssues(c *changes, a *attemptResolver, runs ...set[int64]) {
	tx, all := c.tx, set[int64]{}
	if len(c.logs) == 0 && !c.holds("log_findings") {
		return
	}
	for _, s := range runs {
		all.add(s)
	}
	if len(c.logs) > 0 {
		all.addRows(tx, `SELECT r.id FROM runs r JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label WHERE l.id `+
			tx.In(1, "BIGINT"), list(c.logs))
	}
	issues := set[int64]{}
	issues.addRows(tx, `SELECT DISTINCT issue_id FROM log_issues WHERE run_id `+tx.In(1, "BIGINT"), list(all))
	tx.Exec(`DELETE FROM log_issues WHERE run_id `+tx.In(1, "BIGINT"), list(all))
	var rows [][]store.Field
	found := loggedIn(tx, all)
	for _, run := range sorted(found) {
		rows = append(rows, a.describe(run, found[run], issues)...)
	}
	tx.Put("log_issues", "", rows...)
	tx.Exec(`UPDATE log_issues SET latest = CASE WHEN EXISTS (SELECT 1 FROM log_issues o WHERE o.issue_id = log_issues.issue_id AND (
			o.at > log_issues.at OR o.at = log_issues.at AND (o.file > log_issues.file OR o.file = log_issues.file AND o.ord < log_issues.ord)))
		THEN 0 ELSE 1 END WHERE issue_id `+tx.In(1, "BIGINT"), list(issues))
	sayOfIssues(tx, issues)
}

// sayOfIssues writes to issues what the newest log that names them says: of
// several logs of one scan always the same one.
func sayOfIssues(tx *store.Tx, issues set[int64]) {
	type said struct {
		score         int64
		cwes, message string
	}
	var rows [][]store.Field
	last := int64(0)
	tx.Each(`SELECT i.id, i.score, i.cwes, i.message, COALESCE(f.score, -1), COALESCE(f.cwes, '[]'), COALESCE(f.message, '')
		FROM issues i LEFT JOIN log_issues l ON l.issue_id = i.id AND l.latest = 1
			LEFT JOIN log_findings f ON f.log_id = l.log_id AND f.ord = l.ord
		WHERE i.id `+tx.In(1, "BIGINT")+` ORDER BY i.id, 5 DESC, 6, 7`, []any{list(issues)}, func(r *store.Row) {
		var id int64
		var was, now said
		r.Scan(&id, &was.score, &was.cwes, &was.message, &now.score, &now.cwes, &now.message)
		if id != last && now != was {
			rows = append(rows, []store.Field{
				store.Col("id BIGINT", id), store.Col("score SMALLINT", now.score), store.Col("cwes TEXT", now.cwes),
				store.Col("message TEXT", now.message),
			})
		}
		last = id
	})
	tx.Change("issues", rows...)
}

// describe returns which issues the findings of a run's log are, and adds these
// to issues. A record that is read for this alone is not kept.
func (a *attemptResolver) describe(run int64, findings []loggedFinding, issues set[int64]) (rows [][]store.Field) {
	if a.parsed[run] == nil {
		defer func() {
			delete(a.parsed, run)
			delete(a.indexes, run)
		}()
	}
	for _, f := range findings {
		seen := set[int64]{}
		for _, p := range a.like(run, f.Finding) {
			issue := a.issueAt(p)
			if issue == 0 || seen[issue] {
				continue
			}
			seen[issue], issues[issue] = true, true
			rows = append(rows, []store.Field{
				store.Col("run_id BIGINT", run), store.Col("log_id BIGINT", f.log), store.Col("ord BIGINT", f.ord),
				store.Col("issue_id BIGINT", issue), store.Col("at BIGINT", f.at), store.Col("file TEXT", f.runFile),
				store.Col("latest SMALLINT", 0),
			})
		}
	}
	return rows
}

// loggedFinding is a finding of the log of a run.
type loggedFinding struct {
	telemetry.Finding
	log, ord, at int64
	runFile      string
}

// loggedIn returns the findings of the logs of scans, by scan.
func loggedIn(tx *store.Tx, runs set[int64]) map[int64][]loggedFinding {
	found := map[int64][]loggedFinding{}
	tx.Each(`SELECT r.id, r.at, r.file, f.log_id, f.ord, f.issue_id, f.fingerprint, f.rule, f.file, f.line FROM runs r
		JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label JOIN log_findings f ON f.log_id = l.id
		WHERE r.kind = 'scan' AND r.has_findings = 1 AND r.id `+tx.In(1, "BIGINT")+` ORDER BY r.id, f.ord`, []any{list(runs)},
		func(r *store.Row) {
			var run int64
			var f loggedFinding
			r.Scan(&run, &f.at, &f.runFile, &f.log, &f.ord, &f.IssueID, &f.Fingerprint, &f.Rule, &f.File, &f.Line)
			found[run] = append(found[run], f)
		})
	return found
}
