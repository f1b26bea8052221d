package main

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// unguardedFolders are of programs for those who develop, which nobody is
// served by.
func unguardedFolders() []string {
	return []string{"app/bench", "tools/answers", "tools/contract", "tools/screenshots"}
}

// goroutineProblems names the goroutines that a panic in them would end the
// process through: those that call neither telemetry.Guard nor a function of
// their package that does.
func (s source) goroutineProblems() (problems []string) {
	guarded := s.guardedFuncs()
	for name, file := range s.files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var body ast.Node
			switch n := n.(type) {
			case *ast.GoStmt:
				body = n.Call
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Go" && len(n.Args) == 1 {
					body = n.Args[0]
				}
			}
			if body != nil && !calls(body, guarded) {
				problems = append(problems, fmt.Sprintf(
					"%s: a panic in this goroutine ends the process; run it under telemetry.Guard", s.fset.Position(n.Pos())))
			}
			return true
		})
	}
	return problems
}

// guardedFuncs are the functions of the folder that run what they do under
// telemetry.Guard, and Guard itself.
func (s source) guardedFuncs() map[string]bool {
	names := map[string]bool{"Guard": true}
	for _, file := range s.files {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil && calls(fn.Body, map[string]bool{"Guard": true}) {
				names[fn.Name.Name] = true
			}
		}
	}
	return names
}

// calls reports whether one of the named functions is called in n.
func calls(n ast.Node, names map[string]bool) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return !found
		}
		switch f := call.Fun.(type) {
		case *ast.Ident:
			found = found || names[f.Name]
		case *ast.SelectorExpr:
			found = found || names[f.Sel.Name]
		}
		return !found
	})
	return found
}

func TestLayoutEveryGoroutineIsGuarded(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(unguardedFolders(), s.folder) {
			continue
		}
		for _, problem := range s.goroutineProblems() {
			t.Error(problem)
		}
	}
}

func TestLayoutFindsBareGoroutines(t *testing.T) {
	for text, bare := range map[string]bool{
		"func f() { go g() }":                                                                   true,
		"func f() { go func() { g() }() }":                                                      true,
		"func f() { all.Go(func() { g() }) }":                                                   true,
		"func f() { all.Go(func() error { return nil }) }":                                      true,
		"func f() { go func() { _ = telemetry.Guard(\"x\", g) }() }":                            false,
		"func f() { all.Go(func() error { return telemetry.Guard(\"x\", g) }) }":                false,
		"func f() { go g() }\nfunc g() { _ = telemetry.Guard(\"x\", h) }":                       false,
		"func f() { all.Go(x.g(1)) }\nfunc (x X) g(n int) func() { telemetry.Guard(\"x\", h) }": false,
		"func f() { x.Going(func() {}) }":                                                       false,
	} {
		s, err := parseSource("x", map[string]string{"x/x.go": "package x\n" + text})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.goroutineProblems(); (len(got) > 0) != bare {
			t.Errorf("%s: %q", text, got)
		}
	}
}
