package main

import (
	"context"
	"io"
	"log/slog"
	"os"

	"telemetry-dashboard/services/telemetry"
)

// newLog returns the program's log, and its level, which may be changed while
// the program runs.
func newLog(cfg Config, to io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := &slog.LevelVar{}
	level.Set(cfg.LogLevel.Level())
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(to, options)
	if cfg.LogFormat == "json" {
		handler = slog.NewJSONHandler(to, options)
	}
	return slog.New(withRequest{handler}), level
}

// withRequest adds to a line which request it is about.
type withRequest struct{ slog.Handler }

// Handle implements slog.Handler.
func (h withRequest) Handle(ctx context.Context, r slog.Record) error {
	if id := telemetry.RequestOf(ctx); id != "" {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h withRequest) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequest{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h withRequest) WithGroup(name string) slog.Handler {
	return withRequest{h.Handler.WithGroup(name)}
}

// switchLevel changes between the level of the settings and debug, once for each
// value of signals, until ctx ends. It says so whatever the level is.
func switchLevel(ctx context.Context, signals <-chan os.Signal, level *slog.LevelVar, set slog.Level, log *slog.Logger) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-signals:
		}
		next := slog.LevelDebug
		if level.Level() == slog.LevelDebug {
			next = set
		}
		level.Set(next)
		log.Log(ctx, max(next, slog.LevelInfo), "a signal changed the log level; send SIGUSR1 again to change it back", "level", next)
	}
}
