package githubtest

import (
	"archive/tar"
	"compress/gzip"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// archivePath is where archives are fetched: no part of the API, and free.
const archivePath = "/_archive/"

func repository(repo *Repo, r *http.Request) *answer {
	repo.p.mu.Lock()
	defer repo.p.mu.Unlock()
	item := repoJSON(repo, base(r))
	if repo.parent != nil {
		item["parent"] = repoJSON(repo.parent, base(r))
		item["source"] = item["parent"]
	}
	return ok(item)
}

func tree(repo *Repo, r *http.Request) *answer {
	p := repo.p
	p.mu.Lock()
	defer p.mu.Unlock()
	sha := r.PathValue("sha")
	if at := repo.at(sha); at != nil && at.grow() == "" {
		return problem(http.StatusConflict, "Git Repository is empty.")
	}
	sha, entries := repo.treeOf(sha)
	if entries == nil {
		return notFound()
	}
	recursive := r.URL.Query().Has("recursive") && !p.without[Recursive]
	list := []map[string]any{}
	repo.list(&list, entries, "", recursive, base(r))
	item := map[string]any{"sha": sha, "url": base(r) + "/repos/" + repo.name + "/git/trees/" + sha, "truncated": false}
	switch {
	case p.treePage > 0: // as Gitea does
		number := positive(r.URL.Query().Get("page"), 1)
		size := min(positive(r.URL.Query().Get("per_page"), p.treePage), p.treePage)
		item["page"], item["total_count"], item["truncated"] = number, len(list), number*size < len(list)
		list = list[min((number-1)*size, len(list)):min(number*size, len(list))]
	case repo.truncated && recursive:
		list, item["truncated"] = list[:len(list)/2], true
	}
	item["tree"] = list
	return ok(item)
}

// treeOf is the tree of a SHA, or of the root of a branch, tag or commit; nil where
// there is none.
func (repo *Repo) treeOf(name string) (sha string, entries []entry) {
	if at := repo.at(name); at != nil {
		name = at.grow()
	}
	for _, r := range append(slices.Collect(maps.Values(repo.refs)), repo) {
		r.grow()
		if entries, known := r.trees[name]; known {
			return name, entries
		}
	}
	return name, nil
}

// list appends the entries of a tree as GitHub writes them.
func (repo *Repo) list(to *[]map[string]any, entries []entry, prefix string, recursive bool, api string) {
	for _, e := range entries {
		item := map[string]any{
			"path": prefix + e.name, "mode": e.mode, "type": e.kind, "sha": e.sha,
			"url": api + "/repos/" + repo.name + "/git/" + e.kind + "s/" + e.sha,
		}
		if e.kind == "blob" {
			item["size"] = e.size
		}
		*to = append(*to, item)
		if recursive && e.kind == "tree" {
			repo.list(to, repo.trees[e.sha], prefix+e.name+"/", true, api)
		}
	}
}

func blob(repo *Repo, r *http.Request) *answer {
	repo.p.mu.Lock()
	defer repo.p.mu.Unlock()
	sha := r.PathValue("sha")
	body, known := repo.blobs[sha]
	if !known {
		return notFound()
	}
	return ok(map[string]any{
		"sha": sha, "node_id": "B_" + sha, "size": len(body), "url": base(r) + "/repos/" + repo.name + "/git/blobs/" + sha,
		"content": wrapped(body), "encoding": "base64",
	})
}

// wrapped is base64 in lines of 60, as GitHub answers it.
func wrapped(body []byte) string {
	var lines strings.Builder
	for chunk := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(body)), 60) {
		lines.Write(chunk)
		lines.WriteByte('\n')
	}
	return lines.String()
}

// contentsCut is where GitHub cuts a directory, without saying so.
const contentsCut = 1000

// contentMost is the size above which GitHub leaves out the content of a file.
const contentMost = 1 << 20

func contents(repo *Repo, r *http.Request) *answer {
	p := repo.p
	p.mu.Lock()
	defer p.mu.Unlock()
	path := strings.Trim(r.PathValue("path"), "/")
	if repo = repo.at(r.URL.Query().Get("ref")); repo == nil {
		return notFound()
	}
	if sha, known := repo.files[path]; known {
		item := repo.content(path, "file", sha, len(repo.blobs[sha]), base(r))
		item["content"], item["encoding"] = wrapped(repo.blobs[sha]), "base64"
		if len(repo.blobs[sha]) > contentMost {
			item["content"], item["encoding"] = "", "none"
		}
		return ok(item)
	}
	sha := repo.grow()
	for part := range strings.SplitSeq(path, "/") {
		at := slices.IndexFunc(repo.trees[sha], func(e entry) bool { return part != "" && e.name == part && e.kind == "tree" })
		switch {
		case part == "" && path == "":
		case at < 0:
			return notFound()
		default:
			sha = repo.trees[sha][at].sha
		}
	}
	list := []map[string]any{}
	for _, e := range repo.trees[sha] {
		kind := "file"
		if e.kind == "tree" {
			kind = "dir"
		}
		if len(list) < contentsCut {
			list = append(list, repo.content(strings.Trim(path+"/"+e.name, "/"), kind, e.sha, e.size, base(r)))
		}
	}
	return ok(list)
}

func (repo *Repo) content(path, kind, sha string, size int, api string) map[string]any {
	at := api + "/repos/" + repo.name + "/contents/" + path
	page := "https://github.com/" + repo.name + "/blob/" + repo.branch + "/" + path
	return map[string]any{
		"type": kind, "name": path[strings.LastIndex(path, "/")+1:], "path": path, "sha": sha, "size": size, "url": at,
		"git_url": api + "/repos/" + repo.name + "/git/blobs/" + sha, "html_url": page, "download_url": nil,
		"_links": map[string]any{"self": at, "git": nil, "html": page},
	}
}

func archiveLink(repo *Repo, r *http.Request) *answer {
	repo.p.mu.Lock()
	defer repo.p.mu.Unlock()
	ref := r.PathValue("ref")
	if repo.at(ref) == nil {
		return notFound()
	}
	at := repo.p.archives
	if at == "" {
		at = strings.TrimSuffix(base(r), "/api/v3")
	}
	at += archivePath + repo.name + "?token=archive&ref=" + url.QueryEscape(ref)
	return &answer{status: http.StatusFound, header: http.Header{"Location": {at}}}
}

func (p *Player) archive(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	repo := p.repos[strings.ToLower(r.PathValue("owner")+"/"+r.PathValue("name"))]
	files := map[string][]byte{}
	folder := ""
	if repo != nil {
		repo = repo.at(r.URL.Query().Get("ref"))
	}
	if repo != nil {
		folder = strings.ReplaceAll(repo.name, "/", "-") + "-" + object("commit", []byte(repo.grow()))[:7] + "/"
		for path, sha := range repo.files {
			files[path] = repo.blobs[sha]
		}
	}
	now := p.now()
	p.mu.Unlock()
	if repo == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-gzip")
	zip := gzip.NewWriter(w)
	out := tar.NewWriter(zip)
	pack(out, folder, files, now)
	_ = out.Close() // a client that left is not a failure of ours
	_ = zip.Close()
}

// pack writes an archive as git archive does: a comment, then folders and files.
func pack(out *tar.Writer, folder string, files map[string][]byte, now time.Time) {
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	headers := []tar.Header{
		{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "commit"}},
		{Typeflag: tar.TypeDir, Name: folder, Mode: 0o775, ModTime: now},
	}
	for i := range headers {
		if out.WriteHeader(&headers[i]) != nil {
			return
		}
	}
	for _, path := range paths {
		header := tar.Header{Typeflag: tar.TypeReg, Name: folder + path, Size: int64(len(files[path])), Mode: 0o664, ModTime: now}
		if out.WriteHeader(&header) != nil {
			return
		}
		if _, err := out.Write(files[path]); err != nil {
			return
		}
	}
}
