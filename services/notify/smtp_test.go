package notify_test

import (
	"bufio"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
)

// smtpServer is a mail server that takes mail without TLS. fault says what happens to the
// nth conversation: "refuse" hangs up, "busy" answers 451, "late" answers 451 after the
// mail, "lost" takes the mail and hangs up without an answer, "never" answers 550.
type smtpServer struct {
	addr  string
	mu    sync.Mutex
	n     int
	fault func(n int) string
	mails []*mail.Message
	texts []string
}

func newSMTP(t *testing.T, fault func(n int) string) *smtpServer {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &smtpServer{addr: ln.Addr().String(), fault: fault}
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
	r := bufio.NewReader(conn)
	say := func(line string) { _, _ = conn.Write([]byte(line + "\r\n")) }
	say("220 played")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		switch {
		case word == "EHLO":
			say("250 played")
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
