package ingest

import (
	"context"
	"time"

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

const (
	// changesOverlap allows for the clocks of Devin's servers, which may differ.
	changesOverlap = 2 * time.Minute
	// wholeEvery is how often sessions are asked for by id of which a list of changes
	// says enough otherwise: such a list does not tell what was deleted.
	wholeEvery = time.Hour
	// quietFactor is how many intervals pass between two lists of changes while no
	// session is due.
	quietFactor = 4

	readChanges = "changed sessions"     // among what was read
	readByID    = "sessions asked by id" // likewise
)

// pollAll asks Devin about every session, and then for pull requests.
func (r *Runner) pollAll(ctx context.Context, t *task) (any, error) {
	r.settleBatches(ctx) // it may find sessions to ask for
	turn, err := r.o.Store.SessionsToPoll(ctx, 0)
	if err != nil {
		return nil, err
	}
	var result PollResult
	t.begin("Sessions", len(turn.Due))
	if len(turn.Due) > 0 {
		err = r.askSessions(ctx, t, turn.Due, nil, &result)
	} else {
		r.note(ctx, "sessions", nil)
	}
	if err != nil {
		return nil, err
	}
	if err := r.addPulls(ctx, t); err != nil {
		return nil, err
	}
	result.PRsFound, err = r.listedPulls(ctx)
	result.Errors = t.errors()
	return result, err
}

// pollDue asks Devin about the sessions whose turn it is: for what has changed, where
// Devin can say it in one list, and for the others.
func (r *Runner) pollDue(ctx context.Context, t *task) (any, error) {
	r.settleBatches(ctx)
	turn, err := r.o.Store.SessionsToPoll(ctx, r.o.PollInterval)
	if err != nil {
		return nil, err
	}
	var result PollResult
	t.begin("Sessions", len(turn.Due))
	left, err := r.askChanges(ctx, t, turn, &result)
	if err == nil && len(left) > 0 {
		err = r.askSessions(ctx, t, left, turn.Known, &result)
	}
	result.Errors = t.errors()
	return result, err
}

// changesAfter is the time after which a turn asks for changes; ask is false where
// all due sessions are to be asked for by id, or nothing is due and Devin was asked
// lately.
func (r *Runner) changesAfter(start time.Time, due int) (after time.Time, ask bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, read := r.fresh[readChanges]
	if !read {
		last = start.Add(-wholeEvery)
	}
	if every := r.o.PollInterval; due == 0 && start.Sub(last) < quietFactor*every-every/2 {
		return last, false
	}
	whole, read := r.fresh[readByID]
	if !read || start.Sub(whole) >= wholeEvery {
		r.fresh[readByID] = start
	}
	return last.Add(-changesOverlap), !read || due == 0 || start.Sub(whole) < wholeEvery
}

// askChanges asks what has changed since the last turn, and returns the due sessions
// of which that says nothing certain.
func (r *Runner) askChanges(ctx context.Context, t *task, turn telemetry.PollTurn, result *PollResult) ([]telemetry.DueSession, error) {
	start := r.o.Now()
	after, ask := r.changesAfter(start, len(turn.Due))
	if !ask || len(turn.Known) == 0 {
		if len(turn.Due) == 0 {
			r.note(ctx, "sessions", nil)
		}
		return turn.Due, nil
	}
	answer, told, askErr := r.o.Devin.Changed(ctx, after, turn.Known)
	left := turn.Due
	if told {
		left, answer.Unchanged = unsaid(turn.Due, answer, after)
		result.Polled = int64(len(turn.Due) - len(left))
		t.describe("", int(result.Polled), len(turn.Due))
	}
	if len(answer.Sessions)+len(answer.Unchanged) > 0 {
		if err := r.o.Store.SavePoll(ctx, answer); err != nil {
			return nil, storing(err)
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if told {
		r.mu.Lock()
		r.fresh[readChanges] = start
		r.mu.Unlock()
	}
	if askErr != nil || len(left) == 0 {
		r.note(ctx, "sessions", askErr)
	}
	return left, askErr
}

// unsaid parts the due sessions that a list of what has changed after a time does
// not show: those asked about since then have not changed, and the others are left.
func unsaid(due []telemetry.DueSession, told telemetry.SessionAnswer, after time.Time) (left []telemetry.DueSession, unchanged []string) {
	shown := map[string]bool{}
	for i := range told.Sessions {
		shown[told.Sessions[i].ID] = true
	}
	for _, d := range due {
		switch {
		case shown[d.ID]:
		case d.AskedAt.Before(after):
			left = append(left, d)
		default:
			unchanged = append(unchanged, d.ID)
		}
	}
	return left, unchanged
}

// askSessions stores what Devin answers. What it answered beside a failure counts;
// the error is that of an answer without any session. Known sessions count as little
// as they are asked for.
func (r *Runner) askSessions(ctx context.Context, t *task, due []telemetry.DueSession, known []string, result *PollResult) error {
	ids, wanted := make([]string, len(due)), make(map[string]bool, len(due))
	for i, d := range due {
		ids[i], wanted[d.ID] = d.ID, true
	}
	answer, askErr := r.o.Devin.Sessions(ctx, ids, known...)
	if len(answer.Sessions)+len(answer.Unknown) > 0 {
		if err := r.o.Store.SavePoll(ctx, answer); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	polled, asked := int64(0), int64(len(ids))
	for i := range answer.Sessions {
		if wanted[answer.Sessions[i].ID] {
			polled++
		}
	}
	missing := int64(len(answer.Unknown))
	result.Polled += polled
	result.Missing, result.Skipped = missing, max(0, asked-polled-missing)
	if askErr == nil && polled+missing == 0 && len(answer.Skipped) == 0 {
		askErr = telemetry.Errorf(telemetry.CodeUpstreamBroken,
			"Devin's answer lists none of the %d sessions of this poll. Stored data is kept; the next poll tries again.", asked)
	}
	r.note(ctx, "sessions", askErr)
	if askErr != nil && polled+missing == 0 {
		return askErr
	}
	if askErr != nil {
		t.failed("", askErr)
	}
	if missing > 0 {
		t.failed("", telemetry.Errorf(telemetry.CodeUpstreamNotFound, "Devin cannot find %d of the %d sessions of this poll (404): "+
			"they were deleted, or DEVIN_API_KEY belongs to another organization. "+
			"Their stored data is kept; they are polled again every hour.", missing, asked))
	}
	t.describe("", int(polled), len(ids))
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
