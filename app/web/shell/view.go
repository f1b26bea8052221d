package shell

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/links"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// View is what an address asks of a panel.
type View struct {
	Panel   Panel
	Scope   string            // owner/name as in the address, on a repository's page
	Repo    telemetry.RepoRow // of Scope
	Query   url.Values        // as it came
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
	for _, name := range append([]string{"page", "per_page", "sort", "order"}, v.Panel.Params...) {
		if value := v.Query.Get(name); value != "" {
			at.Query.Set(name, value)
		}
	}
	if text := v.Search(); text != v.Panel.Usual {
		at.Query.Set("q", text)
	}
	return at
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
// of the page's query.
func (v View) Brief() panels.Frame {
	f := v.Frame()
	f.At.Query = url.Values{}
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

// RepoKey is the repository that the page is about, "" for all.
func (v View) RepoKey() string { return v.Repo.Name.Key() }

// QueryOf returns the parameters of a request.
func QueryOf(c *fiber.Ctx) url.Values {
	values, _ := url.ParseQuery(string(c.Request().URI().QueryString())) // what cannot be read is left out
	return values
}
