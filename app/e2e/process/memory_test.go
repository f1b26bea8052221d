package process

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/devin/devintest"
	"telemetry-dashboard/services/telemetry/testsize"
)

// What a machine or container of 512 MB leaves to the program: Go's limit is
// what the program would set there by itself, and the resident memory may
// never reach the whole.
const (
	smallLimit  = "400MiB"
	smallMemory = 512 << 20
)

// small is the program on a small machine, between upstreams that can send
// more than it holds.
type small struct {
	*program.Program
	hostile atomic.Bool       // floods lets the upstreams answer with floods
	bombs   map[string][]byte // packed, by how they open
}

// TestSmallMachine: what requests, clients, records and upstreams may send
// does not make the program outgrow 512 MB, and it keeps answering.
func TestSmallMachine(t *testing.T) {
	if program.Race {
		t.Skip("SKIPPED: a small machine: the race detector takes memory of its own")
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur < 4096 {
		t.Skip("SKIPPED: a small machine: this process may not open the 4,096 files that the clients of this test need")
	}
	s := &small{bombs: map[string][]byte{}}
	p := program.NewPlayed(t, "apk_test", nil)
	p.Devin.Put(devintest.Session{ID: program.SampleSession, Status: "running"})
	fronts := program.Fronts{"GITHUB_API_URL": s.front, "DEVIN_API_URL": s.front}
	s.Program = program.WithRuns(t, nil, p.Settings(fronts).With(program.Settings{"GOMEMLIMIT": smallLimit}))
	for _, step := range []struct {
		name string
		do   func(*small)
	}{
		{"records", (*small).records},
		{"packed requests", (*small).packedRequests},
		{"upstreams", (*small).floods},
		{"clients", (*small).clients},
	} {
		began := time.Now()
		step.do(s)
		now, most := s.memory()
		t.Logf("after %-16s %4d MB, at most %4d MB; %v", step.name, now>>20, most>>20, time.Since(began).Round(time.Millisecond))
	}
	s.Kill() // a second start meets the same records
	s.Restart()
	s.Job("refresh")
	if n := totalRuns(s.Program); n != 5.0 {
		t.Errorf("after a second start it has %v runs", n)
	}
	now, most := s.memory()
	t.Logf("after a second start %4d MB, at most %4d MB", now>>20, most>>20)
}

// memory is what the program has resident, now and at most since it started.
// It fails the test where that is all that the machine has.
func (s *small) memory() (now, most uint64) {
	s.T.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(s.PID()) + "/status")
	if err != nil {
		s.T.Skipf("SKIPPED: a small machine: this system does not tell a process's memory: %v", err)
	}
	kilobytes := func(name string) uint64 {
		m := regexp.MustCompile(name + `:\s+(\d+) kB`).FindSubmatch(text)
		if m == nil {
			s.T.Fatalf("no %s in %s", name, text)
		}
		n, _ := strconv.ParseUint(string(m[1]), 10, 64)
		return n << 10
	}
	now, most = kilobytes("VmRSS"), kilobytes("VmHWM")
	if most > smallMemory {
		s.T.Errorf("the program had %d MB resident, more than the machine", most>>20)
	}
	return now, most
}

// front is a proxy of a player that answers with floods while s is hostile.
func (s *small) front(player http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.hostile.Load() && r.Method == http.MethodGet {
			s.flood(w, r)
			return
		}
		player.ServeHTTP(w, r)
	})
}

// flood answers with pages of new pull requests without end, with a
// repository, or with a small body that unpacks to 63 MB.
func (s *small) flood(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	page, _ := strconv.Atoi(cmp.Or(r.URL.Query().Get("page"), "1"))
	opening := "["
	switch {
	case strings.HasSuffix(r.URL.Path, "/pulls") && r.URL.Query().Get("state") == "all":
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?state=all&per_page=100&page=%d>; rel="next"`, r.Host, r.URL.Path, page+1))
		_, _ = w.Write(pullsPage(page))
		return
	case regexp.MustCompile(`^/repos/[^/]+/[^/]+$`).MatchString(r.URL.Path):
		_, _ = io.WriteString(w, `{"id": 1, "full_name": "octo/action", "default_branch": "main"}`)
		return
	case strings.Contains(r.URL.Path, "/git/trees"):
		opening = `{"sha":"a","tree":[`
	case strings.HasSuffix(r.URL.Path, "/check-runs"):
		opening = `{"total_count":1,"check_runs":[`
	case strings.HasSuffix(r.URL.Path, "/sessions"):
		opening = `{"sessions":[`
	case strings.Contains(r.URL.Path, "/session/"):
		opening = `{"session_id":"devin-` + program.SampleSession + `","status":"running","messages":[`
	}
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(s.bombs[opening])
}

// pack prepares an answer of 63 MB that opens so.
func pack(t *testing.T, opening string) []byte {
	t.Helper()
	var packed bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed) // a known level
	_, _ = io.WriteString(zip, opening)
	chunk := []byte(strings.Repeat("{},", 1<<18))
	for range 63 << 20 / len(chunk) {
		if _, err := zip.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = io.WriteString(zip, "{}]}")
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// pullsPage is a page of a hundred pull requests with long texts.
func pullsPage(page int) []byte {
	var body bytes.Buffer
	text := strings.Repeat("x", 2000)
	for i := range 100 {
		fmt.Fprintf(&body, `%c{"number":%d,"state":"open","title":"Fix","body":"%s","html_url":"https://github.com/octo/shop/pull/%[2]d",`+
			`"user":{"login":"devin"},"head":{"ref":"fix"},"base":{"repo":{"full_name":"octo/shop"}},`+
			`"created_at":"2026-02-02T10:00:00Z","updated_at":"2026-02-02T10:00:00Z"}`, "[,"[min(i, 1)], page*100+i, text)
	}
	body.WriteString("]")
	return body.Bytes()
}

// records are the largest and the oddest that a directory of run files may
// hold. Five of them are taken, the others are listed with their error.
func (s *small) records() {
	findings := func(n, scan int, print func(k int) string) []any {
		list := make([]any, n)
		for k := range list {
			list[k] = map[string]any{"id": fmt.Sprintf("CQLF-R%d-%04d", scan, k), "fingerprint": print(k), "rule_id": "js/xss",
				"severity_tier": "high", "cwe_family": "xss", "file": "a.js", "start_line": k * 7919 % n}
		}
		return list
	}
	many := testsize.Of(s.T, "findings", 8_000, 30_000)
	alike := func(scan int) func(int) string {
		return func(k int) string { return fmt.Sprintf("0123456789abcdef%06x", k+scan*many/2) }
	}
	same := func(int) string { return "0123456789abcdef" }
	session := program.RecordedSession(map[string]any{"pr_url": "https://github.com/octo/shop/pull/7"})
	at := func(day int) string { return fmt.Sprintf("2026-02-%02dT10:00:00Z", day) }
	s.Write(map[string]any{
		"plain.json": program.SmallScan(1, at(1), map[string]any{"sessions": []any{session}}),
		"a.json":     program.SmallScan(2, at(2), map[string]any{"issue_fingerprints": findings(many, 2, alike(0))}),
		"b.json":     program.SmallScan(3, at(3), map[string]any{"issue_fingerprints": findings(many, 3, alike(1))}),
		"c.json":     program.SmallScan(4, at(4), map[string]any{"issue_fingerprints": findings(many, 4, same)}),
		"e.json":     program.SmallScan(6, at(6), nil),
		"sessions.json": bytes.Replace(program.SmallScan(7, at(7), nil), []byte(`"sessions":[]`),
			[]byte(`"sessions":[`+strings.Repeat("{},", 6_300_000)+`{}]`), 1),
		"severity.json": bytes.Replace(program.SmallScan(8, at(8), nil), []byte(`"severity_breakdown":{`),
			manyKeys(1_400_000), 1),
		"nested.json": []byte(strings.Repeat("[", 19<<20)),
		"huge.json":   bytes.Repeat([]byte(" "), 100<<20),
	})
	s.Job("refresh")
	if n := totalRuns(s.Program); n != 5.0 {
		s.T.Errorf("it has %v runs", n)
	}
	for name, text := range map[string]string{
		"sessions.json": "sessions", "severity.json": "severity_breakdown", "nested.json": "JSON", "huge.json": "bytes",
	} {
		if _, body := s.Get("/api/files?per_page=50&q=" + name); !strings.Contains(body, text) {
			s.T.Errorf("of %s it says %.500s", name, body)
		}
	}
}

func manyKeys(n int) []byte {
	var keys bytes.Buffer
	keys.WriteString(`"severity_breakdown":{`)
	for k := range n {
		fmt.Fprintf(&keys, `"%d":1,`, k)
	}
	return keys.Bytes()
}

// packedRequests are forms of 56 KB that unpack to 57 MB, twenty at a time.
func (s *small) packedRequests() {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	form := multipart.NewWriter(zip)
	file, err := form.CreateFormFile("message", "zeros")
	if err == nil {
		_, err = file.Write(make([]byte, 55<<20))
	}
	if err != nil {
		s.T.Fatal(err)
	}
	form.Close()
	zip.Close()
	s.atOnce(20, func() *http.Request {
		return s.Request(http.MethodPost, "/actions/reply", packed.String(),
			"Content-Type", form.FormDataContentType(), "Content-Encoding", "gzip")
	}, http.StatusUnsupportedMediaType)
}

// atOnce makes a request so often at a time. Each must be answered with one
// of the statuses; it returns how many with each.
func (s *small) atOnce(n int, request func() *http.Request, statuses ...int) map[int]int {
	s.T.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: n}, Timeout: 2 * time.Minute}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	got := map[int]int{}
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			status := 0
			res, err := client.Do(request())
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				status = res.StatusCode
			}
			if err != nil {
				s.T.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[status]++
		})
	}
	all.Wait()
	answered := 0
	for _, status := range statuses {
		answered += got[status]
	}
	if answered != n {
		s.T.Errorf("%d times at once: %v, want only %v", n, got, statuses)
	}
	return got
}

// asking is a request for a path.
func (s *small) asking(path string) func() *http.Request {
	return func() *http.Request { return s.Request(http.MethodGet, path, "") }
}

// floods lets the upstreams answer with floods, to jobs and pages at the same time.
func (s *small) floods() {
	for _, opening := range []string{"[", `{"sha":"a","tree":[`, `{"total_count":1,"check_runs":[`, `{"sessions":[`,
		`{"session_id":"devin-` + program.SampleSession + `","status":"running","messages":[`} {
		s.bombs[opening] = pack(s.T, opening)
	}
	s.hostile.Store(true)
	defer s.hostile.Store(false)
	var all sync.WaitGroup
	for _, path := range []string{"/api/refresh", "/api/poll", "/api/poll-prs"} {
		all.Go(func() {
			if status, body := tried(s.Program, http.MethodPost, path); status == 0 || status == http.StatusInternalServerError {
				s.T.Errorf("%s: %d %.300s", path, status, body)
			} else {
				s.T.Logf("%s: %d %.200s", path, status, body)
			}
		})
	}
	for _, path := range []string{
		"/api/sessions/" + program.SampleSession + "/messages", "/api/prs/octo/shop/7", "/api/dispatch/preflight?target_repo=octo/shop",
	} {
		all.Go(func() {
			s.atOnce(15, s.asking(path),
				http.StatusBadGateway, http.StatusOK, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests)
		})
	}
	all.Wait()
}

// clients are 300 that never read, 1,000 that ask nothing, and 512 that ask
// for the overview at the same time.
func (s *small) clients() {
	open := func(n int, text string) {
		for range n {
			_ = dial(s.T, s.Program, text).(*net.TCPConn).SetReadBuffer(4 << 10)
		}
	}
	open(100, "GET /api/issues.json?q= HTTP/1.1\r\nHost: localhost\r\n\r\n")
	open(100, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	open(100, strings.Repeat("GET /issues HTTP/1.1\r\nHost: localhost\r\n\r\n", 10))
	open(1000, "")
	answered := 0
	for end := time.Now().Add(6 * program.Patience); answered == 0 && time.Now().Before(end); {
		answered = s.atOnce(512, s.asking("/"), http.StatusOK, http.StatusServiceUnavailable)[http.StatusOK]
	}
	s.Until("nothing is answered after all that", func() bool {
		status, _ := tried(s.Program, http.MethodGet, "/api/stats")
		return answered > 0 && status == http.StatusOK
	})
}
