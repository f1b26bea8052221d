package client

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func commands() Commands {
	return Commands{Program: "app", Usages: []string{"version", "token create|list|revoke", GetUsage, MCPUsage, CompletionUsage}}
}

// completing is a dashboard that says how queries go on.
func completing(t *testing.T) *played {
	return play(t, func(w http.ResponseWriter, r *http.Request) {
		says(200, `{"items":[{"query":"is:open "},{"query":"is:overdue "}]}`)(w, r)
	})
}

// TestCompletion: what may stand at the end of a command line, for each shell.
func TestCompletion(t *testing.T) {
	p := completing(t)
	for _, tc := range []struct{ shell, line, want string }{
		{"zsh", "app ", "version token get mcp completion"},
		{"zsh", "app g", "get"},
		{"zsh", "app token ", "create list revoke"},
		{"fish", "app completion z", "zsh"},
		{"bash", "app get is", "issues"},
		{"bash", "app get issues -o ", "table json csv"},
		{"bash", "app get issues --order a", "asc"},
		{"bash", "app get issues --s", "--sort"},
		{"zsh", "app get issues -q is:ov", "is:overdue"},
		{"bash", "app get issues -q is:ov", "overdue"},
		{"bash", "app get issues -q 'is:ov", "is:overdue"},
		{"fish", `app get issues -q "is:`, "is:open is:overdue"},
		{"zsh", "app get files -q is:", ""},
		{"zsh", "app beauty ", ""},
		{"zsh", "app", ""},
	} {
		var out bytes.Buffer
		err := commands().Completion(t.Context(), Env{URL: p.url, Out: &out}, []string{"words", tc.shell, tc.line})
		if got := strings.Join(strings.Fields(out.String()), " "); err != nil || got != tc.want {
			t.Errorf("%s %q: %q %v, want %q", tc.shell, tc.line, got, err, tc.want)
		}
	}
	var out bytes.Buffer
	if err := commands().Completion(t.Context(), Env{URL: "http://127.0.0.1:1", Out: &out}, []string{"words", "zsh", "app get issues -q is:"}); err != nil || out.Len() > 0 {
		t.Error("without a dashboard:", err, &out)
	}
	for _, args := range [][]string{nil, {"powershell"}, {"bash", "x"}} {
		err := commands().Completion(t.Context(), Env{Out: &out}, args)
		if _, ok := errors.AsType[*Misuse](err); !ok {
			t.Errorf("%q is taken: %v", args, err)
		}
	}
}

// TestShellsReadTheirScripts: each shell, where it is installed, completes a
// list by its script. The program that the script asks is played.
func TestShellsReadTheirScripts(t *testing.T) {
	dir := t.TempDir()
	fake := "#!/bin/sh\n[ \"$1 $2\" = \"completion words\" ] && [ \"$4\" = \"app get iss\" ] && echo issues\n"
	if err := os.WriteFile(filepath.Join(dir, "app"), []byte(fake), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	for shell, then := range map[string]string{
		"bash": "COMP_LINE='app get iss' COMP_POINT=11 COMP_WORDS=(app get iss); _app; echo \"${COMPREPLY[@]}\"",
		"zsh":  "compadd() { print -r -- $found }\nwords=(app get iss); BUFFER='app get iss'; CURSOR=11; _app",
		"fish": "complete -C'app get iss'",
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("SKIPPED: %s is not installed", shell)
			}
			var script bytes.Buffer
			if err := commands().Completion(t.Context(), Env{Out: &script}, []string{shell}); err != nil {
				t.Fatal(err)
			}
			text := script.String() + then + "\n"
			if shell == "zsh" {
				text = "compdef() { : }\n" + text
			}
			file := filepath.Join(dir, "script."+shell)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			c := exec.CommandContext(t.Context(), path, file) //nolint:gosec // a shell
			c.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + dir}
			out, err := c.CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) != "issues" {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
