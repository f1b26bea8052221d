package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
)

// runsFolder is where the action keeps its records.
const runsFolder = "telemetry/runs"

// symlink is the mode of an entry that holds a path instead of a record.
const symlink = "120000"

// RunFiles returns the .json files directly in telemetry/runs of the action
// repository's default branch, with their blob SHAs. A repository without
// that folder, or without any commit, has none. Unchanged since the last
// call, it costs no counted request.
func (c *Client) RunFiles(ctx context.Context) ([]telemetry.RunFile, error) {
	owner, name, err := c.actionRepo()
	if err != nil {
		return nil, err
	}
	return flight(ctx, c, "run files", func(ctx context.Context) ([]telemetry.RunFile, error) {
		f := folder{c: c, owner: owner, name: name}
		if f.branch, f.shown, err = c.askBranch(revalidating(ctx), owner, name); err != nil {
			return nil, err
		}
		return c.listRuns(ctx, f)
	})
}

// askBranch returns the default branch of the action repository. A server
// that shows no repositories may show their parts: it is asked for HEAD.
func (c *Client) askBranch(ctx context.Context, owner, name string) (branch string, shown bool, err error) {
	repo, _, err := c.api.Repositories.Get(ctx, owner, name)
	switch {
	case missing(err):
		return "HEAD", false, nil // what is asked next tells whether it exists
	case err != nil:
		return "", false, c.failure(ctx, repoQuestion(owner, name), err)
	}
	branch = repo.GetDefaultBranch()
	switch {
	case branch == "" && repo.FullName == nil && repo.Name == nil:
		return "", false, c.broken(repoQuestion(owner, name), "is no repository", nil)
	case branch == "":
		branch = "HEAD"
	}
	c.branch.Store(&branch)
	return branch, true, nil
}

func repoQuestion(owner, name string) question {
	return question{
		what:  fmt.Sprintf("the run files of %s/%s", owner, name),
		needs: "Contents: read (fine-grained) or the scope repo (classic) for that repository",
		missing: fmt.Sprintf(
			"GitHub shows no repository %s/%s (404): it does not exist, or the token may not see it. Check ACTION_REPO, and that GITHUB_TOKEN has access to the repository.",
			owner, name),
	}
}

// folder is the folder of run files on one branch.
type folder struct {
	c                   *Client
	owner, name, branch string
	shown               bool // the server shows the repository itself
}

// listing is what the whole tree of a branch was.
type listing struct {
	folder folder
	etag   string
	files  []telemetry.RunFile
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
	tree, etag, err := f.wholeTree(ctx, known.etag)
	switch {
	case known.etag != "" && statusOf(err) == http.StatusNotModified:
	case missing(err):
		known = &listing{folder: f}
	case isEmptyRepo(err):
		return []telemetry.RunFile{}, nil
	case err != nil:
		return nil, c.failure(ctx, repoQuestion(f.owner, f.name), err)
	default:
		known = &listing{folder: f, etag: etag}
		if known.files, known.whole = runFilesIn(tree, runsFolder+"/"); !known.whole {
			known.files = nil
		}
	}
	c.listed.Store(known)
	if known.whole {
		return known.files, nil
	}
	return f.walk(revalidating(ctx))
}

// walk lists the folder by its parents.
func (f folder) walk(ctx context.Context) ([]telemetry.RunFile, error) {
	q := repoQuestion(f.owner, f.name)
	tree, err := f.tree(ctx, f.branch)
	if missing(err) {
		f.c.log.Debug("the server has no Git trees; contents are listed", "repo", f.owner+"/"+f.name, "status", statusOf(err))
		return f.contents(ctx)
	}
	if err != nil {
		return nil, f.c.failure(ctx, q, err)
	}
	for part := range strings.SplitSeq(runsFolder, "/") {
		sha := subtree(tree, part)
		if sha == "" {
			if tree.GetTruncated() {
				return nil, f.c.cut(part)
			}
			return []telemetry.RunFile{}, nil
		}
		if tree, err = f.tree(ctx, sha); err != nil {
			return nil, f.c.failure(ctx, q, err)
		}
	}
	if tree.GetTruncated() {
		return nil, f.c.cut(runsFolder)
	}
	files, _ := runFilesIn(tree, "")
	return files, nil
}

func (c *Client) cut(what string) error {
	return telemetry.Errorf(telemetry.CodeUpstreamBroken,
		"GitHub cuts off the listing of %s, which has more entries than it lists (100,000). Move old run files to another folder. What was stored stays.",
		what)
}

// wholeTree asks for everything on the branch, unless it still is what etag
// names.
func (f folder) wholeTree(ctx context.Context, etag string) (tree *gh.Tree, newTag string, err error) {
	tree = new(gh.Tree)
	resp, err := f.c.get(ctx, fmt.Sprintf("repos/%s/%s/git/trees/%s?recursive=1", f.owner, f.name, escape(f.branch)), etag, tree)
	if err != nil {
		return nil, "", err
	}
	return tree, resp.Header.Get("ETag"), f.listed(tree)
}

// tree asks for one folder.
func (f folder) tree(ctx context.Context, sha string) (*gh.Tree, error) {
	tree, _, err := f.c.api.Git.GetTree(ctx, f.owner, f.name, escape(sha), false)
	if err != nil {
		return nil, err
	}
	return tree, f.listed(tree)
}

// listed refuses an answer that lists nothing: no tree of Git is empty, and
// files that are not listed are taken for gone.
func (f folder) listed(tree *gh.Tree) error {
	if tree.Entries == nil {
		return f.c.broken(repoQuestion(f.owner, f.name), "names no entries", nil)
	}
	return nil
}

// runFilesIn returns the run files directly under prefix. whole tells that
// these are all: the tree is not cut, and holds what its folders hold.
func runFilesIn(tree *gh.Tree, prefix string) (files []telemetry.RunFile, whole bool) {
	files = make([]telemetry.RunFile, 0, len(tree.Entries))
	within, folders := false, false
	for _, e := range tree.Entries {
		p := e.GetPath()
		within = within || strings.HasPrefix(p, prefix)
		folders = folders || (e.GetType() == "tree" && strings.HasPrefix(prefix, p+"/"))
		name, ok := strings.CutPrefix(p, prefix)
		if ok && isRunFile(name, e.GetType(), e.GetSHA()) && e.GetMode() != symlink {
			files = append(files, telemetry.RunFile{Name: name, SHA: e.GetSHA(), Size: int64(e.GetSize())})
		}
	}
	return files, !tree.GetTruncated() && (within || !folders)
}

// isRunFile tells whether an entry is a run file; type "" is one that the
// server does not tell.
func isRunFile(name, kind, sha string) bool {
	return strings.HasSuffix(name, ".json") && !strings.Contains(name, "/") && sha != "" &&
		(kind == "blob" || kind == "file" || kind == "")
}

func subtree(tree *gh.Tree, name string) string {
	for _, e := range tree.Entries {
		if e.GetPath() == name && e.GetType() == "tree" {
			return e.GetSHA()
		}
	}
	return ""
}

// contentsCut is where the Contents API cuts a directory without saying so.
const contentsCut = 1000

// contents lists the folder on a server that has no trees.
func (f folder) contents(ctx context.Context) ([]telemetry.RunFile, error) {
	q := repoQuestion(f.owner, f.name)
	file, entries, _, err := f.c.api.Repositories.GetContents(ctx, f.owner, f.name, runsFolder, f.ref())
	switch {
	case missing(err) && f.shown:
		return nil, telemetry.Errorf(telemetry.CodeUpstreamNotFound,
			"GitHub (%s) shows neither the files of %s/%s nor its folder %s (404). Check that GITHUB_TOKEN may read the repository's contents. What was stored stays.",
			f.c.host, f.owner, f.name, runsFolder)
	case err != nil:
		return nil, f.c.failure(ctx, q, err)
	case file != nil || entries == nil:
		return nil, f.c.broken(q, "is no list of files", nil)
	case len(entries) >= contentsCut:
		return nil, telemetry.Errorf(telemetry.CodeUpstreamBroken,
			"GitHub (%s) has no Git trees, and its list of %s may be cut off at %d files. What was stored stays.",
			f.c.host, runsFolder, contentsCut)
	}
	files := make([]telemetry.RunFile, 0, len(entries))
	for _, e := range entries {
		if isRunFile(e.GetName(), e.GetType(), e.GetSHA()) {
			files = append(files, telemetry.RunFile{Name: e.GetName(), SHA: e.GetSHA(), Size: int64(e.GetSize())})
		}
	}
	return files, nil
}

func (f folder) ref() *gh.RepositoryContentGetOptions {
	if f.branch == "HEAD" {
		return nil
	}
	return &gh.RepositoryContentGetOptions{Ref: f.branch}
}

func (f folder) path(name string) string { return path.Join(runsFolder, name) }

// escape makes a branch's name fit for a path that go-github joins as it is;
// its slashes stay, which GitHub takes.
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

// missing tells whether a server does not have what was asked, or does not
// know the question.
func missing(err error) bool {
	switch statusOf(err) {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// isEmptyRepo tells whether err is GitHub's 409 for a repository without a
// commit, and not that for one which is being created.
func isEmptyRepo(err error) bool {
	refusal, ok := errors.AsType[*gh.ErrorResponse](err)
	return ok && statusOf(err) == http.StatusConflict && strings.Contains(strings.ToLower(refusal.Message), "is empty")
}
