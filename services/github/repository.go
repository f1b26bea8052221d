package github

import (
	"context"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// Repository returns what GitHub says of a repository: GitHub leads from the old
// names of one that was renamed or transferred to it. Unchanged since the last
// call, it costs no counted request.
func (c *Client) Repository(ctx context.Context, repo string) (telemetry.GitHubRepo, error) {
	repo, err := ownerName(repo)
	if err != nil {
		return telemetry.GitHubRepo{}, err
	}
	return share(ctx, c, "repository "+strings.ToLower(repo), func(ctx context.Context) (telemetry.GitHubRepo, error) {
		var row struct {
			ID       int64
			FullName string `json:"full_name"`
			Archived bool
			Parent   struct {
				FullName string `json:"full_name"`
			}
		}
		_, err := c.get(ctx, request{address: "repos/" + repo, limit: maxObject, keep: true}, object(&row, func() error {
			if row.ID <= 0 || telemetry.ParseRepo(row.FullName) == "" {
				return &unusable{"is not about a repository"}
			}
			return nil
		}))
		if err != nil {
			return telemetry.GitHubRepo{}, c.failure(ctx, repoQuestion(repo), err)
		}
		return telemetry.GitHubRepo{
			ID: row.ID, Name: telemetry.ParseRepo(row.FullName), Parent: telemetry.ParseRepo(row.Parent.FullName), Archived: row.Archived,
		}, nil
	})
}
