package derive

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// PutLogs stores what came of asking for logs, and everything that follows
// from them, in one transaction. A log that was found once is kept, whatever
// comes of asking again.
func (w *Writer) PutLogs(ctx context.Context, logs []telemetry.FetchedLog) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		c := newChanges(tx)
		for i := range logs {
			c.putLog(&logs[i])
		}
		derive(c)
		return tx.Err()
	})
}

func (c *changes) putLog(l *telemetry.FetchedLog) {
	tx := c.tx
	repo := c.repoOf(l.Repo).Key()
	var id int64
	var state telemetry.LogState
	var cause string
	now := store.Millis(tx.Now())
	known := tx.Row(`SELECT id, state, error FROM run_logs WHERE repo_key = $1 AND label = $2`, repo, l.Label).
		Scan(&id, &state, &cause).Found
	if !known {
		tx.Row(`SELECT COALESCE(MAX(id), 0) + 1 FROM run_logs`).Scan(&id)
		tx.Exec(`INSERT INTO run_logs (id, repo_key, label, state, origin, error, asked_at, fetched_at) VALUES ($1, $2, $3, '', '', '', $4, 0)`,
			id, repo, l.Label, now)
	}
	said := ""
	if l.Err != nil {
		said = cleanError(l.Err)
	}
	if l.State != telemetry.LogFound {
		next := l.State
		if state == telemetry.LogFound {
			next = state
		}
		if changed := next != state || said != cause; changed && (known || l.Wanted || next == telemetry.LogFailed) {
			tx.Touch(telemetry.TopicRecords) // that there is no log, as of most runs, changes no page
		}
		tx.Exec(`UPDATE run_logs SET state = $1, error = $2, asked_at = $3 WHERE id = $4`, string(next), said, now, id)
		return
	}
	if state == telemetry.LogFound && c.sameLog(id, l.Files) {
		tx.Exec(`UPDATE run_logs SET asked_at = $1, error = $2 WHERE id = $3`, now, said, id)
		return
	}
	tx.Exec(`UPDATE run_logs SET state = $1, origin = $2, error = $3, asked_at = $4, fetched_at = $4, pruned_at = 0 WHERE id = $5`,
		string(l.State), l.Origin, said, now, id)
	tx.Exec(`DELETE FROM log_files WHERE log_id = $1`, id)
	for _, f := range l.Files {
		tx.Put("log_files", "", []store.Field{
			store.Col("log_id BIGINT", id), store.Col("name TEXT", f.Name), store.Col("sha TEXT", f.SHA),
			store.Col("size BIGINT", f.Size), store.Col("body BLOB", blobOrNull(f.Body)), store.Col("error TEXT", ""),
		})
	}
	c.readLog(id, telemetry.LogRef{Repo: telemetry.RepoName(repo), Label: l.Label}, l.Files)
}

// sameLog reports whether a stored log has the same files.
func (c *changes) sameLog(id int64, files []telemetry.LogFile) bool {
	stored := map[string]string{}
	c.tx.Each(`SELECT name, sha FROM log_files WHERE log_id = $1`, []any{id}, func(r *store.Row) {
		var name, sha string
		r.Scan(&name, &sha)
		stored[name] = sha
	})
	return len(stored) == len(files) && !slices.ContainsFunc(files, func(f telemetry.LogFile) bool {
		sha, known := stored[f.Name]
		return !known || sha != f.SHA
	})
}

// reparseLogs reads the stored logs of a repository by this program's rules.
func (c *changes) reparseLogs(key string) {
	type log struct {
		id    int64
		label string
	}
	var logs []log
	c.tx.Each(`SELECT id, label FROM run_logs WHERE repo_key = $1 AND state = $2 ORDER BY id`, []any{key, string(telemetry.LogFound)},
		func(r *store.Row) {
			var l log
			r.Scan(&l.id, &l.label)
			logs = append(logs, l)
		})
	for _, l := range logs {
		c.readLog(l.id, telemetry.LogRef{Repo: telemetry.RepoName(key), Label: l.label}, logFiles(c.tx, l.id))
	}
}

// logFiles are the stored files of a log: of one that was pruned, those that are left.
func logFiles(tx *store.Tx, id int64) (files []telemetry.LogFile) {
	tx.Each(`SELECT f.name, f.sha, f.size, f.body FROM log_files f JOIN run_logs l ON l.id = f.log_id
		WHERE f.log_id = $1 AND (l.pruned_at = 0 OR f.body IS NOT NULL) ORDER BY f.name`, []any{id}, func(r *store.Row) {
		var f telemetry.LogFile
		r.Scan(&f.Name, &f.SHA, &f.Size, store.Unpacked(&f.Body))
		files = append(files, f)
	})
	return files
}

// readLog writes what the files of a log say.
func (c *changes) readLog(id int64, of telemetry.LogRef, files []telemetry.LogFile) {
	tx := c.tx
	tx.Touch(telemetry.TopicRecords)
	c.logs[id] = true
	l := telemetry.ParseRunLog(files)
	if cause := c.foreign(id, of, &l); cause != "" {
		l = telemetry.RunLog{}
		for _, f := range files {
			l.Broken = append(l.Broken, telemetry.LogFailure{File: f.Name, Cause: cause})
		}
	}
	tx.Exec(`UPDATE log_files SET error = '' WHERE log_id = $1 AND error <> ''`, id)
	for _, b := range l.Broken {
		tx.Exec(`UPDATE log_files SET error = $1 WHERE log_id = $2 AND name = $3`, b.Cause, id, b.File)
	}
	tx.Exec(`DELETE FROM log_findings WHERE log_id = $1`, id)
	tx.Exec(`DELETE FROM log_prompts WHERE log_id = $1`, id)
	tx.Put("log_findings", "", loggedFindings(id, &l)...)
	sessions := map[int64]string{}
	for _, s := range l.Sessions {
		sessions[s.Batch] = telemetry.SessionKey(s.ID)
	}
	var prompts [][]store.Field
	for i, p := range l.Prompts {
		if i > 0 && p.Batch == l.Prompts[i-1].Batch { // 1 and 01
			continue
		}
		prompts = append(prompts, []store.Field{
			store.Col("log_id BIGINT", id), store.Col("batch BIGINT", p.Batch), store.Col("session TEXT", sessions[p.Batch]),
			store.Col("prompt TEXT", p.Text),
		})
	}
	tx.Put("log_prompts", "log_id, batch", prompts...)
	for _, r := range l.Rules {
		tx.Exec(`INSERT INTO rules (rule, name, title, help, stamp) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (rule) DO UPDATE SET name = excluded.name, title = excluded.title, help = excluded.help, stamp = excluded.stamp
			WHERE rules.stamp <= excluded.stamp`, r.Rule, r.Name, r.Title, r.Help, stamp(of.Label))
	}
}

// foreign says of which other run a log is, by its own words; "" where it is of the run
// whose folder it lies in, or does not say.
func (c *changes) foreign(id int64, of telemetry.LogRef, l *telemetry.RunLog) string {
	if l.Label != "" && l.Label != of.Label {
		return fmt.Sprintf("The log says that it is of the run %s, and not of %s. It is not used.", telemetry.Shown(l.Label), of.Label)
	}
	own := l.Target == "" || c.repoOf(l.Target).Key() == of.Repo.Key()
	if own || l.Target.Key() == telemetry.RepoName(store.One[string](c.tx, `SELECT origin FROM run_logs WHERE id = $1`, id)).Key() {
		return "" // it names the target, or the fork that holds it
	}
	return fmt.Sprintf("The log says that it is of the repository %s, and not of %s. It is not used.",
		telemetry.Shown(string(l.Target)), of.Repo)
}

var labelTime = regexp.MustCompile(`\d{4}-\d{2}-\d{2}-\d{6}$`)

// stamp is a text by which the labels of runs are in time order.
func stamp(label string) string { return labelTime.FindString(label) + " " + label }

// loggedFindings are the rows of a log's findings.
func loggedFindings(id int64, l *telemetry.RunLog) [][]store.Field {
	batches := map[string]int64{}
	for _, b := range l.Batches {
		for _, issue := range b.IssueIDs {
			batches[telemetry.IssueKey(issue)] = b.Batch
		}
	}
	rows := make([][]store.Field, 0, len(l.Findings))
	for ord := range l.Findings {
		f := &l.Findings[ord]
		g, key, score := f.Finding(), telemetry.IssueKey(f.IssueID), int64(-1)
		if f.Score != nil {
			score = int64(math.Round(*f.Score * 10))
		}
		rows = append(rows, []store.Field{
			store.Col("log_id BIGINT", id), store.Col("ord BIGINT", ord), store.Col("issue_id TEXT", f.IssueID),
			store.Col("issue_key TEXT", key), store.Col("fingerprint TEXT", g.Fingerprint), store.Col("rule TEXT", f.Rule),
			store.Col("name TEXT", f.Name), store.Col("title TEXT", f.Title), store.Col("message TEXT", f.Message),
			store.Col("score BIGINT", score), store.Col("severity TEXT", f.Severity), store.Col("level TEXT", f.Level),
			store.Col("family TEXT", f.Family), store.Col("cwes TEXT", store.JSON(f.CWEs)), store.Col("file TEXT", g.File),
			store.Col("line BIGINT", g.Line), store.Col("locations TEXT", store.JSON(f.Locations)),
			store.Col("snippets TEXT", store.JSON(f.Snippets)),
			store.Col("batch BIGINT", batches[key]),
		})
	}
	return rows
}
