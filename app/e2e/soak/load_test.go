package soak

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// subjects are what the program has to show, found by following its links.
type subjects struct {
	links    []string // of pages and panels
	sessions []string
	repos    []string // owner/name
}

// crawled bounds the links that are found.
const crawled = 500

// learn lets the program read its sources, and follows its links.
func (s *soak) learn() {
	w := newWorker(s, 99)
	w.client.Timeout = 10 * time.Minute
	w.ask(s.T.Context(), http.MethodPost, "/api/refresh", "", whole)
	link := regexp.MustCompile(`(?:href|hx-get)="(/[^"#]*)`)
	found, level := map[string]bool{}, []string{"/", "/issues", "/sessions", "/pulls", "/runs", "/repos", "/activity", "/needs-you"}
	for range 2 {
		var next []string
		for _, path := range level {
			for _, m := range link.FindAllStringSubmatch(w.read(s.T.Context(), path), -1) {
				to := html.UnescapeString(m[1])
				if len(found) < crawled && !found[to] && !strings.HasPrefix(to, "/static/") && !strings.HasPrefix(to, "/events") {
					found[to] = true
					next = append(next, to)
				}
			}
		}
		level = next[:min(len(next), 30)]
	}
	for to := range found {
		s.subjects.links = append(s.subjects.links, to)
		if m := regexp.MustCompile(`^/sessions/([^/?]+)`).FindStringSubmatch(to); m != nil {
			s.subjects.sessions = append(s.subjects.sessions, m[1])
		}
	}
	s.subjects.links = append(s.subjects.links, apiPaths()...)
	slices.Sort(s.subjects.links)
	w.client.CloseIdleConnections()
	if len(s.subjects.sessions) == 0 || len(s.subjects.links) < 50 {
		s.T.Fatalf("%d links and %d sessions are too few", len(s.subjects.links), len(s.subjects.sessions))
	}
}

// worker is one client, with an address of its own: the program bounds what
// one client may ask.
type worker struct {
	*soak
	dice   *rand.Rand
	dialer net.Dialer
	client http.Client
}

func newWorker(s *soak, n int) *worker {
	w := &worker{soak: s, dice: rand.New(rand.NewPCG(uint64(n), 1))} //nolint:gosec // dice
	w.dialer = net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(n+1))}, Timeout: 10 * time.Second}
	w.client = http.Client{
		Timeout:       20 * time.Second,
		Transport:     &http.Transport{DialContext: w.dialer.DialContext, MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w
}

// workers are what is done at the same time, each again and again.
func (s *soak) workers() []func(*worker, context.Context) {
	all := []func(*worker, context.Context){
		(*worker).page, (*worker).page, (*worker).page, (*worker).query, (*worker).odd, (*worker).oddBytes,
		(*worker).job, (*worker).job, (*worker).cancel, (*worker).stream, (*worker).stream, (*worker).streamNeverRead,
		(*worker).export, (*worker).exportNeverRead, (*worker).idle, (*worker).send, (*worker).send,
		(*worker).change, (*worker).fault,
	}
	if s.postgres != nil {
		all = append(all, (*worker).cutDatabase)
	}
	return all
}

func oneOf[T any](w *worker, list ...T) T { return list[w.dice.IntN(len(list))] }

// rest waits for up to d.
func (w *worker) rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(w.dice.Int64N(int64(d)))):
	}
}

// ask makes one request; what it is does not matter, nor that it fails.
func (w *worker) ask(ctx context.Context, method, path, body string, read func(io.Reader), headers ...string) {
	req, err := http.NewRequestWithContext(ctx, method, w.URL+path, strings.NewReader(body))
	if err != nil {
		return
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := w.client.Do(req)
	status := 0
	if err == nil {
		defer res.Body.Close()
		read(res.Body)
		status = res.StatusCode
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status[status]++
}

func whole(r io.Reader) { _, _ = io.Copy(io.Discard, r) }

// read returns the body of an answer.
func (w *worker) read(ctx context.Context, path string) (body string) {
	w.ask(ctx, http.MethodGet, path, "", func(r io.Reader) {
		text, _ := io.ReadAll(r)
		body = string(text)
	})
	return body
}

func (w *worker) page(ctx context.Context) {
	headers := oneOf(w, nil, []string{"HX-Request", "true"}, []string{"Accept-Encoding", "gzip"})
	w.ask(ctx, http.MethodGet, oneOf(w, w.subjects.links...), "", whole, headers...)
	w.rest(ctx, 50*time.Millisecond)
}

func apiPaths() []string {
	return []string{
		"/api/stats", "/api/trends", "/api/trends?period=all", "/api/needs-attention", "/api/issues", "/api/sessions",
		"/api/prs", "/api/runs", "/api/repos", "/api/verifications", "/api/changes", "/api/files", "/api/jobs", "/api/sources",
		"/api/config", "/api/views",
		"/api/openapi.yaml", "/docs/api", "/report", "/effectiveness", "/api/effectiveness", "/metrics", "/api/search?q=xss", "/api/complete?q=sev",
	}
}

// query asks a list for what was not asked before.
func (w *worker) query(ctx context.Context) {
	list := oneOf(w, "/issues", "/sessions", "/pulls", "/runs", "/repos", "/api/issues", "/api/sessions", "/panels/issues", "/search")
	terms := []string{"is:open", "is:fixed", "severity:high", "-family:xss", "sort:age", "colour:red",
		"repo:northwind", "\x00", "\xff", "é", `"`}
	q := fmt.Sprintf("%s %s line:>%d", oneOf(w, terms...), oneOf(w, terms...), w.dice.IntN(1000))
	w.ask(ctx, http.MethodGet, list+"?q="+url.QueryEscape(q)+"&page="+oneOf(w, "1", "2", "x", "99999999999999999999"), "", whole)
	w.rest(ctx, 100*time.Millisecond)
}

// job starts a job and waits for it, or leaves before it has ended.
func (w *worker) job(ctx context.Context) {
	ctx, leave := context.WithTimeout(ctx, time.Duration(1+w.dice.IntN(5000))*time.Millisecond)
	defer leave()
	name := oneOf(w, "refresh", "poll", "poll-prs", "backfill")
	w.ask(ctx, http.MethodPost, oneOf(w, "/api/"+name, "/actions/"+name, "/api/"+name+"?async=true"), "", whole)
	w.rest(ctx, time.Second)
}

// cancel cancels jobs, those that have ended too.
func (w *worker) cancel(ctx context.Context) {
	for _, m := range regexp.MustCompile(`"id":"([0-9a-f]+)"`).FindAllStringSubmatch(w.read(ctx, "/api/jobs?per_page=3"), -1) {
		w.ask(ctx, http.MethodDelete, "/api/jobs/"+m[1], "", whole)
	}
	w.rest(ctx, 4*time.Second)
}

// stream reads events for a while and leaves.
func (w *worker) stream(ctx context.Context) {
	ctx, leave := context.WithTimeout(ctx, time.Duration(1+w.dice.IntN(4000))*time.Millisecond)
	defer leave()
	w.ask(ctx, http.MethodGet, "/events", "", whole)
}

// export reads a download slowly, and often leaves in its middle.
func (w *worker) export(ctx context.Context) {
	path := oneOf(w, "/api/issues.csv", "/api/issues.json?q=", "/api/sessions.csv", "/api/runs.json", "/api/prs.csv")
	w.ask(ctx, http.MethodGet, path, "", func(r io.Reader) {
		for range w.dice.IntN(20) {
			if _, err := io.CopyN(io.Discard, r, 8<<10); err != nil {
				return
			}
			w.rest(ctx, 100*time.Millisecond)
		}
	})
}

func (w *worker) streamNeverRead(ctx context.Context) {
	w.hold(ctx, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

func (w *worker) exportNeverRead(ctx context.Context) {
	w.hold(ctx, "GET /api/issues.json?q= HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

// idle opens connections that ask nothing, or never end what they ask.
func (w *worker) idle(ctx context.Context) {
	w.hold(ctx, oneOf(w, "", "GET / HTTP/1.1\r\nHost: loc",
		"POST /api/views HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"))
}

// heldMost is how many connections are held by clients that do not read. It
// keeps each longer than the server lets them.
const heldMost = 120

// hold sends a text and keeps the connection, without reading, until it is
// one of the oldest.
func (w *worker) hold(ctx context.Context, text string) {
	if c := w.dial(ctx, text); c != nil {
		w.mu.Lock()
		w.held = append(w.held, c)
		if len(w.held) > heldMost {
			_ = w.held[0].Close() // the program may have closed it already
			w.held = w.held[1:]
		}
		w.mu.Unlock()
	}
	w.rest(ctx, 2*time.Second)
}

func (w *worker) dial(ctx context.Context, text string) net.Conn {
	c, err := w.dialer.DialContext(ctx, "tcp", strings.TrimPrefix(w.URL, "http://"))
	if err != nil {
		return nil
	}
	_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	_, _ = io.WriteString(c, text)
	return c
}

// send replies to sessions and starts runs.
func (w *worker) send(ctx context.Context) {
	session, repo := oneOf(w, w.subjects.sessions...), oneOf(w, w.subjects.repos...)
	token := fmt.Sprintf("%016x", w.dice.Uint64())
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	switch w.dice.IntN(4) {
	case 0:
		w.ask(ctx, http.MethodPost, "/api/sessions/"+session+"/messages", `{"message":"Go on."}`, whole,
			"Content-Type", "application/json")
	case 1:
		w.ask(ctx, http.MethodPost, "/actions/reply",
			url.Values{"session": {session}, "token": {token}, "message": {"Go on."}}.Encode(), whole, form...)
	case 2:
		w.ask(ctx, http.MethodPost, "/api/dispatch", fmt.Sprintf(`{"target_repo":"https://github.com/%s"}`, repo), whole,
			"Content-Type", "application/json")
	default:
		w.ask(ctx, http.MethodPost, "/actions/dispatch", url.Values{"repo": {repo}, "token": {token}}.Encode(), whole, form...)
	}
	w.ask(ctx, http.MethodGet, oneOf(w, "/api/sessions/"+session+"/messages", "/panels/reply?subject="+session,
		"/api/dispatch/preflight?target_repo="+repo), "", whole)
	w.rest(ctx, 2*time.Second)
}

// odd asks for what no page asks for.
func (w *worker) odd(ctx context.Context) {
	method := oneOf(w, "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW")
	path := oneOf(w, "/nowhere", "/api/nowhere", "/api/runs/%00/raw", "/issues/%ff", "/api/jobs/"+strings.Repeat("a", 5000),
		"/static/..%2f..%2fgo.mod", "/panels/issues?scope=%00", "/api/views", "/api/issues?q="+strings.Repeat("(", 500),
		"/api/sessions/x/messages", "/api/dispatch", "/actions/reply")
	body := oneOf(w, "", "{", "null", strings.Repeat("[", 20_000), strings.Repeat("x", 100_000), "message=%00&session=%ff",
		`{"message":"\u0000"}`)
	w.ask(ctx, method, path, body, whole, oneOf(w, []string{"Content-Type", "application/json"}, []string{"Content-Encoding", "gzip"},
		[]string{"Content-Type", "multipart/form-data; boundary=x"}, []string{"Origin", "https://evil.example"},
		[]string{"Cookie", "jobs=" + strings.Repeat("a.", 99)})...)
	w.rest(ctx, 200*time.Millisecond)
}

// oddBytes sends what is no HTTP, and reads what is said to it.
func (w *worker) oddBytes(ctx context.Context) {
	c := w.dial(ctx, oneOf(w, "SSH-2.0-OpenSSH_9.2\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"\x16\x03\x01\x02\x00",
		"GET / HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 40_000)+"\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"))
	if c == nil {
		return
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = bufio.NewReader(c).ReadString('\n')
	_ = c.Close() // the program may have closed it already
	w.rest(ctx, 500*time.Millisecond)
}

// cutDatabase ends some of the program's connections to PostgreSQL.
func (w *worker) cutDatabase(ctx context.Context) {
	w.rest(ctx, 8*time.Second)
	_, err := w.postgres.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5`)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cuts[err == nil]++
}
