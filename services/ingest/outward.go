package ingest

import (
	"context"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Messenger sends messages to Devin sessions.
type Messenger interface {
	Send(ctx context.Context, id, text string) error
}

// Dispatcher starts the action's workflow and returns the branch of the
// action repository on which it started it.
type Dispatcher interface {
	Dispatch(ctx context.Context, d telemetry.Dispatch) (ref string, err error)
}

// Deeds is where it is kept what people did, so that it is done once.
type Deeds interface {
	KeepDeed(ctx context.Context, d telemetry.Deed) (fresh bool, err error)
	DropDeed(ctx context.Context, token string) error
}

// Workflow is the file of the action's workflow that works on one target
// repository (product.md §9).
const Workflow = "codeql-fixer.yml"

// Reply sends a message to a session for a caller of the API, and then looks
// what becomes of it. The error is CodeMissingSetting without a Devin key, or what Devin's
// client says.
func (r *Runner) Reply(ctx context.Context, id, text string) error {
	return r.reply(ctx, telemetry.Deed{Token: r.o.NewID(), By: telemetry.ByAPI}, id, text)
}

// ReplyOnce is Reply for a page's form with a token of its own: asked again with the
// same token it sends nothing, waits for a sending that is under way, and
// answers as that did. After a failure the token can be used again.
func (r *Runner) ReplyOnce(ctx context.Context, token, id, text string) error {
	return r.reply(ctx, telemetry.Deed{Token: token, By: telemetry.ByPage}, id, text)
}

func (r *Runner) reply(ctx context.Context, d telemetry.Deed, id, text string) error {
	if r.o.Messenger == nil {
		return r.missingDevin()
	}
	bare := telemetry.BareID(id)
	d.Kind, d.Subject = telemetry.DeedReply, bare
	_, err := r.once(ctx, d, func() (string, error) {
		err := r.o.Messenger.Send(ctx, bare, text)
		if err == nil {
			r.follow(bare)
		}
		return "", err
	})
	return err
}

// Dispatch starts one run of the action for a caller of the API, and returns the branch on which it
// runs. The error is CodeMissingSetting where a variable is not set, or what
// GitHub's client says.
func (r *Runner) Dispatch(ctx context.Context, d telemetry.Dispatch) (ref string, err error) {
	return r.dispatch(ctx, telemetry.Deed{Token: r.o.NewID(), By: telemetry.ByAPI}, d)
}

// DispatchOnce is Dispatch for a page's form with a token of its own, likewise. The
// branch is "" for one that was started before.
func (r *Runner) DispatchOnce(ctx context.Context, token string, d telemetry.Dispatch) (ref string, err error) {
	return r.dispatch(ctx, telemetry.Deed{Token: token, By: telemetry.ByPage}, d)
}

func (r *Runner) dispatch(ctx context.Context, deed telemetry.Deed, d telemetry.Dispatch) (ref string, err error) {
	if r.o.Dispatcher == nil {
		return "", telemetry.Errorf(telemetry.CodeMissingSetting,
			"Starting a run needs GITHUB_TOKEN and ACTION_REPO. Set both and restart.")
	}
	deed.Kind, deed.Subject = telemetry.DeedDispatch, string(telemetry.ParseRepo(d.TargetRepo))
	return r.once(ctx, deed, func() (string, error) { return r.o.Dispatcher.Dispatch(ctx, d) })
}

// doing is a deed under way.
type doing struct {
	done   chan struct{}
	answer string
	err    error
}

// once does a deed unless it was done. The store remembers it, for other
// replicas and later starts.
func (r *Runner) once(ctx context.Context, d telemetry.Deed, do func() (string, error)) (string, error) {
	r.mu.Lock()
	if other := r.doing[d.Token]; other != nil {
		r.mu.Unlock()
		select {
		case <-other.done:
			return other.answer, other.err
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	mine := &doing{done: make(chan struct{})}
	r.doing[d.Token] = mine
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.doing, d.Token)
		r.mu.Unlock()
		close(mine.done)
	}()
	var fresh bool
	if fresh, mine.err = r.o.Store.KeepDeed(ctx, d); mine.err != nil || !fresh {
		return "", mine.err
	}
	if mine.answer, mine.err = do(); mine.err != nil {
		if err := r.o.Store.DropDeed(context.WithoutCancel(ctx), d.Token); err != nil {
			r.o.Log.Warn("cannot take a failed deed back", "kind", d.Kind, "err", err)
		}
	}
	return mine.answer, mine.err
}

// followAfter is when a session is asked after a reply: Devin takes a moment
// to wake.
func followAfter() []time.Duration { return []time.Duration{0, 3 * time.Second, 12 * time.Second} }

// follow asks Devin what has become of a session, on the server's life.
func (r *Runner) follow(bare string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.o.Devin == nil || r.stopped || r.ctx.Err() != nil {
		return
	}
	r.ended.Go(func() {
		for _, wait := range followAfter() {
			select {
			case <-r.ctx.Done():
				return
			case <-time.After(wait):
			}
			answer, err := r.o.Devin.Sessions(r.ctx, []string{bare})
			if err == nil && len(answer.Sessions) > 0 {
				err = r.o.Store.SavePoll(r.ctx, answer)
			}
			if err != nil {
				r.o.Log.Warn("cannot ask for a session after a reply", "session", bare, "err", err)
				return
			}
		}
	})
}

func (r *Runner) missingDevin() error {
	return telemetry.Errorf(telemetry.CodeMissingSetting, "%s is not set, so Devin cannot be asked. Set it and restart.", r.o.MissingDevin)
}
