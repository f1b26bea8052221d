package upstream_test

import (
	"net/url"
	"testing"

	"telemetry-dashboard/services/upstream"
)

// TestPlainHTTP: only this machine is asked without TLS.
func TestPlainHTTP(t *testing.T) {
	for raw, want := range map[string]bool{
		"https://api.devin.ai": false, "http://localhost:8080/x": false, "http://LOCALHOST.": false, "http://a.localhost": false,
		"http://127.0.0.1:1": false, "http://127.9.9.9": false, "http://[::1]:1": false, "http://[::ffff:127.0.0.1]": false,
		"http://api.devin.ai": true, "HTTP://10.0.0.1": true, "http://127.0.0.1.example.com": true, "http://localhost.example.com": true,
		"http://0.0.0.0": true, "http://[::]": true, "http://notlocalhost": true, "http://169.254.169.254": true,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := upstream.PlainHTTP(u); got != want {
			t.Errorf("%s: %v, want %v", raw, got, want)
		}
	}
}
