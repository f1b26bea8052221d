package githubtest

import (
	"crypto/sha1" //nolint:gosec // Git names objects by SHA-1
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/telemetry"
)

// Repo is a repository. It is safe for concurrent use.
type Repo struct {
	p *Player

	// Guarded by the player's mutex.
	name      string // "owner/name"
	branch    string
	made      time.Time
	pushed    time.Time
	id        int64 // never changes
	hidden    bool
	archived  bool
	parent    *Repo // of a fork
	truncated bool
	files     map[string]string // blob SHA by path
	blobs     map[string][]byte // by SHA, former versions too
	trees     map[string][]entry
	root      string // SHA of the root tree; "" when it has to be made
	pulls     map[int]*pull
	workflows map[string][]string // inputs by file name
	refs      map[string]*Repo    // further branches and tags, and commits, by name: only their files are read
}

type pull struct {
	telemetry.PullRequest
	checks    []telemetry.Check
	reviews   []telemetry.Review
	requested []string // logins of who is asked for a review
	mergeable *bool    // nil: not computed yet
}

// entry is one entry of a tree.
type entry struct {
	name, mode, kind, sha string
	size                  int
}

// Repo returns the repository of that name ("owner/name"), which it makes
// if there is none: public, with the default branch main and no commit.
func (p *Player) Repo(name string) *Repo {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := strings.ToLower(name)
	if r := p.repos[key]; r != nil {
		return r
	}
	r := &Repo{
		p: p, id: p.newID(key), name: name, branch: "main", made: p.now(), pushed: p.now(),
		files: map[string]string{}, blobs: map[string][]byte{},
		pulls: map[int]*pull{}, workflows: map[string][]string{}, refs: map[string]*Repo{},
	}
	p.repos[key] = r
	return r
}

// newID is the id of a new repository: that of its first name, unless another
// one had that name before.
func (p *Player) newID(key string) int64 {
	number := id(key)
	for p.withID(number) != nil {
		number++
	}
	return number
}

func (p *Player) withID(number int64) *Repo {
	for _, r := range p.repos {
		if r.id == number {
			return r
		}
	}
	return nil
}

// PutFile writes a file, as a commit on the default branch does.
func (r *Repo) PutFile(path string, body []byte) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	sha := object("blob", body)
	r.files[path], r.blobs[sha], r.root, r.pushed = sha, body, "", r.p.now()
}

// DeleteFile takes a file away. Its blob can still be fetched.
func (r *Repo) DeleteFile(path string) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	delete(r.files, path)
	r.root, r.pushed = "", r.p.now()
}

// Ref returns a further branch, or a tag or commit, of the repository. It begins with
// the files that the default branch has now, and its files can be put and deleted.
func (r *Repo) Ref(name string) *Repo {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if r.refs[name] == nil {
		r.refs[name] = &Repo{
			p: r.p, id: r.id, name: r.name, branch: name, made: r.made, pushed: r.pushed, files: maps.Clone(r.files), blobs: r.blobs,
		}
	}
	return r.refs[name]
}

// at returns the repository at a branch, tag or commit, nil where it has none of the
// name. The player's mutex is held.
func (r *Repo) at(ref string) *Repo {
	if ref == "" || ref == "HEAD" || ref == r.branch {
		return r
	}
	return r.refs[ref]
}

// SetDefaultBranch names the branch that holds the files.
func (r *Repo) SetDefaultBranch(branch string) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	r.branch = branch
}

// Hide lets the repository be answered 404, as one that the token may not see.
func (r *Repo) Hide(hidden bool) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	r.hidden = hidden
}

// Archive archives the repository, or takes that back.
func (r *Repo) Archive(archived bool) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	r.archived = archived
}

// ForkOf makes the repository a fork of another one.
func (r *Repo) ForkOf(parent *Repo) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	r.parent = parent
}

// Truncate lets recursive trees be cut to their first entries, as those over
// 100,000 entries are.
func (r *Repo) Truncate(truncated bool) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	r.truncated = truncated
}

// Rename gives the repository another name; the old one leads to it by 301,
// until another repository has it.
func (r *Repo) Rename(name string) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	old := strings.ToLower(r.name)
	delete(r.p.repos, old)
	r.p.moved[old] = r
	r.name = name
	r.p.repos[strings.ToLower(name)] = r
	delete(r.p.moved, strings.ToLower(name))
}

// PutPull opens or changes the pull request of that number. Its Repo is not
// read. Without a state it is open, or closed where MergedAt or ClosedAt is
// set; without times it was created and updated now.
func (r *Repo) PutPull(pr telemetry.PullRequest) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	now := r.p.now()
	if pr.ClosedAt.IsZero() {
		pr.ClosedAt = pr.MergedAt
	}
	switch {
	case !pr.ClosedAt.IsZero():
		pr.State = "closed"
	case pr.State == "":
		pr.State = "open"
	}
	if pr.CreatedAt.IsZero() {
		pr.CreatedAt = now
	}
	if pr.UpdatedAt.IsZero() {
		pr.UpdatedAt = now
	}
	if pr.HTMLURL == "" {
		pr.HTMLURL = fmt.Sprintf("https://github.com/%s/pull/%d", r.name, pr.Number)
	}
	if old := r.pulls[pr.Number]; old != nil {
		// Another value, since an answer that is being written may point into the old one.
		changed := *old
		changed.PullRequest = pr
		r.pulls[pr.Number] = &changed
		return
	}
	r.pulls[pr.Number] = &pull{PullRequest: pr}
}

// SetMergeable says whether a pull request can be merged without conflicts; nil
// is that GitHub has not computed it yet.
func (r *Repo) SetMergeable(number int, mergeable *bool) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if pr := r.pulls[number]; pr != nil {
		pr.mergeable = mergeable
	}
}

// RequestReview asks people for a review of a pull request.
func (r *Repo) RequestReview(number int, logins ...string) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if pr := r.pulls[number]; pr != nil {
		pr.requested = logins
	}
}

// SetChecks sets the check runs and commit statuses of a pull request's head commit.
func (r *Repo) SetChecks(number int, checks ...telemetry.Check) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if pr := r.pulls[number]; pr != nil {
		pr.checks = checks
	}
}

// SetReviews sets the reviews of a pull request.
func (r *Repo) SetReviews(number int, reviews ...telemetry.Review) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	if pr := r.pulls[number]; pr != nil {
		pr.reviews = reviews
	}
}

// PutWorkflow adds a workflow that can be started, with the names of its
// inputs; others are refused with 422.
func (r *Repo) PutWorkflow(file string, inputs ...string) {
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	r.workflows[file] = inputs
}

// object is the name that Git gives to an object, in hex.
func object(kind string, body []byte) string {
	hash := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(hash, "%s %d\x00", kind, len(body))
	hash.Write(body)
	return hex.EncodeToString(hash.Sum(nil))
}

// grow makes the trees of the files, where they have changed, and returns
// the SHA of the root. The player's mutex is held.
func (r *Repo) grow() string {
	if r.root == "" && len(r.files) > 0 {
		paths := make([]string, 0, len(r.files))
		for p := range r.files {
			paths = append(paths, p)
		}
		slices.Sort(paths)
		r.trees = map[string][]entry{}
		r.root = r.plant(paths, "")
	}
	return r.root
}

// plant makes the tree of the sorted paths, all of which begin with prefix.
func (r *Repo) plant(paths []string, prefix string) string {
	var entries []entry
	for i := 0; i < len(paths); {
		rest := paths[i][len(prefix):]
		name, _, folder := strings.Cut(rest, "/")
		n := i + 1
		if !folder {
			sha := r.files[paths[i]]
			entries = append(entries, entry{name, "100644", "blob", sha, len(r.blobs[sha])})
			i = n
			continue
		}
		within := prefix + name + "/"
		for n < len(paths) && strings.HasPrefix(paths[n], within) {
			n++
		}
		entries = append(entries, entry{name: name, mode: "040000", kind: "tree", sha: r.plant(paths[i:n], within)})
		i = n
	}
	// Git sorts a folder as if its name ended in a slash.
	order := func(e entry) string {
		if e.kind == "tree" {
			return e.name + "/"
		}
		return e.name
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(order(a), order(b)) })
	var body strings.Builder
	for _, e := range entries {
		raw, _ := hex.DecodeString(e.sha) // made by object
		fmt.Fprintf(&body, "%s %s\x00%s", strings.TrimPrefix(e.mode, "0"), e.name, raw)
	}
	sha := object("tree", []byte(body.String()))
	r.trees[sha] = entries
	return sha
}

// id is a number that stays the same for a name.
func id(name string) int64 {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name)) // never fails
	return int64(hash.Sum32())
}
