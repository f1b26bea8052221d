package ingest

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// JobPrune takes old records and run logs away; it starts by itself.
const JobPrune = "prune"

// pruneEvery is how often it starts, beside once at the start.
const pruneEvery = 24 * time.Hour

// Pruner takes from the store what is older than a time, and gives the space back.
type Pruner interface {
	Prune(ctx context.Context, before time.Time, advance func(telemetry.Pruned)) (telemetry.Pruned, error)
	Vacuum(ctx context.Context) (note string, err error)
}

// prune is one pass of that job. Interrupted, the next one continues with what
// is left.
func (r *Runner) prune(ctx context.Context, t *task) (any, error) {
	t.begin("Prune records and run logs", 0)
	before := r.o.Now().Add(-time.Duration(r.o.RetentionDays) * 24 * time.Hour)
	done, err := r.o.Store.Prune(ctx, before, func(p telemetry.Pruned) {
		if p.Records+p.Logs == 0 {
			return
		}
		t.matter()
		t.describe("", int(p.Records+p.Logs), 0)
		_ = t.save(false)
	})
	if err != nil {
		return nil, storing(err)
	}
	done.Days = r.o.RetentionDays
	for _, left := range done.Errors {
		t.failed("", telemetry.Errorf(telemetry.CodeInternal, "%s", left))
	}
	t.begin("Give the space back", 0)
	if done.Note, err = r.o.Store.Vacuum(ctx); err != nil {
		return nil, storing(err)
	}
	return done, nil
}
