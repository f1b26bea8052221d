package notify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYq="

// received is what a receiver was sent.
type received struct {
	id   string
	body map[string]any
}

// receiver takes webhooks, and verifies each as the library does. answer says with which
// status; nil is 204.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(n int, w http.ResponseWriter)
}

func newReceiver(t *testing.T, answer func(n int, w http.ResponseWriter)) *receiver {
	t.Helper()
	key, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
		if err == nil {
			err = key.VerifyIgnoringTimestamp(body, req.Header) // the clock of the test is stopped
		}
		if err != nil {
			t.Errorf("the receiver cannot verify a message: %v", err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		one := received{id: req.Header.Get("webhook-id")}
		if err := json.Unmarshal(body, &one.body); err != nil {
			t.Errorf("the receiver cannot read a message: %v", err)
		}
		r.got = append(r.got, one)
		if r.answer != nil {
			r.answer(len(r.got), w)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) titles() (titles []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.got {
		data, _ := one.body["data"].(map[string]any)
		titles = append(titles, fmt.Sprint(data["title"]))
	}
	return titles
}

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *clock { return &clock{at: storetest.Day("2026-03-10 12:00")} }

// service sends what the rules of a store tell; change adapts its options.
func service(t *testing.T, s *storetest.Store, c *clock, change func(*notify.Options)) *notify.Service {
	t.Helper()
	o := notify.Options{
		Store: s, AllowPrivate: true, Log: slog.New(slog.DiscardHandler), Now: c.now, NewID: telemetry.NewID,
		Render: notify.Render{Base: "https://dash.example.com/team"}, WebhookSecret: secret, From: "dashboard@example.com",
	}
	change(&o)
	made, err := notify.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func save(t *testing.T, s *notify.Service, r telemetry.NotifyRule) telemetry.NotifyRule {
	t.Helper()
	if r.Name == "" {
		r.Name = "rule"
	}
	r.On = true
	made, err := s.Save(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// scan stores a scan of octo/shop that finds "rule file line fingerprint severity".
func scan(t *testing.T, s *storetest.Store, run int64, day string, findings ...string) {
	t.Helper()
	storetest.Put(t, s, storetest.ScanRecord{Repo: "octo/shop", Run: run, At: day + "T10:00:00Z", Findings: findings}.File(fmt.Sprintf("run-%d.json", run)))
}

func logOf(t *testing.T, s *storetest.Store) []telemetry.Notification {
	t.Helper()
	return storetest.Rows(t, lists.Notifications(s.Store), query.Ask{})
}

const (
	first  = "js/xss a.js 1 aaaaaaaaaaaaaaaaaaaa critical"
	second = "js/sqli b.js 2 bbbbbbbbbbbbbbbbbbbb critical"
	third  = "js/log c.js 3 cccccccccccccccccccc low"
)

// TestNewIssueIsToldOnce: what was there when a rule was made is not told, what comes
// later is, once, whoever asks again and after a restart.
func TestNewIssueIsToldOnce(t *testing.T) {
	c := newClock()
	storetest.OnClock(t, c.now, func(t *testing.T, s *storetest.Store) {
		to := newReceiver(t, nil)
		told := service(t, s, c, func(o *notify.Options) { o.WebhookURL = to.URL })
		scan(t, s, 1, "2026-03-08", first)
		rule := telemetry.NotifyRule{Event: telemetry.NotifyNew, Severity: "critical", Channel: telemetry.ChannelWebhook}
		if p, err := told.Preview(t.Context(), telemetry.NotifyRule{Name: "p", Event: rule.Event, Severity: "critical", Channel: rule.Channel}); err != nil ||
			p.Matches != 1 || !strings.Contains(p.Text, "js/xss in a.js:1") {
			t.Errorf("preview: %+v, %v", p, err)
		}
		save(t, told, rule)
		told.Turn(t.Context())
		if got := to.titles(); len(got) != 0 {
			t.Fatalf("told of what was there: %q", got)
		}
		scan(t, s, 2, "2026-03-09", first, second, third)
		told.Turn(t.Context())
		told.Turn(t.Context())
		service(t, s, c, func(o *notify.Options) { o.WebhookURL = to.URL }).Turn(t.Context())
		scan(t, s, 3, "2026-03-10", first, second)
		told.Turn(t.Context())
		want := "New issue (critical): js/sqli in b.js:2"
		if got := to.titles(); len(got) != 1 || got[0] != want {
			t.Fatalf("told %q, want %q once", got, want)
		}
		all := logOf(t, s)
		if len(all) != 1 || all[0].State != telemetry.NotificationSent || all[0].ID != to.got[0].id || all[0].Tries != 1 || all[0].Repo != "octo/shop" {
			t.Errorf("the log has %+v", all)
		}
		data := to.got[0].body["data"].(map[string]any)
		item := data["items"].([]any)[0].(map[string]any)
		if url := fmt.Sprint(item["url"]); !strings.HasPrefix(url, "https://dash.example.com/team/issues/") {
			t.Errorf("the link is %q", url)
		}
		if url := fmt.Sprint(data["url"]); url != "https://dash.example.com/team/issues?q=is%3Aopen+severity%3Acritical" {
			t.Errorf("the link of all is %q", url)
		}
	})
}
