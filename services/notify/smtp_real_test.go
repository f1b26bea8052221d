package notify_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/notify"
	"telemetry-dashboard/services/telemetry"
)

// realSMTP starts Debian's aiosmtpd, which nobody here wrote, and returns its address
// and the directory in which it keeps mail.
func realSMTP(t *testing.T) (address, mails string) {
	t.Helper()
	python := ""
	for _, name := range []string{"/usr/bin/python3", "python3"} { // the package is the system's
		if exec.CommandContext(t.Context(), name, "-c", "import aiosmtpd").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		t.Skip("SKIPPED: a real mail server: aiosmtpd is not installed (Debian has it in the package python3-aiosmtpd)")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	address = ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	mails = filepath.Join(t.TempDir(), "mails")
	server := exec.CommandContext(t.Context(), python, "-m", "aiosmtpd", "-n", "-l", address, "-c", "aiosmtpd.handlers.Mailbox", mails)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait() // it was killed
	})
	for until := time.Now().Add(20 * time.Second); ; {
		dialed, err := net.Dial("tcp", address) //nolint:noctx // of this machine
		if err == nil {
			_ = dialed.Close()
			return address, mails
		}
		if time.Now().After(until) {
			t.Fatalf("the mail server does not listen: %v", err)
		}
	}
}

// TestMailReachesARealServer: it arrives as text and as HTML, from whom and to whom it
// should, with the message's own id, and a text of a record adds no header.
func TestMailReachesARealServer(t *testing.T) {
	address, mails := realSMTP(t)
	told := service(t, nil, newClock(), func(o *notify.Options) { o.SMTPURL = "smtp://" + address })
	hostile := "Two lines\r\nBcc: victim@example.com\r\n\r\n<b>and</b> a body"
	if err := told.Send(t.Context(), message(telemetry.ChannelMail, hostile)); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(mails, "new", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d mails, %v", len(files), err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": "<dashboard@example.com>", "To": "<team@example.com>", "Message-Id": "<id-1@example.com>", "Bcc": "",
		"Auto-Submitted": "auto-generated",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if at, err := m.Header.Date(); err != nil || !at.Equal(newClock().now().Truncate(time.Second)) {
		t.Errorf("Date: %v, %v", at, err)
	}
	kinds := map[string]string{}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
		kinds[kind] = string(body)
	}
	if len(kinds) != 2 || !strings.Contains(kinds["text/plain"], "Two lines") || !strings.Contains(kinds["text/html"], "Two lines") ||
		strings.Contains(kinds["text/html"], "<b>and</b>") {
		t.Errorf("parts: %q", kinds)
	}
}
