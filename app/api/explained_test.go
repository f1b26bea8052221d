package api_test

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/api"
	"telemetry-dashboard/app/server"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
	"telemetry-dashboard/services/telemetry/testsize"
)

// explained is the JSON API over a store with records.
type explained struct {
	t     *testing.T
	app   *fiber.App
	cache map[string]any
	now   time.Time
}

func newExplained(t *testing.T, records map[string][]byte, more func(*store.Store)) *explained {
	t.Helper()
	return newExplainedIn(t, "sqlite:"+filepath.Join(t.TempDir(), "explained.db"), records, more)
}

func newExplainedIn(t *testing.T, database string, records map[string][]byte, more func(*store.Store)) *explained {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: database, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var files []telemetry.FetchedFile
	var last time.Time
	for _, name := range slices.Sorted(maps.Keys(records)) {
		sum := sha1.Sum(records[name])
		f := telemetry.FetchedFile{RunFile: telemetry.RunFile{Name: name, SHA: hex.EncodeToString(sum[:])}, Body: records[name]}
		f.Record, f.Err = telemetry.ParseRecord(f.Body)
		if f.Record != nil && f.Record.Timestamp.After(last) {
			last = f.Record.Timestamp
		}
		files = append(files, f)
	}
	if _, err := derive.New(db).PutFiles(t.Context(), "", files); err != nil {
		t.Fatal(err)
	}
	if more != nil {
		more(db)
	}
	e := &explained{t: t, app: fiber.New(fiber.Config{Immutable: true, ErrorHandler: func(c *fiber.Ctx, err error) error {
		return c.Status(server.Status(telemetry.CodeOf(err))).SendString(err.Error())
	}}), cache: map[string]any{}, now: last.Add(3 * time.Hour)}
	surface := &api.API{Dashboard: dashboard.New(storetest.Reading(db)), Now: func() time.Time { return e.now }}
	for _, r := range surface.Routes() {
		if r.Stream != nil {
			r.Handle = written(r.Stream)
		}
		e.app.Add(r.Method, r.Path, r.Handle)
	}
	return e
}

// get returns the answer of a path of the API.
func (e *explained) get(path string) any {
	e.t.Helper()
	if answer, ok := e.cache[path]; ok {
		return answer
	}
	res, err := e.app.Test(httptest.NewRequestWithContext(e.t.Context(), fiber.MethodGet, path, nil), -1)
	if err != nil {
		e.t.Fatal(path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != fiber.StatusOK {
		e.t.Fatalf("%s: %d %s %v", path, res.StatusCode, body, err)
	}
	var answer any
	if err := json.Unmarshal(body, &answer); err != nil {
		e.t.Fatalf("%s: %v", path, err)
	}
	e.cache[path] = answer
	return answer
}

// place is the value at a JSON pointer without its first slash.
func place(answer any, pointer string) any {
	for _, part := range strings.Split(pointer, "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		switch v := answer.(type) {
		case map[string]any:
			answer = v[part]
		case []any:
			var n int
			if _, err := fmt.Sscan(part, &n); err != nil || n >= len(v) {
				return nil
			}
			answer = v[n]
		default:
			return nil
		}
	}
	return answer
}

func length(v any) any {
	if list, ok := v.([]any); ok {
		return float64(len(list))
	}
	return v
}

// follow returns what a link says that the figure is.
func (e *explained) follow(link string) any {
	e.t.Helper()
	path, fragment, _ := strings.Cut(link, "#")
	part, err := url.PathUnescape(fragment)
	if err != nil {
		e.t.Fatal(link, err)
	}
	switch {
	case strings.HasPrefix(part, "/"):
		return length(place(e.get(path), part[1:]))
	case strings.HasPrefix(part, "sum/"):
		sum := 0.0
		for _, row := range e.rows(path) {
			if n, ok := place(row, part[len("sum/"):]).(float64); ok {
				sum += n
			}
		}
		return sum
	}
	answer := e.get(path)
	if list, ok := answer.(map[string]any); ok {
		return list["total"]
	}
	return length(answer)
}

// rows are all rows of a list.
func (e *explained) rows(path string) []any {
	answer := e.get(path)
	if list, ok := answer.([]any); ok {
		return list
	}
	rows, _ := place(answer, "items").([]any)
	return rows
}

// check follows all links of an answer.
func (e *explained) check(name string, answer any) int {
	e.t.Helper()
	links, ok := place(answer, "links").(map[string]any)
	if !ok {
		e.t.Errorf("%s: no links", name)
		return 0
	}
	for _, figure := range slices.Sorted(maps.Keys(links)) {
		want := place(answer, figure)
		if want == nil {
			e.t.Errorf("%s: there is a link for %s, but no figure", name, figure)
			continue
		}
		if got := e.follow(links[figure].(string)); !reflect.DeepEqual(got, want) {
			e.t.Errorf("%s: %s is %v, but %s says %v", name, figure, want, links[figure], got)
		}
	}
	return len(links)
}

// unexplained are the figures of an answer that no link explains.
func unexplained(answer any) []string {
	links, _ := place(answer, "links").(map[string]any)
	var without []string
	for name, v := range answer.(map[string]any) {
		switch v := v.(type) {
		case float64:
			if links[name] == nil {
				without = append(without, name)
			}
		case map[string]any:
			for word := range v {
				if name != "links" && links[name] == nil && links[name+"/"+strings.ReplaceAll(word, "/", "~1")] == nil {
					without = append(without, name+"/"+word)
				}
			}
		}
	}
	slices.Sort(without)
	return without
}

func (e *explained) walk() {
	stats := e.get("/api/stats")
	if e.check("/api/stats", stats) < 20 {
		e.t.Error("/api/stats explains too little")
	}
	if list := unexplained(stats); len(list) > 0 {
		e.t.Errorf("/api/stats: no link for %v", list)
	}
	for _, period := range []string{"7d", "30d", "90d", "all"} {
		e.check("/api/trends "+period, e.get("/api/trends?period="+period))
		e.check("/api/effectiveness "+period, e.get("/api/effectiveness?period="+period))
		e.check("/api/owners "+period, e.get("/api/owners?period="+period))
		e.check("/api/stats "+period, e.get("/api/stats?period="+period))
	}
	e.checkPeriods(stats)
	for _, ago := range []time.Duration{time.Hour, 4 * 24 * time.Hour, 40 * 24 * time.Hour} {
		then := url.QueryEscape(e.now.Add(-ago).Format(time.RFC3339))
		e.check("/api/stats as of "+then, e.get("/api/stats?as_of="+then))
		e.check("/api/trends as of "+then, e.get("/api/trends?period=30d&as_of="+then))
		e.check("/api/stats of a period as of "+then, e.get("/api/stats?period=30d&as_of="+then))
	}
	for i, repo := range e.get("/api/repos").([]any) {
		name := place(repo, "name").(string)
		e.check(fmt.Sprintf("/api/repos %d", i), repo)
		detail := place(e.get("/api/repo/"+name), "stats")
		e.check("/api/repo/"+name, detail)
		if list := unexplained(detail); len(list) > 0 {
			e.t.Errorf("/api/repo/%s: no link for %v", name, list)
		}
		e.check("/api/trends of "+name, e.get("/api/trends?period=90d&repo="+name))
		e.check("/api/effectiveness of "+name, e.get("/api/effectiveness?period=all&repo="+name))
	}
	needs := e.get("/api/needs-attention")
	for i, g := range place(needs, "groups").([]any) {
		list := e.get("/api/needs-attention?group=" + place(g, "group").(string))
		if !reflect.DeepEqual(place(list, "total"), place(g, "total")) || (place(g, "total").(float64) > 0) != (len(e.rows("/api/needs-attention?group="+place(g, "group").(string))) > 0) {
			e.t.Errorf("needs-attention: group %d has %v, its list %v", i, place(g, "total"), place(list, "total"))
		}
	}
}

// checkPeriods: a longer period sums no less, all is what no period is, and
// what is open stays.
func (e *explained) checkPeriods(stats any) {
	last := -1.0
	for _, period := range []string{"7d", "30d", "90d", "all"} {
		of := e.get("/api/stats?period=" + period)
		runs := place(of, "total_runs").(float64)
		if runs < last || place(of, "latest_issues") != place(stats, "latest_issues") || place(of, "period") != period {
			e.t.Errorf("/api/stats?period=%s: %v runs after %v, or other open issues", period, runs, last)
		}
		last = runs
	}
	if all := e.get("/api/stats?period=all"); !reflect.DeepEqual(all, stats) {
		e.t.Error("/api/stats?period=all is not /api/stats")
	}
}

// Every figure leads to the list that it counts, or to the rows that it is
// computed from, and these say the same.
func TestEveryNumberIsExplained(t *testing.T) {
	t.Run("real", func(t *testing.T) {
		dir := os.Getenv("REAL_RUNS")
		if dir == "" {
			t.Skip("SKIPPED: real records: REAL_RUNS is not set")
		}
		names, _ := filepath.Glob(filepath.Join(dir, "*.json"))
		records := map[string][]byte{}
		for _, name := range names {
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			records[filepath.Base(name)] = body
		}
		e := newExplained(t, records, nil)
		e.walk()
		for figure, want := range map[string]float64{"total_runs": 48, "total_issues": 1585, "latest_issues": 98, "sessions_created": 32, "prs_total": 17} {
			if got := place(e.get("/api/stats"), figure); got != want {
				t.Errorf("%s: %v, want %v", figure, got, want)
			}
		}
	})
	t.Run("generated", func(t *testing.T) {
		records := map[string][]byte{}
		for f := range history.Generate(history.Options{Seed: 5, Repos: testsize.Of(t, "repositories", 2, 5), ScansPerRepo: 12, FindingsPerScan: 22, SessionsPerScan: 1,
			Disturb: history.Disturbances{WithoutFindings: 0.3, ScopeReduced: 0.1, Reopenings: 0.3, Late: 0.1}}) {
			records[f.Name] = f.Body
		}
		t.Run("sqlite", func(t *testing.T) { newExplained(t, records, fetchPullsAndClaims).walk() })
		t.Run("postgres", func(t *testing.T) {
			newExplainedIn(t, storetest.PostgresAddress(t), records, fetchPullsAndClaims).walk()
		})
	})
}

// fetchPulls answers for GitHub: of the pull requests that records name, some
// are open, some merged, some closed, some stay unknown.
func fetchPulls(db *store.Store) {
	ctx := context.Background()
	list, err := lists.Pulls(db).Rows(ctx, query.Ask{Page: query.Page{Number: 1, Size: 1000}})
	if err != nil {
		panic(err)
	}
	for i, p := range list.Items {
		created := time.Date(2026, 4, 1+i%40, 10, 0, 0, 0, time.UTC)
		pr := telemetry.PullRequest{Repo: string(p.Repo), Number: int(p.Number), Title: "Fix", HTMLURL: p.URL, State: "open", CreatedAt: created, UpdatedAt: created}
		switch i % 4 {
		case 0:
			pr.State, pr.ClosedAt, pr.MergedAt = "closed", created.Add(30*time.Hour), created.Add(30*time.Hour)
		case 1:
			pr.State, pr.ClosedAt = "closed", created.Add(50*time.Hour)
		case 3:
			continue
		}
		if err := derive.New(db).SavePulls(ctx, p.Repo, []telemetry.PullRequest{pr}, time.Time{}); err != nil {
			panic(err)
		}
	}
}

func TestWhatFiguresRefuse(t *testing.T) {
	e := newExplained(t, map[string][]byte{"one.json": []byte(`{"target_repo": "https://github.com/a/b", "run_number": 1, "run_id": "1", "timestamp": "2026-03-02T10:00:00Z", "issues_found": 0, "issue_fingerprints": []}`)}, nil)
	for path, want := range map[string]string{
		"/api/trends?period=14d":                           "7d, 30d, 90d, all",
		"/api/stats?period=never":                          "7d, 30d, 90d, all",
		"/api/repo/a/b?period=never":                       "7d, 30d, 90d, all",
		"/api/trends?as_of=yesterday":                      "Invalid as_of: want a time",
		"/api/stats?as_of=2026-02-30":                      "Invalid as_of: want a time",
		"/api/issues?as_of=1":                              "Invalid as_of: want a time",
		"/api/repo/a/b?as_of=x":                            "Invalid as_of: want a time",
		"/api/repo/a/b?as_of=2026-01-01T00:00:00Z":         "not found at that time: no run by",
		"/api/trends?repo=a/unknown":                       "not found: no run names it",
		"/api/stats?repo=a/unknown":                        "not found: no run names it",
		"/api/changes?event=moved":                         "opened, closed",
		"/api/changes?since=monday":                        "since: want a time",
		"/api/needs-attention?group=coffee":                "waiting, new, pr_ready, verified, still_there, gave_up, never_started, stuck, overdue",
		"/api/runs?sums=perhaps":                           "Invalid sums: want true or false",
		"/api/issues?as_of=2026-01-03T00:00:00Z&q=path:x":  "path:x does not support as_of",
		"/api/issues?as_of=2026-01-03T00:00:00Z&sort=file": "Invalid sort file: it does not support as_of",
		"/api/effectiveness?period=14d":                    "7d, 30d, 90d, all",
		"/api/effectiveness?repo=a/unknown":                "not found: no run names it",
	} {
		res, err := e.app.Test(httptest.NewRequestWithContext(t.Context(), fiber.MethodGet, path, nil), -1)
		if err != nil {
			t.Fatal(path, err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		status := fiber.StatusBadRequest
		if strings.Contains(want, "not found") {
			status = fiber.StatusNotFound
		}
		if err != nil || res.StatusCode != status || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s, want %q", path, res.StatusCode, body, want)
		}
	}
}
