package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/valyala/fasthttp"

	"telemetry-dashboard/services/telemetry"
)

// budget is what the first answer of an endpoint may take; 0 is no bound.
type budget struct{ p50, p99 time.Duration }

// listBudget is for lists and panels, unfiltered or by indexed qualifiers,
// and for details; wideBudget for free text, negation, medians and as_of;
// pageBudget for whole pages, overviewBudget for the one with the most panels.
func listBudget() budget     { return budget{5 * time.Millisecond, 15 * time.Millisecond} }
func wideBudget() budget     { return budget{p50: 100 * time.Millisecond} }
func pageBudget() budget     { return budget{p50: 15 * time.Millisecond} }
func overviewBudget() budget { return budget{p50: 30 * time.Millisecond} }

// endpoint is one row of the report.
type endpoint struct {
	name, path string
	headers    string
	cached     bool // it has an ETag
	budget     budget
}

// samples are what addresses need, taken from the answers themselves.
type samples struct {
	repo, rule, family, issue, session, run, pull string
}

// endpoints are all rows. Panels are asked as htmx asks them.
func endpoints(s samples) []endpoint {
	var list []endpoint
	add := func(b budget, cached bool, headers string, paths ...string) {
		for _, p := range paths {
			name, err := url.QueryUnescape(p)
			if err != nil {
				name = p
			}
			list = append(list, endpoint{name: name, path: p, headers: headers, cached: cached, budget: b})
		}
	}
	q := func(path, text string) string { return path + "?q=" + url.QueryEscape(text) }
	asOf := "as_of=" + historyEnd().AddDate(0, -1, 0).Format(time.RFC3339)
	const htmx = "HX-Request: true\r\n"
	add(listBudget(), true, "", "/api/stats", "/api/needs-attention", "/api/effectiveness", "/api/repos", "/api/runs", "/api/sessions",
		"/api/prs", "/api/issues", "/api/verifications", "/api/changes", "/api/files", "/api/views",
		"/api/repo/"+s.repo, "/api/issues/"+s.issue, "/api/sessions/"+s.session, "/api/prs/"+s.pull, "/api/runs/"+s.run,
		"/api/runs/"+s.run+"/raw", "/api/runs/"+s.run+"/diff",
		q("/api/issues", "is:open"), q("/api/issues", "is:open severity:critical,high"),
		q("/api/issues", "severity:low"), q("/api/issues", "is:fixed"), q("/api/issues", "repo:"+s.repo),
		q("/api/issues", "family:"+s.family), q("/api/issues", "rule:"+s.rule), "/api/issues?sort=last_seen",
		"/api/issues?sort=age", "/api/issues?page=20",
		q("/api/sessions", "is:active"), q("/api/sessions", "repo:"+s.repo), q("/api/prs", "is:open"),
		q("/api/runs", "kind:scan"), q("/api/runs", "repo:"+s.repo))
	add(wideBudget(), true, "", "/api/trends?period=90d", "/api/trends?period=all",
		"/api/trends?period=90d&repo="+s.repo, "/api/stats?"+asOf, "/api/issues?"+asOf, "/api/sessions?"+asOf,
		"/api/repo/"+s.repo+"?"+asOf, "/api/trends?period=90d&"+asOf,
		q("/api/issues", "controller"), q("/api/issues", `"no such text"`), q("/api/issues", "-path:test/"),
		q("/api/issues", "path:src/"), q("/api/issues", "-repo:"+s.repo), q("/api/issues", "age:>30d"),
		q("/api/sessions", "nothing"), q("/api/runs", "nothing"), q("/api/search", "controller"), "/api/complete?list=issues&q=repo%3A")
	add(listBudget(), true, htmx, "/panels/tiles", "/panels/needs", "/panels/needs-you", "/panels/now", "/panels/open",
		"/panels/queue", "/panels/top", "/panels/recent", "/panels/issues", "/panels/sessions", "/panels/pulls",
		"/panels/runs", "/panels/repos",
		q("/panels/issues", "is:open severity:critical"), "/panels/issues?scope="+url.QueryEscape(s.repo))
	add(listBudget(), false, htmx, "/panels/freshness")
	add(overviewBudget(), false, "", "/")
	add(pageBudget(), false, "", "/needs-you", "/effectiveness", "/verifications", "/issues", "/sessions",
		"/pulls", "/runs", "/repos", "/repo/"+s.repo, "/activity")
	add(wideBudget(), false, "", "/search?q=controller")
	return list
}

// find asks the server for what addresses need.
func (s *site) find() (samples, error) {
	var out samples
	first := func(path string) (map[string]any, error) {
		a, err := get(s.address, request(s.address, path, ""))
		if err != nil {
			return nil, err
		}
		body, err := a.plain()
		var list struct{ Items []map[string]any }
		if err == nil {
			err = json.Unmarshal(body, &list)
		}
		if err != nil || len(list.Items) == 0 {
			return nil, fmt.Errorf("%s has no rows: status %d: %w", path, a.status, err)
		}
		return list.Items[0], nil
	}
	text := func(item map[string]any, name string) string { return fmt.Sprint(item[name]) }
	issue, err := first("/api/issues?per_page=25&q=" + url.QueryEscape("is:recurring"))
	if err != nil {
		return out, err
	}
	out.issue, out.repo, out.rule, out.family = text(issue, "id"), text(issue, "repo"), text(issue, "rule_id"), text(issue, "cwe_family")
	session, err := first("/api/sessions?per_page=25")
	if err != nil {
		return out, err
	}
	out.session = text(session, "session_id")
	pull, err := first("/api/prs?per_page=25")
	if err != nil {
		return out, err
	}
	ref := telemetry.ParsePull(text(pull, "html_url"))
	out.pull = fmt.Sprintf("%s/%d", ref.Repo, ref.Number)
	run, err := first("/api/runs?per_page=25&q=" + url.QueryEscape("kind:scan repo:"+out.repo))
	out.run = text(run, "_file")
	return out, err
}

// plain is the body without its compression.
func (a *answer) plain() ([]byte, error) {
	if a.header("Content-Encoding") != "gzip" {
		return a.body, nil
	}
	return fasthttp.AppendGunzipBytes(nil, a.body)
}

// row is what was measured of an endpoint at one size.
type row struct {
	endpoint endpoint
	bytes    int // as sent: compressed where that pays
	hot,
	unchanged measured
	first  []time.Duration
	failed string
}

// ask measures one endpoint. Whatever goes wrong is its row's.
func (s *site) ask(e endpoint, under bool) row {
	r := row{endpoint: e}
	if err := s.measure(&r, under); err != nil {
		r.failed = err.Error()
	}
	return r
}

func (s *site) measure(r *row, under bool) error {
	e := r.endpoint
	req := request(s.address, e.path, e.headers)
	a, err := get(s.address, req)
	if err != nil {
		return err
	}
	if a.status != 200 {
		return fmt.Errorf("status %d: %.200s", a.status, a.body)
	}
	r.bytes = len(a.body)
	if r.first, err = one(s.address, req, s.raise); err != nil || !e.cached || !under {
		return err
	}
	if a, err = get(s.address, req); err != nil {
		return err
	}
	s.pretend(a)
	if r.hot, err = against(s.address, s.yardstick, req, 200); err != nil {
		return fmt.Errorf("hot: %w", err)
	}
	req = request(s.address, e.path, e.headers+"If-None-Match: "+a.header("Etag")+"\r\n")
	if a, err = get(s.address, req); err != nil {
		return err
	}
	s.pretend(a)
	if r.unchanged, err = against(s.address, s.yardstick, req, 304); err != nil {
		return fmt.Errorf("unchanged: %w", err)
	}
	return nil
}
