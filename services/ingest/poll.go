package ingest

import (
	"context"

	"telemetry-dashboard/services/telemetry"
)

// PollResult is what a poll did. Sessions are for the caller to list.
type PollResult struct {
	Polled   int64    `json:"polled"`
	PRsFound int64    `json:"prs_found"`
	Skipped  int64    `json:"skipped"`
	Errors   []string `json:"errors"`
}

// poll asks Devin about sessions, all of them or those whose turn it is,
// and, asked for all, then for pull requests.
func (r *Runner) poll(ctx context.Context, h *Handle, all bool) (any, error) {
	ids, err := r.o.Store.SessionsToPoll(ctx, all)
	if err != nil {
		return nil, err
	}
	var result PollResult
	h.begin("Sessions", len(ids))
	if len(ids) > 0 {
		answer, askErr := r.o.Devin.Sessions(ctx, ids)
		if len(answer.Sessions)+len(answer.Unknown) > 0 {
			if err := r.o.Store.SavePoll(ctx, answer); err != nil {
				return nil, err
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.note(ctx, "sessions", askErr)
		if askErr != nil && len(answer.Sessions) == 0 {
			return nil, askErr
		}
		if askErr != nil { // what Devin did answer counts
			h.failed("", askErr)
		}
		result.Polled, result.Skipped = int64(len(answer.Sessions)), int64(len(answer.Skipped))
		h.describe("", len(answer.Sessions), len(ids))
	} else {
		r.note(ctx, "sessions", nil)
	}
	if all && r.o.PullRequests != nil {
		found, _ := r.readPulls(ctx, h, false) // the job's errors have what failed
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		result.PRsFound = found
	}
	result.Errors = h.errors()
	return result, nil
}

// PollPRsResult is what asking for pull requests did.
type PollPRsResult struct {
	PRsFound int64    `json:"prs_found"`
	Errors   []string `json:"errors"`
}

func (r *Runner) pollPRs(ctx context.Context, h *Handle) (any, error) {
	found, err := r.readPulls(ctx, h, true)
	if err != nil {
		return nil, err
	}
	return PollPRsResult{PRsFound: found, Errors: h.errors()}, nil
}

// BackfillResult is what a backfill, or its undoing, changed or would change.
type BackfillResult struct {
	PatchedFiles int64              `json:"patched_files"`
	DryRun       bool               `json:"dry_run"`
	Undo         bool               `json:"undo"`
	Changes      []telemetry.Change `json:"changes"`
}

func (r *Runner) backfill(ctx context.Context, h *Handle, order Order) (any, error) {
	work, step := r.o.Store.Backfill, "Compare records with links"
	if order.Undo {
		work, step = r.o.Store.UndoBackfill, "Take the last backfill back"
	}
	h.begin(step, 0)
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
