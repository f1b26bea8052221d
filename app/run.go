package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/feeds"
	"telemetry-dashboard/app/hooks"
	"telemetry-dashboard/app/mcp"
	"telemetry-dashboard/app/monitor"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/decisions"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/details"
	"telemetry-dashboard/services/store/figures"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/static"
	"telemetry-dashboard/views/links"
)

// lateAfter is how long a part of the program may take to end before the log
// says that it has not.
const lateAfter = 3 * time.Second

// run is the only wiring: it opens what the program needs, serves until ctx
// ends, and closes it again. played is the zero value unless its data is
// generated. ready, if given, gets the address that it listens on.
func run(ctx context.Context, cfg Config, played demonstration, log *slog.Logger, ready func(net.Addr)) error {
	if err := cmp.Or(cfg.accessFault(), cfg.tlsFault()); err != nil {
		return err
	}
	for _, m := range cfg.missing() {
		log.Warn(m.Variable+" is not set", "off", m.Off, "where", m.Where)
	}
	ln, err := listen(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer ln.Close()
	count := newMetrics()
	db, records, err := openStore(ctx, cfg, slow(log, count))
	if err != nil {
		return err
	}
	defer func() { _ = part(ctx, log, "the database", db.Close)() }()
	gate, err := newGate(ctx, cfg, db, ln.Addr(), log)
	if err != nil {
		return err
	}
	up, err := connect(cfg, count, log)
	if err != nil {
		return err
	}
	defer up.close()
	g, ctx := errgroup.WithContext(ctx)
	var board *dashboard.Dashboard
	told, err := newNotify(cfg, db, log)
	if err != nil {
		return err
	}
	jobs := newJobs(ctx, cfg, up, ingest.Options{
		Store:   records,
		Log:     log,
		Ended:   count.JobEnded,
		Notify:  told.Run,
		SendDue: func(ctx context.Context, now time.Time) error { return board.SendDue(ctx, now) },
	})
	board = newBoard(cfg, up, db, records, jobs)
	shown := shows(board, jobs, db, records)
	shown.Notify, shown.Quotas, shown.People = told, up.quotas(), peopleOptions(cfg, played, db, gate)
	site := newSite(cfg, played, shown)
	var srv *server.Server
	agents := newMCP(cfg, ln.Addr(), board, log, func(c *fiber.Ctx) http.RoundTripper { return srv.Inside(c) })
	surface := routesOf(newAPI(cfg, played.on, board, jobs, records, told), agents, site)
	routes := slices.Concat(surface, feedRoutes(cfg, board), webhooks(cfg, db))
	srv, err = newServer(cfg, log, db, gate, ln.Addr(), append(routes, monitorRoutes(db, count, log)...), site, count.Requests)
	if err != nil {
		return err
	}
	count.Watch(monitor.Watched{Database: db, Load: srv.Load, Budgets: up.budgets(), Log: log})
	log.Info("listening", "url", cfg.scheme()+ln.Addr().String())
	if ready != nil {
		ready(ln.Addr())
	}
	limits := newSharing(db, up.limited(), log)
	limits.turn(ctx) // before the first request
	g.Go(part(ctx, log, "following the database", func() error { return db.Follow(ctx) }))
	g.Go(part(ctx, log, "sharing limits", func() error { return limits.run(ctx) }))
	g.Go(part(ctx, log, "the audit log's age", func() error { return pruneAudit(ctx, db, cfg.AuditDays, log) }))
	g.Go(part(ctx, log, "who comes", func() error { return gate.Run(ctx) }))
	g.Go(part(ctx, log, "the demo's campaign", func() error { return played.begins(ctx, board, log) }))
	g.Go(part(ctx, log, "jobs", func() error { return jobs.Run(ctx) }))
	g.Go(part(ctx, log, "the web server", func() error { return srv.Serve(ctx, ln) }))
	return g.Wait()
}

// newJobs is what writes. It adds to o what the settings say.
func newJobs(ctx context.Context, cfg Config, up upstreams, o ingest.Options) *ingest.Runner {
	o.RefreshInterval, o.PollInterval, o.RetentionDays = cfg.RefreshInterval, cfg.PollInterval, int64(cfg.RetentionDays)
	o.Now, o.NewID = time.Now, telemetry.NewID
	return ingest.New(ctx, up.ingest(cfg, o))
}

// shows is what pages show and do.
func shows(board *dashboard.Dashboard, jobs *ingest.Runner, db *store.Store, records *derive.Writer) web.Options {
	return web.Options{
		Dashboard:   board,
		Jobs:        jobs,
		Changes:     db,
		Scopes:      records,
		Submissions: jobs,
		Redeliver:   db,
		Assets:      static.New(),
	}
}

// newBoard is what pages and the API read and decide.
func newBoard(cfg Config, up upstreams, db *store.Store, records *derive.Writer, jobs *ingest.Runner) *dashboard.Dashboard {
	o := up.dashboard(reading(db))
	decider := decisions.New(records)
	o.Keeper, o.Decider, o.Campaigner, o.Known, o.People = records, decider, decider, db.HasPerson, db.People
	return dashboard.New(cfg.sending(o, jobs))
}

// openStore opens the database, in which issues are due by the settings.
func openStore(ctx context.Context, cfg Config, slow store.Slow) (*store.Store, *derive.Writer, error) {
	db, err := store.Open(ctx, store.Options{URL: string(cfg.DatabaseURL), Now: time.Now, Alone: true, Slow: slow})
	if err != nil {
		return nil, nil, err
	}
	records := derive.New(db)
	if err := records.SetDueDays(ctx, cfg.DueDays.days()); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("set the days of SLA_DAYS: %w", err), db.Close())
	}
	return db, records, nil
}

// newServer serves routes at an address, for the people whom the settings let
// come to it.
func newServer(
	cfg Config, log *slog.Logger, db *store.Store, gate server.Access, at net.Addr, routes []server.Route, site *web.Web,
	meter func(method, route string) server.Meter,
) (*server.Server, error) {
	if err := server.CheckPublicURL(string(cfg.PublicURL), routes); err != nil {
		return nil, err
	}
	return server.New(server.Options{
		Log:         log,
		BuildID:     buildID(),
		DatabaseID:  db.ID(),
		Versions:    db.Versions,
		RenderError: site.RenderError,
		Access:      gate,
		SignIn:      func(back string) string { return links.With(links.SignIn, "redirect", back) },
		Audit:       db,
		Assets:      static.New(),
		ListenAddr:  at.String(),
		Hosts:       cfg.AllowedHosts,
		PublicURL:   string(cfg.PublicURL),
		Connections: connections(openFiles(), debug.SetMemoryLimit(-1)),
		Now:         time.Now,
		Meter:       meter,
	}, routes), nil
}

// newMCP is what agents use, at an address: inside asks the API on their behalf.
func newMCP(
	cfg Config, at net.Addr, board *dashboard.Dashboard, log *slog.Logger, inside func(c *fiber.Ctx) http.RoundTripper,
) *mcp.Server {
	base := cfg.PublicURL.base()
	return mcp.New(mcp.Options{
		Inside: inside,
		Schema: func(list string) (*query.Schema, error) {
			named, err := board.Named(list)
			if err != nil {
				return nil, err
			}
			return named.Schema(), nil
		},
		Description: static.OpenAPI(),
		Origin:      cmp.Or(strings.TrimSuffix(string(cfg.PublicURL), string(base)), cfg.scheme()+at.String()),
		Base:        base,
		Version:     buildID(),
		Log:         log,
	})
}

// routesOf are those of the API, of agents and of the pages.
func routesOf(surface *api.API, agents *mcp.Server, site *web.Web) (routes []server.Route) {
	for _, r := range surface.Routes() {
		routes = append(routes, server.Route(r))
	}
	for _, r := range agents.Routes() {
		routes = append(routes, server.Route{Method: r.Method, Path: r.Path, Needs: r.Needs, Handle: r.Handle, Waits: r.Waits})
	}
	return append(routes, site.Routes()...)
}

// feedRoutes are what feed readers, calendars and those who show badges ask.
func feedRoutes(cfg Config, board *dashboard.Dashboard) []server.Route {
	return feeds.Routes(feeds.Options{Dashboard: board, Public: string(cfg.PublicURL), TLS: cfg.servesTLS()})
}

// reading is what the pages and the API read of a database.
func reading(db *store.Store) dashboard.Options {
	return dashboard.Options{
		Lists: dashboard.Lists{
			Issues:        lists.Issues(db),
			Sessions:      lists.Sessions(db),
			Pulls:         lists.Pulls(db),
			Runs:          lists.Runs(db),
			Repos:         lists.Repos(db),
			Files:         lists.Files(db),
			Verifications: lists.Verifications(db),
			Changes:       lists.Changes(db),
			Jobs:          lists.Jobs(db),
			Needs:         lists.Needs(db),
			Deliveries:    lists.Deliveries(db),
			Audit:         lists.Audit(db),
			Decisions:     lists.Decisions(db),
			Notifications: lists.Notifications(db),
		},
		Sums:    lists.SumsOf(db),
		Details: details.New(db),
		Figures: figures.New(db),
		Store:   db,
	}
}

// part returns do as a part of the program: its panic is an error, and the log says how
// it failed, and that it still runs some time after ctx has ended.
func part(ctx context.Context, log *slog.Logger, name string, do func() error) func() error {
	return func() error {
		ended := make(chan struct{})
		defer close(ended)
		stop := context.AfterFunc(ctx, func() {
			select {
			case <-ended:
			case <-time.After(lateAfter):
				log.Warn("still running after shutdown began", "part", name)
			}
		})
		defer stop()
		err := telemetry.Guard(name, do)
		if err != nil && !errors.Is(err, context.Canceled) {
			log.Error("a part of the program failed", "part", name, "err", err)
		}
		return err
	}
}

// newAPI is the JSON API over the same database and jobs as the pages.
func newAPI(
	cfg Config, demo bool, board *dashboard.Dashboard, jobs *ingest.Runner, records *derive.Writer, told *notify.Service,
) *api.API {
	return &api.API{
		Notify:      told,
		Dashboard:   board,
		Jobs:        jobs,
		Scope:       records,
		Redeliver:   records,
		Base:        cfg.PublicURL.base(),
		Description: static.OpenAPIAt(string(cfg.PublicURL)),
		Now:         time.Now,
		GitHubWeb:   string(links.GitHubOf(string(cfg.GitHubAPIURL))),
		Settings: api.Settings{
			GitHubTokenSet: cfg.GitHubToken != "",
			DevinKeySet:    cfg.DevinAPIKey != "",
			ActionRepo:     string(cfg.ActionRepos.first()),
			ActionRepos:    cfg.ActionRepos.texts(),
			ActionRef:      string(cfg.ActionRef),
			RunsDirSet:     cfg.RunsDir != "",
			RetentionDays:  int64(cfg.RetentionDays),
			Demo:           demo,
			Version:        buildID(),
		},
	}
}

// webhooks are the routes that GitHub's webhooks come to.
func webhooks(cfg Config, db *store.Store) []server.Route {
	return hooks.Routes(hooks.Options{
		Secret: string(cfg.WebhookSecret),
		Parse: func(m hooks.Message, now time.Time) (telemetry.Delivery, error) {
			return github.ParseHook(m.Event, github.HookTarget{Type: m.TargetType, ID: m.TargetID}, string(cfg.ActionRef), m.Payload, now)
		},
		Queue: db,
		Now:   time.Now,
	})
}

// newSite adds to o what does not depend on the database.
func newSite(cfg Config, played demonstration, o web.Options) *web.Web {
	o.Settings, o.APIDocs = webSettings(cfg, played), static.OpenAPI()
	o.NewID, o.Now = telemetry.NewID, time.Now
	return web.New(o)
}

// webSettings is what pages say of the settings.
func webSettings(cfg Config, played demonstration) web.Settings {
	return web.Settings{
		ActionRepo:      strings.Join(cfg.ActionRepos.texts(), ", "),
		RunsDir:         cfg.RunsDir,
		GitHubWeb:       links.GitHubOf(string(cfg.GitHubAPIURL)),
		DevinWeb:        links.DevinWeb,
		RefreshInterval: cfg.RefreshInterval,
		Webhooks:        cfg.WebhookSecret != "",
		PollInterval:    cfg.PollInterval,
		Polls:           cfg.DevinAPIKey != "",
		AsksLogs:        cfg.GitHubToken != "",
		Demo:            played.on,
		Team:            played.team,
		Open:            cfg.isOpen(),
		Missing:         cfg.missing(),
	}
}

// listen listens on the address of the settings, with TLS if they say so.
func listen(ctx context.Context, cfg Config, log *slog.Logger) (net.Listener, error) {
	address := string(cfg.ListenAddr)
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, telemetry.Errorf(telemetry.CodeUnavailable,
			"Address %s is in use. "+
				"Stop the program that uses it (is the dashboard already running?), or set LISTEN_ADDR to another port, for example 127.0.0.1:5001.",
			address).Because(err)
	case err != nil:
		return nil, telemetry.Errorf(telemetry.CodeUnavailable,
			"Cannot listen on %s. Set LISTEN_ADDR to an address of this machine, for example 127.0.0.1:5000.",
			address).Because(err)
	}
	return secured(ln, cfg, log)
}

// buildID distinguishes builds: the commit, or "dev" where there is none.
func buildID() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return fmt.Sprintf("%.12s", s.Value)
			}
		}
	}
	return "dev"
}

// version names the build for people: the tag that it was built at, or one
// that holds the time and the commit, and what built it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "telemetry-dashboard, of an unknown version"
	}
	return fmt.Sprintf("telemetry-dashboard %s (%s, %s/%s)", info.Main.Version, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
