package notify_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
)

// smtpServer is a mail server, without TLS and passwords unless secure says so. fault says what happens to the
// nth conversation: "refuse" hangs up, "busy" answers 451, "late" answers 451 after the
// mail, "lost" takes the mail and hangs up without an answer, "never" answers 550.
type smtpServer struct {
	addr  string
	mu    sync.Mutex
	n     int
	fault func(n int) string
	secure
	mails []*mail.Message
	texts []string
	lines []string // what clients said before their mails, each with "TLS " before it where it was encrypted
}

// secure is how a mail server protects itself.
type secure struct {
	tls      *tls.Config // of STARTTLS, or of the whole connection
	implicit bool        // the connection is encrypted from its beginning
	auth     string      // the mechanism that is offered, PLAIN or LOGIN
	password string      // of the user "user"
}

func newSMTP(t *testing.T, fault func(n int) string) *smtpServer {
	t.Helper()
	return newSecureSMTP(t, fault, secure{})
}

func newSecureSMTP(t *testing.T, fault func(n int) string, how secure) *smtpServer {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &smtpServer{addr: ln.Addr().String(), fault: fault, secure: how}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		all.Wait()
	})
	return s
}

func (s *smtpServer) serve(conn net.Conn) {
	s.mu.Lock()
	s.n++
	fault := s.fault(s.n)
	s.mu.Unlock()
	if fault == "refuse" {
		return
	}
	encrypted := s.implicit
	if encrypted {
		conn = tls.Server(conn, s.tls)
	}
	r := bufio.NewReader(conn)
	say := func(line string) { _, _ = conn.Write([]byte(line + "\r\n")) }
	say("220 played")
	for {
		line, err := s.hear(r, encrypted)
		if err != nil {
			return
		}
		word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		switch {
		case word == "EHLO":
			say("250-played")
			if s.tls != nil && !encrypted {
				say("250-STARTTLS")
			}
			if s.auth != "" {
				say("250-AUTH " + s.auth)
			}
			say("250 8BITMIME")
		case word == "STARTTLS":
			say("220 go on")
			conn, encrypted = tls.Server(conn, s.tls), true
			r = bufio.NewReader(conn)
		case word == "AUTH":
			if !s.knows(r, line, encrypted, say) {
				say("535 wrong: " + line) // a server that repeats what it was told
				continue
			}
			say("235 welcome")
		case word == "MAIL" && fault == "busy":
			say("451 busy")
		case word == "RCPT" && fault == "never":
			say("550 nobody here")
		case word == "DATA":
			say("354 go on")
			text := readMail(r)
			if fault == "late" {
				say("451 try again")
				continue
			}
			s.take(text)
			if fault == "lost" {
				return
			}
			say("250 taken")
		case word == "QUIT":
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

// hear reads a line of a client, and keeps it.
func (s *smtpServer) hear(r *bufio.Reader, encrypted bool) (string, error) {
	line, err := r.ReadString('\n')
	line = strings.TrimSpace(line)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.lines = append(s.lines, map[bool]string{true: "TLS "}[encrypted]+line)
	}
	return line, err
}

// knows reports whether a client has the password.
func (s *smtpServer) knows(r *bufio.Reader, line string, encrypted bool, say func(string)) bool {
	in64 := base64.StdEncoding.EncodeToString
	if s.auth == "PLAIN" {
		return line == "AUTH PLAIN "+in64([]byte("\x00user\x00"+s.password))
	}
	say("334 " + in64([]byte("Username:")))
	user, _ := s.hear(r, encrypted)
	say("334 " + in64([]byte("Password:")))
	password, _ := s.hear(r, encrypted)
	return line == "AUTH LOGIN" && user == in64([]byte("user")) && password == in64([]byte(s.password))
}

func readMail(r *bufio.Reader) string {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return b.String()
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

func (s *smtpServer) take(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err == nil {
		s.mails = append(s.mails, m)
		s.texts = append(s.texts, text)
	}
}

// taken are the subjects of the mails, without those that came again under the same
// Message-ID, and how many came again.
func (s *smtpServer) taken() (subjects []string, again int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]bool{}
	for _, m := range s.mails {
		if id := m.Header.Get("Message-ID"); seen[id] {
			again++
		} else {
			seen[id] = true
			subjects = append(subjects, m.Header.Get("Subject"))
		}
	}
	return subjects, again
}
