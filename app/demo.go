package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// What the demo's players ask for and answer to. They listen on loopback
// only, and guard nothing.
const (
	demoActionRepo = "northwind/codeql-devin-fixer"
	demoToken      = "ghp_demo"
	demoKey        = "cog_demo"
	demoOrg        = "org-demo"
	demoSeed       = 7
	demoPast       = 100 * 24 * time.Hour
	demoTick       = time.Second

	// The demo's sessions take seconds to minutes, so it looks more often.
	demoRefresh = 20 * time.Second
	demoPoll    = 4 * time.Second
)

// demo plays GitHub and Devin for a generated organization over HTTP, and
// lets its time pass.
type demo struct {
	world  *history.World
	github *githubtest.Player
	devin  *devintest.Player
	action *githubtest.Repo
	now    func() time.Time

	mu    sync.Mutex
	logs  int            // that are committed
	state []byte         // the orchestrator's, as committed
	kinds map[string]int // of open pull requests, by address; see playStatus
}

func newDemo(now func() time.Time) *demo {
	start := now().UTC().Truncate(time.Second)
	d := &demo{
		world: history.NewWorld(history.Options{
			Seed:       demoSeed,
			Start:      start.Add(-demoPast),
			End:        start,
			ActionRepo: demoActionRepo,
			Disturb:    history.Believable(),
		}),
		github: githubtest.New(githubtest.Options{Token: demoToken, Now: now}),
		devin:  devintest.New(devintest.Options{Key: demoKey, OrgID: demoOrg, Now: now}),
		now:    now,
		kinds:  map[string]int{},
	}
	// As much as an app of an organization may ask: enough for all of the past's
	// logs in the first hour.
	d.github.SetRate(15_000, 15_000, start.Add(time.Hour), http.StatusForbidden)
	d.action = d.github.Repo(demoActionRepo)
	d.action.PutWorkflow(ingest.Workflow, append([]string{"target_repo"}, telemetry.DispatchInputs()...)...)
	for i, name := range d.world.Repos() {
		repo := d.github.Repo(name)
		if owners := codeowners(i, name); owners != "" {
			repo.PutFile(".github/CODEOWNERS", []byte(owners))
		}
	}
	d.github.OnDispatch(d.dispatched)
	d.devin.OnMessage(func(id, text string) {
		d.world.Reply(id, text, d.now())
		d.show()
	})
	d.devin.OnCreate(func(s devintest.Session) {
		if d.world.Take(s.ID, s.Title, s.Tags, d.now()) {
			d.show()
		}
	})
	d.write(d.world.Files())
	d.action.PutFile(telemetry.RegistryFile, d.world.Registry())
	d.show()
	return d
}

// dispatched starts the action as the workflow's inputs ask.
func (d *demo) dispatched(inputs map[string]string) {
	sessions, err := strconv.Atoi(inputs["max_sessions"])
	if err != nil || sessions < 0 {
		sessions = 2
	}
	d.world.Scan(string(telemetry.ParseRepo(inputs["target_repo"])), sessions, inputs["dry_run"] == "true", d.now())
}

// write puts run files into the action repository.
func (d *demo) write(files []history.File) {
	for _, f := range files {
		d.action.PutFile("telemetry/runs/"+f.Name, f.Body)
	}
}

// commit puts the logs of new runs into the scanned repositories, and what the
// orchestrator noted into the action repository.
func (d *demo) commit() {
	d.mu.Lock()
	defer d.mu.Unlock()
	logs := d.world.Logs()
	for _, l := range logs[d.logs:] {
		for _, f := range l.Files {
			d.github.Repo(l.Repo).PutFile("logs/"+l.Label+"/"+f.Name, f.Body)
		}
	}
	d.logs = len(logs)
	if state := d.world.State(); !bytes.Equal(state, d.state) {
		d.state = state
		d.action.PutFile("telemetry/"+telemetry.StateFile, state)
	}
}

// show makes the players serve the world as it is now.
func (d *demo) show() {
	d.commit()
	for _, p := range d.world.Pulls() {
		repo := d.github.Repo(p.Repo)
		repo.PutPull(telemetry.PullRequest{Number: p.Number, Title: p.Title, Body: p.Body, State: p.State, User: p.User, HeadRef: p.Branch,
			CreatedAt: p.Created, UpdatedAt: p.Updated, ClosedAt: p.Closed, MergedAt: p.Merged})
		playStatus(repo, p, d.kindOf(p), d.now())
	}
	for _, s := range d.world.Sessions() {
		if s.Gone {
			d.devin.Remove(s.ID)
			continue
		}
		d.devin.Put(playedSession(s))
	}
}

// kindOf is the kind of a pull request for playStatus: one after the other, as they
// are opened.
func (d *demo) kindOf(p history.Pull) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	kind, known := d.kinds[p.URL()]
	if !known && p.State == telemetry.KeywordOpen {
		kind = len(d.kinds) % 6
		d.kinds[p.URL()] = kind
	}
	return kind
}

// playStatus gives a pull request checks, reviews and maybe a conflict, by its kind.
func playStatus(repo *githubtest.Repo, p history.Pull, kind int, now time.Time) {
	check := func(name, conclusion string, commit bool) telemetry.Check {
		return telemetry.Check{Name: name, Status: "completed", Conclusion: conclusion, Commit: commit}
	}
	checks := []telemetry.Check{check("CodeQL", "success", false), check("build", "success", false), check("license/cla", "success", true)}
	var reviews []telemetry.Review
	review := func(state string) {
		reviews = append(reviews, telemetry.Review{Reviewer: "mira-holt", State: state, At: p.Updated})
	}
	mergeable := true
	switch {
	case !p.Merged.IsZero():
		review("APPROVED")
	case p.State != telemetry.KeywordOpen:
	case now.Sub(p.Created) < time.Minute:
		checks[1].Status, checks[1].Conclusion = "in_progress", ""
		repo.RequestReview(p.Number, "mira-holt")
	case kind == 0:
		review("APPROVED")
	case kind == 1:
		checks[1].Conclusion = "failure"
	case kind == 2:
		mergeable = false
		review("APPROVED")
	case kind == 3:
		review("CHANGES_REQUESTED")
	case kind == 4:
		repo.RequestReview(p.Number, "mira-holt")
	}
	repo.SetChecks(p.Number, checks...)
	repo.SetReviews(p.Number, reviews...)
	repo.SetMergeable(p.Number, &mergeable)
}

func playedSession(s history.Session) devintest.Session {
	out := devintest.Session{ID: s.ID, Status: s.V3, Detail: s.V3Detail, Title: s.Title, CreatedAt: s.Created, UpdatedAt: s.Updated,
		Tags: s.Tags, Playbook: s.Playbook, ACUs: s.ACUs}
	if s.Output != nil {
		out.StructuredOutput = s.Output
	}
	if s.Pull != nil {
		state := s.Pull.State
		if !s.Pull.Merged.IsZero() {
			state = "merged"
		}
		out.PRs = []telemetry.UpstreamPR{{URL: s.Pull.URL(), State: state}}
	}
	for i, m := range s.Messages {
		id := fmt.Sprintf("%.8s-%d", s.ID, i)
		out.Messages = append(out.Messages, telemetry.Message{ID: id, From: m.From, Text: m.Text, At: telemetry.At(m.At)})
	}
	return out
}

// live lets time pass until ctx ends.
func (d *demo) live(ctx context.Context) {
	ticker := time.NewTicker(demoTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			d.write(d.world.Advance(d.now()))
			d.show()
		}
	}
}

// runDemo serves the dashboard of a generated organization: real servers that
// play GitHub and Devin on loopback, a database in a directory that is removed
// at the end, and none of the user's settings but address and log. As a team,
// its visitors sign in at the GitHub that is played.
func runDemo(ctx context.Context, cfg Config, asTeam bool, log *slog.Logger, ready func(net.Addr)) error {
	dir, err := os.MkdirTemp("", "dashboard-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary directory for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	d := newDemo(time.Now)
	played, upstream := demonstration{on: true}, http.Handler(d.github)
	if asTeam {
		played.team, upstream = demoTeam(), withSignIn(d.github)
	}
	github, stopGitHub, err := play(ctx, upstream, log)
	if err != nil {
		return err
	}
	defer stopGitHub()
	devin, stopDevin, err := play(ctx, d.devin, log)
	if err != nil {
		return err
	}
	defer stopDevin()
	ctx, cancel := context.WithCancel(ctx)
	lived := make(chan struct{})
	defer func() { cancel(); <-lived }()
	go func() {
		defer close(lived)
		if err := telemetry.Guard("advance the demo's clock", func() error { d.live(ctx); return nil }); err != nil {
			log.Error("the demo's clock stopped", "err", err)
		}
	}()
	cfg.GitHubAPIURL, cfg.DevinAPIURL = BaseURL(github), BaseURL(devin)
	cfg.GitHubToken, cfg.DevinAPIKey, cfg.DevinOrgID, cfg.ActionRepos = demoToken, demoKey, demoOrg, ActionRepos{demoActionRepo}
	cfg.DatabaseURL = DatabaseURL("sqlite:" + filepath.ToSlash(filepath.Join(dir, "demo.db")))
	cfg.RefreshInterval, cfg.PollInterval, cfg.CacheTTL = demoRefresh, demoPoll, demoPoll
	if asTeam {
		played.signIn = github
		cfg.OAuthClient, cfg.OAuthSecret, cfg.Admins, cfg.Operators, cfg.Viewers = demoTeamAccess()
	}
	return run(ctx, cfg, played, log, ready)
}

// play serves a wire player on a free port of loopback.
func play(ctx context.Context, player http.Handler, log *slog.Logger) (address string, stop func(), err error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen on loopback for the demo: %w", err)
	}
	srv := &http.Server{Handler: player, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := telemetry.Guard("play an upstream", func() error { return srv.Serve(ln) }); !errors.Is(err, http.ErrServerClosed) {
			log.Error("a player of the demo ended", "err", err)
		}
	}()
	return "http://" + ln.Addr().String(), func() {
		_ = srv.Close() // no client is left
		<-ended
	}, nil
}
