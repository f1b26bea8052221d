package lists

import (
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Verifications are the re-scans of fixes: the latest of each session, unless asked otherwise.
func Verifications(s *store.Store) *List[telemetry.VerificationRow] {
	return bind(s, List[telemetry.VerificationRow]{
		Name: "verifications", Noun: "verifications",
		From: verificationsFrom, Bare: "verifications v", Key: "v.id", Default: "verified_at",
		Past: verificationsFrom, PastBare: "verifications v", PastWhole: true,
		Only: func(a query.Ask) []Cond {
			if len(a.Query.Values("is")) > 0 {
				return nil
			}
			return []Cond{that("v.current = 1")}
		},
		Repo: func(_ moment, key string) Cond { return idOfRepo("v.repo_id", key) },
		Free: func(_ moment, text string) Cond {
			return anyOf(anyContains(text, "v.pr_title", "v.pr_url"), inFile("v.file", text))
		},
		Finish:  finishVerifications,
		Example: "outcome:verified_not_merged",
		Views: []query.View{
			{Name: "All"}, {Name: "Not yet rescanned", Query: "outcome:verified_not_rescanned"}, {Name: "Gone", Query: "outcome:verified_gone"},
			{Name: "Still there", Query: "outcome:verified_still_there"}, {Name: "Not merged", Query: "outcome:verified_not_merged"},
			{Name: "Closed unmerged", Query: "outcome:verified_closed"},
		},
		Fields: verificationFields(),
	})
}

const verificationsFrom = `verifications v
	LEFT JOIN repos o ON o.id = v.repo_id
	LEFT JOIN files f ON f.id = v.id LEFT JOIN runs c ON c.id = v.scan_id LEFT JOIN pulls p ON p.key = v.pull_key AND v.pull_key <> ''`

// verifiedSession is the id of the session of a verification v: a page asks for
// few, of which a join would read all sessions of a past time.
const verifiedSession = `(SELECT s.id FROM sessions s WHERE s.key = v.session AND v.session <> '')`

func verificationFields() []Field[telemetry.VerificationRow] {
	type row = telemetry.VerificationRow
	return []Field[row]{
		{Name: "outcome", Help: "the outcome", Column: "v.outcome", Into: func(v *row) any { return &v.Outcome },
			CSV: "outcome", Asked: isOne("v.outcome", telemetry.VerificationOutcomes()...)},
		{Name: "is", Help: "the latest of its session, replaced by a later one, either",
			Asked: is(word{"current", "v.current = 1"}, word{"replaced", "v.current = 0"}, word{"any", "1 = 1"})},
		{Name: "repo", Help: repoHelp, Column: "COALESCE(o.name || ' ' || o.target_repo, '')",
			Into: func(v *row) any { return repoOf(&v.Repo, new(string)) },
			CSV:  "repo", Asked: repoID("v.repo_id"), Values: ofRepos()},
		{Name: "verified_at", Aliases: []string{"date"}, Help: "when it was verified", Column: "v.at",
			Into: func(v *row) any { return &v.At }, CSV: "verified_at",
			Asked: date("v.at").offers("<7d", "<30d"), Sort: down("v.at | v.file | v.source")},
		{Name: "session", Help: "Devin session, with or without devin-", Column: "COALESCE(NULLIF(" + verifiedSession + ", ''), v.session)",
			Into: func(v *row) any { return &v.Session }, CSV: "session",
			Asked: text(func(text string) Cond { return sessionIs("v.session", text) })},
		{Name: "pr", Help: "its pull request: number, owner/name#number or URL", Column: "v.pr_url",
			Into: func(v *row) any { return &v.PRURL }, CSV: "pr_url",
			Asked: pullRequest(func(c Cond) Cond { return c.within("v.pull_key IN (SELECT q.key FROM pulls q WHERE ") },
				"q.repo_key", "q.number")},
		{Name: "family", Help: "CWE family of its issues", Column: "v.family", Into: func(v *row) any { return &v.Family }, CSV: "family",
			Asked: same("v.family")},
		{Name: "id", Column: "v.id", Into: func(v *row) any { return &v.StoreID }},
		{Name: "known", Column: "CASE WHEN " + verifiedSession + " <> '' THEN 1 ELSE 0 END", Into: func(v *row) any { return &v.Known }},
		{Name: "pr_number", Column: "v.pr_number", Into: func(v *row) any { return &v.Number }},
		{Name: "pr_title", Column: "v.pr_title", Into: func(v *row) any { return &v.PRTitle }, CSV: "pr_title"},
		{Name: "source_run", Column: "v.source_run", Into: func(v *row) any { return &v.SourceRun }, CSV: "source_run"},
		{Name: "targeted", Column: "v.targeted", Into: func(v *row) any { return &v.Targeted }, CSV: "targeted"},
		{Name: "fixed", Column: "v.fixed", Into: func(v *row) any { return &v.Fixed }, CSV: "fixed"},
		{Name: "remaining", Column: "v.remaining", Into: func(v *row) any { return &v.Remaining }, CSV: "remaining"},
		{Name: "gone", Column: "v.gone_n", Into: func(v *row) any { return &v.Gone }, CSV: "gone"},
		{Name: "still_there", Column: "v.there_n", Into: func(v *row) any { return &v.StillThere }, CSV: "still_there"},
		{Name: "unmatched", Column: "v.unmatched", Into: func(v *row) any { return &v.Unmatched }},
		{Name: "merge", Column: "v.merge_state", Into: func(v *row) any { return &v.Merge }, CSV: "merge"},
		{Name: "merged_at", Column: "COALESCE(p.merged_at, 0)", Into: func(v *row) any { return &v.MergedAt }, CSV: "merged_at"},
		{Name: "current", Column: "v.current", Into: func(v *row) any { return &v.Current }},
		{Name: "reference_at", Column: "COALESCE(o.ref_at, 0)", Into: func(v *row) any { return &v.ReferenceAt }},
		{Name: "scan_file", Column: "COALESCE(c.file, '')", Into: func(v *row) any { return &v.ScanFile }},
		{Name: "file", Column: "v.file", Into: func(v *row) any { return &v.File }, CSV: "file"},
		{Name: "pruned_at", Column: "COALESCE(f.pruned_at, 0)", Into: func(v *row) any { return &v.PrunedAt }},
		{Name: "source", Column: "v.source", Into: func(v *row) any { return &v.Source }},
	}
}

// verified asks for the outcome of verifications v, of each session's latest;
// of begins the condition.
func verified(of string) *asked {
	var words []word
	for _, o := range telemetry.VerificationOutcomes() {
		words = append(words, word{o.Word(), of + " AND v.current = 1 AND v.outcome = '" + string(o) + "')"})
	}
	return is(words...)
}

// finishVerifications gives verifications their issues, and what several columns say.
func finishVerifications(tx *store.Tx, _ moment, rows []telemetry.VerificationRow) {
	place, ids := map[int64]int{}, make([]int64, len(rows))
	for i := range rows {
		v := &rows[i]
		place[v.StoreID], ids[i] = i, v.StoreID
		number := v.Number
		if v.PullRef = telemetry.ParsePull(v.PRURL); v.Number == 0 {
			v.Number = number
		}
		since := v.MergedAt
		if since.IsZero() {
			since = v.At
		}
		v.Rescanned, v.Issues = v.ReferenceAt.After(since.Time), []telemetry.VerifiedIssue{}
	}
	readVerified(tx, ids, func(record int64, v telemetry.VerifiedIssue) {
		i := place[record]
		rows[i].Issues = append(rows[i].Issues, v)
	})
}

// readVerified reads the issues of verifications by their ids.
func readVerified(tx *store.Tx, ids []int64, add func(record int64, v telemetry.VerifiedIssue)) {
	issues := Issues(nil)
	var rows []telemetry.IssueRow
	var records []int64
	var results []telemetry.VerificationResult
	st := (&statement{}).add("SELECT " + issues.Columns(false) + ", a.record_id, a.result FROM attempts a JOIN issues i ON i.id = a.issue_id").
		where([]Cond{that("a.result > 0"), in("a.record_id", ids)}).
		add(" ORDER BY a.result, i.severity_rank, i.file, i.line, i.public_id")
	tx.Each(st.text.String(), st.args, func(r *store.Row) {
		var row telemetry.IssueRow
		var record int64
		var result telemetry.VerificationResult
		r.Scan(append(issues.Into(&row, false), &record, &result)...)
		rows, records, results = append(rows, row), append(records, record), append(results, result)
	})
	issues.Complete(tx, rows)
	for i, row := range rows {
		add(records[i], telemetry.VerifiedIssue{IssueRow: row, Result: results[i]})
	}
}
