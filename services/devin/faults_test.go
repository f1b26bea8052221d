package devin_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// call is one request that the client makes for one of its methods.
type call struct {
	name   string
	method string // of the client
	key    string
	org    string // "" asks for it
	kind   devintest.Kind
	only   bool // the list is empty, so that the session is asked for by id
	ask    func(ctx context.Context, c *devin.Client) (got int, err error)
}

func calls() []call {
	sessions := func(ctx context.Context, c *devin.Client) (int, error) {
		answer, err := c.Sessions(ctx, hexes(0, 1))
		return len(answer.Sessions), err
	}
	messages := func(ctx context.Context, c *devin.Client) (int, error) {
		msgs, err := c.Messages(ctx, hex(0))
		return len(msgs), err
	}
	fresh := func(ctx context.Context, c *devin.Client) (int, error) {
		msgs, err := c.FreshMessages(ctx, hex(0))
		return len(msgs), err
	}
	changed := func(ctx context.Context, c *devin.Client) (int, error) {
		answer, told, err := c.Changed(ctx, time.Unix(1, 0), hexes(0, 1))
		if err == nil && !told {
			_, err = sessions(ctx, c) // as the poll does: what is asked for by id says why
		}
		return len(answer.Sessions), err
	}
	send := func(ctx context.Context, c *devin.Client) (int, error) {
		if err := c.Send(ctx, hex(0), "go on"); err != nil {
			return 0, err
		}
		return 1, nil
	}
	var orders atomic.Int64
	created := func(ctx context.Context, c *devin.Client) (int, error) {
		made, err := c.Create(ctx, fixes(fmt.Sprintf("batch-%d", orders.Add(1)))) // the same one again is that session
		return len(made.ID), err
	}
	tagged := func(ctx context.Context, c *devin.Client) (int, error) {
		found, err := c.Tagged(ctx, "batch-a", time.Time{})
		return len(found), err
	}
	return []call{
		{"v1 create", "Create", keyV1, "", devintest.KindCreate, false, created},
		{"v1 tagged", "Tagged", keyV1, "", devintest.KindList, false, tagged},
		{"v3 create", "Create", keyV3, org, devintest.KindCreate, false, created},
		{"v3 tagged", "Tagged", keyV3, org, devintest.KindList, false, tagged},
		{"v1 list", "Sessions", keyV1, "", devintest.KindList, false, sessions},
		{"v1 session", "Sessions", keyV1, "", devintest.KindSession, true, sessions},
		{"v1 messages", "Messages", keyV1, "", devintest.KindSession, false, messages},
		{"v1 fresh messages", "FreshMessages", keyV1, "", devintest.KindSession, false, fresh},
		{"v1 send", "Send", keyV1, "", devintest.KindSend, false, send},
		{"v3 self", "Sessions", keyV3, "", devintest.KindSelf, false, sessions},
		{"v3 list", "Sessions", keyV3, org, devintest.KindList, false, sessions},
		{"v3 changes", "Changed", keyV3, org, devintest.KindList, false, changed},
		{"v3 session", "Sessions", keyV3, org, devintest.KindSession, true, sessions},
		{"v3 messages", "Messages", keyV3, org, devintest.KindMessages, false, messages},
		{"v3 fresh messages", "FreshMessages", keyV3, org, devintest.KindMessages, false, fresh},
		{"v3 send", "Send", keyV3, org, devintest.KindSend, false, send},
	}
}

// TestEachMethodHasItsFaults: a method that asks Devin has a row in calls.
func TestEachMethodHasItsFaults(t *testing.T) {
	client, ctx := reflect.TypeFor[*devin.Client](), reflect.TypeFor[context.Context]()
	for i := range client.NumMethod() {
		m := client.Method(i)
		if m.Type.NumIn() < 2 || m.Type.In(1) != ctx {
			continue
		}
		known := false
		for _, c := range calls() {
			known = known || c.method == m.Name
		}
		if !known {
			t.Errorf("%s asks Devin and has no row in calls", m.Name)
		}
	}
}

const (
	fine    telemetry.Code = ""
	broken                 = telemetry.CodeUpstreamBroken
	unknown                = telemetry.CodeOutcomeUnknown
	slow                   = telemetry.CodeUpstreamTimeout
	denied                 = telemetry.CodeUpstreamDenied
	limited                = telemetry.CodeRateLimited
	noOrg                  = telemetry.CodeMissingSetting
)

// fault is one way to fail: what a question becomes and what it says, what a
// message becomes, and the calls that are exceptions.
type fault struct {
	name   string
	f      devintest.Fault
	get    telemetry.Code
	says   string
	send   telemetry.Code
	except map[string]telemetry.Code
}

// lists is a body in which every list that any API has is rows.
func lists(rows string) string {
	return `{"sessions":` + rows + `,"items":` + rows + `,"messages":` + rows + `}`
}

func body(text string) devintest.Fault { return devintest.Fault{Body: text} }

// objects are the exceptions where an object is answered: it may say whose the
// key is, without an organization, and that a message of v3 was sent.
func objects() map[string]telemetry.Code {
	return map[string]telemetry.Code{"v3 self": noOrg, "v3 send": fine}
}

func failures() []fault {
	return []fault{
		{"no answer", devintest.Fault{Abort: true}, telemetry.CodeUpstreamDown, "closed the connection", unknown, nil},
		{"reset in the middle", devintest.Fault{Cut: true}, broken, "cut short", unknown, nil},
		{"no headers", devintest.Fault{Delay: time.Hour}, slow, "in time", unknown, nil},
		{"stalled in the middle", devintest.Fault{Stall: true}, slow, "in time", unknown, nil},
		{"dripped", devintest.Fault{Drip: 150 * time.Millisecond}, slow, "in time", unknown, nil},
		{"401", devintest.Fault{Status: 401}, telemetry.CodeUpstreamToken, "refused the key (401", telemetry.CodeUpstreamToken, nil},
		{"403", devintest.Fault{Status: 403}, denied, "(403)", denied, map[string]telemetry.Code{"v3 self": noOrg}},
		{"403 of a limit", devintest.Fault{Status: 403, Body: `{"detail":"API rate limit exceeded"}`}, limited, "limits the rate", limited, nil},
		{"404", devintest.Fault{Status: 404}, telemetry.CodeUpstreamNotFound, "(404)", telemetry.CodeUpstreamNotFound,
			map[string]telemetry.Code{"v1 session": fine, "v3 session": fine, "v3 self": noOrg}},
		{"429", devintest.Fault{Status: 429}, limited, "does not say for how long", limited, nil},
		{"429 for a while", devintest.Fault{Status: 429, RetryAfter: "90"}, limited, "(429). Try again in 1m30s", limited, nil},
		{"500", devintest.Fault{Status: 500}, telemetry.CodeUpstreamDown, "(500)", unknown, nil},
		{"502 web page", devintest.Fault{Status: 502, NotJSON: true}, telemetry.CodeUpstreamDown, "(502)", unknown, nil},
		{"web page", devintest.Fault{NotJSON: true}, broken, "is a web page", unknown, nil},
		{"nothing", devintest.Fault{Body: "x", Short: true}, broken, "is empty", unknown, nil},
		{"202", devintest.Fault{Status: 202, Body: `{"detail":"queued"}`}, broken, "status 202", unknown, nil},
		{"204", devintest.Fault{Status: 204}, broken, "status 204", unknown, nil},
		{"cut and well framed", devintest.Fault{Short: true}, broken, "cut short", unknown, nil},
		{"no JSON", body("OK"), broken, "is not JSON", unknown, nil},
		{"more than one", body(lists("[]") + lists("[]")), broken, "continues after its end", unknown, nil},
		{"null", body("null"), broken, "Devin's answer", fine, map[string]telemetry.Code{"v1 create": unknown, "v3 create": unknown}},
		{"a number", body("42"), broken, "Devin's answer", unknown, nil},
		{"a text", body(`"done"`), broken, "Devin's answer", unknown, nil},
		{"a list", body("[]"), broken, "Devin's answer", unknown, nil},
		{"an empty object", body("{}"), broken, "Devin's answer", unknown, objects()},
		{"null for a list", body(lists("null")), broken, "Devin's answer", unknown, map[string]telemetry.Code{"v3 self": broken}},
		{"a number for a list", body(lists("42")), broken, "Devin's answer", unknown, nil},
		{"an object for a list", body(lists("{}")), broken, "Devin's answer", unknown, nil},
		{"null rows", body(lists("[null]")), broken, "Devin's answer", unknown, objects()},
		{"rows of another type", body(lists(`[42,"x",[],true]`)), broken, "Devin's answer", unknown, objects()},
		{"rows of other fields", body(lists(`[{"id":"x"}]`)), broken, "Devin's answer", unknown, objects()},
		{"many rows", devintest.Fault{Body: lists("[{}" + strings.Repeat(",{}", 200_000) + "]"), Gzip: true},
			broken, "Devin's answer", unknown, nil},
		{"a large row", devintest.Fault{Body: lists(`[{"x":"` + strings.Repeat("x", 5<<20) + `"}]`), Gzip: true},
			broken, "larger than 4 MB", unknown, nil},
		{"deep rows", body(lists(strings.Repeat("[", 20_000))), broken, "Devin's answer", unknown, nil},
		{"redirect to itself", devintest.Fault{Status: 307, Location: "?"}, telemetry.CodeUpstreamRejected, "not followed",
			telemetry.CodeUpstreamRejected, nil},
		{"see other", devintest.Fault{Status: 303, Location: "/"}, telemetry.CodeUpstreamRejected, "not followed", unknown, nil},
	}
}

// TestEachCallMeetsEachFault: it ends, with the right code and words and
// without the key, and the next call of the same client succeeds.
func TestEachCallMeetsEachFault(t *testing.T) {
	for _, f := range failures() {
		t.Run(f.name, func(t *testing.T) {
			var all sync.WaitGroup
			for _, c := range calls() { // most of a pair's time is waiting
				all.Go(func() { meet(t, c, f) })
			}
			all.Wait()
		})
	}
}

func meet(t *testing.T, call call, f fault) {
	p := devintest.New(devintest.Options{Key: call.key, OrgID: org, Now: monday})
	talk(p, hex(0), 2)
	p.Update(hex(0), func(s *devintest.Session) { s.Tags = []string{"batch-a"} })
	o := devin.Options{Key: call.key, OrgID: call.org, HTTPTimeout: time.Minute}
	if f.get == slow {
		o.HTTPTimeout = 200 * time.Millisecond
	}
	c := connect(t, p, o)
	if call.only {
		p.Fail(devintest.KindList, body(lists("[]")))
	}
	p.Fail(call.kind, f.f)
	want, says := f.get, f.says
	if call.kind == devintest.KindSend || call.kind == devintest.KindCreate {
		want, says = f.send, ""
	}
	if except, ok := f.except[call.name]; ok {
		want, says = except, ""
	}
	if want == unknown {
		says = "not known whether"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	got, err := call.ask(ctx, c)
	switch {
	case ctx.Err() != nil:
		t.Errorf("%s: it did not end", call.name)
	case (err == nil) != (want == fine) || err != nil && telemetry.CodeOf(err) != want:
		t.Errorf("%s: code %s, want %q: %v", call.name, telemetry.CodeOf(err), want, err)
	case err != nil && got != 0 && call.kind != devintest.KindList: // who is not listed is asked for by id
		t.Errorf("%s: %d beside %v", call.name, got, err)
	case err != nil && (!strings.Contains(sentence(err), says) || strings.Contains(err.Error(), "s3cret")):
		t.Errorf("%s: %v; want %q", call.name, err, says)
	}
	p.Fail(call.kind, devintest.Fault{})
	p.Fail(devintest.KindList, devintest.Fault{})
	if got, err := call.ask(ctx, c); err != nil || got == 0 {
		t.Errorf("%s, after the fault: %d, %v", call.name, got, err)
	}
}

// TestRedirectsAreNotFollowed: no other host sees a request, let alone the key.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var seen atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, call := range calls() {
			p := devintest.New(devintest.Options{Key: call.key, OrgID: org})
			talk(p, hex(0), 2)
			p.Fail(devintest.KindAny, devintest.Fault{Status: status, Location: other.URL})
			c := connect(t, p, devin.Options{Key: call.key, OrgID: call.org})
			if _, err := call.ask(t.Context(), c); err == nil {
				t.Errorf("%d, %s: no error", status, call.name)
			}
		}
	}
	if n := seen.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

// faulty is a transport that panics, as a fault in the client would.
type faulty struct{}

func (faulty) RoundTrip(*http.Request) (*http.Response, error) { panic("a fault") }

// TestAFaultInTheClientIsAnError, and not the end of the process.
func TestAFaultInTheClientIsAnError(t *testing.T) {
	for _, call := range calls() {
		if call.method == "Send" || call.method == "Create" {
			continue // on the goroutine of its caller
		}
		c := connect(t, nil, devin.Options{BaseURL: devin.DefaultURL, Key: call.key, OrgID: call.org, Transport: faulty{}})
		if _, err := call.ask(t.Context(), c); telemetry.CodeOf(err) != telemetry.CodeInternal || !strings.Contains(sentence(err), "Devin") {
			t.Errorf("%s: %v", call.name, err)
		}
	}
}

// TestPlainHTTP: a key goes over it to this machine only, unless that is allowed.
func TestPlainHTTP(t *testing.T) {
	for _, tc := range []struct {
		url     string
		key     string
		allowed bool
		refused bool
	}{
		{"http://devin.example", keyV3, false, true},
		{"http://10.0.0.7:8080/devin", keyV1, false, true},
		{"http://devin.example", keyV3, true, false},
		{"http://devin.example", "", false, false},
		{"http://localhost:8080", keyV3, false, false},
		{"http://[::1]:8080", keyV1, false, false},
		{"https://devin.example", keyV3, false, false},
	} {
		_, err := devin.New(devin.Options{BaseURL: tc.url, Key: tc.key, AllowPlainHTTP: tc.allowed})
		if (err != nil) != tc.refused || err != nil && (telemetry.CodeOf(err) != telemetry.CodeInvalid ||
			!strings.Contains(sentence(err), "ALLOW_PLAIN_HTTP_UPSTREAM") || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("%s, allowed %v: %v", tc.url, tc.allowed, err)
		}
	}
}
