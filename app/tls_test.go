package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// handshake connects to an address by the names of its certificate, and returns
// the number of the certificate that it got.
func handshake(t *testing.T, address string, authority *program.Authority) int64 {
	t.Helper()
	c, err := (&tls.Dialer{Config: &tls.Config{RootCAs: authority.Pool(), ServerName: "dash.example"}}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// TestCertificateIsReadAgain: a certificate that is replaced is served from the
// next handshake on; while its files cannot be used, the one before is.
func TestCertificateIsReadAgain(t *testing.T) {
	authority, dir := program.NewAuthority(t), t.TempDir()
	cfg := Config{TLSCert: filepath.Join(dir, "tls.crt"), TLSKey: filepath.Join(dir, "tls.key"), ListenAddr: "127.0.0.1:0"}
	serial := authority.Sign(cfg.TLSCert, cfg.TLSKey, "dash.example")
	var out strings.Builder
	ln, err := listen(t.Context(), cfg, slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- http.Serve(ln, http.NotFoundHandler()) }() //nolint:gosec // of a test
	defer func() {
		_ = ln.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}()
	wants := func(when string, want int64, warnings int) {
		t.Helper()
		for range 2 {
			if got := handshake(t, ln.Addr().String(), authority); got != want {
				t.Errorf("%s: the certificate %d is served, want %d", when, got, want)
			}
		}
		if got := strings.Count(out.String(), "the one before is kept"); got != warnings {
			t.Errorf("%s: %d warnings, want %d:\n%s", when, got, warnings, out.String())
		}
	}
	wants("first", serial, 0)
	other := authority.Sign(filepath.Join(dir, "other.crt"), cfg.TLSKey, "dash.example") // the key of another one
	wants("the key alone is new", serial, 1)
	if err := os.Rename(filepath.Join(dir, "other.crt"), cfg.TLSCert); err != nil {
		t.Fatal(err)
	}
	wants("both are new", other, 1)
	if err := os.WriteFile(cfg.TLSCert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants("it is no certificate", other, 2)
	if err := os.Remove(cfg.TLSCert); err != nil {
		t.Fatal(err)
	}
	wants("it is gone", other, 3)
	wants("back", authority.Sign(cfg.TLSCert, cfg.TLSKey, "dash.example"), 3)
}

// TestCertificateThatIsRefused: a start without a usable certificate ends with
// what to do.
func TestCertificateThatIsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"no key setting":  {Config{TLSCert: "a"}, "TLS_KEY is not"},
		"no cert setting": {Config{TLSKey: "a"}, "TLS_CERT is not"},
		"a public address by http": {Config{TLSCert: "a", TLSKey: "b", PublicURL: "http://dash.example"},
			"begin it with https://"},
		"no files": {Config{TLSCert: dir + "/none", TLSKey: dir + "/none"}, "cannot be used"},
	} {
		c.cfg.ListenAddr, c.cfg.DatabaseURL = "127.0.0.1:0", DatabaseURL("sqlite:"+dir+"/x.db")
		err := run(t.Context(), c.cfg, demonstration{}, slog.New(slog.DiscardHandler), func(net.Addr) { t.Errorf("%s: it started", name) })
		if err == nil || !strings.Contains(plainly(err), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestHTTPS: with a certificate the program serves https, whose cookie is for
// https alone, and tells who comes by http so.
func TestHTTPS(t *testing.T) {
	authority, dir := program.NewAuthority(t), t.TempDir()
	cfg := defaults()
	cfg.TLSCert, cfg.TLSKey = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	cfg.ListenAddr, cfg.DatabaseURL, cfg.RefreshInterval = "127.0.0.1:0", DatabaseURL("sqlite:"+dir+"/x.db"), 0
	cfg.OAuthClient, cfg.OAuthSecret, cfg.Viewers = "client", "secret", mustMembers(t, "acme/*")
	authority.Sign(cfg.TLSCert, cfg.TLSKey, "127.0.0.1")
	ctx, stop := context.WithCancel(t.Context())
	listens, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- run(ctx, cfg, demonstration{}, slog.New(slog.DiscardHandler), func(at net.Addr) { listens <- at.String() })
	}()
	address := <-listens
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool()}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	get := func(url string) (status int, header http.Header, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		all, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, string(all)
	}
	if status, _, body := get("https://" + address + "/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("%d %s", status, body)
	}
	status, header, _ := get("https://" + address + "/sign-in/github")
	cookie, to := header.Get("Set-Cookie"), header.Get("Location")
	if !strings.HasPrefix(cookie, "__Host-") || !strings.Contains(strings.ToLower(cookie), "; secure") || !strings.Contains(to, "redirect_uri=https%3A%2F%2F127") {
		t.Errorf("%d: the cookie %q, and on to %s", status, cookie, to)
	}
	if status, _, body := get("http://" + address + "/healthz"); status != http.StatusBadRequest || !strings.Contains(body, "https://") {
		t.Errorf("by http: %d %s", status, body)
	}
}

func mustMembers(t *testing.T, v string) Members {
	t.Helper()
	m, err := parseMembers(v)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
