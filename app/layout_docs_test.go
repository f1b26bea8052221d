package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// anchorOf is the anchor that GitHub gives a heading.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}

// documentLinks matches what a text refers to in documents: a link of
// Markdown, and, as comments have it, docs/NAME.md#ANCHOR.
var documentLinks = regexp.MustCompile(`\]\(([^)\s]+)\)|\b(docs/[a-z]+\.md(?:#[\w-]+)?)`)

// documentTexts returns, by path, the texts that can refer to documents.
func documentTexts(t *testing.T) map[string]string {
	t.Helper()
	texts, root := map[string]string{}, os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != "." && (strings.HasPrefix(name, ".") || slices.Contains([]string{"node_modules", "vendor", "data", "bin"}, e.Name())):
			return fs.SkipDir
		case e.IsDir() || !slices.Contains([]string{".go", ".templ", ".md", ".yml", ".yaml", ".sql", ".css", ".js"}, path.Ext(name)):
			return nil
		}
		text, err := fs.ReadFile(root, name)
		texts[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// anchorsOf returns the anchors of a document's headings.
func anchorsOf(text string) (anchors []string) {
	for line := range strings.Lines(text) {
		if marks, heading, ok := strings.Cut(strings.TrimSpace(line), " "); ok && marks != "" && strings.Trim(marks, "#") == "" {
			anchors = append(anchors, anchorOf(heading))
		}
	}
	return anchors
}

// references returns what a text refers to in this repository, each as
// "path" or "path#anchor".
func references(name, text string) (list []string) {
	for _, m := range documentLinks.FindAllStringSubmatch(text, -1) {
		link, plain := m[1], m[2]
		switch {
		case plain != "":
			list = append(list, plain)
		case path.Ext(name) != ".md" || strings.Contains(link, ":"): // no Markdown, or elsewhere
		case strings.HasPrefix(link, "#"):
			list = append(list, name+link)
		default:
			list = append(list, path.Join(path.Dir(name), link))
		}
	}
	return list
}

// TestDocumentLinks: what documents and comments refer to in this repository
// is there, and so is its heading.
func TestDocumentLinks(t *testing.T) {
	texts := documentTexts(t)
	found := 0
	for name, text := range texts {
		for _, reference := range references(name, text) {
			found++
			file, anchor, _ := strings.Cut(reference, "#")
			if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(file))); err != nil {
				t.Errorf("%s refers to %s, which is not there", name, reference)
			} else if anchor != "" && !slices.Contains(anchorsOf(texts[file]), anchor) {
				t.Errorf("%s refers to %s, which has no such heading", name, reference)
			}
		}
	}
	if found < 50 {
		t.Errorf("found %d references; the documents have more", found)
	}
}

func TestReferences(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"notes/a.md", "[x](#part) and [y](../README.md#z)", []string{"notes/a.md#part", "README.md#z"}},
		{"README.md", "[x](https://example.com/y.md) ![z](docs/z.png)", []string{"docs/z.png"}},
		{"a/b.go", "// the rule of docs/" + "rules.md#scope-guard; m[i](x)", []string{"docs/" + "rules.md#scope-guard"}},
	}
	for _, tc := range tests {
		if got := references(tc.name, tc.text); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	if got := anchorsOf("# A (b)\ntext\n### Which `c`?"); !slices.Equal(got, []string{"a-b", "which-c"}) {
		t.Errorf("anchors %q", got)
	}
}

// TestNoConflictIsLeft: no text has the marks of an unresolved merge.
func TestNoConflictIsLeft(t *testing.T) {
	marks := []string{strings.Repeat("<", 7) + " ", strings.Repeat(">", 7) + " "}
	for name, text := range documentTexts(t) {
		for n, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(line, marks[0]) || strings.HasPrefix(line, marks[1]) {
				t.Errorf("%s:%d has the mark of a conflict", name, n+1)
			}
		}
	}
}
