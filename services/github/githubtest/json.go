package githubtest

import (
	"strconv"
	"strings"
)

// repoJSON is a repository with every field that GitHub's full-repository
// requires. The player's mutex is held.
func repoJSON(repo *Repo, api string) map[string]any {
	owner, name, _ := strings.Cut(repo.name, "/")
	url, page := api+"/repos/"+repo.name, "https://github.com/"+repo.name
	item := map[string]any{
		"id": repo.id, "node_id": "R_" + name, "name": name, "full_name": repo.name, "private": false,
		"owner": userJSON(owner, api), "description": nil, "fork": repo.parent != nil,
		"url": url, "html_url": page, "default_branch": repo.branch,
		"archived": repo.archived, "disabled": false, "visibility": "public", "homepage": nil, "language": nil, "license": nil,
		"has_issues": true, "has_projects": true, "has_wiki": true, "has_pages": false, "has_discussions": false, "has_downloads": true,
		"created_at": stamp(repo.made), "updated_at": stamp(repo.pushed), "pushed_at": stamp(repo.pushed),
		"git_url": "git:github.com/" + repo.name + ".git", "ssh_url": "git@github.com:" + repo.name + ".git", "clone_url": page + ".git",
		"svn_url": page, "mirror_url": nil,
	}
	for count := range strings.FieldsSeq(`forks forks_count open_issues open_issues_count size stargazers_count
		watchers watchers_count network_count subscribers_count`) {
		item[count] = 0
	}
	for part := range strings.FieldsSeq(`archive assignees blobs branches collaborators comments commits compare contents
		contributors deployments downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events
		issues keys labels languages merges milestones notifications pulls releases
		stargazers statuses subscribers subscription tags teams trees`) {
		item[part+"_url"] = url + "/" + strings.ReplaceAll(part, "_", "/")
	}
	return item
}

// userJSON is a user with every field that GitHub's simple-user requires.
func userJSON(login, api string) map[string]any {
	url := api + "/users/" + login
	return map[string]any{
		"login":               login,
		"id":                  id(login),
		"node_id":             "U_" + login,
		"avatar_url":          "https://avatars.githubusercontent.com/u/" + strconv.FormatInt(id(login), 10),
		"gravatar_id":         "",
		"url":                 url,
		"html_url":            "https://github.com/" + login,
		"followers_url":       url + "/followers",
		"following_url":       url + "/following{/other_user}",
		"gists_url":           url + "/gists{/gist_id}",
		"starred_url":         url + "/starred{/owner}{/repo}",
		"subscriptions_url":   url + "/subscriptions",
		"organizations_url":   url + "/orgs",
		"repos_url":           url + "/repos",
		"events_url":          url + "/events{/privacy}",
		"received_events_url": url + "/received_events",
		"type":                "User",
		"site_admin":          false,
	}
}
