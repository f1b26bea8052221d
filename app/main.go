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
		fmt.Fprintln(os.Stderr, "usage: app\nSettings come from the environment and from .env; see README.md.")
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := start(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, plainly(err))
		os.Exit(1)
	}
}

func start(ctx context.Context) error {
	cfg, err := loadConfig(os.Environ(), ".env")
	if err != nil {
		return err
	}
	return run(ctx, cfg, newLog(cfg), nil)
}

// plainly is what the person who started the program is told.
func plainly(err error) string {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
