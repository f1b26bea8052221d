package web

import (
	"context"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

func (w *Web) specSearch() spec {
	return spec{name: "search", title: "Repositories", page: "/search", topics: []string{telemetry.TopicRecords}, filters: []string{"q"}, draw: w.drawSearch}
}

func (w *Web) searchPage(c *fiber.Ctx) error {
	v := view{query: url.Values{"q": {c.Query("q")}}}
	return w.show(c, screen{title: "Search", body: pages.Body{Title: "Search", Rows: [][]templ.Component{{w.panel(c.UserContext(), w.specSearch(), v)}}}})
}

// drawSearch lists the repositories whose name holds what is searched for.
func (w *Web) drawSearch(ctx context.Context, v view) (templ.Component, error) {
	wanted := strings.ToLower(strings.TrimSpace(v.get("q")))
	t, err := short(ctx, v, 1<<20, parts.Sort{Key: "repo"}, w.reposOf(telemetry.RepoFilter{}), w.repoRow)
	var found []panels.RepoRow
	for _, r := range t.Rows {
		if wanted != "" && strings.Contains(strings.ToLower(r.Repo), wanted) && len(found) < perPageDefault {
			found = append(found, r)
		}
	}
	t.Rows, t.Count, t.At = found, parts.Number(len(found)), v.address()
	t.Empty = parts.Empty{Icon: "search", Title: "No repository matches", Code: v.get("q")}
	if wanted == "" {
		t.Empty = parts.Empty{Icon: "search", Title: "Search for a part of a repository’s name"}
	}
	return panels.Repos(t), err
}
