package faults

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// fault is one way in which a server or a network fails.
type fault struct {
	name    string
	refuses bool            // the connection is refused; nothing is served
	serve   func(*exchange) // answers a request
	fits    func(*call) bool
	slow    bool   // it ends by the program's own deadlines, which are set short
	heavy   bool   // its memory is measured
	want    expect // of a question
	sent    expect // of what changes something upstream: a message, a dispatch
	effect  effect // what its content leaves behind, where it is accepted
}

// effect is what the content of a well-formed answer leaves behind. It cannot
// be distinguished from the truth, so it stays until the upstream says otherwise.
type effect int

const (
	nothing   effect = iota
	otherText        // the figures are the same, the rows may differ
	moreRows         // there are more rows, and none is lost
)

// expect is what a pair must end with: one of the codes, "" for success, and
// words in the sentence.
type expect struct {
	codes []telemetry.Code
	words string // a regular expression; "" is any
}

func is(words string, codes ...telemetry.Code) expect { return expect{codes, words} }

const (
	fine    = telemetry.Code("")
	unknown = telemetry.CodeOutcomeUnknown
	broken  = telemetry.CodeUpstreamBroken
	down    = telemetry.CodeUpstreamDown
	late    = telemetry.CodeUpstreamTimeout
	denied  = telemetry.CodeUpstreamDenied
	limited = telemetry.CodeRateLimited
	absent  = telemetry.CodeUpstreamNotFound
	refusal = telemetry.CodeUpstreamRejected
)

// notKnown are the words for a message or a dispatch of unknown outcome.
const notKnown = `not known|unknown whether|may or may not`

// faults is the table's other side.
func faults() []fault {
	var all []fault
	for _, group := range [][]fault{connections(), statuses(), bodies(), shapes(), sizes(), redirects(), pages(), contents()} {
		all = append(all, group...)
	}
	return all
}

func connections() []fault {
	return []fault{
		{name: "refused", refuses: true, want: is("refused", down), sent: is("refused", down)},
		{name: "reset before the answer", serve: func(x *exchange) { reset(x.hijack()) }, want: is("", down), sent: is(notKnown, unknown)},
		{name: "reset mid-body", fits: (*call).hasBody, serve: func(x *exchange) { conn, _ := x.begin(); reset(conn) },
			want: is("", broken, down), sent: is(notKnown, unknown)},
		{name: "stalled", slow: true, serve: func(x *exchange) { x.wait(x.hijack()) }, want: is("in time", late), sent: is(notKnown, unknown)},
		{name: "stalled mid-body", slow: true, fits: (*call).hasBody, serve: func(x *exchange) { conn, _ := x.begin(); x.wait(conn) },
			want: is("in time", late), sent: is(notKnown, unknown)},
		{name: "slow drip", slow: true, fits: (*call).hasBody, serve: drip, want: is("in time", late), sent: is(notKnown, unknown)},
		{name: "not HTTP", serve: func(x *exchange) { raw(x, "SSH-2.0-OpenSSH_9.2\r\n", 1) }, want: is("", down, broken),
			sent: is(notKnown, unknown)},
		{name: "headers without end", serve: func(x *exchange) {
			raw(x, "HTTP/1.1 200 OK\r\n"+strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 64), 1<<10)
		}, want: is("", down, broken), sent: is(notKnown, unknown)},
		{name: "hints without end", serve: func(x *exchange) {
			raw(x, strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: <"+strings.Repeat("a", 4000)+">\r\n\r\n", 16), 1<<10)
		}, want: is("", down, broken, late), sent: is(notKnown, unknown)},
	}
}

// raw writes a text some times, until the asker is gone.
func raw(x *exchange, text string, times int) {
	conn := x.hijack()
	defer conn.Close()
	for range times {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

// drip sends the answer a byte at a time: JSON after spaces without end.
func drip(x *exchange) {
	truth := x.truth()
	body := truth.Body.Bytes()
	for name, values := range truth.Header() {
		x.w.Header()[name] = values
	}
	x.w.Header().Del("Content-Length")
	if truth.Code == http.StatusNoContent {
		truth.Code = http.StatusOK
	}
	x.w.WriteHeader(truth.Code)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	flush := http.NewResponseController(x.w)
	for i := 0; ; i++ {
		b := []byte(" ")
		if x.call.kind == kindBytes && i < len(body) {
			b = body[i : i+1]
		}
		if _, err := x.w.Write(b); err != nil || flush.Flush() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-x.r.Context().Done():
			return
		case <-x.wire.ended:
			return
		}
	}
}

// problem is an error in the form of the API that is asked. It repeats the
// token, as careless servers do.
func problem(status int, message, devinMessage string, headers ...string) func(*exchange) {
	return func(x *exchange) {
		said := message
		if x.call.devin() {
			said = devinMessage
		}
		said += " (" + x.r.Header.Get("Authorization") + ")"
		field := "message"
		if x.call.devin() {
			field = "detail"
		}
		x.respond(status, "application/json",
			fmt.Sprintf(`{%q: %q, "documentation_url": "https://docs.github.com/rest", "status": %d}`, field, said, status), headers...)
	}
}

func ofGitHub(c *call) bool { return !c.devin() }

func statuses() []fault {
	const primary = "API rate limit exceeded for user ID 1."
	return []fault{
		{name: "401", serve: problem(401, "Bad credentials", "Invalid API key"), want: is("401", telemetry.CodeUpstreamToken),
			sent: is("401", telemetry.CodeUpstreamToken)},
		{name: "403 permission", serve: problem(403, "Resource not accessible by personal access token", "Missing permission"),
			want: is("permission", denied), sent: is("permission|may not", denied)},
		{name: "403 primary limit", fits: ofGitHub, serve: func(x *exchange) {
			reset := strconv.FormatInt(x.wire.now().Add(30*time.Minute).Unix(), 10)
			problem(403, primary, "", "X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", reset)(x)
		}, want: is("limit", limited), sent: is("limit", limited)},
		{name: "403 secondary limit", fits: ofGitHub, serve: problem(403, "You have exceeded a secondary rate limit.", "", "Retry-After", "60"),
			want: is("limit", limited), sent: is("limit", limited)},
		{name: "403 IP allow list", fits: ofGitHub, serve: problem(403,
			"Although you appear to have the correct authorization credentials, the `octo` organization has an IP allow list enabled, "+
				"and your IP address is not permitted to access this resource.", ""),
			want: is("IP (allow list|address)", denied), sent: is("IP (allow list|address)", denied)},
		{name: "404", serve: problem(404, "Not Found", "Not Found"), want: is("404", absent), sent: is("404", absent)},
		{name: "429 with Retry-After", serve: problem(429, "Too many requests", "Too many requests", "Retry-After", "90"),
			want: is("limit", limited), sent: is("limit", limited)},
		{name: "429 without", serve: problem(429, "Too many requests", "Too many requests"), want: is("limit", limited),
			sent: is("limit", limited)},
		{name: "500", serve: problem(500, "Server Error", "Server Error"), want: is("500", down), sent: is(notKnown, unknown)},
		{name: "502 HTML", serve: page(502), want: is("502", down), sent: is(notKnown, unknown)},
		{name: "503 with Retry-After", serve: problem(503, "Unavailable", "Unavailable", "Retry-After", "30"),
			want: is("503", down, limited), sent: is(notKnown, unknown)},
	}
}

// page answers with a page for people.
func page(status int) func(*exchange) {
	return func(x *exchange) {
		x.respond(status, "text/html; charset=utf-8", "<!doctype html><title>Sign in</title><p>Please sign in.", "ETag", `"html"`)
	}
}

func bodies() []fault {
	return []fault{
		{name: "HTML with 200", serve: page(200), want: is("", broken), sent: is(notKnown, unknown)},
		{name: "empty 200", serve: func(x *exchange) { x.respond(200, "application/json", "", "ETag", `"empty"`) },
			want: is("", broken), sent: is(notKnown, unknown)},
		{name: "204", serve: func(x *exchange) { x.w.WriteHeader(204) }, want: is("", broken), sent: is(notKnown, unknown)},
		{name: "202 and no more", serve: func(x *exchange) { x.respond(202, "application/json", "{}") }, want: is("", broken),
			sent: is(notKnown, unknown)},
		{name: "truncated JSON", fits: (*call).hasBody, serve: func(x *exchange) {
			if conn, _ := x.begin(); conn != nil {
				_ = conn.Close()
			}
		}, want: is("", broken, down), sent: is(notKnown, unknown)},
		{name: "cut but well-framed", fits: (*call).hasBody, serve: func(x *exchange) {
			truth := x.truth()
			body := truth.Body.Bytes()
			if len(body) < 8 {
				truth.Code, body = 200, []byte(`{"detail": "It runs."}`)
			}
			x.answer(truth, body[:len(body)/2], true)
		}, want: is("", broken), sent: is(notKnown, unknown)},
		{name: "not gzip", fits: (*call).hasBody, serve: func(x *exchange) {
			x.respond(200, "application/json", "{}[]nothing of the kind", "Content-Encoding", "gzip")
		}, want: is("", broken, down), sent: is(notKnown, unknown)},
	}
}

func shapes() []fault {
	return []fault{
		{name: "wrong types", fits: (*call).isJSON, want: is("", broken), sent: is(notKnown, unknown),
			serve: reshape(true, func(_ *exchange, v any) any { return each(v, "", wrongTypes) })},
		{name: "a number", fits: (*call).isJSON, want: is("", broken), sent: is(notKnown, unknown),
			serve: reshape(true, func(*exchange, any) any { return 42 })},
		{name: "list for object", fits: (*call).isJSON, want: is("", broken), sent: is(notKnown, unknown),
			serve: reshape(true, func(_ *exchange, v any) any {
				if _, list := v.([]any); list {
					return map[string]any{}
				}
				return []any{}
			})},
		{name: "null for the object", fits: (*call).isJSON, want: is("", broken), sent: is(notKnown, unknown),
			serve: reshape(true, func(*exchange, any) any { return nil })},
		{name: "nothing in the object", fits: (*call).isObject, want: is("", broken), sent: is(notKnown, unknown),
			serve: reshape(true, func(*exchange, any) any { return map[string]any{} })},
		{name: "null for the list", fits: (*call).holdsList, want: is("", broken), serve: reshapeRows(true, func([]any) any { return nil })},
		{name: "object for the list", fits: (*call).holdsList, want: is("", broken),
			serve: reshapeRows(true, func([]any) any { return map[string]any{"a": 1} })},
		{name: "null row", fits: (*call).hasRows, want: is("", broken),
			serve: reshapeRows(true, func(rows []any) any { return append([]any{nil}, rows...) })},
		{name: "every row null", fits: (*call).hasRows, want: is("", broken),
			serve: reshapeRows(true, func(rows []any) any { return make([]any, max(len(rows), 1)) })},
		{name: "every row unreadable", fits: (*call).hasRows, want: is("", broken),
			serve: reshapeRows(true, func(rows []any) any { return like(rows, map[string]any{"unexpected": true}) })},
		{name: "rows of numbers", fits: (*call).hasRows, want: is("", broken),
			serve: reshapeRows(true, func(rows []any) any { return like(rows, 42) })},
		{name: "nested without end", fits: (*call).isJSON, want: is("", broken), sent: is(notKnown, unknown), serve: func(x *exchange) {
			x.respond(200, "application/json", strings.Repeat(`{"a":[`, 200_000))
		}},
	}
}

// like returns as many of v as there are rows, one at the least.
func like(rows []any, v any) []any {
	out := make([]any, max(len(rows), 1))
	for i := range out {
		out[i] = v
	}
	return out
}

// bomb is how many bytes a heavy answer has unpacked.
const bomb = 68 << 20

func sizes() []fault {
	return []fault{
		{name: "gzip bomb of rows", heavy: true, fits: (*call).isJSON, want: is("", broken), sent: is(notKnown, unknown), serve: bombOf("{},")},
		{name: "gzip bomb of spaces", heavy: true, fits: (*call).hasBody, want: is("", broken), sent: is(notKnown, unknown), serve: bombOf(" ")},
		{name: "huge rows", heavy: true, fits: (*call).isJSON, want: is("", broken), sent: is(notKnown, unknown), serve: huge},
	}
}

// bombOf answers with little on the wire that unpacks to much.
func bombOf(text string) func(*exchange) {
	return func(x *exchange) {
		truth := x.truth()
		if truth.Header().Get("Etag") != "" {
			x.w.Header().Set("ETag", truth.Header().Get("Etag"))
		}
		x.w.Header().Set("Content-Type", "application/json")
		x.w.Header().Set("Content-Encoding", "gzip")
		x.w.WriteHeader(200)
		zip, _ := gzip.NewWriterLevel(x.w, gzip.BestSpeed) // a known level
		defer zip.Close()
		if text != " " {
			_, _ = io.WriteString(zip, x.call.opening())
		}
		x.flood(zip, text)
	}
}

// huge answers with one row that is longer than any answer may be.
func huge(x *exchange) {
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(200)
	_, _ = io.WriteString(x.w, x.call.opening()+`{"title": "`)
	x.flood(x.w, "a")
}

// flood repeats a text up to the size of a bomb, or until the reader is gone.
func (x *exchange) flood(to io.Writer, text string) {
	chunk := []byte(strings.Repeat(text, (64<<10)/len(text)))
	for n := 0; n < bomb; n += len(chunk) {
		if _, err := to.Write(chunk); err != nil {
			return
		}
	}
}

// opening is the beginning of an answer up to its list, or to a list in a
// field of its own.
func (c *call) opening() string {
	switch {
	case c.kind == kindList:
		return "["
	case c.list != "":
		return `{"` + c.list + `": [`
	}
	return `{"number": 7, "labels": [`
}

func redirects() []fault {
	elsewhere := is("not followed|elsewhere|redirect", refusal, broken)
	sent := is("not followed|elsewhere|redirect|"+notKnown, refusal, broken, unknown)
	return []fault{
		{name: "redirect to another host", want: elsewhere, sent: sent, serve: func(x *exchange) {
			status := http.StatusFound
			if x.r.Method != http.MethodGet {
				status = http.StatusTemporaryRedirect
			}
			x.respond(status, "application/json", "{}", "Location", x.wire.other.url()+x.r.URL.RequestURI())
		}},
		{name: "redirect loop", want: elsewhere, sent: sent, serve: func(x *exchange) {
			x.respond(http.StatusTemporaryRedirect, "application/json", "{}", "Location", "http://"+x.r.Host+x.r.URL.RequestURI())
		}},
		{name: "redirect to nowhere", want: is("", refusal, broken), sent: is("", refusal, broken, unknown), serve: func(x *exchange) {
			x.respond(http.StatusFound, "application/json", "{}")
		}},
	}
}

func pages() []fault {
	return []fault{
		{name: "list without end", effect: moreRows, fits: func(c *call) bool { return c.paged }, want: is("", broken),
			serve: func(x *exchange) { x.full(true) }},
		{name: "repeated page", effect: moreRows, fits: func(c *call) bool { return c.paged }, want: is("", broken, fine),
			serve: func(x *exchange) { x.full(false) }},
	}
}

// contents are answers in the right shape that are not to be believed.
func contents() []fault {
	return []fault{
		{name: "dates of 2099", effect: otherText, fits: func(c *call) bool { return c.dated }, want: is("", fine),
			serve: reshape(false, func(_ *exchange, v any) any { return each(v, "", datesOf2099) })},
		{name: "odd text", effect: otherText, fits: func(c *call) bool { return c.dated }, want: is("", fine),
			serve: reshape(false, func(_ *exchange, v any) any { return each(v, "", oddText) })},
		{name: "empty list", effect: otherText, fits: (*call).holdsList, want: is("", fine), serve: reshapeRows(false,
			func([]any) any { return []any{} })},
	}
}
