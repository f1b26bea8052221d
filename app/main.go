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
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() {
		ended <- telemetry.Guard("the dashboard", func() error { return start(ctx, *demo) })
	}()
	err := await(stop, signals, ended)
	switch {
	case errors.Is(err, errTwice):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitInterrupted)
	case err != nil:
		fmt.Fprintln(os.Stderr, plainly(err))
		os.Exit(1)
	}
}

const (
	// endTime is how long the program may take to end: less than the ten
	// seconds after which those who run programs kill them.
	endTime = 9 * time.Second

	// exitInterrupted is the exit status of a program that was interrupted, as
	// shells have it.
	exitInterrupted = 130
)

var (
	errTwice = errors.New("the program was asked twice to end and stops at once. " + kept)
	errLate  = errors.New("the program did not end in time and stops now; the log says what still ran. " + kept)
)

const kept = "What was stored stays, and work that was under way goes on at the next start"

// await returns how the program ended. The first signal asks it to end, for
// which it has endTime; a second one does not wait for that.
func await(stop context.CancelFunc, signals <-chan os.Signal, ended <-chan error) error {
	defer stop()
	select {
	case err := <-ended:
		return err
	case <-signals:
		stop()
	}
	select {
	case err := <-ended:
		if errors.Is(err, context.Canceled) {
			return nil // it was asked to end before it had started
		}
		return err
	case <-signals:
		return errTwice
	case <-time.After(endTime):
		return errLate
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
