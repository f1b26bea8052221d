package pages

import (
	"strings"
	"time"
)

// Moment is a time within a sentence; As is how parts.Time writes it.
type Moment struct {
	At    time.Time
	As    string
	After string
}

// brief reports whether there is so little to say of the page that it fits
// next to the title.
func (b Body) brief() bool { return len(b.Facts) == 1 && len(b.Breadcrumbs) == 0 && len(b.Periods) > 0 }

// variables names what is not set, in a sentence.
func variables(list []Missing) string {
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.Variable
	}
	if len(names) == 1 {
		return names[0] + " is not set:"
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1] + " are not set:"
}

// piece is a part of a text between two marks: ` around code, * around
// stressed words, 0 for plain text.
type piece struct {
	text string
	mark byte
}

// pieces parts a text at its marks; one that is not closed is text.
func pieces(text string) []piece {
	var out []piece
	for text != "" {
		start := strings.IndexAny(text, "`*")
		if start < 0 {
			return append(out, piece{text: text})
		}
		length := strings.IndexByte(text[start+1:], text[start])
		if length <= 0 {
			return append(out, piece{text: text})
		}
		if start > 0 {
			out = append(out, piece{text: text[:start]})
		}
		end := start + 1 + length
		out = append(out, piece{text[start+1 : end], text[start]})
		text = text[end+1:]
	}
	return out
}
