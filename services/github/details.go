package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
)

// maxPages bounds the pages of what a page of the dashboard shows.
const maxPages = 10

// OpenPulls returns the open pull requests of a repository, newest first.
// The answer is kept for Options.CacheTTL; its readers must not change it.
func (c *Client) OpenPulls(ctx context.Context, repo string) ([]telemetry.PullRequest, error) {
	owner, name, err := split(repo)
	if err != nil {
		return nil, err
	}
	return cached(ctx, c, "open "+strings.ToLower(owner+"/"+name), func(ctx context.Context) ([]telemetry.PullRequest, error) {
		query := gh.PullRequestListOptions{
			State:       "open",
			Sort:        "created",
			Direction:   "desc",
			ListOptions: gh.ListOptions{Page: 1, PerPage: perPage},
		}
		list := []telemetry.PullRequest{}
		seen := map[int]bool{}
		for range maxPages {
			pulls, resp, err := c.pullPage(revalidating(ctx), owner, name, query, "")
			if err != nil {
				return nil, c.failure(ctx, pullsQuestion(owner+"/"+name), err)
			}
			before := len(list)
			for _, p := range pulls {
				// A server that does not know the parameter state answers all.
				if n := p.GetNumber(); !seen[n] && p.GetState() != "closed" {
					seen[n] = true
					list = append(list, pullOf(p, owner+"/"+name))
				}
			}
			if query.Page = nextPage(resp, query.Page, len(pulls)); query.Page == 0 || len(list) == before {
				break
			}
		}
		return list, nil
	})
}

// PullDetails returns a pull request with its checks and reviews. The answer
// is kept for Options.CacheTTL; its readers must not change it. When GitHub
// cannot be asked, the last good answer is returned, and says so.
func (c *Client) PullDetails(ctx context.Context, repo string, number int) (telemetry.PullDetails, error) {
	owner, name, err := split(repo)
	if err != nil {
		return telemetry.PullDetails{}, err
	}
	key := fmt.Sprintf("details %s#%d", strings.ToLower(owner+"/"+name), number)
	d, err := cached(ctx, c, key, func(ctx context.Context) (telemetry.PullDetails, error) {
		return c.askDetails(revalidating(ctx), owner, name, number)
	})
	if c.last == nil {
		return d, err
	}
	if err == nil {
		c.last.Add(key, d)
		return d, nil
	}
	if old, ok := c.last.Get(key); ok && ctx.Err() == nil && isOutage(err) {
		if e, ok := errors.AsType[*telemetry.Error](err); ok {
			old.Stale = e.Message
			return old, nil
		}
	}
	return d, err
}

// isOutage tells whether a failure says nothing of what was asked.
func isOutage(err error) bool {
	switch telemetry.CodeOf(err) {
	case telemetry.CodeUpstreamDown, telemetry.CodeUpstreamTimeout, telemetry.CodeUpstreamBroken, telemetry.CodeRateLimited:
		return true
	}
	return false
}

func (c *Client) askDetails(ctx context.Context, owner, name string, number int) (telemetry.PullDetails, error) {
	repo := owner + "/" + name
	p, err := c.pull(ctx, repo, number)
	if err != nil {
		return telemetry.PullDetails{}, err
	}
	d := telemetry.PullDetails{Pull: pullOf(p, repo), AskedAt: c.wire.now().UTC()}
	d.Checks, err = c.checks(ctx, owner, name, p.GetHead().GetSHA())
	if err := unseenIn(&d, err); err != nil {
		return telemetry.PullDetails{}, err
	}
	d.Reviews, err = c.reviews(ctx, owner, name, number)
	if err := unseenIn(&d, err); err != nil {
		return telemetry.PullDetails{}, err
	}
	return d, nil
}

// checks returns the check runs of a commit by name, of each its last run.
func (c *Client) checks(ctx context.Context, owner, name, sha string) ([]telemetry.Check, error) {
	list := []telemetry.Check{}
	query := gh.ListCheckRunsOptions{Filter: gh.String("latest"), ListOptions: gh.ListOptions{Page: 1, PerPage: perPage}}
	for range maxPages {
		if sha == "" || query.Page == 0 {
			break
		}
		runs, resp, err := c.api.Checks.ListCheckRunsForRef(ctx, owner, name, sha, &query)
		if err != nil {
			return list, c.failure(ctx, partQuestion("checks", "Checks: read", owner, name), err)
		}
		for _, r := range runs.CheckRuns {
			list = append(list, telemetry.Check{
				Name:       r.GetName(),
				Status:     r.GetStatus(),
				Conclusion: r.GetConclusion(),
				URL:        cmp.Or(r.GetHTMLURL(), r.GetDetailsURL()),
			})
		}
		query.Page = resp.NextPage
	}
	slices.SortStableFunc(list, func(a, b telemetry.Check) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func (c *Client) reviews(ctx context.Context, owner, name string, number int) ([]telemetry.Review, error) {
	list := []telemetry.Review{}
	query := gh.ListOptions{Page: 1, PerPage: perPage}
	for range maxPages {
		if query.Page == 0 {
			break
		}
		reviews, resp, err := c.api.PullRequests.ListReviews(ctx, owner, name, number, &query)
		if err != nil {
			return list, c.failure(ctx, partQuestion("reviews", "Pull requests: read", owner, name), err)
		}
		for _, r := range reviews {
			list = append(list, telemetry.Review{
				Reviewer: r.GetUser().GetLogin(),
				State:    r.GetState(),
				URL:      r.GetHTMLURL(),
				At:       utc(r.SubmittedAt),
			})
		}
		query.Page = resp.NextPage
	}
	return list, nil
}

func partQuestion(part, permission, owner, name string) question {
	return question{
		what:    fmt.Sprintf("the %s of a pull request of %s/%s", part, owner, name),
		needs:   permission + " (fine-grained) or the scope repo (classic) for that repository",
		missing: fmt.Sprintf("GitHub shows no %s for this pull request (404).", part),
	}
}

// unseenIn returns err, unless it is only that the token may not see a part,
// which it notes in d.
func unseenIn(d *telemetry.PullDetails, err error) error {
	switch e, _ := errors.AsType[*telemetry.Error](err); telemetry.CodeOf(err) {
	case telemetry.CodeUpstreamDenied, telemetry.CodeUpstreamNotFound:
		d.Unseen = append(d.Unseen, e.Message)
		return nil
	}
	return err
}
