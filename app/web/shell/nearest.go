package shell

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/parts"
)

// farMost is how many letters off a near match may be.
const farMost = 6

const nearMost = 5

// nearest returns the names that a mistyped "owner/name" may have meant,
// the nearest first: those that share the repository's name or hold it, and
// those a few letters away.
func nearest(wanted string, names []string) []string {
	type match struct {
		name string
		far  int
	}
	wanted = strings.ToLower(wanted)
	_, short, _ := strings.Cut(wanted, "/")
	var found []match
	for _, name := range names {
		lower := strings.ToLower(name)
		_, own, _ := strings.Cut(lower, "/")
		far := min(telemetry.Distance(wanted, lower), telemetry.Distance(short, own)+1)
		if short != "" && strings.Contains(own, short) {
			far = min(far, 2)
		}
		if short != "" && far <= min(max(2, len(short)/3), farMost) {
			found = append(found, match{name, far})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.name, b.name)) })
	var out []string
	for _, m := range found[:min(nearMost, len(found))] {
		out = append(out, m.name)
	}
	return out
}

// NoRepo answers for a repository that no record names as a target: a fork
// leads to its target, any other name to those nearest to it.
func (w *Shell) NoRepo(c *fiber.Ctx, name, tab string, cause error) error {
	list, err := w.Dashboard.Repos.Rows(c.UserContext(), query.Ask{Page: query.Page{Sort: "repo", Order: "asc"}})
	if err != nil {
		return err
	}
	var names []string
	for _, r := range list.Items {
		if r.Fork != "" && r.Fork.Key() == strings.ToLower(name) {
			return c.Redirect(links.In(r.Name, tab), fiber.StatusSeeOther)
		}
		names = append(names, string(r.Name))
	}
	var near []parts.Link
	for _, n := range nearest(name, names) {
		near = append(near, parts.Link{Text: n, URL: links.Repo(n)})
	}
	document := w.Document(c, "Not found", links.Repos)
	return Render(c, fiber.StatusNotFound, pages.Problem(document, "Repository not found", telemetry.Sentence(cause), near))
}
