package details

import (
	"context"
	"slices"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// idBytes is how much of records one question for an issue's ids reads: they
// stand in the records alone.
const idBytes = 32 << 20

// FindingIDs returns what scans call an issue, newest first: the newest of
// them and the first, at most most, and fewer where the records are large.
func (d *Details) FindingIDs(ctx context.Context, publicID string, most int) (telemetry.FindingIDs, error) {
	var ids telemetry.FindingIDs
	err := d.store.Read(ctx, func(tx *store.Tx) error {
		ids = telemetry.FindingIDs{Items: []telemetry.FindingID{}}
		type place struct {
			telemetry.FindingID
			run, size int64
			ord       int
		}
		var places []place
		tx.Each(`SELECT r.id, a.ord, r.file, r.source, r.run_number, r.at, LENGTH(f.body)
			FROM issues i JOIN appearances a ON a.issue_id = i.id JOIN runs r ON r.id = a.run_id JOIN files f ON f.id = r.id
			WHERE i.public_id = $1 ORDER BY r.at DESC, r.file DESC, r.source DESC`, []any{publicID}, func(r *store.Row) {
			var p place
			r.Scan(&p.run, &p.ord, &p.RunFile, &p.Source, &p.RunNumber, &p.At, &p.size)
			places = append(places, p)
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
			p.IssueID = findingID(tx, p.run, p.ord)
			ids.Items = append(ids.Items, p.FindingID)
		}
		return tx.Err()
	})
	return ids, err
}

func findingID(tx *store.Tx, run int64, ord int) string {
	findings := lists.Findings(tx, run)
	if ord >= len(findings) {
		return ""
	}
	return findings[ord].IssueID
}
