// Command contract generates clients from the description of the API, in Go
// and in TypeScript, compiles them, and lets each list everything that the
// demo has. It downloads the generators; without npm it says that the one in
// TypeScript is skipped.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
)

const (
	goGenerator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	goModule    = "module contract\n\ngo 1.26\n"
	tsPackage   = `{"private": true, "type": "module", "dependencies": {"openapi-typescript": "7.13.0", "openapi-fetch": "0.17.0",
		"typescript": "5.9.3", "@types/node": "22.19.1"}}`
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(1) //nolint:gocritic // the process ends, and with it the signals
	}
}

// run is called in the folder of the tools.
func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "contract-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	description, err := filepath.Abs("../static/openapi.yaml")
	if err != nil {
		return err
	}
	url, end, err := startDemo(ctx, filepath.Join(dir, "dashboard"))
	if err != nil {
		return err
	}
	defer end()
	if err := goClient(ctx, filepath.Join(dir, "go"), description, url); err != nil {
		return err
	}
	if _, err := exec.LookPath("npm"); err != nil {
		fmt.Println("SKIPPED: the client in TypeScript: there is no npm")
		return nil
	}
	return tsClient(ctx, filepath.Join(dir, "ts"), description, url)
}

func goClient(ctx context.Context, dir, description, url string) error {
	client := filepath.Join(dir, "client")
	if err := os.MkdirAll(client, 0o700); err != nil {
		return err
	}
	if err := write(dir, "go.mod", goModule); err != nil {
		return err
	}
	if err := copied("testdata/walk.go", filepath.Join(dir, "main.go")); err != nil {
		return err
	}
	return commands(ctx, dir,
		[]string{"go", "run", goGenerator, "-generate", "types,client", "-package", "client", "-o", filepath.Join(client, "client.go"), description},
		[]string{"go", "mod", "tidy"},
		[]string{"go", "vet", "./..."},
		[]string{"go", "run", ".", url})
}

func tsClient(ctx context.Context, dir, description, url string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := write(dir, "package.json", tsPackage); err != nil {
		return err
	}
	if err := copied("testdata/walk.ts", filepath.Join(dir, "walk.ts")); err != nil {
		return err
	}
	return commands(ctx, dir,
		[]string{"npm", "install", "--no-audit", "--no-fund", "--loglevel", "error"},
		[]string{"npx", "openapi-typescript", description, "-o", "schema.ts"},
		[]string{"npx", "tsc", "--strict", "--module", "nodenext", "--target", "es2022", "--outDir", "out", "walk.ts"},
		[]string{"node", "out/walk.js", url})
}

func write(dir, name, text string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
}

func copied(from, to string) error {
	text, err := os.ReadFile(filepath.Join("contract", from))
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// commands runs commands in a folder, one after the other, up to the first
// that fails.
func commands(ctx context.Context, dir string, list ...[]string) error {
	for _, c := range list {
		cmd := exec.CommandContext(ctx, c[0], c[1:]...) //nolint:gosec // the commands above
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%v: %w", c, err)
		}
	}
	return nil
}

var listening = regexp.MustCompile(`url=(http://\S+)`)

// startDemo builds the program and starts its demo on a free port, which has
// read and polled everything once when it returns.
func startDemo(ctx context.Context, program string) (url string, end func(), err error) {
	if err := commands(ctx, "..", []string{"go", "build", "-o", program, "./app"}); err != nil {
		return "", nil, err
	}
	demo := exec.CommandContext(ctx, program, "--demo") //nolint:gosec // just built
	demo.Env = append(os.Environ(), "LISTEN_ADDR=127.0.0.1:0")
	log, err := demo.StderrPipe()
	if err == nil {
		err = demo.Start()
	}
	if err != nil {
		return "", nil, err
	}
	end = func() {
		_ = demo.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = demo.Wait()
	}
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }() // a full pipe would stop the demo
			return m[1], end, errors.Join(post(ctx, m[1]+"/api/refresh"), post(ctx, m[1]+"/api/poll"))
		}
	}
	end()
	return "", nil, errors.New("the demo did not start")
}

func post(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("POST %s: %s", url, resp.Status)
	}
	return nil
}
