package telemetry

import (
	"net/url"
	"strconv"
	"strings"
)

// RepoName is a repository as "owner/name", spelled as it was recorded.
// The zero value is not a repository.
type RepoName string

// ParseRepo reads "owner/name" or the URL of a repository (https, ssh), with or
// without ".git" and a trailing slash, "" for anything else. A name that still ends
// in ".git" is none that GitHub gives.
func ParseRepo(s string) RepoName {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "git@"); ok {
		_, s, ok = strings.Cut(rest, ":")
		if !ok {
			return ""
		}
	} else if strings.Contains(s, "://") {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" {
			return ""
		}
		s = u.Path
	}
	s = strings.Trim(s, "/")
	parts := strings.Split(s, "/")
	if len(parts) != 2 {
		return ""
	}
	owner, name := parts[0], parts[1]
	name, _ = cutGit(name)
	if _, again := cutGit(name); again || !repoPart(owner) || !repoPart(name) {
		return ""
	}
	return RepoName(owner + "/" + name)
}

// cutGit returns a name without ".git", in any case, and whether it had it.
func cutGit(name string) (string, bool) {
	cut := len(name) - len(".git")
	if cut < 0 || !strings.EqualFold(name[cut:], ".git") {
		return name, false
	}
	return name[:cut], true
}

// repoPart reports whether s can be an owner or a name on GitHub.
func repoPart(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > 100 {
		return false
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		default:
			return false
		}
	}
	return true
}

// Key is the form in which names are compared: GitHub's names are ASCII and
// are the same in any case.
func (r RepoName) Key() string { return strings.ToLower(string(r)) }

// PullRef names one pull request. The zero value names none.
type PullRef struct {
	Repo   RepoName `json:"-"`
	Number int64    `json:"pr_number"`
}

// Key is the form in which pull requests are compared: "owner/name#12".
func (p PullRef) Key() string { return p.Repo.Key() + "#" + strconv.FormatInt(p.Number, 10) }

// ParsePull reads the address of a pull request, on the web (…/owner/name/pull/12) or
// in the API (…/repos/owner/name/pulls/12); zero for anything else.
func ParsePull(s string) PullRef {
	ref, _ := ParsePullURL(s)
	return ref
}

// ParsePullURL is ParsePull, and returns beside it the pull request's web
// address on the host that s names, "" for the zero value.
func ParsePullURL(s string) (PullRef, string) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return PullRef{}, ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i, p := range parts {
		if (p != "pull" && p != "pulls") || i < 2 || i+1 >= len(parts) {
			continue
		}
		n, err := strconv.ParseInt(parts[i+1], 10, 64)
		repo := ParseRepo(parts[i-2] + "/" + parts[i-1])
		if err == nil && n > 0 && digits(parts[i+1]) && repo != "" {
			ref, host := PullRef{Repo: repo, Number: n}, u.Host
			if i > 2 && parts[i-3] == "repos" { // an address of the API
				host = strings.TrimPrefix(host, "api.")
			}
			if host == "" || host[0] == ':' { // it was the name of nothing
				return PullRef{}, ""
			}
			return ref, ref.URL(u.Scheme + "://" + host)
		}
	}
	return PullRef{}, ""
}

// GitHubWeb is where repositories are looked at that nothing places elsewhere.
const GitHubWeb = "https://github.com"

// URL is the web address of the pull request on a server, for example
// GitHubWeb.
func (p PullRef) URL(web string) string {
	return web + "/" + string(p.Repo) + "/pull/" + strconv.FormatInt(p.Number, 10)
}
