package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"telemetry-dashboard/app/monitor"
	"telemetry-dashboard/services/telemetry"
)

// healthTime is how long the program may take to say that it answers.
const healthTime = 4 * time.Second

// runHealth asks the program that listens at LISTEN_ADDR whether it answers. Its
// exit status is the health of an image that has nothing else to ask with.
func runHealth(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		return misused("Unknown argument %q: health takes none.", args[0])
	}
	cfg, err := loadConfig(os.Environ(), ".env")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	said, err := askHealth(ctx, cfg.scheme(), string(cfg.ListenAddr))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, said)
	return err
}

// askHealth is what the program that listens at an address says of itself; it is
// an error that it is not well, or not there.
func askHealth(ctx context.Context, scheme, listens string) (string, error) {
	host, port, err := net.SplitHostPort(listens)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = ""
	}
	at := scheme + net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port) + monitor.HealthPath
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{ // no proxy, and a certificate for another name: it is this machine
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // no secret is sent
	}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return "", telemetry.Errorf(telemetry.CodeUnavailable,
			"Nothing answers at %s. Does the program run, and with this LISTEN_ADDR?", at).Because(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	text := strings.TrimSpace(string(said))
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", telemetry.Errorf(telemetry.CodeUnavailable, "%s answers %d: %s", at, resp.StatusCode, text)
	}
	return text, nil
}
