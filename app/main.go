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
		fmt.Fprintln(os.Stderr, "usage: app [--demo [--as-team]]\n       app version\n       app token create|list|revoke\n"+
			"Settings come from the environment and from .env; see README.md.")
		flag.PrintDefaults()
	}
	demo := flag.Bool("demo", false, "run with generated data; needs no settings and no network, and stores nothing")
	team := flag.Bool("as-team", false, "with --demo: sign in as one of three people, each with another role")
	flag.Parse()
	switch {
	case *team && !*demo:
		fmt.Fprintln(os.Stderr, "--as-team is for the demo: use --demo --as-team.")
		os.Exit(2)
	case flag.NArg() == 1 && flag.Arg(0) == "version":
		fmt.Println(version())
		return
	case flag.NArg() > 0 && flag.Arg(0) == "token":
		if err := runToken(context.Background(), flag.Args()[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, plainly(err))
			os.Exit(1)
		}
		return
	case flag.NArg() > 0:
		fmt.Fprintln(os.Stderr, misused(flag.Args()))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() {
		ended <- telemetry.Guard("the dashboard", func() error { return start(ctx, *demo, *team) })
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

// misused says what is wrong with the arguments of the command line.
func misused(args []string) string {
	switch args[0] {
	case "version":
		return fmt.Sprintf("Unknown argument %q: version takes none.", args[1])
	case "demo":
		return `Unknown argument "demo". To run with generated data, use --demo.`
	}
	return fmt.Sprintf("Unknown argument %q.", args[0])
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
	log := newLog(cfg)
	limitMemory(log)
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
