package main

import (
	"log/slog"
	"time"

	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/views/links"
)

// upstreams are the servers that the settings name; nil is one that cannot be
// asked, since its variable is not set.
type upstreams struct {
	github *github.Client
	devin  *devin.Client
}

func connect(cfg Config, log *slog.Logger) (upstreams, error) {
	var u upstreams
	var err error
	if cfg.GitHubToken != "" {
		u.github, err = github.New(github.Options{
			BaseURL:        string(cfg.GitHubAPIURL),
			AllowPlainHTTP: cfg.PlainUpstream,
			Token:          string(cfg.GitHubToken),
			CacheTTL:       cfg.CacheTTL,
			Log:            log,
			Now:            time.Now,
		})
		if err != nil {
			return u, err
		}
	}
	if cfg.DevinAPIKey != "" {
		u.devin, err = devin.New(devin.Options{
			BaseURL:        string(cfg.DevinAPIURL),
			AllowPlainHTTP: cfg.PlainUpstream,
			Key:            string(cfg.DevinAPIKey),
			OrgID:          string(cfg.DevinOrgID),
			CacheTTL:       cfg.CacheTTL,
			Log:            log,
			Now:            time.Now,
		})
	}
	return u, err
}

func (u upstreams) close() {
	if u.github != nil {
		u.github.Close()
	}
	if u.devin != nil {
		u.devin.Close()
	}
}

// limited are the clients by the names of their upstreams.
func (u upstreams) limited() map[string]limited {
	clients := map[string]limited{}
	if u.github != nil {
		clients["github"] = u.github
	}
	if u.devin != nil {
		clients["devin"] = u.devin
	}
	return clients
}

// quota hands GitHub's limit to the pages, nil where GitHub is not asked.
func (u upstreams) quota() web.Quota {
	if u.github == nil {
		return nil
	}
	return u.github
}

// ingest hands the upstreams to the write side. A nil client must not become
// an interface that is not nil.
func (u upstreams) ingest(cfg Config, o ingest.Options) ingest.Options {
	if cfg.RunsDir != "" {
		dir := ingest.Dir{Path: cfg.RunsDir}
		o.Sources = append(o.Sources, ingest.Source{Files: dir, Sides: dir, Logs: dir})
	}
	if u.github != nil {
		o.PullRequests, o.Repositories, o.RunLogs, o.RateLimit = u.github, u.github, u.github, u.github.RateLimit
		for _, repo := range cfg.ActionRepos {
			action := u.github.Action(repo, string(cfg.ActionRef))
			o.Sources = append(o.Sources, ingest.Source{
				Name:         repo.Key(), // GitHub's names are the same in any case
				Files:        action,
				Sides:        action,
				Dispatcher:   action,
				WorkflowPage: links.GitHubOf(string(cfg.GitHubAPIURL)).Workflow(repo, ingest.Workflow),
			})
		}
	}
	if u.devin != nil {
		o.Devin, o.Messenger = u.devin, u.devin
	}
	return o
}

// dashboard hands the upstreams to the read side in the same way.
func (u upstreams) dashboard(o dashboard.Options) dashboard.Options {
	if u.github != nil {
		o.GitHub = u.github
	}
	if u.devin != nil {
		o.Messages = u.devin
	}
	return o
}
