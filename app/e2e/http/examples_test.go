package http

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
)

// TestExamplesOfDocuments: the programs of docs/api.md do what it says of them.
func TestExamplesOfDocuments(t *testing.T) {
	text, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```(bash|go|python)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) != 5 {
		t.Fatalf("%d examples", len(examples))
	}
	g := newGated(t, nil)
	bin := t.TempDir()
	if err := os.Symlink(program.Binary(t), filepath.Join(bin, "app")); err != nil {
		t.Fatal(err)
	}
	for _, example := range examples {
		t.Run(strings.Fields(example[2])[0], func(t *testing.T) {
			runs := map[string][]string{"bash": {"bash", "main.bash"}, "go": {"go", "run", "main.go"}, "python": {"python3", "main.python"}}[example[1]]
			needed := runs[0]
			if strings.HasPrefix(example[2], "curl") {
				needed = "curl"
			}
			if _, err := exec.LookPath(needed); err != nil {
				t.Skipf("SKIPPED: %s is not installed", needed)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "main."+example[1]), []byte(example[2]), 0o600); err != nil {
				t.Fatal(err)
			}
			c := exec.CommandContext(t.Context(), runs[0], runs[1:]...) //nolint:gosec // the examples of this repository
			c.Dir = dir
			c.Env = append(os.Environ(), "DASHBOARD_URL="+g.URL, "DASHBOARD_TOKEN="+g.tokens["viewer"], "PATH="+bin+":"+os.Getenv("PATH"))
			out, err := c.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			says := []string{"pay/card.ts", "pay/refund.ts"}
			if strings.Contains(example[2], "tools/list") {
				says = []string{`"search_issues"`, `"get_issue"`}
			}
			for _, word := range says {
				if !strings.Contains(string(out), word) {
					t.Errorf("%s does not say %s", out, word)
				}
			}
		})
	}
}
