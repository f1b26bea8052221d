package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// outside is what a refresh and a poll cost the upstreams.
type outside struct {
	files                    int
	firstCounted             int
	firstTime                time.Duration
	againCounted             int
	againTime                time.Duration
	sessions, polls, v1Polls int
	pollTime, v1Time         time.Duration
}

const (
	newFiles    = 10_000
	polled      = 1000
	devinAnswer = 50 * time.Millisecond
	actionRepo  = "northwind/codeql-devin-fixer"
)

// askUpstreams measures against players of GitHub and Devin on loopback.
func askUpstreams(ctx context.Context, dir string) (o outside, err error) {
	if err := o.refresh(ctx, dir); err != nil {
		return o, fmt.Errorf("refresh: %w", err)
	}
	o.sessions = polled
	if o.polls, o.pollTime, err = poll(ctx, dir, "cog_bench"); err != nil {
		return o, fmt.Errorf("poll: %w", err)
	}
	if o.v1Polls, o.v1Time, err = poll(ctx, dir, "apk_bench"); err != nil {
		return o, fmt.Errorf("poll of API v1: %w", err)
	}
	return o, nil
}

// play serves a player on loopback until stop is called.
func play(ctx context.Context, player http.Handler) (url string, stop func(), err error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: player, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = srv.Serve(ln) // it ends with stop
	}()
	return "http://" + ln.Addr().String(), func() { _ = srv.Close(); <-ended }, nil
}

func open(ctx context.Context, dir, name string) (*store.Store, error) {
	return store.Open(ctx, store.Options{URL: "sqlite:" + filepath.Join(dir, name), Now: time.Now})
}

// job runs a job to its end.
func job(ctx context.Context, o ingest.Options, kind string) (time.Duration, error) {
	o.Log, o.Now, o.NewID = slog.New(slog.DiscardHandler), time.Now, func() string { return fmt.Sprint(time.Now().UnixNano()) }
	begun := time.Now()
	h, err := ingest.New(ctx, o).Start(kind, ingest.Order{})
	if err != nil {
		return 0, err
	}
	done, err := h.Wait(ctx)
	if err == nil && len(done.Errors) > 0 {
		err = fmt.Errorf("%s", done.Errors[0])
	}
	return time.Since(begun), err
}

// refresh reads 10,000 new files of the action repository, and then again.
// Pull requests are left out: their requests are the repositories'.
func (o *outside) refresh(ctx context.Context, dir string) error {
	player := githubtest.New(githubtest.Options{Token: "ghp_bench"})
	repo := player.Repo(actionRepo)
	for f := range history.Generate(history.Options{
		Seed:            seed,
		Repos:           repositories,
		ScansPerRepo:    newFiles / repositories,
		FindingsPerScan: findingsPerScan,
		SessionsPerScan: -1,
	}) {
		repo.PutFile("telemetry/runs/"+f.Name, f.Body)
		o.files++
	}
	url, stop, err := play(ctx, player)
	if err != nil {
		return err
	}
	defer stop()
	client, err := github.New(github.Options{BaseURL: url, Token: "ghp_bench"})
	if err != nil {
		return err
	}
	defer client.Close()
	db, err := open(ctx, dir, "refresh.db")
	if err != nil {
		return err
	}
	defer db.Close()
	options := ingest.Options{Store: derive.New(db), Sources: []ingest.Source{{Name: actionRepo, Files: client.Action(actionRepo, "")}}}
	if o.firstTime, err = job(ctx, options, ingest.JobRefresh); err != nil {
		return err
	}
	o.firstCounted = player.Counted()
	player.Forget()
	o.againTime, err = job(ctx, options, ingest.JobRefresh)
	o.againCounted = player.Counted()
	return err
}

// poll polls 1,000 active sessions, each answer of Devin taking its time.
func poll(ctx context.Context, dir, key string) (requests int, took time.Duration, err error) {
	player := devintest.New(devintest.Options{Key: key})
	db, err := open(ctx, dir, key+".db")
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	var sessions []map[string]any
	now := time.Now().UTC()
	for n := range polled {
		id := fmt.Sprintf("%032x", n+1)
		player.Put(devintest.Session{ID: id, Status: "running", Detail: "working", CreatedAt: now.Add(-time.Hour)})
		sessions = append(sessions, map[string]any{"session_id": id, "batch_id": n, "status": "running", "issue_ids": []string{}})
	}
	body, err := json.Marshal(map[string]any{
		"target_repo":  "https://github.com/octo/shop",
		"run_number":   1,
		"run_id":       "1",
		"timestamp":    now.Add(-time.Hour).Format(time.RFC3339),
		"issues_found": 0,
		"sessions":     sessions,
	})
	if err != nil {
		return 0, 0, err
	}
	record, err := telemetry.ParseRecord(body)
	if err != nil {
		return 0, 0, err
	}
	if _, err := derive.New(db).PutFiles(ctx, "", []telemetry.FetchedFile{{
		RunFile: telemetry.RunFile{Name: "one.json", SHA: "1"},
		Body:    body,
		Record:  record,
	}}); err != nil {
		return 0, 0, err
	}
	url, stop, err := play(ctx, player)
	if err != nil {
		return 0, 0, err
	}
	defer stop()
	player.Fail(devintest.KindAny, devintest.Fault{Delay: devinAnswer})
	client, err := devin.New(devin.Options{BaseURL: url, Key: key, OrgID: orgOf(key)})
	if err != nil {
		return 0, 0, err
	}
	defer client.Close()
	took, err = job(ctx, ingest.Options{Store: derive.New(db), Devin: client}, ingest.JobPoll)
	for _, n := range player.Counts() {
		requests += n
	}
	return requests, took, err
}

func orgOf(key string) string {
	if key == "cog_bench" {
		return "org-demo"
	}
	return ""
}
