package lists

import (
	"time"

	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Repos are the repositories that runs were on.
func Repos(s *store.Store) *List[telemetry.RepoRow] {
	return bind(s, List[telemetry.RepoRow]{
		Name: "repos", Noun: "repositories",
		From: "repos r", Key: "r.id", Past: reposPast(store.Everywhere), PastOf: reposPast, PastWhole: true, Default: "last_run",
		Joins:   activeSessions,
		Finish:  finishRepos,
		Repo:    func(_ moment, key string) Cond { return that("r.key = ?", key) },
		Free:    func(_ moment, text string) Cond { return anyContains(text, "r.key", "r.fork_key") },
		Cheap:   "is open critical_high runs waiting age repo",
		Example: "open:>0",
		Fields:  append(repoQualifiers(), repoColumns()...),
	})
}

const worst = "r.critical_high | r.open | r.key"

// repoQualifiers are what queries ask for, in the order of completion, and their columns.
func repoQualifiers() []Field[telemetry.RepoRow] {
	type row = telemetry.RepoRow
	return []Field[row]{
		{Name: "repo", Aliases: []string{"name"}, Help: "owner/name, or owner/*", Column: "r.name", Into: func(r *row) any { return &r.Name },
			CSV: "repo", Asked: repoKey("r.key"), Values: ofRepos(), Sort: up("r.key")},
		{Name: "fork", Column: "r.fork", Into: func(r *row) any { return &r.Fork }, CSV: "fork"},
		{Name: "is", Help: "has a reference scan, last scan was scope-reduced, nothing open, archived or deleted",
			Asked: is(word{"listed", "r.listed = 1"}, word{"reduced", "r.data_reduced = 1"}, word{"clean", "r.open = 0"},
				word{"retired", "r.retired <> ''"})},
		{Name: "open", Help: "number of open issues", Column: "r.open", Into: func(r *row) any { return &r.Open }, CSV: "open",
			Asked: number("r.open").offers(">0"), Sort: down("r.open | r.critical_high | r.key")},
		{Name: "dismissed", Help: "number of dismissed issues", Column: "r.dismissed", Into: func(r *row) any { return &r.Dismissed },
			CSV: "dismissed", Asked: number("r.dismissed").offers(">0")},
		{Name: "accepted", Help: "number of issues of which the risk is accepted", Column: "r.accepted",
			Into: func(r *row) any { return &r.Accepted }, CSV: "accepted", Asked: number("r.accepted").offers(">0")},
		{Name: "overdue", Help: "number of open issues of which the due date has passed", Column: "r.overdue",
			Into: func(r *row) any { return &r.Overdue }, CSV: "overdue", Asked: number("r.overdue").offers(">0"),
			Sort: down("r.overdue | " + worst)},
		{Name: "critical", CSV: "critical", Cell: ofTier("critical"), Sort: down(worst).after(tier("critical"))},
		{Name: "high", CSV: "high", Cell: ofTier("high"), Sort: down(worst).after(tier("high"))},
		{Name: "medium", CSV: "medium", Cell: ofTier("medium"), Sort: down(worst).after(tier("medium"))},
		{Name: "low", CSV: "low", Cell: ofTier("low"), Sort: down(worst).after(tier("low"))},
		{Name: "critical_high", Aliases: []string{"critical-high", "ch"}, Help: "open issues, critical and high",
			Asked: number("r.critical_high").offers(">0"), Sort: down(worst).also("severity")},
		{Name: "last_scan", Column: "r.latest_at", Into: func(r *row) any { return &r.LatestScanAt }, CSV: "last_scan",
			Sort: down("r.latest_at | r.key")},
		{Name: "last_run", Column: "r.last_run", Into: func(r *row) any { return &r.LastRun }, CSV: "last_run",
			Sort: down("r.last_run | r.key")},
		{Name: "runs", Help: "number of runs", Column: "r.runs", Into: func(r *row) any { return &r.Runs }, CSV: "runs",
			Asked: number("r.runs").offers(">0"), Sort: down("r.runs | r.key")},
		{Name: "sessions", Column: "r.sessions_created", Into: func(r *row) any { return &r.SessionsCreated }, CSV: "sessions_created",
			Sort: down("r.sessions_created | " + worst)},
		{Name: "active", Help: "number of active sessions", Column: activeCount, Into: func(r *row) any { return &r.SessionsActive },
			CSV: "sessions_active", Asked: number(activeCount).offers(">0"), Sort: down(activeCount + " | " + worst)},
		{Name: "prs_total", Column: "r.prs_total", Into: func(r *row) any { return &r.PRs.Total }, CSV: "prs_total"},
		{Name: "waiting", Help: "number of open pull requests", Column: "r.prs_open", Into: func(r *row) any { return &r.PRs.Open },
			CSV: "prs_open", Asked: number("r.prs_open").offers(">0"), Sort: down("r.prs_open | " + worst)},
		{Name: "merged", Column: "r.prs_merged", Into: func(r *row) any { return &r.PRs.Merged }, CSV: "prs_merged",
			Sort: down("r.prs_merged | " + worst)},
		{Name: "found", Column: "r.issues_found", Into: func(r *row) any { return &r.IssuesFound }, CSV: "issues_found",
			Sort: down("r.issues_found | r.key")},
		{Name: "age", Aliases: []string{"scanned"}, Help: "time since the last run", Asked: age("r.last_run").offers(">2d", ">7d")},
	}
}

// repoColumns are what else is shown of a repository.
func repoColumns() []Field[telemetry.RepoRow] {
	type row = telemetry.RepoRow
	return []Field[row]{
		{Name: "change", Sort: down(worst).after(overDays("d.net + d.unlisted - d.dismissed - d.accepted")), NoPast: true},
		{Name: "closed", Sort: down(worst).after(overDays("d.closed")), NoPast: true},
		{Name: "last_recorded", Column: "(SELECT x.at_text FROM runs x WHERE x.repo_id = r.id AND x.at = r.last_run LIMIT 1)",
			Into: func(r *row) any { return store.RecordedOf(&r.LastRun) }},
		{Name: "target_repo", Column: "r.target_repo", Into: func(r *row) any { return &r.TargetRepo }},
		{Name: "fork_url", Column: "r.fork_url", Into: func(r *row) any { return &r.ForkURL }},
		{Name: "scans", Column: "r.scans", Into: func(r *row) any { return &r.Scans }},
		{Name: "dispatches", Column: "r.dispatches", Into: func(r *row) any { return &r.Dispatches }},
		{Name: "sessions_finished", Column: "r.sessions_finished", Into: func(r *row) any { return &r.SessionsFinished }},
		{Name: "sessions_waiting", Column: "COALESCE(active.waiting, 0)", Into: func(r *row) any { return &r.SessionsWaiting }},
		{Name: "sessions_with_pr", Column: "r.sessions_with_pr", Into: func(r *row) any { return &r.SessionsWithPR }},
		{Name: "never_started", Column: "r.never_started", Into: func(r *row) any { return &r.NeverStarted }},
		{Name: "prs_closed", Column: "r.prs_closed", Into: func(r *row) any { return &r.PRs.Closed }},
		{Name: "prs_unknown", Column: "r.prs_unknown", Into: func(r *row) any { return &r.PRs.Unknown }},
		{Name: "severity_sum", Column: "r.severity_sum", Into: func(r *row) any { return store.CountsOf(&r.SeveritySum) }},
		{Name: "category_sum", Column: "r.category_sum", Into: func(r *row) any { return store.CountsOf(&r.CategorySum) }},
		{Name: "open_severity", Column: "r.open_severity", Into: func(r *row) any { return store.CountsOf(&r.OpenSeverity) }},
		{Name: "open_category", Column: "r.open_category", Into: func(r *row) any { return store.CountsOf(&r.OpenCategory) }},
		{Name: "decided_severity", Column: "r.decided_severity", Into: func(r *row) any { return store.CountsOf(&r.LatestSeverity) }},
		{Name: "decided_category", Column: "r.decided_category", Into: func(r *row) any { return store.CountsOf(&r.LatestCategory) }},
		{Name: "listed", Column: "r.listed", Into: func(r *row) any { return &r.Listed }},
		{Name: "without_findings", Column: "CASE WHEN r.without_findings = 1 AND r.ref_file <> '' THEN 1 ELSE 0 END",
			Into: func(r *row) any { return &r.WithoutFindings }},
		{Name: "latest_file", Column: "r.latest_file", Into: func(r *row) any { return &r.LatestFile }},
		{Name: "latest_run", Column: "CASE WHEN r.latest_file <> '' THEN r.latest_run END", Into: func(r *row) any { return &r.LatestRun }},
		{Name: "reduced", Column: "r.data_reduced", Into: func(r *row) any { return &r.LatestReduced }},
		{Name: "languages_not_scanned", Column: "r.lost", Into: func(r *row) any { return store.WordsOf(&r.LanguagesLost) }},
		{Name: "retired", Column: "r.retired", Into: func(r *row) any { return &r.Retired }},
		{Name: "retired_at", Column: "r.retired_at", Into: func(r *row) any { return &r.RetiredAt }},
		{Name: "reference_at", Column: "r.ref_at", Into: func(r *row) any { return &r.ReferenceAt }},
		{Name: "reference_run", Column: "CASE WHEN r.ref_file <> '' THEN r.ref_run END", Into: func(r *row) any { return &r.ReferenceRun }},
	}
}

// activeSessions joins each repository's sessions that are active: a state
// that only a record tells, and that it told more than RecordedFor ago, is
// not. They are counted when they are asked for, since they change with the
// clock alone.
func activeSessions(m moment) Cond {
	if m.past {
		return activeThen(m)
	}
	return that(` LEFT JOIN (SELECT s.repo_id, COUNT(*) AS n, SUM(CASE WHEN s.state = 'waiting' THEN 1 ELSE 0 END) AS waiting
		FROM sessions s WHERE s.state IN (`+ActiveStates+`) AND `+KnownUntil+` > ? GROUP BY s.repo_id) active
		ON active.repo_id = r.id`,
		m.at-telemetry.RecordedFor.Milliseconds())
}

const activeCount = "COALESCE(active.n, 0)"

// tier sorts by the open issues of a severity.
func tier(name string) func(moment) Cond {
	return func(m moment) Cond {
		if m.past {
			return that("CASE WHEN r.listed = 1 THEN r." + name + " ELSE CAST(COALESCE(r.open_severity::jsonb ->> '" + name +
				"', '0') AS BIGINT) END")
		}
		return that("CAST(COALESCE(r.open_severity::jsonb ->> '" + name + "', '0') AS BIGINT)")
	}
}

func ofTier(name string) func(*telemetry.RepoRow, time.Time) any {
	return cell(func(r *telemetry.RepoRow) any { return r.OpenSeverity[name] })
}

// overDays sorts by a sum over the last RepoDaysShown days.
func overDays(sum string) func(moment) Cond {
	return func(m moment) Cond {
		from := m.at/(24*time.Hour).Milliseconds() - telemetry.RepoDaysShown
		return that("COALESCE((SELECT SUM("+sum+") FROM days d WHERE d.repo_id = r.id AND d.day > ?), 0)", from)
	}
}
