package lists_test

import (
	"cmp"
	"strconv"
	"strings"
	"testing"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store/lists"
	"telemetry-dashboard/services/store/storetest"
	"telemetry-dashboard/services/telemetry"
	"telemetry-dashboard/services/telemetry/history"
)

// TestRunQueriesAgainstAnOracle does for runs and repositories what
// TestQueriesAgainstAnOracle does for the other lists, on more repositories.
func TestRunQueriesAgainstAnOracle(t *testing.T) {
	now := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	storetest.At(t, now, func(t *testing.T, s *storetest.Store) {
		files := []telemetry.FetchedFile{invalidInputScan()}
		for f := range history.Generate(history.Options{Seed: 9, Repos: 36, ScansPerRepo: 4, FindingsPerScan: 24, SessionsPerScan: 1, Disturb: history.Disturbances{WithoutFindings: 0.2, ScopeReduced: 0.2, Reopenings: 0.3}}) {
			files = append(files, storetest.Fetched(f.Name, f.Body))
		}
		storetest.Put(t, s, files...)
		storetest.SavePulls(t, s, storetest.PullsFor(files)[:40])
		runOracle(t, s, now).check(t, 200, amidRuns(t, s))
		repoOracle(t, s, now).check(t, 200, amidRuns(t, s))
	})
}

func runOracle(t *testing.T, s *storetest.Store, now time.Time) oracle[telemetry.RunRow] {
	type row = telemetry.RunRow
	all, err := lists.Runs(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	rows := all.Items
	known := func(n func(row) *int64) func(row) []int64 {
		return func(r row) []int64 {
			if n(r) == nil {
				return nil
			}
			return []int64{*n(r)}
		}
	}
	fresh, gone := func(r row) *int64 { return r.New }, func(r row) *int64 { return r.Gone }
	at := func(r row) []time.Time { return []time.Time{r.At.Time} }
	texts := func(r row) []string { return []string{"https://github.com/" + string(r.Repo), r.RunLabel, r.RunID} }
	return oracle[row]{list: "runs", schema: lists.Runs(s.Store).Schema(), sorts: lists.Runs(s.Store).Sorts(), rows: rows, id: func(r row) string { return r.File }, ascending: runSorts(),
		ask: func(a query.Ask) (telemetry.List[row], error) {
			return lists.Runs(s.Store).Rows(t.Context(), a)
		},
		vocabulary: map[string]randomTerms[row]{
			"": pieces(rows, func(r row) []string { return append(texts(r), r.File) }, func(r row, text string) bool {
				n, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64)
				return partOf(text, texts(r)...) || fileHas(r.File, text) || err == nil && n == r.RunNumber
			}),
			"kind": words(map[string]func(row) bool{"scan": func(r row) bool { return r.Kind == telemetry.KindScan }, "dispatch": func(r row) bool { return r.Kind == telemetry.KindDispatch }}),
			"is": words(map[string]func(row) bool{"reduced": func(r row) bool { return r.Reduced }, "language_lost": func(r row) bool { return len(r.Lost) > 0 }, "empty": func(r row) bool { return r.IssuesFound == 0 },
				"unnamed": func(r row) bool { return r.Kind == telemetry.KindScan && !r.HasFindings }}),
			"repo":     repos(rows, func(r row) []telemetry.RepoName { return []telemetry.RepoName{r.Repo} }),
			"run":      numbers(rows, func(r row) []int64 { return []int64{r.RunNumber} }),
			"found":    numbers(rows, func(r row) []int64 { return []int64{r.IssuesFound} }),
			"new":      numbers(rows, known(fresh)),
			"gone":     numbers(rows, known(gone)),
			"sessions": numbers(rows, func(r row) []int64 { return []int64{r.Sessions} }),
			"file":     paths(rows, func(r row) string { return r.File }),
			"age":      ages(now, rows, at),
			"date":     dates(now, rows, at),
		}}
}

func runSorts() map[string]func(a, b telemetry.RunRow) int {
	type row = telemetry.RunRow
	known := func(n *int64) int64 {
		if n == nil {
			return -1
		}
		return *n
	}
	at, run := along(func(r row) int64 { return r.At.UnixMilli() }), along(func(r row) int64 { return r.RunNumber })
	found := along(func(r row) int64 { return r.IssuesFound })
	age := along(func(r row) int64 { return -r.At.UnixMilli() })
	return map[string]func(a, b row) int{"timestamp": at, "time": at, "date": at, "age": age, "run_number": run, "run": run, "issues_found": found, "found": found, "repo": along(func(r row) string { return r.Repo.Key() }),
		"kind": along(func(r row) string { return string(r.Kind) }), "new": along(func(r row) int64 { return known(r.New) }), "gone": along(func(r row) int64 { return known(r.Gone) }),
		"batches": along(func(r row) int64 { return r.Batches }), "sessions": along(func(r row) int64 { return r.Sessions })}
}

func repoOracle(t *testing.T, s *storetest.Store, now time.Time) oracle[telemetry.RepoRow] {
	type row = telemetry.RepoRow
	all, err := lists.Repos(s.Store).Rows(t.Context(), query.Ask{Page: storetest.AllRows()})
	if err != nil {
		t.Fatal(err)
	}
	rows := all.Items
	count := func(of func(row) int64) randomTerms[row] {
		return numbers(rows, func(r row) []int64 { return []int64{of(r)} })
	}
	names := func(r row) []string {
		return []string{r.Name.Key(), cmp.Or(r.Fork.Key(), r.Name.Key())}
	}
	return oracle[row]{list: "repos", schema: lists.Repos(s.Store).Schema(), sorts: lists.Repos(s.Store).Sorts(), rows: rows, id: func(r row) string { return r.Name.Key() }, ascending: repoSorts(),
		ask: func(a query.Ask) (telemetry.List[row], error) {
			return lists.Repos(s.Store).Rows(t.Context(), a)
		},
		vocabulary: map[string]randomTerms[row]{
			"":              pieces(rows, names, func(r row, text string) bool { return partOf(text, names(r)...) }),
			"repo":          repos(rows, func(r row) []telemetry.RepoName { return []telemetry.RepoName{r.Name} }),
			"is":            words(map[string]func(row) bool{"listed": func(r row) bool { return r.Listed }, "reduced": func(r row) bool { return r.LatestReduced }, "clean": func(r row) bool { return r.Open == 0 }}),
			"open":          count(func(r row) int64 { return r.Open }),
			"overdue":       count(func(r row) int64 { return r.Overdue }),
			"dismissed":     count(func(r row) int64 { return r.Dismissed }),
			"accepted":      count(func(r row) int64 { return r.Accepted }),
			"critical_high": count(severe),
			"runs":          count(func(r row) int64 { return r.Runs }),
			"active":        count(func(r row) int64 { return r.SessionsActive }),
			"waiting":       count(func(r row) int64 { return r.PRs.Open }),
			"age":           ages(now, rows, func(r row) []time.Time { return []time.Time{r.LastRun.Time} }),
		}}
}

func severe(r telemetry.RepoRow) int64 { return r.OpenSeverity["critical"] + r.OpenSeverity["high"] }

func repoSorts() map[string]func(a, b telemetry.RepoRow) int {
	type row = telemetry.RepoRow
	number := along[row, int64]
	sorts := map[string]func(a, b row) int{"last_run": number(func(r row) int64 { return r.LastRun.UnixMilli() }), "last_scan": number(func(r row) int64 { return r.LatestScanAt.UnixMilli() }),
		"open": number(func(r row) int64 { return r.Open }), "overdue": number(func(r row) int64 { return r.Overdue }), "critical_high": number(severe), "severity": number(severe), "repo": along(func(r row) string { return r.Name.Key() }),
		"runs": number(func(r row) int64 { return r.Runs }), "found": number(func(r row) int64 { return r.IssuesFound }), "active": number(func(r row) int64 { return r.SessionsActive }),
		"sessions": number(func(r row) int64 { return r.SessionsCreated }), "waiting": number(func(r row) int64 { return r.PRs.Open }), "merged": number(func(r row) int64 { return r.PRs.Merged })}
	for _, name := range []string{"change", "closed"} { // of the last days, which a row does not tell
		sorts[name] = func(row, row) int { return 0 }
	}
	for _, tier := range telemetry.Severities() {
		sorts[tier] = number(func(r row) int64 { return r.OpenSeverity[tier] })
	}
	return sorts
}
