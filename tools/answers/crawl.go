package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// crawl asks two servers for the same addresses.
type crawl struct {
	servers [2]string
	queue   []string
	known   map[string]bool // addresses that were queued
	shapes  map[string]int  // how many of each shape were queued
	most    int
	each    int
	asked   int
	differ  int
}

// seeds are where the crawl begins; the rest is found by links.
func seeds() []string {
	list := []string{
		"/", "/needs-you", "/issues", "/sessions", "/pulls", "/runs", "/repos", "/activity", "/search?q=sql", "/report?period=30d", "/effectiveness", "/docs/api",
		"/no/such/page", "/issues/000000000000", "/api/no-such", "/api/config", "/api/openapi.yaml", "/api/stats", "/api/trends",
		"/api/runs", "/api/issues",
		"/api/sessions", "/api/prs", "/api/repos", "/api/verifications", "/api/needs-attention", "/api/changes", "/api/files",
		"/api/views", "/api/jobs",
		"/api/search?q=sql", "/api/complete?list=issues&q=rule:", "/api/issues?page=x", "/api/issues?q=nonsense:1",
		"/api/stats?as_of=2026-02-09T00:00:00Z",
		"/api/issues?as_of=2026-02-09T12:00:00Z", "/api/sessions?as_of=2026-02-09T12:00:00Z", "/api/prs?as_of=2026-02-09T12:00:00Z",
	}
	for _, name := range []string{"issues", "sessions", "prs", "runs", "repos"} {
		list = append(list, "/api/"+name+".csv", "/api/"+name+".json")
	}
	return list
}

func newCrawl(servers [2]string, most, each int) *crawl {
	c := &crawl{servers: servers, known: map[string]bool{}, shapes: map[string]int{}, most: most, each: each}
	for _, address := range seeds() {
		c.add(address)
	}
	return c
}

// add queues an address unless there are enough of its shape.
func (c *crawl) add(address string) {
	address, _, _ = strings.Cut(address, "#")
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.HasPrefix(address, "/static/") ||
		strings.HasPrefix(address, "/events") || c.known[address] {
		return
	}
	shape := shapeOf(address)
	if c.shapes[shape] >= c.each || len(c.known) >= c.most {
		return
	}
	c.known[address] = true
	c.shapes[shape]++
	c.queue = append(c.queue, address)
}

var variable = regexp.MustCompile(`[0-9a-f]{8,}|[0-9]+|[^/]+\.json$`)

// shapeOf is equal for addresses that differ only in what they name: ids and
// names in the path, values of the query's parameters.
func shapeOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	parts := strings.Split(u.Path, "/")
	for i, part := range parts {
		if i > 1 && (variable.MatchString(part) || slices.Contains([]string{"repo", "pulls"}, parts[1]) && i < 4) {
			parts[i] = "*"
		}
	}
	var keys []string
	for key := range u.Query() {
		if key == "q" { // the qualifiers are its shape
			for term := range strings.FieldsSeq(u.Query().Get("q")) {
				name, _, _ := strings.Cut(term, ":")
				keys = append(keys, "q:"+name)
			}
			continue
		}
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return strings.Join(parts, "/") + "?" + strings.Join(keys, "&")
}

func (c *crawl) run(ctx context.Context) error {
	for len(c.queue) > 0 {
		address := c.queue[0]
		c.queue = c.queue[1:]
		c.asked++
		before, after, err := c.ask(ctx, address)
		if err != nil {
			return err
		}
		if before.text != after.text { // a minute or a job may have passed between the two
			if before, after, err = c.ask(ctx, address); err != nil {
				return err
			}
		}
		if before.text != after.text {
			c.differ++
			fmt.Printf("%s\n%s\n", address, difference(before.text, after.text))
		}
		for _, link := range after.links {
			c.add(link)
		}
	}
	return nil
}

func (c *crawl) ask(ctx context.Context, address string) (before, after answer, err error) {
	if before, err = get(ctx, c.servers[0], address); err == nil {
		after, err = get(ctx, c.servers[1], address)
	}
	return before, after, err
}

// answer is one answer in a form that can be compared, line by line.
type answer struct {
	text  string
	links []string
}

func get(ctx context.Context, server, address string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+address, http.NoBody)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", address, err)
	}
	req.Header.Set("X-Request-Id", "compared") // errors hold it
	if strings.HasPrefix(address, "/panels/") {
		req.Header.Set("HX-Request", "true")
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	kind := res.Header.Get("Content-Type")
	a := answer{links: []string{res.Header.Get("Location")}}
	body = bytes.ReplaceAll(body, []byte(strings.TrimPrefix(server, "http://")), []byte("SERVER"))
	head := fmt.Sprintf("%d %s %s\n", res.StatusCode, kind, res.Header.Get("Location"))
	switch {
	case strings.HasPrefix(kind, "application/json"):
		text, links := linesOfJSON(body)
		a.text, a.links = head+text, append(a.links, links...)
	case strings.HasPrefix(kind, "text/html"):
		a.text, a.links = head+linesOfHTML(body), append(a.links, linksOfHTML(body)...)
	default:
		a.text = head + settled(string(body))
	}
	return a, nil
}

// passing is what differs between two runs of one build: names of static
// files and ids and times of jobs.
var passing = []struct {
	pattern *regexp.Regexp
	put     string
}{
	{regexp.MustCompile(`(/static/[\w./-]+)\.[0-9a-f]{10}\.`), "$1.HASH."},
	{regexp.MustCompile(`(/api/jobs/|/jobs/|job-|token" value=")[0-9a-f]{16}`), "${1}JOB"},
	{regexp.MustCompile(`"(id|token|build|etag)": "[0-9a-f]{16}"`), `"$1": "JOB"`},
	{regexp.MustCompile(`activity-job-\d+`), "activity-job-N"},
	{regexp.MustCompile(`data-(freshness|versions)="[^"]*"`), "data-$1"},
	{regexp.MustCompile(`"joined": \d+`), `"joined": N`},
	{regexp.MustCompile(`\d,\d{3}/5,000|"remaining": \d+|(?m)^ ?4,9\d\d( left)?$`), "QUOTA"},
	{regexp.MustCompile(`"(started|ended|fetched_at|polled_at|asked_at|at|checked_at|took|seconds|version)": [^\n]*`), `"$1": TIME`},
	{regexp.MustCompile(`\b\d+(\.\d+)? (s|ms)( ago)?\b`), "SECONDS"},
	{regexp.MustCompile(`20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*`), "TIME"},
	{regexp.MustCompile(`just now|now`), "SECONDS"},
}

func settled(text string) string {
	for _, p := range passing {
		text = p.pattern.ReplaceAllString(text, p.put)
	}
	return text
}

// linesOfJSON writes JSON with its keys sorted, one value a line.
func linesOfJSON(body []byte) (text string, links []string) {
	var v any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return settled(string(body)), nil
	}
	walk(v, func(s string) {
		if strings.HasPrefix(s, "/") {
			links = append(links, s)
		}
	})
	slices.Sort(links)
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error(), nil
	}
	return settled(string(out)), links
}

func walk(v any, text func(string)) {
	switch v := v.(type) {
	case string:
		text(v)
	case []any:
		for _, item := range v {
			walk(item, text)
		}
	case map[string]any:
		for _, item := range v {
			walk(item, text)
		}
	}
}

var tagEnd = strings.NewReplacer("<", "\n<", ">", ">\n")

func linesOfHTML(body []byte) string { return settled(tagEnd.Replace(string(body))) }

var link = regexp.MustCompile(`(?:href|hx-get|src|action)="(/[^"]*)"`)

func linksOfHTML(body []byte) (links []string) {
	for _, m := range link.FindAllSubmatch(body, -1) {
		if address := html.UnescapeString(string(m[1])); !strings.HasPrefix(address, "/actions/") {
			links = append(links, address)
		}
	}
	return links
}

// difference shows the first lines in which two texts differ.
func difference(before, after string) string {
	a, b := strings.Split(before, "\n"), strings.Split(after, "\n")
	from := 0
	for from < min(len(a), len(b)) && a[from] == b[from] {
		from++
	}
	var out strings.Builder
	for i, lines := range [][]string{a, b} {
		for _, line := range lines[min(from, len(lines)):min(from+4, len(lines))] {
			fmt.Fprintf(&out, "  %s %.200s\n", []string{"-", "+"}[i], line)
		}
	}
	return out.String()
}
