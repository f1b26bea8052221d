package derive

import (
	"maps"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// countRepos brings the figures of repositories up to date, those over runs and
// issues where runs or scans have changed.
func countRepos(tx *store.Tx, repos set[int64], changed map[int64]int64, applied set[int64]) {
	for _, id := range sorted(repos) {
		since, runs := changed[id]
		if !tx.Has(`SELECT 1 FROM repos WHERE id = $1`, id) {
			tx.Exec(`DELETE FROM run_sums WHERE repo_id = $1`, id)
			continue
		}
		if runs {
			sumRuns(tx, id, since)
		}
		if runs || applied[id] {
			writeSums(tx, id)
			countOpen(tx, id)
			countUnlisted(tx, id)
			countDue(tx, set[int64]{id: true})
		}
		countRepo(tx, id)
	}
}

// countIssues counts issues: of repositories whose scans count in another way
// than before, and of those of issues whose attempts changed.
func countIssues(tx *store.Tx, applied, attempted set[int64]) {
	repos := maps.Clone(applied)
	repos.addRows(tx, `SELECT DISTINCT repo_id FROM issues WHERE id `+tx.In(1, "BIGINT"), list(attempted))
	if len(repos) == 0 {
		return
	}
	const columns = `state_rank, severity_rank, attempts`
	in, keys := `repo_id `+tx.In(1, "BIGINT"), list(repos)
	addToAll := func(sum string) {
		tx.Exec(`INSERT INTO issue_counts (repo_id, `+columns+`, n) SELECT 0, `+columns+`, `+sum+` FROM issue_counts WHERE `+in+`
			GROUP BY `+columns+` ON CONFLICT (repo_id, `+columns+`) DO UPDATE SET n = issue_counts.n + excluded.n`, keys)
	}
	addToAll("-SUM(n)")
	tx.Exec(`DELETE FROM issue_counts WHERE `+in, keys)
	tx.Exec(`INSERT INTO issue_counts (repo_id, `+columns+`, n)
		SELECT repo_id, state_rank, severity_rank, CASE WHEN attempts > 3 THEN 3 ELSE attempts END, COUNT(*)
		FROM issues WHERE `+in+` GROUP BY 1, 2, 3, 4`, keys)
	addToAll("SUM(n)")
	tx.Exec(`DELETE FROM issue_counts WHERE repo_id = 0 AND n = 0`)
}

// countRepo counts a repository's sessions, and the pull requests of where
// they are opened.
func countRepo(tx *store.Tx, repo int64) {
	tx.Exec(`UPDATE repos SET (sessions_created, sessions_finished, sessions_with_pr, never_started) = (
			SELECT COUNT(*) FILTER (WHERE state <> 'never_started'), COUNT(*) FILTER (WHERE state = 'finished'),
				COUNT(*) FILTER (WHERE has_pr = 1), COUNT(*) FILTER (WHERE state = 'never_started') FROM sessions WHERE repo_id = $1),
		(prs_total, prs_open, prs_closed, prs_merged, prs_unknown) = (
			SELECT COUNT(*), COUNT(*) FILTER (WHERE shown = 'open'), COUNT(*) FILTER (WHERE shown = 'closed'),
				COUNT(*) FILTER (WHERE shown = 'merged'), COUNT(*) FILTER (WHERE shown = 'unknown') FROM pulls
			WHERE listed = 1 AND repo_key IN (SELECT key FROM pull_repos WHERE repo_id = $1))
		WHERE id = $1`, repo)
}

// countOpen counts what is open now: the open issues or, without a
// reference scan, what the latest scan counted.
func countOpen(tx *store.Tx, repo int64) {
	var ref, data, latestFile string
	var latestAt, latestRun, open, retired int64
	severity, category := map[string]int64{}, map[string]int64{}
	states, decidedSeverity, decidedCategory := map[int]int64{}, map[string]int64{}, map[string]int64{}
	tx.Row(`SELECT ref_file, data_file, retired_at FROM repos WHERE id = $1`, repo).Scan(&ref, &data, &retired)
	tx.Row(`SELECT file, at, run_number, issues_found, severity, category FROM runs WHERE repo_id = $1 AND kind = 'scan'
		ORDER BY at DESC, file DESC, source DESC LIMIT 1`, repo).
		Scan(&latestFile, &latestAt, &latestRun, &open, store.CountsOf(&severity), store.CountsOf(&category))
	if ref != "" || retired != 0 {
		open, severity, category = 0, map[string]int64{}, map[string]int64{}
		tx.Each(`SELECT state_rank, severity, family, COUNT(*) FROM issues WHERE repo_id = $1 AND status_rank < $2
			GROUP BY state_rank, severity, family`, []any{repo, telemetry.StatusFixed.Rank()}, func(r *store.Row) {
			var rank int
			var sev, fam string
			var n int64
			if r.Scan(&rank, &sev, &fam, &n); rank > telemetry.StatusRetired.Rank() {
				states[rank] += n
				decidedSeverity[sev] += n
				decidedCategory[fam] += n
				return
			}
			open += n
			severity[sev] += n
			category[fam] += n
		})
	}
	tx.Exec(`UPDATE repos SET open = $1, open_severity = $2, open_category = $3, critical_high = $4, listed = $5, without_findings = $6,
			latest_at = $7, latest_file = $8, latest_run = $9, dismissed = $11, accepted = $12, decided_severity = $13, decided_category = $14
		WHERE id = $10`,
		open, store.JSON(severity), store.JSON(category), severity["critical"]+severity["high"], store.Flag(ref != ""),
		store.Flag(latestFile != data), latestAt, latestFile, latestRun, repo,
		states[telemetry.StateDismissed.Rank()], states[telemetry.StateAccepted.Rank()], store.JSON(decidedSeverity), store.JSON(decidedCategory))
}
