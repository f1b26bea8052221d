package http

import (
	"bufio"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
)

// behindNginx starts the program behind a real nginx, and lets requests go to
// the address at which people open it: location and serve are nginx's, with %s
// for the program's own address; base is the path of PUBLIC_URL.
func behindNginx(t *testing.T, serve, base string, encrypted bool) *program.Program {
	t.Helper()
	own := program.FreeAddress(t)
	server, client := strings.ReplaceAll(serve, "%s", own), http.DefaultTransport.(*http.Transport).Clone()
	secure := ""
	if encrypted {
		secure = program.FreeAddress(t)
		dir, pool := certificate(t)
		server = fmt.Sprintf("listen %s ssl; ssl_certificate %[2]s/cert.pem; ssl_certificate_key %[2]s/key.pem;\n%s", secure, dir, server)
		client.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	public := program.Nginx(t, server) + base
	if encrypted {
		public = "https://" + secure + base
	}
	p := program.WithRuns(t, program.Sample(), program.Settings{"LISTEN_ADDR": own, "PUBLIC_URL": public})
	p.Client().Transport = client
	p.URL = public
	return p
}

// certificate makes a certificate for loopback.
func certificate(t *testing.T) (dir string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir, pool = t.TempDir(), x509.NewCertPool()
	blocks := map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: private}}
	for name, block := range blocks {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return dir, pool
}

// TestBehindNginx: behind a proxy that rewrites the Host or keeps it, ends TLS,
// or serves the program under a path that it removes or keeps, every address in
// every page and answer leads to what it names.
func TestBehindNginx(t *testing.T) {
	for name, c := range map[string]struct {
		serve, base string
		encrypted   bool
	}{
		"the plain proxy_pass":        {"location / { proxy_pass http://%s; }", "", false},
		"a Host that is kept":         {"location / { proxy_pass http://%s; proxy_set_header Host $http_host; }", "", false},
		"TLS":                         {"location / { proxy_pass http://%s; }", "", true},
		"a path that is removed":      {"location /tools/dash/ { proxy_pass http://%s/; }", "/tools/dash", false},
		"a path that is kept":         {"location /dash { proxy_pass http://%s; }", "/dash", false},
		"a path, TLS and a kept Host": {"location /dash/ { proxy_pass http://%s/; proxy_set_header Host $http_host; }", "/dash", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := behindNginx(t, c.serve, c.base, c.encrypted)
			crawled := crawl(t, p, c.base)
			for _, needed := range []string{"/", "/issues", "/panels/issues", "/api/issues.csv", "/repo/octo/shop", "/docs/api"} {
				if !slices.ContainsFunc(crawled, func(at string) bool { return at == needed || strings.HasPrefix(at, needed+"?") }) {
					t.Errorf("no page leads to %s: %q", needed, crawled)
				}
			}
			answersLead(t, p, c.base)
			actionsLead(t, p, c.base)
			eventsCome(t, p)
		})
	}
}

// crawl asks for everything that a page leads to, and returns what it asked
// for, without the base.
func crawl(t *testing.T, p *program.Program, base string) (asked []string) {
	t.Helper()
	attribute := regexp.MustCompile(`\s([a-z:-]+)="(/[^"]*)"`)
	next, seen := []string{"/"}, map[string]bool{"/": true}
	for ; len(next) > 0 && len(asked) < 250; next = next[1:] {
		at := next[0]
		asked = append(asked, at)
		res, body := p.Get(at, program.InPlace(at)...)
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %.200s", at, res.StatusCode, body)
		}
		if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, m := range attribute.FindAllStringSubmatch(body, -1) {
			name, address := m[1], html.UnescapeString(m[2])
			if slices.Contains([]string{"title", "value", "aria-label"}, name) {
				continue
			}
			rest, ok := strings.CutPrefix(address, base+"/")
			if !ok {
				t.Fatalf("%s has %s=%q, which is not under %s", at, name, address, base)
			}
			rest, _, _ = strings.Cut("/"+rest, "#")
			if slices.Contains([]string{"href", "src", "hx-get"}, name) && !seen[rest] && !strings.HasPrefix(rest, "/actions/") {
				seen[rest] = true
				next = append(next, rest)
			}
		}
	}
	return asked
}

// answersLead follows the addresses in answers of the JSON API.
func answersLead(t *testing.T, p *program.Program, base string) {
	t.Helper()
	origin := strings.TrimSuffix(p.URL, base)
	for _, path := range []string{"/api/stats", "/api/trends", "/api/needs-attention", "/api/repos", "/api/repo/octo/shop",
		"/api/search?q=octo"} {
		res, body := p.Get(path)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", path, res.StatusCode, body)
		}
		links := regexp.MustCompile(`"(/[^"]*api/[^"]*)"`).FindAllStringSubmatch(body, -1)
		if len(links) == 0 && !strings.Contains(path, "needs") {
			t.Errorf("%s has no links", path)
		}
		for _, link := range links {
			var address string
			if err := json.Unmarshal([]byte(link[0]), &address); err != nil {
				t.Fatal(err)
			}
			rest, ok := strings.CutPrefix(address, base+"/")
			if !ok {
				t.Errorf("%s links to %s", path, address)
				continue
			}
			if res, _ := p.Get("/" + rest); res.StatusCode >= 400 && res.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s links to %s: %d", path, address, res.StatusCode)
			}
		}
	}
	if _, body := p.Get("/api/openapi.yaml"); !strings.Contains(body, "\nservers:\n  - url: "+origin+base+"\n") {
		t.Error("the description does not name the server")
	}
	res, _ := p.Do(http.MethodPost, "/api/refresh?async=true", "")
	if got := res.Header.Get("Location"); !strings.HasPrefix(got, base+"/api/jobs/") {
		t.Errorf("a job is at %q", got)
	}
	res, body := p.Do(http.MethodPost, "/api/views", `{"name":"Mine","list":"issues","query":"q=is%3Aopen"}`,
		"Content-Type", "application/json")
	if got := res.Header.Get("Location"); !strings.HasPrefix(got, base+"/api/views/") || !strings.Contains(body, `"path":"`+base+`/issues?`) {
		t.Errorf("a view is at %q: %s", got, body)
	}
}

// actionsLead posts a form as a browser does, without JavaScript and with it.
func actionsLead(t *testing.T, p *program.Program, base string) {
	t.Helper()
	origin := strings.TrimSuffix(p.URL, base)
	res, body := p.Do(http.MethodPost, "/actions/refresh", "", "Origin", origin, "Referer", p.URL+"/issues?q=is:fixed")
	if got := res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || got != base+"/issues?q=is:fixed" {
		t.Errorf("Refresh: %d to %q %s", res.StatusCode, got, body)
	}
	if got := strings.ToLower(res.Header.Get("Set-Cookie")); !strings.Contains(got, "; path="+cmp.Or(base, "/")+";") {
		t.Errorf("its cookie is %q", got)
	}
	if res, _ := p.Do(http.MethodPost, "/actions/refresh", "", "Origin", "https://evil.example"); res.StatusCode != http.StatusForbidden {
		t.Errorf("from another origin: %d", res.StatusCode)
	}
	res, _ = p.Get("/panels/issues?q=is:fixed&push=1", "HX-Request", "true")
	if res.Header.Get("HX-Push-Url") != base+"/issues?q=is%3Afixed" {
		t.Errorf("a panel pushes %q", res.Header.Get("HX-Push-Url"))
	}
	if res, _ := p.Get("/panels/issues"); res.Header.Get("Location") != base+"/issues" {
		t.Errorf("a panel that is opened leads to %q", res.Header.Get("Location"))
	}
	if res, body := p.Get("/nowhere"); res.StatusCode != http.StatusNotFound || !strings.Contains(body, `href="`+base+`/issues"`) {
		t.Errorf("an unknown page: %d %.300s", res.StatusCode, body)
	}
}

// eventsCome waits for the first event of the stream.
func eventsCome(t *testing.T, p *program.Program) {
	t.Helper()
	res, err := p.Client().Do(p.Request(http.MethodGet, "/events", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); line != "event: versions\n" {
		t.Errorf("the stream begins with %q (%v)", line, err)
	}
}

// TestUnknownHostBehindNginx: a Host that nobody named is refused in words that
// say what to set.
func TestUnknownHostBehindNginx(t *testing.T) {
	p := program.WithRuns(t, program.Sample(), nil)
	front := program.Nginx(t, fmt.Sprintf("location / { proxy_pass %s; proxy_set_header Host dash.example; }", p.URL))
	p.URL = front
	for path, says := range map[string]string{"/": "<h1>Unknown host name</h1>", "/api/stats": `"code":"unknown_host"`} {
		res, body := p.Get(path)
		if res.StatusCode != http.StatusMisdirectedRequest || !strings.Contains(body, says) ||
			!strings.Contains(body, "PUBLIC_URL") || !strings.Contains(body, "ALLOWED_HOSTS") {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
}
