package main

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"telemetry-dashboard/app/monitor"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// slowStatement is from when on a statement of the database has a line in the log:
// pages are to be there in hundredths of it.
const slowStatement = time.Second

// newMetrics are the figures of this build.
func newMetrics() *monitor.Metrics {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	return monitor.New(version, buildID())
}

// slow logs statements that take long, and counts them. The statement stands
// without its values.
func slow(log *slog.Logger, count *monitor.Metrics) store.Slow {
	return store.Slow{From: slowStatement, Tell: func(ctx context.Context, statement string, took time.Duration) {
		log.WarnContext(ctx, "the database took long for a statement", "seconds", took.Seconds(), "statement", statement)
		count.SlowStatement()
	}}
}

// monitorRoutes are what the programs ask that watch this one.
func monitorRoutes(db *store.Store, count *monitor.Metrics, log *slog.Logger) []server.Route {
	return append(monitor.Probes(db, log), count.Route(log))
}

// budgets are the limits of the upstreams that are asked.
func (u upstreams) budgets() (all []monitor.Budget) {
	add := func(name, kind string, rate func() telemetry.RateLimit) {
		all = append(all, monitor.Budget{Upstream: name, Kind: kind, Rate: func() telemetry.RateLimit { return rate().At(time.Now()) }})
	}
	if u.github != nil {
		add(upstreamGitHub, "all", u.github.RateLimit)
		add(upstreamGitHub, "run-logs", u.logs.Rate)
	}
	if u.devin != nil {
		add(upstreamDevin, "all", u.devin.RateLimit)
	}
	return all
}
