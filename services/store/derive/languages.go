package derive

import (
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// taken are the languages of which merged pull requests took every issue that a
// scan does not name, as far as a derivation before has found.
func (r *records) taken(id int64) []string {
	var taken []string
	r.tx.Row(`SELECT taken FROM runs WHERE id = $1`, id).Scan(store.WordsOf(&taken))
	return taken
}

// languageScan is a scan without a language that the scans before it had.
type languageScan struct {
	id, repo    int64
	place       telemetry.ScanPosition
	lost, taken []string
}

// takeLanguages finds again, in scans without a language, whether merged pull
// requests of sessions took all of its issues, and returns the repositories to
// replay. What it finds of a scan follows from earlier scans alone, so that
// replaying comes to an end.
func takeLanguages(tx *store.Tx, repos set[int64]) set[int64] {
	again := set[int64]{}
	if len(repos) == 0 || tx.Err() != nil {
		return again
	}
	for _, s := range store.Rows(tx, `SELECT id, repo_id, at, file, lost, taken FROM runs
		WHERE (lost <> '' OR taken <> '') AND repo_id `+tx.In(1, "BIGINT"), []any{list(repos)}, func(s *languageScan) []any {
		return []any{&s.id, &s.repo, &s.place.At, &s.place.File, store.WordsOf(&s.lost), store.WordsOf(&s.taken)}
	}) {
		var taken []string
		for _, language := range append(s.lost, s.taken...) {
			if s.allTaken(tx, language) {
				taken = append(taken, language)
			}
		}
		slices.Sort(taken)
		if !slices.Equal(taken, s.taken) {
			tx.Exec(`UPDATE runs SET taken = $1 WHERE id = $2`, store.Words(taken), s.id)
			again[s.repo] = true
		}
	}
	return again
}

// allTaken reports whether every issue of a language that was open when the scan
// did not name it had been taken by a merged pull request of a session by then.
func (s languageScan) allTaken(tx *store.Tx, language string) bool {
	var open, taken int64
	tx.Row(`SELECT COUNT(*), COUNT(*) FILTER (WHERE EXISTS (SELECT 1 FROM attempts a JOIN runs r ON r.id = a.scan_id
			JOIN links k ON k.session = a.session JOIN pulls p ON p.key = k.pull_key
			WHERE a.issue_id = l.issue_id AND a.session <> '' AND p.merged_at > 0 AND p.merged_at <= $2 AND (r.at, r.file) < ($2, $3)))
		FROM issue_intervals l
		WHERE l.repo_id = $1 AND lower(l.rule) LIKE $4 AND (l.from_at, l.from_file) < ($2, $3) AND (l.to_at, l.to_file) >= ($2, $3)
			AND NOT EXISTS (SELECT 1 FROM appearances x WHERE x.issue_id = l.issue_id AND x.run_id = $5)`,
		s.repo, store.Millis(s.place.At), s.place.File, language+"/%", s.id).Scan(&open, &taken)
	return open > 0 && taken == open
}
