package hooks_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"telemetry-dashboard/app/hooks"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/github"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

const secret = "It's a Secret to Everybody"

// site serves the route of webhooks over a real store.
type site struct {
	*storetest.Store
	t   *testing.T
	url string
	n   atomic.Int64
}

// open serves it with a secret under a public address until the test ends.
func open(t *testing.T, secret, public string) *site {
	t.Helper()
	s := &site{t: t, Store: storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "hooks.db"), Now: time.Now})}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://" + ln.Addr().String()
	routes := hooks.Routes(hooks.Options{Secret: secret, Queue: s.Store, Now: time.Now,
		Parse: func(m hooks.Message, now time.Time) (telemetry.Delivery, error) {
			return github.ParseHook(m.Event, github.HookTarget{Type: m.TargetType, ID: m.TargetID}, "", m.Payload, now)
		}})
	srv := server.New(server.Options{Log: slog.New(slog.DiscardHandler), BuildID: "test", DatabaseID: s.ID(), Versions: s.Versions,
		Access: access.Everyone("you"), ListenAddr: ln.Addr().String(), PublicURL: public, Now: time.Now,
		RenderError: func(*fiber.Ctx, int, string) ([]byte, string) { return []byte("a page"), "text/html" }}, routes)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// hook is a webhook that is sent: with all headers, and the right signature,
// unless change has it otherwise.
type hook struct {
	event, body string
	path        string
	form        bool
	change      func(*http.Request)
}

func sign(body, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// send sends one and returns the status and the answer.
func (s *site) send(h hook) (int, map[string]any) {
	s.t.Helper()
	media := "application/json"
	if h.form {
		h.body, media = url.Values{"payload": {h.body}}.Encode(), "application/x-www-form-urlencoded"
	}
	if h.path == "" {
		h.path = "/webhooks/github"
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+h.path, strings.NewReader(h.body))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": media, "User-Agent": "GitHub-Hookshot/1", "X-GitHub-Event": h.event, "X-GitHub-Delivery": fmt.Sprintf("0b1c-%d", s.n.Add(1)),
		"X-Hub-Signature-256": sign(h.body, secret),
	} {
		req.Header.Set(name, value)
	}
	if h.change != nil {
		h.change(req)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(body, &answer); err != nil {
		s.t.Errorf("%d is not answered in JSON: %.200s", res.StatusCode, body)
	}
	return res.StatusCode, answer
}

// stored are the deliveries that are stored.
func (s *site) stored() []telemetry.Delivery {
	s.t.Helper()
	rows, err := lists.Deliveries(s.Store.Store).Rows(s.t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		s.t.Fatal(err)
	}
	return rows.Items
}

// pullClosed is a payload of a pull request that was merged.
func pullClosed(repo string) string {
	return fmt.Sprintf(`{"action": "closed", "number": 7, "pull_request": {"number": 7, "state": "closed", "title": "fix(CQLF-R1-0001): é 🚀",
		"updated_at": "2026-03-01T10:00:00Z", "merged_at": "2026-03-01T10:00:00Z"}, "repository": {"id": 5, "full_name": %q, "default_branch": "main"}}`, repo)
}

// TestWebhookIsStored: a signed webhook is answered with 202, as JSON and as a
// form, by whatever name of the server and under the path of a proxy.
func TestWebhookIsStored(t *testing.T) {
	s := open(t, secret, "https://example.com/dashboard")
	for name, h := range map[string]hook{
		"json":            {},
		"form":            {form: true},
		"another host":    {change: func(r *http.Request) { r.Host = "hooks.example.org" }},
		"path of a proxy": {path: "/dashboard/webhooks/github"},
		"charset": {change: func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json; charset=utf-8")
		}},
		"of this repository": {change: func(r *http.Request) {
			r.Header.Set("X-GitHub-Hook-Installation-Target-Type", "repository")
			r.Header.Set("X-GitHub-Hook-Installation-Target-ID", "5")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			h.event, h.body = "pull_request", pullClosed("Octo/Shop")
			before := len(s.stored())
			status, answer := s.send(h)
			if status != http.StatusAccepted || answer["state"] != "queued" || len(s.stored()) != before+1 {
				t.Fatalf("%d %v, %d stored", status, answer, len(s.stored())-before)
			}
			due, err := s.DueDeliveries(t.Context(), nil, 100)
			if err != nil || len(due) == 0 {
				t.Fatalf("due %+v, error %v", due, err)
			}
			if p := due[0].Hook.Pull; due[0].Repo != "Octo/Shop" || p == nil || p.Title != "fix(CQLF-R1-0001): é 🚀" || p.MergedAt.IsZero() {
				t.Errorf("stored as %+v", due[0])
			}
		})
	}
}

// TestWebhookWithoutItsSignature is refused with 401, and nothing is stored.
func TestWebhookWithoutItsSignature(t *testing.T) {
	s := open(t, secret, "")
	body := pullClosed("octo/shop")
	for name, signature := range map[string]string{
		"none": "", "of another secret": sign(body, "another"), "of an empty secret": sign(body, ""), "of another body": sign(body+" ", secret),
		"without its scheme": strings.TrimPrefix(sign(body, secret), "sha256="), "SHA-1": "sha1=0000000000000000000000000000000000000000",
		"no hex": "sha256=" + strings.Repeat("x", 64), "cut short": sign(body, secret)[:40], "empty": "sha256=",
	} {
		status, answer := s.send(hook{event: "pull_request", body: body, change: func(r *http.Request) {
			r.Header.Set("X-Hub-Signature-256", signature)
			if signature == "" {
				r.Header.Del("X-Hub-Signature-256")
			}
		}})
		if status != http.StatusUnauthorized || answer["code"] != string(telemetry.CodeSignature) ||
			!strings.Contains(fmt.Sprint(answer["error"]), "GITHUB_WEBHOOK_SECRET") {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	// A browser knows no secret, and a page of another origin is refused as ever.
	status, _ := s.send(hook{event: "push", body: body, change: func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }})
	if status != http.StatusForbidden || len(s.stored()) != 0 {
		t.Errorf("of a page elsewhere: %d; %d are stored", status, len(s.stored()))
	}
}

// TestWithoutASecretThereIsNoRoute, whatever the signature.
func TestWithoutASecretThereIsNoRoute(t *testing.T) {
	s := open(t, "", "")
	if s.url == "" || hooks.Routes(hooks.Options{}) != nil {
		t.Error("there is a route")
	}
	body := pullClosed("octo/shop")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/webhooks/github", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Hub-Signature-256", sign(body, ""))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNotFound || len(s.stored()) != 0 {
		t.Errorf("%d, %d stored", res.StatusCode, len(s.stored()))
	}
}

// TestWebhookThatComesTwice is answered with 200 and stored once, also at the
// same moment; another body under its id needs a signature of its own.
func TestWebhookThatComesTwice(t *testing.T) {
	s := open(t, secret, "")
	first := hook{event: "pull_request", body: pullClosed("octo/shop"), change: func(r *http.Request) { r.Header.Set("X-GitHub-Delivery", "same") }}
	var accepted, known atomic.Int64
	var all errgroup.Group
	for range 10 {
		all.Go(func() error {
			switch status, answer := s.send(first); {
			case status == http.StatusAccepted:
				accepted.Add(1)
			case status == http.StatusOK && answer["known"] == true:
				known.Add(1)
			}
			return nil
		})
	}
	_ = all.Wait()
	if accepted.Load() != 1 || known.Load() != 9 || len(s.stored()) != 1 {
		t.Errorf("%d accepted, %d known, %d stored", accepted.Load(), known.Load(), len(s.stored()))
	}
	changed := first
	changed.change = func(r *http.Request) {
		first.change(r)
		r.Header.Set("X-Hub-Signature-256", sign(first.body, secret))
	}
	changed.body = strings.Replace(first.body, "closed", "opened", 1)
	if status, _ := s.send(changed); status != http.StatusUnauthorized {
		t.Errorf("with another body: %d", status)
	}
}

// TestUnusableWebhooks are refused in words although they are signed, and
// nothing of them is stored.
func TestUnusableWebhooks(t *testing.T) {
	s := open(t, secret, "")
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = []string{value} }
	}
	good := pullClosed("octo/shop")
	nested := `{"repository": {"id": 5, "full_name": "octo/shop"}, "ref": ` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`
	for name, tc := range map[string]struct {
		hook
		status int
		words  string
	}{
		"no delivery id":        {hook{event: "push", body: good, change: header("X-GitHub-Delivery", "")}, 400, "X-GitHub-Delivery"},
		"a delivery id of HTML": {hook{event: "push", body: good, change: header("X-GitHub-Delivery", "<b>")}, 400, "X-GitHub-Delivery"},
		"a long delivery id":    {hook{event: "push", body: good, change: header("X-GitHub-Delivery", strings.Repeat("a", 101))}, 400, "X-GitHub-Delivery"},
		"no event":              {hook{body: good}, 400, "X-GitHub-Event"},
		"no content type":       {hook{event: "push", body: good, change: header("Content-Type", "")}, 415, "Content-Type"},
		"another content type":  {hook{event: "push", body: good, change: header("Content-Type", "text/plain")}, 415, "Content-Type"},
		"compressed":            {hook{event: "push", body: good, change: header("Content-Encoding", "gzip")}, 415, "Content-Encoding"},
		"a query":               {hook{event: "push", body: good, path: "/webhooks/github?dry_run=1"}, 400, "dry_run"},
		"a target that is no number": {hook{event: "push", body: good, change: header("X-GitHub-Hook-Installation-Target-ID", "x")}, 400,
			"Target-ID"},
		"another repository than the headers name": {hook{event: "pull_request", body: good, change: func(r *http.Request) {
			r.Header.Set("X-GitHub-Hook-Installation-Target-Type", "repository")
			r.Header.Set("X-GitHub-Hook-Installation-Target-ID", "6")
		}}, 400, "repository 6"},
		"a form without a payload":  {hook{event: "push", body: "a=1", change: header("Content-Type", "application/x-www-form-urlencoded")}, 400, "payload"},
		"nothing":                   {hook{event: "push"}, 400, "JSON"},
		"null":                      {hook{event: "push", body: "null"}, 400, "JSON object"},
		"a list":                    {hook{event: "push", body: "[]"}, 400, "JSON"},
		"cut short":                 {hook{event: "push", body: good[:80]}, 400, "JSON"},
		"10,000 levels":             {hook{event: "push", body: nested}, 400, "nested"},
		"a number as repository":    {hook{event: "push", body: `{"repository": 5}`}, 400, "repository cannot be"},
		"a repository without name": {hook{event: "push", body: `{"repository": {"id": 5, "full_name": "shop"}, "ref": "refs/heads/main"}`}, 400, "owner/name"},
		"a name that leads elsewhere": {hook{event: "push", body: `{"repository": {"id": 5, "full_name": "../../etc"}, "ref": "refs/heads/main"}`}, 400,
			"owner/name"},
		"no repository":               {hook{event: "push", body: `{"ref": "refs/heads/main"}`}, 400, "repository"},
		"the event of another body":   {hook{event: "workflow_run", body: good}, 400, "workflow run"},
		"a pull request without one":  {hook{event: "pull_request", body: `{"repository": {"id": 5, "full_name": "a/b"}}`}, 400, "pull request"},
		"a pull request of number -1": {hook{event: "pull_request", body: strings.Replace(good, `{"number": 7`, `{"number": -1`, 1)}, 400, "number"},
		"not UTF-8":                   {hook{event: "push", body: strings.Replace(good, "é", "\xff", 1)}, 400, "UTF-8"},
	} {
		status, answer := s.send(tc.hook)
		if status != tc.status || !strings.Contains(fmt.Sprint(answer["error"]), tc.words) {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	if stored := s.stored(); len(stored) != 0 {
		t.Errorf("%d are stored: %+v", len(stored), stored)
	}
}

// TestLargeWebhooks: one of up to 25 MB is read, a larger one is refused with
// 413, and what all of them may hold at a time is bounded.
func TestLargeWebhooks(t *testing.T) {
	s := open(t, secret, "")
	large := func(size int) hook {
		body := `{"repository": {"id": 5, "full_name": "octo/shop", "default_branch": "main"}, "ref": "refs/heads/main", "x": "`
		return hook{event: "push", body: body + strings.Repeat("x", size-len(body)-2) + `"}`}
	}
	if status, answer := s.send(large(server.HookBody)); status != http.StatusAccepted {
		t.Errorf("of 25 MB: %d %v", status, answer)
	}
	if status := s.announce(server.HookBody + 1).answer(); status != http.StatusRequestEntityTooLarge {
		t.Errorf("of a byte more: %d", status)
	}
	// Of three that say that they are of 25 MB, and send nothing yet, one finds no room.
	refused := make(chan int, 3)
	var all []announced
	for range 3 {
		c := s.announce(server.HookBody)
		all = append(all, c)
		go func() { refused <- c.answer() }()
	}
	if status := <-refused; status != http.StatusServiceUnavailable {
		t.Errorf("the third: %d", status)
	}
	if status, answer := s.send(large(70 << 10)); status != http.StatusServiceUnavailable {
		t.Errorf("a further one: %d %v", status, answer)
	}
	if status, answer := s.send(hook{event: "pull_request", body: pullClosed("octo/shop")}); status != http.StatusAccepted {
		t.Errorf("a small one meanwhile: %d %v", status, answer)
	}
	for _, c := range all {
		_ = c.Close()
	}
	for status := 0; status != http.StatusAccepted; status, _ = s.send(large(70 << 10)) { // the room of who left is free again
		time.Sleep(50 * time.Millisecond) // senders are limited, too
	}
}

// announced is a connection on which the header of a webhook was sent, and no body.
type announced struct{ net.Conn }

func (s *site) announce(size int) announced {
	s.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://")) //nolint:noctx // loopback
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	const head = "POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
	if _, err := fmt.Fprintf(c, head, size); err != nil {
		s.t.Fatal(err)
	}
	return announced{c}
}

// answer is the status that is answered, 0 where the connection ends without one.
func (c announced) answer() int {
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}
