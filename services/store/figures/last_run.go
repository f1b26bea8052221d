package figures

import (
	"context"
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// LastRun returns when the newest run was, and how long usually passes between two scans
// of a repository: the median over repositories, 0 where none has enough.
func (f *Figures) LastRun(ctx context.Context) (last telemetry.LastRun, err error) {
	err = f.store.Read(ctx, func(tx *store.Tx) error {
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
