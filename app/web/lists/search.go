package lists

import (
	"context"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/app/web/shell"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// searched are the lists that a search looks through.
func (w *Web) searched() []shell.Panel {
	return []shell.Panel{w.Repos(), w.Issues(), w.Pulls(), w.Sessions(), w.Runs()}
}

// SearchPage searches every list for a text: first exact matches, then the
// first rows of each list, and how many there are.
func (w *Web) SearchPage(c *fiber.Ctx) error {
	text := strings.TrimSpace(c.Query("q"))
	if text == "" {
		facts := []pages.Fact{{
			Icon: "search",
			Text: "Search for a repository, a rule, a file, an issue id, a session, a pull request or a run. The qualifiers of " +
				"lists work here too: is:open severity:critical.",
		}}
		return w.Show(c, shell.Screen{Title: "Search", Body: pages.Body{Title: "Search", Search: &text, Facts: facts}})
	}
	found, err := w.Dashboard.Search(c.UserContext(), text)
	if telemetry.CodeOf(err) == telemetry.CodeInvalid {
		notice := parts.Notice{Tone: parts.Attention, Icon: "alert", Strong: "Invalid search.", Text: shell.Sentence(err)}
		return w.Show(c, shell.Screen{
			Title:  "Search",
			Status: fiber.StatusBadRequest,
			Body:   pages.Body{Title: "Search", Search: &text, Notices: []parts.Notice{notice}},
		})
	}
	if err != nil {
		return err
	}
	rows, err := w.foundRows(c.UserContext(), found)
	if err != nil {
		return err
	}
	body := pages.Body{Title: "Search", Search: &text, Rows: rows}
	if found.Note != "" {
		body.Notices = []parts.Notice{{Tone: parts.Attention, Icon: "alert", Strong: "Unknown qualifier.", Text: found.Note}}
	}
	return w.Show(c, shell.Screen{Title: "Search", Body: body})
}

// foundRows are the groups that have rows, then the lists without a match and
// those that were not searched.
func (w *Web) foundRows(ctx context.Context, found dashboard.SearchResult) (rows [][]templ.Component, err error) {
	repos, err := inFull(ctx, found.Repos, w.WithDays)
	if err != nil {
		return nil, err
	}
	issues, err := inFull(ctx, found.Issues, w.WithSessions)
	if err != nil {
		return nil, err
	}
	pulls, err := inFull(ctx, found.Pulls, w.WithMarks)
	if err != nil {
		return nil, err
	}
	if hits := found.Exact; len(hits) > 0 {
		t := panels.Table[panels.Hit]{Frame: panels.Frame{ID: "exact", Title: "Exact matches", Count: parts.Number(len(hits))}, Brief: true}
		t.Rows = shell.RowsOf(hits, func(h dashboard.Hit) panels.Hit {
			return panels.Hit{Kind: h.Kind, Title: h.Title, Repo: string(h.Repo), URL: h.Path}
		})
		rows = append(rows, []templ.Component{panels.Hits(t)})
	}
	var none []panels.NotFound
	add := func(part templ.Component, missed panels.NotFound) {
		if part != nil {
			rows = append(rows, []templ.Component{part})
		} else {
			none = append(none, missed)
		}
	}
	add(group(w.Repos(), repos, shell.RepoRow, panels.Repos))
	add(group(w.Issues(), issues, w.TakenRow, panels.Issues))
	add(group(w.Pulls(), pulls, w.MarkedRow, panels.Pulls))
	add(group(w.Sessions(), found.Sessions, w.SessionRow, panels.Sessions))
	add(group(w.Runs(), found.Runs, w.RunRow, panels.Runs))
	if len(none) > 0 {
		rows = append(rows, []templ.Component{panels.Missed(none, len(rows) == 0)})
	}
	return rows, nil
}

// inFull adds the related data that the list of the rows shows.
func inFull[A, B any](
	ctx context.Context, f dashboard.Found[A], with func(context.Context, []A) ([]B, error),
) (dashboard.Found[B], error) {
	items, err := with(ctx, f.Items)
	return dashboard.Found[B]{List: telemetry.List[B]{Items: items, Total: f.Total}, Query: f.Query, Note: f.Note}, err
}

// group is one list's part of a search, or, where it has no row, the reason.
func group[R, V any](s shell.Panel, f dashboard.Found[R], row func(R) V,
	draw func(panels.Table[V]) templ.Component) (templ.Component, panels.NotFound) {
	if f.Note != "" || f.Total == 0 {
		return nil, panels.NotFound{Title: s.Title, Note: f.Note}
	}
	t := panels.Table[V]{
		Frame: panels.Frame{ID: s.Name, Title: s.Title, Count: parts.Number(f.Total)},
		Brief: true,
		Rows:  shell.RowsOf(f.Items, row),
	}
	if int64(len(f.Items)) < f.Total {
		t.More = parts.Link{Text: "All " + t.Count, URL: links.Matching(s.Page, f.Query.String())}
	} else {
		t.More = parts.Link{Text: "Open as a list", URL: links.Matching(s.Page, f.Query.String())}
	}
	return draw(t), panels.NotFound{}
}
