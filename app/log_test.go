package main

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"

	"telemetry-dashboard/services/telemetry"
)

// TestLogNamesTheRequest: a line that is about a request has its id, in both
// forms and with attributes of its own.
func TestLogNamesTheRequest(t *testing.T) {
	ctx := telemetry.AsRequest(t.Context(), "r-7")
	for format, want := range map[LogFormat]string{"text": "request=r-7", "json": `"request":"r-7"`} {
		var out strings.Builder
		log, _ := newLog(Config{LogFormat: format, LogLevel: "info"}, &out)
		log.With("a", 1).InfoContext(ctx, "about a request")
		log.InfoContext(t.Context(), "about none")
		about, none, _ := strings.Cut(out.String(), "\n")
		if !strings.Contains(about, want) || strings.Contains(none, "request=") || strings.Contains(none, `"request":`) {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}

// TestLogLevelChangesWithASignal: the first signal shows debug lines, the next
// hides them again.
func TestLogLevelChangesWithASignal(t *testing.T) {
	var out strings.Builder
	log, level := newLog(Config{LogFormat: "text", LogLevel: "error"}, &out)
	ctx, stop := context.WithCancel(t.Context())
	signals, ended := make(chan os.Signal), make(chan error)
	go func() { ended <- switchLevel(ctx, signals, level, slog.LevelError, log) }()
	log.Debug("hidden before")
	signals <- syscall.SIGTERM
	signals <- syscall.SIGTERM // once it is taken, the first was carried out
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	log.Debug("hidden after")
	if level.Level() != slog.LevelError || strings.Count(out.String(), "a signal changed the log level") != 2 || strings.Contains(out.String(), "hidden") {
		t.Errorf("%s: %s", level.Level(), out.String())
	}
}
