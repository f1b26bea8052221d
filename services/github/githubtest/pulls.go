package githubtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func pulls(repo *Repo, r *http.Request) *answer {
	query := r.URL.Query()
	state := cmp.Or(query.Get("state"), "open")
	repo.p.mu.Lock()
	var list []*pull
	for _, pr := range repo.pulls {
		if state == "all" || pr.State == state {
			list = append(list, pr)
		}
	}
	slices.SortFunc(list, func(a, b *pull) int {
		c := a.CreatedAt.Compare(b.CreatedAt)
		if query.Get("sort") == "updated" {
			c = a.UpdatedAt.Compare(b.UpdatedAt)
		}
		return cmp.Or(c, cmp.Compare(a.Number, b.Number))
	})
	if direction := query.Get("direction"); direction == "desc" || (direction == "" && query.Get("sort") != "updated") {
		slices.Reverse(list)
	}
	items := make([]map[string]any, len(list))
	for i, pr := range list {
		items[i] = pullJSON(repo, pr, base(r))
	}
	repo.p.mu.Unlock()
	return page(r, repo.p, items)
}

func onePull(repo *Repo, r *http.Request) *answer {
	repo.p.mu.Lock()
	defer repo.p.mu.Unlock()
	pr := repo.numbered(r)
	if pr == nil {
		return notFound()
	}
	item := pullJSON(repo, pr, base(r))
	merged := !pr.MergedAt.IsZero()
	item["merged"], item["mergeable"], item["mergeable_state"], item["merged_by"] = merged, nil, "unknown", nil
	if pr.State == "open" && pr.mergeable != nil {
		item["mergeable"], item["mergeable_state"] = *pr.mergeable, map[bool]string{true: "clean", false: "dirty"}[*pr.mergeable]
	}
	for _, count := range []string{"comments", "review_comments", "commits", "additions", "deletions", "changed_files"} {
		item[count] = 0
	}
	item["maintainer_can_modify"] = false
	return ok(item)
}

// numbered is the pull request that the path names; the mutex is held.
func (repo *Repo) numbered(r *http.Request) *pull {
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil {
		return nil
	}
	return repo.pulls[number]
}

func (pr *pull) headSHA() string {
	if pr.HeadSHA != "" {
		return pr.HeadSHA
	}
	return object("commit", fmt.Appendf(nil, "%s#%d", pr.HeadRef, pr.Number))
}

// pullJSON holds the required fields of GitHub's pull-request-simple.
func pullJSON(repo *Repo, pr *pull, api string) map[string]any {
	url := fmt.Sprintf("%s/repos/%s/pulls/%d", api, repo.name, pr.Number)
	issue := fmt.Sprintf("%s/repos/%s/issues/%d", api, repo.name, pr.Number)
	owner, _, _ := strings.Cut(repo.name, "/")
	end := func(ref, sha string) map[string]any {
		return map[string]any{"label": owner + ":" + ref, "ref": ref, "sha": sha, "user": userJSON(owner, api), "repo": repoJSON(repo, api)}
	}
	link := func(to string) map[string]any { return map[string]any{"href": to} }
	reviewers := []map[string]any{}
	for _, login := range pr.requested {
		reviewers = append(reviewers, userJSON(login, api))
	}
	var body *string
	if pr.Body != "" {
		body = &pr.Body
	}
	sha := pr.headSHA()
	statuses := api + "/repos/" + repo.name + "/statuses/" + sha
	return map[string]any{
		"url":                 url,
		"id":                  id(fmt.Sprintf("%s#%d", repo.name, pr.Number)),
		"node_id":             "PR_" + strconv.Itoa(pr.Number),
		"html_url":            pr.HTMLURL,
		"diff_url":            pr.HTMLURL + ".diff",
		"patch_url":           pr.HTMLURL + ".patch",
		"issue_url":           issue,
		"commits_url":         url + "/commits",
		"review_comments_url": url + "/comments",
		"review_comment_url":  api + "/repos/" + repo.name + "/pulls/comments{/number}",
		"comments_url":        issue + "/comments",
		"statuses_url":        statuses,
		"number":              pr.Number,
		"state":               pr.State,
		"locked":              false,
		"title":               pr.Title,
		"user":                userJSON(cmp.Or(pr.User, "ghost"), api),
		"body":                body,
		"labels":              []any{},
		"milestone":           nil,
		"active_lock_reason":  nil,
		"created_at":          stamp(pr.CreatedAt),
		"updated_at":          stamp(pr.UpdatedAt),
		"closed_at":           stamp(pr.ClosedAt),
		"merged_at":           stamp(pr.MergedAt),
		"merge_commit_sha":    nil,
		"assignee":            nil,
		"assignees":           []any{},
		"requested_reviewers": reviewers,
		"requested_teams":     []any{},
		"head":                end(cmp.Or(pr.HeadRef, "patch"), sha),
		"base":                end(repo.branch, object("commit", []byte(repo.root))),
		"_links": map[string]any{
			"self":            link(url),
			"html":            link(pr.HTMLURL),
			"issue":           link(issue),
			"comments":        link(issue + "/comments"),
			"review_comments": link(url + "/comments"),
			"review_comment":  link(api + "/repos/" + repo.name + "/pulls/comments{/number}"),
			"commits":         link(url + "/commits"),
			"statuses":        link(statuses),
		},
		"author_association": "CONTRIBUTOR",
		"auto_merge":         nil,
		"draft":              pr.Draft,
	}
}

func reviews(repo *Repo, r *http.Request) *answer {
	repo.p.mu.Lock()
	pr := repo.numbered(r)
	if pr == nil {
		repo.p.mu.Unlock()
		return notFound()
	}
	items := []map[string]any{}
	for i, v := range pr.reviews {
		items = append(items, map[string]any{
			"id":               i + 1,
			"node_id":          "PRR_" + strconv.Itoa(i+1),
			"user":             userJSON(v.Reviewer, base(r)),
			"body":             "",
			"state":            v.State,
			"html_url":         cmp.Or(v.URL, fmt.Sprintf("%s#pullrequestreview-%d", pr.HTMLURL, i+1)),
			"pull_request_url": fmt.Sprintf("%s/repos/%s/pulls/%d", base(r), repo.name, pr.Number),
			"_links": map[string]any{
				"html": map[string]any{"href": pr.HTMLURL}, "pull_request": map[string]any{"href": pr.HTMLURL},
			},
			"submitted_at":       stamp(v.At),
			"commit_id":          pr.headSHA(),
			"author_association": map[bool]string{true: "NONE", false: "MEMBER"}[v.Outsider],
		})
	}
	repo.p.mu.Unlock()
	return page(r, repo.p, items)
}

func checkRuns(repo *Repo, r *http.Request) *answer {
	repo.p.mu.Lock()
	defer repo.p.mu.Unlock()
	sha := r.PathValue("sha")
	items := []map[string]any{}
	known := false
	for _, pr := range repo.pulls {
		if pr.headSHA() != sha {
			continue
		}
		known = true
		for i, c := range pr.checks {
			if c.Commit {
				continue
			}
			items = append(items, map[string]any{
				"id":           i + 1,
				"head_sha":     sha,
				"node_id":      "CR_" + strconv.Itoa(i+1),
				"external_id":  "",
				"url":          fmt.Sprintf("%s/repos/%s/check-runs/%d", base(r), repo.name, i+1),
				"html_url":     c.URL,
				"details_url":  c.URL,
				"status":       c.Status,
				"conclusion":   nilIfEmpty(c.Conclusion),
				"started_at":   nil,
				"completed_at": nil,
				"output": map[string]any{
					"title":             nil,
					"summary":           nil,
					"text":              nil,
					"annotations_count": 0,
					"annotations_url":   fmt.Sprintf("%s/repos/%s/check-runs/%d/annotations", base(r), repo.name, i+1),
				},
				"name":          c.Name,
				"check_suite":   nil,
				"app":           nil,
				"pull_requests": []any{},
			})
		}
	}
	if !known {
		return problem(http.StatusUnprocessableEntity, "No commit found for SHA: "+sha)
	}
	return ok(map[string]any{"total_count": len(items), "check_runs": items})
}

func statuses(repo *Repo, r *http.Request) *answer {
	repo.p.mu.Lock()
	defer repo.p.mu.Unlock()
	sha, state, known := r.PathValue("sha"), "pending", false // GitHub's word also for none at all
	items := []map[string]any{}
	for _, pr := range repo.pulls {
		if pr.headSHA() != sha {
			continue
		}
		known = true
		for i, c := range pr.checks {
			if !c.Commit {
				continue
			}
			state = cmp.Or(c.Conclusion, "pending")
			items = append(items, map[string]any{
				"id": i + 1, "node_id": "SC_" + strconv.Itoa(i+1), "state": state, "description": nil, "target_url": nilIfEmpty(c.URL),
				"context": c.Name, "created_at": stamp(pr.CreatedAt), "updated_at": stamp(pr.UpdatedAt), "avatar_url": nil,
				"url": fmt.Sprintf("%s/repos/%s/statuses/%s", base(r), repo.name, sha),
			})
		}
	}
	if !known {
		return problem(http.StatusUnprocessableEntity, "No commit found for SHA: "+sha)
	}
	url := fmt.Sprintf("%s/repos/%s/commits/%s", base(r), repo.name, sha)
	return ok(map[string]any{"state": state, "statuses": items, "sha": sha, "total_count": len(items), "repository": repoJSON(repo, base(r)),
		"commit_url": url, "url": url + "/status"})
}

func nilIfEmpty(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func dispatches(repo *Repo, r *http.Request) *answer {
	var order struct {
		Ref    string            `json:"ref"`
		Inputs map[string]string `json:"inputs"`
	}
	if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
		return problem(http.StatusBadRequest, "Problems parsing JSON")
	}
	p := repo.p
	p.mu.Lock()
	inputs, known := repo.workflows[r.PathValue("file")]
	at, started := repo.at(order.Ref), p.dispatch
	p.mu.Unlock()
	var unexpected []string
	for name := range order.Inputs {
		if !slices.Contains(inputs, name) {
			unexpected = append(unexpected, name)
		}
	}
	slices.Sort(unexpected)
	switch {
	case !known:
		return notFound()
	case at == nil || order.Ref == "HEAD" || order.Ref == "":
		return problem(http.StatusUnprocessableEntity, "No ref found for: "+order.Ref)
	case len(unexpected) > 0:
		return problem(http.StatusUnprocessableEntity, fmt.Sprintf("Unexpected inputs provided: %q", unexpected))
	}
	if started != nil {
		started(order.Inputs)
	}
	return &answer{status: http.StatusNoContent}
}
