package shell

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/pages"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// View is what an address asks of a panel.
type View struct {
	Panel   Panel
	Scope   string            // owner/name as in the address, on a repository's page
	Repo    telemetry.RepoRow // of Scope
	Query   url.Values        // as it came
	AsOf    time.Time         // the past time that it is about; zero is now
	Jobs    []OwnJob
	figures func() (dashboard.Overview, error) // of the period, asked once for the panels of a page; nil = ask
	stats   func() (dashboard.Stats, error)    // of now, in the same way
	Subject string                             // what a panel about one thing is about
	Form    url.Values                         // what was typed into a form that could not be sent
	Fault   error                              // why not
	Later   bool                               // a lazy panel's place is shown, and it is asked for by the page
}

// Of makes the view that of a panel.
func (v View) Of(p Panel) View {
	v.Panel = p
	return v
}

// Search is the text of the list's query.
func (v View) Search() string {
	if v.Panel.List != nil && v.Query.Has("q") {
		return strings.TrimSpace(v.Query.Get("q"))
	}
	return v.Panel.Usual
}

// Get returns a parameter of the panel.
func (v View) Get(name string) string { return v.Query.Get(name) }

// Address is the page and the fragment of the panel, with those parameters
// that the panel knows.
func (v View) Address() parts.Address {
	at := parts.Address{Page: v.Panel.Page, Panel: links.Panel(v.Panel.Name), Query: url.Values{}}
	if v.Scope != "" {
		at.Page, at.Scope = links.In(v.Scope, v.Panel.Tab), url.Values{"scope": {v.Scope}}
	}
	if v.Panel.One {
		at.Page, at.Scope = links.Of(v.Panel.Page, v.Subject), url.Values{"id": {v.Subject}}
	}
	for _, name := range append([]string{"page", "per_page", "sort", "order", "columns"}, v.Panel.Params...) {
		if name == "columns" && len(v.Columns()) == 0 {
			continue
		}
		if value := v.Query.Get(name); value != "" {
			at.Query.Set(name, value)
		}
	}
	if v.Panel.Past && !v.AsOf.IsZero() {
		at.Query.Set("as_of", v.Get("as_of"))
	}
	if text := v.Search(); text != v.Panel.Usual {
		at.Query.Set("q", text)
	}
	return at
}

// Columns are the columns on request that are shown: those that the address
// names, of those that the panel has.
func (v View) Columns() []string {
	asked := strings.Split(v.Get("columns"), ",")
	return slices.DeleteFunc(slices.Clone(v.Panel.Chosen), func(name string) bool { return !slices.Contains(asked, name) })
}

// Frame is the frame of the panel.
func (v View) Frame() panels.Frame {
	return panels.Frame{
		ID:     v.Panel.Name,
		Title:  v.Panel.Title,
		At:     v.Address(),
		Topics: strings.Join(v.Panel.Topics, " "),
		Every:  v.Panel.Every,
		Later:  v.Later,
	}
}

// Brief is the frame of a panel that is no list of its own: it takes nothing
// of the page's query but the time.
func (v View) Brief() panels.Frame {
	f := v.Frame()
	asOf := f.At.Query.Get("as_of")
	if f.At.Query = (url.Values{}); asOf != "" {
		f.At.Query.Set("as_of", asOf)
	}
	return f
}

// Untitled is the frame of a panel that has its own head.
func (v View) Untitled() panels.Frame {
	f := v.Frame()
	f.Title = ""
	return f
}

// PerPageLeast is the fewest rows of a page that the pages offer.
const PerPageLeast = 25

// Paging reads page, per_page, sort and order. What is not a number
// is CodeInvalid, what is out of range is clamped.
func (v View) Paging(sort parts.Sort) (query.Page, error) {
	p := query.Page{Sort: v.Get("sort"), Order: v.Get("order")}
	usual := "asc" // of a sort that was chosen
	if p.Sort == "" {
		p.Sort, usual = sort.Key, sort.Order()
	}
	var err error
	if p.Order, err = telemetry.OrderParam(cmp.Or(p.Order, usual)); err != nil {
		return p, err
	}
	if p.Number, err = v.Number("page", 1, 1, 1<<40); err != nil {
		return p, err
	}
	p.Size, err = v.Number("per_page", query.PerPage, PerPageLeast, query.PerPageMost)
	return p, err
}

// Number reads a whole number, which is clamped.
func (v View) Number(name string, fallback, least, most int64) (int64, error) {
	text := v.Get(name)
	if text == "" {
		return fallback, nil
	}
	return telemetry.NumberParam(name, text, fallback, least, most)
}

// NowOf is the time that the view is about.
func (w *Shell) NowOf(v View) time.Time {
	if v.AsOf.IsZero() {
		return w.Now()
	}
	return v.AsOf
}

// RepoKey is the repository that the page is about, "" for all.
func (v View) RepoKey() string { return v.Repo.Name.Key() }

// QueryOf returns the parameters of a request.
func QueryOf(c *fiber.Ctx) url.Values {
	values, _ := url.ParseQuery(string(c.Request().URI().QueryString())) // what cannot be read is left out
	return values
}

// ReportFact links to the printable report of the page.
func (v View) ReportFact() []pages.Fact {
	return []pages.Fact{{
		Icon: "log",
		Link: parts.Link{Text: "Printable report", URL: links.With(links.Report, "period", v.period(), "repo", v.Scope)},
	}}
}

// Once makes the panels of a page ask for the figures together, those of now
// and those of the period: these parts are all that they show.
func (w *Shell) Once(ctx context.Context, v View, parts ...telemetry.TrendPart) View {
	alone := v
	v.figures = sync.OnceValues(func() (dashboard.Overview, error) { return w.Figures(ctx, alone, parts...) })
	v.stats = sync.OnceValues(func() (dashboard.Stats, error) { return w.Stats(ctx, alone) })
	return v
}

// Due is how issues stand with their due dates, of the view's repository or of all.
func (w *Shell) Due(ctx context.Context, v View) (dashboard.Due, error) {
	return w.Dashboard.Due(ctx, w.question(v))
}

// Stats are the figures of now.
func (w *Shell) Stats(ctx context.Context, v View) (dashboard.Stats, error) {
	if v.stats != nil {
		return v.stats()
	}
	return w.Dashboard.Stats(ctx, w.question(v))
}

// TileParts are what the tiles show of a period.
func TileParts() []telemetry.TrendPart {
	return []telemetry.TrendPart{telemetry.TrendWaiting, telemetry.TrendPulls}
}

func (v View) period() string {
	return cmp.Or(v.Get("period"), telemetry.PeriodDefault)
}

// Periods are the choices of a page's period, from its address.
func (v View) Periods(at parts.Address) []parts.Tab {
	var tabs []parts.Tab
	for _, p := range []parts.Link{
		{Text: "7 days", URL: "7d"}, {Text: "30 days", URL: "30d"}, {Text: "90 days", URL: "90d"},
		{Text: "All", URL: "all"},
	} {
		tabs = append(tabs, parts.Tab{Text: p.Text, URL: at.Href("period", p.URL), Current: p.URL == v.period()})
	}
	return tabs
}

func (w *Shell) question(v View) dashboard.Question {
	return dashboard.Question{Period: v.period(), Repo: v.Repo.Name, Now: w.Now(), AsOf: v.AsOf}
}

// Effectiveness is what came of sessions' attempts in the view's period.
func (w *Shell) Effectiveness(ctx context.Context, v View) (dashboard.Effectiveness, error) {
	return w.Dashboard.Effectiveness(ctx, w.question(v))
}

// Figures are those of the view's period: the parts that a panel shows, or
// those that all panels of its page show, which ask once.
func (w *Shell) Figures(ctx context.Context, v View, parts ...telemetry.TrendPart) (dashboard.Overview, error) {
	if v.figures != nil {
		return v.figures()
	}
	q := w.question(v)
	q.Parts = parts
	return w.Dashboard.Overview(ctx, q)
}
