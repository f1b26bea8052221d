package links

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// GitHub is the web address of a GitHub server, without a slash at its end.
type GitHub string

// GitHubOf is where people look at the repositories that an API serves:
// https://github.com for api.github.com, the server itself for GitHub
// Enterprise Server's https://HOST/api/v3 and https://api.HOST. An address of
// neither form, such as a proxy's, serves github.com.
func GitHubOf(api string) GitHub {
	u, err := url.Parse(api)
	if err != nil {
		return telemetry.GitHubWeb
	}
	if host, ok := strings.CutPrefix(u.Host, "api."); ok {
		return GitHub(u.Scheme + "://" + host)
	}
	if path, ok := strings.CutSuffix(u.Path, "/api/v3"); ok {
		return GitHub(u.Scheme + "://" + u.Host + path)
	}
	return telemetry.GitHubWeb
}

// Repo is a repository "owner/name".
func (g GitHub) Repo(name telemetry.RepoName) string { return string(g) + "/" + path(string(name)) }

// Pull is a pull request.
func (g GitHub) Pull(repo telemetry.RepoName, number int64) string {
	return telemetry.PullRef{Repo: repo, Number: number}.URL(string(g))
}

// Code is a file of the default branch as it is now, at a line if that is
// known; "" without a repository or a file.
func (g GitHub) Code(repo telemetry.RepoName, file string, line int64) string {
	if file == "" || repo == "" {
		return ""
	}
	address := g.Repo(repo) + "/blob/HEAD/" + path(file)
	if line > 0 {
		address += "#L" + strconv.FormatInt(line, 10)
	}
	return address
}

// Workflow is where the runs of a workflow are looked at.
func (g GitHub) Workflow(repo telemetry.RepoName, file string) string {
	return g.Repo(repo) + "/actions/workflows/" + file
}

// Tokens is where people make access tokens.
func (g GitHub) Tokens() string { return string(g) + "/settings/tokens" }

// Recorded returns an address if it is one of this server, else "": a record
// is written by others and must not lead elsewhere.
func (g GitHub) Recorded(address string) string { return within(string(g), address) }

// CWE is where a CWE id is explained; "" for what is none.
func CWE(id string) string {
	n := telemetry.CWENumber(id)
	if n == 0 {
		return ""
	}
	return "https://cwe.mitre.org/data/definitions/" + strconv.Itoa(n) + ".html"
}

// Devin is the web address of Devin, without a slash at its end.
type Devin string

// DevinWeb is where people look at sessions, whatever address the API has.
const DevinWeb Devin = "https://app.devin.ai"

// Session is where people look at a session; "" for what is no session.
// Recorded is the address that was recorded: it is used if it is one of Devin.
func (d Devin) Session(id, recorded string) string {
	bare := telemetry.SessionKey(id)
	if bare == "" {
		return ""
	}
	return cmp.Or(within(string(d), recorded), under(string(d)+Sessions, bare))
}

// Keys is where people make API keys.
func (d Devin) Keys() string { return string(d) + "/settings/api-keys" }

func within(web, address string) string {
	if strings.HasPrefix(address, web+"/") {
		return address
	}
	return ""
}
