package githubtest

import (
	"net/http"
	"strconv"
	"strings"
)

func (p *Player) routes() {
	const repo = "/repos/{owner}/{name}"
	p.handle("GET "+repo, Repositories, repository)
	p.handle("GET "+repo+"/git/trees/{sha...}", Trees, tree)
	p.handle("GET "+repo+"/git/blobs/{sha}", Blobs, blob)
	p.handle("GET "+repo+"/contents/{path...}", "", contents)
	p.handle("GET "+repo+"/tarball/{ref...}", Archives, archiveLink)
	p.handle("GET "+repo+"/pulls", "", pulls)
	p.handle("GET "+repo+"/pulls/{number}", "", onePull)
	p.handle("GET "+repo+"/pulls/{number}/reviews", "", reviews)
	p.handle("GET "+repo+"/commits/{sha}/check-runs", "", checkRuns)
	p.handle("GET "+repo+"/commits/{sha}/status", "", statuses)
	p.handle("POST "+repo+"/actions/workflows/{file}/dispatches", "", dispatches)
	p.mux.HandleFunc("GET "+archivePath+"{owner}/{name}", p.archive)
	p.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { notFound().write(w, r, p) })
}

// handle registers what answers for a repository that exists.
func (p *Player) handle(pattern string, needs Feature, f func(*Repo, *http.Request) *answer) {
	p.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("owner") + "/" + r.PathValue("name")
		p.mu.Lock()
		repo, moved := p.repos[strings.ToLower(name)], p.moved[strings.ToLower(name)]
		gone := repo == nil || repo.hidden || p.without[needs]
		p.mu.Unlock()
		switch {
		case repo == nil && moved != nil:
			movedTo(moved, r, "/repos/"+name).write(w, r, p)
		case gone:
			notFound().write(w, r, p)
		default:
			f(repo, r).write(w, r, p)
		}
	})
}

// movedTo is GitHub's answer for a repository that was renamed: its address
// by id, which never changes.
func movedTo(repo *Repo, r *http.Request, old string) *answer {
	to := base(r) + "/repositories/" + strconv.FormatInt(repo.id, 10) + strings.TrimPrefix(r.URL.Path, old)
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	status := http.StatusMovedPermanently
	if r.Method != http.MethodGet {
		status = http.StatusTemporaryRedirect
	}
	return &answer{status: status, header: http.Header{"Location": {to}},
		body: map[string]string{"message": "Moved Permanently", "url": to, "documentation_url": docs}}
}

// follow makes an address by id one by name.
func (p *Player) follow(r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/repositories/")
	if !ok {
		return
	}
	number, rest, _ := strings.Cut(rest, "/")
	p.mu.Lock()
	defer p.mu.Unlock()
	wanted, err := strconv.ParseInt(number, 10, 64)
	if repo := p.withID(wanted); err == nil && repo != nil {
		r.URL.Path = strings.TrimSuffix("/repos/"+repo.name+"/"+rest, "/")
		r.URL.RawPath = ""
	}
}
