package github

import (
	"context"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// RepositoryName returns the name that a repository has now: GitHub leads from
// the old names of one that was renamed or transferred to it. Unchanged since the
// last call, it costs no counted request.
func (c *Client) RepositoryName(ctx context.Context, repo string) (string, error) {
	repo, err := ownerName(repo)
	if err != nil {
		return "", err
	}
	return share(ctx, c, "name of "+strings.ToLower(repo), func(ctx context.Context) (string, error) {
		var row struct {
			FullName string `json:"full_name"`
		}
		_, err := c.get(ctx, request{address: "repos/" + repo, limit: maxObject, keep: true}, object(&row, func() error {
			if !strings.Contains(string(telemetry.ParseRepo(row.FullName)), "/") {
				return &unusable{"is not about a repository"}
			}
			return nil
		}))
		return string(telemetry.ParseRepo(row.FullName)), c.failure(ctx, repoQuestion(repo), err)
	})
}
