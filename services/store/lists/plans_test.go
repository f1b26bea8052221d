package lists

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/derive"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// plan is a page that promises to be read in the order of an index, its rows
// being as few as the page has, or to read an index at least.
type plan struct {
	sort  string
	query string // REPO, RULE and FAMILY stand for ones that are there
	index string
	sorts bool // it may sort what the index chose
}

func issuePlans() []plan {
	return []plan{
		{"", "", "issues_order", false}, {"status", "is:open", "issues_order", false},
		{"", "is:open severity:critical,high", "issues_order", false}, {"", "-is:open", "issues_order", false},
		{"", "repo:REPO", "issues_repo", false}, {"severity", "repo:REPO", "issues_repo_severity", false},
		{"severity", "", "issues_severity", false}, {"severity", "is:open", "issues_severity", false},
		{"severity", "severity:low", "issues_severity", false}, {"severity", "rule:RULE", "issues_rule", false},
		{"severity", "rule:RULE is:open", "issues_rule", false}, {"severity", "family:FAMILY", "issues_family", false},
		{"rule", "", "issues_rule", false}, {"family", "is:open", "issues_family", false}, {"file", "", "issues_file", false},
		{"repo", "", "repos_key", false}, {"repo", "is:open", "repos_key", false}, {"age", "", "issues_first", false},
		{"first_seen", "is:open", "issues_first", false}, {"last_seen", "", "issues_last", false},
		{"last_seen", "is:fixed", "issues_order", false}, {"attempts", "", "issues_attempts", false}, {"score", "", "issues_score", false},
		{"status", "age:>1h", "issues_order", false}, {"severity", "attempts:>=0", "issues_severity", false},
	}
}

func sessionPlans() []plan {
	return []plan{
		{"", "", "sessions_at", false}, {"", "repo:REPO", "sessions_repo", false}, {"", "is:finished", "sessions_state", false},
		{"age", "", "sessions_since", false}, {"run", "", "sessions_number", false}, {"family", "", "sessions_family", false},
		{"", "is:active", "sessions_current", true}, {"", "is:active is:waiting", "sessions_current", true},
	}
}

func pullPlans() []plan {
	return []plan{
		{"", "", "pulls_list", false}, {"", "is:unknown", "pulls_shown", false}, {"state", "", "pulls_shown", false},
		{"waiting", "", "pulls_waiting", false},
	}
}

func runPlans() []plan {
	return []plan{
		{"", "", "runs_at", false}, {"", "repo:REPO", "runs_repo", false}, {"", "kind:scan", "runs_kind", false},
		{"kind", "", "runs_kind", false}, {"run", "", "runs_number", false}, {"found", "", "runs_found", false},
		{"repo", "", "runs_target", false},
	}
}

// database is where plans are asked for: what explains a statement, how a
// plan names an index, and what it must not hold.
type database struct {
	store    *store.Store
	settings []string
	explain  string
	mark     string
	bad      func(line, index string) bool
}

// TestPlansSQLite: lists are read in the order of their indexes.
func TestPlansSQLite(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "plans.db"), Now: planClock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	scan := regexp.MustCompile(`^SCAN [a-z]+$`)
	d := database{store: s, explain: "EXPLAIN QUERY PLAN ", mark: "INDEX ", bad: func(line, _ string) bool {
		return line == "USE TEMP B-TREE FOR ORDER BY" || scan.MatchString(line)
	}}
	d.check(t)
	inOrder(t, d, Files(s), []plan{{"", "", "files_state", false}})
	needsOfOne(t, d)
	inOrder(t, d, Changes(s), []plan{{"", "", "issue_intervals_opens", false}, {"", "", "issue_intervals_closes", false}, {"", "is:opened", "issue_intervals_opens", false}})
}

// needsOfOne holds what waits in one repository to its rows: a record brings
// only that up to date.
func needsOfOne(t *testing.T, d database) {
	t.Run("needs of one", func(t *testing.T) {
		var lines []string
		if err := d.store.Read(t.Context(), func(tx *store.Tx) error {
			lines = d.plan(tx, plan{}, outcomes.NeedsOf("= $1"), []any{1})
			return tx.Err()
		}); err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if regexp.MustCompile(`^SCAN [a-df-tv-z]\b|INDEX sessions_(state|current)|INDEX issues_order`).MatchString(line) {
				t.Errorf("the plan has %q", line)
			}
		}
		if t.Failed() || !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "INDEX sessions_count") }) {
			t.Errorf("%s", strings.Join(lines, "\n"))
		}
	})
}

// TestPlansPostgres: lists can be read in the order of their indexes.
// PostgreSQL chooses by its statistics, and for few rows rightly sorts: so
// here it may neither sort nor read whole tables where there is another way.
func TestPlansPostgres(t *testing.T) {
	s := plansPostgres(t)
	d := database{store: s, explain: "EXPLAIN ", mark: "using ", bad: func(line, _ string) bool {
		return strings.HasPrefix(strings.TrimLeft(line, " ->"), "Sort  (")
	}, settings: []string{"SET LOCAL enable_seqscan = off", "SET LOCAL enable_sort = off", "SET LOCAL enable_bitmapscan = off"}}
	d.check(t)
}

func (d database) check(t *testing.T) {
	planned(t, d.store)
	inOrder(t, d, Issues(d.store), issuePlans())
	inOrder(t, d, Sessions(d.store), sessionPlans())
	inOrder(t, d, Pulls(d.store), pullPlans())
	inOrder(t, d, Runs(d.store), runPlans())
	inOrder(t, d, Repos(d.store), []plan{{"", "", "repos_l", false}}) // repos_last_run, or repos_list
	inOrder(t, d, Repos(d.store), []plan{{"open", "", "sessions_current", true}})
	d.activityInOrder(t)
	exported(t, d, Issues(d.store), "id")
	exported(t, d, Sessions(d.store), "key")
	exported(t, d, Runs(d.store), "id")
	exported(t, d, Files(d.store), "id")
	exported(t, d, Changes(d.store), "from_at")
}

// exported holds the rows of an export to an index that begins with a column:
// with the rows of some keys, none is read that is not near them.
func exported[T any](t *testing.T, d database, l *List[T], column string) {
	t.Run(l.Name+"/export", func(t *testing.T) {
		var lines []string
		err := d.store.Read(t.Context(), func(tx *store.Tx) error {
			q, err := l.question(tx, query.Ask{})
			if err != nil {
				return err
			}
			keys := l.keys(tx, q, Cond{})
			st := l.byKeys(q, keys[:min(len(keys), 3)])
			lines = d.plan(tx, plan{}, st.text.String(), st.args)
			return tx.Err()
		})
		search := regexp.MustCompile(`SEARCH \w+ USING .*\b` + column + `=\?|Index Cond: .*\b` + column + `\b.* = `)
		if err != nil || !slices.ContainsFunc(lines, search.MatchString) {
			t.Errorf("%v\n%s", err, strings.Join(lines, "\n"))
		}
	})
}

func inOrder[T any](t *testing.T, d database, l *List[T], plans []plan) {
	for _, p := range plans {
		t.Run(fmt.Sprintf("%s/%s/%s", l.Name, p.sort, p.query), func(t *testing.T) {
			text, lines := explained(t, d, l, p)
			d.reads(t, p, text, lines)
		})
	}
}

// reads fails unless a plan uses the index, and does nothing that it must not.
func (d database) reads(t *testing.T, p plan, text string, lines []string) {
	t.Helper()
	if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, d.mark+p.index) }) {
		t.Errorf("the plan does not use %s", p.index)
	}
	for _, line := range lines {
		if !p.sorts && d.bad(line, p.index) {
			t.Errorf("the plan has %q", line)
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", text, strings.Join(lines, "\n"))
	}
}

// explained returns the statement of a page and the lines of its plan.
func explained[T any](t *testing.T, d database, l *List[T], p plan) (text string, lines []string) {
	t.Helper()
	err := d.store.Read(t.Context(), func(tx *store.Tx) error {
		var repo, rule, family string
		tx.Row(`SELECT key FROM repos ORDER BY key LIMIT 1`).Scan(&repo)
		tx.Row(`SELECT rule, family FROM issues GROUP BY rule, family ORDER BY COUNT(*) DESC LIMIT 1`).Scan(&rule, &family)
		parsed, err := l.Schema().Parse(strings.NewReplacer("REPO", repo, "RULE", rule, "FAMILY", family).Replace(p.query))
		if err != nil {
			return err
		}
		q, err := l.question(tx, query.Ask{Query: parsed, Page: query.Page{Number: 1, Size: 50, Sort: p.sort}})
		if err != nil {
			return err
		}
		var rows int64
		total := l.total(&statement{at: q.at}, q)
		tx.Row(total.text.String(), total.args...).Scan(&rows)
		page := l.page(tx, q, rows)
		text = page.text.String()
		lines = d.plan(tx, p, text, page.args)
		return tx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, lines
}

// plan returns the lines of a statement's plan.
func (d database) plan(tx *store.Tx, p plan, text string, args []any) (lines []string) {
	for _, setting := range d.settings {
		if !p.sorts || !strings.Contains(setting, "sort") {
			tx.Each(setting, nil, func(*store.Row) {})
		}
	}
	tx.Each(d.explain+text, args, func(r *store.Row) {
		var line string
		if d.settings == nil {
			var a, b, c any
			r.Scan(&a, &b, &c, &line)
		} else {
			r.Scan(&line)
		}
		lines = append(lines, line)
	})
	return lines
}

// planned fills a store with more issues than are sorted one by one.
func planned(t *testing.T, s *store.Store) {
	t.Helper()
	var files []telemetry.FetchedFile
	for f := range history.Generate(history.Options{
		Seed: 3, Repos: 80, ScansPerRepo: 2, FindingsPerScan: 40, SessionsPerScan: 1, Disturb: history.Believable(),
	}) {
		rec, err := telemetry.ParseRecord(f.Body)
		if err != nil {
			t.Fatal(err)
		}
		file := telemetry.RunFile{Name: f.Name, SHA: f.Name, Size: int64(len(f.Body))}
		files = append(files, telemetry.FetchedFile{RunFile: file, Body: f.Body, Record: rec})
	}
	slices.SortFunc(files, func(a, b telemetry.FetchedFile) int {
		return cmp.Or(a.Record.Timestamp.Compare(b.Record.Timestamp), cmp.Compare(a.Name, b.Name))
	})
	if _, err := derive.New(s).PutFiles(t.Context(), "", files); err != nil {
		t.Fatal(err)
	}
	if n, err := Issues(s).Counts(t.Context(), make([]query.Ask, 1)); err != nil || n[0] < manyRows {
		t.Fatalf("%d issues, want %d at least: %v", n, manyRows, err)
	}
}

func planClock() time.Time { return time.Date(2026, 5, 14, 15, 32, 0, 0, time.UTC) }

func plansPostgres(t *testing.T) *store.Store {
	t.Helper()
	admin := os.Getenv("TEST_POSTGRES_URL")
	if admin == "" {
		t.Skip("SKIPPED: PostgreSQL: TEST_POSTGRES_URL is not set")
	}
	db, err := sql.Open("pgx", admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	name := "plans_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
	})
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	s, err := store.Open(t.Context(), store.Options{URL: u.String(), Now: planClock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
