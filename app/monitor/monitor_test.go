package monitor_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/monitor"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

// watched is a server that is watched, over a database.
type watched struct {
	*storetest.Store
	*monitor.Metrics
	t   *testing.T
	url string
	log *strings.Builder
}

func watch(t *testing.T, s *storetest.Store, budgets ...monitor.Budget) *watched {
	t.Helper()
	w := &watched{Store: s, Metrics: monitor.New("v1", "abc"), t: t, log: &strings.Builder{}}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it neither waits nor resolves
	if err != nil {
		t.Fatal(err)
	}
	w.url = "http://" + ln.Addr().String()
	srv := server.New(server.Options{Log: log, DatabaseID: s.ID(), Versions: s.Versions, Access: access.Everyone("you"),
		ListenAddr: ln.Addr().String(), Now: time.Now, Meter: w.Requests},
		append(monitor.Probes(s, log), w.Route(log)))
	w.Watch(monitor.Watched{Database: s, Load: srv.Load, Budgets: budgets, Log: log})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *watched) get(path string) (status int, body string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Host = "a-service.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if kept := resp.Header.Get("Cache-Control"); kept != "no-store" && resp.StatusCode != http.StatusMisdirectedRequest {
		w.t.Errorf("%s may be kept: %q", path, kept)
	}
	return resp.StatusCode, string(all)
}

// wants checks that the figures have all of some lines.
func (w *watched) wants(lines ...string) {
	w.t.Helper()
	status, body := w.get(monitor.MetricsPath)
	if status != http.StatusOK {
		w.t.Fatalf("%d %s", status, body)
	}
	for _, line := range lines {
		if !strings.Contains("\n"+body, "\n"+line+"\n") {
			var near []string
			name, _, _ := strings.Cut(line, "{")
			for other := range strings.Lines(body) {
				if strings.HasPrefix(other, strings.Fields(name)[0]) {
					near = append(near, other)
				}
			}
			w.t.Errorf("no line %q, but %q", line, near)
		}
	}
}

// TestProbesTellTheDatabase: the program is ready once it has the lease and until
// the database is gone; it lives all the time.
func TestProbesTellTheDatabase(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		w := watch(t, s)
		for _, step := range []struct {
			name   string
			do     func() error
			status int
			says   string
		}{
			{"before the lease", func() error { return nil }, 503, "runs the jobs"},
			{"with the lease", func() error { _, err := s.Lead(t.Context(), nil); return err }, 200, "ready"},
			{"with trouble upstream", func() error {
				return s.SaveSource(t.Context(), telemetry.SourceStatus{Name: "sessions", FailedAt: telemetry.At(time.Now()), Error: "Devin does not answer."})
			}, 200, "ready"},
			{"without the database", s.Close, 503, "See the log"},
		} {
			if err := step.do(); err != nil {
				t.Fatal(err)
			}
			if status, body := w.get(monitor.ReadyPath); status != step.status || !strings.Contains(body, step.says) || len(body) > 300 {
				t.Errorf("%s: %d %q, want %d %q", step.name, status, body, step.status, step.says)
			}
			if status, body := w.get(monitor.HealthPath); status != 200 || body != "ok\n" {
				t.Errorf("%s: it is not healthy: %d %q", step.name, status, body)
			}
		}
		if !strings.Contains(w.log.String(), "not ready") || !strings.Contains(w.log.String(), "ready again") {
			t.Errorf("the log: %s", w.log)
		}
	})
}

// TestFigures: what happens and what stands is told, of each database.
func TestFigures(t *testing.T) {
	storetest.OnBoth(t, func(t *testing.T, s *storetest.Store) {
		w := watch(t, s, monitor.Budget{Upstream: "github", Kind: "all", Rate: func() telemetry.RateLimit {
			return telemetry.RateLimit{Known: true, Limit: 5000, Remaining: 4321}
		}}, monitor.Budget{Upstream: "devin", Kind: "all", Rate: func() telemetry.RateLimit { return telemetry.RateLimit{} }})
		w.wants(`dashboard_build_info{build="abc",version="v1"} 1`, "dashboard_database_up 1", "dashboard_database_writable 1",
			"dashboard_lease_held 0", "dashboard_lease_live 0", "dashboard_programs 1", "dashboard_issues_overdue 0")
		if _, err := s.Lead(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		at := time.Unix(1_700_000_000, 0)
		for _, st := range []telemetry.SourceStatus{
			{Name: "runs", Repo: "a/late", OKAt: telemetry.At(at)}, {Name: "runs", Repo: "a/new", OKAt: telemetry.At(at.Add(time.Hour))},
			{Name: "sessions", FailedAt: telemetry.At(at), Error: "Devin does not answer."},
		} {
			if err := s.SaveSource(t.Context(), st); err != nil {
				t.Fatal(err)
			}
		}
		job := telemetry.Job{ID: "j", Kind: "refresh", By: telemetry.ByAPI, State: telemetry.JobQueued, Started: telemetry.At(at)}
		if _, err := s.QueueJob(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		job.State, job.Ended = telemetry.JobDone, telemetry.At(at.Add(3*time.Second))
		w.JobEnded(job)
		w.SlowStatement()
		w.get(monitor.HealthPath)
		w.get("/nowhere")
		w.wants(
			"dashboard_lease_held 1", "dashboard_lease_live 1", `dashboard_jobs{kind="refresh",state="queued"} 1`,
			`dashboard_source_read_timestamp_seconds{kind="runs"} 1.7e+09`, `dashboard_source_failing{kind="sessions"} 1`,
			`dashboard_source_failing{kind="runs"} 0`,
			`dashboard_job_duration_seconds_bucket{kind="refresh",result="done",le="5"} 1`, `dashboard_job_duration_seconds_sum{kind="refresh",result="done"} 3`,
			`dashboard_upstream_budget_remaining{kind="all",upstream="github"} 4321`, "dashboard_database_slow_statements_total 1",
			`dashboard_http_request_duration_seconds_count{method="GET",route="/healthz",status="2xx"} 1`,
			`dashboard_http_request_duration_seconds_count{method="any",route="none",status="4xx"} 1`,
			"dashboard_answers_kept 0", "dashboard_connections 1", "dashboard_deliveries_queued 0",
			"dashboard_notifications_waiting 0", "dashboard_notifications_failing 0",
		)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		w.wants("dashboard_database_up 0", "dashboard_connections 1")
		if _, body := w.get(monitor.MetricsPath); strings.Contains(body, "dashboard_issues_overdue") || strings.Contains(body, "a/late") {
			t.Errorf("without the database, or with a repository: %s", body)
		}
	})
}

// TestUpstreamRequestsAreCounted by who waits for them and by result.
func TestUpstreamRequestsAreCounted(t *testing.T) {
	w := watch(t, storetest.Open(t))
	around := w.Upstream("github")(played{})
	for _, status := range []string{"200", "304", "503", "0"} {
		for _, ctx := range []context.Context{t.Context(), telemetry.InBackground(t.Context(), func() bool { return true })} {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://example.com/"+status, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if resp, err := around.RoundTrip(req); (err != nil) != (status == "0") {
				t.Fatal(err)
			} else if err == nil {
				_ = resp.Body.Close()
			}
		}
	}
	for _, result := range []string{"2xx", "3xx", "5xx", "none"} {
		for _, waits := range []string{"person", "background"} {
			w.wants(`dashboard_upstream_request_duration_seconds_count{for="` + waits + `",result="` + result + `",upstream="github"} 1`)
		}
	}
}

// played answers with the status of the path, or not at all.
type played struct{}

func (played) RoundTrip(req *http.Request) (*http.Response, error) {
	status := map[string]int{"/200": 200, "/304": 304, "/503": 503}[req.URL.Path]
	if status == 0 {
		return nil, errors.New("no answer")
	}
	return &http.Response{StatusCode: status, Body: http.NoBody}, nil
}
