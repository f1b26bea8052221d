package parts

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Decimal writes n without commas, as numbers are that name a thing: a line,
// a run.
func Decimal(n int) string { return strconv.Itoa(n) }

func absolute(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04") + " UTC" }

// pathRoom is how many characters a location column shows at 1280 px.
const pathRoom = 24

func base(file string) string { return file[strings.LastIndex(file, "/")+1:] }

// directories returns the directories of a path, each with its "/".
func directories(file string) []string {
	dirs := strings.SplitAfter(file, "/")
	return dirs[:len(dirs)-1]
}

// shortDirectory returns as many of the last directories as leave room for
// the file's name, and "…/" for the rest.
func shortDirectory(file string) string {
	dirs := directories(file)
	room := pathRoom - utf8.RuneCountInString(base(file))
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
