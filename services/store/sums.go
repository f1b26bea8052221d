package store

import (
	"context"
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// RunSums returns the sums over all runs that a filter chooses.
func (s *Store) RunSums(ctx context.Context, f telemetry.RunFilter) (telemetry.RunSums, error) {
	var w where
	if err := w.query(f.Query, runMatchers(ms(s.now()))); err != nil {
		return telemetry.RunSums{}, err
	}
	runConditions(&w, f)
	var sums telemetry.RunSums
	err := s.Read(ctx, func(tx *Tx) error {
		sums = telemetry.RunSums{Severity: map[string]int64{}, Category: map[string]int64{}}
		severities, categories := map[string]int64{}, map[string]int64{} // how often each text stands there
		tx.each(`SELECT r.issues_found, r.sessions, r.severity, r.category FROM runs r`+w.sql(), w.args, func(r *row) {
			var found, sessions int64
			var severity, category string
			r.scan(&found, &sessions, &severity, &category)
			sums.IssuesFound += found
			sums.Sessions += sessions
			severities[severity]++
			categories[category]++
		})
		AddCounts(tx, sums.Severity, severities)
		AddCounts(tx, sums.Category, categories)
		tx.row(`SELECT COUNT(DISTINCT r.run_number) FROM runs r`+w.sql()+` AND r.run_number > 0`, w.args...).scan(&sums.Numbers)
		return tx.err
	})
	return sums, err
}

// PullSums counts all pull requests that a filter chooses by state.
func (s *Store) PullSums(ctx context.Context, f telemetry.PullFilter) (counts telemetry.PullCounts, err error) {
	var w where
	shown := "p.shown"
	if f.AsOf.IsZero() {
		w, _, err = s.pullQuery(f, telemetry.Page{})
	} else {
		shown = shownAt
		w, err = s.pullQueryAt(ctx, f)
	}
	if err != nil {
		return counts, err
	}
	err = s.Read(ctx, func(tx *Tx) error {
		counts = telemetry.PullCounts{}
		tx.each(`SELECT x.shown, COUNT(*) FROM (SELECT `+shown+` AS shown FROM pulls p`+w.sql()+`) AS x GROUP BY x.shown`, w.args, func(r *row) { addPulls(r, &counts) })
		return tx.err
	})
	return counts, err
}

// AddCounts adds counts by name that are given as texts: the scans of a
// repository mostly have the same, and each is decoded once.
func AddCounts(tx *Tx, sum, times map[string]int64) {
	for text, n := range times {
		if !addFlat(sum, text, n) {
			for word, count := range fromJSON[map[string]int64](tx, text) {
				sum[word] += n * count
			}
		}
	}
}

// flatCounts is fromJSON for counts by name.
func flatCounts(tx *Tx, text string) map[string]int64 {
	counts := make(map[string]int64, strings.Count(text, ",")+1)
	if !addFlat(counts, text, 1) {
		return fromJSON[map[string]int64](tx, text)
	}
	return counts
}

// addFlat adds counts by name, as jsonText writes them, so many times: where
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
