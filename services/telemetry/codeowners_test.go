package telemetry

import (
	"slices"
	"strings"
	"testing"
)

// TestCodeowners: the examples of GitHub's documentation, and what they leave open.
func TestCodeowners(t *testing.T) {
	const documented = `# This is a comment.
*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
`
	tests := []struct{ name, text, file, want string }{
		{"the default", documented, "README", "@global-owner1 @global-owner2"},
		{"an extension anywhere", documented, "src/deep/a.js", "@js-owner"},
		{"an address", documented, "main.go", "docs@example.com"},
		{"a team", documented, "notes.txt", "@octo-org/octocats"},
		{"a directory at the root", "/build/logs/ @doctocat", "build/logs/2026/a.log", "@doctocat"},
		{"and not elsewhere", "/build/logs/ @doctocat", "x/build/logs/a.log", ""},
		{"files of a directory", "docs/* docs@example.com", "docs/getting-started.md", "docs@example.com"},
		{"and none deeper", "docs/* docs@example.com", "docs/build-app/troubleshooting.md", ""},
		{"nor in another docs", "docs/* docs@example.com", "x/docs/a.txt", ""},
		{"a directory anywhere", documented, "x/apps/y/z.c", "@octocat"},
		{"the last match wins", documented, "docs/a.js", "@doctocat"},
		{"several owners", documented, "scripts/a.sh", "@doctocat @octocat"},
		{"a name at any depth", documented, "deeply/nested/logs/a", "@octocat"},
		{"logs of build, by the last line", documented, "build/logs/a.log", "@octocat"},
		{"a line without owners clears", "/apps/ @octocat\n/apps/github\n", "apps/github/a.c", ""},
		{"beside it all stays", "/apps/ @octocat\n/apps/github\n", "apps/other/a.c", "@octocat"},
		{"below a cleared directory", "/apps/ @octocat\n/apps/github @doctocat\n", "apps/github/deep/a.c", "@doctocat"},
		{"letters count", "/Docs/ @a", "docs/x", ""},
		{"a directory is not a file", "logs/ @a", "logs", ""},
		{"a name without slash is both", "logs @a", "x/logs/y", "@a"},
		{"** in the middle", "src/**/test @a", "src/a/b/test/x.go", "@a"},
		{"** stands for none too", "src/**/test @a", "src/test/x.go", "@a"},
		{"** at the end", "src/** @a", "src/a/b.go", "@a"},
		{"? is one letter", "a?.go @a", "x/ab.go", "@a"},
		{"a space in a name", `/my\ files/ @a`, "my files/x", "@a"},
		{"root files", "/* @a", "x", "@a"},
		{"root files only", "/* @a", "x/y", ""},
		{"a long file", "* @a", "a/b/c/d/e/f", "@a"},
		{"windows' line ends and a mark of order", "\uFEFF* @a\r\n*.go @b\r\n", "x.go", "@b"},
		{"an invalid line is left out", "* @a\n*.go not-an-owner\n", "x.go", "@a"},
		{"no line", "", "x.go", ""},
	}
	for _, test := range tests {
		if got := strings.Join(ParseCodeowners(test.text).Owners(test.file), " "); got != test.want {
			t.Errorf("%s: %s is owned by %q, want %q", test.name, test.file, got, test.want)
		}
	}
}

// TestInvalidOwnerLines: what GitHub does not take is left out and told by its line.
func TestInvalidOwnerLines(t *testing.T) {
	text := "* @a\n!docs/ @b\n[ab].go @c\n\n# words\n\\#x @d\n/ @e\n*.md @f plain\n*.rs\n"
	c := ParseCodeowners(text)
	var lines []int64
	for _, l := range c.Invalid {
		lines = append(lines, l.Line)
		if l.Why == "" || l.Text == "" {
			t.Errorf("line %d says %q, %q", l.Line, l.Text, l.Why)
		}
	}
	if want := []int64{2, 3, 6, 7, 8}; !slices.Equal(lines, want) {
		t.Errorf("invalid are %v, want %v", lines, want)
	}
	if got := c.Owners("a.md"); !slices.Equal(got, []string{"@a"}) {
		t.Errorf("a.md is owned by %v", got)
	}
}

// FuzzCodeowners: no text and no path breaks it, and an owner is one that a line names.
func FuzzCodeowners(f *testing.F) {
	f.Add("* @a\n/x/**/y/* @b\n**/logs @c", "x/y/z")
	f.Add("**/**/**/a @a", "/")
	f.Fuzz(func(t *testing.T, text, file string) {
		for _, who := range ParseCodeowners(text).Owners(file) {
			if !strings.Contains(text, who) {
				t.Errorf("%q is not in the file", who)
			}
		}
	})
}
