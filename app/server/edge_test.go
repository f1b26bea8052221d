package server

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// patience is how long a test waits for what must end at all.
const patience = time.Minute

// dial opens a connection to the server; the end of the test closes it.
func (s *site) dial() net.Conn {
	s.t.Helper()
	c, err := net.DialTimeout("tcp", s.addr, patience) //nolint:noctx // it has its own deadline
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// say writes text to a new connection as it is, and returns the answer.
func (s *site) say(text string) (reply, string) {
	s.t.Helper()
	c := s.dial()
	if _, err := io.WriteString(c, text); err != nil {
		s.t.Fatal(err)
	}
	return s.hear(c)
}

func (s *site) hear(c net.Conn) (reply, string) {
	s.t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{resp.Status, resp.StatusCode, resp.Header}, string(body)
}

// formRoutes answer what a form's field says.
func formRoutes(*site) []Route {
	read := func(c *fiber.Ctx) error { return c.SendString("field=" + c.FormValue("field")) }
	return []Route{
		{Method: "POST", Path: "/api/form", Handle: read},
		{Method: "DELETE", Path: "/api/form", Handle: read},
		{Method: "GET", Path: "/api/form/:id", Handle: read},
	}
}

func TestOnlyPlainBodiesAreRead(t *testing.T) {
	s := serve(t, formRoutes)
	const form, json = "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: application/json; charset=utf-8\r\n"
	chunked := "Transfer-Encoding: chunked\r\n"
	for name, tc := range map[string]struct {
		method, headers, body string
		status                int
		says                  string
	}{
		"a form":                  {"POST", form, "field=a%2Fb", 200, "field=a/b"},
		"a form in chunks":        {"POST", form + chunked, "5\r\nfield\r\n2\r\n=b\r\n0\r\n\r\n", 200, "field=b"},
		"a form in capitals":      {"POST", strings.ToUpper(form), "field=b", 200, "field=b"},
		"a form with parameters":  {"POST", "Content-Type: Application/X-WWW-Form-Urlencoded;\tCharset=utf-8\r\n", "field=b", 200, "field=b"},
		"JSON":                    {"POST", json, `{"field":"x"}`, 200, "field="},
		"no body":                 {"POST", "", "", 200, "field="},
		"a body without its type": {"POST", "", "field=a", 415, "want JSON or a form"},
		"plain text":              {"POST", "Content-Type: text/plain\r\n", "field=a", 415, "want JSON or a form"},
		"multipart": {"POST", "Content-Type: multipart/form-data; boundary=x\r\n", "--x\r\nContent-Disposition: form-data; name=\"field\"\r\n\r\na\r\n--x--\r\n", 415,
			"want JSON or a form"},
		"a type like the form's":   {"POST", "Content-Type: application/x-www-form-urlencoded2\r\n", "field=a", 415, "want JSON or a form"},
		"gzip":                     {"POST", form + "Content-Encoding: gzip\r\n", "x", 415, "Compressed bodies"},
		"an encoding unknown":      {"POST", form + "Content-Encoding: rot13\r\n", "x", 415, "Compressed bodies"},
		"identity":                 {"POST", form + "Content-Encoding: identity\r\n", "x", 415, "Compressed bodies"},
		"several encodings":        {"POST", form + "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", "x", 415, "Compressed bodies"},
		"gzip in chunks":           {"POST", form + chunked + "content-encoding: gzip\r\n", "1\r\nx\r\n0\r\n\r\n", 415, "Compressed bodies"},
		"gzip of a GET":            {"GET", "Content-Encoding: gzip\r\n", "", 415, "Compressed bodies"},
		"DELETE with a body":       {"DELETE", "Content-Type: text/xml\r\n", "<a/>", 415, "want JSON or a form"},
		"a NUL in a form":          {"POST", form, "field=a%00b", 400, "Invalid form"},
		"a bare NUL in a form":     {"POST", form, "field=a\x00b", 400, "Invalid form"},
		"bad UTF-8 in a form":      {"POST", form, "field=%ff", 400, "Invalid form"},
		"half a percent in a form": {"POST", form, "field=100%", 400, "Invalid form"},
		"bad UTF-8 in JSON":        {"POST", json, "{\"field\":\"\xff\"}", 400, "JSON in UTF-8"},
		"a length that is no number": {"POST", form + "Content-Length: x\r\n", "field=a", 400,
			"cannot be read as HTTP"},
		"two lengths": {"POST", form + "Content-Length: 7\r\nContent-Length: 8\r\n", "field=a", 400, "cannot be read as HTTP"},
		"too long":    {"POST", form, strings.Repeat("a", bodyLimit+1), 413, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			headers, path := tc.headers, "/api/form"
			if !strings.Contains(headers, "Content-Length") && !strings.Contains(headers, "chunked") {
				headers += fmt.Sprintf("Content-Length: %d\r\n", len(tc.body))
			}
			if tc.method == "GET" {
				path += "/x"
			}
			r, body := s.say(tc.method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + tc.body)
			if r.StatusCode != tc.status || !strings.Contains(body, tc.says) {
				t.Errorf("%s %s, want %d %s", r.Status, body, tc.status, tc.says)
			}
		})
	}
}

// TestABombIsNotUnpacked sends 56 KB that would be 57 MB, as a form with a
// file, twenty times.
func TestABombIsNotUnpacked(t *testing.T) {
	s := serve(t, formRoutes)
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	form := multipart.NewWriter(zipped)
	if err := form.SetBoundary("bomb"); err != nil {
		t.Fatal(err)
	}
	file, err := form.CreateFormFile("field", "zeros")
	if err == nil {
		_, err = file.Write(make([]byte, 55<<20))
	}
	if err != nil {
		t.Fatal(err)
	}
	form.Close()
	zipped.Close()
	if packed.Len() > bodyLimit {
		t.Fatalf("the bomb has %d bytes, more than a body may", packed.Len())
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 20 {
		r, body := s.say(fmt.Sprintf("POST /api/form HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=bomb\r\n"+
			"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), packed.String()))
		if r.StatusCode != 415 {
			t.Fatalf("%s %s", r.Status, body)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 32<<20 {
		t.Errorf("twenty bombs of %d bytes took %d MB", packed.Len(), grown>>20)
	}
}

func TestAddressesAreWellFormed(t *testing.T) {
	s := serve(t, formRoutes)
	for target, want := range map[string]struct {
		status int
		says   string
	}{
		"/api/form/x?q=a%20b+%C3%A9%25": {200, "field="},
		"/api/form/%C3%A9":              {200, "field="},
		"/api/form/x?q=%":               {400, "Invalid query"},
		"/api/form/x?q=%2":              {400, "Invalid query"},
		"/api/form/x?q=%zz":             {400, "Invalid query"},
		"/api/form/x?%00":               {400, "Invalid query"},
		"/api/form/x?q=%FF":             {400, "Invalid query"},
		"/api/form/x?q=\xff":            {400, "Invalid query"},
		"/api/form/x?q=%C3":             {400, "Invalid query"},
		"/api/form/x?q=%ED%A0%80":       {400, "Invalid query"},
		"/api/form/%00":                 {404, "Invalid address"},
		"/api/form/%":                   {404, "Invalid address"},
		"/api/form/%C3":                 {404, "Invalid address"},
		"/api/form/\xff":                {404, "Invalid address"},
	} {
		r, body := s.say("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if r.StatusCode != want.status || !strings.Contains(body, want.says) {
			t.Errorf("%q: %s %s, want %d %s", target, r.Status, body, want.status, want.says)
		}
	}
}
