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
	"time"

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
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	ended := make(chan error, 1)
	go func() {
		ended <- telemetry.Guard("the dashboard", func() error { return start(ctx, *demo) })
	}()
	if err := await(ctx, ended); err != nil {
		fmt.Fprintln(os.Stderr, plainly(err))
		os.Exit(1)
	}
}

// endTime is how long the program may take to end: less than the ten seconds
// after which those who run programs kill them.
const endTime = 9 * time.Second

// await returns how the program ended. Once ctx has ended it waits for
// endTime and no longer.
func await(ctx context.Context, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		if errors.Is(err, context.Canceled) {
			return nil // it was asked to end before it had started
		}
		return err
	case <-time.After(endTime):
		return errors.New("the program did not end in time and stops now; the log says what still ran. " +
			"What was stored stays, and work that was under way goes on at the next start")
	}
}

func start(ctx context.Context, demo bool) error {
	if demo {
		cfg, err := demoConfig(os.Environ())
		if err != nil {
			return err
		}
		log := newLog(cfg)
		limitMemory(log)
		return runDemo(ctx, cfg, log, nil)
	}
	cfg, err := loadConfig(os.Environ(), ".env")
	if err != nil {
		return err
	}
	log := newLog(cfg)
	limitMemory(log)
	return run(ctx, cfg, false, log, nil)
}

// plainly is what the person who started the program is told.
func plainly(err error) string {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
