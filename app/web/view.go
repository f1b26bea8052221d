package web

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/views/panels"
	"telemetry-dashboard/views/parts"
)

// spec is a panel: its name (its address under /panels/ and its id), what it
// shows and how often it asks again by itself.
type spec struct {
	name   string
	title  string
	page   string // of which it is part; on a repository's page scoped says which tab
	tab    string // of a repository's page: "/issues"; "" = the page itself
	topics []string
	every  string
	list   dashboard.Described // whose query language its q is written in; nil = it takes none
	usual  string              // its q where the address has none
	menus  []string            // the qualifiers that it offers as menus
	params []string            // further parameters of its address
	one    bool                // it is about one thing: what its page's path names after page
	lazy   bool                // it asks an upstream: its page does not wait for it, and it has no ETag
	clock  bool                // what it shows depends on the time too; a list with a query always does
	draw   draw
}

// view is what an address asks of a panel.
type view struct {
	spec    spec
	scope   string            // owner/name as in the address, on a repository's page
	repo    telemetry.RepoRow // of scope
	query   url.Values        // as it came
	jobs    []ownJob
	figures func() (dashboard.Overview, error) // of the period, asked once for the panels of a page; nil = ask
	stats   func() (dashboard.Stats, error)    // of now, likewise
	subject string                             // what a panel about one thing is about
	form    url.Values                         // what was typed into a form that could not be sent
	fault   error                              // why not
	later   bool                               // a lazy panel's place is shown, and it is asked for by the page
}

// of makes the view that of a panel.
func (v view) of(s spec) view {
	v.spec = s
	return v
}

// search is the text of the list's query.
func (v view) search() string {
	if v.spec.list != nil && v.query.Has("q") {
		return strings.TrimSpace(v.query.Get("q"))
	}
	return v.spec.usual
}

// get returns a parameter of the panel.
func (v view) get(name string) string { return v.query.Get(name) }

// address says where the panel stands; of the query only what the panel
// knows is kept.
func (v view) address() parts.Address {
	at := parts.Address{Page: v.spec.page, Panel: "/panels/" + v.spec.name, Query: url.Values{}}
	if v.scope != "" {
		at.Page, at.Scope = panels.RepoURL(v.scope)+v.spec.tab, url.Values{"scope": {v.scope}}
	}
	if v.spec.one {
		at.Page, at.Scope = v.spec.page+"/"+pathOf(v.subject), url.Values{"id": {v.subject}}
	}
	for _, name := range append([]string{"page", "per_page", "sort", "order"}, v.spec.params...) {
		if value := v.query.Get(name); value != "" {
			at.Query.Set(name, value)
		}
	}
	if text := v.search(); text != v.spec.usual {
		at.Query.Set("q", text)
	}
	return at
}

func (v view) frame() panels.Frame {
	return panels.Frame{
		ID:     v.spec.name,
		Title:  v.spec.title,
		At:     v.address(),
		Topics: strings.Join(v.spec.topics, " "),
		Every:  v.spec.every,
		Later:  v.later,
	}
}

// brief is the frame of a panel that is no list of its own: it takes nothing
// of the page's query.
func (v view) brief() panels.Frame {
	f := v.frame()
	f.At.Query = url.Values{}
	return f
}

// untitled is the frame of a panel that has its own head.
func (v view) untitled() panels.Frame {
	f := v.frame()
	f.Title = ""
	return f
}

// Rows a page.
const (
	perPageDefault = 50
	perPageLeast   = 25
	perPageMost    = 200
)

// paging reads page, per_page, sort and order. What is no number is
// CodeInvalid, what is out of range is clamped.
func (v view) paging(sort parts.Sort) (query.Page, error) {
	p := query.Page{Sort: v.get("sort"), Order: v.get("order")}
	if p.Sort == "" {
		p.Sort = sort.Key
		if p.Order == "" && sort.Desc {
			p.Order = "desc"
		}
	}
	if p.Order == "" {
		p.Order = "asc"
	}
	if p.Order != "asc" && p.Order != "desc" {
		return p, telemetry.Errorf(telemetry.CodeInvalid, "order: it is asc or desc.")
	}
	var err error
	if p.Number, err = v.number("page", 1, 1, 1<<40); err != nil {
		return p, err
	}
	p.Size, err = v.number("per_page", perPageDefault, perPageLeast, perPageMost)
	return p, err
}

func (v view) number(name string, fallback, least, most int64) (int64, error) {
	text := v.get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, telemetry.Errorf(telemetry.CodeInvalid, "%s: this is no whole number; write for example %s=%d.", name, name, fallback)
	}
	return min(max(n, least), most), nil
}

// words reads a list parted by commas, each of which must be an allowed one.
func words[T ~string](text, name string, allowed []T) ([]T, error) {
	var out []T
	for word := range strings.SplitSeq(text, ",") {
		if word == "" {
			continue
		}
		if !slices.Contains(allowed, T(word)) {
			known := make([]string, len(allowed))
			for i, a := range allowed {
				known[i] = string(a)
			}
			return nil, telemetry.Errorf(telemetry.CodeInvalid, "%s: %q is unknown; use one of %s.", name, word, strings.Join(known, ", "))
		}
		out = append(out, T(word))
	}
	return out, nil
}

// repoKey is the repository that the page is about, "" for all.
func (v view) repoKey() string { return v.repo.Name.Key() }

// ask is one page of a list.
type ask[R any] func(ctx context.Context, p query.Page) (telemetry.List[R], error)

// table asks for the page that the view names, the last one where it names
// one beyond the end, and makes its rows.
func table[R, V any](ctx context.Context, v view, sort parts.Sort, from ask[R], row func(R) V) (panels.Table[V], error) {
	t := panels.Table[V]{Frame: v.frame(), HideRepo: v.scope != ""}
	p, err := v.paging(sort)
	if err != nil {
		return t, err
	}
	list, err := from(ctx, p)
	if err != nil {
		return t, err
	}
	pages := max(1, (list.Total+p.Size-1)/p.Size)
	asked := p.Number
	if asked > pages {
		p.Number = pages
		if list, err = from(ctx, p); err != nil {
			return t, err
		}
	}
	t.Rows = rowsOf(list.Items, row)
	t.Count = parts.Number(int(list.Total))
	t.Sort = parts.Sort{Key: p.Sort, Desc: p.Order == "desc"}
	t.Pager = parts.Pager{Page: int(p.Number), Pages: int(pages), PerPage: int(p.Size), Total: int(list.Total), Asked: int(asked)}
	return t, nil
}

// short asks for the first few rows of a list, for an overview.
func short[R, V any](ctx context.Context, v view, n int64, sort parts.Sort, from ask[R], row func(R) V) (panels.Table[V], error) {
	t := panels.Table[V]{Frame: v.brief(), HideRepo: v.scope != "", Brief: true}
	p := query.Page{Number: 1, Size: n, Sort: sort.Key, Order: "asc"}
	if sort.Desc {
		p.Order = "desc"
	}
	list, err := from(ctx, p)
	if err != nil {
		return t, err
	}
	t.Rows, t.Count = rowsOf(list.Items, row), parts.Number(int(list.Total))
	return t, nil
}

func rowsOf[R, V any](items []R, row func(R) V) []V {
	rows := make([]V, len(items))
	for i, item := range items {
		rows[i] = row(item)
	}
	return rows
}

// fragment makes the handler of a panel's own address. A browser that opens
// it is sent to the page that shows it.
func (w *Web) fragment(s spec) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v, err := w.viewOf(c, s)
		if err != nil {
			return err
		}
		if c.Get("HX-Request") == "" {
			return c.Redirect(v.address().Href(), fiber.StatusSeeOther)
		}
		part, err := s.draw(c.UserContext(), v)
		if err != nil {
			return err
		}
		if c.Query("push") != "" {
			c.Set("HX-Push-Url", v.address().Href())
		}
		return render(c, fiber.StatusOK, part)
	}
}

// viewOf reads what a request asks of a panel.
func (w *Web) viewOf(c *fiber.Ctx, s spec) (view, error) {
	v := view{spec: s, scope: c.Query("scope"), query: queryOf(c), jobs: ownJobs(c)}
	if s.one {
		v.subject = c.Query("id")
	}
	if v.scope == "" {
		return v, nil
	}
	var err error
	v.repo, err = w.o.Dashboard.RepoByName(c.UserContext(), v.scope)
	v.scope = string(v.repo.Name)
	return v, err
}

func queryOf(c *fiber.Ctx) url.Values {
	values, _ := url.ParseQuery(string(c.Request().URI().QueryString())) // what cannot be read is left out
	return values
}

// sentence is what a page may say of an error.
func sentence(err error) string {
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		return e.Message
	}
	return "Something went wrong inside the program; its log has the cause. What was stored stays."
}
