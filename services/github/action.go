package github

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"telemetry-dashboard/services/telemetry"
)

// Action is an action repository: its run files, what lies beside them, and its
// workflow. It is safe for concurrent use, and asks for all else what its Client
// does.
type Action struct {
	*Client
	repo telemetry.RepoName
	ref  string // what is read: a branch, tag or commit; "" is the default branch

	sides atomic.Pointer[[]telemetry.RunFile] // what lay beside the run files, as last listed; nil: not known
}

// Action returns the action repository of a name. ref is the branch, tag or commit
// of which its files are read, "" for the default branch.
func (c *Client) Action(repo telemetry.RepoName, ref string) *Action {
	return &Action{Client: c, repo: repo, ref: ref}
}

// RunFiles returns the .json files directly in telemetry/runs of the action
// repository. A repository without that folder, or without any commit, has none.
// Unchanged since the last call, it costs no counted request.
func (a *Action) RunFiles(ctx context.Context) ([]telemetry.RunFile, error) {
	return share(ctx, a.Client, "run files of "+a.repo.Key()+" at "+a.ref, func(ctx context.Context) ([]telemetry.RunFile, error) {
		f, err := a.folder(ctx)
		if err != nil {
			return nil, err
		}
		f.sides = map[string]telemetry.RunFile{}
		files, err := f.list(ctx)
		if err == nil {
			a.sides.Store(new(slices.SortedFunc(maps.Values(f.sides), func(a, b telemetry.RunFile) int { return cmp.Compare(a.Name, b.Name) })))
		}
		return files, err
	})
}

// folder asks for the default branch of the action repository, also where another
// one is read: the answer tells whether the repository is there. A server that
// shows no repositories may show their parts: it is asked for HEAD.
func (a *Action) folder(ctx context.Context) (folder, error) {
	name, err := ownerName(string(a.repo))
	if err != nil {
		return folder{}, err
	}
	var repo struct {
		DefaultBranch string `json:"default_branch"`
		Name          string
		FullName      string `json:"full_name"`
	}
	f := folder{c: a.Client, repo: name, branch: cmp.Or(a.ref, "HEAD"), ref: a.ref}
	_, err = a.get(ctx, request{address: "repos/" + name, limit: maxObject, keep: true}, object(&repo, func() error {
		switch {
		case repo.DefaultBranch == "" && repo.FullName == "" && repo.Name == "":
			return &unusable{"is not about a repository"}
		case !isBranch(repo.DefaultBranch):
			return &unusable{"names a default branch that Git does not allow"}
		}
		return nil
	}))
	if missing(err) {
		return f, nil // the next request shows whether it exists
	}
	f.branch, f.shown = cmp.Or(a.ref, repo.DefaultBranch, f.branch), true
	f.defaultBranch = repo.DefaultBranch
	return f, a.failure(ctx, repoQuestion(name), err)
}

func repoQuestion(repo string) question {
	return question{
		what:  "the run files of " + repo,
		needs: "Contents: read",
		missing: fmt.Sprintf("GitHub shows no repository %s (404): it does not exist, or the token may not see it. "+
			"Check ACTION_REPO, and that GITHUB_TOKEN has access to the repository.", repo),
	}
}

// Sides returns the registry and the orchestrator's state of the action
// repository, as far as the last listing of run files had them: beside the run
// files' folder or, where that has none, at the top. A server without trees
// shows none.
func (a *Action) Sides(ctx context.Context) ([]telemetry.RunFile, error) {
	known := a.sides.Load()
	if known == nil {
		if _, err := a.RunFiles(ctx); err != nil {
			return nil, err
		}
		known = a.sides.Load()
	}
	return *known, nil
}

// FetchSide fetches a file that Sides returned.
func (a *Action) FetchSide(ctx context.Context, f telemetry.RunFile) ([]byte, error) {
	repo, err := ownerName(string(a.repo))
	if err != nil {
		return nil, err
	}
	if f.Size > telemetry.MaxRecordBytes {
		return nil, tooLarge(f.Size)
	}
	return folder{c: a.Client, repo: repo, branch: cmp.Or(a.ref, "HEAD"), ref: a.ref, path: sidesFolder}.blob(ctx, f)
}
