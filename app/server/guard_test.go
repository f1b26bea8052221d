package server

import (
	"log/slog"
	"net"
	"strings"
	"testing"
)

// TestHosts: who may be named as the Host, whatever the address.
func TestHosts(t *testing.T) {
	s := serve(t, plainRoutes, func(o *Options) {
		o.ListenAddr = "0.0.0.0:5000"
		o.Hosts = []string{"box.local", "10.0.0.7:5000", "[fd00::1]"}
		o.PublicURL = "https://dash.example"
	})
	for host, known := range map[string]bool{
		"localhost": true, "LOCALHOST:1": true, "127.0.0.1:99": true, "[::1]": true, "a.localhost": true,
		"box.local": true, "Box.Local:1234": true, "box.local.": true, "10.0.0.7:5000": true, "[fd00::1]:80": true,
		"dash.example": true, "DASH.example": true, "dash.example:443": true,
		"10.0.0.7:5001": false, "10.0.0.7": false, "10.0.0.8": false, "evil.example": false, "dash.example.evil.example": false,
		"xdash.example": false, "localhost.evil.example": false,
	} {
		r, body := s.do("GET", "/api/clock", "Host: "+host)
		if known && r.StatusCode != 200 || !known && (r.StatusCode != 421 || !strings.Contains(body, "ALLOWED_HOSTS")) {
			t.Errorf("%s: %s %s", host, r.Status, body)
		}
		if r, _ := s.do("POST", "/api/list", "Host: "+host); known != (r.StatusCode == 202) {
			t.Errorf("POST to %s: %s", host, r.Status)
		}
	}
}

// TestTheAddressThatWasAsked is known by itself where the server listens on
// all: it cannot be rebound as a name can.
func TestTheAddressThatWasAsked(t *testing.T) {
	srv := New(Options{Log: slog.New(slog.DiscardHandler), ListenAddr: "[::]:5000"}, nil)
	to := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 5000}
	for host, known := range map[string]bool{"192.0.2.7": true, "192.0.2.7:81": true, "192.0.2.8": false, "name.example": false} {
		if got := srv.knownHost(host, to); got != known {
			t.Errorf("%s at %s: known is %t", host, to, got)
		}
	}
}

// TestOriginBehindAProxy: the browser's origin is the public one, while the
// proxy rewrites the Host.
func TestOriginBehindAProxy(t *testing.T) {
	s := serve(t, plainRoutes, func(o *Options) { o.PublicURL = "https://dash.example" })
	for name, tc := range map[string]struct {
		headers []string
		status  int
	}{
		"rewritten Host":            {[]string{"Origin: https://dash.example"}, 202},
		"rewritten Host, new":       {[]string{"Origin: https://dash.example", "Sec-Fetch-Site: same-origin"}, 202},
		"kept Host":                 {[]string{"Host: dash.example", "Origin: https://dash.example"}, 202},
		"another origin":            {[]string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, 403},
		"another origin, old":       {[]string{"Host: dash.example", "Origin: https://evil.example"}, 403},
		"plain http of the public":  {[]string{"Origin: http://dash.example", "Sec-Fetch-Site: cross-site"}, 403},
		"another port of it":        {[]string{"Origin: https://dash.example:8443", "Sec-Fetch-Site: same-site"}, 403},
		"the page by its own names": {[]string{"Origin: http://localhost", "Host: localhost"}, 202},
	} {
		if r, body := s.do("POST", "/api/list", tc.headers...); r.StatusCode != tc.status {
			t.Errorf("%s: %s %s, want %d", name, r.Status, body, tc.status)
		}
	}
}
