package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"telemetry-dashboard/app/client"
)

// remotely does a command that asks a dashboard that runs.
func remotely(do func(context.Context, client.Env, []string) error) func(context.Context, []string, io.Writer) error {
	return func(ctx context.Context, args []string, out io.Writer) error {
		vars := map[string]string{}
		for _, name := range []string{client.VarToken, client.VarToken + fileSuffix} {
			vars[name] = os.Getenv(name)
		}
		if err := readSecretFiles(vars, []string{client.VarToken}); err != nil {
			return err
		}
		env := client.Env{
			URL:   os.Getenv(client.VarURL),
			Token: vars[client.VarToken],
			Plain: os.Getenv(client.VarPlainHTTP) == "true",
			In:    os.Stdin,
			Out:   out,
			Err:   os.Stderr,
		}
		if columns, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			env.Width = columns
		}
		err := do(ctx, env, args)
		if m, ok := errors.AsType[*client.Misuse](err); ok {
			return misused("%s", m.Error())
		}
		return err
	}
}

// completion is of the program by the name under which it was started.
func completion(ctx context.Context, args []string, out io.Writer) error {
	c := client.Commands{Program: filepath.Base(os.Args[0])}
	for _, known := range commands() {
		for usage := range strings.Lines(known.usage) {
			c.Usages = append(c.Usages, strings.TrimSpace(usage))
		}
	}
	return remotely(c.Completion)(ctx, args, out)
}
