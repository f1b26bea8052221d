package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Deliveries is where webhooks wait to be worked off, and what is known of what
// they tell.
type Deliveries interface {
	DueDeliveries(ctx context.Context, busy []string, limit int) ([]telemetry.Delivery, error)
	SaveDelivery(ctx context.Context, d telemetry.Delivery) error
	Hooked(ctx context.Context, since time.Time) (map[string]bool, error)
	KnownRepo(ctx context.Context, key string) (bool, error)
	KnownPulls(ctx context.Context, key string, numbers []int64, branch, sha string) ([]telemetry.PullRef, error)
	SaveToldPull(ctx context.Context, p telemetry.PullRequest) (telemetry.Told, error)
}

// deliveryWorkers is how many repositories' deliveries are worked off at a time.
const deliveryWorkers = 8

// deliveryLimit is how long one try of a delivery may take: it may wait for a refresh.
const deliveryLimit = 35 * time.Minute

// unsavedPause is how long the deliveries of a repository wait while the database
// does not take what came of one.
const unsavedPause = 30 * time.Second

// retryAfter is how long a delivery waits after each try that failed; after the
// last it has failed. A refresh finds what it told of in any case.
func retryAfter() []time.Duration {
	return []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 20 * time.Minute, time.Hour}
}

// deliveryWork is what is being worked off.
type deliveryWork struct {
	mu    sync.Mutex
	busy  map[string]bool // by repository
	again chan struct{}   // gets a value when one is not busy any more
	all   sync.WaitGroup
}

// watchDeliveries works deliveries off until ctx ends: in the order in which they
// came for each repository, side by side for several. What is being worked off
// then stays queued.
func (r *Runner) watchDeliveries(ctx context.Context) {
	ctx = telemetry.InBackground(ctx, always)
	raised, end := r.o.Store.Watch()
	defer end()
	ticker := time.NewTicker(renewEvery)
	defer ticker.Stop()
	w := deliveryWork{busy: map[string]bool{}, again: make(chan struct{}, 1)}
	defer w.all.Wait()
	for {
		r.guarded("deliveries", func() { r.takeDeliveries(ctx, &w) })
		select {
		case <-ctx.Done():
			return
		case <-raised:
		case <-w.again:
		case <-ticker.C:
		}
	}
}

func (r *Runner) takeDeliveries(ctx context.Context, w *deliveryWork) {
	w.mu.Lock()
	var busy []string
	for key := range w.busy {
		busy = append(busy, key)
	}
	w.mu.Unlock()
	if len(busy) == deliveryWorkers {
		return
	}
	due, err := r.o.Store.DueDeliveries(ctx, busy, deliveryWorkers-len(busy))
	if ctx.Err() != nil {
		return
	}
	r.logFailure("cannot read the deliveries", "deliveries", err)
	for _, d := range due {
		key := d.Repo.Key()
		w.mu.Lock()
		w.busy[key] = true
		w.mu.Unlock()
		w.all.Go(func() {
			r.guarded("delivery", func() { r.workOff(ctx, d) })
			w.mu.Lock()
			delete(w.busy, key)
			w.mu.Unlock()
			select {
			case w.again <- struct{}{}:
			default:
			}
		})
	}
}

// workOff does what a delivery tells, and notes what came of it.
func (r *Runner) workOff(ctx context.Context, d telemetry.Delivery) {
	var state telemetry.DeliveryState
	var result string
	err := within(ctx, deliveryLimit, "Working off the delivery", func(ctx context.Context) error {
		return telemetry.Guard("delivery", func() (err error) {
			state, result, err = r.act(ctx, &d)
			return err
		})
	})
	if ctx.Err() != nil {
		return // the next start, or the next program that has the lease, works it off
	}
	d.Tries++
	d.Error, d.NextTry = "", telemetry.Time{}
	if err == nil {
		d.State, d.Result, d.Ended = state, result, telemetry.At(r.o.Now())
	} else {
		r.putOff(&d, err)
	}
	if d.State != telemetry.DeliveryQueued {
		d.Forget()
	}
	saving, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	unsaved := r.o.Store.SaveDelivery(saving, d)
	r.logFailure("cannot note what came of a delivery", "note a delivery", unsaved)
	r.logFailure("a delivery failed", "delivery of "+d.Event, err)
	if unsaved != nil { // it is still due: GitHub must not be asked at once again
		select {
		case <-ctx.Done():
		case <-time.After(unsavedPause):
		}
	}
}

// putOff notes why a try failed, and when the next one is, if there is one: not
// before an upstream that asked to wait may be asked.
func (r *Runner) putOff(d *telemetry.Delivery, err error) {
	d.Error = telemetry.Optional(telemetry.Sentence(err))
	pauses := retryAfter()
	if int(d.Tries) > len(pauses) {
		d.State, d.Ended = telemetry.DeliveryFailed, telemetry.At(r.o.Now())
		d.Result = fmt.Sprintf("Each of %d tries failed. The next refresh finds what it told of; it can also be tried again.", d.Tries)
		return
	}
	pause := pauses[d.Tries-1]
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		pause = max(pause, min(e.RetryAfter, maxPause))
	}
	d.NextTry = telemetry.At(r.o.Now().Add(pause))
}

// act does what a delivery tells, and says what came of it.
func (r *Runner) act(ctx context.Context, d *telemetry.Delivery) (telemetry.DeliveryState, string, error) {
	switch d.Event {
	case telemetry.EventPush:
		return r.followRuns(ctx, d)
	case telemetry.EventWorkflowRun:
		if path.Base(d.Hook.Workflow) != Workflow {
			return ignored("Nothing to do: the run was of another workflow than %s.", Workflow)
		}
		return r.followRuns(ctx, d)
	case telemetry.EventPull, telemetry.EventReview, telemetry.EventCheckSuite, telemetry.EventStatus, telemetry.EventRepository:
	default:
		return ignored("Events of this kind are not used.")
	}
	known, err := r.o.Store.KnownRepo(ctx, d.Repo.Key())
	if former := d.Hook.From.Key(); err == nil && !known && former != "" {
		known, err = r.o.Store.KnownRepo(ctx, former)
	}
	switch {
	case err != nil:
		return "", "", err
	case !known && !r.isSource(string(d.Repo)):
		return ignored("No run names this repository, so nothing of it is shown here.")
	case d.Event == telemetry.EventRepository:
		return r.followRepository(ctx, d)
	case d.Hook.Pull != nil:
		return r.followPull(ctx, *d.Hook.Pull)
	}
	return r.askPulls(ctx, d)
}

func ignored(format string, args ...any) (telemetry.DeliveryState, string, error) {
	return telemetry.DeliveryIgnored, fmt.Sprintf(format, args...), nil
}

func done(format string, args ...any) (telemetry.DeliveryState, string, error) {
	return telemetry.DeliveryDone, fmt.Sprintf(format, args...), nil
}

// followRuns reads the files of the action repository that a delivery is of.
func (r *Runner) followRuns(ctx context.Context, d *telemetry.Delivery) (telemetry.DeliveryState, string, error) {
	at := slices.IndexFunc(r.o.Sources, func(s Source) bool { return s.Name != "" && strings.EqualFold(s.Name, string(d.Repo)) })
	if at < 0 {
		return ignored("Run files are not read from this repository.")
	}
	order := Order{Only: r.o.Sources[at].Name, By: telemetry.ByWebhook}
	h, err := r.start(telemetry.Job{Kind: JobRefresh, By: order.By, Order: order}, false)
	if err == nil {
		_, err = h.Wait(ctx)
	}
	if err != nil {
		return "", "", err
	}
	return done("The run files were read again.")
}

func (r *Runner) followPull(ctx context.Context, p telemetry.PullRequest) (telemetry.DeliveryState, string, error) {
	told, err := r.o.Store.SaveToldPull(ctx, p)
	switch {
	case err != nil:
		return "", "", err
	case told == telemetry.ToldOlder:
		return ignored("A later state of the pull request is known already.")
	case told == telemetry.ToldUnrelated:
		return ignored("The pull request names no issue or session, and nothing names it.")
	case told == telemetry.ToldUnchanged:
		return done("The pull request is as it was known.")
	}
	return done("The pull request is stored as it was delivered.")
}

// askPulls asks for the pull requests again that a review or checks are of.
func (r *Runner) askPulls(ctx context.Context, d *telemetry.Delivery) (telemetry.DeliveryState, string, error) {
	refs, err := r.o.Store.KnownPulls(ctx, d.Repo.Key(), d.Hook.Pulls, d.Hook.Branch, d.Hook.SHA)
	switch {
	case err != nil:
		return "", "", err
	case len(refs) == 0 && d.Event == telemetry.EventPull:
		refs = []telemetry.PullRef{{Repo: d.Repo, Number: d.Pull}}
	case len(refs) == 0:
		return ignored("It is about no pull request that is listed here.")
	}
	if r.o.PullRequests == nil {
		return ignored("GITHUB_TOKEN is not set, so pull requests cannot be read from GitHub. Set it and restart.")
	}
	for _, ref := range refs {
		err := r.readStatus(ctx, ref)
		if err != nil {
			return "", "", err
		}
	}
	if len(refs) == 1 {
		return done("The pull request was asked for again.")
	}
	return done("%d pull requests were asked for again.", len(refs))
}

// followRepository asks for the pull requests of a repository that was renamed,
// transferred, archived or deleted: GitHub's answer says what it is now.
func (r *Runner) followRepository(ctx context.Context, d *telemetry.Delivery) (telemetry.DeliveryState, string, error) {
	if err := r.askName(ctx, cmp.Or(d.Hook.From, d.Repo)); err != nil {
		return "", "", err
	}
	const noted = "Noted. The next refresh asks what has become of the repository."
	if r.o.PullRequests == nil {
		return done(noted)
	}
	syncs, err := r.o.Store.PullSyncs(ctx)
	if err != nil {
		return "", "", err
	}
	asked := 0
	for _, s := range syncs {
		if key := s.Repo.Key(); key != d.Repo.Key() && key != d.Hook.From.Key() {
			continue
		}
		err := within(ctx, repoLimit, "Reading the pull requests", func(ctx context.Context) error {
			_, err := r.readRepoPulls(ctx, s)
			return err
		})
		switch {
		case err == nil, isMissing(err):
			asked++ // what is missing now is noted with its pull requests
		default:
			return "", "", err
		}
	}
	if asked == 0 {
		return done(noted)
	}
	return done("Its pull requests were asked for again, under the name that it has now.")
}

// askName asks GitHub what a repository is now, by the name that records have.
func (r *Runner) askName(ctx context.Context, name telemetry.RepoName) error {
	if r.o.Repositories == nil {
		return nil
	}
	answers, err := r.askRepo(ctx, name)
	if err != nil || len(answers) == 0 {
		return err
	}
	return r.saveRepos(ctx, answers)
}
