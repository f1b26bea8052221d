package ingest

import (
	"context"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Starter starts sessions at Devin, and finds those of a tag.
type Starter interface {
	Create(ctx context.Context, n telemetry.NewSession) (telemetry.UpstreamSession, error)
	Tagged(ctx context.Context, tag string, since time.Time) ([]telemetry.UpstreamSession, error)
}

const (
	// soonFound is how long each poll looks for a session of which it is not known
	// whether it was started. After that it is looked for once in lookAgain.
	soonFound, lookAgain = 24 * time.Hour, time.Hour
	// clocksDiffer is how much earlier than its order a session may say that it was created.
	clocksDiffer = 10 * time.Minute
)

// Send starts a session for each batch of an order, one after the other, and
// returns what became of them. The batches are stored before anything is sent, so
// that the same order sends nothing twice, and what was sent is known after a
// crash. What cannot be started is a failed batch, and what follows it is not
// tried where it would fail alike. The error is CodeMissingSetting, or what the
// store refuses.
func (r *Runner) Send(ctx context.Context, o telemetry.SendOrder) ([]telemetry.SentBatch, error) {
	if r.o.Starter == nil {
		return nil, missingDevin()
	}
	r.orders.RLock() // settleBatches leaves what is being sent alone
	defer r.orders.RUnlock()
	list, err, _ := r.sending.Do("send "+o.Token, func() (any, error) {
		list, err := r.o.Store.OrderBatches(ctx, o)
		if err != nil {
			return list, err
		}
		// Once ordered, all is sent or noted, whether the person who asks stays or not.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), time.Duration(len(list))*sendLimit)
		defer cancel()
		r.sendAll(ctx, list)
		return r.o.Store.BatchesOf(ctx, o.Token)
	})
	return list.([]telemetry.SentBatch), err
}

// StartSend is Send without waiting for what becomes of the batches: they are
// ordered when it returns, and sent on the server's life.
func (r *Runner) StartSend(ctx context.Context, o telemetry.SendOrder) ([]telemetry.SentBatch, error) {
	if r.o.Starter == nil {
		return nil, missingDevin()
	}
	list, err := r.o.Store.OrderBatches(ctx, o)
	if err != nil {
		return list, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || r.ctx.Err() != nil {
		return list, nil // the next program says that they were not sent
	}
	r.ended.Go(func() {
		err := telemetry.Guard("send batches", func() error {
			_, err := r.Send(r.ctx, o)
			return err
		})
		r.logFailure("cannot send batches", "order", err)
	})
	return list, nil
}

func (r *Runner) sendAll(ctx context.Context, list []telemetry.SentBatch) {
	var stop error
	for _, b := range list {
		if b.State != telemetry.BatchQueued {
			continue
		}
		if r.ctx.Err() != nil {
			return // the next program says that the rest was not sent
		}
		mine, err := r.o.Store.BeginBatch(ctx, b.ID)
		if err != nil || !mine {
			r.logFailure("cannot begin a batch", b.ID, err)
			continue // it was not sent; it says so once this program has ended
		}
		if stop == nil {
			stop = r.sendOne(ctx, b)
			continue
		}
		r.endBatch(ctx, b, telemetry.UpstreamSession{}, stop)
	}
}

// sendOne starts the session of a batch that this program has begun. The error is
// one that the next batch would meet, too.
func (r *Runner) sendOne(ctx context.Context, b telemetry.SentBatch) (stop error) {
	var made telemetry.UpstreamSession
	err := telemetry.Guard("start a session", func() (err error) {
		made, err = r.o.Starter.Create(ctx, b.NewBatch.Session(b.MaxACUs))
		return err
	})
	code := telemetry.CodeOf(err)
	if err != nil && (code == telemetry.CodeInternal || ctx.Err() != nil) {
		code = telemetry.CodeOutcomeUnknown
		err = telemetry.Errorf(code,
			"It is not known whether the session was started: the program failed while it was being started.").Because(err)
	}
	r.endBatch(ctx, b, made, err)
	switch code {
	case telemetry.CodeRateLimited, telemetry.CodeUpstreamToken, telemetry.CodeUpstreamDenied, telemetry.CodeUpstreamDown:
		return err
	}
	return nil
}

// endBatch notes what became of a batch; the record of its session follows.
func (r *Runner) endBatch(ctx context.Context, b telemetry.SentBatch, made telemetry.UpstreamSession, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendLimit)
	defer cancel()
	switch {
	case err == nil:
		b.State, b.SentAt = telemetry.BatchSent, telemetry.At(r.o.Now())
		b.Session, b.URL, b.Error = telemetry.Optional(made.ID), telemetry.Optional(made.URL), ""
	case telemetry.CodeOf(err) == telemetry.CodeOutcomeUnknown:
		b.State, b.Error = telemetry.BatchUnknown, telemetry.Optional(telemetry.Sentence(err))
	default:
		b.State, b.Error = telemetry.BatchFailed, telemetry.Optional(telemetry.Sentence(err))
	}
	if err := r.o.Store.EndBatch(ctx, b); err != nil {
		r.logFailure("cannot note what became of a batch", b.ID, err)
		return // its tag finds the session once this program has ended
	}
	if b.State == telemetry.BatchSent {
		r.logFailure("cannot store the record of a batch", b.ID, r.recordBatch(ctx, b))
		r.follow(string(b.Session))
	}
}

// recordBatch stores the record of a batch whose session is known.
func (r *Runner) recordBatch(ctx context.Context, b telemetry.SentBatch) error {
	name, body, err := b.Record(telemetry.UpstreamSession{ID: string(b.Session), URL: string(b.URL)}, b.By, b.At.Time)
	if err != nil {
		return err
	}
	record, err := telemetry.ParseRecord(body)
	file := telemetry.RunFile{Name: name, SHA: telemetry.BlobSHA(strings.Repeat("0", 40), body), Size: int64(len(body))}
	_, err = r.o.Store.PutFiles(ctx, telemetry.SourceSent, []telemetry.FetchedFile{{RunFile: file, Body: body, Record: record, Err: err}})
	return err
}

// settleBatches looks for the sessions of batches of which it is not known whether
// they were started, and stores the records that are missing.
func (r *Runner) settleBatches(ctx context.Context) {
	if r.o.Starter == nil {
		return
	}
	if r.orders.TryLock() { // nothing is being sent: what is still to be noted could not be when it happened
		r.logFailure("cannot settle batches", "batches", r.o.Store.SettleOwnBatches(ctx, r.o.Now().Add(-sendLimit)))
		r.orders.Unlock()
	}
	open, err := r.o.Store.UnsettledBatches(ctx)
	r.logFailure("cannot read what was sent", "batches", err)
	for _, b := range open {
		if b.State == telemetry.BatchSent {
			r.logFailure("cannot store the record of a batch", b.ID, r.recordBatch(ctx, b))
			continue
		}
		if !r.looksFor(b) {
			continue
		}
		var found []telemetry.UpstreamSession
		err := within(ctx, sendLimit, "Looking for a session", func(ctx context.Context) (err error) {
			found, err = r.o.Starter.Tagged(ctx, telemetry.BatchTag(b.ID), b.At.Add(-clocksDiffer))
			return err
		})
		if len(found) > 0 { // were there several, the oldest is the one that was asked for
			r.endBatch(ctx, b, found[len(found)-1], nil)
		} else if err != nil {
			r.logFailure("cannot look for the session of a batch", b.ID, err)
			return // the next would fail alike
		}
	}
}

// looksFor reports whether it is time to look for the session of a batch of which
// it is not known whether it was started, and notes that it was looked for.
func (r *Runner) looksFor(b telemetry.SentBatch) bool {
	now := r.o.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(b.At.Time) > soonFound && now.Sub(r.looked[b.ID]) < lookAgain {
		return false
	}
	r.looked[b.ID] = now
	return true
}
