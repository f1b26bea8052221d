// Command app is the telemetry dashboard: it gathers what every run of the
// CodeQL Devin Fixer action left behind and shows it as pages and as JSON.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"telemetry-dashboard/services/telemetry"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: app [--demo]\nSettings come from the environment and from .env; see README.md.")
		flag.PrintDefaults()
	}
	demo := flag.Bool("demo", false, "show an invented organisation; needs no settings and no network, and leaves nothing behind")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := start(ctx, *demo)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, plainly(err))
		os.Exit(1)
	}
}

func start(ctx context.Context, demo bool) error {
	if demo {
		cfg, err := demoConfig(os.Environ())
		if err != nil {
			return err
		}
		return runDemo(ctx, cfg, newLog(cfg), nil)
	}
	cfg, err := loadConfig(os.Environ(), ".env")
	if err != nil {
		return err
	}
	return run(ctx, cfg, false, newLog(cfg), nil)
}

// plainly is what the person who started the program is told.
func plainly(err error) string {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
