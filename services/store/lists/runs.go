package lists

import (
	"strconv"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Runs are scans and dispatches.
func Runs(s *store.Store) *List[telemetry.RunRow] {
	return bind(s, List[telemetry.RunRow]{
		Name: "runs", Noun: "runs",
		From: "runs r", Key: "r.id", Past: runsPast, Default: "timestamp",
		Repo:  func(_ moment, key string) Cond { return idOfRepo("r.repo_id", key) },
		Free:  runText,
		Large: func(r *telemetry.RunRow) int { return len(r.Item) },
		Cheap: "kind repo run age date",
		Kept: &kept{From: keptRuns, Sum: "r.n", All: "1 = 1", One: "1 = 1",
			Serves: func(t query.Term) bool { return t.Field == "kind" || t.Field == "repo" }},
		CSV:     "file kind repo run time found new gone batches sessions scope_reduced label run_url",
		Example: "kind:scan new:>0",
		Fields:  runFields(),
	})
}

// keptRuns are how many runs of each kind repositories have.
const keptRuns = `(SELECT id AS repo_id, 'scan' AS kind, scans AS n FROM repos UNION ALL SELECT id, 'dispatch', dispatches FROM repos) r`

func runFields() []Field[telemetry.RunRow] {
	type row = telemetry.RunRow
	const last = "r.at | r.file | r.source"
	return []Field[row]{
		{Name: "kind", Help: "scan, or dispatch of one session", Column: "r.kind", Into: func(r *row) any { return &r.Kind }, CSV: "kind",
			Asked: is(word{string(telemetry.KindScan), runKind + " = 'scan'"}, word{string(telemetry.KindDispatch), runKind + " = 'dispatch'"}),
			Sort:  up(runKind + " | " + last)},
		{Name: "is", Help: "scope-reduced, lost a language, lists no findings, found nothing", Asked: is(
			word{"reduced", "r.reduced = 1"}, word{"language_lost", "r.lost <> ''"},
			word{"unnamed", "r.kind = 'scan' AND r.has_findings = 0"}, word{"empty", "r.issues_found = 0"},
		)},
		{Name: "repo", Help: repoHelp, Column: nameAndURL("r.repo_id", "r.target_repo"),
			Into: func(r *row) any { return repoOf(&r.Repo, new(string)) },
			CSV:  "repo", Asked: repoID("r.repo_id"), Values: ofRepos(), Sort: up("r.repo_key | " + last)},
		{Name: "run", Aliases: []string{"number"}, Help: "run number", Column: "r.run_number", Into: func(r *row) any { return &r.RunNumber },
			CSV: "run", Asked: number("r.run_number"), Sort: down("r.run_number | " + last).also("run_number")},
		{Name: "found", Help: "number of findings", Column: "r.issues_found", Into: func(r *row) any { return &r.IssuesFound },
			CSV: "found", Asked: number("r.issues_found").offers(">0", ">=50"), Sort: down("r.issues_found | " + last).also("issues_found")},
		{Name: "new", Help: "issues that it found first or again", Column: "r.new_n", Into: func(r *row) any { return store.KnownCount(&r.New) },
			CSV: "new", Asked: known("r.new_n").offers(">0"), Sort: down("r.new_n | " + last)},
		{Name: "gone", Help: "issues that it no longer named", Column: "r.gone_n", Into: func(r *row) any { return store.KnownCount(&r.Gone) },
			CSV: "gone", Asked: known("r.gone_n").offers(">0"), Sort: down("r.gone_n | " + last)},
		{Name: "sessions", Help: "number of sessions that it started", Column: "r.sessions", Into: func(r *row) any { return &r.Sessions },
			CSV: "sessions", Asked: number("r.sessions").offers(">0"), Sort: down("r.sessions | " + last)},
		{Name: "file", Help: "part of the record's file name", Column: "r.file", Into: func(r *row) any { return &r.File }, CSV: "file",
			Asked: path("r.file")},
		{Name: "age", Help: "time since it ran", Asked: age("r.at").offers("<1d", "<7d", ">30d"), Sort: ages(last)},
		{Name: "date", Aliases: []string{"created", "at"}, Help: "when it ran", Column: "r.at",
			Into: func(r *row) any { return &r.At }, CSV: "time",
			Asked: date("r.at").offers("<7d", "<30d"), Sort: down(last).also("timestamp", "time")},
		{Name: "recorded", Column: "r.at_text", Into: recordedRun},
		{Name: "name", Asked: text(func(text string) Cond { return that("r.file = ?", text) }).withinProgram()},
		{Name: "batches", Column: "r.batches", Into: func(r *row) any { return &r.Batches }, CSV: "batches", Sort: down("r.batches | " + last)},
		{Name: "scope_reduced", Column: "r.reduced", Into: func(r *row) any { return &r.Reduced }, CSV: "scope_reduced"},
		{Name: "languages_not_scanned", Column: "r.lost", Into: func(r *row) any { return store.WordsOf(&r.Lost) }},
		{Name: "label", Column: "r.run_label", Into: func(r *row) any { return &r.RunLabel }, CSV: "label"},
		{Name: "run_url", Column: "r.run_url", Into: func(r *row) any { return &r.RunURL }, CSV: "run_url"},
		{Name: "source", Column: "r.source", Into: func(r *row) any { return &r.Source }},
		{Name: "run_id", Column: "r.run_id", Into: func(r *row) any { return &r.RunID }},
		{Name: "has_findings", Column: "r.has_findings", Into: func(r *row) any { return &r.HasFindings }},
		{Name: "item", Column: "COALESCE(r.item, (SELECT body FROM files f WHERE f.id = r.id))",
			Into: func(r *row) any { return store.Unpacked(&r.Item) }, Large: true},
	}
}

// recordedRun reads the time of a run as its record has it. Where that is
// another, the run counts at the time at which it was fetched.
func recordedRun(r *telemetry.RunRow) any {
	return store.Column{Read: func(v any) error {
		err := store.RecordedOf(&r.At).Read(v)
		if r.CountedAt = (telemetry.Time{}); r.At.Recorded == "" {
			r.CountedAt = r.At
		}
		return err
	}}
}

func runText(_ moment, text string) Cond {
	list := []Cond{inFile("r.file", text), anyContains(text, "r.target_repo", "r.run_label", "r.run_id")}
	if n, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64); err == nil {
		list = append(list, that("r.run_number = ?", n))
	}
	return anyOf(list...)
}

// runKind is an expression, so that no query of one repository's scans takes the index of kinds.
const runKind = `(r.kind || '')`

// runsPast are the runs up to @, which do not change.
const runsPast = `(SELECT * FROM base.runs WHERE at <= @) AS r`
