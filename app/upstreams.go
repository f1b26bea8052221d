package main

import (
	"log/slog"
	"time"

	"telemetry-dashboard/app/monitor"
	"telemetry-dashboard/app/web"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/ingest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
	"telemetry-dashboard/views/links"
)

// upstreams are the servers that the settings name; nil is one that cannot be
// asked, since its variable is not set.
type upstreams struct {
	github *github.Client
	devin  *devin.Client

	logs *upstream.Allowance // of GitHub's limit; nil without it
}

// The upstreams as the figures name them.
const (
	upstreamGitHub = "github"
	upstreamDevin  = "devin"
)

func connect(cfg Config, count *monitor.Metrics, log *slog.Logger) (upstreams, error) {
	var u upstreams
	var err error
	if cfg.GitHubToken != "" {
		u.github, err = github.New(github.Options{
			BaseURL:        string(cfg.GitHubAPIURL),
			AllowPlainHTTP: cfg.PlainUpstream,
			Token:          string(cfg.GitHubToken),
			CacheTTL:       cfg.CacheTTL,
			Around:         count.Upstream(upstreamGitHub),
			Log:            log,
			Now:            time.Now,
		})
		if err != nil {
			return u, err
		}
		u.logs = upstream.NewAllowance(u.github.Limits(), "run logs")
	}
	if cfg.DevinAPIKey != "" {
		u.devin, err = devin.New(devin.Options{
			BaseURL:        string(cfg.DevinAPIURL),
			AllowPlainHTTP: cfg.PlainUpstream,
			Key:            string(cfg.DevinAPIKey),
			OrgID:          string(cfg.DevinOrgID),
			CacheTTL:       cfg.CacheTTL,
			Around:         count.Upstream(upstreamDevin),
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

// limited are the limits of the upstreams.
func (u upstreams) limited() (all []limited) {
	if u.github != nil {
		all = append(all, u.github.Limits(), u.logs)
	}
	if u.devin != nil {
		all = append(all, u.devin.Limits())
	}
	return all
}

// quotas hands the limits to the pages, those of upstreams that are asked.
func (u upstreams) quotas() (q web.Quotas) {
	if u.github != nil {
		q.GitHub = u.github.RateLimit
	}
	if u.devin != nil {
		q.Devin = u.devin.RateLimit
	}
	return q
}

// ingest hands the upstreams to the write side. A nil client must not become
// an interface that is not nil.
func (u upstreams) ingest(cfg Config, o ingest.Options) ingest.Options {
	if cfg.RunsDir != "" {
		dir := ingest.Dir{Path: cfg.RunsDir}
		o.Sources = append(o.Sources, ingest.Source{Files: dir, Sides: dir, Logs: dir})
	}
	if u.github != nil {
		o.PullRequests, o.Repositories, o.Owners, o.RunLogs, o.LogAllowance = u.github, u.github, u.github, u.github, u.logs
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
		o.Devin, o.Messenger, o.Starter = u.devin, u.devin, u.devin
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

// sending adds what is needed to send issues to Devin.
func (c Config) sending(o dashboard.Options, to dashboard.Sender) dashboard.Options {
	o.SendLimits = telemetry.SendLimits{PerDay: int64(c.SessionsPerDay), MaxACUs: int64(c.ACUsPerSession)}
	if c.DevinAPIKey != "" {
		o.Sender = to
	}
	return o
}
