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
	return store.Get(ctx, d.store, func(tx *store.Tx) telemetry.FindingIDs {
		ids := telemetry.FindingIDs{Items: []telemetry.FindingID{}}
		type place struct {
			telemetry.FindingID
			run, size int64
			ord       int
		}
		places := store.Rows(tx, `SELECT r.id, a.ord, r.file, r.source, r.run_number, r.at, LENGTH(f.body)
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
