package http

import (
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

func TestPages(t *testing.T) {
	s := program.WithRuns(t, program.Sample(), nil)
	for path, want := range map[string]struct {
		status int
		holds  []string
		lacks  []string
	}{
		"/": {200, []string{"<h1>Overview</h1>", ">59</a>", "Devin now", "GITHUB_TOKEN", "15 critical",
			"data-events", "octo/shop"}, []string{"evil.example"}},
		"/issues": {200, []string{"1–50 of 59", "59 issues", "js/rule-04", "src/&lt;b&gt;", "aria-sort=\"descending\""},
			[]string{"<b>", "js/rule-01<"}},
		"/issues?q=is:fixed":         {200, []string{"1–1 of 1", "js/rule-01", "Fixed"}, []string{"js/rule-02"}},
		"/issues?q=":                 {200, []string{"of 60"}, nil},
		"/issues?page=99&per_page=1": {200, []string{"51–59 of 59", "per_page=25"}, nil},
		"/issues?page=x":             {400, []string{"page: want a whole number"}, nil},
		"/issues?sort=nonsense":      {400, []string{": want one of", "severity"}, nil},
		"/issues?q=colour:red":       {400, []string{"colour", "Cannot show this list", "Clear filters"}, nil},
		"/issues?q=rule:none":        {200, []string{"Nothing matches", "rule:none", "Clear filters"}, nil},
		"/sessions": {200, []string{"Working", "run 2 · batch 1",
			"https://app.devin.ai/sessions/0123456789abcdef0123456789abcdef", "#7"}, []string{"evil.example"}},
		"/pulls": {200, []string{"Pull request #7", "not fetched yet", "run record",
			"https://github.com/octo/shop/pull/7"}, nil},
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
		"/needs-you?q=group:x": {400, []string{"waiting, new, pr_ready, verified, still_there, gave_up, never_started, stuck, overdue"},
			nil},
		"/search?q=%20":     {200, []string{"Search for a repository"}, nil},
		"/search?q=rule-07": {200, []string{"js/rule-07", "Open as a list"}, nil},
		"/nowhere":          {404, []string{"Not found: /nowhere", "<nav"}, nil},
	} {
		t.Run(path, func(t *testing.T) {
			s := s.In(t)
			res, body := s.Get(path)
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

func TestPanelAlone(t *testing.T) {
	s := program.WithRuns(t, program.Sample(), nil)
	res, _ := s.Get("/panels/issues?q=is:fixed&scope=octo/shop&page=2")
	if got := res.Header.Get("Location"); res.StatusCode != 303 || got != "/repo/octo/shop/issues?page=2&q=is%3Afixed" {
		t.Errorf("a browser that opens a panel: %d to %q", res.StatusCode, got)
	}
	if res, _ := s.Get("/repo/forks/shop/pulls"); res.StatusCode != 303 || res.Header.Get("Location") != "/repo/octo/shop/pulls" {
		t.Errorf("a fork's page: %d to %q", res.StatusCode, res.Header.Get("Location"))
	}
	res, body := s.Get("/panels/issues?q=is:fixed&push=1", "HX-Request", "true")
	if res.StatusCode != 200 || strings.Contains(body, "<html") || !strings.HasPrefix(body, "<section") ||
		!strings.Contains(body, "js/rule-01") {
		t.Errorf("the panel alone: %d %.200s", res.StatusCode, body)
	}
	if got := res.Header.Get("HX-Push-Url"); got != "/issues?q=is%3Afixed" {
		t.Errorf("it pushes %q", got)
	}
	tag := res.Header.Get("ETag")
	if res, _ := s.Get("/panels/tiles", "HX-Request", "true"); res.Header.Get("ETag") == "" {
		t.Error("a panel has no ETag")
	} else if again, _ := s.Get("/panels/tiles", "HX-Request", "true", "If-None-Match", res.Header.Get("ETag")); again.StatusCode != 304 {
		t.Errorf("an unchanged panel: %d", again.StatusCode)
	}
	if tag == "" {
		t.Error("the list has no ETag")
	}
	res, body = s.Get("/panels/issues?q=colour:red", "HX-Request", "true")
	if res.StatusCode != 400 || !strings.Contains(body, `class="failure"`) || !strings.Contains(body, "colour") {
		t.Errorf("a wrong filter in place: %d %.300s", res.StatusCode, body)
	}
}

func TestNoSettings(t *testing.T) {
	s := program.WithRuns(t, nil, program.Settings{"RUNS_DIR": ""})
	_, body := s.Get("/")
	for _, text := range []string{"No runs yet", "GITHUB_TOKEN, ACTION_REPO and DEVIN_API_KEY are not set",
		"https://github.com/settings/tokens", "--demo", "RUNS_DIR"} {
		if !strings.Contains(body, text) {
			t.Errorf("it does not say %q", text)
		}
	}
}

// TestWhereToGetOne: a setting that is missing is said with what is off and
// a link to where one is made, a single one in a line.
func TestWhereToGetOne(t *testing.T) {
	s := program.WithRuns(t, nil, program.Settings{"RUNS_DIR": ""})
	_, body := s.Get("/")
	for _, link := range []string{`href="https://github.com/settings/tokens"`, `href="https://app.devin.ai/settings/api-keys"`} {
		if !strings.Contains(body, link) {
			t.Errorf("no link %s", link)
		}
	}
	p := program.WithPlayers(t, program.Sample(), program.Settings{"DEVIN_API_KEY": ""})
	_, body = p.Get("/")
	if !strings.Contains(body, "<strong>DEVIN_API_KEY is not set.</strong> Sessions are not polled") ||
		strings.Contains(body, `class="missing"`) {
		t.Error("a single one is not said in a line")
	}
}
