package figures

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
)

// LastRun returns when the newest run by a time was (zero is now), and how long usually passes between two scans
// of a repository: the median over repositories, 0 where none has enough.
func (f *Figures) LastRun(ctx context.Context, at time.Time) (last telemetry.LastRun, err error) {
	err = lists.ReadAt(ctx, f.store, at, func(tx *store.Tx) error {
		var usual int64
		last = telemetry.LastRun{}
		tx.Row(`SELECT COALESCE(MAX(at), 0) FROM runs`).Scan(&last.At)
		tx.Row(`SELECT scan_interval FROM repos WHERE scan_interval > 0 ORDER BY scan_interval
			LIMIT 1 OFFSET (SELECT COUNT(*) / 2 FROM repos WHERE scan_interval > 0)`).Scan(&usual)
		last.Usual = time.Duration(usual) * time.Millisecond
		return tx.Err()
	})
	return last, err
}
