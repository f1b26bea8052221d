package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// world is what both builds are started on. begin returns the settings of
// one build, and what ends that which they name.
type world struct {
	name  string
	begin func() (env []string, end func())
}

// recorded are the run files of a directory.
func recorded(runs string) world {
	return world{name: "real records", begin: func() ([]string, func()) { return []string{"RUNS_DIR=" + runs}, func() {} }}
}

const (
	actionRepo = "northwind/codeql-devin-fixer"
	token      = "ghp_answers"
	key        = "cog_answers"
	org        = "org-answers"
)

// played is a generated history behind servers that play GitHub and Devin, a
// pair of them for each build, since they count what they are asked.
func played() world {
	end := time.Now().UTC().Truncate(time.Second)
	past := history.NewWorld(history.Options{
		Seed: 11, Start: end.Add(-100 * 24 * time.Hour), End: end, ActionRepo: actionRepo, Disturb: history.Believable(),
	})
	return world{name: "a generated history", begin: func() ([]string, func()) { return play(past) }}
}

func play(past *history.World) (env []string, end func()) {
	now := time.Now
	github := githubtest.New(githubtest.Options{Token: token, Now: now})
	for _, f := range past.Files() {
		github.Repo(actionRepo).PutFile("telemetry/runs/"+f.Name, f.Body)
	}
	for _, p := range past.Pulls() {
		github.Repo(p.Repo).PutPull(telemetry.PullRequest{
			Number: p.Number, Title: p.Title, Body: p.Body, State: p.State, User: p.User, HeadRef: p.Branch,
			CreatedAt: p.Created, UpdatedAt: p.Updated, ClosedAt: p.Closed, MergedAt: p.Merged,
		})
	}
	devin := devintest.New(devintest.Options{Key: key, OrgID: org, Now: now})
	for _, s := range past.Sessions() {
		if !s.Gone {
			devin.Put(devintest.Session{ID: s.ID, Status: s.V3, Detail: s.V3Detail, Title: s.Title, CreatedAt: s.Created, UpdatedAt: s.Updated})
		}
	}
	githubServer, devinServer := httptest.NewServer(github), httptest.NewServer(devin)
	env = []string{
		"GITHUB_TOKEN=" + token, "ACTION_REPO=" + actionRepo, "GITHUB_API_URL=" + githubServer.URL,
		"DEVIN_API_KEY=" + key, "DEVIN_ORG_ID=" + org, "DEVIN_API_URL=" + devinServer.URL,
	}
	return env, func() { githubServer.Close(); devinServer.Close() }
}

// compare starts both builds on the world and returns how many of their
// answers differ.
func (w world) compare(ctx context.Context, dir, before, after string, most, each int) (int, error) {
	var both [2]string
	for i, program := range []string{before, after} {
		env, end := w.begin()
		defer end()
		address, stop, err := start(ctx, program, env, filepath.Join(dir, fmt.Sprintf("%s-%d", w.name, i)))
		if err != nil {
			return 0, err
		}
		defer stop()
		both[i] = address
	}
	c := newCrawl(both, most, each)
	err := c.run(ctx)
	fmt.Printf("%s: %d addresses asked for, %d differ\n", w.name, c.asked, c.differ)
	return c.differ, err
}

var listening = regexp.MustCompile(`url=(http://\S+)`)

// start runs a build on a database of its own, and returns when it has read
// all that the world has.
func start(ctx context.Context, program string, env []string, dir string) (address string, stop func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir = dir
	cmd.Env = append([]string{
		"LISTEN_ADDR=127.0.0.1:0", "REFRESH_INTERVAL=0", "POLL_INTERVAL=0", "HOME=" + dir, "PATH=" + os.Getenv("PATH"),
	}, env...)
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }() // a full pipe would stop the program
			return m[1], stop, settle(ctx, m[1])
		}
	}
	stop()
	return "", nil, errors.New("the program did not start")
}

// settle waits until the refresh of the start has ended, and polls once. A
// world without an upstream refuses a job, and that is an answer too.
func settle(ctx context.Context, address string) error {
	for range 600 {
		jobs, err := get(ctx, address, "/api/jobs")
		if err != nil || strings.Contains(jobs.text, `"state": "done"`) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, job := range []string{"poll", "poll-prs"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/api/"+job, http.NoBody)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
	}
	return nil
}
