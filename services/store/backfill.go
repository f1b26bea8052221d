package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// Backfill returns what can be mended in old records: blank issue ids
// removed, and filled where the session's pull request names them in its
// title; missing addresses of pull requests filled from links. With apply
// the changes are kept beside the records, which stay as fetched; a second
// application finds nothing to do.
func (s *Store) Backfill(ctx context.Context, apply bool) ([]telemetry.Change, error) {
	var changes []telemetry.Change
	plan := func(tx *Tx) error {
		changes = planBackfill(tx)
		return tx.err
	}
	if !apply {
		return changes, s.Read(ctx, plan)
	}
	err := s.Write(ctx, func(tx *Tx) error {
		if err := plan(tx); err != nil {
			return err
		}
		d := newDerivation(tx)
		for _, c := range changes {
			tx.exec(`INSERT INTO patches (source, file, field, old, new, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT (source, file, field) DO UPDATE SET new = excluded.new, reason = excluded.reason, at = excluded.at`,
				c.Source, c.File, c.Field, jsonText(c.Old), jsonText(c.New), c.Reason, ms(tx.now))
			var id int64
			if tx.row(`SELECT id FROM files WHERE source = $1 AND file = $2 AND live = 1`, c.Source, c.File).scan(&id).found {
				d.changed[id] = true
				tx.touch(telemetry.TopicRecords)
			}
		}
		d.finish()
		return tx.err
	})
	return changes, err
}

func planBackfill(tx *Tx) []telemetry.Change {
	changes := []telemetry.Change{}
	tx.each(`SELECT r.source, r.file, m.ord, m.issue_ids, m.pr_url, COALESCE(s.pr_url, ''), COALESCE(s.basis, ''), COALESCE(p.issue_ids, '[]'), COALESCE(p.number, 0),
			COALESCE((SELECT MAX(v.pr_title) FROM verifications v WHERE v.session = m.session AND m.session <> ''), '')
		FROM mentions m JOIN runs r ON r.id = m.run_id LEFT JOIN sessions s ON s.key = m.session AND m.session <> '' LEFT JOIN pulls p ON p.key = s.pull_key
		ORDER BY r.at, r.file, m.ord`, nil, func(r *row) {
		var source, file, idsText, recorded, linked, basis, titleIDs, verified string
		var ord int
		var number int64
		r.scan(&source, &file, &ord, &idsText, &recorded, &linked, &basis, &titleIDs, &number, &verified)
		ids := fromJSON[[]string](tx, idsText)
		kept := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return strings.TrimSpace(id) == "" })
		reason := "blank ids removed"
		if len(kept) == 0 {
			kept = fromJSON[[]string](tx, titleIDs)
			reason = fmt.Sprintf("named by the title of pull request #%d", number)
			if len(kept) == 0 {
				kept, reason = telemetry.IssueIDs(verified), "named by the verification record"
			}
			if len(kept) == 0 {
				reason = "blank ids removed; nothing names the issues"
			}
		}
		if !slices.Equal(ids, kept) {
			changes = append(changes, telemetry.Change{Source: source, File: file, Field: telemetry.IssueIDsField(ord), Old: ids, New: kept, Reason: reason})
		}
		if recorded == "" && linked != "" {
			changes = append(changes, telemetry.Change{Source: source, File: file, Field: telemetry.PRURLField(ord), Old: "", New: linked, Reason: linkReason(telemetry.LinkBasis(basis))})
		}
	})
	return changes
}

func linkReason(b telemetry.LinkBasis) string {
	switch b {
	case telemetry.LinkDevin:
		return "Devin names this pull request"
	case telemetry.LinkVerification:
		return "a verification record names session and pull request"
	case telemetry.LinkSessionID:
		return "the session's id stands in the pull request"
	case telemetry.LinkIssueID:
		return "an issue id of the session stands in the pull request's title"
	}
	return "recorded elsewhere"
}
