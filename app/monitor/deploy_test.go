package monitor_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/app/monitor"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
)

const (
	dashboardFile = "../../deploy/grafana/dashboard.json"
	alertsFile    = "../../deploy/prometheus/alerts.yml"
)

// everyFigure is what /metrics answers once each figure has a value.
func everyFigure(t *testing.T) string {
	t.Helper()
	s := storetest.Open(t)
	w := watch(t, s, monitor.Budget{Upstream: "github", Kind: "all", Rate: func() telemetry.RateLimit { return telemetry.RateLimit{Known: true} }})
	job := telemetry.Job{ID: "j", Kind: "refresh", By: telemetry.ByAPI, State: telemetry.JobQueued, Started: telemetry.At(time.Now())}
	_, err := s.QueueJob(t.Context(), job)
	err = errors.Join(err,
		s.SaveSource(t.Context(), telemetry.SourceStatus{Name: "runs", OKAt: telemetry.At(time.Now())}),
		s.Exec(t.Context(), `INSERT INTO needs (need, place, repo_id, subject, session, pull, since, from_at, until_at, sessions, severity_rank, rules,
			rule, issue, issues, ended, due_at) VALUES ('new', 1, 1, '', '', '', 0, 0, 9000000000000, 0, 0, 0, '', '', '', '', 0)`))
	if err != nil {
		t.Fatal(err)
	}
	job.Ended = job.Started
	w.JobEnded(job)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com/200", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.Upstream("github")(played{}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	w.get(monitor.HealthPath)
	_, body := w.get(monitor.MetricsPath)
	return body
}

// labelsOf are the labels of each metric that is told, by its name.
func labelsOf(figures string) map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(figures) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(strings.Fields(line)[0], "{")
		labels := []string{"job", "instance"} // of Prometheus
		for _, m := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(rest, -1) {
			labels = append(labels, m[1])
		}
		all[name] = labels
	}
	return all
}

// TestDeployedFilesNameFiguresThatExist: the dashboard and the alerts use
// only metrics and labels that /metrics answers.
func TestDeployedFilesNameFiguresThatExist(t *testing.T) {
	told := labelsOf(everyFigure(t))
	used := regexp.MustCompile(`\b((?:dashboard|go|process)_[a-z_]+)(\{[^}]*\})?`)
	matcher, by := regexp.MustCompile(`(\w+) *(?:=~|!~|!=|=)`), regexp.MustCompile(`by \(([^)]*)\)`)
	for _, expr := range append(dashboardQueries(t), alertQueries(t)...) {
		var known []string
		for _, m := range used.FindAllStringSubmatch(expr, -1) {
			labels, ok := told[m[1]]
			if !ok {
				t.Errorf("%s: there is no metric %s", expr, m[1])
			}
			for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains(labels, l[1]) {
					t.Errorf("%s: %s has no label %s, but %q", expr, m[1], l[1], labels)
				}
			}
			known = append(known, labels...)
		}
		for _, m := range by.FindAllStringSubmatch(expr, -1) {
			for _, l := range strings.Split(m[1], ",") {
				if !slices.Contains(known, strings.TrimSpace(l)) {
					t.Errorf("%s: no metric of it has the label %s", expr, l)
				}
			}
		}
		if len(known) == 0 && !strings.HasPrefix(expr, "up{") {
			t.Errorf("%s: names no metric", expr)
		}
	}
}

// dashboardQueries are those of the panels of Grafana's dashboard, which can be
// told apart and lie within its 24 columns.
func dashboardQueries(t *testing.T) (exprs []string) {
	t.Helper()
	text, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Title, UID string
		Templating struct{ List []struct{ Definition string } }
		Panels     []struct {
			ID          int
			Type, Title string
			GridPos     struct{ X, W int }
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil || board.Title == "" || board.UID == "" || len(board.Panels) < 10 {
		t.Fatalf("%s: %v, %d panels", dashboardFile, err, len(board.Panels))
	}
	for _, variable := range board.Templating.List {
		if variable.Definition != "" {
			exprs = append(exprs, variable.Definition)
		}
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Title == "" || p.GridPos.X+p.GridPos.W > 24 || (len(p.Targets) == 0) != (p.Type == "row") {
			t.Errorf("%s: the panel %d %q has the id of another, no title, no query or no room", dashboardFile, p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			exprs = append(exprs, target.Expr)
		}
	}
	return exprs
}

// alertQueries are those of the alerts, each of which says what to do.
func alertQueries(t *testing.T) (exprs []string) {
	t.Helper()
	text, err := os.ReadFile(alertsFile)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(strings.Replace(alertsFile, ".yml", "_test.yml", 1))
	if err != nil {
		t.Fatal(err)
	}
	rules := strings.Split(string(text), "- alert: ")[1:]
	for _, rule := range rules {
		name, _, _ := strings.Cut(rule, "\n")
		expr := regexp.MustCompile(`(?s)expr: (?:>\s)?(.*?)\n +(?:for|labels):`).FindStringSubmatch(rule)
		if expr == nil || !strings.Contains(rule, "summary: ") || !strings.Contains(rule, "description: ") || !strings.Contains(rule, "severity: ") {
			t.Fatalf("the alert %s has no query, summary, description or severity", name)
		}
		exprs = append(exprs, strings.Join(strings.Fields(expr[1]), " "))
		if !strings.Contains(string(tests), "alertname: "+name) {
			t.Errorf("alerts_test.yml does not try the alert %s", name)
		}
	}
	if len(exprs) < 10 {
		t.Fatalf("%s has %d alerts", alertsFile, len(exprs))
	}
	return exprs
}

// TestPromtool has Prometheus' own tool judge the figures and the alerts.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("NOT RUN: promtool is not installed (Debian has it in the package prometheus), so the figures and alerts were not checked by it")
	}
	run := func(dir, stdin string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run(".", everyFigure(t), "check", "metrics")
	run("../../deploy/prometheus", "", "check", "rules", "alerts.yml")
	run("../../deploy/prometheus", "", "test", "rules", "alerts_test.yml")
}
