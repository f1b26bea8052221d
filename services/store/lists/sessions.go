package lists

import (
	"slices"
	"strconv"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Sessions are the Devin sessions of all runs, those that never started only if asked for.
func Sessions(s *store.Store) *List[telemetry.SessionRow] {
	return bind(s, List[telemetry.SessionRow]{
		Name: "sessions", Noun: "sessions",
		From: "sessions s" + sessionJoins, Bare: "sessions s", Key: "s.key", Default: "timestamp",
		Past: sessionsPast() + sessionJoins, PastBare: sessionsPast() + sessionPolls, PastWhole: true,
		Only:   startedSessions,
		Repo:   func(_ moment, key string) Cond { return idOfRepo("s.repo_id", key) },
		Free:   sessionText,
		Finish: finishSessions,
		Cheap:  "is repo family run batch age started has no",
		CSV: "session_id repo state reason status since family issues run batch pr_url link_basis title started session_url" +
			" claimed_fixed claimed_blocked tests_passing acus playbook_id tags",
		Example: "is:active age:>2h",
		Views: []query.View{
			{Name: "All"}, {Name: "Active", Query: "is:active"}, {Name: "Waiting for you", Query: "is:waiting"},
			{Name: "PR ready", Query: "is:pr_ready"}, {Name: "Never started", Query: "is:never_started"},
		},
		Fields: slices.Concat(sessionQualifiers(), sessionClaims(), []Field[telemetry.SessionRow]{
			campaignOf[telemetry.SessionRow]("of which it took an issue since it began", forCampaign),
		}, sessionColumns()),
	})
}

// sessionQualifiers are what queries ask for, in the order of completion.
func sessionQualifiers() []Field[telemetry.SessionRow] {
	type row = telemetry.SessionRow
	const linked = "s.key IN (SELECT l.session FROM links l JOIN pulls p2 ON p2.key = l.pull_key WHERE l.ambiguous = 0 AND "
	return []Field[row]{
		{Name: "is", Aliases: []string{"state", "status"}, Help: "state of the session", Column: "s.state",
			Into: func(s *row) any { return &s.State }, CSV: "state", Asked: sessionState()},
		{Name: "repo", Help: repoHelp, Column: nameAndURL("s.repo_id", "s.target_repo"),
			Into: func(s *row) any { return repoOf(&s.Repo, &s.TargetRepo) },
			CSV:  "repo", Asked: repoID("s.repo_id"), Values: ofRepos(), Sort: up("s.repo_key | s.at | s.key")},
		{Name: "family", Help: "CWE family of its issues", Column: "s.family", Into: func(s *row) any { return &s.Family }, CSV: "family",
			Asked: same("s.family"), Values: ofRows("family", "sessions WHERE family <> ''"), Sort: up("s.family | s.at | s.key")},
		{Name: "run", Help: "number of the run that started it", Column: "s.run_number", Into: func(s *row) any { return &s.RunNumber },
			CSV: "run", Asked: number("s.run_number"), Sort: down("s.run_number | s.batch_id | s.at | s.key").also("run_number")},
		{Name: "batch", Help: "batch of that run", Column: "s.batch_id", Into: func(s *row) any { return &s.BatchID }, CSV: "batch",
			Asked: known("s.batch_id"), Sort: up("s.batch_id | s.at | s.key")},
		{Name: "issue", Help: "issue id that it was given, for example CQLF-R34-0010",
			Asked: text(func(text string) Cond { return among("s.issue_ids", text, glob, "") })},
		{Name: "id", Aliases: []string{"session"}, Help: "its id, with or without devin-",
			Asked: text(func(text string) Cond { return sessionIs("s.key", text) })},
		{Name: "pr", Help: "its pull request: number, owner/name#number or URL", Column: "s.pr_url",
			Into: func(s *row) any { return &s.PRURL }, CSV: "pr_url", Sort: down("s.has_pr | s.at | s.key"),
			Asked: pullRequest(func(c Cond) Cond { return c.within(linked) }, "p2.repo_key", "p2.number")},
		{Name: "author", Help: "who opened its pull request", Values: ofRows("author", "pulls WHERE session <> ''"),
			Asked: text(func(text string) Cond { return sameText("p2.author", text).within(linked) })},
		{Name: "verified", Help: "the outcome of its latest verification",
			Asked: verified("s.key IN (SELECT v.session FROM verifications v WHERE v.session <> ''")},
		{Name: "has", Help: "what it has", Asked: is(word{"pr", "s.has_pr = 1"}, word{"issue", "s.issue_ids <> '[]'"},
			word{"attempt", "s.key IN (SELECT c.session FROM claims c)"})},
		{Name: "no", Help: "what it does not have", Asked: is(word{"pr", "s.has_pr = 0"}, word{"issue", "s.issue_ids = '[]'"})},
		{Name: "age", Aliases: []string{"since"}, Help: "time in its present state", Asked: age("s.since").offers(">2h", ">1d", ">7d"),
			Sort: ages("s.since | s.key")},
		{Name: "started", Aliases: []string{"created"}, Help: "when its run started it", Column: "s.at",
			Into: func(s *row) any { return &s.At }, CSV: "started",
			Asked: date("s.at").offers("<1d", "<7d", "<30d"), Sort: down("s.at | s.key").also("timestamp")},
	}
}

// sessionColumns are what else is shown of a session.
func sessionColumns() []Field[telemetry.SessionRow] {
	type row = telemetry.SessionRow
	return []Field[row]{
		{Name: "session_id", Column: "s.id", Into: func(s *row) any { return &s.ID }, CSV: "session_id"},
		{Name: "key", Column: "s.key", Into: func(s *row) any { return &s.Key }},
		{Name: "state", Sort: up("s.state_rank | s.at | s.key")},
		{Name: "reason", Column: "s.reason", Into: func(s *row) any { return &s.Reason }, CSV: "reason"},
		{Name: "status", Column: "s.status", Into: func(s *row) any { return &s.Status }, CSV: "status"},
		{Name: "since", Column: "s.since", Into: func(s *row) any { return &s.StateSince }, CSV: "since",
			Sort: down("s.since | s.key")},
		{Name: "issues", Column: "s.issue_ids", Into: func(s *row) any { return store.ListOf(&s.IssueIDs) }, CSV: "issues"},
		{Name: "basis", Column: "s.basis", Into: func(s *row) any { return &s.Basis }, CSV: "link_basis"},
		{Name: "title", Column: "s.title", Into: func(s *row) any { return &s.Title }, CSV: "title"},
		{Name: "url", Column: "s.url", Into: func(s *row) any { return &s.URL }, CSV: "session_url"},
		{Name: "run_file", Column: "s.run_file", Into: func(s *row) any { return &s.RunFile }},
		{Name: "run_id", Column: "s.run_id", Into: func(s *row) any { return &s.RunID }},
		{Name: "run_url", Column: "s.run_url", Into: func(s *row) any { return &s.RunURL }},
		{Name: "run_label", Column: "s.run_label", Into: func(s *row) any { return &s.RunLabel }},
		{Name: "fork_url", Column: "s.fork_url", Into: func(s *row) any { return &s.ForkURL }},
		{Name: "at_text", Column: "s.at_text", Into: func(s *row) any { return &s.AtText }},
		{Name: "detail", Column: "s.detail", Into: func(s *row) any { return &s.Detail }},
		{Name: "origin", Column: "s.origin", Into: func(s *row) any { return &s.StateSource }},
		{Name: "updated_at", Column: "s.updated_at", Into: func(s *row) any { return &s.UpdatedAt }},
		{Name: "has_pr", Column: "s.has_pr", Into: func(s *row) any { return &s.HasPR }},
		{Name: "polled_at", Column: "CASE WHEN s.polled = 1 THEN COALESCE(o.changed_at, 0) ELSE 0 END",
			Into: func(s *row) any { return &s.PolledAt }},
		{Name: "pull_repo", Column: "COALESCE(p.repo, '')", Into: func(s *row) any { return &pullOf(s).Repo }},
		{Name: "pull_state", Column: "COALESCE(p.state, '')", Into: func(s *row) any { return &pullOf(s).State }},
		{Name: "pull_number", Column: "COALESCE(p.number, 0)", Into: func(s *row) any { return &pullOf(s).Number }},
		{Name: "pull_merged", Column: "CASE WHEN p.merged_at <> 0 THEN 1 ELSE 0 END", Into: func(s *row) any { return &pullOf(s).Merged }},
	}
}

// startedSessions leaves out those that never started. Just those have no id, known without a past state.
func startedSessions(a query.Ask) []Cond {
	switch {
	case slices.Contains(a.Query.Values("is"), string(telemetry.StateNeverStarted)):
		return nil
	case a.AsOf.IsZero():
		return []Cond{that("s.state <> 'never_started'")}
	}
	return []Cond{that("s.id <> ''")}
}

func sessionText(_ moment, text string) Cond {
	return anyOf(among("s.issue_ids", text, escaped, "%"), inFile("s.run_file", text),
		anyContains(text, "s.id", "s.title", "s.family", "s.target_repo", "s.status", "s.reason", "s.run_label", "s.pr_url"))
}

// sessionPolls is what orders sessions beside their own columns, and
// sessionJoins what their rows show.
const (
	sessionPolls = ` LEFT JOIN polls o ON o.session = s.key AND o.api <> ''`
	sessionJoins = ` LEFT JOIN pulls p ON p.key = s.pull_key` + sessionPolls
)

func pullOf(s *telemetry.SessionRow) *telemetry.PullState {
	if s.PR == nil {
		s.PR = &telemetry.PullState{}
	}
	return s.PR
}

// sessionState compares the state. Active is what was polled, or recorded of late.
func sessionState() *asked {
	words := []string{telemetry.KeywordActive}
	for _, s := range telemetry.States() {
		words = append(words, string(s))
	}
	return &asked{kind: query.Keyword(), words: words, cond: each(func(m moment, v query.Value) Cond {
		if v.Text != telemetry.KeywordActive {
			return that("s.state = ?", v.Text)
		}
		since := m.at - telemetry.RecordedFor.Milliseconds()
		return allOf(that("{s.state} IN ("+ActiveStates+")"), that("{"+KnownUntil+"} > ?", since))
	})}
}

// inFile finds a text in a file's name; the ending, which all have, only with what is before it.
func inFile(column, text string) Cond {
	const ending = ".json"
	_, begins := strings.CutPrefix(ending, lowered(strings.TrimSpace(text)))
	if begins || !strings.Contains(text, ".") {
		column = "REPLACE(" + column + ", '.json', '')"
	}
	return contains(column, text)
}

// sessionsPast are the sessions that a record named at @, as the newest of
// these records has them, with their state in the log.
func sessionsPast() string { return "(" + sessionsThen() + ") AS s" }

func sessionsThen() string {
	return `SELECT s.key, s.id, s.url, s.batch_id, s.run_ref, s.run_file, s.run_number, s.run_id, s.run_url, s.run_label, s.target_repo,
		s.fork_url, s.at_text, s.issue_ids, s.family, s.repo_id, s.repo_key, s.at,
		CASE WHEN s.since <= @ OR s.id = '' THEN s.status
			ELSE COALESCE((SELECT g.status` + loggedThen + `, (SELECT m.status` + recordedThen + `, '') END AS status,
		CASE WHEN s.since <= @ OR s.id = '' THEN s.detail ELSE COALESCE((SELECT g.detail` + loggedThen + `, '') END AS detail,
		CASE WHEN s.since <= @ OR s.id = '' THEN s.origin ELSE COALESCE((SELECT g.origin` + loggedThen + `, 'record') END AS origin,
		COALESCE((SELECT l.title FROM base.claim_log l WHERE l.session = s.key AND l.at <= @ ORDER BY l.id DESC LIMIT 1), '') AS title,
		` + updatedThen + ` AS updated_at,
		` + PolledThen + ` AS polled,
		CASE WHEN s.state = ` + StateThen + ` THEN s.reason ELSE '' END AS reason,
		` + StateThen + ` AS state, ` + rankThen() + ` AS state_rank, ` + StateSinceThen + ` AS since, ` + LinkedThen + ` AS has_pr,
		CAST(CASE WHEN ` + LinkedThen + ` = 1 THEN s.pull_key ELSE '' END AS TEXT) AS pull_key,
		CASE WHEN ` + LinkedThen + ` = 1 THEN s.pr_url ELSE '' END AS pr_url,
		CASE WHEN ` + LinkedThen + ` = 1 THEN s.basis ELSE '' END AS basis
	FROM ` + sessionsNamedThen + ` s`
}

// sessionsNamedThen are the sessions as the newest record by then names them:
// those of an older record than today's with its words.
const sessionsNamedThen = `(SELECT s.key, s.id, s.url, s.batch_id, s.run_ref, s.run_file, s.run_number, s.run_id, s.run_url, s.run_label,
		s.target_repo, s.fork_url, s.at, s.at_text, s.issue_ids, s.family, s.status, s.repo_id, s.repo_key, s.since, s.state, s.reason,
		s.detail, s.origin, s.updated_at, s.polled, s.has_pr, s.pull_key, s.pr_url, s.basis
	FROM base.sessions s WHERE s.at <= @
	UNION ALL SELECT s.key, m.shown_id, CASE WHEN m.url = '' THEN s.url ELSE m.url END, m.batch_id, r.id, r.file, r.run_number, r.run_id,
		r.run_url, r.run_label, r.target_repo, r.fork_url, r.at, r.at_text, m.issue_ids, m.family, m.status, r.repo_id, r.repo_key,
		s.since, s.state,
		s.reason, s.detail, s.origin, s.updated_at, s.polled, s.has_pr, s.pull_key, s.pr_url, s.basis
	FROM base.sessions s JOIN base.mentions m ON m.session = s.key JOIN base.runs r ON r.id = m.run_id
	WHERE s.at > @ AND s.id <> '' AND m.at <= @ AND NOT EXISTS (SELECT 1 FROM base.mentions n JOIN base.runs q ON q.id = n.run_id
		WHERE n.session = m.session AND n.at <= @ AND (n.at > m.at OR n.at = m.at AND (q.file > r.file OR q.file = r.file AND
			(q.id > r.id OR q.id = r.id AND n.ord < m.ord)))))`

// sessionIDsThen are the sessions for what shows their ids alone.
const sessionIDsThen = `SELECT s.key, CASE WHEN s.at <= @ THEN s.id ELSE (
		SELECT m.shown_id FROM base.mentions m JOIN base.runs r ON r.id = m.run_id
		WHERE m.session = s.key AND m.at <= @ ORDER BY m.at DESC, r.file DESC, r.id DESC, m.ord LIMIT 1) END AS id
	FROM base.sessions s WHERE ` + KnownSessionThen

// updatedThen is when Devin had last updated a session s.
const updatedThen = `CASE WHEN s.updated_at <= @ THEN s.updated_at ELSE COALESCE((SELECT l.at FROM base.claim_log l
	WHERE l.session = s.key AND l.at <= @ ORDER BY l.id DESC LIMIT 1), 0) END`

// rankThen is the rank of the state of then.
func rankThen() string {
	rank := "CASE " + StateThen
	for i, state := range telemetry.States() {
		rank += " WHEN '" + string(state) + "' THEN " + strconv.Itoa(i)
	}
	return rank + " END"
}

// finishSessions adds what Devin says, and leaves out pull requests that sessions do not have, or did not have.
func finishSessions(tx *store.Tx, m moment, rows []telemetry.SessionRow) {
	ReadClaims(tx, rows)
	for i := range rows {
		s := &rows[i]
		if s.PR.Number == 0 || m.past && !s.HasPR {
			s.PR = nil
		}
	}
}
