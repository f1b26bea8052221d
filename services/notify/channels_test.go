package notify_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

func TestOnlyPublicAddressesAreAllowed(t *testing.T) {
	for address, want := range map[string]bool{
		"93.184.216.34": true, "8.8.8.8": true, "100.63.255.255": true, "100.128.0.0": true, "172.15.0.1": true, "172.32.0.1": true,
		"198.17.255.255": true, "198.20.0.1": true, "223.255.255.255": true, "2606:4700::1111": true, "2a00:1450:4001::1": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.254": false, "127.0.0.1": false, "127.9.9.9": false,
		"169.254.169.254": false, "172.16.0.1": false, "172.31.255.254": false, "192.0.0.8": false, "192.0.2.1": false, "192.88.99.1": false,
		"192.168.1.1": false, "198.18.0.1": false, "198.19.255.254": false, "198.51.100.1": false, "203.0.113.9": false, "224.0.0.1": false,
		"239.255.255.250": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true, "::127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b:1::a00:1": false, "100::1": false, "2001::1": false, "2001:db8::1": false, "2002:7f00:1::": false,
		"3fff::1": false, "fc00::1": false, "fd12:3456::1": false, "fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false,
	} {
		if got := notify.Allowed(address); got != want {
			t.Errorf("%s is allowed: %v, want %v", address, got, want)
		}
	}
}

// sent makes a rule of the channel that is set up, tells one new issue on it, and
// returns what the log says of it.
func sent(t *testing.T, channel telemetry.NotifyChannel, change func(*notify.Options)) telemetry.Notification {
	t.Helper()
	c := newClock()
	s := storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "notify.db"), Now: c.now})
	told := service(t, s, c, change)
	r := telemetry.NotifyRule{Event: telemetry.NotifyNew, Channel: channel}
	if channel == telemetry.ChannelMail {
		r.Addresses = []string{"team@example.com", "lead@example.com"}
	}
	save(t, told, r)
	scan(t, s, 1, "2026-03-08", first)
	told.Turn(t.Context())
	all := logOf(t, s)
	if len(all) != 1 {
		t.Fatalf("the log has %+v", all)
	}
	return all[0]
}

// TestNameThatLeadsToAPrivateAddressIsRefused as it is connected to: nothing reaches the
// receiver, and the log says what to do.
func TestNameThatLeadsToAPrivateAddressIsRefused(t *testing.T) {
	var asked atomic.Int64
	to := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer to.Close()
	smtp := newSMTP(t, func(int) string { asked.Add(1); return "" })
	_, port, _ := strings.Cut(strings.TrimPrefix(to.URL, "https://"), ":")
	_, mailPort, _ := strings.Cut(smtp.addr, ":")
	for channel, change := range map[telemetry.NotifyChannel]func(*notify.Options){
		telemetry.ChannelWebhook: func(o *notify.Options) { o.AllowPrivate, o.WebhookURL = false, "https://localhost:"+port },
		telemetry.ChannelSlack:   func(o *notify.Options) { o.AllowPrivate, o.SlackURL = false, "https://localhost:"+port },
		telemetry.ChannelMail:    func(o *notify.Options) { o.AllowPrivate, o.SMTPURL = false, "smtp://localhost:"+mailPort },
	} {
		n := sent(t, channel, change)
		if n.State != telemetry.NotificationGivenUp || !strings.Contains(string(n.Error), "private or reserved") ||
			!strings.Contains(string(n.Error), "NOTIFY_ALLOW_PRIVATE") || asked.Load() != 0 {
			t.Errorf("%s: %+v, asked %d times", channel, n, asked.Load())
		}
	}
}

func TestWrongSettingsAreRefusedInWords(t *testing.T) {
	viaProxy := func(*http.Request) (*url.URL, error) { return url.Parse("http://proxy.example.com:3128") }
	for name, c := range map[string]struct {
		change func(*notify.Options)
		want   string
	}{
		"no https":       {func(o *notify.Options) { o.SlackURL = "http://hooks.example.com/token" }, "not an https address"},
		"no address":     {func(o *notify.Options) { o.WebhookURL = "hooks.example.com/token" }, "not an address"},
		"no secret":      {func(o *notify.Options) { o.WebhookURL, o.WebhookSecret = "https://hooks.example.com", "" }, "NOTIFY_WEBHOOK_SECRET is not set"},
		"a short secret": {func(o *notify.Options) { o.WebhookURL, o.WebhookSecret = "https://hooks.example.com", "whsec_YWJj" }, "24 to 64 bytes"},
		"a proxy":        {func(o *notify.Options) { o.SlackURL, o.Proxy = "https://hooks.example.com/token", viaProxy }, "NO_PROXY"},
		"no sender":      {func(o *notify.Options) { o.SMTPURL, o.From = "smtps://u:token@mail.example.com", "" }, "NOTIFY_FROM is not set"},
		"no mail server": {func(o *notify.Options) { o.SMTPURL = "https://u:token@mail.example.com" }, "NOTIFY_SMTP_URL is not"},
	} {
		o := notify.Options{WebhookSecret: secret, From: "a@example.com", Now: time.Now, NewID: telemetry.NewID}
		c.change(&o)
		if _, err := notify.New(o); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "token") {
			t.Errorf("%s: %v, want %q and no secret", name, err, c.want)
		}
	}
}

// TestReceiversAnswers: a success ends it, trouble is tried again when the receiver says,
// and what it refuses is given up. Its words are not shown, and no redirect is followed.
func TestReceiversAnswers(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for status, want := range map[int]telemetry.NotificationState{
		200: telemetry.NotificationSent, 204: telemetry.NotificationSent, 302: telemetry.NotificationGivenUp, 307: telemetry.NotificationGivenUp,
		400: telemetry.NotificationGivenUp, 404: telemetry.NotificationGivenUp, 410: telemetry.NotificationGivenUp,
		429: telemetry.NotificationFailed, 500: telemetry.NotificationFailed, 503: telemetry.NotificationFailed,
	} {
		to := newReceiver(t, func(_ int, w http.ResponseWriter) {
			w.Header().Set("Retry-After", "600")
			w.Header().Set("Location", other.URL)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<script>alert(1)</script>")
		})
		n := sent(t, telemetry.ChannelWebhook, func(o *notify.Options) { o.WebhookURL = to.URL })
		if n.State != want || strings.Contains(string(n.Error), "script") || elsewhere.Load() != 0 {
			t.Errorf("status %d: %+v, redirects followed: %d", status, n, elsewhere.Load())
		}
		if wait := n.NextTry.Sub(newClock().now()); n.State == telemetry.NotificationFailed && wait < 10*time.Minute {
			t.Errorf("status %d: tried again after %s, the receiver wants 600 s", status, wait)
		}
	}
}

// TestSlackReadsNoMarkupOfOthers: what records say is no link, no mention and no bold.
func TestSlackReadsNoMarkupOfOthers(t *testing.T) {
	r := notify.Render{Base: "https://dash.example.com"}
	body, err := r.Slack(telemetry.NotifyMessage{Title: "New issue: <!channel> *a* & b", Count: 12, Link: "/issues?q=a|b",
		Items: []telemetry.Notice{{Title: "x|y <https://evil.example|click>", Severity: "high", Repo: "octo/shop", Link: "/issues/1"}}})
	var m struct{ Text string }
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	want := "*New issue: &lt;!channel&gt; ∗a∗ &amp; b*\n" +
		"• <https://dash.example.com/issues/1|x∣y &lt;https://evil.example∣click&gt;> (high, octo/shop)\nand 11 more\n" +
		"<https://dash.example.com/issues?q=a%7Cb|Show all of them>"
	if err != nil || m.Text != want {
		t.Errorf("%v\n%s\nwant\n%s", err, m.Text, want)
	}
}

// TestMailHasTextAndEscapedHTML, the addresses of the rule, and an id that stays.
func TestMailHasTextAndEscapedHTML(t *testing.T) {
	smtp := newSMTP(t, func(int) string { return "" })
	n := sent(t, telemetry.ChannelMail, func(o *notify.Options) { o.SMTPURL = "smtp://" + smtp.addr })
	if n.State != telemetry.NotificationSent || len(smtp.mails) != 1 {
		t.Fatalf("%+v, %d mails", n, len(smtp.mails))
	}
	h := smtp.mails[0].Header
	if h.Get("To") != "<team@example.com>, <lead@example.com>" || h.Get("Message-Id") != "<"+n.ID+"@example.com>" ||
		h.Get("Auto-Submitted") != "auto-generated" || !strings.HasPrefix(h.Get("Content-Type"), "multipart/alternative") {
		t.Errorf("the mail has %v", h)
	}
	page, err := notify.Render{Base: "https://dash.example.com"}.HTML(telemetry.NotifyMessage{Title: "<b>", Count: 1,
		Items: []telemetry.Notice{{Title: "<img src=x>", Link: "/issues/1"}}})
	if err != nil || strings.Contains(page, "<img") || strings.Contains(page, "<b>") || !strings.Contains(page, `href="https://dash.example.com/issues/1"`) {
		t.Errorf("%v: %s", err, page)
	}
}

// TestMailThatWasTakenWithoutAnAnswerHasTheSameID when it is sent again.
func TestMailThatWasTakenWithoutAnAnswerHasTheSameID(t *testing.T) {
	smtp := newSMTP(t, func(n int) string { return []string{"", "lost", ""}[n] })
	c := newClock()
	s := storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "notify.db"), Now: c.now})
	told := service(t, s, c, func(o *notify.Options) { o.SMTPURL = "smtp://" + smtp.addr })
	save(t, told, telemetry.NotifyRule{Event: telemetry.NotifyNew, Channel: telemetry.ChannelMail, Addresses: []string{"team@example.com"}})
	scan(t, s, 1, "2026-03-08", first)
	told.Turn(t.Context())
	if n := logOf(t, s)[0]; n.State != telemetry.NotificationFailed || n.Tries != 1 {
		t.Fatalf("%+v", n)
	}
	c.add(time.Minute)
	told.Turn(t.Context())
	if subjects, again := smtp.taken(); len(subjects) != 1 || again != 1 || logOf(t, s)[0].State != telemetry.NotificationSent {
		t.Errorf("%q, %d again, %+v", subjects, again, logOf(t, s))
	}
}

// TestRefusedMailIsGivenUp: it is not tried again until a person asks for that.
func TestRefusedMailIsGivenUp(t *testing.T) {
	smtp := newSMTP(t, func(int) string { return "never" })
	if n := sent(t, telemetry.ChannelMail, func(o *notify.Options) { o.SMTPURL = "smtp://" + smtp.addr }); n.State != telemetry.NotificationGivenUp ||
		!strings.Contains(string(n.Error), "550") {
		t.Errorf("%+v", n)
	}
}
