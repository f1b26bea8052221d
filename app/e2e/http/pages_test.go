package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// site is the whole program on a port of its own, with records in a
// directory.
type site struct {
	t    *testing.T
	url  string
	runs string
	http *http.Client
}

// startSite runs the program until the test ends, with what set changes of
// its settings.
func startSite(t *testing.T, records map[string]any, set func(*Config)) *site {
	t.Helper()
	s := &site{t: t, runs: t.TempDir(), http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	s.write(records)
	cfg, err := parseConfig(map[string]string{"RUNS_DIR": s.runs, "DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "d.db"), "LISTEN_ADDR": "127.0.0.1:0", "REFRESH_INTERVAL": "0", "POLL_INTERVAL": "0"})
	if err != nil {
		t.Fatal(err)
	}
	if set != nil {
		set(&cfg)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- run(ctx, cfg, false, slog.New(slog.DiscardHandler), func(a net.Addr) { ready <- a }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	select {
	case a := <-ready:
		s.url = "http://" + a.String()
	case err := <-ended:
		ended <- err
		t.Fatal("the program did not start")
	}
	if len(records) > 0 {
		s.wait("/api/jobs", `"state":"done"`)
	}
	return s
}

// write puts records into the directory.
func (s *site) write(records map[string]any) {
	s.t.Helper()
	for name, record := range records {
		body, err := json.Marshal(record)
		if err == nil {
			err = os.WriteFile(filepath.Join(s.runs, name), body, 0o600)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// wait asks until the answer holds a text, and returns it.
func (s *site) wait(path, text string, headers ...string) string {
	s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, body := s.get(path, headers...); strings.Contains(body, text) {
			return body
		}
	}
	s.t.Fatalf("%s never said %s", path, text)
	return ""
}

// reply is an answer whose body was read.
type reply struct {
	StatusCode int
	Header     http.Header
}

func (s *site) do(method, path, body string, headers ...string) (reply, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header}, string(text)
}

func (s *site) get(path string, headers ...string) (reply, string) {
	return s.do(http.MethodGet, path, "", headers...)
}

// finding is a finding of a made-up record.
func finding(run, n int, severity, family, rule, file string, line int) map[string]any {
	return map[string]any{"id": fmt.Sprintf("CQLF-R%d-%04d", run, n), "fingerprint": fmt.Sprintf("%016x", n*7919), "rule_id": rule, "severity_tier": severity, "cwe_family": family, "file": file, "start_line": line}
}

// scan is a made-up record of a scan of octo/shop.
func scan(run int, at time.Time, findings []map[string]any, sessions ...map[string]any) map[string]any {
	severity, family := map[string]int{}, map[string]int{}
	for _, f := range findings {
		severity[f["severity_tier"].(string)]++
		family[f["cwe_family"].(string)]++
	}
	if sessions == nil {
		sessions = []map[string]any{}
	}
	return map[string]any{"target_repo": "https://github.com/octo/shop", "fork_url": "https://github.com/forks/shop", "run_number": run, "run_id": fmt.Sprint(1000 + run), "run_url": fmt.Sprintf("https://github.com/octo/action/actions/runs/%d", 1000+run),
		"run_label": fmt.Sprintf("run-%d", run), "timestamp": at.UTC().Format(time.RFC3339), "issues_found": len(findings), "severity_breakdown": severity, "category_breakdown": family, "batches_created": len(sessions), "sessions": sessions, "issue_fingerprints": findings}
}

// shopRecords are two scans: 60 findings, then the same without the first,
// and a session that works.
func shopRecords() map[string]any {
	var findings []map[string]any
	for n := 1; n <= 60; n++ {
		severity := []string{"critical", "high", "medium", "low"}[n%4]
		findings = append(findings, finding(1, n, severity, []string{"xss", "injection"}[n%2], fmt.Sprintf("js/rule-%02d", n), fmt.Sprintf("src/<b>%d</b>/file.ts", n), n))
	}
	at := time.Now().Add(-2 * time.Hour)
	session := map[string]any{"session_id": "devin-0123456789abcdef0123456789abcdef", "session_url": "https://evil.example/sessions/1", "batch_id": 1, "status": "working", "issue_ids": []string{"CQLF-R1-0002"}, "pr_url": "https://github.com/octo/shop/pull/7"}
	return map[string]any{"a.json": scan(1, at, findings), "b.json": scan(2, at.Add(time.Hour), findings[1:], session)}
}

func TestPages(t *testing.T) {
	s := startSite(t, shopRecords(), nil)
	for path, want := range map[string]struct {
		status int
		holds  []string
		lacks  []string
	}{
		"/":                           {200, []string{"<h1>Overview</h1>", ">59</a>", "Devin now", "GITHUB_TOKEN", "15 critical", "hx-sse:connect", "octo/shop"}, []string{"evil.example"}},
		"/issues":                     {200, []string{"1–50 of 59", "59 issues", "js/rule-04", "src/&lt;b&gt;", "aria-sort=\"descending\""}, []string{"<b>", "js/rule-01<"}},
		"/issues?q=is:fixed":          {200, []string{"1–1 of 1", "js/rule-01", "Fixed"}, []string{"js/rule-02"}},
		"/issues?q=":                  {200, []string{"of 60"}, nil},
		"/issues?page=99&per_page=1":  {200, []string{"51–59 of 59", "per_page=25"}, nil},
		"/issues?page=x":              {400, []string{"page: this is no whole number"}, nil},
		"/issues?sort=nonsense":       {400, []string{"is unknown; use one of", "severity"}, nil},
		"/issues?q=colour:red":        {400, []string{"colour", "This list cannot be shown as asked", "Clear filters"}, nil},
		"/issues?q=rule:none":         {200, []string{"Nothing matches", "rule:none", "Clear filters"}, nil},
		"/sessions":                   {200, []string{"Working", "run 2 · batch 1", "https://app.devin.ai/sessions/0123456789abcdef0123456789abcdef", "#7"}, []string{"evil.example"}},
		"/pulls":                      {200, []string{"Pull request #7", "not fetched yet", "run record", "https://github.com/octo/shop/pull/7"}, nil},
		"/runs":                       {200, []string{"run 2", "59", "−1", "https://github.com/octo/action/actions/runs/1002"}, nil},
		"/repos":                      {200, []string{`href="/repo/octo/shop"`, "1 repository"}, nil},
		"/repo/octo/shop":             {200, []string{"<h1>octo/shop</h1>", "Fixes go to forks/shop", "59 issues", "/repo/octo/shop/runs"}, nil},
		"/repo/OCTO/Shop/sessions":    {200, []string{"Working", `aria-current="page"`}, []string{`k-repo"`}},
		"/repo/octo/shop/pulls":       {200, []string{"#7"}, nil},
		"/repo/octo/shop/runs":        {200, []string{"run 1"}, nil},
		"/repo/octo/shpo":             {404, []string{"Repository not found", "Did you mean", `href="/repo/octo/shop"`}, nil},
		"/repo/nobody/knows-this-one": {404, []string{"Repository not found"}, []string{"Did you mean"}},
		"/needs-you":                  {200, []string{"Needs you"}, nil},
		"/activity":                   {200, []string{"Refresh: done", "2 new files"}, nil},
		"/needs-you?group=x":          {400, []string{"use one of waiting, pr_ready, verified, never_started, stuck, overdue."}, []string{"query-box"}},
		"/search?q=%20":               {200, []string{"Search for a repository"}, nil},
		"/search?q=rule-07":           {200, []string{"js/rule-07", "Open as a list"}, nil},
		"/nowhere":                    {404, []string{"There is nothing at /nowhere", "<nav"}, nil},
	} {
		t.Run(path, func(t *testing.T) {
			s := s.in(t)
			res, body := s.get(path)
			if res.StatusCode != want.status {
				t.Errorf("status %d, want %d", res.StatusCode, want.status)
			}
			for _, text := range want.holds {
				if !strings.Contains(body, text) {
					t.Errorf("it does not say %q", text)
				}
			}
			for _, text := range append(want.lacks, "style=", "<script>", " onclick=", "hx-on") {
				if strings.Contains(body, text) {
					t.Errorf("it says %q", text)
				}
			}
		})
	}
}

// in is the site for a part of a test.
func (s *site) in(t *testing.T) *site {
	of := *s
	of.t = t
	return &of
}

func TestPanelAlone(t *testing.T) {
	s := startSite(t, shopRecords(), nil)
	res, _ := s.get("/panels/issues?q=is:fixed&scope=octo/shop&page=2")
	if got := res.Header.Get("Location"); res.StatusCode != 303 || got != "/repo/octo/shop/issues?page=2&q=is%3Afixed" {
		t.Errorf("a browser that opens a panel: %d to %q", res.StatusCode, got)
	}
	if res, _ := s.get("/repo/forks/shop/pulls"); res.StatusCode != 303 || res.Header.Get("Location") != "/repo/octo/shop/pulls" {
		t.Errorf("a fork's page: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	res, body := s.get("/panels/issues?q=is:fixed&push=1", "HX-Request", "true")
	if res.StatusCode != 200 || strings.Contains(body, "<html") || !strings.HasPrefix(body, "<section") || !strings.Contains(body, "js/rule-01") {
		t.Errorf("the panel alone: %d %.200s", res.StatusCode, body)
	}
	if got := res.Header.Get("HX-Push-Url"); got != "/issues?q=is%3Afixed" {
		t.Errorf("it pushes %q", got)
	}
	tag := res.Header.Get("ETag")
	if res, _ := s.get("/panels/tiles", "HX-Request", "true"); res.Header.Get("ETag") == "" {
		t.Error("a panel has no ETag")
	} else if again, _ := s.get("/panels/tiles", "HX-Request", "true", "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 304 {
		t.Errorf("an unchanged panel: %d", again.StatusCode)
	}
	if tag == "" {
		t.Error("the list has no ETag")
	}
	res, body = s.get("/panels/issues?q=colour:red", "HX-Request", "true")
	if res.StatusCode != 400 || !strings.Contains(body, `class="failure"`) || !strings.Contains(body, "colour") {
		t.Errorf("a wrong filter in place: %d %.300s", res.StatusCode, body)
	}
}

func TestActions(t *testing.T) {
	s := startSite(t, shopRecords(), nil)
	res, _ := s.do("POST", "/actions/refresh", "", "Referer", s.url+"/issues?q=is:fixed")
	if got := res.Header.Get("Location"); res.StatusCode != 303 || got != "/issues?q=is:fixed" {
		t.Errorf("without JavaScript: %d to %q", res.StatusCode, got)
	}
	res, _ = s.do("POST", "/actions/refresh", "", "Referer", "https://evil.example/x")
	if got := res.Header.Get("Location"); got != "/" {
		t.Errorf("from elsewhere it leads to %q", got)
	}
	cookie, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
	if body := s.wait("/issues", "0 new files, 0 updated.", "Cookie", cookie); !strings.Contains(body, "Refresh: done") {
		t.Error("the job's card is not on the next page")
	}
	res, body := s.do("POST", "/actions/poll", "", "HX-Request", "true")
	if res.StatusCode != 400 || !strings.Contains(body, "DEVIN_API_KEY") || !strings.Contains(body, "Not started.") {
		t.Errorf("without its variable: %d %s", res.StatusCode, body)
	}
	id := strings.Trim(strings.TrimPrefix(cookie, "jobs="), "_") // of a job that it started
	res, body = s.do("POST", "/actions/dismiss", url.Values{"id": {id}}.Encode(), "HX-Request", "true", "Cookie", cookie)
	if res.StatusCode != 200 || strings.Contains(body, "job-"+id) || !strings.Contains(res.Header.Get("Set-Cookie"), "jobs=;") {
		t.Errorf("a closed card: %d %q %s", res.StatusCode, res.Header.Get("Set-Cookie"), body)
	}
	res, body = s.do("POST", "/actions/cancel", url.Values{"id": {id}}.Encode(), "HX-Request", "true", "Cookie", cookie)
	if res.StatusCode != 200 || !strings.Contains(body, "Refresh: done") {
		t.Errorf("a job that has ended is not cancelled, but shown: %d %s", res.StatusCode, body)
	}
	if res, _ := s.do("POST", "/actions/refresh", "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); res.StatusCode != 403 {
		t.Errorf("from another origin: %d", res.StatusCode)
	}
}

func TestBackfillShowsFirst(t *testing.T) {
	records := shopRecords()
	old := records["b.json"].(map[string]any)
	old["sessions"].([]map[string]any)[0]["issue_ids"] = []string{"", "CQLF-R1-0002"}
	s := startSite(t, records, nil)
	res, _ := s.do("POST", "/actions/backfill", "dry_run=true")
	cookie, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
	body := s.wait("/runs", "Backfill, dry run: done", "Cookie", cookie)
	for _, text := range []string{"1 change in 1 record. Nothing is written yet.", "sessions[0].issue_ids", "Apply 1 change"} {
		if !strings.Contains(body, text) {
			t.Errorf("the dry run does not say %q", text)
		}
	}
	id := strings.Trim(strings.TrimPrefix(cookie, "jobs="), "_") // of a job that it started
	res, _ = s.do("POST", "/actions/backfill", "replaces="+id, "Cookie", cookie)
	cookie, _, _ = strings.Cut(res.Header.Get("Set-Cookie"), ";")
	if strings.Contains(cookie, id) {
		t.Error("the dry run's card stays beside what was applied")
	}
	s.wait("/runs", "1 change in 1 record applied.", "Cookie", cookie)
}

func TestEvents(t *testing.T) {
	s := startSite(t, shopRecords(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return ""
	}
	first := next()
	s.write(map[string]any{"c.json": scan(3, time.Now(), []map[string]any{finding(3, 2, "high", "xss", "js/rule-02", "src/a.ts", 2)})})
	if res, _ := s.do("POST", "/api/refresh", ""); res.StatusCode != 200 {
		t.Fatalf("refresh: %d", res.StatusCode)
	}
	records := func(text string) string {
		_, rest, _ := strings.Cut(text, "records=")
		n, _, _ := strings.Cut(rest, " ")
		return n
	}
	for now := next(); records(now) == records(first); now = next() {
	}
}

func TestNoSettings(t *testing.T) {
	s := startSite(t, nil, func(c *Config) { c.RunsDir = "" })
	_, body := s.get("/")
	for _, text := range []string{"No runs yet", "GITHUB_TOKEN, ACTION_REPO and DEVIN_API_KEY are not set", "https://github.com/settings/tokens", "--demo", "RUNS_DIR"} {
		if !strings.Contains(body, text) {
			t.Errorf("it does not say %q", text)
		}
	}
}

func TestGithubWeb(t *testing.T) {
	for api, want := range map[BaseURL]string{"https://api.github.com": "https://github.com", "https://git.example.com/api/v3": "https://git.example.com", "https://api.acme.ghe.com": "https://acme.ghe.com", "http://127.0.0.1:9999": "https://github.com"} {
		if got := githubWeb(api); got != want {
			t.Errorf("%s: %s, want %s", api, got, want)
		}
	}
}
