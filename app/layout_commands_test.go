package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documentedTests are the commands of documents that run single tests.
var documentedTests = regexp.MustCompile("`go test -run '([^']+)' (?:-v )?([^`]+)`")

// testNames are the tests of a folder, a line each.
func testNames(t *testing.T, folder string) string {
	t.Helper()
	var names strings.Builder
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("no tests in %s", folder)
	}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // a file of this repository
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
			names.WriteString(m[1] + "\n")
		}
	}
	return names.String()
}

// TestDocumentedTests: each test that a command of docs/reliability.md names
// is in each of its folders.
func TestDocumentedTests(t *testing.T) {
	text, err := os.ReadFile("../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := documentedTests.FindAllStringSubmatch(string(text), -1)
	if len(commands) < 40 || len(commands) != strings.Count(string(text), "go test") {
		t.Errorf("%d of %d commands are understood", len(commands), strings.Count(string(text), "go test"))
	}
	for _, m := range commands {
		for folder := range strings.FieldsSeq(m[2]) {
			names := testNames(t, folder)
			for pattern := range strings.SplitSeq(m[1], `\|`) {
				if !regexp.MustCompile("(?m)^" + pattern).MatchString(names) {
					t.Errorf("%s: no test of %s has this name: %s", m[0], folder, pattern)
				}
			}
		}
	}
}
