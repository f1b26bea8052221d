package http

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// source is the program over one source of run files.
type source struct {
	*program.Program
	put    func(name string, body []byte)
	remove func(name string)
}

// everywhere runs a test with run files in a directory and in a repository on
// GitHub, on both databases.
func everywhere(t *testing.T, try func(p source)) {
	t.Helper()
	onBoth(t, "directory", fromDirectory, try)
	onBoth(t, "github", fromGitHub, try)
}

// onBoth runs a test with run files of one kind of source on both databases.
// Besides what the test puts, there is the file good.json.
func onBoth(t *testing.T, name string, start func(*testing.T, map[string]any, program.Settings) source, try func(p source)) {
	t.Helper()
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(name+" "+database, func(t *testing.T) {
			settings := program.Settings{}
			if database == "postgres" {
				settings["DATABASE_URL"] = storetest.PostgresAddress(t)
			}
			p := start(t, map[string]any{"good.json": program.SmallScan(1, "2026-02-01T10:00:00Z", nil)}, settings)
			p.Job("refresh") // it may join the one of the start, which knows no later file
			try(p)
		})
	}
}

func fromDirectory(t *testing.T, records map[string]any, settings program.Settings) source {
	p := program.WithRuns(t, records, settings)
	return source{p, func(name string, body []byte) { p.Write(map[string]any{name: body}) }, func(name string) {
		if err := os.Remove(filepath.Join(p.Runs, name)); err != nil {
			t.Fatal(err)
		}
	}}
}

func fromGitHub(t *testing.T, records map[string]any, settings program.Settings) source {
	p := program.WithPlayers(t, records, settings)
	return source{p.Program, func(name string, body []byte) { p.Put(map[string]any{name: body}) }, func(name string) {
		p.Action.DeleteFile("telemetry/runs/" + name)
	}}
}

// confirmRemoved refreshes after files were removed, and confirms that they
// were.
func (p source) confirmRemoved() {
	p.T.Helper()
	for _, held := range p.Job("refresh")["held"].([]any) {
		path := fmt.Sprintf("/api/files/accept-listing?source=%v", held.(map[string]any)["source"])
		if status, answer := p.Ask(http.MethodPost, path); status != http.StatusOK || fmt.Sprint(answer["held"]) != "[]" {
			p.T.Fatalf("confirm %v: %d %v", held, status, answer)
		}
	}
}

// refresh reads the source again, and looks at every page and list.
func (p source) refresh() map[string]any {
	p.T.Helper()
	result := p.Job("refresh")
	for _, path := range []string{
		"/", "/runs", "/issues", "/sessions", "/pulls", "/repos", "/needs-you", "/activity", "/repo/octo/shop",
		"/api/runs?per_page=200", "/api/issues?per_page=200", "/api/files?per_page=200", "/api/stats", "/api/sessions?per_page=200", "/api/prs",
		"/api/repos", "/api/repo/octo/shop", "/api/trends?period=all", "/api/trends", "/api/needs-attention", "/api/verifications",
		"/api/changes", "/api/search?q=a",
	} {
		p.Page(path)
	}
	return result
}

// file is a file as /api/files shows it.
func (p source) file(name string) map[string]any {
	p.T.Helper()
	for _, f := range p.Items("/api/files?per_page=200") {
		if f["file"] == name {
			return f
		}
	}
	p.T.Errorf("%s is in no list of files", name)
	return nil
}
