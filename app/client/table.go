package client

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

const (
	gap   = "  " // between columns
	least = 8    // columns of the terminal that a column is never cut below
	each  = 60   // that a column of a table has at most, where there is a terminal
)

// writeTable writes rows beneath the names of their fields, fitted to the
// terminal.
func writeTable(env Env, l list, rows []map[string]json.RawMessage) error {
	head := make([]string, len(l.columns))
	for i, name := range l.columns {
		head[i] = strings.ToUpper(strings.Trim(strings.TrimSuffix(name, "_tier"), "_"))
	}
	lines := [][]string{head}
	for _, row := range rows {
		line := make([]string, len(l.columns))
		for i, name := range l.columns {
			line[i] = cell(row[name])
		}
		lines = append(lines, line)
	}
	return writeLines(env.Out, lines, fitted(lines, env.Width))
}

// writeOne writes the fields of a row, first those of the list's columns. A
// list of objects is written as how many there are; -o json has all of them.
func writeOne(env Env, l list, row map[string]json.RawMessage) error {
	names := slices.DeleteFunc(slices.Clone(l.columns), func(name string) bool { return row[name] == nil })
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var lines [][]string
	for _, name := range names {
		if text := cell(row[name]); text != "" {
			lines = append(lines, []string{name, text})
		}
	}
	if env.Width == 0 {
		return writeLines(env.Out, lines, natural(lines))
	}
	widths := natural(lines)
	widths[1] = max(least, env.Width-widths[0]-len(gap))
	return writeLines(env.Out, lines, widths)
}

// cell is a value as a text on one line, without what a terminal obeys.
func cell(raw json.RawMessage) string {
	var v any
	if raw == nil || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return unicode.ReplacementChar
		}
		return r
	}, textOf(v, raw))
}

func textOf(v any, raw json.RawMessage) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		var texts []string
		for _, one := range v {
			if _, object := one.(map[string]any); object {
				return fmt.Sprintf("%d (see -o json)", len(v))
			}
			texts = append(texts, strings.Trim(fmt.Sprint(one), `"`))
		}
		return strings.Join(texts, ",")
	case map[string]any:
		return "(see -o json)"
	}
	return string(raw) // numbers as the API has them
}

// columns are how many columns of a terminal a text takes.
func columns(text string) (n int) {
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			if !unicode.Is(unicode.Mn, r) {
				n++
			}
		}
	}
	return n
}

// natural are the widths of columns with nothing cut.
func natural(lines [][]string) (widths []int) {
	for _, line := range lines {
		widths = append(widths, make([]int, max(0, len(line)-len(widths)))...)
		for i, text := range line {
			widths[i] = max(widths[i], columns(text))
		}
	}
	if widths == nil {
		widths = []int{0, 0}
	}
	return widths
}

// fitted are the widths of columns within a terminal: the widest give way
// first. Without a terminal nothing is cut.
func fitted(lines [][]string, terminal int) []int {
	widths := natural(lines)
	if terminal == 0 {
		return widths
	}
	all := len(gap) * (len(widths) - 1)
	for i := range widths {
		widths[i] = min(widths[i], each)
		all += widths[i]
	}
	for all > terminal {
		widest := 0
		for i := range widths {
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= least {
			break
		}
		widths[widest]--
		all--
	}
	return widths
}

func writeLines(out io.Writer, lines [][]string, widths []int) error {
	for _, line := range lines {
		var b strings.Builder
		for i, text := range line {
			text = cutTo(text, widths[i])
			b.WriteString(text)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-columns(text)) + gap)
			}
		}
		if _, err := fmt.Fprintln(out, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// cutTo is a text that takes at most so many columns of a terminal.
func cutTo(text string, most int) string {
	if columns(text) <= most {
		return text
	}
	taken := 0
	for i, r := range text {
		if taken += columns(string(r)); taken > most-1 {
			return text[:i] + "…"
		}
	}
	return text
}
