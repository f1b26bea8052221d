package feeds

import (
	"encoding/xml"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"telemetry-dashboard/services/access"
	"telemetry-dashboard/services/dashboard"
	"telemetry-dashboard/services/query"
)

// entriesMost is how many entries a feed has.
const entriesMost = 50

// atom is a feed (RFC 4287).
type atom struct {
	XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Author  author   `xml:"author"`
	Links   []link   `xml:"link"`
	Entries []entry  `xml:"entry"`
}

type author struct {
	Name string `xml:"name"`
}

type link struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

// entry is one row of a list. at is when it changed last, as the list knows it.
type entry struct {
	ID      string `xml:"id"`
	Title   string `xml:"title"`
	Updated string `xml:"updated"`
	Link    link   `xml:"link"`
	Summary string `xml:"summary"`

	at   time.Time
	page string // of the row
}

// atomOf answers a list as a feed, the newest change first: sort is the list's
// order by it, and row makes an entry of a row.
func atomOf[R any](f feeds, title string, list dashboard.List[R], sort string, row func(R) entry) fiber.Handler {
	order := "desc"
	if sort == "age" {
		order = "asc"
	}
	return func(c *fiber.Ctx) error {
		a, err := asked(c, list)
		if err != nil {
			return err
		}
		rows, err := rowsOf(c.UserContext(), list, a, query.Page{Number: 1, Size: entriesMost, Sort: sort, Order: order})
		if err != nil {
			return err
		}
		address, err := access.Address(string(c.Request().Header.RequestURI()))
		if err != nil {
			return err
		}
		if text := a.Query.String(); text != "" {
			title := title + ": " + text
			return f.atom(c, list.Schema().Name, title, address, entriesOf(rows, row))
		}
		return f.atom(c, list.Schema().Name, title, address, entriesOf(rows, row))
	}
}

func entriesOf[R any](rows []R, row func(R) entry) []entry {
	list := make([]entry, len(rows))
	for i, r := range rows {
		list[i] = row(r)
	}
	slices.SortStableFunc(list, func(a, b entry) int { return b.at.Compare(a.at) })
	return list
}

// atom sends a feed. Its own address is without the read token, which belongs to
// who asks.
func (f feeds) atom(c *fiber.Ctx, list, title, address string, entries []entry) error {
	at := time.Unix(0, 0)
	for i := range entries {
		e := &entries[i]
		if e.at.After(at) {
			at = e.at
		}
		e.Title, e.Summary = plain(e.Title), plain(e.Summary)
		e.Updated, e.Link = stamp(e.at), link{Rel: "alternate", Type: "text/html", Href: f.absolute(c, e.page)}
	}
	feed := atom{
		ID: tag("feed") + address, Title: plain(title), Updated: stamp(at), Author: author{"Telemetry Dashboard"}, Entries: entries,
		Links: []link{
			{Rel: "self", Type: "application/atom+xml", Href: f.absolute(c, address)},
			{Rel: "alternate", Type: "text/html", Href: f.absolute(c, page(c, list))},
		},
	}
	body, err := xml.MarshalIndent(feed, "", " ")
	if err != nil {
		return err
	}
	return send(c, "application/atom+xml; charset=utf-8", append([]byte(xml.Header), body...))
}

// stamp is a time as Atom has it; what has none is of the year 1970.
func stamp(t time.Time) string {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return t.UTC().Format(time.RFC3339)
}
