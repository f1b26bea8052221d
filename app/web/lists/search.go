package lists

import (
	"context"
	"errors"
	"strings"
	"time"

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

func (w *Web) searched() []shell.Panel {
	return []shell.Panel{w.Repos(), w.Issues(), w.Pulls(), w.Sessions(), w.Runs()}
}

// SearchPage searches every list for a text: first exact matches, then the
// first rows of each list, and how many there are.
func (w *Web) SearchPage(c *fiber.Ctx) error {
	text := strings.TrimSpace(c.Query("q"))
	s := shell.Screen{Title: "Search", Body: pages.Body{Title: "Search", Search: &text}}
	if text == "" {
		s.Body.Facts = []pages.Fact{{
			Icon: "search",
			Text: "Search for a repository, a rule, a file, an issue id, a session, a pull request or a run. The qualifiers of " +
				"lists work here too: is:open severity:critical.",
		}}
		return w.Show(c, s)
	}
	notice := parts.Notice{Tone: parts.Attention, Icon: "alert", Strong: "Unknown qualifier."}
	at, err := telemetry.AsOfParam(c.Query("as_of"), w.Now())
	if err != nil {
		return err
	}
	found, err := w.Dashboard.Search(c.UserContext(), text, at)
	if telemetry.CodeOf(err) == telemetry.CodeInvalid {
		s.Status, notice.Strong, notice.Text = fiber.StatusBadRequest, "Invalid search.", telemetry.Sentence(err)
	} else if err != nil {
		return err
	} else if s.Body.Rows, err = w.foundRows(c.UserContext(), found, at); err != nil {
		return err
	} else {
		notice.Text = found.Note
	}
	if notice.Text != "" {
		s.Body.Notices = []parts.Notice{notice}
	}
	return w.Show(c, s)
}

// foundRows are the groups that have rows, then the lists without a match and
// those that were not searched.
func (w *Web) foundRows(ctx context.Context, found dashboard.SearchResult, at time.Time) (rows [][]templ.Component, err error) {
	if hits := found.Exact; len(hits) > 0 {
		t := panels.Table[panels.Hit]{Frame: panels.Frame{ID: "exact", Title: "Exact matches", Count: parts.Number(len(hits))}, Brief: true}
		t.Rows = shell.RowsOf(hits, func(h dashboard.Hit) panels.Hit {
			return panels.Hit{Kind: h.Kind, Title: h.Title, Repo: string(h.Repo), URL: h.Path}
		})
		rows = append(rows, []templ.Component{panels.Hits(t)})
	}
	g := groups{rows: rows}
	err = errors.Join(
		group(ctx, &g, w.Repos(), found.Repos, w.RepoRows(at), panels.Repos),
		group(ctx, &g, w.Issues(), found.Issues, w.IssueRows(at), panels.Issues),
		group(ctx, &g, w.Pulls(), found.Pulls, w.PullRows(at), panels.Pulls),
		group(ctx, &g, w.Sessions(), found.Sessions, shell.Each(w.SessionRow), panels.Sessions),
		group(ctx, &g, w.Runs(), found.Runs, shell.Each(w.RunRow), panels.Runs))
	if len(g.none) > 0 {
		g.rows = append(g.rows, []templ.Component{panels.Missed(g.none, len(g.rows) == 0)})
	}
	return g.rows, err
}

// groups are what a search found by list, and the lists without a match.
type groups struct {
	rows [][]templ.Component
	none []panels.NotFound
}

// group adds one list's part of a search or, where it has no row, the reason.
func group[R, V any](ctx context.Context, to *groups, s shell.Panel, f dashboard.Found[R],
	rows func(context.Context, []R) ([]V, error), draw func(panels.Table[V]) templ.Component) (err error) {
	if f.Note != "" || f.Total == 0 {
		to.none = append(to.none, panels.NotFound{Title: s.Title, Note: f.Note})
		return nil
	}
	t := panels.Table[V]{Frame: panels.Frame{ID: s.Name, Title: s.Title, Count: parts.Number(f.Total)}, Brief: true}
	t.More = parts.Link{Text: "Open as a list", URL: links.Matching(s.Page, f.Query.String())}
	if int64(len(f.Items)) < f.Total {
		t.More.Text = "All " + t.Count
	}
	t.Rows, err = rows(ctx, f.Items)
	to.rows = append(to.rows, []templ.Component{draw(t)})
	return err
}
