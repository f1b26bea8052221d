package derive

import (
	"context"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// FileSources returns the action repositories of which files are stored.
func (w *Writer) FileSources(ctx context.Context) ([]string, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) []string {
		return store.All[string](tx, `SELECT DISTINCT source FROM files WHERE source NOT IN ('', $1) ORDER BY source`,
			telemetry.SourceSent)
	})
}

// ActionRepo returns the source, among some, that the newest record of a repository
// came from; "" where none did.
func (w *Writer) ActionRepo(ctx context.Context, target telemetry.RepoName, among []string) (string, error) {
	return store.Get(ctx, w.Store, func(tx *store.Tx) string {
		repo := target.Key()
		tx.Row(`SELECT repo_key FROM repo_aliases WHERE key = $1`, repo).Scan(&repo)
		return store.One[string](tx, `SELECT source FROM runs WHERE repo_id IN (SELECT id FROM repos WHERE key = $1) AND source `+
			tx.In(2, "TEXT")+` ORDER BY at DESC, file DESC, source DESC LIMIT 1`, repo, store.JSON(among))
	})
}

// MoveFiles gives the files of an action repository that was renamed to its new
// name, with what people said of them. Of a file that is stored under both names
// that of the new name counts.
func (w *Writer) MoveFiles(ctx context.Context, from, to string) error {
	return w.Write(ctx, func(tx *store.Tx) error {
		c := newChanges(tx)
		tx.Touch(telemetry.TopicRecords)
		const unlessThere = ` SET source = $2 WHERE source = $1 AND NOT EXISTS (SELECT 1 FROM `
		tx.Exec(`UPDATE accepted`+unlessThere+`accepted o WHERE o.source = $2 AND o.file = accepted.file)`, from, to)
		tx.Exec(`UPDATE corrections SET source = $2 WHERE source = $1`, from, to)
		for _, name := range store.All[string](tx, `SELECT f.file FROM files f JOIN files o ON o.file = f.file AND o.source = $2
			WHERE f.source = $1 AND o.body IS NOT NULL ORDER BY f.file`, from, to) {
			tx.Exec(`UPDATE files SET gone = 1 WHERE source = $1 AND file = $2`, from, name)
			c.chooseLive(c.fileStates(name))
		}
		for _, name := range telemetry.SideFiles() {
			before := c.sideOf(name)
			tx.Exec(`UPDATE side_files SET source = $2 WHERE source = $1 AND name = $3
				AND NOT EXISTS (SELECT 1 FROM side_files o WHERE o.source = $2 AND o.name = $3)`, from, to, name)
			tx.Exec(`DELETE FROM side_files WHERE source = $1 AND name = $2`, from, name)
			c.updateSide(name, before)
		}
		derive(c)
		tx.Exec(`DELETE FROM files WHERE source = $1 AND gone = 1
			AND EXISTS (SELECT 1 FROM files o WHERE o.source = $2 AND o.file = files.file AND o.sha = files.sha)`, from, to)
		tx.Exec(`UPDATE files`+unlessThere+`files o WHERE o.source = $2 AND o.file = files.file)`, from, to)
		for _, table := range [...]string{"runs", "verifications"} {
			tx.Exec(`UPDATE `+table+` SET source = $2 WHERE source = $1 AND id IN (SELECT id FROM files WHERE source = $2)`, from, to)
		}
		tx.Exec(`UPDATE run_sums SET source = $2 WHERE source = $1 AND run_id IN (SELECT id FROM files WHERE source = $2)`, from, to)
		tx.Exec(`DELETE FROM held_listings WHERE source = $1`, from)
		status := telemetry.RunsSource(from)
		tx.Exec(`DELETE FROM sources WHERE name = $1`, status.Key())
		return tx.Err()
	})
}
