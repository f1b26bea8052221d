// Package notify tells people and programs what matters: rules find it in the database,
// messages wait there, and are sent by mail, to Slack and to webhooks. It decides, writes
// and sends; what it finds and keeps is the store's. It knows no page.
package notify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"

	"telemetry-dashboard/services/telemetry"
)

// Store is where rules and messages are kept.
type Store interface {
	Rules
	Tell(ctx context.Context, id int64, plan telemetry.NotifyPlan) (queued int, err error)
	DueNotifications(ctx context.Context, busy []string, limit int) ([]telemetry.Notification, error)
	BeginNotification(ctx context.Context, id string) (mine bool, err error)
	EndNotification(ctx context.Context, n telemetry.Notification) error
	Watch() (<-chan struct{}, func())
	Versions() map[string]uint64
}

// Rules keeps the rules, and answers what they find.
type Rules interface {
	NotifyRules(ctx context.Context) ([]telemetry.NotifyRule, error)
	NotifyRule(ctx context.Context, id int64) (telemetry.NotifyRule, error)
	PutNotifyRule(ctx context.Context, r telemetry.NotifyRule) (was, is telemetry.NotifyRule, err error)
	DeleteNotifyRule(ctx context.Context, id int64) (was telemetry.NotifyRule, err error)
	FoundNow(ctx context.Context, r telemetry.NotifyRule, limit int) (count int64, items []telemetry.Notice, err error)
	QueueTest(ctx context.Context, id int64, plan telemetry.NotifyPlan) (telemetry.Notification, error)
	RetryNotification(ctx context.Context, id string) (telemetry.Notification, error)
}

// Options are what a Service works with. A channel whose setting is "" is not set up.
type Options struct {
	Store Store
	Render
	SlackURL      string
	WebhookURL    string
	WebhookSecret string
	SMTPURL       string
	From          string // where mail comes from
	AllowPrivate  bool   // private addresses, http, SMTP without TLS, and a proxy
	Proxy         func(*http.Request) (*url.URL, error)
	FirstPause    time.Duration // after the first try that failed; 0: 10 seconds
	LookEvery     time.Duration // how often the queue is looked at without news; 0: 5 seconds
	Log           *slog.Logger
	Now           func() time.Time
	NewID         func() string
}

// Service finds, queues and sends. It is safe for concurrent use.
type Service struct {
	o       Options
	plan    Plan
	senders map[telemetry.NotifyChannel]Sender
}

// New returns a Service. The error says which setting of a channel is wrong.
func New(o Options) (*Service, error) {
	s := &Service{o: o, plan: Plan{o.NewID}, senders: map[telemetry.NotifyChannel]Sender{}}
	if o.FirstPause == 0 {
		s.o.FirstPause = 10 * time.Second
	}
	if o.LookEvery == 0 {
		s.o.LookEvery = 5 * time.Second
	}
	if o.SlackURL != "" {
		p, err := newPoster(o, "NOTIFY_SLACK_URL", o.SlackURL)
		if err != nil {
			return nil, err
		}
		s.senders[telemetry.ChannelSlack] = &slack{p, o.Render, rate.NewLimiter(rate.Every(time.Second), 1)}
	}
	if o.WebhookURL != "" {
		p, err := newPoster(o, "NOTIFY_WEBHOOK_URL", o.WebhookURL)
		if err != nil {
			return nil, err
		}
		w, err := newWebhook(p, o.Render, o.WebhookSecret)
		if err != nil {
			return nil, err
		}
		s.senders[telemetry.ChannelWebhook] = w
	}
	if o.SMTPURL != "" {
		m, err := newMailer(o)
		if err != nil {
			return nil, err
		}
		s.senders[telemetry.ChannelMail] = m
	}
	return s, nil
}

const (
	lineWorkers = 8               // lines that are sent on at a time
	clockEvery  = time.Minute     // how often rules are asked without news: time passes
	triesMost   = 12              // of a message: about eight hours
	grace       = 2 * time.Second // of what is being sent when the program ends
	pauseMost   = 2 * time.Hour
	unsaved     = 30 * time.Second // of a line whose result the database did not take
)

// Run finds and sends until ctx ends: by the program that runs the jobs, whose writes
// under ctx fail once another does. What is being sent then is sent to its end.
func (s *Service) Run(ctx context.Context) {
	raised, end := s.o.Store.Watch()
	defer end()
	ticker := time.NewTicker(s.o.LookEvery)
	defer ticker.Stop()
	w := lines{busy: map[string]bool{}, again: make(chan struct{}, 1)}
	defer w.all.Wait()
	asked, versions := time.Time{}, map[string]uint64{}
	for {
		s.guarded("find what rules tell", func() {
			now := s.o.Store.Versions()
			if moved(versions, now) || s.o.Now().Sub(asked) >= clockEvery {
				asked, versions = s.o.Now(), now
				s.Find(ctx)
			}
		})
		s.guarded("send notifications", func() { s.take(ctx, &w) })
		select {
		case <-ctx.Done():
			return
		case <-raised:
		case <-w.again:
		case <-ticker.C:
		}
	}
}

// moved reports whether something has changed that rules find.
func moved(was, is map[string]uint64) bool {
	for _, topic := range []string{telemetry.TopicRecords, telemetry.TopicSessions, telemetry.TopicPulls, telemetry.TopicJobs,
		telemetry.TopicSubmissions, telemetry.TopicDecisions, telemetry.TopicCampaigns, telemetry.TopicNotify} {
		if was[topic] != is[topic] {
			return true
		}
	}
	return false
}

func (s *Service) guarded(doing string, do func()) {
	s.log("cannot "+doing, telemetry.Guard(doing, func() error {
		do()
		return nil
	}))
}

func (s *Service) log(what string, err error, args ...any) {
	if err != nil && !errors.Is(err, context.Canceled) {
		s.o.Log.Error(what, append(args, "err", err)...)
	}
}

// Find asks all rules what they have to tell, and queues it. A rule that fails does not
// keep the others from it.
func (s *Service) Find(ctx context.Context) {
	rules, err := s.o.Store.NotifyRules(ctx)
	s.log("cannot read the rules of notifications", err)
	for _, r := range rules {
		if ctx.Err() != nil || !r.On {
			continue
		}
		_, err := s.o.Store.Tell(ctx, r.ID, s.plan)
		if telemetry.CodeOf(err) != telemetry.CodeNotFound { // it was deleted meanwhile
			s.log("cannot find what a rule tells", err, "rule", r.ID)
		}
	}
}

// lines are those that are being sent on.
type lines struct {
	mu    sync.Mutex
	busy  map[string]bool
	again chan struct{}
	all   sync.WaitGroup
}

// take sends the first message of each line that is not busy.
func (s *Service) take(ctx context.Context, w *lines) {
	w.mu.Lock()
	var busy []string
	for line := range w.busy {
		busy = append(busy, line)
	}
	w.mu.Unlock()
	if len(busy) >= lineWorkers || ctx.Err() != nil {
		return
	}
	due, err := s.o.Store.DueNotifications(ctx, busy, lineWorkers-len(busy))
	s.log("cannot read the queue of notifications", err)
	for _, n := range due {
		line := n.Line()
		w.mu.Lock()
		w.busy[line] = true
		w.mu.Unlock()
		w.all.Go(func() {
			s.guarded("send a notification", func() { s.deliver(ctx, n) })
			w.mu.Lock()
			delete(w.busy, line)
			w.mu.Unlock()
			select {
			case w.again <- struct{}{}:
			default:
			}
		})
	}
}

// deliver sends a message and notes what came of it. If the program ends between the
// two, the message is sent again, with the same id.
func (s *Service) deliver(ctx context.Context, n telemetry.Notification) {
	mine, err := s.o.Store.BeginNotification(ctx, n.ID)
	if err != nil || !mine {
		s.log("cannot begin a notification", err, "id", n.ID)
		return
	}
	n.Tries++
	sending, stop := outlasting(ctx, grace)
	defer stop()
	err = s.send(sending, n)
	if err != nil && ctx.Err() != nil {
		return // the next program, or the next start, sends it
	}
	n = s.after(n, err)
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.o.Store.EndNotification(saving, n); err != nil {
		s.log("cannot note what came of a notification", err, "id", n.ID)
		select { // it is still due: it must not be sent again at once
		case <-ctx.Done():
		case <-time.After(unsaved):
		}
	}
}

// outlasting is a context that ends some time after ctx, so that what is being sent at a
// shutdown is sent, and noted, once.
func outlasting(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

func (s *Service) send(ctx context.Context, n telemetry.Notification) error {
	to, set := s.senders[n.Channel]
	if !set {
		return &Refusal{settingOf(n.Channel) + " is not set, so nothing can be sent on this channel. Set it, restart, and send it again."}
	}
	return telemetry.Guard("notification", func() error { return to.Send(ctx, n) })
}

// after is a message after a try.
func (s *Service) after(n telemetry.Notification, err error) telemetry.Notification {
	now := s.o.Now()
	n.Error, n.NextTry = "", telemetry.Time{}
	var refusal *Refusal
	switch {
	case err == nil:
		n.State, n.Ended = telemetry.NotificationSent, telemetry.At(now)
		return n
	case errors.As(err, &refusal):
		n.State, n.Ended, n.Error = telemetry.NotificationGivenUp, telemetry.At(now), telemetry.Optional(refusal.Message)
	case n.Tries >= triesMost:
		n.State, n.Ended, n.Error = telemetry.NotificationGivenUp, telemetry.At(now), telemetry.Optional(telemetry.Sentence(err))
	default:
		pause := pauseAfter(n.Tries, s.o.FirstPause)
		if e, ok := errors.AsType[*telemetry.Error](err); ok {
			pause = max(pause, min(e.RetryAfter, pauseMost))
		}
		n.State, n.NextTry, n.Error = telemetry.NotificationFailed, telemetry.At(now.Add(pause)), telemetry.Optional(telemetry.Sentence(err))
	}
	s.o.Log.Warn("a notification was not sent", "id", n.ID, "channel", n.Channel, "tries", n.Tries, "state", n.State, "why", string(n.Error))
	return n
}

// pauseAfter is how long a message waits after its try of that number failed: two and a
// half times longer each time, and never quite as long as another's.
func pauseAfter(tries int64, first time.Duration) time.Duration {
	b := backoff.ExponentialBackOff{InitialInterval: first, RandomizationFactor: 0.2, Multiplier: 2.5, MaxInterval: pauseMost}
	b.Reset()
	pause := first
	for range tries {
		pause = b.NextBackOff()
	}
	return pause
}

// settingOf is the setting that a channel needs first.
func settingOf(c telemetry.NotifyChannel) string {
	switch c {
	case telemetry.ChannelSlack:
		return "NOTIFY_SLACK_URL"
	case telemetry.ChannelWebhook:
		return "NOTIFY_WEBHOOK_URL"
	}
	return "NOTIFY_SMTP_URL"
}
