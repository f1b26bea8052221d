package github

import (
	"context"
	"path"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// Codeowners returns the CODEOWNERS file of a repository's default branch, one without a
// path where it has none, or one that GitHub does not read for its size. Unchanged since
// the last call, it costs no counted request.
func (c *Client) Codeowners(ctx context.Context, repo string) (telemetry.CodeownersFile, error) {
	repo, err := ownerName(repo)
	if err != nil {
		return telemetry.CodeownersFile{}, err
	}
	return share(ctx, c, "code owners of "+strings.ToLower(repo), func(ctx context.Context) (telemetry.CodeownersFile, error) {
		// A repository that the token may not see answers as one without the file.
		if _, err := c.Repository(ctx, repo); err != nil {
			return telemetry.CodeownersFile{}, err
		}
		for _, name := range telemetry.CodeownersFiles() {
			file, err := c.codeowners(ctx, repo, name)
			if !missing(err) {
				return file, c.failure(ctx, question{what: "CODEOWNERS of " + repo, needs: repoQuestion(repo).needs}, err)
			}
		}
		return telemetry.CodeownersFile{}, nil
	})
}

// codeowners asks for the file in one place.
func (c *Client) codeowners(ctx context.Context, repo, name string) (telemetry.CodeownersFile, error) {
	f := folder{c: c, repo: repo, branch: "HEAD", path: path.Dir(name)}
	var row blobRow
	address := "repos/" + repo + "/contents/" + name
	if _, err := c.get(ctx, request{address: address, limit: maxBlob, keep: true}, object(&row, func() error {
		if row.Content == nil {
			return &unusable{"has no content"}
		}
		return nil
	})); err != nil {
		return telemetry.CodeownersFile{}, err
	}
	if row.Size > telemetry.MostCodeowners {
		return telemetry.CodeownersFile{}, nil
	}
	file := telemetry.RunFile{Name: path.Base(name), SHA: row.SHA, Size: row.Size}
	var body []byte
	var err error
	if row.Encoding == "none" { // over a megabyte, the content is not in it
		body, err = f.blob(ctx, file)
	} else {
		body, err = row.decode(file)
	}
	if err != nil {
		return telemetry.CodeownersFile{}, err
	}
	return telemetry.CodeownersFile{Path: name, Text: clip(string(body), telemetry.MostCodeowners)}, nil
}
