package parts

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"
)

// Decimal writes n without commas, as numbers are that name a thing: a line,
// a run.
func Decimal[N Whole](n N) string { return strconv.FormatInt(int64(n), 10) }

func absolute(t time.Time) string { return day(t) + clock(t) }

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

func clock(t time.Time) string { return t.UTC().Format(" 15:04") + " UTC" }

func base(file string) string { return file[strings.LastIndex(file, "/")+1:] }

// directories returns the directories of a path, each with its "/".
func directories(file string) []string {
	dirs := strings.SplitAfter(file, "/")
	return dirs[:len(dirs)-1]
}

// shortDir is the directory of a path as windows of some widths have room for
// it.
type shortDir struct{ text, class string }

// shortFile writes the short forms of a path's directory, of which the window
// shows one, and the file's name, with nothing between them.
func shortFile(file string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		for _, dir := range shortDirectories(file) {
			b.WriteString(`<span class="fg-muted path-dir ` + dir.class + `">` + templ.EscapeString(dir.text) + `</span>`)
		}
		b.WriteString(templ.EscapeString(base(file)))
		_, err := io.WriteString(w, b.String())
		return err
	})
}

// shortDirectories are the directory's short forms: each width has one.
func shortDirectories(file string) []shortDir {
	var forms []shortDir
	for _, width := range []struct {
		class string
		room  int // characters of file and directory
	}{{"at-wide", 34}, {"at-desktop", 24}, {"at-tight", 20}} {
		text := shortDirectory(file, width.room)
		if n := len(forms); n > 0 && forms[n-1].text == text {
			forms[n-1].class += " " + width.class
		} else if text != "" {
			forms = append(forms, shortDir{text, width.class})
		}
	}
	return forms
}

// shortDirectory returns as many of the last directories as leave room for
// the file's name, and "…/" for the rest.
func shortDirectory(file string, room int) string {
	dirs := directories(file)
	room -= utf8.RuneCountInString(base(file))
	kept := ""
	for i := len(dirs) - 1; i >= 0; i-- {
		longer := dirs[i] + kept
		if utf8.RuneCountInString(longer) > room {
			return "…/" + kept
		}
		kept = longer
	}
	return kept
}

// OneDecimal writes a number with one decimal: 9.0.
func OneDecimal(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
