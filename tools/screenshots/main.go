// Command screenshots takes the pictures of the user guide from the demo:
// it builds and starts the program, and looks at it with a real Chromium.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// shot is one picture. In its path %s stands for what ask finds.
type shot struct {
	name, path    string
	ask           string // a list of the API whose first row has the id
	id            string // the field with the id
	width, height int64
	dark          bool
}

func shots() []shot {
	return []shot{
		{name: "overview-light", path: "/?period=90d", width: 1280, height: 1500},
		{name: "overview-dark", path: "/?period=90d", width: 1280, height: 1500, dark: true},
		{name: "overview-phone", path: "/?period=90d", width: 390, height: 844},
		{name: "needs-you", path: "/needs-you", width: 1280, height: 900},
		{name: "issues", path: "/issues?q=is:open+severity:critical,high", width: 1280, height: 900},
		{name: "issue", path: "/issues/%s", ask: "/api/issues?q=is:open+attempts:%3E1&per_page=1", id: "id",
			width: 1280, height: 1000, dark: true},
		{name: "session", path: "/sessions/%s", ask: "/api/sessions?state=waiting&per_page=1", id: "session_id", width: 1280, height: 1000},
		{name: "repository", path: "/repo/northwind/storefront", width: 1280, height: 1100},
		{name: "run", path: "/runs/%s", ask: "/api/runs?kind=scan&per_page=1", id: "_file", width: 1280, height: 1000},
		{name: "report", path: "/report?period=30d", width: 1280, height: 1300},
	}
}

func main() {
	out := flag.String("out", "docs/screenshots", "directory for the pictures")
	flag.Parse()
	if err := take(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func take(ctx context.Context, out string) error {
	chromium := os.Getenv("CHROMIUM")
	if chromium == "" {
		var err error
		if chromium, err = exec.LookPath("chromium"); err != nil {
			return errors.New("no Chromium: install it, or name it in CHROMIUM")
		}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	address, stop, err := startDemo(ctx)
	if err != nil {
		return err
	}
	defer stop()
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("hide-scrollbars", true),
	})
	ctx, leave := chromedp.NewExecAllocator(ctx, options...)
	defer leave()
	ctx, closeTab := chromedp.NewContext(ctx)
	defer closeTab()
	for _, s := range shots() {
		if err := s.take(ctx, address, out); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

var listening = regexp.MustCompile(`url=(http://\S+)`)

// startDemo builds the program and starts its demo on a free port.
func startDemo(ctx context.Context) (address string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "screenshots-")
	if err != nil {
		return "", nil, err
	}
	program := filepath.Join(dir, "dashboard")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./app")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", nil, errors.Join(fmt.Errorf("build the program (run this at the top of the repository): %w", err), os.RemoveAll(dir))
	}
	demo := exec.CommandContext(ctx, program, "--demo")
	demo.Env = append(os.Environ(), "LISTEN_ADDR=127.0.0.1:0")
	log, err := demo.StderrPipe()
	if err == nil {
		err = demo.Start()
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	stop = func() {
		_ = demo.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = demo.Wait()
		_ = os.RemoveAll(dir)
	}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			go func() {
				for lines.Scan() { // a full pipe would stop the demo
				}
			}()
			return m[1], stop, settle(ctx, m[1])
		}
	}
	stop()
	return "", nil, errors.New("the demo did not start")
}

// settle waits until the demo has read and polled everything once.
func settle(ctx context.Context, address string) error {
	for _, job := range []string{"refresh", "poll"} {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/api/"+job, http.NoBody)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", job, res.Status)
		}
	}
	return nil
}

func (s shot) take(ctx context.Context, address, out string) error {
	path := s.path
	if s.ask != "" {
		id, err := first(ctx, address+s.ask, s.id)
		if err != nil {
			return err
		}
		path = fmt.Sprintf(s.path, id)
	}
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	viewport := []chromedp.EmulateViewportOption{chromedp.EmulateScale(1)}
	if s.width < 640 {
		viewport = []chromedp.EmulateViewportOption{chromedp.EmulateScale(2), chromedp.EmulateMobile}
	}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(s.width, s.height, viewport...)); err != nil {
		return err
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		return err
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(address+path)); err != nil {
		return err
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		live, err := chromedp.Run(ctx, chromedp.Evaluate[bool](
			`(document.querySelector("#live-state")?.textContent ?? "Updating live") === "Updating live"`))
		if err != nil {
			return err
		}
		if live || time.Now().After(deadline) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Second) // panels that ask an upstream
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, s.name+".png"), picture, 0o644)
}

// first returns a field of a list's first row.
func first(ctx context.Context, address, field string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "", fmt.Errorf("%s has no row", address)
	}
	id, _ := list.Items[0][field].(string)
	return id, nil
}
