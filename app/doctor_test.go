package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"log"

	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/upstream"
)

const (
	doctorToken = "ghp_s3cret"
	doctorKey   = "apk_s3cret"
)

// examined runs the doctor with settings, and fails the test if it shows a secret.
func examined(t *testing.T, d *doctor, settings ...string) []check {
	t.Helper()
	if d.now == nil {
		d.now = time.Now
	}
	if d.transport == nil {
		d.transport = upstream.Transport(4, time.Second)
	}
	if d.patience == 0 {
		d.patience = doctorPatience
	}
	environ := append([]string{"LISTEN_ADDR=127.0.0.1:0", "DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "a.db")}, settings...)
	d.examine(t.Context(), environ, filepath.Join(t.TempDir(), "none"))
	text, err := json.Marshal(d.checks)
	if err != nil || strings.Contains(string(text), "s3cret") {
		t.Errorf("the checks are %s, %v", text, err)
	}
	return d.checks
}

// found fails the test unless a check of a name has a state and says this.
func found(t *testing.T, checks []check, name string, state checkState, says string) {
	t.Helper()
	for _, c := range checks {
		if c.Name == name && c.State == state && strings.Contains(c.Text, says) {
			return
		}
	}
	t.Errorf("no check %s is %s and says %q: %+v", name, state, says, checks)
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

func serveTLS(t *testing.T, h http.Handler, certificate *tls.Certificate) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if certificate != nil {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// expired is a certificate of 127.0.0.1 from last year.
func expired(t *testing.T) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "old"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().AddDate(0, -1, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// players are GitHub with an action repository, and Devin.
func players() (*githubtest.Player, *devintest.Player) {
	gh := githubtest.New(githubtest.Options{Token: doctorToken})
	gh.Repo("acme/fixer")
	return gh, devintest.New(devintest.Options{Key: doctorKey})
}

func upstreamsAt(gh, dv string) []string {
	return []string{
		"GITHUB_TOKEN=" + doctorToken, "ACTION_REPO=acme/fixer", "GITHUB_API_URL=" + gh, "DEVIN_API_KEY=" + doctorKey, "DEVIN_API_URL=" + dv,
	}
}

// answering puts headers before the answers of a player.
func answering(h http.Handler, headers ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		h.ServeHTTP(w, r)
	})
}

// TestDoctorWell: where all is well nothing fails, a classic token's scopes and
// the clock are judged, and both forms are written.
func TestDoctorWell(t *testing.T) {
	gh, dv := players()
	at := func(headers ...string) []string {
		return upstreamsAt(serve(t, answering(gh, headers...)), serve(t, dv))
	}
	d := &doctor{}
	checks := examined(t, d, at("X-OAuth-Scopes", "repo, workflow")...)
	found(t, checks, "acme/fixer", checkOK, "0 run files")
	found(t, checks, "acme/fixer pull requests", checkOK, "may read")
	found(t, checks, "scopes", checkOK, "repo, workflow")
	found(t, checks, "clock", checkOK, "within")
	found(t, checks, "limit", checkOK, "requests are left")
	found(t, checks, "key", checkOK, "API v1")
	found(t, checks, "GITHUB_TOKEN", checkOK, "set")
	found(t, checks, "schema", checkWarn, "There is no data yet")
	for _, form := range []string{"table", "json"} {
		var out strings.Builder
		if err := d.report(&out, form); err != nil || !strings.Contains(out.String(), "may read them here") {
			t.Errorf("%s: %q, %v", form, out.String(), err)
		}
		var said struct {
			OK     bool
			Checks []check
		}
		if form == "json" && (json.Unmarshal([]byte(out.String()), &said) != nil || !said.OK || len(said.Checks) != len(checks)) {
			t.Errorf("the JSON is %s", out.String())
		}
	}
	found(t, examined(t, &doctor{}, at("X-OAuth-Scopes", "public_repo")...), "scopes", checkWarn, "not repo")
	found(t, examined(t, &doctor{}, at()...), "scopes", checkOK, "fine-grained")
	for behind, want := range map[time.Duration]checkState{time.Minute: checkWarn, -time.Minute: checkWarn, time.Hour: checkFail, -time.Hour: checkFail} {
		says := map[bool]string{true: "ahead of GitHub's", false: "behind GitHub's"}[behind > 0]
		checks := examined(t, &doctor{}, at("Date", time.Now().Add(-behind).UTC().Format(http.TimeFormat))...)
		found(t, checks, "clock", want, says)
	}
}

// TestDoctorNamesTheCause: each way in which an upstream is not reached, or
// refuses, has its own sentence.
func TestDoctorNamesTheCause(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	gone := "http://" + closed.Addr().String()
	fault := func(f githubtest.Fault, of devintest.Fault) func(t *testing.T) (string, string) {
		return func(t *testing.T) (string, string) {
			gh, dv := players()
			gh.Fail(f)
			dv.Fail(devintest.KindList, of)
			return serve(t, gh), serve(t, dv)
		}
	}
	both := func(at func(t *testing.T) string) func(t *testing.T) (string, string) {
		return func(t *testing.T) (string, string) { return at(t), at(t) }
	}
	gh, _ := players()
	for name, tc := range map[string]struct {
		at            func(t *testing.T) (github, devin string)
		github, devin string // what is said
		proxy         int    // with this status a proxy refuses
	}{
		"DNS":        {at: both(func(*testing.T) string { return "https://nowhere.invalid" }), github: "does not resolve", devin: "does not resolve"},
		"refused":    {at: both(func(*testing.T) string { return gone }), github: "refused the connection", devin: "refused the connection"},
		"unknown CA": {at: both(func(t *testing.T) string { return serveTLS(t, gh, nil) }), github: "SSL_CERT_FILE", devin: "SSL_CERT_FILE"},
		"expired":    {at: both(func(t *testing.T) string { return serveTLS(t, gh, expired(t)) }), github: "has expired", devin: "has expired"},
		"no TLS": {at: both(func(t *testing.T) string { return strings.Replace(serve(t, gh), "http:", "https:", 1) }),
			github: "does not speak TLS", devin: "does not speak TLS"},
		"proxy wants a password": {at: both(func(*testing.T) string { return "https://upstream.invalid" }), github: "(407)", devin: "(407)", proxy: 407},
		"proxy refuses":          {at: both(func(*testing.T) string { return "https://upstream.invalid" }), github: "NO_PROXY", devin: "NO_PROXY", proxy: 403},
		"timeout": {at: fault(githubtest.Fault{Delay: time.Hour}, devintest.Fault{Delay: time.Hour}),
			github: "did not answer in time", devin: "did not answer in time"},
		"401": {at: fault(githubtest.Fault{Status: 401, Message: "Bad credentials"}, devintest.Fault{Status: 401}),
			github: "wrong, expired or revoked", devin: "refused the key (401"},
		"403": {at: fault(githubtest.Fault{Status: 403, Message: "Resource not accessible by personal access token"}, devintest.Fault{Status: 403}),
			github: "lacks the permission", devin: "(403)"},
		"404": {at: fault(githubtest.Fault{Status: 404, Message: "Not Found"}, devintest.Fault{Status: 404}), github: "acme/fixer", devin: "(404)"},
		"limit": {at: fault(githubtest.Secondary(429, 60), devintest.Fault{Status: 429, RetryAfter: "60"}),
			github: "limit", devin: "limits the rate"},
	} {
		t.Run(name, func(t *testing.T) {
			transport := upstream.Transport(4, time.Second)
			transport.Proxy = nil
			if tc.proxy != 0 {
				at, err := url.Parse(serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tc.proxy) })))
				if err != nil {
					t.Fatal(err)
				}
				transport.Proxy = http.ProxyURL(at)
			}
			d := &doctor{transport: transport, patience: 500 * time.Millisecond}
			checks := examined(t, d, upstreamsAt(tc.at(t))...)
			found(t, checks, "acme/fixer", checkFail, tc.github)
			found(t, checks, "key", checkFail, tc.devin)
			if err := d.report(io.Discard, "table"); err == nil || !strings.Contains(err.Error(), "2 checks failed") {
				t.Errorf("it ends with %v", err)
			}
		})
	}
}

// TestDoctorOfSettings: what of the settings is missing or wrong is said.
func TestDoctorOfSettings(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for name, tc := range map[string]struct {
		settings    []string
		check, says string
		state       checkState
	}{
		"nothing":         {nil, "GITHUB_TOKEN", "not set. Run files and pull requests are not read", checkWarn},
		"a default":       {nil, "CACHE_TTL", "the default is 120", checkOK},
		"malformed":       {[]string{"CACHE_TTL=soon"}, "all", "CACHE_TTL", checkFail},
		"not together":    {[]string{"GITHUB_OAUTH_CLIENT_ID=a"}, "access", "GITHUB_OAUTH_CLIENT_SECRET is not", checkFail},
		"in use":          {[]string{"LISTEN_ADDR=" + busy.Addr().String()}, "LISTEN_ADDR", "in use", checkOK},
		"not ours":        {[]string{"LISTEN_ADDR=192.0.2.1:5000"}, "LISTEN_ADDR", "Cannot listen", checkFail},
		"open":            {[]string{"LISTEN_ADDR=:0", "ALLOW_UNAUTHENTICATED=true"}, "sign-in", "anyone who can reach", checkWarn},
		"tokens alone":    {[]string{"LISTEN_ADDR=:0"}, "sign-in", "app token create", checkWarn},
		"without TLS":     {[]string{"LISTEN_ADDR=:0", "ACCESS_PROXY_HEADER=X-User", "ACCESS_PROXIES=10.0.0.1"}, "PUBLIC_URL", "unencrypted", checkWarn},
		"no run files":    {[]string{"RUNS_DIR=" + filepath.Join(t.TempDir(), "none")}, "RUNS_DIR", "cannot be read", checkFail},
		"run files":       {[]string{"RUNS_DIR=" + t.TempDir()}, "RUNS_DIR", "0 run files", checkOK},
		"no repository":   {[]string{"GITHUB_TOKEN=" + doctorToken}, "token", "ACTION_REPO is not set", checkWarn},
		"no PostgreSQL":   {[]string{"DATABASE_URL=postgres://u:s3cret@127.0.0.1:1/d"}, "schema", "Cannot reach PostgreSQL", checkFail},
		"a folder as one": {[]string{"DATABASE_URL=sqlite:" + t.TempDir()}, "schema", "not a regular file", checkFail},
	} {
		t.Run(name, func(t *testing.T) { found(t, examined(t, &doctor{}, tc.settings...), tc.check, tc.state, tc.says) })
	}
}

// TestDoctorBesideTheProgram: it looks at the database that a program has, and
// leaves it as it is.
func TestDoctorBesideTheProgram(t *testing.T) {
	for name, address := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresAddress(t) },
	} {
		t.Run(name, func(t *testing.T) {
			url := address(t)
			s := storetest.OpenWith(t, store.Options{URL: url, Now: time.Now, Alone: true})
			if _, err := s.Lead(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			const leases = `SELECT name || holder || fence FROM leases ORDER BY name`
			before, err := s.Texts(t.Context(), leases)
			if err != nil {
				t.Fatal(err)
			}
			checks := examined(t, &doctor{}, "DATABASE_URL="+url)
			found(t, checks, "data", checkOK, "schema version 1009")
			if name == "postgres" {
				found(t, checks, "lease", checkOK, "1 program on it")
			} else {
				found(t, checks, "writes", checkOK, "can be written")
			}
			if after, err := s.Texts(t.Context(), leases); err != nil || strings.Join(after, " ") != strings.Join(before, " ") {
				t.Errorf("the leases are %q and were %q, %v", after, before, err)
			}
			if err := s.Exec(t.Context(), `UPDATE goose_db_version SET version_id = 99999 WHERE version_id <> 0`); err != nil {
				t.Fatal(err)
			}
			found(t, examined(t, &doctor{}, "DATABASE_URL="+url), "schema", checkFail, "newer than this program")
		})
	}
}

// TestDoctorOfTheDisk: little space is a warning, and next to none a failure.
func TestDoctorOfTheDisk(t *testing.T) {
	for free, want := range map[uint64]checkState{50 << 20: checkFail, 500 << 20: checkWarn, 50 << 30: checkOK} {
		d := &doctor{}
		d.space(free, true)
		found(t, d.checks, "space", want, "free")
	}
}
