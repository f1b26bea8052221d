package lists

import (
	"strings"
	"testing"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
)

// TestInvalidLinesOfCodeownersAreShown: each with its number, its place on GitHub and
// why it cannot be read; a file without any says nothing.
func TestInvalidLinesOfCodeownersAreShown(t *testing.T) {
	file := telemetry.ParseCodeowners("# ours\n*.js @ann\n!a.go @bob\n" + strings.Repeat("*.go bob\n", 6))
	web := links.GitHubOf("https://api.github.com")
	notices := ownerNotices(web, "o/r", telemetry.RepoHealth{Owners: "docs/CODEOWNERS", Invalid: file.Invalid})
	if len(notices) != 1 || !strings.Contains(notices[0].Strong, "docs/CODEOWNERS") {
		t.Fatalf("notices %+v", notices)
	}
	said := notices[0].Said
	if len(said) != 2*mostInvalidLines+1 || said[0].Text != "Line 3" || said[0].URL != "https://github.com/o/r/blob/HEAD/docs/CODEOWNERS#L3" ||
		said[1].Text != ": A pattern cannot be negated with !." || said[2].Text != "Line 4" || said[len(said)-1].Text != " There are more." {
		t.Errorf("said %+v", said)
	}
	if n := ownerNotices(web, "o/r", telemetry.RepoHealth{Owners: "CODEOWNERS"}); n != nil {
		t.Errorf("of a file that can be read: %+v", n)
	}
}
