package notify_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// certificate is one of 127.0.0.1 and not of localhost, and the authority that made it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates, MinVersion: tls.VersionTLS12}, roots
}

// message is one that is sent without a rule and a database.
func message(channel telemetry.NotifyChannel, title string) telemetry.Notification {
	return telemetry.Notification{
		ID: "id-1", Title: title, Channel: channel, Addresses: []string{"team@example.com"}, At: telemetry.At(newClock().now()),
		Message: telemetry.NotifyMessage{Event: telemetry.NotifyNew, Rule: "rule", Title: title, Count: 1},
	}
}

func healthy(int) string { return "" }

// TestMailIsEncryptedAndTheServerVerified: the certificate must be of the server's name
// and of a known authority, and no mail and no password goes where it is not.
func TestMailIsEncryptedAndTheServerVerified(t *testing.T) {
	own, roots := certificate(t)
	for name, c := range map[string]struct {
		scheme, host string
		how          secure
		unknown      bool   // the authority
		want         string // of the error; "": the mail arrives
	}{
		"STARTTLS, PLAIN":             {"smtp", "127.0.0.1", secure{tls: own, auth: "PLAIN", password: "pass-word"}, false, ""},
		"STARTTLS, LOGIN":             {"smtp", "127.0.0.1", secure{tls: own, auth: "LOGIN", password: "pass-word"}, false, ""},
		"TLS, PLAIN":                  {"smtps", "127.0.0.1", secure{tls: own, implicit: true, auth: "PLAIN", password: "pass-word"}, false, ""},
		"TLS, LOGIN":                  {"smtps", "127.0.0.1", secure{tls: own, implicit: true, auth: "LOGIN", password: "pass-word"}, false, ""},
		"STARTTLS, unknown authority": {"smtp", "127.0.0.1", secure{tls: own, auth: "PLAIN", password: "pass-word"}, true, "unknown authority"},
		"TLS, unknown authority": {"smtps", "127.0.0.1", secure{tls: own, implicit: true, auth: "PLAIN", password: "pass-word"}, true,
			"unknown authority"},
		"STARTTLS, another name": {"smtp", "localhost", secure{tls: own, auth: "LOGIN", password: "pass-word"}, false, "not localhost"},
		"TLS, another name":      {"smtps", "localhost", secure{tls: own, implicit: true, auth: "LOGIN", password: "pass-word"}, false, "not localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			smtp := newSecureSMTP(t, healthy, c.how)
			_, port, _ := strings.Cut(smtp.addr, ":")
			told := service(t, nil, newClock(), func(o *notify.Options) { o.SMTPURL = c.scheme + "://user:pass-word@" + c.host + ":" + port })
			if !c.unknown {
				told.TrustMail(roots)
			}
			err := told.Send(t.Context(), message(telemetry.ChannelMail, "encrypted"))
			subjects, said := smtp.heard()
			if c.want == "" {
				if err != nil || !slices.Equal(subjects, []string{"encrypted"}) || !strings.Contains(said, "TLS AUTH "+c.how.auth) ||
					!strings.Contains(said, "TLS MAIL") {
					t.Errorf("%v, mails %q, said\n%s", err, subjects, said)
				}
				return
			}
			if err == nil || !strings.Contains(telemetry.Sentence(err), c.want) || len(subjects) != 0 || strings.Contains(said, "AUTH") {
				t.Errorf("%v, want %q, mails %q, said\n%s", err, c.want, subjects, said)
			}
		})
	}
}

// heard are the subjects of the mails that were taken, and what clients said.
func (s *smtpServer) heard() (subjects []string, said string) {
	subjects, _ = s.taken()
	s.mu.Lock()
	defer s.mu.Unlock()
	return subjects, strings.Join(s.lines, "\n")
}

// TestWrongPasswordIsTriedAgain, since it may be put right by a restart with another
// setting, and neither the log nor the error shows it, even if the server repeats it.
func TestWrongPasswordIsTriedAgain(t *testing.T) {
	own, roots := certificate(t)
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		t.Run(mechanism, func(t *testing.T) {
			smtp := newSecureSMTP(t, healthy, secure{tls: own, auth: mechanism, password: "right"})
			var logged bytes.Buffer
			c := newClock()
			s := storetest.OpenWith(t, store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "notify.db"), Now: c.now})
			told := service(t, s, c, func(o *notify.Options) {
				o.SMTPURL, o.Log = "smtp://user:pass-word@"+smtp.addr, slog.New(slog.NewTextHandler(&logged, nil))
			})
			told.TrustMail(roots)
			save(t, told, telemetry.NotifyRule{Event: telemetry.NotifyNew, Channel: telemetry.ChannelMail, Addresses: []string{"team@example.com"}})
			scan(t, s, 1, "2026-03-08", first)
			told.Turn(t.Context())
			n := logOf(t, s)[0]
			if n.State != telemetry.NotificationFailed || n.Tries != 1 || !strings.Contains(string(n.Error), "NOTIFY_SMTP_URL") ||
				!strings.Contains(string(n.Error), "535") {
				t.Errorf("the log of deliveries has %+v", n)
			}
			err := told.Send(t.Context(), n)
			in64 := base64.StdEncoding.EncodeToString
			for _, hidden := range []string{"pass-word", in64([]byte("pass-word")), in64([]byte("\x00user\x00pass-word"))} {
				if text := string(n.Error) + logged.String() + telemetry.Sentence(err); strings.Contains(text, hidden) {
					t.Errorf("the password is shown as %q in %s", hidden, text)
				}
			}
			if subjects, said := smtp.heard(); errors.Is(err, nil) || len(subjects) != 0 || strings.Contains(said, "\nAUTH") {
				t.Errorf("%v, mails %q, said\n%s", err, subjects, said)
			}
		})
	}
}

// TestPasswordIsNotSentInTheOpen: without NOTIFY_ALLOW_PRIVATE a server must be encrypted;
// with it one may do without, but gets no password, unless it is on this machine.
func TestPasswordIsNotSentInTheOpen(t *testing.T) {
	for name, c := range map[string]struct {
		address string // of the server
		private bool
		auth    string
		want    string // of the error; "": the mail arrives
	}{
		"TLS is needed":                    {"127.0.0.1", false, "PLAIN", "STARTTLS"},
		"PLAIN to another machine":         {"[::ffff:127.0.0.1]", true, "PLAIN", "unencrypted connection"},
		"LOGIN to another machine":         {"[::ffff:127.0.0.1]", true, "LOGIN", "unencrypted connection"},
		"PLAIN to this machine is allowed": {"127.0.0.1", true, "PLAIN", ""},
		"LOGIN to this machine is allowed": {"127.0.0.1", true, "LOGIN", ""},
	} {
		t.Run(name, func(t *testing.T) {
			smtp := newSecureSMTP(t, healthy, secure{auth: c.auth, password: "pass-word"})
			_, port, _ := strings.Cut(smtp.addr, ":")
			told := service(t, nil, newClock(), func(o *notify.Options) {
				o.AllowPrivate, o.SMTPURL = c.private, "smtp://user:pass-word@"+c.address+":"+port
			})
			told.ReachMail()
			err := told.Send(t.Context(), message(telemetry.ChannelMail, "open"))
			subjects, said := smtp.heard()
			switch {
			case c.want == "" && (err != nil || len(subjects) != 1):
				t.Errorf("%v, mails %q, said\n%s", err, subjects, said)
			case c.want != "" && (err == nil || !strings.Contains(telemetry.Sentence(err), c.want) || len(subjects) != 0 || strings.Contains(said, "AUTH")):
				t.Errorf("%v, want %q, mails %q, said\n%s", err, c.want, subjects, said)
			}
		})
	}
}
