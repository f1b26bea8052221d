package ingest

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// PollResult is what a poll did. Every session that was asked for is counted
// once, in Polled, Skipped or Missing.
type PollResult struct {
	Polled   int64    `json:"polled"`
	PRsFound int64    `json:"prs_found"`
	Skipped  int64    `json:"skipped"`
	Missing  int64    `json:"missing"`
	Errors   []string `json:"errors"`
}

// poll asks Devin about sessions, and, about all of them, then for pull requests.
func (r *Runner) poll(ctx context.Context, t *task, all bool) (any, error) {
	ids, err := r.o.Store.SessionsToPoll(ctx, all)
	if err != nil {
		return nil, err
	}
	var result PollResult
	t.begin("Sessions", len(ids))
	if len(ids) > 0 {
		err = r.askSessions(ctx, t, ids, &result)
	} else {
		r.note(ctx, "sessions", nil)
	}
	if err != nil {
		return nil, err
	}
	if all {
		if err := r.addPulls(ctx, t); err != nil {
			return nil, err
		}
	}
	result.PRsFound, err = r.listedPulls(ctx)
	result.Errors = t.errors()
	return result, err
}

// askSessions stores what Devin answers. What it answered beside a failure counts;
// the error is that of an answer without any session.
func (r *Runner) askSessions(ctx context.Context, t *task, ids []string, result *PollResult) error {
	answer, askErr := r.o.Devin.Sessions(ctx, ids)
	if len(answer.Sessions)+len(answer.Unknown) > 0 {
		if err := r.o.Store.SavePoll(ctx, answer); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	asked := int64(len(ids))
	result.Polled, result.Missing = int64(len(answer.Sessions)), int64(len(answer.Unknown))
	result.Skipped = max(0, asked-result.Polled-result.Missing)
	if askErr == nil && len(answer.Sessions)+len(answer.Unknown)+len(answer.Skipped) == 0 {
		askErr = telemetry.Errorf(telemetry.CodeUpstreamBroken,
			"Devin's answer lists none of the %d sessions of this poll. Stored data is kept; the next poll tries again.", asked)
	}
	r.note(ctx, "sessions", askErr)
	if askErr != nil && result.Polled+result.Missing == 0 {
		return askErr
	}
	if askErr != nil {
		t.failed("", askErr)
	}
	if result.Missing > 0 {
		t.failed("", telemetry.Errorf(telemetry.CodeUpstreamNotFound, "Devin cannot find %d of the %d sessions of this poll (404): "+
			"they were deleted, or DEVIN_API_KEY belongs to another organization. "+
			"Their stored data is kept; they are polled again every hour.", result.Missing, asked))
	}
	t.describe("", int(result.Polled), len(ids))
	return nil
}

// PollPRsResult is what asking for pull requests did.
type PollPRsResult struct {
	PRsFound int64    `json:"prs_found"`
	Errors   []string `json:"errors"`
}

func (r *Runner) pollPRs(ctx context.Context, t *task) (any, error) {
	if err := r.readPulls(ctx, t, true); err != nil {
		return nil, err
	}
	found, err := r.listedPulls(ctx)
	return PollPRsResult{PRsFound: found, Errors: t.errors()}, err
}

// BackfillResult is what a backfill, or its undoing, changed or would change.
type BackfillResult struct {
	PatchedFiles int64              `json:"patched_files"`
	DryRun       bool               `json:"dry_run"`
	Undo         bool               `json:"undo"`
	Changes      []telemetry.Change `json:"changes"`
}

func (r *Runner) backfill(ctx context.Context, t *task, order Order) (any, error) {
	work, step := r.o.Store.Backfill, "Compare records with links"
	if order.Undo {
		work, step = r.o.Store.UndoBackfill, "Take the last backfill back"
	}
	t.begin(step, 0)
	changes, err := work(ctx, !order.DryRun)
	if err != nil {
		return nil, err
	}
	files := map[string]bool{}
	for _, c := range changes {
		files[c.Source+"\x00"+c.File] = true
	}
	return BackfillResult{PatchedFiles: int64(len(files)), DryRun: order.DryRun, Undo: order.Undo, Changes: changes}, nil
}

// RebuildResult is what a rebuild did.
type RebuildResult struct {
	Repositories int `json:"repositories"`
}

// rebuild derives everything stored again. Interrupted, the next start continues.
func (r *Runner) rebuild(ctx context.Context, t *task) (any, error) {
	t.begin("Derive issues and figures again", 0)
	var result RebuildResult
	err := r.o.Store.Rebuild(ctx, func(done, total int) {
		result.Repositories = done
		t.describe("", done, total)
		_ = t.save(false)
	})
	return result, err
}

func (r *Runner) rebuildIfPending(ctx context.Context) {
	pending, err := r.o.Store.RebuildPending(ctx)
	if err == nil && pending {
		_, err = r.Start(JobRebuild, Order{By: telemetry.ByStart})
	}
	if err != nil && ctx.Err() == nil {
		r.o.Log.Warn("what is stored cannot be derived again", "err", err)
	}
}
