package store

import (
	"strconv"
	"strings"
)

// Add adds counts by name so many times. What comes to 0 is left out.
func Add(sum, more map[string]int64, times int64) {
	for name, n := range more {
		if sum[name] += times * n; sum[name] == 0 {
			delete(sum, name)
		}
	}
}

// AddCounts adds counts by name that are given as texts: the scans of a
// repository mostly have the same, and each is decoded once.
func AddCounts(tx *Tx, sum, times map[string]int64) {
	for text, n := range times {
		if !addFlat(sum, text, n) {
			for word, count := range FromJSON[map[string]int64](tx, text) {
				sum[word] += n * count
			}
		}
	}
}

// addFlat adds counts by name, as JSON writes them, so many times: where
// a hundred thousand are summed, decoding is most of the work. It is false,
// and has added nothing, where the text must be decoded.
func addFlat(sum map[string]int64, text string, times int64) bool {
	if len(text) < 2 || text[0] != '{' || strings.Contains(text, "\\") {
		return false
	}
	names, counts := make([]string, 0, 8), make([]int64, 0, 8)
	for rest := text[1 : len(text)-1]; rest != ""; {
		name, after, _ := strings.Cut(strings.TrimPrefix(rest, `"`), `":`)
		digits, more, _ := strings.Cut(after, ",")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return false
		}
		names, counts, rest = append(names, name), append(counts, n), more
	}
	for i, name := range names {
		sum[name] += times * counts[i]
	}
	return true
}

// Numbers reads whole numbers parted by spaces, as NumbersText writes them.
func Numbers(text string) []int64 {
	numbers := []int64{}
	for word := range strings.FieldsSeq(text) {
		n, _ := strconv.ParseInt(word, 10, 64) // NumbersText or SQL wrote it
		numbers = append(numbers, n)
	}
	return numbers
}

// NumbersText writes whole numbers parted by spaces.
func NumbersText(numbers []int64) string {
	text := make([]byte, 0, 4*len(numbers))
	for i, n := range numbers {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendInt(text, n, 10)
	}
	return string(text)
}
