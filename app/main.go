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
	"strings"
	"syscall"
	"time"

	"telemetry-dashboard/services/telemetry"
)

func main() {
	flag.Usage = usage
	demo := flag.Bool("demo", false, "run with generated data; needs no settings and no network, and stores nothing")
	team := flag.Bool("as-team", false, "with --demo: sign in as one of three people, each with another role")
	flag.Parse()
	err := do(*demo, *team)
	switch {
	case errors.Is(err, errMisused):
		fmt.Fprintln(os.Stderr, err)
		flag.Usage()
		os.Exit(exitMisused)
	case errors.Is(err, errTwice):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitInterrupted)
	case err != nil:
		fmt.Fprintln(os.Stderr, plainly(err))
		os.Exit(1)
	}
}

// do does what the command line asks for: a command, or to serve.
func do(demo, team bool) error {
	switch {
	case team && !demo:
		return misused("--as-team is for the demo: use --demo --as-team.")
	case flag.NArg() > 0:
		return runCommand(flag.Args(), os.Stdout)
	}
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() {
		ended <- telemetry.Guard("the dashboard", func() error { return start(ctx, demo, team) })
	}()
	return await(stop, signals, ended)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: app [--demo [--as-team]]")
	for _, c := range commands() {
		for form := range strings.Lines(c.usage) {
			fmt.Fprintln(os.Stderr, "       app "+strings.TrimSpace(form))
		}
	}
	fmt.Fprintln(os.Stderr, "Settings come from the environment and from .env; see README.md.")
	flag.PrintDefaults()
}

const (
	// endTime is how long the program may take to end: less than the ten
	// seconds after which those who run programs kill them.
	endTime = 9 * time.Second

	// exitMisused is the exit status for a command line that cannot be taken, as
	// Go's own tools have it.
	exitMisused = 2

	// exitInterrupted is the exit status of a program that was interrupted, as
	// shells have it.
	exitInterrupted = 130
)

var (
	errTwice = errors.New("stopped at once by a second signal. " + kept)
	errLate  = errors.New("shutdown took too long and was cut short; see the log for what was still running. " + kept)
)

const kept = "Stored data is kept, and unfinished work continues at the next start"

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

func start(ctx context.Context, demo, team bool) error {
	var cfg Config
	var err error
	if demo {
		cfg, err = demoConfig(os.Environ())
	} else {
		cfg, err = loadConfig(os.Environ(), ".env")
	}
	if err != nil {
		return err
	}
	log, level := newLog(cfg, os.Stderr)
	limitMemory(log)
	signals, end := levelSignals()
	defer end()
	go func() {
		_ = telemetry.Guard("the log level", func() error { return switchLevel(ctx, signals, level, cfg.LogLevel.Level(), log) })
	}()
	if demo {
		return runDemo(ctx, cfg, team, log, nil)
	}
	return run(ctx, cfg, demonstration{}, log, nil)
}

// plainly is the message for the person who started the program.
func plainly(err error) string {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
