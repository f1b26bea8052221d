package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "telemetry-dashboard"

// goPackage is what `go list` says of one package of this module. Paths in
// it are made relative to the module, where they are of it.
type goPackage struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// mayImport is the import table: by package, what it may import of
// this module. A package ending in "test" is the player or the suite of its
// parent and has no row, unless it needs more than mayImportOf gives it.
func mayImport() map[string][]string {
	domain := []string{"services/telemetry"}
	rooms := append([]string{"services/query", "services/store", "services/store/lists", "services/store/outcomes"}, domain...)
	reads := []string{"services/telemetry", "services/query", "services/dashboard", "services/ingest", "views/links"}
	rows := map[string][]string{
		"services/telemetry":          {},
		"services/telemetry/history":  domain,
		"services/telemetry/testsize": {},
		"services/identity":           domain,
		"services/access":             domain,
		"services/query":              {},
		"services/store":              domain,
		"services/store/outcomes":     append([]string{"services/store"}, domain...),
		"services/store/lists":        append([]string{"services/query", "services/store", "services/store/outcomes"}, domain...),
		"services/store/derive":       append([]string{"services/identity", "services/store", "services/store/outcomes"}, domain...),
		"services/store/decisions":    append([]string{"services/store/derive"}, rooms...),
		"services/store/details":      rooms,
		"services/store/figures":      rooms,
		"services/cache":              {},
		"services/upstream":           domain,
		"services/github":             append([]string{"services/upstream", "services/cache"}, domain...),
		"services/devin":              append([]string{"services/upstream", "services/cache"}, domain...),
		"services/ingest":             domain,
		"services/store/storetest": append([]string{
			"services/dashboard", "services/store/decisions", "services/store/derive", "services/store/details", "services/store/figures", "services/telemetry/history",
		}, rooms...),
		"services/notify":    append([]string{"services/upstream", "views/links"}, domain...),
		"services/dashboard": append([]string{"services/query", "views/links"}, domain...),
		"static":             {},
		"views/links":        domain,
		"views/markdown":     {},
		"views/parts":        {},
		"views/panels":       append([]string{"views/markdown", "views/parts", "views/links"}, domain...),
		"views/pages":        append([]string{"views/parts", "views/links", "views/panels"}, domain...),
		"app/server":         {"services/telemetry", "services/access", "services/cache", "static"},
		"app/monitor":        {"app/server", "services/telemetry"},
		"app/hooks":          {"app/server", "services/telemetry", "views/links"},
		"app/api":            reads,
		"app/feeds":          {"app/server", "services/access", "services/dashboard", "services/query", "services/telemetry", "views/links"},
		"app/mcp":            {"services/telemetry", "services/query", "views/links"}, // it asks the API, and nothing else
		"app/client":         {"services/telemetry"},                                  // it asks a dashboard by HTTP
		"app/api/apitest":    {"app/api", "services/telemetry", "services/telemetry/history", "static"},
		"app/web":            append([]string{"app/server", "services/telemetry", "services/dashboard", "services/ingest", "views/links"}, families()...),
		"app/web/webtest":    {"*"},
		"app":                {"*"},
		"app/bench":          {"*"},
		"app/e2e/program":    append([]string{"services/github/githubtest", "services/devin/devintest"}, domain...),
		"app/e2e/browser":    {}, // and what their tests need
		"app/e2e/faults":     {},
		"app/e2e/http":       {},
		"app/e2e/process":    {},
		"app/e2e/soak":       {},
	}
	for _, family := range families() { // of the pages: they share the shell, and never import each other
		rows[family] = append([]string{"app/web/shell", "views/parts", "views/panels", "views/pages"}, reads...)
	}
	rows["app/web/people"] = append(rows["app/web/people"], "services/access")
	return rows
}

// families are the packages of the pages.
func families() []string {
	return []string{"app/web/shell", "app/web/lists", "app/web/details", "app/web/overview", "app/web/actions", "app/web/docs", "app/web/people",
		"app/web/notifications"}
}

// mayImportOf returns the row of pkg, false if the table has none.
func mayImportOf(pkg string) ([]string, bool) {
	if row, ok := mayImport()[pkg]; ok {
		return row, true
	}
	if strings.HasSuffix(pkg, "test") {
		return []string{path.Dir(pkg), "services/telemetry", "services/telemetry/history"}, true
	}
	return nil, false
}

// owners says which packages alone may import what is not of this module, by
// the beginning of its path.
func owners() map[string][]string {
	sql := []string{"services/store", "services/store/storetest"}
	return map[string][]string{
		"database/sql":                        sql,
		"modernc.org/sqlite":                  sql,
		"github.com/jackc/pgx":                sql,
		"github.com/pressly/goose":            sql,
		"github.com/google/go-github":         {"services/github"},
		"github.com/gofri/go-github":          {"services/github"},
		"github.com/gofiber/fiber":            {"app", "app/..."},
		"github.com/valyala/fasthttp":         {"app", "app/..."},
		"github.com/yuin/goldmark":            {"views/markdown"},
		"github.com/microcosm-cc/bluemonday":  {"views/markdown"},
		"github.com/caarlos0/env":             {"app"},
		"github.com/joho/godotenv":            {"app"},
		"github.com/a-h/templ":                {"views/...", "app", "app/..."},
		"github.com/prometheus/client_golang": {"app/monitor"},
		"github.com/getkin/kin-openapi":       {"app/api/apitest", "app/web/docs", "app/mcp"},
		"github.com/chromedp":                 {},
		"github.com/rogpeppe/go-internal":     {},
		"github.com/google/go-cmp":            {},
		"go.uber.org/goleak":                  {},
		"github.com/santhosh-tekuri/jsonsch":  {"app/api/apitest"},
		"github.com/modelcontextprotocol":     {"app/mcp"},
		"github.com/arran4/golang-ical":       {"app/feeds"},
		"github.com/google/jsonschema-go":     {"app/mcp"},
		"github.com/wneessen/go-mail":         {"services/notify"},
		"github.com/standard-webhooks":        {"services/notify"},
		normalForms:                           {"services/telemetry"},
	}
}

// importProblems holds p, without its test files, against the table and the
// owners.
func importProblems(p goPackage) (problems []string) {
	row, known := mayImportOf(p.ImportPath)
	if !known {
		problems = append(problems, p.ImportPath+" has no row in the import table: add one to mayImport, or move the package")
	}
	for _, dep := range p.Imports {
		own, ours := strings.CutPrefix(dep, module+"/")
		if ours && known && !slices.Contains(row, "*") && !slices.Contains(row, own) {
			problems = append(problems, fmt.Sprintf("%s imports %s; it may import %q", p.ImportPath, own, row))
		}
		if !ours && p.ImportPath == "services/telemetry" && dep != normalForms && (foreign(dep) || doesIO(dep)) {
			problems = append(problems, p.ImportPath+" imports "+dep+"; the domain has only the standard library, and does no I/O")
		}
		for prefix, mine := range owners() {
			if strings.HasPrefix(dep, prefix) && !slices.ContainsFunc(mine, func(o string) bool { return covers(o, p.ImportPath) }) {
				problems = append(problems, fmt.Sprintf("%s imports %s, which is for %q alone, and for tests", p.ImportPath, dep, mine))
			}
		}
	}
	return append(problems, reachProblems(p)...)
}

// reachProblems names what p must not even reach through others.
func reachProblems(p goPackage) (problems []string) {
	var barred, allowed []string
	switch {
	case p.ImportPath == "views/parts":
		barred = []string{module, "github.com/gofiber", "database/sql"}
	case strings.HasPrefix(p.ImportPath, "views/"):
		barred = []string{module + "/services", module + "/app", "github.com/gofiber", "database/sql"}
		allowed = []string{module + "/services/telemetry"}
	case p.ImportPath == "services/telemetry/history":
		barred = []string{"net/http", "database/sql", "testing", module + "/services/identity"}
	case p.ImportPath == "services/github/githubtest" || p.ImportPath == "services/devin/devintest":
		barred = []string{"testing", "database/sql"} // the demo starts the wire players
	case strings.HasPrefix(p.ImportPath, "services/"):
		barred = []string{module + "/app", module + "/views", module + "/static", "github.com/gofiber"}
		allowed = []string{module + "/views/links"}
	}
	for _, dep := range p.Deps {
		for _, b := range barred {
			if (dep == b || strings.HasPrefix(dep, b+"/")) && !slices.Contains(allowed, dep) {
				problems = append(problems, p.ImportPath+" reaches "+dep+", which it must not, not even through another package")
			}
		}
	}
	return problems
}

// testImportProblems: the tests of a side of the house stay on it, but for
// what the package itself may import.
func testImportProblems(p goPackage) (problems []string) {
	side, _, _ := strings.Cut(p.ImportPath, "/")
	if side == "app" {
		return nil
	}
	row, _ := mayImportOf(p.ImportPath)
	for _, dep := range slices.Concat(p.TestImports, p.XTestImports) {
		own, ours := strings.CutPrefix(dep, module+"/")
		if ours && !strings.HasPrefix(own+"/", side+"/") && !slices.Contains(row, own) {
			problems = append(problems, "the tests of "+p.ImportPath+" import "+own+", which is not of "+side)
		}
	}
	return problems
}

// normalForms composes letters. It is Go's own, pure, and the one thing that the
// domain needs beyond the standard library: paths get their form where records
// are read, so that no caller sees another one.
const normalForms = "golang.org/x/text/unicode/norm"

// foreign reports whether dep is outside the standard library.
func foreign(dep string) bool {
	first, _, _ := strings.Cut(dep, "/")
	return strings.Contains(first, ".")
}

func doesIO(dep string) bool {
	return slices.Contains([]string{"os", "os/exec", "os/signal", "io/fs", "net", "net/http", "net/rpc", "net/smtp", "database/sql", "log", "log/slog", "syscall", "embed", "testing"}, dep)
}

// covers reports whether pattern, a package or "x/...", holds pkg.
func covers(pattern, pkg string) bool {
	folder, all := strings.CutSuffix(pattern, "...")
	return pattern == pkg || all && strings.HasPrefix(pkg, folder)
}

func goList(t *testing.T) (list []goPackage) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	in := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module+"/")
		list = append(list, p)
	}
}

func TestImportTable(t *testing.T) {
	list := goList(t)
	if !slices.ContainsFunc(list, func(p goPackage) bool { return p.ImportPath == "app" }) {
		t.Fatalf("go list does not find app among %d packages", len(list))
	}
	for _, p := range list {
		for _, problem := range slices.Concat(importProblems(p), testImportProblems(p)) {
			t.Error(problem)
		}
	}
}

func TestImportTableRefuses(t *testing.T) {
	const m = module + "/"
	tests := []struct {
		p    goPackage
		want string // "" for nothing
	}{
		{goPackage{ImportPath: "services/telemetry", Imports: []string{"strings", "net/url"}}, ""},
		{goPackage{ImportPath: "services/telemetry", Imports: []string{"os"}}, "does no I/O"},
		{goPackage{ImportPath: "services/telemetry", Imports: []string{normalForms}}, ""},
		{goPackage{ImportPath: "services/ingest", Imports: []string{normalForms}}, "alone"},
		{goPackage{ImportPath: "services/telemetry", Imports: []string{"golang.org/x/text/cases"}}, "only the standard library"},
		{goPackage{ImportPath: "services/ingest", Imports: []string{m + "services/telemetry"}}, ""},
		{goPackage{ImportPath: "services/ingest", Imports: []string{m + "services/store"}}, "services/ingest imports services/store"},
		{goPackage{ImportPath: "services/ingest", Imports: []string{"database/sql"}}, "alone"},
		{goPackage{ImportPath: "services/store", Imports: []string{"github.com/jackc/pgx/v5/stdlib"}}, ""},
		{goPackage{ImportPath: "services/store", Imports: []string{m + "services/identity"}}, "services/store imports services/identity"},
		{goPackage{ImportPath: "services/store/details", Imports: []string{m + "services/store/derive"}}, "details imports services/store/derive"},
		{goPackage{ImportPath: "app/api", Imports: []string{m + "app/web"}}, "app/api imports app/web"},
		{goPackage{ImportPath: "app/api", Imports: []string{m + "services/dashboard", "github.com/gofiber/fiber/v2"}}, ""},
		{goPackage{ImportPath: "app/web/lists", Imports: []string{m + "services/github"}}, "app/web/lists imports services/github"},
		{goPackage{ImportPath: "app/web/lists", Imports: []string{m + "app/web/details"}}, "app/web/lists imports app/web/details"},
		{goPackage{ImportPath: "app/web/lists", Imports: []string{m + "app/web/shell"}}, ""},
		{goPackage{ImportPath: "app", Imports: []string{m + "services/store", m + "services/devin/devintest"}}, ""},
		{goPackage{ImportPath: "app", Imports: []string{"github.com/google/go-github/v60/github"}}, "alone"},
		{goPackage{ImportPath: "services/devin/devintest", Imports: []string{m + "services/devin", m + "services/telemetry/history"}}, ""},
		{goPackage{ImportPath: "services/devin/devintest", Imports: []string{m + "services/github"}}, "devintest imports services/github"},
		{goPackage{ImportPath: "services/devin/devintest", Deps: []string{"testing"}}, "reaches testing"},
		{goPackage{ImportPath: "views/parts", Deps: []string{m + "services/telemetry"}}, "reaches " + m + "services/telemetry"},
		{goPackage{ImportPath: "views/panels", Deps: []string{m + "services/telemetry", m + "views/links"}}, ""},
		{goPackage{ImportPath: "views/panels", Deps: []string{m + "services/query"}}, "reaches " + m + "services/query"},
		{goPackage{ImportPath: "services/dashboard", Deps: []string{m + "views/links"}}, ""},
		{goPackage{ImportPath: "services/store", Deps: []string{m + "views/parts"}}, "reaches " + m + "views/parts"},
		{goPackage{ImportPath: "views/parts", TestImports: []string{m + "app/web"}}, "is not of views"},
		{goPackage{ImportPath: "services/util"}, "no row"},
	}
	for _, tc := range tests {
		got := strings.Join(slices.Concat(importProblems(tc.p), testImportProblems(tc.p)), "\n")
		if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
			t.Errorf("%+v: %q, want %q", tc.p, got, tc.want)
		}
	}
}

// TestTopLevel: the top level has only the given folders and files and what the
// design names, dotfiles, and what .gitignore keeps out of the repository.
func TestTopLevel(t *testing.T) {
	allowed := strings.Fields("app views static services docs tools go.mod go.sum Taskfile.yml README.md CHANGELOG.md LICENSE CONTRIBUTING.md SECURITY.md deploy")
	ignore, err := os.ReadFile("../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(ignore)) {
		allowed = append(allowed, strings.Trim(line, "/"))
	}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fits := func(pattern string) bool { ok, _ := path.Match(pattern, e.Name()); return ok }
		if !strings.HasPrefix(e.Name(), ".") && !slices.ContainsFunc(allowed, fits) {
			t.Errorf("%s is at the top level and not in the list of this test", e.Name())
		}
	}
}
