package github_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/services/github/githubtest"
	"telemetry-dashboard/services/telemetry"
)

func logQuestion(repo, label string) telemetry.LogQuestion {
	return telemetry.LogQuestion{LogRef: telemetry.LogRef{Repo: "octo/target", Label: label}, In: telemetry.RepoName(repo)}
}

func putLog(r *githubtest.Repo, label string) {
	for name, body := range map[string]string{"issues.json": "[]", "prompt_batch_1.txt": "fix " + label, "sessions.json": "[]", "summary.md": "#", "more/issues.json": "[1]"} {
		r.PutFile("logs/"+label+"/"+name, []byte(body))
	}
}

// TestRunLog: the first log of a repository costs a request for each of three
// folders and each file that is read, the next a folder less two; a run without
// a log costs nothing more.
func TestRunLog(t *testing.T) {
	p, c := start(t)
	r := p.Repo("forks/shop")
	r.SetDefaultBranch("trunk")
	r.PutFile("README.md", []byte("# Shop"))
	putLog(r, "run-1")
	putLog(r, "run-2")
	for i, want := range []struct {
		label string
		state telemetry.LogState
		costs int
	}{{"run-1", telemetry.LogFound, 6}, {"run-2", telemetry.LogFound, 4}, {"run-3", telemetry.LogMissing, 0}, {"../run-1", telemetry.LogMissing, 0}} {
		p.Forget()
		l, err := c.RunLog(t.Context(), logQuestion("forks/shop", want.label))
		if err != nil || l.State != want.state || l.LogRef.Label != want.label || l.Repo != "octo/target" || l.NoneAtAll || l.Origin != "forks/shop" {
			t.Errorf("%s: %+v, %v", want.label, l, err)
		}
		if n := p.Counted(); n != want.costs || l.Requests != want.costs {
			t.Errorf("%s: %d counted requests, and said %d; want %d:\n%s", want.label, n, l.Requests, want.costs, paths(p))
		}
		var names []string
		for _, f := range l.Files {
			names = append(names, f.Name+"="+string(f.Body))
			if f.Err != nil || f.SHA != telemetry.BlobSHA(f.SHA, f.Body) {
				t.Errorf("%s: %+v", want.label, f)
			}
		}
		if i < 2 && !slices.Equal(names, []string{"issues.json=[]", "prompt_batch_1.txt=fix " + want.label, "sessions.json=[]"}) {
			t.Errorf("%s: files %q", want.label, names)
		}
	}
}

// TestNoRunLogs: a repository without logs, or one that is not to be seen, has
// none of any run; that is known with one request.
func TestNoRunLogs(t *testing.T) {
	p, c := start(t)
	p.Repo("octo/plain").PutFile("logs", []byte("a file, and no folder"))
	p.Repo("octo/empty")
	p.Repo("octo/hidden").Hide(true)
	for repo, says := range map[string]string{"octo/plain": "", "octo/empty": "", "octo/hidden": "GitHub shows no files of octo/hidden (404)", "octo/nothing": "(404)"} {
		p.Forget()
		l, err := c.RunLog(t.Context(), logQuestion(repo, "run-1"))
		if err != nil || l.State != telemetry.LogMissing || !l.NoneAtAll && repo != "octo/empty" || !strings.Contains(fmt.Sprint(l.Err), says) || p.Counted() != 1 {
			t.Errorf("%s: %+v, %v; %d requests", repo, l, err, p.Counted())
		}
	}
	if _, err := c.RunLog(t.Context(), logQuestion("no repository", "run-1")); telemetry.CodeOf(err) != telemetry.CodeInvalid {
		t.Errorf("no repository: %v", err)
	}
}

// TestRunLogElsewhere: a renamed repository is followed, and files are read by
// path where a server has no blobs.
func TestRunLogElsewhere(t *testing.T) {
	p, c := start(t)
	r := p.Repo("octo/old")
	putLog(r, "run-1")
	r.Rename("octo/new")
	p.Without(githubtest.Blobs)
	l, err := c.RunLog(t.Context(), logQuestion("octo/old", "run-1"))
	if err != nil || l.State != telemetry.LogFound || len(l.Files) != 3 || string(l.Files[1].Body) != "fix run-1" {
		t.Errorf("%+v, %v\n%s", l, err, paths(p))
	}
}

func TestRunLogWithLargeFile(t *testing.T) {
	p, c := start(t)
	r := p.Repo("octo/shop")
	putLog(r, "run-1")
	r.PutFile("logs/run-1/batches.json", bytes.Repeat([]byte(" "), telemetry.MaxRecordBytes+1))
	l, err := c.RunLog(t.Context(), logQuestion("octo/shop", "run-1"))
	if err != nil || len(l.Files) != 4 || telemetry.CodeOf(l.Files[0].Err) != telemetry.CodeTooLarge || l.Files[1].Err != nil {
		t.Errorf("%d files, %v", len(l.Files), err)
	}
}

// TestSides: the registry and the state come with the listing of run files,
// whether that is one tree or walked, beside the runs' folder before the top.
func TestSides(t *testing.T) {
	for _, walked := range []bool{false, true} {
		p, c := start(t)
		r := p.Repo(actionRepo)
		putRuns(r, 0, 3)
		r.Truncate(walked)
		r.PutFile("repo_registry.json", []byte("old"))
		if sides, err := c.Sides(t.Context()); err != nil || len(sides) != 1 || sides[0].Name != telemetry.RegistryFile || sides[0].Size != 3 {
			t.Errorf("walked %v: %+v, %v", walked, sides, err)
		}
		r.PutFile("telemetry/repo_registry.json", []byte("newer"))
		r.PutFile("telemetry/orchestrator_state.json", []byte("state"))
		r.PutFile("telemetry/more/repo_registry.json", []byte("another"))
		if _, err := c.RunFiles(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Forget()
		sides, err := c.Sides(t.Context())
		if err != nil || len(sides) != 2 || sides[0].Name != telemetry.StateFile || sides[1].Size != 5 || len(p.Requests()) != 0 {
			t.Errorf("walked %v: %+v, %v\n%s", walked, sides, err, paths(p))
		}
		for i, want := range []string{"state", "newer"} {
			if body, err := c.FetchSide(t.Context(), sides[i]); err != nil || string(body) != want {
				t.Errorf("walked %v: %q, %v; want %q", walked, body, err, want)
			}
		}
		if files, err := c.RunFiles(t.Context()); err != nil || len(files) != 3 || p.Counted() != 2 {
			t.Errorf("walked %v: %d files, %v; %d requests", walked, len(files), err, p.Counted())
		}
	}
	p, c := start(t)
	putRuns(p.Repo(actionRepo), 0, 1)
	p.Repo(actionRepo).PutFile("repo_registry.json", []byte("{}"))
	p.Without(githubtest.Trees)
	if sides, err := c.Sides(t.Context()); err != nil || len(sides) != 0 {
		t.Errorf("without trees: %+v, %v", sides, err)
	}
	if _, err := c.FetchSide(t.Context(), telemetry.RunFile{Name: telemetry.RegistryFile, SHA: "0", Size: telemetry.MaxRecordBytes + 1}); telemetry.CodeOf(err) != telemetry.CodeTooLarge {
		t.Errorf("a large registry: %v", err)
	}
}
