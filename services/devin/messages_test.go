package devin_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"telemetry-dashboard/services/devin"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry"
)

// talk puts a session with n messages, the first of its user.
func talk(p *devintest.Player, id string, n int) (all []telemetry.Message) {
	for i := range n {
		m := telemetry.Message{ID: "e" + strconv.Itoa(i), From: "devin", Text: fmt.Sprintf("message %d", i), At: telemetry.At(monday().Add(time.Duration(i-n) * time.Minute))}
		if i%3 == 0 {
			m.From = "user"
		}
		all = append(all, m)
	}
	p.Put(devintest.Session{ID: id, Status: "suspended", Detail: "inactivity", Messages: all})
	return all
}

// TestMessagesAreRead: the last hundred, oldest first, whatever the log's length.
func TestMessagesAreRead(t *testing.T) {
	for _, n := range []int{0, 1, 100, 450} {
		eachAPI(t, func(t *testing.T, key string) {
			p, c := played(t, key, 0)
			all := talk(p, hex(0), n)
			got, err := c.Messages(t.Context(), "devin-"+hex(0))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "messages", all[max(0, n-100):], got)
			pages := map[string]int{keyV1: 1, keyV3: 1 + max(0, n-1)/200}[key]
			if total := p.Counts()[devintest.KindSession] + p.Counts()[devintest.KindMessages]; total != pages {
				t.Errorf("%d requests, want %d", total, pages)
			}
		})
	}
}

// TestUnusualMessages cost only themselves, and that is said.
func TestUnusualMessages(t *testing.T) {
	for key, body := range map[string]string{
		keyV1: `{"messages":[null,7,{"message":8},{"type":"devin_message","message":"second","timestamp":"2026-05-11T09:01:00"},
			{"type":"initial_user_message","message":"first","timestamp":"2026-05-11T09:00:00Z","event_id":5},{"message":"third","timestamp":"2026-05-11T09:02:00"}]}`,
		keyV3: `{"items":[null,7,{"message":8},{"source":"devin","message":"second","created_at":1778490060},
			{"source":"user","message":"first","created_at":1778490000,"event_id":5},{"source":7,"message":"third","created_at":1778490120}]}`,
	} {
		s := &scripted{answer: func(*http.Request) (int, string) { return 200, body }}
		c := connect(t, s, devin.Options{Key: key, OrgID: org, CacheTTL: time.Hour})
		for range 2 { // it is not kept
			got, err := c.Messages(t.Context(), hex(0))
			if telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || !strings.Contains(sentence(err), "3 messages of 6") {
				t.Errorf("%s: %v", key, err)
			}
			same(t, key[:3], []telemetry.Message{
				{From: "user", Text: "first", At: telemetry.At(monday())},
				{From: "devin", Text: "second", At: telemetry.At(monday().Add(time.Minute))},
				{From: "devin", Text: "third", At: telemetry.At(monday().Add(2 * time.Minute))},
			}, got)
		}
	}
}

// TestMessagesWithoutEnd: what was read is returned, and that there is more is said.
func TestMessagesWithoutEnd(t *testing.T) {
	for name, tc := range map[string]struct {
		id, more  string // of the message, and of the page
		says      string
		got, asks int
	}{
		"new ones":         {`"{n}"`, `true,"end_cursor":"{n}"`, "has more than 50 pages", 50, 50},
		"without ids":      {`null`, `true,"end_cursor":"{n}"`, "has more than 50 pages", 50, 50},
		"the same ones":    {`"e"`, `true,"end_cursor":"{n}"`, "repeats its pages", 1, 2},
		"the same cursor":  {`"{n}"`, `true,"end_cursor":"again"`, "repeats its pages", 2, 2},
		"without a cursor": {`"{n}"`, `true`, "repeats its pages", 1, 1},
		"an odd cursor":    {`"{n}"`, `true,"end_cursor":7`, "unexpected form", 0, 1},
		"a long cursor":    {`"{n}"`, `true,"end_cursor":"` + strings.Repeat("x", 5000) + `"`, "cursor that is too long", 0, 1},
		"an odd flag":      {`"{n}"`, `"no"`, "unexpected form", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p, c := played(t, keyV3, 0)
			p.Fail(devintest.KindMessages, devintest.Fault{
				Body: `{"items":[{"event_id":` + tc.id + `,"source":"devin","message":"again"}],"has_next_page":` + tc.more + `}`})
			got, err := c.Messages(t.Context(), hex(0))
			if telemetry.CodeOf(err) != telemetry.CodeUpstreamBroken || !strings.Contains(sentence(err), tc.says) ||
				len(got) != tc.got || total(p) != tc.asks {
				t.Errorf("%d messages in %d requests, %v; want %d in %d, %q", len(got), total(p), err, tc.got, tc.asks, tc.says)
			}
		})
	}
}

// TestFreshMessages asks whatever is kept, and falls back on nothing.
func TestFreshMessages(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, time.Hour)
		all := talk(p, hex(0), 2)
		same(t, "kept", all, messages(t, c))
		p.Say(hex(0), "user", "Go on.")
		same(t, "still kept", all, messages(t, c))
		got, err := c.FreshMessages(t.Context(), "devin-"+hex(0))
		if err != nil || len(got) != 3 || got[2].Text != "Go on." || got[2].From != "user" {
			t.Errorf("%+v, %v", got, err)
		}
		same(t, "kept since", got, messages(t, c))
		p.Fail(devintest.KindAny, devintest.Fault{Status: 401})
		if got, err := c.FreshMessages(t.Context(), hex(0)); telemetry.CodeOf(err) != telemetry.CodeUpstreamToken || got != nil {
			t.Errorf("after a failure: %+v, %v", got, err)
		}
	})
}

// TestMessagesAreKept for CacheTTL, and not at all where it is 0.
func TestMessagesAreKept(t *testing.T) {
	for ttl, want := range map[time.Duration]int{0: 3, time.Hour: 1} {
		eachAPI(t, func(t *testing.T, key string) {
			p, c := played(t, key, ttl)
			all := talk(p, hex(0), 2)
			for _, id := range []string{hex(0), "devin-" + hex(0), strings.ToUpper(hex(0))} {
				got, err := c.Messages(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				same(t, "messages", all, got)
				got[0].Text = "a caller's own"
			}
			if n := p.Counts()[devintest.KindSession] + p.Counts()[devintest.KindMessages]; n != want {
				t.Errorf("kept for %s: %d requests, want %d", ttl, n, want)
			}
		})
	}
}

// TestSendInvalidates: after a message, the log is asked for again.
func TestSendInvalidates(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, time.Hour)
		all := talk(p, hex(0), 2)
		same(t, "before", all, messages(t, c))
		var told []string
		p.OnMessage(func(id, text string) {
			told = append(told, id+" "+text)
			p.Say(id, "devin", "Thank you.")
		})
		if err := c.Send(t.Context(), "devin-"+hex(0), "Go on, \"please\"."); err != nil {
			t.Fatal(err)
		}
		same(t, "told", []string{hex(0) + ` Go on, "please".`}, told)
		got := messages(t, c)
		if len(got) != 4 || got[2].From != "user" || got[2].Text != `Go on, "please".` || got[3].Text != "Thank you." {
			t.Errorf("after: %+v", got)
		}
		if s, _ := p.Session(hex(0)); s.Status != "running" {
			t.Errorf("the session did not wake: %+v", s)
		}
		if n := p.Counts()[devintest.KindSend]; n != 1 {
			t.Errorf("%d messages were sent", n)
		}
	})
}

// gate is a server of one message whose GETs arrive and wait to be let go.
type gate struct {
	scripted
	arrived, release chan struct{}
}

func newGate() *gate {
	g := &gate{arrived: make(chan struct{}), release: make(chan struct{})}
	g.answer = func(r *http.Request) (int, string) {
		if r.Method == http.MethodGet {
			g.arrived <- struct{}{}
			<-g.release
		}
		return 200, `{"detail":"sent","messages":[{"type":"devin_message","message":"hello"}],"items":[{"source":"devin","message":"hello"}]}`
	}
	return g
}

// next waits until a GET has arrived.
func (g *gate) next(t *testing.T, otherwise string) {
	t.Helper()
	select {
	case <-g.arrived:
	case <-time.After(10 * time.Second):
		t.Error(otherwise)
	}
}

// TestSendWhileAsked: an answer that was asked for before a message was sent
// is not kept, and who asks after it does not wait for that answer.
func TestSendWhileAsked(t *testing.T) {
	for _, early := range []bool{true, false} { // the second asks while the first still waits, or not
		eachAPI(t, func(t *testing.T, key string) {
			g := newGate()
			c := connect(t, g, devin.Options{Key: key, OrgID: org, CacheTTL: time.Hour})
			var asked sync.WaitGroup
			asked.Go(func() { messages(t, c) })
			g.next(t, "the first did not ask")
			if err := c.Send(t.Context(), hex(0), "go on"); err != nil {
				t.Error(err)
			}
			if !early {
				g.release <- struct{}{}
				asked.Wait()
			}
			asked.Go(func() { messages(t, c) })
			g.next(t, "the second did not ask")
			close(g.release)
			asked.Wait()
			if n := len(g.requests()); n != 3 {
				t.Errorf("%d requests, want 3: %q", n, g.requests())
			}
		})
	}
}

func messages(t *testing.T, c *devin.Client) []telemetry.Message {
	t.Helper()
	got, err := c.Messages(t.Context(), hex(0))
	if err != nil {
		t.Error(err)
	}
	return got
}

// TestLastGoodAnswer: it stands beside a failure as long as something is kept.
func TestLastGoodAnswer(t *testing.T) {
	for ttl, kept := range map[time.Duration]bool{0: false, time.Hour: true} {
		eachAPI(t, func(t *testing.T, key string) {
			p, c := played(t, key, ttl)
			all := talk(p, hex(0), 2)
			same(t, "before", all, messages(t, c))
			p.Fail(devintest.KindAny, devintest.Fault{Status: 401})
			_ = c.Send(t.Context(), hex(0), "go on") // so that it is asked again
			got, err := c.Messages(t.Context(), hex(0))
			if telemetry.CodeOf(err) != telemetry.CodeUpstreamToken {
				t.Error(err)
			}
			if kept {
				same(t, "last good", all, got)
			} else if got != nil {
				t.Errorf("nothing is kept, and still %+v", got)
			}
		})
	}
}

// TestOneFlight: who asks at the same moment shares one request, and one who
// leaves takes nothing from the others.
func TestOneFlight(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		g := newGate()
		c := connect(t, g, devin.Options{Key: key, OrgID: org})
		leaver, leave := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() {
			_, err := c.Messages(leaver, hex(0))
			first <- err
		}()
		g.next(t, "the first did not ask")
		var all sync.WaitGroup
		started := make(chan struct{}, 5)
		for range cap(started) {
			all.Go(func() {
				started <- struct{}{}
				got, err := c.Messages(t.Context(), hex(0))
				if err != nil || len(got) != 1 {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		for range cap(started) {
			<-started
		}
		leave()
		if err := <-first; err == nil {
			t.Error("who left got an answer")
		}
		go func() { // one who came after the flight landed asks again; none is left waiting
			for range g.arrived {
			}
		}()
		close(g.release)
		all.Wait()
		close(g.arrived)
	})
}

// TestSendRefuses what is not a message, without asking Devin.
func TestSendRefuses(t *testing.T) {
	eachAPI(t, func(t *testing.T, key string) {
		p, c := played(t, key, 0)
		for _, tc := range [][2]string{{hex(0), ""}, {hex(0), " \n"}, {"", "x"}, {"../x", "x"}, {"dry-run", "x"}} {
			if err := c.Send(t.Context(), tc[0], tc[1]); telemetry.CodeOf(err) != telemetry.CodeInvalid {
				t.Errorf("%q: %v", tc, err)
			}
		}
		if _, err := c.Messages(t.Context(), "a/b"); telemetry.CodeOf(err) != telemetry.CodeInvalid {
			t.Error(err)
		}
		if n := len(p.Counts()); n != 0 {
			t.Errorf("Devin was asked: %v", p.Counts())
		}
	})
}

// TestSendToSessionKeys: a server that knows ids without devin- only gets one message.
func TestSendToSessionKeys(t *testing.T) {
	for key, path := range map[string]string{keyV1: "/v1/sessions/%s/message", keyV3: "/v3/organizations/org-1/sessions/%s/messages"} {
		s := &scripted{answer: func(r *http.Request) (int, string) {
			if strings.Contains(r.URL.Path, "devin-") {
				return 404, `{}`
			}
			return 200, `null`
		}}
		c := connect(t, s, devin.Options{Key: key, OrgID: org})
		if err := c.Send(t.Context(), hex(0), "go on"); err != nil {
			t.Fatal(err)
		}
		same(t, "asked", []string{"POST " + fmt.Sprintf(path, "devin-"+hex(0)), "POST " + fmt.Sprintf(path, hex(0))}, s.requests())
	}
}
