// Package markdown renders Markdown that anybody may have written, such as the
// help of a rule in a run's log. What comes out holds text, lists, tables, code
// and links to other sites: no image, no style, no script, no id, no class, and
// no address of this program.
package markdown

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	goldtext "github.com/yuin/goldmark/text"
)

// What is rendered of a text. Some texts cost the square of their length or
// depth: a line that nests deeper than any help does is shown as it is written.
const (
	mostBytes = 16 << 10
	mostDepth = 64

	headsBelow = 2 // the levels of headings around it
	headsMost  = 6
)

// HTML renders a text as a component.
func HTML(text string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := w.Write(rendered(text))
		return err
	})
}

// rendered returns a text as HTML that is safe to show.
func rendered(text string) []byte {
	if len(text) > mostBytes {
		text = strings.ToValidUTF8(text[:mostBytes], "") + "…"
	}
	var out bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough))
	source := []byte(flattened(text))
	doc := md.Parser().Parse(goldtext.NewReader(source))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if h, ok := n.(*ast.Heading); ok {
			h.Level = min(h.Level+headsBelow, headsMost)
		}
	}
	if err := md.Renderer().Render(&out, source, doc); err != nil {
		return []byte("<p>" + templ.EscapeString(text) + "</p>")
	}
	return policy().SanitizeBytes(out.Bytes())
}

// policy is what may stand in the result.
func policy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemeWithCustomPolicy("https", elsewhere)
	p.AllowURLSchemeWithCustomPolicy("http", elsewhere)
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(false)
	return p
}

// elsewhere accepts the addresses of hosts.
func elsewhere(u *url.URL) bool { return u.Host != "" && u.Opaque == "" && u.User == nil }

// flattened escapes the marks of lines that nest deeper than mostDepth.
func flattened(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		marks := len(line) - len(strings.TrimLeft(line, " \t>*+-0123456789.)"))
		if marks > mostDepth && strings.Trim(line[:marks], " \t") != "" {
			lines[i] = `\` + strings.TrimLeft(line, " \t")
		}
	}
	return strings.Join(lines, "\n")
}
