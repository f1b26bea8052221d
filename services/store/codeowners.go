package store

import "telemetry-dashboard/services/telemetry"

// CodeownersAt returns the CODEOWNERS file of a repository, by its id, that was in force
// at a time in unix milliseconds; one without a path where none was known.
func CodeownersAt(tx *Tx, repo, at int64) (file telemetry.CodeownersFile) {
	tx.Row(`SELECT o.path, o.body FROM codeowners o JOIN repos r ON r.id = $1
		WHERE o.at <= $2 AND (o.repo_key = r.key OR o.repo_key IN (SELECT a.key FROM repo_aliases a WHERE a.repo_key = r.key))
		ORDER BY o.at DESC LIMIT 1`, repo, at).Scan(&file.Path, &file.Text)
	return file
}
