package http

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// number is a number of a page that counts something.
type number struct {
	text   string // "1,234", "41.2 %", "−3"
	n      int64  // a whole one, without its sign
	whole  bool   // else a rate, a median or a length of time
	signed bool   // a difference, or "+3 more"
	in     *node  // its text
	link   string // where it leads, "" for nowhere
}

var (
	// A day, a clock, a name of a thing by its number, and a span of days that
	// figures are of. None of them counts.
	nameNumbers = regexp.MustCompile(`\b\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)(?: \d{4})?\b` +
		`|\b\d+ to \d+ (?:days|hex digits)\b|\b\d+ lines? (?:higher|lower)|Moved \d+ times|\bat most \d+\b` +
		`|\b\d{4}-\d\d-\d\d\b|\b\d{1,2}:\d\d(?::\d\d)?\b` +
		`|(?i:\b(?:runs?|batch|attempt|page|HTTP|line|API) \d+(?:–\d+)?)` +
		`|(?i:\b(?:in|over|last|every|after|under|for|and|took) (?:\d+ (?:days|d|h|min|s)\b ?)+)`)

	aNumber = regexp.MustCompile(`^([+−–↑↓-]?)(\d[\d,]*)(\.\d+)?(%?)$`)
)

// numbersOf are the numbers of a text.
func numbersOf(text string) (list []number) {
	words := strings.Fields(strings.ReplaceAll(nameNumbers.ReplaceAllString(text, " name "), "\u00a0", " "))
	for i := 0; i < len(words); i++ {
		word, next := words[i], ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		if slices.Contains([]string{"+", "−", "↑", "↓"}, word) && next != "" {
			word, i = word+next, i+1
		}
		for _, part := range strings.FieldsFunc(word, func(r rune) bool { return r == '/' || r == '…' }) {
			if strings.ContainsFunc(word, isName) {
				continue // an id, a path, a version
			}
			m := aNumber.FindStringSubmatch(strings.Trim(part, `.,;:()“”"'·`))
			if m == nil {
				continue
			}
			n, _ := strconv.ParseInt(strings.ReplaceAll(m[2], ",", ""), 10, 64)
			length := slices.Contains([]string{"d", "h", "min", "s", "days"}, strings.Trim(next, ".,;"))
			list = append(list, number{
				text: m[0], n: n, signed: m[1] != "", whole: m[3] == "" && m[4] == "" && next != "%" && !strings.HasPrefix(next, "ACU") && !length,
			})
		}
	}
	return list
}

// isName reports whether a word with this letter names something.
func isName(r rune) bool {
	return r == '#' || r == ':' || r == '_' || r == '@' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// ofVerification is what a verification says of what it targeted itself, which its
// session's page lists.
var ofVerification = regexp.MustCompile(`^(Verified, )?\d+ of \d+ gone$`)

// notCounted reports whether the numbers of a text count nothing, by what it
// stands in: times and lengths of time, code and paths, texts that records and
// people wrote, a thing's own measures, the name of the page, choices and
// buttons, explanations, failures with the statuses of upstreams, and the scale of
// a chart, which is not read out.
func notCounted(text *node) bool {
	if ofVerification.MatchString(strings.TrimSpace(text.text)) && text.link() == "" {
		return true
	}
	if text.in("data") && text.link() == "" {
		return true
	}
	if text.in("time", "code", "pre", "kbd", "bdi", "h1", "option", "textarea", "button", "script", "template") {
		return true
	}
	return text.closest(func(e *node) bool {
		return e.attrs["role"] == "note" || e.attrs["scope"] == "col" || e.class("failure") || e.has("data-quota") ||
			e.attrs["aria-hidden"] == "true" && text.link() == ""
	}) != nil
}

// numbersIn are the numbers of what a node holds.
func numbersIn(root *node) (list []number) {
	root.each(func(text *node) {
		if text.name != "" || !strings.ContainsAny(text.text, "0123456789") || notCounted(text) {
			return
		}
		said := text.text
		if text.parent.name == "title" { // a mark's: its total, and then its parts, which the table beneath has
			said, _, _ = strings.Cut(said[strings.LastIndex(said, ": ")+1:], " (")
		}
		if label := labelBefore(text); label != "" {
			said = label + " " + said
		}
		for _, n := range numbersOf(said) {
			n.in, n.link, n.whole = text, text.link(), n.whole && !text.in("data")
			list = append(list, n)
		}
	})
	return list
}

// labelBefore is the word before a number that stands in an element of its own.
func labelBefore(text *node) string {
	siblings := text.parent.children
	if at := slices.Index(siblings, text); at > 0 {
		words := strings.Fields(siblings[at-1].words())
		if len(words) > 0 && !strings.ContainsAny(words[len(words)-1], "0123456789") {
			return words[len(words)-1]
		}
	}
	return ""
}

// ownTotal reports whether a number without a link is that of the rows that
// stand with it: a list's total, or a counter in the head of its rows.
func (n number) ownTotal(total int64) bool {
	if strings.Contains(n.in.parent.attrs["class"], "list-count") || n.in.parent.class("pager-range") || n.in.in("summary") ||
		n.in.parent.class("menu-note") || n.in.parent.class("page-link") {
		return true
	}
	if n.in.closest(func(e *node) bool { return e.class("docs") || e.class("list-counts") }) != nil {
		return true // the description of the API, and what the rows of a list come to
	}
	box := n.in.closest(func(e *node) bool { return e.name == "section" || e.class("diff") || e.class("chart-table") })
	if box == nil {
		return false
	}
	if marks := n.marks(box); marks >= 0 {
		return int64(marks) == n.n
	}
	if !n.in.parent.class("counter") {
		return false
	}
	rows := box.all(func(e *node) bool {
		return e.name == "tr" && e.parent.name == "tbody" && !e.class("group-head") || e.name == "li" && e.closest(isMenu) == nil ||
			e.name == "div" && e.parent.name == "dl" || e.class("docs-item")
	})
	if n.n == int64(len(rows)) || n.n == total {
		return true
	}
	return slices.ContainsFunc(numbersIn(box), func(other number) bool { // "All 40", or the pager's
		return other.n == n.n && (other.link != "" || other.in.parent.class("pager-range"))
	})
}

// marks counts the marks of an issue's scans that a number in their box is of:
// those of its kind in the legend, and those that saw the issue in the head. It
// is -1 elsewhere.
func (n number) marks(box *node) int {
	var kinds []string
	if row := n.in.closest(func(e *node) bool { return e.name == "li" }); row != nil {
		for _, swatch := range row.all(func(e *node) bool { return e.class("swatch") }) {
			kinds = append(kinds, strings.Fields(swatch.attrs["class"])[1])
		}
	} else if n.in.parent.class("counter") && box.attrs["id"] == "seen-in-scans" {
		kinds = []string{"mark-present", "mark-back"}
	}
	if kinds == nil {
		return -1
	}
	return len(box.all(func(e *node) bool {
		return e.name == "li" && slices.ContainsFunc(kinds, func(kind string) bool { return e.class(kind) })
	}))
}

// isChange reports whether a difference is that between the rows before and a
// number that stands with it.
func (n number) isChange(before int64) bool {
	return slices.ContainsFunc(n.alike(), func(now number) bool {
		return now.whole && !now.signed && (now.n-before == n.n || before-now.n == n.n)
	})
}

func isMenu(e *node) bool { return e.class("menu-list") || e.class("menus") || e.name == "nav" }

// alike are the numbers of what a number stands together with: its row, its
// tile, its sentence.
func (n number) alike() []number {
	row := n.in.closest(func(e *node) bool {
		return e.class("tile") || slices.Contains([]string{"tr", "li", "p", "div"}, e.name)
	})
	if row == nil {
		return nil
	}
	return numbersIn(row)
}
