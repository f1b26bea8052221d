package faults

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/storetest"
)

const (
	actionRepo = "octo/action"
	shop       = "octo/shop"
	shopFork   = "forks/shop"
	library    = "other/library"
	registry   = `{"repos": [{"repo": "octo/shop", "importance": "high"}]}`
	sessionA   = "0a0123456789abcdef0123456789abcd"
	sessionB   = "0b0123456789abcdef0123456789abcd"

	secretToken   = "ghp_5ecret0f7heFau1tTab1e"
	secretKeyPart = "5ecretKey0f7heFau1tTab1e"

	// shortTimeout is of a request that never ends, longTimeout of any other:
	// a busy machine must not make a time-out of it.
	shortTimeout = 2 * time.Second
	longTimeout  = 15 * time.Second
)

// world is the program's parts, over a store and over players
// behind a wire.
type world struct {
	// What a call wants of it.
	api          api
	more         int  // more new files
	pullsMore    int  // more pull requests that changed
	downloads    bool // files by path come without content, and name where it is
	hideSessions bool // lists hold no session
	askSelf      bool // the organization is asked for
	logs         bool // run logs are read from the second start on
	ready        bool // the first reading is done
	sides        bool // so is what lies beside run files, and a registry comes
	timeout      time.Duration

	replica bool // another program on the database runs the jobs

	known map[string]bool // files that were read before the fault

	clock  atomic.Int64
	gh     *githubtest.Player
	dv     *devintest.Player
	server *httptest.Server
	wire   *wire
	log    lines
	url    string // of the database

	db *store.Store
	clients
	action *github.Action
	jobs   *ingest.Runner
	board  *dashboard.Dashboard
	stop   context.CancelFunc
	holder *holder // with replica
	ids    atomic.Int64
}

// start is when the world begins.
func start() time.Time { return time.Date(2026, 5, 14, 10, 0, 0, 0, time.UTC) }

func (w *world) now() time.Time { return time.Unix(0, w.clock.Load()).UTC() }

func (w *world) later(d time.Duration) { w.clock.Add(int64(d)) }

// newWorld returns a world whose first reading is done, over a database at an
// address.
func newWorld(ctx context.Context, c *call, timeout time.Duration, url string, replica bool) (*world, error) {
	w := &world{api: c.api, timeout: timeout, url: url, replica: replica}
	w.clock.Store(start().UnixNano())
	w.gh = githubtest.New(githubtest.Options{Token: secretToken, Now: w.now})
	w.dv = devintest.New(devintest.Options{Key: w.key(), OrgID: "org-faults", Now: w.now})
	w.wire = &wire{next: http.HandlerFunc(w.play), now: w.now, ended: make(chan struct{})}
	w.wire.other = newOtherHost(http.HandlerFunc(w.play))
	w.server = httptest.NewUnstartedServer(w.wire)
	w.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	w.server.Start()
	w.before()
	if c.set != nil {
		c.set(w)
	}
	if err := w.open(ctx); err != nil {
		return w, err
	}
	if err := w.everything(ctx); err != nil {
		return w, fmt.Errorf("the first reading: %w", err)
	}
	w.known = map[string]bool{}
	known, err := derive.New(w.db).KnownFiles(ctx, actionRepo)
	for name := range known {
		w.known[name] = true
	}
	w.later(time.Hour)
	w.after()
	if w.ready = true; err == nil && (w.askSelf || w.logs) { // a program asks once
		err = w.restart(ctx)
	}
	return w, err
}

func (w *world) key() string {
	if w.api == v1 {
		return "apk_" + secretKeyPart
	}
	return "cog_" + secretKeyPart
}

// play answers as both upstreams do.
func (w *world) play(rw http.ResponseWriter, r *http.Request) {
	switch p := r.URL.Path; {
	case w.hideSessions && r.Method == http.MethodGet && strings.HasSuffix(p, "/sessions"):
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprint(rw, `{"sessions": [], "items": [], "has_next_page": false, "end_cursor": null, "total": 0}`)
	case strings.HasPrefix(p, "/v1/") || strings.HasPrefix(p, "/v3/"):
		w.dv.ServeHTTP(rw, r)
	case w.downloads && strings.HasPrefix(p, "/raw/"):
		w.download(rw, r)
	case w.downloads && strings.Contains(p, "/contents/telemetry/runs/"):
		w.withoutContent(rw, r)
	default:
		w.gh.ServeHTTP(rw, r)
	}
}

// open opens the program's parts.
func (w *world) open(ctx context.Context) (err error) {
	whole := ctx // of the world
	ctx, w.stop = context.WithCancel(ctx)
	if w.db, err = store.Open(ctx, store.Options{URL: w.url, Now: w.now}); err != nil {
		return err
	}
	if w.clients, err = w.newClients(); err != nil {
		return err
	}
	w.action = w.github.Action(actionRepo, "")
	if w.replica && w.holder == nil { // it goes on when this program is restarted
		if w.holder, err = w.openHolder(whole); err != nil {
			return err
		}
	}
	w.jobs = ingest.New(ctx, w.options(w.clients, w.db))
	reads := storetest.Reading(w.db)
	reads.Messages, reads.GitHub = w.devin, w.github
	w.board = dashboard.New(reads)
	return nil
}

// clients are what a program asks the upstreams with.
type clients struct {
	github *github.Client
	devin  *devin.Client
	out    *gate
}

func (w *world) newClients() (c clients, err error) {
	c.out = newGate(w.wire)
	c.github, err = github.New(github.Options{
		BaseURL: w.server.URL, Token: secretToken, HTTPTimeout: w.timeout, Transport: c.out, Log: w.logger(), Now: w.now,
	})
	if err != nil {
		return c, err
	}
	org := "org-faults"
	if w.askSelf {
		org = ""
	}
	c.devin, err = devin.New(devin.Options{
		BaseURL: w.server.URL, Key: w.key(), OrgID: org, HTTPTimeout: w.timeout, Transport: c.out, Log: w.logger(), Now: w.now,
	})
	return c, err
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// options are those of a program's jobs.
func (w *world) options(c clients, db *store.Store) ingest.Options {
	action := c.github.Action(actionRepo, "")
	source := ingest.Source{Name: actionRepo, Files: action, Dispatcher: action}
	if w.sides {
		source.Sides = action
	}
	var logs ingest.RunLogs
	if w.logs && w.ready {
		logs = c.github
	}
	return ingest.Options{
		Store: derive.New(db), Sources: []ingest.Source{source}, RunLogs: logs,
		Repositories: c.github, PullRequests: c.github, Owners: c.github, Devin: c.devin, Messenger: c.devin,
		Log: w.logger(), Now: w.now,
		NewID: func() string { return fmt.Sprint("id-", w.ids.Add(1)) },
	}
}

// shut ends the program's parts; the upstreams go on.
func (w *world) shut() {
	if w.stop != nil {
		w.stop()
	}
	if w.out != nil {
		w.out.close()
	}
	if w.db != nil {
		_ = w.db.Close()
	}
}

// restart ends the program's parts and starts them again over the same store. The
// holder goes on, unless the call is one that a program makes once.
func (w *world) restart(ctx context.Context) error {
	w.shut()
	if w.holder == nil || !w.askSelf && !w.logs {
		return w.open(ctx)
	}
	w.holder.close()
	w.holder = nil
	err := w.open(ctx)
	if err == nil {
		_ = refresh(ctx, w) // so that the one with which the holder begins is over; a fault may end it
	}
	return err
}

func (w *world) close() {
	w.shut()
	if w.holder != nil {
		w.holder.close()
	}
	close(w.wire.ended)
	w.wire.other.server.Close()
	w.server.CloseClientConnections()
	w.server.Close()
}

// everything runs each job that reads, to its end.
func (w *world) everything(ctx context.Context) error {
	for _, kind := range []string{ingest.JobRefresh, ingest.JobPoll, ingest.JobPollPRs} {
		if e := job(kind)(ctx, w); e.err != nil {
			return fmt.Errorf("%s: %w", kind, e.err)
		}
	}
	return nil
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// ending is how a part of the program ended.
type ending struct {
	err  error  // its failure, a noted if it succeeded with a remark
	said string // everything that a person can read of it
}

func ended(err error) ending { return ending{err: err, said: sentence(err)} }

// noted is a success with a remark.
type noted string

func (n noted) Error() string { return string(n) }

// refresh is the job that reads run files.
func refresh(ctx context.Context, w *world) ending { return job(ingest.JobRefresh)(ctx, w) }

// job runs a job to its end.
func job(kind string) func(context.Context, *world) ending {
	return func(ctx context.Context, w *world) ending {
		h, err := w.jobs.Start(kind, ingest.Order{})
		if err != nil {
			return ended(err)
		}
		return waited(ctx, h)
	}
}

// waited is how a job ended.
func waited(ctx context.Context, h *ingest.Handle) ending {
	j, err := h.Wait(ctx)
	said := append([]string{string(j.Error), string(j.Result)}, j.Errors...)
	if err == nil && len(j.Errors) > 0 {
		err = noted(strings.Join(j.Errors, " "))
	}
	return ending{err, strings.TrimSpace(sentence(err) + " " + strings.Join(said, " "))}
}

func (w *world) pulls(ctx context.Context) error {
	_, err := w.github.PullRequests(ctx, shop, time.Time{})
	return err
}
