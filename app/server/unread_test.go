package server

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// TestUnreadableRequestsAreAnsweredInTheFormOfTheirPath: fasthttp refuses
// them before any handler runs, and forgets what it read of them.
func TestUnreadableRequestsAreAnsweredInTheFormOfTheirPath(t *testing.T) {
	s := serve(t, plainRoutes)
	const host, chunked = "Host: localhost\r\n", "Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
	long := strings.Repeat("x", readBuffer)
	for name, tc := range map[string]struct {
		line, rest string
		status     int
		code       string // "" for a page
	}{
		"an address too long":                  {"GET /api/list?q=" + long + " HTTP/1.1", host + "\r\n", 431, "too_large"},
		"an address too long, of a page":       {"GET /page?q=" + long + " HTTP/1.1", host + "\r\n", 431, ""},
		"an address too long, absolute":        {"GET http://localhost/api/list?q=" + long + " HTTP/1.1", host + "\r\n", 431, "too_large"},
		"an address too long, absolute page":   {"GET http://localhost/page?q=" + long + " HTTP/1.1", host + "\r\n", 431, ""},
		"an address too long, of the API":      {"GET /api?" + long + " HTTP/1.1", host + "\r\n", 431, "too_large"},
		"an address too long, almost the API":  {"GET /apis?" + long + " HTTP/1.1", host + "\r\n", 431, ""},
		"an address in another's query":        {"GET /page?u=http://localhost/api/" + long + " HTTP/1.1", host + "\r\n", 431, ""},
		"a method too long":                    {strings.Repeat("G", readBuffer) + " /page HTTP/1.1", host + "\r\n", 431, "too_large"},
		"headers too long":                     {"GET /api/list HTTP/1.1", host + "Cookie: " + long + "\r\n\r\n", 431, "too_large"},
		"headers too long, of a page":          {"GET /page HTTP/1.1", host + "Cookie: " + long + "\r\n\r\n", 431, ""},
		"a header without a colon":             {"GET /api/list HTTP/1.1", host + "Accept: text/html\r\nX\r\n\r\n", 400, "invalid"},
		"a header without a colon, of a page":  {"GET /page HTTP/1.1", host + "Referer: http://localhost/api/\r\nX\r\n\r\n", 400, ""},
		"two hosts":                            {"GET /api/list HTTP/1.1", host + host + "\r\n", 400, "invalid"},
		"no host":                              {"GET /api/list HTTP/1.1", "\r\n", 400, "invalid"},
		"a malformed host":                     {"GET /api/list HTTP/1.1", "Host: local host\r\n\r\n", 400, "invalid"},
		"a malformed host, of a page":          {"GET /page HTTP/1.1", "Host: local host\r\n\r\n", 400, ""},
		"a length that is no number":           {"POST /api/list HTTP/1.1", host + "Content-Length: x\r\n\r\n", 400, "invalid"},
		"an encoding that is not known":        {"POST /api/list HTTP/1.1", host + "Transfer-Encoding: gzip\r\n\r\n", 400, "invalid"},
		"a space in the address":               {"GET /api/a list HTTP/1.1", host + "\r\n", 400, "invalid"},
		"two spaces":                           {"GET  /api/list HTTP/1.1", host + "\r\n", 400, "invalid"},
		"a malformed chunk":                    {"POST /api/list HTTP/1.1", chunked + "zz\r\n", 400, "invalid"},
		"a malformed chunk, of a page":         {"POST /page HTTP/1.1", chunked + "zz\r\n", 400, ""},
		"a body too long":                      {"POST /api/list HTTP/1.1", host + "Content-Length: 70000\r\n\r\n", 413, "too_large"},
		"a body too long, of a page":           {"POST /page HTTP/1.1", host + "Content-Length: 70000\r\n\r\n", 413, ""},
		"a body too long in chunks":            {"POST /api/list HTTP/1.1", chunked + "11170\r\n" + strings.Repeat("a", 70000), 413, "too_large"},
		"a body too long in chunks, of a page": {"POST /page HTTP/1.1", chunked + "11170\r\n" + strings.Repeat("a", 70000), 413, ""},
		"an asterisk":                          {"GET * HTTP/1.1", host + "\r\n", 400, "invalid"},
		"no HTTP":                              {"hello", "\r\n", 400, "invalid"},
		"TLS":                                  {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "\r\n", 400, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			r, body := s.say(tc.line + "\r\n" + tc.rest)
			checkForm(t, r, body, tc.status, tc.code)
		})
	}
}

// checkForm holds an error against its status and code, "" for a page's.
func checkForm(t *testing.T, r reply, body string, status int, code string) {
	t.Helper()
	var told struct{ Error, Code string }
	err := json.Unmarshal([]byte(body), &told)
	isPage := strings.HasPrefix(body, "<p>") && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html")
	isJSON := err == nil && told.Error != "" && told.Code == code && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
	if r.StatusCode != status || isPage != (code == "") || isJSON != (code != "") {
		t.Errorf("%s %q: %s, want %d with code %q", r.Status, r.Header.Get("Content-Type"), body, status, code)
	}
}

// TestUnreadableRequestAfterAnother: on a connection that stays open, the form
// is that of the request that cannot be read and not of one before it.
func TestUnreadableRequestAfterAnother(t *testing.T) {
	s := serve(t, plainRoutes)
	const bad = " HTTP/1.1\r\nHost: localhost\r\nX\r\n\r\n"
	for _, tc := range []struct{ first, second, code string }{{"/api/list", "/page", ""}, {"/nothing", "/api/list", "invalid"}} {
		c := s.dial()
		if _, err := io.WriteString(c, "HEAD "+tc.first+" HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		for answer, b := "", make([]byte, 1); !strings.HasSuffix(answer, "\r\n\r\n"); answer += string(b) {
			if _, err := io.ReadFull(c, b); err != nil {
				t.Fatal(err)
			}
		}
		// In pieces, as a slow network brings it.
		for _, piece := range []string{"G", "ET ", tc.second[:3], tc.second[3:] + bad} {
			if _, err := io.WriteString(c, piece); err != nil {
				t.Fatal(err)
			}
		}
		r, body := s.hear(c)
		checkForm(t, r, body, 400, tc.code)
	}
}
