package ingest

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// RebuildResult is what a rebuild did.
type RebuildResult struct {
	Repositories int `json:"repositories"`
}

// rebuild derives everything stored again, repository by repository, while
// the old figures are served. Interrupted, the next start continues.
func (r *Runner) rebuild(ctx context.Context, t *task) (any, error) {
	t.begin("Derive issues and figures again", 0)
	var result RebuildResult
	err := r.o.Store.Rebuild(ctx, func(done, total int) {
		result.Repositories = done
		t.describe("", done, total)
		t.save(false)
	})
	return result, err
}

// rebuildIfPending starts a rebuild where another program's rules derived
// what is stored.
func (r *Runner) rebuildIfPending(ctx context.Context) {
	pending, err := r.o.Store.RebuildPending(ctx)
	if err == nil && pending {
		_, err = r.Start(JobRebuild, Order{By: telemetry.ByStart})
	}
	if err != nil && ctx.Err() == nil {
		r.o.Log.Warn("what is stored cannot be derived again", "err", err)
	}
}
