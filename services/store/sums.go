package store

import (
	"strconv"
	"strings"
)

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

// flatCounts is fromJSON for counts by name.
func flatCounts(tx *Tx, text string) map[string]int64 {
	counts := make(map[string]int64, strings.Count(text, ",")+1)
	if !addFlat(counts, text, 1) {
		return FromJSON[map[string]int64](tx, text)
	}
	return counts
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
