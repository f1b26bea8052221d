package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	mostFileLines = 400
	mostFuncLines = 70
	mostTestLines = 160 // of a function in a test, whose table may be long
)

// allowedGlobals excuses package-level variables that globalProblems refuses
// although nothing changes them, each ("folder.name") with its reason.
func allowedGlobals() map[string]string {
	return map[string]string{}
}

// matcherNames are those of services/telemetry that decide which finding is
// which issue. Generated histories must not lean on them: they are there to
// try them.
func matcherNames() []string {
	return []string{"Ledger", "Scan", "Outcome", "Match", "Basis", "SamePrint", "PrintKey", "PublicID"}
}

// source is the parsed Go files of one folder.
type source struct {
	folder string // from the top level
	fset   *token.FileSet
	files  map[string]*ast.File // by path from the top level
	texts  map[string]string
}

func parseSource(folder string, texts map[string]string) (source, error) {
	s := source{folder: folder, fset: token.NewFileSet(), files: map[string]*ast.File{}, texts: texts}
	for name, text := range texts {
		file, err := parser.ParseFile(s.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return source{}, fmt.Errorf("parse %s: %w", name, err)
		}
		s.files[name] = file
	}
	return s, nil
}

// sources returns every folder of the house that holds Go files.
func sources(t *testing.T) (list []source) {
	t.Helper()
	folders := map[string]map[string]string{}
	for _, top := range []string{"app", "services", "static", "tools", "views"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(name string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || e.IsDir() || filepath.Ext(name) != ".go" {
				return err
			}
			text, err := os.ReadFile(name)
			name = filepath.ToSlash(strings.TrimPrefix(name, ".."+string(filepath.Separator)))
			folder := name[:strings.LastIndex(name, "/")]
			if folders[folder] == nil {
				folders[folder] = map[string]string{}
			}
			folders[folder][name] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		s, err := parseSource(folder, folders[folder])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func generated(name string) bool { return strings.HasSuffix(name, "_templ.go") }

// sizeProblems names files and functions that are too long, and init
// functions.
func (s source) sizeProblems() (problems []string) {
	for name, file := range s.files {
		if generated(name) {
			continue
		}
		if n := strings.Count(s.texts[name], "\n"); n > mostFileLines {
			problems = append(problems, fmt.Sprintf("%s has %d lines, more than %d", name, n, mostFileLines))
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			at, most := s.fset.Position(fn.Pos()), mostFuncLines
			if strings.HasSuffix(at.Filename, "_test.go") {
				most = mostTestLines
			}
			if n := s.fset.Position(fn.End()).Line - at.Line + 1; n > most {
				problems = append(problems, fmt.Sprintf("%s: %s has %d lines, more than %d", at, fn.Name.Name, n, most))
			}
			if fn.Recv == nil && fn.Name.Name == "init" {
				problems = append(problems, s.fset.Position(fn.Pos()).String()+": init runs unasked; call it from where it is needed")
			}
		}
	}
	return problems
}

// globalProblems names package-level variables that can change: without a
// value, with one that does not look constant, or written somewhere in their
// package.
func (s source) globalProblems(excused map[string]string) (problems []string) {
	written := s.written()
	for name, file := range s.files {
		if generated(name) {
			continue
		}
		for _, decl := range file.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok || gen.Tok != token.VAR {
				continue
			}
			for _, spec := range gen.Specs {
				for i, id := range spec.(*ast.ValueSpec).Names {
					why := fault(gen, spec.(*ast.ValueSpec), i, strings.HasSuffix(name, "_test.go"))
					if at, ok := written[id.Name]; ok {
						why = "is written at " + at
					}
					if why != "" && excused[s.folder+"."+id.Name] == "" {
						problems = append(problems, fmt.Sprintf("%s: package-level variable %s %s", s.fset.Position(id.Pos()), id.Name, why))
					}
				}
			}
		}
	}
	return problems
}

// fault says why the variable may change, "" if it does not look so.
func fault(gen *ast.GenDecl, spec *ast.ValueSpec, i int, inTest bool) string {
	switch {
	case spec.Names[i].Name == "_" || embedded(gen.Doc) || embedded(spec.Doc):
		return ""
	case len(spec.Values) != len(spec.Names):
		return "has no value of its own, so that something must write it"
	case inTest && callee(spec.Values[i], "flag"):
		return ""
	case !constantLike(spec.Values[i]):
		return "has a value that can change"
	}
	return ""
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// callee reports whether e is a call of pkg's function of one of the names,
// or of any if none is given.
func callee(e ast.Expr, pkg string, names ...string) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg && (names == nil || slices.Contains(names, sel.Sel.Name))
}

// constantLike reports whether e makes a value that stays as it is as long as
// nobody writes it.
func constantLike(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit, *ast.FuncLit, *ast.SelectorExpr:
		return true
	case *ast.Ident:
		return e.Name != "nil"
	case *ast.ParenExpr:
		return constantLike(e.X)
	case *ast.BinaryExpr:
		return constantLike(e.X) && constantLike(e.Y)
	case *ast.UnaryExpr:
		return e.Op != token.AND && constantLike(e.X)
	case *ast.CompositeLit:
		sel, ok := e.Type.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		return !ok || pkg.Name != "sync" && pkg.Name != "atomic"
	case *ast.CallExpr:
		if _, ok := e.Fun.(*ast.ArrayType); ok { // []byte("…")
			return true
		}
		return callee(e, "errors", "New") || callee(e, "fmt", "Errorf") || callee(e, "regexp", "MustCompile") ||
			callee(e, "strings", "NewReplacer") || callee(e, "time", "Date", "Duration") || callee(e, "sync", "OnceValue", "OnceValues")
	}
	return false
}

// noImports makes the type checker do without other packages: it need not
// know them to say which name is which variable.
type noImports struct{}

func (noImports) Import(string) (*types.Package, error) {
	return nil, errors.New("other packages are not read")
}

// written returns the package-level variables that the package writes, with
// the place: assigned, counted up, ranged into, pointed at, or handed to
// append, clear, copy or delete.
func (s source) written() map[string]string {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	byPackage := map[string][]*ast.File{}
	for _, file := range s.files {
		byPackage[file.Name.Name] = append(byPackage[file.Name.Name], file)
	}
	conf := types.Config{Importer: noImports{}, Error: func(error) {}}
	for name, files := range byPackage {
		_, _ = conf.Check(name, s.fset, files, info) // its errors are about the imports
	}
	places := map[string]string{}
	note := func(e ast.Expr) {
		id := root(e)
		if id == nil {
			return
		}
		if v, ok := info.Uses[id].(*types.Var); ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			places[id.Name] = s.fset.Position(id.Pos()).String()
		}
	}
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, e := range n.Lhs {
					note(e)
				}
			case *ast.IncDecStmt:
				note(n.X)
			case *ast.RangeStmt:
				note(n.Key)
				note(n.Value)
			case *ast.UnaryExpr:
				if n.Op == token.AND {
					note(n.X)
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && len(n.Args) > 0 && slices.Contains([]string{"append", "clear", "copy", "delete"}, f.Name) {
					note(n.Args[0])
				}
			}
			return true
		})
	}
	return places
}

// root returns the variable in which e lies, nil if it is none's.
func root(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.ParenExpr:
		return root(e.X)
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.SliceExpr:
		return root(e.X)
	case *ast.StarExpr:
		return root(e.X)
	case *ast.SelectorExpr:
		return root(e.X)
	}
	return nil
}

// matcherProblems names uses of telemetry's matcher.
func (s source) matcherProblems() (problems []string) {
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && slices.Contains(matcherNames(), sel.Sel.Name) {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "telemetry" {
					problems = append(problems, s.fset.Position(sel.Pos()).String()+": uses telemetry."+sel.Sel.Name+", which generated histories are there to try")
				}
			}
			return true
		})
	}
	return problems
}

func TestSource(t *testing.T) {
	excused := allowedGlobals()
	for _, s := range sources(t) {
		problems := append(s.sizeProblems(), s.globalProblems(excused)...)
		if s.folder == "services/telemetry/history" {
			problems = append(problems, s.matcherProblems()...)
		}
		for name := range s.files {
			_, err := os.Stat(filepath.Join("..", strings.TrimSuffix(name, "_templ.go")+".templ"))
			if generated(name) && err != nil {
				problems = append(problems, name+" is generated from no .templ file; remove it")
			}
		}
		for _, problem := range problems {
			t.Error(problem)
		}
	}
}

func TestSourceRefuses(t *testing.T) {
	long := strings.Repeat("\t_ = 0\n", mostFuncLines)
	tests := map[string]struct{ text, want string }{
		"a sentinel, a pattern, a table":   {"var errX = errors.New(\"x\")\nvar p = regexp.MustCompile(`x`)\nvar m = map[string]int{\"a\": 1}\nvar _ I = T{}", ""},
		"an embedded folder":               {"//go:embed css\nvar files embed.FS", ""},
		"a local variable of that name":    {"var m = []int{1}\nfunc f() { m := []int{2}; m[0] = 3; _ = m }", ""},
		"a variable without a value":       {"var n int", "n has no value"},
		"a pointer":                        {"var c = &T{}", "c has a value that can change"},
		"a lock":                           {"var mu = sync.Mutex{}", "mu has a value that can change"},
		"a made map":                       {"var cache = make(map[string]int)", "cache has a value that can change"},
		"a table that is written":          {"var m = map[string]int{}\nfunc f() { m[\"a\"] = 1 }", "m is written at x.go:4"},
		"a counter":                        {"var n = 1\nfunc f() { n++ }", "n is written"},
		"a pointer taken":                  {"var n = T{}\nfunc f() *T { return &n }", "n is written"},
		"a deleted key":                    {"var m = map[string]int{\"a\": 1}\nfunc f() { delete(m, \"a\") }", "m is written"},
		"a clock that a test could set":    {"var now = time.Now\nfunc f() { now = nil }", "now is written"},
		"an init function":                 {"func init() {}", "init runs unasked"},
		"a method named init":              {"type T struct{}\nfunc (T) init() {}", ""},
		"a function that is too long":      {"func f() {\n" + long + "}", "f has 72 lines"},
		"a file that is too long":          {strings.Repeat("\n", mostFileLines), "x.go has 402 lines"},
		"the matcher in a made-up history": {"import \"telemetry-dashboard/services/telemetry\"\nfunc f() { _ = telemetry.Ledger{} }", "uses telemetry.Ledger"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := parseSource("x", map[string]string{"x.go": "package x\n\n" + tc.text})
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(slices.Concat(s.sizeProblems(), s.globalProblems(nil), s.matcherProblems()), "\n")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	s, err := parseSource("x", map[string]string{"x.go": "package x\n\nvar n int\n"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.globalProblems(map[string]string{"x.n": "its reason"}); got != nil {
		t.Errorf("an excused variable: %q", got)
	}
}
