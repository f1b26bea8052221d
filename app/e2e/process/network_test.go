package process

import (
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
)

// The names of upstreams that only the proxy knows.
const (
	privateGitHub = "github.corp.example"
	privateDevin  = "devin.corp.example"
)

// connector is a proxy of a network: it connects those who know its password to
// the hosts that it knows.
type connector struct {
	leads map[string]string // by host and port

	mu    sync.Mutex
	asked []string
}

func (p *connector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host)
	p.mu.Unlock()
	if r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte("mira:pass")) {
		http.Error(w, "who are you?", http.StatusProxyAuthRequired)
		return
	}
	there, err := net.Dial("tcp", p.leads[r.Host]) //nolint:noctx // on this machine
	if err != nil {
		http.Error(w, "unknown host", http.StatusBadGateway)
		return
	}
	here, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		_ = there.Close()
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(there, buffered); _ = there.Close() })
	both.Go(func() { _, _ = io.Copy(here, there); _ = here.Close() })
	both.Wait()
}

func (p *connector) wasAsked(what string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.asked, what)
}

// TestUpstreamsBehindAProxyWithAnAuthority: with HTTPS_PROXY and SSL_CERT_FILE the
// program reaches upstreams that only the network's proxy can reach, and that
// only the network's authority vouches for. Without them it says what is wrong.
func TestUpstreamsBehindAProxyWithAnAuthority(t *testing.T) {
	now := time.Now().UTC().Format(time.RFC3339)
	session := map[string]any{"sessions": []any{program.RecordedSession(nil)}}
	p := program.NewPlayed(t, "cog_played", map[string]any{"a.json": program.SmallScan(1, now, session)})
	p.Devin.Put(devintest.Session{ID: program.SampleSession, Status: "running"})
	authority := program.NewAuthority(t)
	serve := func(host string, player http.Handler) string {
		cert, key := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
		authority.Sign(cert, key, host)
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		s := httptest.NewUnstartedServer(player)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
		s.StartTLS()
		t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
		return s.Listener.Addr().String()
	}
	proxy := &connector{leads: map[string]string{
		privateGitHub + ":443": serve(privateGitHub, p.GitHub), privateDevin + ":443": serve(privateDevin, p.Devin),
	}}
	proxied := httptest.NewServer(proxy)
	t.Cleanup(proxied.Close)
	address := strings.Replace(proxied.URL, "http://", "http://mira:pass@", 1)
	settings := p.Settings(nil).With(program.Settings{
		"GITHUB_API_URL": "https://" + privateGitHub, "DEVIN_API_URL": "https://" + privateDevin,
		"HTTPS_PROXY": address, "SSL_CERT_FILE": authority.File,
	})
	t.Run("with both", func(t *testing.T) {
		run := program.Start(t, settings)
		run.UntilSays("/api/jobs", `"kind":"refresh","state":"done"`)
		run.Figures("GET", "/api/stats", map[string]float64{"total_runs": 1})
		run.Job("poll")
		for _, host := range []string{privateGitHub, privateDevin} {
			if !proxy.wasAsked("CONNECT " + host + ":443") {
				t.Errorf("the proxy was asked for %q, and not for %s", proxy.asked, host)
			}
		}
	})
	for name, c := range map[string]struct {
		change program.Settings
		says   string
	}{
		"without the authority": {program.Settings{"SSL_CERT_FILE": ""}, "authority that this machine does not trust"},
		"without the proxy":     {program.Settings{"HTTPS_PROXY": ""}, "does not resolve"},
		"past the proxy":        {program.Settings{"NO_PROXY": ".corp.example"}, "does not resolve"},
		"without its password":  {program.Settings{"HTTPS_PROXY": proxied.URL}, "wants a user and a password"},
	} {
		t.Run(name, func(t *testing.T) {
			run := program.Start(t, settings.With(c.change))
			run.UntilSays("/api/jobs", `"kind":"refresh","state":"failed"`)
			run.Says("/api/sources", http.StatusOK, c.says)
			if status, body := run.Get("/readyz"); status.StatusCode != http.StatusOK {
				t.Errorf("trouble upstream makes it unready: %d %s", status.StatusCode, body)
			}
		})
	}
}
