// Command walk lists everything with a generated client.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"contract/client"
)

const perPage = 7

// all asks for every page of a list, whose items must be as many as each page
// says. Where the demo has changed meanwhile it begins again.
func all(name string, ask func(page int) (items, total, pages int, err error)) {
	found, want, changes := 0, -1, 0
	for page, pages := 1, 1; page <= pages; page++ {
		items, total, last, err := ask(page)
		if err != nil {
			log.Fatalf("%s: page %d: %v", name, page, err)
		}
		if want >= 0 && total != want {
			if changes++; changes > 5 {
				log.Fatalf("%s: page %d says %d in all, the first %d", name, page, total, want)
			}
			found, want, page = 0, -1, 0
			continue
		}
		found, want, pages = found+items, total, last
	}
	if found != want || found == 0 {
		log.Fatalf("%s: %d items, the total is %d", name, found, want)
	}
	fmt.Printf("Go: %d %s\n", found, name)
}

func main() {
	ctx := context.Background()
	c, err := client.NewClientWithResponses(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	records(ctx, c)
	work(ctx, c)
	repos(ctx, c)
}

// records lists what records say.
func records(ctx context.Context, c *client.ClientWithResponses) {
	size := perPage
	all("runs", func(page int) (int, int, int, error) {
		r, err := c.RunsWithResponse(ctx, &client.RunsParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
	all("issues", func(page int) (int, int, int, error) {
		r, err := c.IssuesWithResponse(ctx, &client.IssuesParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
	all("files", func(page int) (int, int, int, error) {
		r, err := c.FilesWithResponse(ctx, &client.FilesParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
	all("verifications", func(page int) (int, int, int, error) {
		r, err := c.VerificationsWithResponse(ctx, &client.VerificationsParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
	all("changes", func(page int) (int, int, int, error) {
		r, err := c.ChangesWithResponse(ctx, &client.ChangesParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
}

// work lists what was done, and is to be done.
func work(ctx context.Context, c *client.ClientWithResponses) {
	size := perPage
	all("sessions", func(page int) (int, int, int, error) {
		r, err := c.SessionsWithResponse(ctx, &client.SessionsParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
	all("prs", func(page int) (int, int, int, error) {
		r, err := c.PrsWithResponse(ctx, &client.PrsParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
	all("jobs", func(page int) (int, int, int, error) {
		r, err := c.JobsWithResponse(ctx, &client.JobsParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
	all("needs-attention", func(page int) (int, int, int, error) {
		r, err := c.NeedsAttentionWithResponse(ctx, &client.NeedsAttentionParams{Page: &page, PerPage: &size})
		if err != nil || r.JSON200 == nil {
			return 0, 0, 0, err
		}
		return len(r.JSON200.Items), r.JSON200.Total, r.JSON200.Pages, nil
	})
}

// repos lists the repositories, which have no pages.
func repos(ctx context.Context, c *client.ClientWithResponses) {
	list, err := c.ReposWithResponse(ctx, &client.ReposParams{})
	if err != nil || list.JSON200 == nil {
		log.Fatalf("repos: %v", err)
	}
	stats, err := c.StatsWithResponse(ctx, &client.StatsParams{})
	if err != nil || stats.JSON200 == nil || stats.JSON200.ReposScanned != len(*list.JSON200) {
		log.Fatalf("stats: %v, %d repositories", err, len(*list.JSON200))
	}
	fmt.Printf("Go: %d repos\n", len(*list.JSON200))
}
