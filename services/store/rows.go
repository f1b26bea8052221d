package store

import (
	"telemetry-dashboard/services/telemetry"
)

// The columns of the rows that lists and details share, and how each is read.

const runRowColumns = runBriefColumns + runItem

const runBriefColumns = `r.source, r.file, r.kind, r.target_repo, r.run_number, r.run_id, r.run_url, r.run_label, r.at,
	r.issues_found, r.batches, r.sessions, r.has_findings, r.reduced, r.new_n, r.gone_n,
	`

// runItem is the record itself, most of what a run's row costs.
const runItem = `COALESCE(r.item, (SELECT body FROM files f WHERE f.id = r.id))`

func scanRun(r *Row, run *telemetry.RunRow) { scanRunAnd(r, run) }

func scanRunAnd(r *Row, run *telemetry.RunRow, more ...any) {
	var target string
	var when, fresh, gone int64
	var has, reduced int
	r.Scan(append([]any{&run.Source, &run.File, &run.Kind, &target, &run.RunNumber, &run.RunID, &run.RunURL, &run.RunLabel, &when, &run.IssuesFound, &run.Batches, &run.Sessions, &has, &reduced, &fresh, &gone, &run.Item}, more...)...)
	run.Repo, run.At = telemetry.ParseRepo(target), at(when)
	run.HasFindings, run.Reduced = has == 1, reduced == 1
	if fresh >= 0 {
		run.New, run.Gone = &fresh, &gone
	}
}

const sessionRowColumns = `s.key, s.id, s.url, s.batch_id, s.run_file, s.run_number, s.run_id, s.run_url, s.run_label, s.target_repo, s.fork_url, s.at, s.at_text, s.issue_ids, s.family,
	s.title, s.status, s.detail, s.state, s.reason, s.since, s.origin, s.updated_at, s.polled, s.has_pr, s.pr_url, s.basis,
	COALESCE(p.repo, ''), COALESCE(p.number, 0), COALESCE(p.state, ''), COALESCE(p.merged_at, 0), COALESCE(o.changed_at, 0)`

const sessionRowTables = `sessions s LEFT JOIN pulls p ON p.key = s.pull_key LEFT JOIN polls o ON o.session = s.key AND o.missing = 0`

func scanSession(r *Row, v *telemetry.SessionRow) { scanSessionAnd(r, v) }

func scanSessionAnd(r *Row, v *telemetry.SessionRow, more ...any) {
	var when, since, updated, merged, changed int64
	var polled, has int
	var ids string
	var pull telemetry.PullState
	r.Scan(append([]any{&v.Key, &v.ID, &v.URL, &v.BatchID, &v.RunFile, &v.RunNumber, &v.RunID, &v.RunURL, &v.RunLabel, &v.TargetRepo, &v.ForkURL, &when, &v.AtText, &ids, &v.Family,
		&v.Title, &v.Status, &v.Detail, &v.State, &v.Reason, &since, &v.StateSource, &updated, &polled, &has, &v.PRURL, &v.Basis,
		&pull.Repo, &pull.Number, &pull.State, &merged, &changed}, more...)...)
	v.Repo, v.At, v.StateSince, v.UpdatedAt = telemetry.ParseRepo(v.TargetRepo), at(when), at(since), at(updated)
	v.IssueIDs, v.HasPR = fromJSON[[]string](r.tx, ids), has == 1
	if polled == 1 {
		v.PolledAt = at(changed)
	}
	if pull.Number > 0 {
		pull.Merged = merged != 0
		v.PR = &pull
	}
}

const pullRowColumns = `p.repo, p.number, p.title, p.url, p.state, p.draft, p.author, p.created_at, p.updated_at, p.closed_at, p.merged_at, p.issue_ids, p.basis, p.candidates,
	COALESCE((SELECT s.id FROM sessions s WHERE s.key = p.session), '')`

func scanPull(r *Row, v *telemetry.PullRow) {
	var created, updated, closed, merged int64
	var draft int
	var ids, candidates string
	r.Scan(&v.Repo, &v.Number, &v.Title, &v.URL, &v.State, &draft, &v.User, &created, &updated, &closed, &merged, &ids, &v.Basis, &candidates, &v.Session)
	v.CreatedAt, v.UpdatedAt, v.ClosedAt, v.MergedAt = at(created), at(updated), at(closed), at(merged)
	v.Merged, v.Draft = merged != 0, draft == 1
	v.IssueIDs, v.Candidates = fromJSON[[]string](r.tx, ids), fromJSON[[]string](r.tx, candidates)
}

const issueRowColumns = issueColumns + `, (SELECT target_repo FROM repos t WHERE t.id = i.repo_id), i.attempts, i.session`

func scanIssueRow(r *Row, v *telemetry.IssueRow) { scanIssueAnd(r, v) }

func scanIssueAnd(r *Row, v *telemetry.IssueRow, more ...any) {
	scanIssue(r, &v.Issue, append([]any{&v.TargetRepo, &v.Attempts, &v.Session}, more...)...)
	v.Repo = telemetry.ParseRepo(v.TargetRepo)
}

// inOrder is how the issues of a detail are listed: the worst first.
const (
	inOrder    = ` ORDER BY ` + worstFirst
	worstFirst = `i.severity_rank, i.file, i.line, i.public_id`
)

// issuesWhere returns rows of issues; of is what follows FROM issues i.
func issuesWhere(tx *Tx, of string, args ...any) []telemetry.IssueRow {
	rows := []telemetry.IssueRow{}
	tx.Each(`SELECT `+issueRowColumns+` FROM issues i `+of, args, func(r *Row) {
		var v telemetry.IssueRow
		scanIssueRow(r, &v)
		rows = append(rows, v)
	})
	return rows
}

const verificationColumns = `v.id, v.file, v.source, v.at, v.session, COALESCE(s.id, ''), COALESCE(o.target_repo, ''), v.pr_number, v.pr_url, v.pr_title, v.source_run, COALESCE(c.file, ''), v.family,
	v.targeted, v.fixed, v.remaining, v.gone_n, v.there_n, v.unmatched, v.merge_state, v.outcome, v.current, COALESCE(o.ref_at, 0), COALESCE(p.merged_at, 0)`

const verificationTables = `verifications v LEFT JOIN sessions s ON s.key = v.session AND v.session <> '' LEFT JOIN repos o ON o.id = v.repo_id LEFT JOIN runs c ON c.id = v.scan_id LEFT JOIN pulls p ON p.key = v.pull_key AND v.pull_key <> ''`

// storedVerification is a row with its id in the store.
type storedVerification struct {
	telemetry.VerificationRow
	id int64
}

func scanVerification(r *Row, v *storedVerification) {
	var when, ref, merged, number int64
	var shown, target string
	var current int
	r.Scan(&v.id, &v.File, &v.Source, &when, &v.Session, &shown, &target, &number, &v.PRURL, &v.PRTitle, &v.SourceRun, &v.ScanFile, &v.Family,
		&v.Targeted, &v.Fixed, &v.Remaining, &v.Gone, &v.StillThere, &v.Unmatched, &v.Merge, &v.Verdict, &current, &ref, &merged)
	v.At, v.MergedAt, v.ReferenceAt = at(when), at(merged), at(ref)
	v.Repo, v.Current, v.PullRef = telemetry.ParseRepo(target), current == 1, telemetry.ParsePull(v.PRURL)
	if v.Number == 0 {
		v.Number = number
	}
	if shown != "" {
		v.Session, v.Known = shown, true
	}
	since := v.MergedAt
	if since.IsZero() {
		since = v.At
	}
	v.Rescanned = v.ReferenceAt.After(since.Time)
}

// verificationsWhere returns verifications with their issues, the latest
// first; of is what follows FROM.
func verificationsWhere(tx *Tx, of string, args ...any) []telemetry.VerificationRow {
	var stored []storedVerification
	tx.Each(`SELECT `+verificationColumns+` FROM `+verificationTables+` `+of, args, func(r *Row) {
		var v storedVerification
		scanVerification(r, &v)
		stored = append(stored, v)
	})
	return withIssues(tx, stored)
}

// withIssues gives verifications their issues.
func withIssues(tx *Tx, stored []storedVerification) []telemetry.VerificationRow {
	rows, place, ids := make([]telemetry.VerificationRow, len(stored)), map[int64]int{}, make([]int64, len(stored))
	for i, v := range stored {
		rows[i], place[v.id], ids[i] = v.VerificationRow, i, v.id
		rows[i].Issues = []telemetry.VerifiedIssue{}
	}
	if len(rows) == 0 {
		return rows
	}
	tx.Each(`SELECT `+issueRowColumns+`, a.record_id, a.claim FROM attempts a JOIN issues i ON i.id = a.issue_id WHERE a.claim > 0 AND a.record_id `+tx.In(1, "BIGINT")+` ORDER BY a.claim, `+worstFirst, []any{JSON(ids)}, func(r *Row) {
		var v telemetry.VerifiedIssue
		var record int64
		scanIssueAnd(r, &v.IssueRow, &record, &v.Claim)
		i := place[record]
		rows[i].Issues = append(rows[i].Issues, v)
	})
	return rows
}

// ActiveStates are the states of a session that is active.
const ActiveStates = `'queued', 'working', 'waiting'`

const repoColumns = `name, target_repo, fork_url, fork, runs, scans, dispatches, issues_found, last_run, sessions_created, sessions_finished, sessions_active, sessions_waiting, sessions_with_pr, never_started,
	prs_total, prs_open, prs_closed, prs_merged, prs_unknown, severity_sum, category_sum, open, open_severity, open_category, listed, unnamed, latest_at, latest_file, latest_run, data_reduced, ref_at, ref_file, ref_run`

func scanRepo(r *Row, v *telemetry.RepoRow) { scanRepoAnd(r, v) }

func scanRepoAnd(r *Row, v *telemetry.RepoRow, more ...any) *Row {
	var last, latestAt, refAt, latestRun, refRun int64
	var listed, unnamed, reduced int
	var sevSum, catSum, openSev, openCat, refFile string
	r.Scan(append([]any{&v.Name, &v.TargetRepo, &v.ForkURL, &v.Fork, &v.Runs, &v.Scans, &v.Dispatches, &v.IssuesFound, &last, &v.SessionsCreated, &v.SessionsFinished, &v.SessionsActive, &v.SessionsWaiting, &v.SessionsWithPR, &v.NeverStarted,
		&v.PRs.Total, &v.PRs.Open, &v.PRs.Closed, &v.PRs.Merged, &v.PRs.Unknown, &sevSum, &catSum, &v.Open, &openSev, &openCat, &listed, &unnamed, &latestAt, &v.LatestFile, &latestRun, &reduced, &refAt, &refFile, &refRun}, more...)...)
	counts := func(text string) map[string]int64 {
		if text == "" {
			return map[string]int64{}
		}
		return flatCounts(r.tx, text)
	}
	v.SeveritySum, v.CategorySum, v.OpenSeverity, v.OpenCategory = counts(sevSum), counts(catSum), counts(openSev), counts(openCat)
	v.LastRun, v.LatestScanAt, v.ReferenceAt = at(last), at(latestAt), at(refAt)
	v.Listed, v.Unnamed, v.LatestReduced = listed == 1, unnamed == 1 && refFile != "", reduced == 1
	if refFile != "" {
		v.ReferenceRun = &refRun
	}
	if v.LatestFile != "" {
		v.LatestRun = &latestRun
	}
	return r
}
