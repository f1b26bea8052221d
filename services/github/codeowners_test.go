package github_test

import (
	"strings"
	"testing"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

// TestCodeownersFile: the file is found in GitHub's order of places, unchanged it costs
// nothing, and neither a missing repository nor a refusal is taken for one without it.
func TestCodeownersFile(t *testing.T) {
	p, c := start(t)
	r := p.Repo("o/r")
	r.PutFile("README.md", []byte("x"))
	want := func(what string, path, text string) {
		t.Helper()
		file, err := c.Codeowners(t.Context(), "o/r")
		if err != nil || file.Path != path || file.Text != text {
			t.Errorf("%s: %q with %d bytes, %v; want %q with %d", what, file.Path, len(file.Text), err, path, len(text))
		}
	}
	want("without it", "", "")
	r.PutFile("docs/CODEOWNERS", []byte("* @docs\n"))
	want("in docs", "docs/CODEOWNERS", "* @docs\n")
	r.PutFile("CODEOWNERS", []byte("* @root\n"))
	want("at the top, which comes first", "CODEOWNERS", "* @root\n")
	r.PutFile(".github/CODEOWNERS", []byte("* @github\n"))
	want("in .github, which comes before all", ".github/CODEOWNERS", "* @github\n")
	counted := p.Counted()
	want("unchanged", ".github/CODEOWNERS", "* @github\n")
	if n := p.Counted() - counted; n != 0 {
		t.Errorf("unchanged it costs %d requests", n)
	}
	large := strings.Repeat("/a @somebody\n", 100_000) // over a megabyte
	r.PutFile(".github/CODEOWNERS", []byte(large))
	want("a large one", ".github/CODEOWNERS", large)
	r.PutFile(".github/CODEOWNERS", []byte(strings.Repeat(large, 3)))
	want("larger than GitHub reads", "", "")
	p.Fail(githubtest.Fault{Path: "/contents/.github/", Status: 403, Raw: `{"message": "Resource not accessible by personal access token"}`})
	if _, err := c.Codeowners(t.Context(), "o/r"); telemetry.CodeOf(err) != telemetry.CodeUpstreamDenied {
		t.Errorf("refused: %v", err)
	}
	r.Hide(true)
	if file, err := c.Codeowners(t.Context(), "o/r"); telemetry.CodeOf(err) != telemetry.CodeUpstreamNotFound {
		t.Errorf("a repository that is not shown: %q, %v", file.Path, err)
	}
}
