package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/upstream"
)

const (
	maxOpen  = 30 * perPage // open pull requests
	maxParts = maxRows      // checks, or reviews, of a pull request
)

// OpenPulls returns the open pull requests of a repository, newest first. The
// answer is kept for Options.CacheTTL. More than 3,000 are CodeUpstreamBroken.
func (c *Client) OpenPulls(ctx context.Context, repo string) ([]telemetry.PullRequest, error) {
	repo, err := ownerName(repo)
	if err != nil {
		return nil, err
	}
	return cached(ctx, c, "open pull requests of "+strings.ToLower(repo), sizeOf, func(ctx context.Context) ([]telemetry.PullRequest, error) {
		list := []telemetry.PullRequest{}
		address := "repos/" + repo + "/pulls?state=open&sort=created&direction=desc"
		whole, err := readParts(ctx, c, address, "", maxOpen, func(row pullRow) error {
			// A server that does not know the parameter state answers all.
			if row.State != "closed" {
				list = append(list, c.pullOf(&row, repo))
			}
			return row.check()
		})
		if err == nil && (!whole || sizeOf(list) > maxListBytes) {
			err = &unusable{fmt.Sprintf("has more than %d open ones; the rest was not read", maxOpen)}
		}
		if err != nil {
			return nil, c.failure(ctx, pullsQuestion(repo), err)
		}
		return list, nil
	})
}

// PullDetails returns a pull request with its reviews, checks and mergeability. The answer is
// kept for Options.CacheTTL, and returned, as stale, when GitHub cannot be asked.
func (c *Client) PullDetails(ctx context.Context, repo string, number int) (telemetry.PullDetails, error) {
	repo, err := ownerName(repo)
	if err != nil {
		return telemetry.PullDetails{}, err
	}
	key := detailsOf(repo, number)
	d, err := cached(ctx, c, key, sizeOfDetails, func(ctx context.Context) (telemetry.PullDetails, error) {
		return c.askDetails(ctx, repo, number)
	})
	if failure, ok := errors.AsType[*telemetry.Error](err); ok && ctx.Err() == nil && isOutage(failure.Code) {
		if last, kept := c.kept.Get(key); kept {
			d, err = last.value.(telemetry.PullDetails), nil
			d.Stale = failure.Message
		}
	}
	return d, err
}

// FreshPullDetails is PullDetails as GitHub says it now. Unchanged, it costs no
// counted request. PullDetails answers from it.
func (c *Client) FreshPullDetails(ctx context.Context, repo string, number int) (telemetry.PullDetails, error) {
	repo, err := ownerName(repo)
	if err != nil {
		return telemetry.PullDetails{}, err
	}
	key := detailsOf(repo, number)
	return share(ctx, c, "fresh "+key, func(ctx context.Context) (telemetry.PullDetails, error) {
		d, err := c.askDetails(ctx, repo, number)
		if err == nil {
			c.keepFor(key, d, sizeOfDetails(d))
		}
		return d, err
	})
}

func detailsOf(repo string, number int) string {
	return fmt.Sprintf("details of %s#%d", strings.ToLower(repo), number)
}

// isOutage reports whether a failure says nothing of what was asked.
func isOutage(code telemetry.Code) bool {
	return slices.Contains([]telemetry.Code{telemetry.CodeUpstreamDown, telemetry.CodeUpstreamTimeout, telemetry.CodeUpstreamBroken,
		telemetry.CodeRateLimited}, code)
}

func (c *Client) askDetails(ctx context.Context, repo string, number int) (telemetry.PullDetails, error) {
	row, err := c.pull(ctx, repo, number)
	if err != nil {
		return telemetry.PullDetails{}, err
	}
	d := telemetry.PullDetails{Pull: c.pullOf(&row, repo), AskedAt: c.wire.now().UTC()}
	d.Status.Mergeable = telemetry.MergeOf(row.Mergeable)
	if err := c.addChecks(ctx, repo, row.Head.SHA, &d); err != nil {
		return telemetry.PullDetails{}, err
	}
	reviews, whole, err := c.reviews(ctx, repo, number)
	if err := unseenIn(&d, "reviews", whole, err); err != nil {
		return telemetry.PullDetails{}, err
	}
	if d.Reviews = reviews; err == nil {
		d.Status.Review = telemetry.ReviewOf(reviews, len(row.Reviewers)+len(row.Teams) > 0)
	}
	return d, nil
}

// addChecks adds the checks of a commit: its last check runs, and its statuses.
// Where the token may not see one kind, only what failed or has not ended in the
// other is certain.
func (c *Client) addChecks(ctx context.Context, repo, sha string, d *telemetry.PullDetails) error {
	d.Checks = []telemetry.Check{}
	if !isObjectName(sha) {
		return c.broken(partQuestion("checks", "Checks: read", repo), "names no head commit", nil)
	}
	all := true
	for _, kind := range []struct {
		name string
		ask  func(context.Context, string, string) ([]telemetry.Check, bool, error)
	}{{"checks", c.checkRuns}, {"commit statuses", c.statuses}} {
		list, whole, err := kind.ask(ctx, repo, sha)
		if err := unseenIn(d, kind.name, whole, err); err != nil {
			return err
		}
		all = all && err == nil && whole
		d.Checks = append(d.Checks, list...)
	}
	slices.SortStableFunc(d.Checks, func(a, b telemetry.Check) int { return cmp.Compare(a.Name, b.Name) })
	if sum := telemetry.ChecksOf(d.Checks); all || sum == telemetry.ChecksFailure || sum == telemetry.ChecksPending {
		d.Status.Checks = sum
	}
	return nil
}

// checkRuns returns the last check runs of a commit, and whether these are all.
func (c *Client) checkRuns(ctx context.Context, repo, sha string) (list []telemetry.Check, whole bool, err error) {
	address := "repos/" + repo + "/commits/" + sha + "/check-runs?filter=latest"
	whole, err = readParts(ctx, c, address, "check_runs", maxParts, func(r checkRow) error {
		if r.Name == "" || r.Status == "" {
			return &unusable{"has a check without a name or a status"}
		}
		list = append(list, telemetry.Check{
			Name:       field(r.Name),
			Status:     field(r.Status),
			Conclusion: field(r.Conclusion),
			URL:        cmp.Or(webAddress(r.HTMLURL), webAddress(r.DetailsURL)),
		})
		return nil
	})
	return list, whole, c.failure(ctx, partQuestion("checks", "Checks: read", repo), err)
}

// statuses returns the last status of each context of a commit, and whether these
// are all. GitHub's own sum is not read: without a status it is pending.
func (c *Client) statuses(ctx context.Context, repo, sha string) (list []telemetry.Check, whole bool, err error) {
	address := "repos/" + repo + "/commits/" + sha + "/status?"
	whole, err = readParts(ctx, c, address, "statuses", maxParts, func(r statusRow) error {
		if r.Context == "" || r.State == "" {
			return &unusable{"has a commit status without a context or a state"}
		}
		check := telemetry.Check{Name: field(r.Context), Status: "completed", Conclusion: field(r.State), Commit: true}
		check.URL = webAddress(r.TargetURL)
		if r.State == "pending" {
			check.Status, check.Conclusion = r.State, ""
		}
		list = append(list, check)
		return nil
	})
	return list, whole, c.failure(ctx, partQuestion("commit statuses", "Commit statuses: read", repo), err)
}

func (c *Client) reviews(ctx context.Context, repo string, number int) (list []telemetry.Review, whole bool, err error) {
	list = []telemetry.Review{}
	address := fmt.Sprintf("repos/%s/pulls/%d/reviews?", repo, number)
	whole, err = readParts(ctx, c, address, "", maxParts, func(r reviewRow) error {
		if r.State == "" {
			return &unusable{"has a review without a state"}
		}
		list = append(list, telemetry.Review{
			Reviewer: field(r.User.Login),
			State:    field(r.State),
			URL:      webAddress(r.HTMLURL),
			At:       c.clock(r.SubmittedAt),
			Outsider: !slices.Contains([]string{"", "OWNER", "MEMBER", "COLLABORATOR"}, r.Association),
		})
		return nil
	})
	return list, whole, c.failure(ctx, partQuestion("reviews", "Pull requests: read", repo), err)
}

type checkRow struct {
	ID                       int64
	Name, Status, Conclusion string
	HTMLURL                  string `json:"html_url"`
	DetailsURL               string `json:"details_url"`
}

type reviewRow struct {
	ID          int64
	User        struct{ Login string }
	State       string
	HTMLURL     string        `json:"html_url"`
	SubmittedAt *gh.Timestamp `json:"submitted_at"`
	Association string        `json:"author_association"`
}

type statusRow struct {
	ID             int64
	Context, State string
	TargetURL      string `json:"target_url"`
}

func (r checkRow) id() int64  { return r.ID }
func (r reviewRow) id() int64 { return r.ID }
func (r statusRow) id() int64 { return r.ID }
func (p pullRow) id() int64   { return int64(p.Number) }

// part is a row of a list; some have no id.
type part interface{ id() int64 }

// readParts reads a list page by page, each row once and at most so many, and
// reports whether these are all. A page is a list, or an object whose field list is one.
func readParts[T part](ctx context.Context, c *Client, address, list string, most int, take func(T) error) (whole bool, err error) {
	seen, taken, over := map[int64]bool{}, 0, false
	whole, err = eachPage(most/perPage, func(number int) (p page, n int, fresh bool, err error) {
		each := func(row T) error {
			n++
			id := row.id()
			if over = over || taken == most; over || (id != 0 && seen[id]) {
				return nil
			}
			seen[id], fresh = true, true
			taken++
			return take(row)
		}
		decode := rows(each)
		if list != "" {
			decode = func(in io.Reader) error { return upstream.Object(in, list, maxRows, each, nil) }
		}
		if p, err = c.get(ctx, request{address: address, keep: true}.page(number), decode); over {
			p.more, p.linked, fresh = false, true, false
		}
		return p, n, fresh, err
	})
	return whole && !over, err
}

func partQuestion(part, permission, repo string) question {
	return question{
		what:    fmt.Sprintf("the %s of a pull request of %s", part, repo),
		needs:   permission,
		missing: fmt.Sprintf("GitHub shows no %s for this pull request (404).", part),
	}
}

// unseenIn returns err, unless it is only that the token may not see a part, which
// it notes in d.
func unseenIn(d *telemetry.PullDetails, part string, whole bool, err error) error {
	switch e, _ := errors.AsType[*telemetry.Error](err); {
	case err == nil && !whole:
		d.Unseen = append(d.Unseen, fmt.Sprintf("GitHub lists more than %d %s; only the first %d are read.", maxParts, part, maxParts))
	case telemetry.CodeOf(err) == telemetry.CodeUpstreamDenied, telemetry.CodeOf(err) == telemetry.CodeUpstreamNotFound:
		d.Unseen = append(d.Unseen, e.Message)
		return nil
	}
	return err
}

func sizeOfDetails(d telemetry.PullDetails) int {
	const each = 256
	n := sizeOf([]telemetry.PullRequest{d.Pull})
	for _, c := range d.Checks {
		n += each + len(c.Name) + len(c.URL)
	}
	for _, r := range d.Reviews {
		n += each + len(r.Reviewer) + len(r.URL)
	}
	return n
}
