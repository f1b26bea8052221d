package details

import (
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// promptsMost is how many of an issue's prompts an answer has: the latest.
const promptsMost = 10

// describe reads what logs say of an issue.
func describe(tx *store.Tx, id int64, rule string) telemetry.Described {
	d := telemetry.Described{Locations: []telemetry.LogLocation{}, Prompts: promptsOf(tx, id), Code: codeOf(tx, id)}
	tx.Row(`SELECT help FROM rules WHERE rule = $1`, rule).Scan(&d.Help)
	var by telemetry.ScanRef
	found := tx.Row(`SELECT f.message, f.locations, r.file, r.run_number, r.at
		FROM log_issues l JOIN log_findings f ON f.log_id = l.log_id AND f.ord = l.ord JOIN runs r ON r.id = l.run_id
		WHERE l.issue_id = $1 AND l.latest = 1 ORDER BY f.score DESC, f.cwes, f.message, r.source LIMIT 1`, id).
		Scan(&d.Message, store.ListOf(&d.Locations), &by.RunFile, &by.RunNumber, &by.At).Found
	if found {
		d.By = &by
	}
	var repo string
	tx.Row(`SELECT r.file, r.run_number, r.target_repo, r.run_label, COALESCE(l.state, ''), COALESCE(l.error, ''), COALESCE(l.asked_at, 0),
			COALESCE(l.pruned_at, 0)
		FROM appearances a JOIN runs r ON r.id = a.run_id LEFT JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label
		WHERE a.issue_id = $1 ORDER BY r.at DESC, r.file DESC, r.source DESC LIMIT 1`, id).
		Scan(&d.Log.RunFile, &d.Log.RunNumber, &repo, &d.Log.Ref.Label, &d.Log.State, &d.Log.Cause, &d.Log.AskedAt,
			&d.Log.PrunedAt)
	d.Log.Ref.Repo = telemetry.RepoName(telemetry.ParseRepo(repo).Key())
	return d
}

// codeOf is the code of the newest log that has any of an issue.
func codeOf(tx *store.Tx, issue int64) *telemetry.LoggedCode {
	var c telemetry.LoggedCode
	found := tx.Row(`SELECT f.locations, f.snippets, r.file, r.run_number, r.at
		FROM log_issues l JOIN log_findings f ON f.log_id = l.log_id AND f.ord = l.ord JOIN runs r ON r.id = l.run_id
		WHERE l.issue_id = $1 AND f.snippets <> '[]' ORDER BY l.at DESC, l.file DESC, f.ord, r.source LIMIT 1`, issue).
		Scan(store.ListOf(&c.Locations), store.ListOf(&c.Snippets), &c.RunFile, &c.RunNumber, &c.At).Found
	if !found {
		return nil
	}
	return &c
}

// promptsOf are the prompts of the sessions that took an issue: by a log that
// names a session, or else its batch.
func promptsOf(tx *store.Tx, issue int64) []telemetry.Prompt {
	return store.Rows(tx, `SELECT x.file, x.run_number, x.batch, x.session, x.prompt FROM (
			SELECT DISTINCT r.file, r.run_number, r.at, p.batch, a.session, SUBSTR(p.prompt, 1, $2) AS prompt
			FROM attempts a JOIN runs r ON r.id = a.record_id
				JOIN run_logs l ON l.repo_key = r.repo_key AND l.label = r.run_label
				JOIN log_prompts p ON p.log_id = l.id AND (p.session = a.session OR p.session = '' AND p.batch = a.batch_id)
			WHERE a.issue_id = $1 AND a.session <> '' ORDER BY r.at DESC, r.file DESC, p.batch DESC, a.session DESC LIMIT $3) x
		ORDER BY x.at, x.file, x.batch, x.session`, []any{issue, telemetry.MostPrompt, promptsMost}, func(p *telemetry.Prompt) []any {
		return []any{&p.RunFile, &p.RunNumber, &p.Batch, &p.Session, &p.Text}
	})
}
