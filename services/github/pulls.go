package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
)

// perPage is the most that GitHub gives.
const perPage = 100

// reach is how far back from its newest update a repository's pull requests
// are remembered. It must not be shorter than the overlap with which the
// caller asks again (ingest's 10 minutes), or an unchanged list is fetched.
const reach = time.Hour

// keptWhole is up to how many pull requests of a repository are remembered
// whatever their age: without any, there is no time after which to ask.
const keptWhole = 5

// head is what page 1 of a repository's pull requests was.
type head struct {
	etag  string
	pulls []telemetry.PullRequest // all that were updated at since or later
	since time.Time               // zero: since ever
}

// PullRequests returns the pull requests of a repository in any state,
// latest update first; after a time that is not zero, those updated at it
// or later. Each Repo is as asked, in GitHub's spelling: a repository that
// was renamed is found under its old name, and its pull requests keep it.
// Nothing new costs no counted request.
func (c *Client) PullRequests(ctx context.Context, repo string, updatedAfter time.Time) ([]telemetry.PullRequest, error) {
	owner, name, err := split(repo)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("pulls %s %d", strings.ToLower(owner+"/"+name), updatedAfter.UnixNano())
	return flight(ctx, c, key, func(ctx context.Context) ([]telemetry.PullRequest, error) {
		return c.listPulls(ctx, owner, name, updatedAfter)
	})
}

func (c *Client) listPulls(ctx context.Context, owner, name string, after time.Time) ([]telemetry.PullRequest, error) {
	repo := owner + "/" + name
	known, _ := c.heads.Get(strings.ToLower(repo))
	if after.Before(known.since) {
		known = head{} // it does not hold all that is asked for
	}
	query := gh.PullRequestListOptions{
		State:       "all",
		Sort:        "updated",
		Direction:   "desc",
		ListOptions: gh.ListOptions{Page: 1, PerPage: perPage},
	}
	etag := known.etag
	var list []telemetry.PullRequest
	seen := map[int]bool{}
	for query.Page > 0 {
		pulls, resp, err := c.pullPage(ctx, owner, name, query, etag)
		if etag != "" && statusOf(err) == http.StatusNotModified {
			return updatedSince(known.pulls, after), nil
		}
		if err != nil {
			return nil, c.failure(ctx, pullsQuestion(repo), err)
		}
		page := make([]telemetry.PullRequest, 0, len(pulls))
		for _, p := range pulls {
			page = append(page, pullOf(p, repo))
		}
		next := nextPage(resp, query.Page, len(pulls))
		if query.Page == 1 {
			c.remember(strings.ToLower(repo), resp.Header.Get("ETag"), page, next > 0)
		}
		fresh := notSeen(page, seen)
		list = append(list, fresh...)
		if len(fresh) == 0 || len(updatedSince(page, after)) < len(page) {
			break
		}
		query.Page, etag = next, ""
	}
	return updatedSince(list, after), nil
}

// notSeen returns those that no earlier page had: the pages move while they
// are read, and some servers answer each page alike.
func notSeen(page []telemetry.PullRequest, seen map[int]bool) []telemetry.PullRequest {
	fresh := make([]telemetry.PullRequest, 0, len(page))
	for i := range page {
		if !seen[page[i].Number] {
			seen[page[i].Number] = true
			fresh = append(fresh, page[i])
		}
	}
	return fresh
}

// pullPage asks for one page, unless it still is what etag names.
func (c *Client) pullPage(ctx context.Context, owner, name string, query gh.PullRequestListOptions,
	etag string) ([]*gh.PullRequest, *gh.Response, error) {
	address := fmt.Sprintf("repos/%s/%s/pulls?state=%s&sort=%s&direction=%s&per_page=%d", owner, name, query.State,
		query.Sort, query.Direction, query.PerPage)
	if query.Page > 1 {
		address += fmt.Sprintf("&page=%d", query.Page)
	}
	var pulls []*gh.PullRequest
	resp, err := c.get(ctx, address, etag, &pulls)
	if err != nil {
		return nil, nil, err
	}
	if pulls == nil {
		return nil, nil, c.broken(pullsQuestion(owner+"/"+name), "is no list", nil)
	}
	return pulls, resp, nil
}

// nextPage is the page after one with n items, 0 if that was the last. A
// server without Link headers is asked on as long as its pages are full.
func nextPage(resp *gh.Response, page, n int) int {
	if resp.NextPage > 0 {
		return resp.NextPage
	}
	if resp.Header.Get("Link") == "" && n == perPage {
		return page + 1
	}
	return 0
}

// remember keeps the newest part of page 1, to answer with when it is
// unchanged. more tells that a page follows.
func (c *Client) remember(key, etag string, page []telemetry.PullRequest, more bool) {
	if etag == "" {
		c.heads.Remove(key)
		return
	}
	h := head{etag: etag}
	if more || len(page) > keptWhole {
		newest, oldest := page[0].UpdatedAt, page[0].UpdatedAt
		for i := range page {
			if t := page[i].UpdatedAt; t.After(newest) {
				newest = t
			} else if t.Before(oldest) {
				oldest = t
			}
		}
		h.since = newest.Add(-reach)
		if more && !h.since.After(oldest) {
			h.since = oldest.Add(1) // the next page begins at that time, or before it
		}
	}
	h.pulls = updatedSince(page, h.since)
	c.heads.Add(key, h)
}

// updatedSince returns those updated at t or later, or at a time that is
// not told; all if t is zero.
func updatedSince(pulls []telemetry.PullRequest, t time.Time) []telemetry.PullRequest {
	list := make([]telemetry.PullRequest, 0, len(pulls))
	for i := range pulls {
		if pulls[i].UpdatedAt.IsZero() || !pulls[i].UpdatedAt.Before(t) {
			list = append(list, pulls[i])
		}
	}
	return list
}

// PullRequest returns one pull request.
func (c *Client) PullRequest(ctx context.Context, repo string, number int) (telemetry.PullRequest, error) {
	p, err := c.pull(ctx, repo, number)
	if err != nil {
		return telemetry.PullRequest{}, err
	}
	return pullOf(p, string(telemetry.ParseRepo(repo))), nil
}

func (c *Client) pull(ctx context.Context, repo string, number int) (*gh.PullRequest, error) {
	owner, name, err := split(repo)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("pull %s#%d", strings.ToLower(owner+"/"+name), number)
	return flight(ctx, c, key, func(ctx context.Context) (*gh.PullRequest, error) {
		p, _, err := c.api.PullRequests.Get(revalidating(ctx), owner, name, number)
		q := pullQuestion(owner+"/"+name, number)
		if err != nil {
			return nil, c.failure(ctx, q, err)
		}
		if p.GetNumber() != number {
			return nil, c.broken(q, "is about another one", nil)
		}
		return p, nil
	})
}

const pullsNeed = "Pull requests: read (fine-grained) or the scope repo (classic) for that repository"

func pullsQuestion(repo string) question {
	return question{
		what: "pull requests of " + repo, needs: pullsNeed,
		missing: fmt.Sprintf(
			"GitHub shows no repository %s (404): it does not exist any more, or the token may not see it. Give GITHUB_TOKEN access to it, or ignore this.",
			repo),
	}
}

func pullQuestion(repo string, number int) question {
	return question{
		what: fmt.Sprintf("pull request %s#%d", repo, number), needs: pullsNeed,
		missing: fmt.Sprintf("GitHub shows no pull request %s#%d (404): it does not exist, or the token may not see the repository.",
			repo, number),
	}
}

// pullOf is p as the domain has it. asked is "owner/name".
func pullOf(p *gh.PullRequest, asked string) telemetry.PullRequest {
	repo, spelled := asked, p.GetBase().GetRepo().GetFullName()
	if strings.EqualFold(spelled, asked) {
		repo = spelled
	}
	return telemetry.PullRequest{
		Repo: repo, MovedTo: spelled, Number: p.GetNumber(), Title: p.GetTitle(), Body: p.GetBody(), HTMLURL: p.GetHTMLURL(),
		State: p.GetState(), Draft: p.GetDraft(), User: p.GetUser().GetLogin(), HeadRef: p.GetHead().GetRef(),
		CreatedAt: utc(p.CreatedAt), UpdatedAt: utc(p.UpdatedAt), ClosedAt: utc(p.ClosedAt), MergedAt: utc(p.MergedAt),
	}
}

func utc(t *gh.Timestamp) time.Time {
	if t == nil || t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
