package devin_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// TestFaults: what each failure of the server becomes, by what was asked, and
// after how many requests.
func TestFaults(t *testing.T) {
	date := monday().Add(90 * time.Second).Format(http.TimeFormat)
	for _, tc := range []struct {
		name            string
		fault           devintest.Fault
		code            telemetry.Code
		says            string
		retryAfter      time.Duration
		list, msgs, one int // requests of Sessions, Messages and Send
	}{
		{"401", devintest.Fault{Status: 401}, telemetry.CodeUpstreamToken, "DEVIN_API_KEY", 0, 1, 1, 1},
		{"403", devintest.Fault{Status: 403}, telemetry.CodeUpstreamDenied, "(403)", 0, 1, 1, 1},
		{"403 for two minutes", devintest.Fault{Status: 403, RetryAfter: "120", Body: `{"detail":"Rate limit exceeded."}`},
			telemetry.CodeRateLimited, "(403). Try again in 2m0s", 2 * time.Minute, 1, 1, 1},
		{"403 of a firewall", devintest.Fault{Status: 403, NotJSON: true}, telemetry.CodeUpstreamDown, "a proxy or firewall answered", 0, 1, 1, 1},
		{"407", devintest.Fault{Status: 407}, telemetry.CodeUpstreamDown, "HTTPS_PROXY", 0, 1, 1, 1},
		{"404", devintest.Fault{Status: 404}, telemetry.CodeUpstreamNotFound, "(404)", 0, 1, 2, 2},
		{"409", devintest.Fault{Status: 409}, telemetry.CodeUpstreamRejected, "(409)", 0, 1, 1, 1},
		{"redirect", devintest.Fault{Status: 302}, telemetry.CodeUpstreamRejected, "points elsewhere", 0, 1, 1, 1},
		{"429 for two minutes", devintest.Fault{Status: 429, RetryAfter: "120"}, telemetry.CodeRateLimited, "in 2m0s", 2 * time.Minute, 1, 1, 1},
		{"429 until a date", devintest.Fault{Status: 429, RetryAfter: date}, telemetry.CodeRateLimited, "in 1m30s", 90 * time.Second, 1, 1, 1},
		{"429 alone", devintest.Fault{Status: 429},
			telemetry.CodeRateLimited, "does not say for how long. Try again in 1m0s", time.Minute, 1, 1, 1},
		{"429 for ever", devintest.Fault{Status: 429, RetryAfter: "99999999"}, telemetry.CodeRateLimited, "in 1m0s", time.Minute, 1, 1, 1},
		{"429 of the past", devintest.Fault{Status: 429, RetryAfter: "-3"}, telemetry.CodeRateLimited, "in 1m0s", time.Minute, 1, 1, 1},
		{"429 in words", devintest.Fault{Status: 429, RetryAfter: "soon"}, telemetry.CodeRateLimited, "in 1m0s", time.Minute, 1, 1, 1},
		{"500", devintest.Fault{Status: 500}, telemetry.CodeUpstreamDown, "(500)", 0, 3, 3, 1},
		{"501", devintest.Fault{Status: 501}, telemetry.CodeUpstreamDown, "(501)", 0, 1, 1, 1},
		{"503", devintest.Fault{Status: 503}, telemetry.CodeUpstreamDown, "(503)", 0, 3, 3, 1},
		{"no answer", devintest.Fault{Abort: true}, telemetry.CodeUpstreamDown, "answer", 0, 3, 3, 1},
		{"too late", devintest.Fault{Delay: time.Minute}, telemetry.CodeUpstreamTimeout, "in time", 0, 1, 1, 1},
		{"a web page", devintest.Fault{NotJSON: true}, telemetry.CodeUpstreamBroken, "is a web page", 0, 1, 1, 1},
		{"cut short", devintest.Fault{Cut: true}, telemetry.CodeUpstreamBroken, "was cut short", 0, 3, 3, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachAPI(t, func(t *testing.T, key string) {
				tc := tc
				o := devin.Options{Key: key, OrgID: org, Now: monday}
				if tc.fault.Delay > 0 {
					o.HTTPTimeout = 50 * time.Millisecond
				}
				p := devintest.New(devintest.Options{Key: key, OrgID: org, Now: monday})
				fill(p, hexes(0, 3))
				p.Fail(devintest.KindAny, tc.fault)
				c := connect(t, p, o)
				check := func(what string, err error, requests int) {
					t.Helper()
					e, ok := errors.AsType[*telemetry.Error](err)
					if !ok || e.Code != tc.code || e.RetryAfter != tc.retryAfter || !strings.Contains(e.Message, tc.says) {
						t.Errorf("%s: %v (code %s), want code %s and %q", what, err, telemetry.CodeOf(err), tc.code, tc.says)
					} else if strings.Contains(err.Error(), "s3cret") || !strings.HasSuffix(strings.TrimSuffix(e.Message, "”"), ".") {
						t.Errorf("%s: %q holds the key or is no sentence", what, err)
					}
					if n := total(p); n != requests {
						t.Errorf("%s: %d requests, want %d: %v", what, n, requests, p.Counts())
					}
					p.ResetCounts()
				}
				answer, err := c.Sessions(t.Context(), hexes(0, 3))
				check("Sessions", err, tc.list)
				same(t, "skipped", hexes(0, 3), answer.Skipped)
				_, err = c.Messages(t.Context(), hex(0))
				check("Messages", err, tc.msgs)
				if tc.fault.Status == 0 || tc.fault.Status >= 500 {
					tc.code, tc.says = telemetry.CodeOutcomeUnknown, "not known whether"
				}
				check("Send", c.Send(t.Context(), hex(0), "go on"), tc.one)
			})
		})
	}
}

// total is how many requests a player got.
func total(p *devintest.Player) (n int) {
	for _, of := range p.Counts() {
		n += of
	}
	return n
}

// TestPassingFaults: a GET is asked again. (A limit is not: nobody waits for its end.)
func TestPassingFaults(t *testing.T) {
	for _, fault := range []devintest.Fault{
		{Status: 503, Times: 2}, {Status: 500, Times: 1}, {Abort: true, Times: 1}, {Cut: true, Times: 1},
		{Status: 503, RetryAfter: "3600", Times: 1},
	} {
		eachAPI(t, func(t *testing.T, key string) {
			p, c := played(t, key, 0)
			fill(p, hexes(0, 2))
			p.Fail(devintest.KindList, fault)
			answer, err := c.Sessions(t.Context(), hexes(0, 2))
			if err != nil || p.Counts()[devintest.KindList] != fault.Times+1 {
				t.Errorf("%+v: %v after %v", fault, err, p.Counts())
			}
			same(t, "found", hexes(0, 2), idsOf(answer.Sessions))
		})
	}
}

// TestUnreachable: no server, no name, no key.
func TestUnreachable(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, tc := range []struct {
		url, key string
		code     telemetry.Code
		says     string
	}{
		{gone.URL, "", telemetry.CodeMissingSetting, "DEVIN_API_KEY"},
		{gone.URL, keyV1, telemetry.CodeUpstreamDown, "refused the connection. Check"},
		{gone.URL, keyV3, telemetry.CodeUpstreamDown, "refused the connection. Check"},
		{"https://devin.invalid", keyV3, telemetry.CodeUpstreamDown, "does not resolve"},
	} {
		c := connect(t, nil, devin.Options{BaseURL: tc.url, Key: tc.key, OrgID: org})
		answer, err := c.Sessions(t.Context(), hexes(0, 2))
		same(t, "skipped", hexes(0, 2), answer.Skipped)
		_, asked := c.Messages(t.Context(), hex(0))
		for what, err := range map[string]error{"Sessions": err, "Messages": asked, "Send": c.Send(t.Context(), hex(0), "go on")} {
			if telemetry.CodeOf(err) != tc.code || !strings.Contains(sentence(err), tc.says) {
				t.Errorf("%s %s: %s: %v", tc.url, tc.key, what, err)
			}
		}
	}
}

// TestSendSaysWhatIsKnown: whether the message may have arrived.
func TestSendSaysWhatIsKnown(t *testing.T) {
	for _, tc := range []struct {
		fault devintest.Fault
		says  map[string]string
	}{
		{devintest.Fault{Status: 403}, map[string]string{keyV1: "may not send messages", keyV3: "ManageOrgSessions"}},
		{devintest.Fault{Status: 404}, map[string]string{keyV1: "cannot find this session", keyV3: "cannot find this session"}},
		{devintest.Fault{Status: 409}, map[string]string{keyV1: "over or archived", keyV3: "over or archived"}},
		{devintest.Fault{Status: 502}, map[string]string{keyV1: "not known whether", keyV3: "not known whether"}},
		{devintest.Fault{Abort: true}, map[string]string{keyV1: "not known whether", keyV3: "not known whether"}},
	} {
		eachAPI(t, func(t *testing.T, key string) {
			p, c := played(t, key, 0)
			fill(p, hexes(0, 1))
			p.Fail(devintest.KindSend, tc.fault)
			if err := c.Send(t.Context(), hex(0), "go on"); !strings.Contains(sentence(err), tc.says[key]) {
				t.Errorf("%+v: %v, want %q", tc.fault, err, tc.says[key])
			}
		})
	}
}

// TestSendToAWebPage: a page for people is not a receipt.
func TestSendToAWebPage(t *testing.T) {
	for _, key := range []string{keyV1, keyV3} {
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<html>Sign in</html>"))
		}), devin.Options{Key: key, OrgID: org})
		err := c.Send(t.Context(), hex(0), "go on")
		if telemetry.CodeOf(err) != telemetry.CodeOutcomeUnknown || !strings.Contains(err.Error(), "not known whether") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestDevinsWords: what Devin says of a failure is told, short and without the key.
func TestDevinsWords(t *testing.T) {
	for body, want := range map[string]string{
		`{"detail":"Bad\n  key cog_s3cret."}`:                      "Devin says: “Bad key ….”",
		`{"title":"Teapot","status":418,"detail":null}`:            "Devin says: “Teapot”",
		`{"detail":[{"loc":["query","limit"],"msg":"too large"}]}`: "Devin says: “too large”",
		`{"detail":"` + strings.Repeat("ä", 500) + `"}`:            "Devin says: “" + strings.Repeat("ä", 199) + "…”",
		`<h1>Teapot</h1>`: "(418).",
		`{"detail":7}`:    "(418).",
		``:                "(418).",
	} {
		c := connect(t, &scripted{answer: func(*http.Request) (int, string) { return 418, body }}, devin.Options{Key: keyV3, OrgID: org})
		if _, err := c.Sessions(t.Context(), hexes(0, 1)); !strings.HasSuffix(sentence(err), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %q, want %q", body, sentence(err), want)
		}
	}
}

// TestAnswersThatAreNone: JSON that is not the list.
func TestAnswersThatAreNone(t *testing.T) {
	for body, says := range map[string]string{
		`[]`: "names no", `7`: "names no", `null`: "names no", `{}`: "names no", `{"sessions":5,"items":{}}`: "names no",
		`{"sessions":[{"session_id":"x","sta`: "was cut short", ``: "is empty", `}`: "is not JSON", "\x00": "is not JSON",
	} {
		eachAPI(t, func(t *testing.T, key string) {
			c := connect(t, &scripted{answer: func(*http.Request) (int, string) { return 200, body }}, devin.Options{Key: key, OrgID: org})
			if _, err := c.Sessions(t.Context(), hexes(0, 1)); telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || !strings.Contains(sentence(err), says) {
				t.Errorf("%q: %v, want %q", body, err, says)
			}
		})
	}
}

// TestPartialResults: what was learnt before a failure is answered beside it.
func TestPartialResults(t *testing.T) {
	t.Run("v1 the second page fails", func(t *testing.T) {
		t.Parallel()
		p := devintest.New(devintest.Options{Key: keyV1})
		fill(p, hexes(0, 150))
		c := connect(t, after(1, p), devin.Options{Key: keyV1})
		answer, err := c.Sessions(t.Context(), hexes(0, 150))
		if telemetry.CodeOf(err) != telemetry.CodeUpstreamToken {
			t.Error(err)
		}
		same(t, "found", hexes(50, 150), idsOf(answer.Sessions))
		same(t, "skipped", hexes(0, 50), answer.Skipped)
	})
	t.Run("v3 the second chunk fails", func(t *testing.T) {
		t.Parallel()
		p := devintest.New(devintest.Options{Key: keyV3, OrgID: org})
		fill(p, hexes(0, 150))
		c := connect(t, after(1, p), devin.Options{Key: keyV3, OrgID: org})
		answer, err := c.Sessions(t.Context(), hexes(0, 150))
		if telemetry.CodeOf(err) != telemetry.CodeUpstreamToken {
			t.Error(err)
		}
		same(t, "found", hexes(0, 127), idsOf(answer.Sessions))
		same(t, "skipped", hexes(127, 150), answer.Skipped)
	})
	eachAPI(t, func(t *testing.T, key string) { // one of those by id fails; the others are asked
		s := &scripted{answer: func(r *http.Request) (int, string) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/sessions"):
				return 200, `{"sessions":[],"items":[]}`
			case strings.HasSuffix(r.URL.Path, hex(1)):
				return 403, `{}`
			}
			return 200, `{"session_id":"` + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] + `","status":"working"}`
		}}
		c := connect(t, s, devin.Options{Key: key, OrgID: org})
		answer, err := c.Sessions(t.Context(), hexes(0, 9))
		if telemetry.CodeOf(err) != telemetry.CodeUpstreamDenied {
			t.Error(err)
		}
		same(t, "skipped", hexes(1, 2), answer.Skipped)
	})
}

// TestTurnEnds: when Devin limits, no further session is asked for by id.
func TestTurnEnds(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		p.Fail(devintest.KindSession, devintest.Fault{Status: 429, RetryAfter: "60"})
		answer, err := c.Sessions(t.Context(), hexes(0, 20))
		if telemetry.CodeOf(err) != telemetry.CodeRateLimited {
			t.Error(err)
		}
		same(t, "skipped", hexes(0, 20), answer.Skipped)
		if n := p.Counts()[devintest.KindSession]; n > 4 { // as many as are open at a time
			t.Errorf("%d sessions were asked for by id", n)
		}
	})
}

// TestALimitIsAnsweredAtOnce, however soon it ends: a page does not wait for it.
func TestALimitIsAnsweredAtOnce(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		p.Fail(devintest.KindAny, devintest.Fault{Status: 429, RetryAfter: "1", Times: 1})
		_, err := c.Messages(t.Context(), hex(0))
		if telemetry.CodeOf(err) != telemetry.CodeRateLimited || total(p) != 1 {
			t.Errorf("%v after %v", err, p.Counts())
		}
	})
}

// TestTimeIsUp while the client waits to ask again.
func TestTimeIsUp(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		p.Fail(devintest.KindAny, devintest.Fault{Status: 503, Delay: 40 * time.Millisecond})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := c.Sessions(ctx, hexes(0, 1)); telemetry.CodeOf(err) != telemetry.CodeUpstreamTimeout {
			t.Error(err)
		}
	})
}

// after refuses the key from the n-th request on.
func after(n int, next http.Handler) http.Handler {
	tickets := make(chan struct{}, n)
	for range n {
		tickets <- struct{}{}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-tickets:
			next.ServeHTTP(w, r)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}

// TestCancelled: who stops asking gets the context's error, and soon.
func TestCancelled(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		ctx, cancel := context.WithCancel(t.Context())
		arrived := make(chan struct{})
		release := make(chan struct{})
		defer close(release)
		c := connect(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			arrived <- struct{}{}
			<-release
		}), devin.Options{Key: key, OrgID: org})
		go func() { <-arrived; cancel() }()
		answer, err := c.Sessions(ctx, hexes(0, 1))
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		same(t, "skipped", hexes(0, 1), answer.Skipped)
		if _, err := c.Messages(ctx, hex(0)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestLimitOfAnotherProgram: while a limit lasts that another program with the
// same key met, nothing is asked; afterwards it is.
func TestLimitOfAnotherProgram(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, met := played(t, key, 0)
		p.Put(devintest.Session{ID: hex(1), Status: "running"})
		other := connect(t, p, devin.Options{Key: key, OrgID: org})
		p.Fail(devintest.KindMessages, devintest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "3600"})
		p.Fail(devintest.KindSession, devintest.Fault{Status: http.StatusTooManyRequests, RetryAfter: "3600"})
		if _, err := met.Messages(t.Context(), hex(1)); telemetry.CodeOf(err) != telemetry.CodeRateLimited {
			t.Fatalf("the limit: %v", err)
		}
		p.Fail(devintest.KindMessages, devintest.Fault{})
		p.Fail(devintest.KindSession, devintest.Fault{})
		other.Limits().Heed(telemetry.Limit{Until: time.Now().Add(time.Hour)})
		asked := fmt.Sprint(p.Counts())
		_, err := other.Messages(t.Context(), hex(1))
		if e, ok := errors.AsType[*telemetry.Error](err); !ok || e.Code != telemetry.CodeRateLimited || e.RetryAfter < time.Minute {
			t.Errorf("during the limit: %v", err)
		}
		if now := fmt.Sprint(p.Counts()); now != asked || met.Limits().Known().Until.Before(time.Now().Add(time.Minute)) {
			t.Errorf("asked %s, then %s; the other knows %+v", asked, now, met.Limits().Known())
		}
		other.Limits().Heed(telemetry.Limit{})
		if _, err := other.Messages(t.Context(), hex(1)); err != nil {
			t.Errorf("after the limit: %v", err)
		}
	})
}
