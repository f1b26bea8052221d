package http

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

var htmxNames = regexp.MustCompile(` hx-[^ =]*="[^"]*"`)

// text is a text of a page, with what it stands in.
type text struct {
	text    string
	link    string   // of the link that it is in, "" for none
	classes []string // of all that it is in, and names of elements
	place   string   // where that is, for people
	named   bool     // it names a thing, and counts nothing
}

// element is an open element of a page.
type element struct {
	name, class, id, href string
}

// textsOf reads the texts of a page's main part.
func textsOf(page string) ([]text, error) {
	_, page, found := strings.Cut(page, "<main")
	if !found {
		return nil, errors.New("it has no main part")
	}
	page, _, _ = strings.Cut(page, "</main>")
	page = htmxNames.ReplaceAllString(page, "") // no names of XML
	d := xml.NewDecoder(strings.NewReader("<main" + page + "</main>"))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var out []text
	var open []element
	for {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local}
			for _, a := range token.Attr {
				switch a.Name.Local {
				case "class":
					e.class = a.Value
				case "id":
					e.id = a.Value
				case "href":
					e.href = a.Value
				}
			}
			open = append(open, e)
		case xml.EndElement:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case xml.CharData:
			if said := strings.Join(strings.Fields(string(token)), " "); said != "" {
				out = append(out, textIn(said, open))
			}
		}
	}
}

func textIn(said string, open []element) text {
	t := text{text: said}
	var places []string
	for _, e := range open {
		t.classes = append(append(t.classes, e.name), strings.Fields(e.class)...)
		if e.href != "" {
			t.link = e.href
		}
		switch {
		case e.id != "":
			places = append(places, e.name+"#"+e.id)
		case e.class != "":
			places = append(places, e.name+"."+strings.ReplaceAll(e.class, " ", "."))
		}
	}
	t.place = strings.Join(places[max(0, len(places)-3):], " ")
	names := []string{"h1", "h2", "code", "pre", "time", "title", "option", "periods", "breadcrumbs", "summary", "menu", "pager", "page-link", "chart-dates", "th", "dt"}
	t.named = slices.ContainsFunc(names, func(name string) bool { return slices.Contains(t.classes, name) })
	return t
}
