package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

// runsFolder is where the action keeps its records.
const runsFolder = "telemetry/runs"

// RunFiles returns the .json files directly in telemetry/runs of the action
// repository's default branch, with their blob SHAs. A repository without
// that folder, or without any commit, has none. Unchanged since the last
// call, it costs no counted request.
func (c *Client) RunFiles(ctx context.Context) ([]telemetry.RunFile, error) {
	owner, name, err := c.actionRepo()
	if err != nil {
		return nil, err
	}
	return share(ctx, c, "run files", func(ctx context.Context) ([]telemetry.RunFile, error) {
		f := folder{c: c, owner: owner, name: name}
		var err error
		if f.branch, f.shown, err = c.askBranch(ctx, owner, name); err != nil {
			return nil, err
		}
		return c.listRuns(ctx, f)
	})
}

// askBranch returns the default branch of the action repository. A server
// that shows no repositories may show their parts: it is asked for HEAD.
func (c *Client) askBranch(ctx context.Context, owner, name string) (branch string, shown bool, err error) {
	var repo struct {
		DefaultBranch string `json:"default_branch"`
		Name          string
		FullName      string `json:"full_name"`
	}
	r := request{address: "repos/" + owner + "/" + name, limit: maxObject, keep: true}
	_, err = c.get(ctx, r, checked(&repo, func() error {
		switch {
		case repo.DefaultBranch == "" && repo.FullName == "" && repo.Name == "":
			return &unusable{"is not about a repository"}
		case !isBranch(repo.DefaultBranch):
			return &unusable{"names a default branch that Git does not allow"}
		}
		return nil
	}))
	if missing(err) {
		return "HEAD", false, nil // the next request shows whether it exists
	}
	if err != nil {
		return "", false, c.failure(ctx, repoQuestion(owner, name), err)
	}
	branch = cmp.Or(repo.DefaultBranch, "HEAD")
	c.branch.Store(&branch)
	return branch, true, nil
}

func repoQuestion(owner, name string) question {
	return question{
		what:  fmt.Sprintf("the run files of %s/%s", owner, name),
		needs: "Contents: read (fine-grained) or the scope repo (classic) for that repository",
		missing: fmt.Sprintf(
			"GitHub shows no repository %s/%s (404): it does not exist, or the token may not see it. "+
				"Check ACTION_REPO, and that GITHUB_TOKEN has access to the repository.",
			owner, name),
	}
}

// folder is the folder of run files on one branch.
type folder struct {
	c                   *Client
	owner, name, branch string
	shown               bool   // the server shows the repository itself
	path                string // of the folder; "" is runsFolder
}

// listing is what the whole tree of a branch was.
type listing struct {
	folder folder
	etag   string
	files  []telemetry.RunFile
	sides  []telemetry.RunFile
	whole  bool // files are all; else the tree has to be walked
}

// listRuns asks for the whole tree, which is one request; where it is cut,
// for one folder after the other; where there are no trees, for contents.
// The whole tree has its own memory, since it may be large: of 100,000 files
// the list is kept, not the answer.
func (c *Client) listRuns(ctx context.Context, f folder) ([]telemetry.RunFile, error) {
	known := c.listed.Load()
	if known == nil || known.folder != f {
		known = &listing{folder: f}
	}
	tree := &tree{prefix: runsFolder + "/"}
	etag, err := f.readTree(ctx, f.branch, true, known.etag, tree)
	switch {
	case known.etag != "" && statusOf(err) == http.StatusNotModified:
	case missing(err):
		known = &listing{folder: f}
	case isEmptyRepo(err):
		c.sides.Store(new([]telemetry.RunFile))
		return []telemetry.RunFile{}, nil
	case err != nil:
		return nil, c.failure(ctx, repoQuestion(f.owner, f.name), err)
	default:
		known = &listing{folder: f, etag: etag, whole: tree.whole()}
		if known.whole {
			known.files, known.sides = tree.files, tree.sides()
		}
	}
	c.listed.Store(known)
	if known.whole {
		c.sides.Store(&known.sides)
		return known.files, nil
	}
	return f.walk(ctx)
}

// walk lists the folder by its parents.
func (f folder) walk(ctx context.Context) ([]telemetry.RunFile, error) {
	q := repoQuestion(f.owner, f.name)
	sha, sides := f.branch, map[string]telemetry.RunFile{}
	defer func() { f.c.sides.Store(new(sortedSides(sides))) }()
	for i, part := range strings.Split(runsFolder, "/") {
		t := &tree{folder: part, side: sides}
		_, err := f.readTree(ctx, sha, false, "", t)
		switch {
		case missing(err) && i == 0:
			f.c.log.Debug("the server has no Git trees; contents are listed", "repo", f.owner+"/"+f.name, "status", statusOf(err))
			return f.contents(ctx)
		case err != nil:
			return nil, f.c.failure(ctx, q, err)
		case t.found == "" && t.truncated:
			return nil, f.c.cut(part)
		case t.found == "":
			return []telemetry.RunFile{}, nil
		}
		sha = t.found
	}
	t := &tree{files: []telemetry.RunFile{}}
	if _, err := f.readTree(ctx, sha, false, "", t); err != nil {
		return nil, f.c.failure(ctx, q, err)
	}
	if t.truncated {
		return nil, f.c.cut(runsFolder)
	}
	return t.files, nil
}

func (c *Client) cut(what string) error {
	return telemetry.Errorf(telemetry.CodeUpstreamBroken,
		"GitHub cuts off the listing of %s, which has more entries than it lists (100,000). "+
			"Move old run files to another folder. Stored data is kept.",
		what)
}

// contentsCut is where the Contents API cuts a directory without saying so.
const contentsCut = 1000

// contents lists the folder on a server that has no trees.
func (f folder) contents(ctx context.Context) ([]telemetry.RunFile, error) {
	q := repoQuestion(f.owner, f.name)
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
	case missing(err) && f.shown:
		return nil, telemetry.Errorf(telemetry.CodeUpstreamNotFound,
			"GitHub (%s) shows neither the files of %s/%s nor its folder %s (404). "+
				"Check that GITHUB_TOKEN may read the repository's contents. Stored data is kept.",
			f.c.host, f.owner, f.name, runsFolder)
	case err == nil && listed >= contentsCut, errors.Is(err, upstream.ErrTooManyRows):
		return nil, telemetry.Errorf(telemetry.CodeUpstreamBroken,
			"GitHub (%s) has no Git trees, and its list of %s may be cut off at %d files. Stored data is kept.",
			f.c.host, runsFolder, contentsCut)
	case err != nil:
		return nil, f.c.failure(ctx, q, err)
	}
	return files, nil
}

// contentsOf is the address of the folder's contents, or of one file in it.
func (f folder) contentsOf(name string) string {
	address := "repos/" + f.owner + "/" + f.name + "/contents/" + cmp.Or(f.path, runsFolder)
	if name != "" {
		address += "/" + url.PathEscape(name)
	}
	if f.branch != "HEAD" {
		address += "?ref=" + url.QueryEscape(f.branch)
	}
	return address
}

// escape makes a branch's name fit for a path that is joined as it is; its
// slashes stay, which GitHub takes.
func escape(ref string) string {
	return strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", " ", "%20").Replace(ref)
}

// statusOf returns the HTTP status of a refusal, 0 if err is none.
func statusOf(err error) int {
	if refusal, ok := errors.AsType[*gh.ErrorResponse](err); ok && refusal.Response != nil {
		return refusal.Response.StatusCode
	}
	return 0
}

// missing reports whether a server does not have what was asked, or does not
// know the question.
func missing(err error) bool {
	switch statusOf(err) {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// isEmptyRepo reports whether err is GitHub's 409 for a repository without a
// commit, and not that for one which is being created.
func isEmptyRepo(err error) bool {
	refusal, ok := errors.AsType[*gh.ErrorResponse](err)
	return ok && statusOf(err) == http.StatusConflict && strings.Contains(strings.ToLower(refusal.Message), "is empty")
}
