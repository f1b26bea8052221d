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
		addTexts(tx, sums.Severity, severities)
		addTexts(tx, sums.Category, categories)
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

// addTexts adds counts by name that are given as texts: the scans of a
// repository mostly have the same, and each is decoded once.
func addTexts(tx *Tx, sum, times map[string]int64) {
	for text, n := range times {
		for word, count := range flatCounts(tx, text) {
			sum[word] += n * count
		}
	}
}

// flatCounts is fromJSON for counts by name, as jsonText writes them: where
// a hundred thousand are summed, decoding is most of the work.
func flatCounts(tx *Tx, text string) map[string]int64 {
	if len(text) < 2 || text[0] != '{' || strings.Contains(text, "\\") {
		return fromJSON[map[string]int64](tx, text)
	}
	counts := make(map[string]int64, strings.Count(text, ",")+1)
	for rest := text[1 : len(text)-1]; rest != ""; {
		name, after, _ := strings.Cut(strings.TrimPrefix(rest, `"`), `":`)
		digits, more, _ := strings.Cut(after, ",")
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return fromJSON[map[string]int64](tx, text)
		}
		counts[name], rest = n, more
	}
	return counts
}
