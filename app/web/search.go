package web

import (
	"net/url"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/pages"
)

// searchRows is how many rows each group of a search shows.
const searchRows = 5

// searched are the lists that a search looks through.
func (w *Web) searched() []spec {
	return []spec{w.specRepos(), w.specIssues(), w.specPulls(), w.specSessions(), w.specRuns()}
}

// searchPage looks for a text in every list, and groups what it finds.
func (w *Web) searchPage(c *fiber.Ctx) error {
	text := c.Query("q")
	body := pages.Body{Title: "Search"}
	for _, s := range w.searched() {
		if text == "" {
			break
		}
		q, err := telemetry.Query{List: s.list}.And("", text)
		if err != nil {
			return err
		}
		v := view{spec: s, query: url.Values{"q": {q.String()}}, glimpse: searchRows}
		body.Rows = append(body.Rows, []templ.Component{w.panel(c.UserContext(), s, v)})
	}
	if text == "" {
		body.Facts = []pages.Fact{{Icon: "search", Text: "Search for a repository, a rule, a file, an issue id, a session or a pull request."}}
	}
	return w.show(c, screen{title: "Search", body: body})
}
