package markdown_test

import (
	"regexp"
	"strings"
	"testing"

	"telemetry-dashboard/views/markdown"
)

func html(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	if err := markdown.HTML(text).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRendered: what help is made of is shown, two levels below the page's
// headings.
func TestRendered(t *testing.T) {
	for text, want := range map[string]string{
		"# A\n\nB *c* `d<e`":      "<h3>A</h3>\n<p>B <em>c</em> <code>d&lt;e</code></p>\n",
		"## A\n##### B":           "<h4>A</h4>\n<h6>B</h6>\n",
		"* a\n* b":                "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n",
		"```python\nx < 1\n":      "<pre><code>x &lt; 1\n</code></pre>\n", // cut off within it
		"[a](https://e.org/?b=1)": `<p><a href="https://e.org/?b=1" rel="nofollow noreferrer">a</a></p>` + "\n",
		"|a|\n|-|\n|b|":           "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table>\n",
		"":                        "",
	} {
		if got := html(t, text); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", text, got, want)
		}
	}
}

// TestHostileMarkdown: whatever a text holds, what comes out has no element,
// attribute or address but those that the policy names.
func TestHostileMarkdown(t *testing.T) {
	for name, text := range map[string]string{
		"image":              "![a](https://e.org/a.png)",
		"image by reference": "![a][b]\n\n[b]: https://e.org/a.png",
		"image in a link":    "[![a](https://e.org/a.png)](https://e.org/)",
		"another host":       "[a](//e.org/a)",
		"relative":           "[a](/actions/poll) [b](../x) [c](?q=1) [d](#main)",
		"script":             "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](java\nscript:alert(1)) <javascript:alert(1)>",
		"encoded script":     "[a](&#x6A;avascript:alert(1)) [b](java&Tab;script:alert(1)) [c](\x01javascript:alert(1))",
		"data":               "[a](data:text/html;base64,PHNjcmlwdD4=) ![b](data:image/svg+xml,<svg/onload=alert(1)>)",
		"other schemes":      "[a](vbscript:x) [b](file:///etc/passwd) [c](mailto:a@e.org) [d](ftp://e.org/) <tel:1>",
		"no host":            "[a](https:///x) [b](http:x) [c](https:evil) [d](https://user:pw@e.org/)",
		"aligned table":      "|a|b|\n|:-|-:|\n|c|d|",
		"raw HTML":           "<script>alert(1)</script><style>*{}</style><div style='x' onclick='y' id='z' class='w'>a</div><img src=x onerror=y>",
		"raw blocks":         "<iframe src='https://e.org'></iframe>\n\n<form action='/actions/poll'><button>a</button></form>\n\n<base href='//e.org'>",
		"raw link":           "<a href='https://e.org' onclick='x' target='_self' id='main' class='btn' style='y'>a</a>",
		"meta":               "<meta http-equiv=refresh content='0;url=//e.org'><link rel=stylesheet href=//e.org/x><svg><use href='#x'/></svg>",
		"htmx":               "<p hx-get='/panels/needs' hx-trigger='load' data-panel>a</p>",
		"title":              "[a](https://e.org \"t\\\" onclick=x\")",
		"unclosed":           "<a href=\"https://e.org",
		"fence":              "```\" onclick=x\ncode\n```",
		"entities":           "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x&#62;",
		"attributes":         "# A {#main .btn onclick=x}",
		"no text":            "\xff\xfe\x00<script>",
		"nested lists":       strings.Repeat("* ", 10_000) + "x",
		"nested quotes":      strings.Repeat("> ", 10_000) + "x",
		"stairs of lists":    stairs(10_000),
		"a megabyte":         strings.Repeat("word [a](https://e.org) <b> ", 1<<20/27),
		"links in links":     strings.Repeat("[a](", 1<<18),
		"brackets":           strings.Repeat("[", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			out := html(t, text)
			for _, tag := range regexp.MustCompile(`<[^>]*>`).FindAllString(out, -1) {
				if !allowed.MatchString(tag) {
					t.Errorf("%s is in the result", tag)
				}
			}
			if strings.Count(out, "<") != len(regexp.MustCompile(`<[^<>]*>`).FindAllString(out, -1)) {
				t.Errorf("an element is not closed: %.300s", out)
			}
			if len(out) > 1<<20 {
				t.Errorf("%d bytes became %d", len(text), len(out))
			}
		})
	}
}

var allowed = regexp.MustCompile(`^(</?(p|hr|br|h[3-6]|strong|em|del|code|pre|blockquote|ul|ol|li|table|thead|tbody|tr|th|td|a)/?>|` +
	`<a href="https?://e\.org[^"@]*" rel="nofollow noreferrer">)$`)

func stairs(n int) string {
	var b strings.Builder
	for i := range n {
		if b.WriteString(strings.Repeat("  ", i) + "* x\n"); b.Len() > 1<<20 {
			break
		}
	}
	return b.String()
}
