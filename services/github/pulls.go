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

const (
	maxListPages = 100      // of one call of PullRequests
	maxListBytes = 32 << 20 // of its text
)

// reach is how far back from its newest update a repository's pull requests are
// remembered: longer than the overlap with which ingest asks again.
const reach = time.Hour

// keptWhole is how many are remembered whatever their age: without any, there is
// no time after which to ask.
const keptWhole = 5

// head is what page 1 of a repository's pull requests was.
type head struct {
	etag  string
	pulls []telemetry.PullRequest // all that were updated at since or later
	since time.Time               // zero: since ever
}

// PullRequests returns the pull requests of a repository in any state, latest
// update first; after a time that is not zero, those updated at it or later. A
// repository that was renamed is found under its old name, and its pull requests
// keep it. Nothing new costs no counted request.
//
// Beside an error it returns those that were read before it, which must not move
// the time from which the next call asks. More than 10,000 are such an error.
func (c *Client) PullRequests(ctx context.Context, repo string, updatedAfter time.Time) ([]telemetry.PullRequest, error) {
	repo, err := ownerName(repo)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("pull requests of %s since %d", strings.ToLower(repo), updatedAfter.UnixNano())
	return share(ctx, c, key, func(ctx context.Context) ([]telemetry.PullRequest, error) {
		return c.listPulls(ctx, repo, updatedAfter)
	})
}

func (c *Client) listPulls(ctx context.Context, repo string, after time.Time) ([]telemetry.PullRequest, error) {
	key := strings.ToLower(repo)
	known, _ := c.heads.Get(key)
	if after.Before(known.since) {
		known = head{} // it does not hold all that is asked for
	}
	r := request{address: "repos/" + repo + "/pulls?state=all&sort=updated&direction=desc", etag: known.etag}
	var list []telemetry.PullRequest
	seen, bytes := map[int]bool{}, 0
	whole, err := eachPage(maxListPages, func(number int) (page, int, bool, error) {
		pulls := make([]telemetry.PullRequest, 0, perPage)
		p, err := c.get(ctx, r.page(number), rows(func(row pullRow) error {
			pulls = append(pulls, c.pullOf(&row, repo))
			return row.check()
		}))
		if err != nil {
			return page{}, 0, false, err
		}
		r.etag = ""
		if number == 1 {
			c.remember(key, p.etag, pulls, p.after(1, len(pulls)) > 0)
		}
		before := len(list)
		for i := range pulls {
			if !seen[pulls[i].Number] {
				seen[pulls[i].Number] = true
				list = append(list, pulls[i])
			}
		}
		if bytes += sizeOf(list[before:]); bytes > maxListBytes {
			return page{}, 0, false, errManyPulls()
		}
		if len(updatedSince(pulls, after)) < len(pulls) {
			return page{}, 0, true, nil // the rest was updated before
		}
		return p, len(pulls), len(list) > before, nil
	})
	if known.etag != "" && len(seen) == 0 && statusOf(err) == http.StatusNotModified {
		return updatedSince(known.pulls, after), nil
	}
	if err == nil && !whole {
		err = errManyPulls()
	}
	return updatedSince(list, after), c.failure(ctx, pullsQuestion(repo), err)
}

func errManyPulls() error {
	return &unusable{fmt.Sprintf("has more than %d pages; only the latest ones were read", maxListPages)}
}

// remember keeps the newest part of page 1. more tells that a page follows.
func (c *Client) remember(key, etag string, page []telemetry.PullRequest, more bool) {
	if etag == "" || (more && len(page) == 0) {
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
	c.heads.Put(key, h, sizeOf(h.pulls)+len(etag))
}

// updatedSince returns those updated at t or later, or at a time that is not told.
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
	repo, err := ownerName(repo)
	if err != nil {
		return telemetry.PullRequest{}, err
	}
	key := fmt.Sprintf("pull request %s#%d", strings.ToLower(repo), number)
	return share(ctx, c, key, func(ctx context.Context) (telemetry.PullRequest, error) {
		row, err := c.pull(ctx, repo, number)
		return c.pullOf(&row, repo), err
	})
}

func (c *Client) pull(ctx context.Context, repo string, number int) (pullRow, error) {
	var row pullRow
	r := request{address: fmt.Sprintf("repos/%s/pulls/%d", repo, number), limit: maxObject, keep: true}
	_, err := c.get(ctx, r, object(&row, func() error {
		if err := row.check(); err != nil {
			return err
		}
		if row.Number != number {
			return &unusable{"is about another one"}
		}
		return nil
	}))
	return row, c.failure(ctx, pullQuestion(repo, number), err)
}

func pullsQuestion(repo string) question {
	return question{
		what: "pull requests of " + repo, needs: "Pull requests: read",
		missing: fmt.Sprintf("GitHub shows no repository %s (404): it does not exist any more, or the token may not see it. "+
			"Give GITHUB_TOKEN access to it, or ignore this.", repo),
	}
}

func pullQuestion(repo string, number int) question {
	return question{
		what: fmt.Sprintf("pull request %s#%d", repo, number), needs: "Pull requests: read",
		missing: fmt.Sprintf("GitHub shows no pull request %s#%d (404): it does not exist, or the token may not see the repository.",
			repo, number),
	}
}

// pullRow is a pull request as GitHub tells it, as far as it is used.
type pullRow struct {
	Number  int
	State   string
	Title   string
	Body    string
	HTMLURL string `json:"html_url"`
	Draft   bool
	User    struct{ Login string }
	Head    struct{ Ref, SHA string }
	Base    struct {
		Repo struct {
			FullName string `json:"full_name"`
		}
	}
	Mergeable *bool                    // of one pull request alone
	Reviewers []struct{ Login string } `json:"requested_reviewers"`
	Teams     []struct{ Slug string }  `json:"requested_teams"`
	CreatedAt *gh.Timestamp            `json:"created_at"`
	UpdatedAt *gh.Timestamp            `json:"updated_at"`
	ClosedAt  *gh.Timestamp            `json:"closed_at"`
	MergedAt  *gh.Timestamp            `json:"merged_at"`
}

func (p *pullRow) check() error {
	if p.Number <= 0 || p.State == "" {
		return &unusable{"has a pull request without a number or a state"}
	}
	return nil
}

// pullOf is p as the domain has it. asked is "owner/name".
func (c *Client) pullOf(p *pullRow, asked string) telemetry.PullRequest { return p.as(asked, c.clock) }

func (p *pullRow) as(asked string, clock func(*gh.Timestamp) time.Time) telemetry.PullRequest {
	repo, spelled := asked, string(telemetry.ParseRepo(p.Base.Repo.FullName))
	if strings.EqualFold(spelled, asked) {
		repo = spelled
	}
	return telemetry.PullRequest{
		Repo: repo, RenamedTo: spelled, Number: p.Number, Title: field(p.Title), Body: clip(p.Body, maxText), HTMLURL: webAddress(p.HTMLURL),
		State: field(p.State), Draft: p.Draft, User: field(p.User.Login), HeadRef: field(p.Head.Ref), HeadSHA: headSHA(p.Head.SHA),
		CreatedAt: clock(p.CreatedAt), UpdatedAt: clock(p.UpdatedAt), ClosedAt: clock(p.ClosedAt), MergedAt: clock(p.MergedAt),
	}
}

// headSHA is a commit that can be asked for, "" for none.
func headSHA(s string) string {
	if !isObjectName(s) {
		return ""
	}
	return s
}

func sizeOf(pulls []telemetry.PullRequest) int {
	const each = 512
	n := 0
	for i := range pulls {
		n += each + len(pulls[i].Title) + len(pulls[i].Body) + len(pulls[i].HTMLURL)
	}
	return n
}
