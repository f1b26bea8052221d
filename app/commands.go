package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"telemetry-dashboard/app/client"
)

// command is one that the program has beside serving: "app NAME …".
type command struct {
	name  string
	usage string // what follows "app " in the usage, a line for each form

	// run does it and writes its result to out. Its error is for the person
	// at the terminal.
	run func(ctx context.Context, args []string, out io.Writer) error
}

func commands() []command {
	return []command{
		{name: "version", usage: "version", run: printVersion},
		{name: "health", usage: "health", run: runHealth},
		{name: "token", usage: "token create|list|revoke", run: runToken},
		{name: "get", usage: client.GetUsage, run: remotely(client.Get)},
		{name: "mcp", usage: client.MCPUsage, run: remotely(client.MCP)},
		{name: "completion", usage: client.CompletionUsage, run: completion},
	}
}

// errMisused is a command line that names no command, or that a command
// cannot take.
var errMisused = errors.New("the usage is beneath")

// misused says what is wrong with the command line; the usage follows it.
func misused(message string, args ...any) error {
	return &misuse{fmt.Sprintf(message, args...)}
}

type misuse struct{ message string }

func (m *misuse) Error() string        { return m.message }
func (m *misuse) Is(target error) bool { return target == errMisused }

// runCommand does what the command line asks for. A signal ends its context.
func runCommand(args []string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(ctx, args[1:], out)
		}
	}
	if args[0] == "demo" && len(args) == 1 {
		return misused(`Unknown argument "demo". To run with generated data, use --demo.`)
	}
	return misused("Unknown argument %q.", args[0])
}

func printVersion(_ context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		return misused("Unknown argument %q: version takes none.", args[0])
	}
	_, err := fmt.Fprintln(out, version())
	return err
}
