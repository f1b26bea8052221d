package http

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"telemetry-dashboard/app/e2e/program"
	"telemetry-dashboard/services/store/storetest"
)

// htmxNames are attributes whose names are no names of XML.
var htmxNames = regexp.MustCompile(` hx-[^ =]*="[^"]*"`)

// node is an element of a page, or a text in one, whose name is "".
type node struct {
	name     string
	text     string
	attrs    map[string]string
	parent   *node
	children []*node
}

// pageOf reads a page.
func pageOf(page string) (*node, error) {
	_, page, found := strings.Cut(page, "<body")
	if !found {
		return nil, errors.New("it has no body")
	}
	page, _, _ = strings.Cut(page, "</body>")
	d := xml.NewDecoder(strings.NewReader("<body" + htmxNames.ReplaceAllString(page, "") + "</body>"))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	root := &node{name: "page"}
	for at := root; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: token.Name.Local, attrs: map[string]string{}, parent: at}
			for _, a := range token.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			at.children, at = append(at.children, n), n
		case xml.EndElement:
			if at.parent != nil {
				at = at.parent
			}
		case xml.CharData:
			if text := strings.Join(strings.Fields(string(token)), " "); text != "" {
				at.children = append(at.children, &node{text: text, parent: at})
			}
		}
	}
}

// each visits what is in a node, in the order of the page.
func (n *node) each(visit func(*node)) {
	visit(n)
	for _, c := range n.children {
		c.each(visit)
	}
}

// closest is the innermost node around n that is so, n itself or nil.
func (n *node) closest(is func(*node) bool) *node {
	for ; n != nil; n = n.parent {
		if is(n) {
			return n
		}
	}
	return nil
}

// in reports whether n is in an element of one of these names.
func (n *node) in(names ...string) bool {
	return n.closest(func(e *node) bool { return slices.Contains(names, e.name) }) != nil
}

func (n *node) has(attr string) bool { _, ok := n.attrs[attr]; return ok }

func (n *node) class(name string) bool {
	return slices.Contains(strings.Fields(n.attrs["class"]), name)
}

// all are the elements in n that are so.
func (n *node) all(is func(*node) bool) (list []*node) {
	n.each(func(e *node) {
		if e.name != "" && is(e) {
			list = append(list, e)
		}
	})
	return list
}

// words are all texts in n.
func (n *node) words() string {
	var list []string
	n.each(func(e *node) {
		if e.name == "" {
			list = append(list, e.text)
		}
	})
	return strings.Join(list, " ")
}

// link is the address that the text leads to, "" for none.
func (n *node) link() string {
	if a := n.closest(func(e *node) bool { return e.has("href") }); a != nil {
		return a.attrs["href"]
	}
	return ""
}

// place says where n is: the names of the last elements around it.
func (n *node) place() string {
	var places []string
	for e := n; e != nil && len(places) < 4; e = e.parent {
		switch {
		case e.attrs["id"] != "" && (e.has("data-panel") || e.name == "main"):
			places = append(places, e.name+"#"+e.attrs["id"])
		case e.attrs["class"] != "":
			places = append(places, e.name+"."+strings.ReplaceAll(e.attrs["class"], " ", "."))
		case e.name != "" && e.name != "a":
			places = append(places, e.name)
		}
	}
	slices.Reverse(places)
	return strings.Join(places, " ")
}

// walkedWorlds start the programs whose pages are walked.
func walkedWorlds() map[string]func(t *testing.T) *program.Program {
	return map[string]func(t *testing.T) *program.Program{
		"demo": func(t *testing.T) *program.Program {
			p := program.Start(t, nil, func(c *exec.Cmd) { c.Args = append(c.Args, "--demo") })
			p.UntilSays("/api/jobs?q=kind:run-logs", `"state":"done"`)
			return withCampaign(p)
		},
		"real records": func(t *testing.T) *program.Program {
			return withCampaign(program.WithRuns(t, program.RealRuns(t), nil))
		},
		"made records": func(t *testing.T) *program.Program {
			return withCampaign(program.WithRuns(t, program.ManyRecords(), nil))
		},
		"made records, PostgreSQL": func(t *testing.T) *program.Program {
			return withCampaign(program.WithRuns(t, program.ManyRecords(), program.Settings{"DATABASE_URL": storetest.PostgresAddress(t)}))
		},
	}
}

// withCampaign begins a campaign of all issues, so that its page is walked too.
func withCampaign(p *program.Program) *program.Program {
	p.T.Helper()
	p.Until("no campaign was begun", func() bool { // the demo goes on to read records
		n := p.Object("GET", "/api/issues?q=severity:critical,high,medium,low&per_page=1")["total"]
		status, _ := p.PostJSON("/api/campaigns",
			fmt.Sprintf(`{"name":"All","q":"severity:critical,high,medium,low","expect":%v,"owner":"@me","max_sessions":10,"max_acus":50}`, n))
		return status == 201
	})
	return p
}
