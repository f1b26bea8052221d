package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// runsFolder is where the action keeps its records.
const runsFolder = "telemetry/runs"

// folder is a folder of a repository, at one of its branches, tags or commits.
type folder struct {
	c            *Client
	repo, branch string
	ref          string // ACTION_REF, which branch then is; "" where branch is the default one

	defaultBranch string                       // "" where it is not told
	shown         bool                         // the server shows the repository itself
	path          string                       // of the folder; "" is runsFolder
	sides         map[string]telemetry.RunFile // by name: files of the orchestrator, as far as they were seen
}

// failure is what err, of asking for a part of f, means to a reader.
func (f folder) failure(ctx context.Context, err error) error {
	switch statusOf(err) {
	case http.StatusBadRequest, http.StatusUnprocessableEntity: // as some servers say that they do not know a commit
		if f.ref != "" {
			return f.noRef(statusOf(err))
		}
	}
	return f.c.failure(ctx, repoQuestion(f.repo), err)
}

// noRef says that a server shows nothing of what ACTION_REF names.
func (f folder) noRef(status int) error {
	return telemetry.Errorf(telemetry.CodeUpstreamNotFound,
		"GitHub (%s) shows no files of %s at %s (%d), which ACTION_REF names. "+
			"Set ACTION_REF to a branch, a tag or a whole commit id of each action repository, or remove it. Stored data is kept.",
		f.c.host, f.repo, telemetry.Shown(f.ref), status)
}

// list asks for the whole tree; where it is cut or too large, for one folder after
// the other; where there are no trees, for contents.
func (f folder) list(ctx context.Context) ([]telemetry.RunFile, error) {
	t := &tree{prefix: runsFolder + "/", sides: f.sides}
	err := f.readTree(ctx, escape(f.branch)+"?recursive=1", t)
	switch {
	case isEmptyRepo(err):
		return []telemetry.RunFile{}, nil
	case missing(err), err == nil && !t.whole(), errors.Is(err, upstream.ErrTooLarge), errors.Is(err, upstream.ErrTooManyRows):
		return f.walk(ctx)
	}
	return t.files, f.failure(ctx, err)
}

func (f folder) walk(ctx context.Context) ([]telemetry.RunFile, error) {
	sha := escape(f.branch)
	for i, part := range strings.Split(runsFolder, "/") {
		t := &tree{folder: part, sides: f.sides}
		err := f.readTree(ctx, sha, t)
		switch {
		case missing(err) && i == 0:
			f.c.log.Debug("the server has no Git trees; contents are listed", "repo", f.repo, "status", statusOf(err))
			return f.contents(ctx)
		case err != nil:
			return nil, f.failure(ctx, err)
		case t.found == "" && t.truncated:
			return nil, cutListing(part)
		case t.found == "":
			return []telemetry.RunFile{}, nil
		}
		sha = t.found
	}
	t := &tree{}
	err := f.readTree(ctx, sha, t)
	if err == nil && t.truncated {
		return nil, cutListing(runsFolder)
	}
	return t.files, f.failure(ctx, err)
}

func cutListing(what string) error {
	return telemetry.Errorf(telemetry.CodeUpstreamBroken,
		"GitHub cuts off the listing of %s, which has more entries than it lists (100,000). "+
			"Move old run files to another folder. Stored data is kept.", what)
}

// contentsCut is where the Contents API cuts a directory without saying so.
const contentsCut = 1000

// contents lists the folder on a server that has no trees.
func (f folder) contents(ctx context.Context) ([]telemetry.RunFile, error) {
	files, listed := []telemetry.RunFile{}, 0
	_, err := f.c.get(ctx, request{address: f.contentsOf(""), limit: maxPage, keep: true}, rows(func(e treeEntry) error {
		listed++
		if e.Name == "" || !isObjectName(e.SHA) {
			return &unusable{"has an entry without a usable name or SHA"}
		}
		if isRunFile(e.Name, e.Type) {
			files = append(files, telemetry.RunFile{Name: e.Name, SHA: e.SHA, Size: e.Size})
		}
		return nil
	}))
	switch {
	case missing(err) && f.ref != "":
		return nil, f.noRef(statusOf(err))
	case missing(err) && f.shown:
		return nil, telemetry.Errorf(telemetry.CodeUpstreamNotFound,
			"GitHub (%s) shows neither the files of %s nor its folder %s (404). "+
				"Check that GITHUB_TOKEN may read the repository's contents. Stored data is kept.", f.c.host, f.repo, runsFolder)
	case err == nil && listed >= contentsCut, errors.Is(err, upstream.ErrTooManyRows):
		return nil, telemetry.Errorf(telemetry.CodeUpstreamBroken,
			"GitHub (%s) has no Git trees, and its list of %s may be cut off at %d files. Stored data is kept.",
			f.c.host, runsFolder, contentsCut)
	}
	return files, f.failure(ctx, err)
}

func (f folder) contentsOf(name string) string {
	address := "repos/" + f.repo + "/contents/" + cmp.Or(f.path, runsFolder)
	if name != "" {
		address += "/" + url.PathEscape(name)
	}
	if f.branch != "HEAD" {
		address += "?ref=" + url.QueryEscape(f.branch)
	}
	return address
}

// escape makes a branch's name fit for a path, in which its slashes stay.
func escape(ref string) string {
	return strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", " ", "%20").Replace(ref)
}

func statusOf(err error) int {
	if refusal, ok := errors.AsType[*gh.ErrorResponse](err); ok && refusal.Response != nil {
		return refusal.Response.StatusCode
	}
	return 0
}

// missing reports whether a server lacks what was asked, or the question.
func missing(err error) bool {
	switch statusOf(err) {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// isEmptyRepo reports whether err is GitHub's 409 for a repository without a
// commit, and not for one which is being created.
func isEmptyRepo(err error) bool {
	refusal, ok := errors.AsType[*gh.ErrorResponse](err)
	return ok && statusOf(err) == http.StatusConflict && strings.Contains(strings.ToLower(refusal.Message), "is empty")
}

// symlink is the mode of an entry that holds a path instead of a record.
const symlink = "120000"

// treeEntry is an entry of a tree, with a path, or of contents, with a name.
type treeEntry struct {
	Path, Name string
	Mode, Type string
	SHA        string
	Size       int64
}

// tree is what is looked for in a tree of Git, and what was found.
type tree struct {
	prefix string // of the run files' paths
	folder string // the path of the folder that is looked for

	files     []telemetry.RunFile // directly under prefix
	found     string              // SHA of folder
	within    bool                // there is anything under prefix
	above     bool                // there is a folder on the way to prefix
	truncated bool
	names     map[string]bool              // of files
	sides     map[string]telemetry.RunFile // by name; nil: not looked for
}

// whole tells that the tree is not cut, and holds what its folders hold.
func (t *tree) whole() bool { return !t.truncated && (t.within || !t.above) }

func (t *tree) take(e treeEntry) error {
	t.takeSide(e)
	t.within = t.within || strings.HasPrefix(e.Path, t.prefix)
	if e.Type == "tree" {
		t.above = t.above || strings.HasPrefix(t.prefix, e.Path+"/")
		if e.Path == t.folder {
			t.found = e.SHA
		}
	}
	name, ok := strings.CutPrefix(e.Path, t.prefix)
	if !ok || !isRunFile(name, e.Type) || e.Mode == symlink {
		return nil
	}
	if t.names[name] {
		return &unusable{"lists a file twice"}
	}
	t.names[name] = true
	t.files = append(t.files, telemetry.RunFile{Name: name, SHA: e.SHA, Size: e.Size})
	return nil
}

// sidesFolder is the folder of the run files' folder. Files of the orchestrator
// lie in it or, in older layouts, at the top of the repository.
const sidesFolder = "telemetry"

// takeSide looks whether an entry is a file of the orchestrator. The tree may be
// the whole one, the top one or that of sidesFolder; the last, read later, wins.
func (t *tree) takeSide(e treeEntry) {
	name := strings.TrimPrefix(e.Path, sidesFolder+"/")
	if t.sides == nil || e.Type != "blob" || e.Mode == symlink || !slices.Contains(telemetry.SideFiles(), name) {
		return
	}
	if _, have := t.sides[name]; !have || name != e.Path || t.prefix == "" {
		t.sides[name] = telemetry.RunFile{Name: name, SHA: e.SHA, Size: e.Size}
	}
}

// readTree asks for the tree of a branch, or of a SHA.
func (f folder) readTree(ctx context.Context, ref string, t *tree) error {
	t.files, t.names = []telemetry.RunFile{}, map[string]bool{}
	var err error
	_, t.truncated, err = f.eachEntry(ctx, ref, t.take)
	return err
}

// treePage is what the answer with a tree says of itself. GitHub cuts off a tree that
// is too long, and has no pages; Gitea has pages, each but the last of which is
// truncated.
type treePage struct {
	truncated bool
	paged     bool
	number    int
}

func (p *treePage) other(name string, value json.RawMessage) (err error) {
	switch name {
	case "truncated":
		err = json.Unmarshal(value, &p.truncated)
	case "page":
		p.paged, err = true, json.Unmarshal(value, &p.number)
	}
	return err
}

// eachEntry gives take each entry of a tree, on all of its pages, or of the first
// one of a recursive tree. Those that are missing are an error, since files that are
// not listed are taken for gone. asked is how many requests it has cost.
func (f folder) eachEntry(ctx context.Context, ref string, take func(treeEntry) error) (asked int, truncated bool, err error) {
	rows, first, begins := 0, "", map[string]bool{}
	usable := func(e treeEntry) error {
		if e.Path == "" || !isObjectName(e.SHA) {
			return &unusable{"has an entry without a usable path or SHA"}
		}
		if rows++; rows > maxTreeRows {
			return upstream.ErrTooManyRows
		}
		first = cmp.Or(first, e.Path)
		return take(e)
	}
	address := "repos/" + f.repo + "/git/trees/" + ref
	for number := 1; ; number++ {
		r := request{address: address, limit: maxTree, keep: true}
		if number > 1 {
			r.address += fmt.Sprintf("?page=%d", number)
		}
		var told treePage
		first = ""
		p, err := f.c.get(ctx, r, func(in io.Reader) error { return upstream.Object(in, "tree", maxTreeRows, usable, told.other) })
		if !p.unchanged {
			asked++
		}
		if err != nil || !told.truncated || !told.paged || strings.Contains(ref, "?") {
			return asked, told.truncated, err
		}
		if begins[first] || told.number != number { // entries of a tree differ
			return asked, true, &unusable{"repeats its pages without an end"}
		}
		begins[first] = true
	}
}

// isRunFile reports whether an entry is a run file; kind is "" where it is not told.
func isRunFile(name, kind string) bool {
	return strings.HasSuffix(name, ".json") && !strings.Contains(name, "/") && (kind == "blob" || kind == "file" || kind == "")
}
