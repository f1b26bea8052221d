package lists

import (
	"slices"
	"strings"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Pulls are the pull requests that belong to a session or name an issue.
func Pulls(s *store.Store) *List[telemetry.PullRow] {
	return bind(s, List[telemetry.PullRow]{
		Name: "pulls", Noun: "pull requests",
		From: "pulls p", Key: "p.key", Past: pullsPast, PastKeyed: pullsPast, PastWhole: true, Default: "created_at",
		Only:  func(query.Ask) []Cond { return []Cond{that("p.listed = 1")} },
		Repo:  pullsOfRepo,
		Free:  pullText,
		Cheap: "is repo linked checks review mergeable age created merged closed has no",
		CSV: "number repo title state merged draft review checks mergeable author created updated closed merged_at issues session " +
			"link_basis url",
		Example: "is:open age:>7d",
		Views: []query.View{
			{Name: "All"}, {Name: "Open", Query: "is:open"}, {Name: "Merged", Query: "is:merged"},
			{Name: "Closed", Query: "is:closed"}, {Name: "Not fetched", Query: "is:unknown"},
		},
		Fields: slices.Concat(pullQualifiers(), pullColumns()),
	})
}

const pullLast = "p.sort_at | p.key"

// pullQualifiers are what queries ask for, in the order of completion.
func pullQualifiers() []Field[telemetry.PullRow] {
	type row = telemetry.PullRow
	return []Field[row]{
		{Name: "is", Aliases: []string{"state"}, Help: "state of the pull request", Asked: is(
			word{telemetry.KeywordOpen, "p.shown = 'open'"}, word{"closed", "p.shown = 'closed'"}, word{"merged", "p.shown = 'merged'"},
			word{"unknown", "p.shown = 'unknown'"}, word{"draft", "p.shown = 'open' AND p.draft = 1"},
			word{"reverted", "p.reverted_at > 0"},
		).notThen("draft")},
		{Name: "repo", Help: "target repository, its fork included: owner/name, or owner/*", Column: "p.repo",
			Into: func(p *row) any { return &p.Repo }, CSV: "repo",
			Asked: pullRepo(), Values: ofRepos(), Sort: up("p.repo_key | " + pullLast)},
		{Name: "author", Aliases: []string{"user"}, Help: "who opened it", Column: "p.author", Into: func(p *row) any { return &p.User },
			CSV: "author", Asked: same("p.author"), Values: ofRows("author", "pulls WHERE listed = 1"), Sort: up("p.author | " + pullLast)},
		{Name: "session", Help: "Devin session, with or without devin-",
			Column: "p.session", Into: func(p *row) any { return &p.Session },
			CSV: "session", Asked: text(func(text string) Cond { return sessionIs("p.session", text) }),
			Sort: up("p.session | " + pullLast)},
		{Name: "issue", Help: "issue id in its title, for example CQLF-R34-0010",
			Asked: text(func(text string) Cond { return among("p.issue_ids", text, glob, "") })},
		{Name: "pr", Aliases: []string{"number", "id"}, Help: "number, owner/name#number or URL",
			Asked: pullRequest(func(c Cond) Cond { return c }, "p.repo_key", "p.number")},
		{Name: "linked", Help: "why it belongs to its session", Column: "p.basis", Into: func(p *row) any { return &p.Basis },
			CSV: "link_basis", Asked: isOne("p.basis", "devin", "verification", "record", "session_id", "issue_id")},
		{Name: "checks", Aliases: []string{"status"}, Help: "what its checks come to", Column: "p.checks",
			Into: func(p *row) any { return &p.Checks }, CSV: "checks", NoPast: true,
			Asked: checksAre("p.checks")},
		{Name: "review", Help: "what its reviews come to", Column: "p.review",
			Into: func(p *row) any { return &p.Review }, CSV: "review", NoPast: true,
			Asked: reviewIs("p.review")},
		{Name: "mergeable", Help: "whether it can be merged without conflicts", Column: "p.mergeable",
			Into: func(p *row) any { return &p.Mergeable }, CSV: "mergeable", NoPast: true,
			Asked: mergeableIs("p.mergeable")},
		{Name: "verified", Help: "the outcome of its latest verification",
			Asked: verified("p.key IN (SELECT v.pull_key FROM verifications v WHERE v.pull_key <> ''")},
		{Name: "has", Help: "what it has",
			Asked: is(word{"session", "p.session <> ''"}, word{"issue", "p.issue_ids <> '[]'"})},
		{Name: "no", Help: "what it does not have",
			Asked: is(word{"session", "p.session = ''"}, word{"issue", "p.issue_ids = '[]'"})},
		{Name: "age", Aliases: []string{"waiting"}, Help: "time since it was opened",
			Asked: age("p.created_at").offers(">1d", ">7d", ">30d"), Sort: ages(pullLast)},
		{Name: "created", Help: "when it was opened", Asked: date("p.created_at").offers("<7d", "<30d")},
		{Name: "merged", Help: "when it was merged", Column: "CASE WHEN p.merged_at <> 0 THEN 1 ELSE 0 END",
			Into: func(p *row) any { return &p.Merged }, CSV: "merged", Asked: date("p.merged_at").offers("<7d", "<30d")},
		{Name: "closed", Help: "when it was closed, merged or not", Column: "p.closed_at",
			Into: func(p *row) any { return &p.ClosedAt }, CSV: "closed", Asked: date("p.closed_at").offers("<7d", "<30d")},
	}
}

// checksAre, reviewIs and mergeableIs compare what GitHub says of a pull request.
func checksAre(column string) *asked {
	return isOne(column, telemetry.ChecksFailure, telemetry.ChecksPending, telemetry.ChecksSuccess, telemetry.ChecksNone)
}

func reviewIs(column string) *asked {
	return isOne(column, telemetry.ReviewApproved, telemetry.ReviewChanges, telemetry.ReviewRequired, telemetry.ReviewNone)
}

func mergeableIs(column string) *asked {
	return isOne(column, telemetry.MergeableConflict, telemetry.MergeableYes, telemetry.MergeableUnknown)
}

// pullColumns are what else is shown of a pull request.
func pullColumns() []Field[telemetry.PullRow] {
	type row = telemetry.PullRow
	return []Field[row]{
		{Name: "number", Column: "p.number", Into: func(p *row) any { return &p.Number }, CSV: "number", Sort: down("p.number | p.key")},
		{Name: "title", Column: "p.title", Into: func(p *row) any { return &p.Title }, CSV: "title", Sort: up("p.title | p.key")},
		{Name: "state", Column: "p.state", Into: func(p *row) any { return &p.State }, CSV: "state", Sort: up("p.shown | " + pullLast)},
		{Name: "draft", Column: "p.draft", Into: func(p *row) any { return &p.Draft }, CSV: "draft", Sort: down("p.draft | " + pullLast),
			NoPast: true},
		{Name: "created_at", Column: "p.created_at", Into: func(p *row) any { return &p.CreatedAt.Time }, CSV: "created",
			Sort: down(pullLast)},
		{Name: "updated_at", Column: "p.updated_at", Into: func(p *row) any { return &p.UpdatedAt }, CSV: "updated",
			Sort: down("p.updated_at | p.key"), NoPast: true},
		{Name: "merged_at", Column: "p.merged_at", Into: func(p *row) any { return &p.MergedAt }, CSV: "merged_at"},
		{Name: "session_key", Column: "p.session", Into: func(p *row) any { return &p.SessionKey }},
		{Name: "issues", Column: "p.issue_ids", Into: func(p *row) any { return store.ListOf(&p.IssueIDs) }, CSV: "issues"},
		{Name: "url", Column: "p.url", Into: func(p *row) any { return &p.URL }, CSV: "url"},
		{Name: "waiting", Sort: ages("CASE WHEN p.shown IN ('open', 'unknown') THEN 0 ELSE 1 END | " + pullLast)},
		{Name: "reverted_at", Column: "p.reverted_at", Into: func(p *row) any { return &p.RevertedAt }},
		{Name: "reverted_by", Column: "p.reverted_by", Into: func(p *row) any { return &p.RevertedBy }},
		{Name: "candidates", Column: "p.candidates", Into: func(p *row) any { return store.ListOf(&p.Candidates) }},
	}
}

// pullsOfRepo are the pull requests in a repository, or in all of an owner's,
// and those of the targets of that name, which are in their forks as well.
func pullsOfRepo(m moment, name string) Cond {
	own, target := ofRepo(m, "p.repo_key", name), ofRepo(m, "r.key", name)
	const forks = "SELECT h.key FROM pull_repos h JOIN repos r ON r.id = h.repo_id WHERE "
	switch {
	case m.past:
	case strings.HasSuffix(name, "/*"):
		return anyOf(own, target.within("p.repo_key IN ("+forks))
	default: // one list of keys: with OR SQLite reads all pull requests
		key := presentKey(m.tx, telemetry.ParseRepo(name).Key())
		return Cond{"p.repo_key IN (SELECT CAST(? AS TEXT) UNION " + forks + target.Text + ")", append([]any{key}, target.Args...)}
	}
	st := (&statement{}).add("SELECT r.id FROM repos r").where([]Cond{target})
	var keys []string
	for _, id := range store.All[int64](m.tx, st.text.String(), st.args...) {
		keys = append(keys, PullReposThen(m.tx, id, m.at)...)
	}
	return anyOf(own, in("p.repo_key", keys))
}

func pullText(m moment, text string) Cond {
	list := []Cond{
		among("p.issue_ids", text, escaped, "%"), anyContains(text, "p.title", "p.author", "p.repo_key", "p.session", "p.head_ref"),
	}
	if _, ok := telemetry.PullOf(text); ok {
		list = append(list, ofPull(m, "p.repo_key", "p.number", text))
	}
	return anyOf(list...)
}

// pullRepo compares pull requests by their repository or target.
func pullRepo() *asked {
	a := repoKey("p.repo_key")
	a.cond = each(func(m moment, v query.Value) Cond { return pullsOfRepo(m, v.Text) })
	return a
}

// namedThen is true of a pull request p whose session a record had named.
const namedThen = `EXISTS (SELECT 1 FROM base.mentions n WHERE n.session = p.session AND n.at <= @)`

// pullsPast are the pull requests that something named at @, as they were.
const pullsPast = "(" + pullsThen + ") AS p"

const pullsThen = `SELECT p.key, p.repo, p.repo_key, p.number, p.title, p.author, p.head_ref, p.url, p.draft,
		'' AS review, '' AS checks, '' AS mergeable, p.listed, p.fetched,
		p.created_at,
		CASE WHEN p.updated_at <= @ THEN p.updated_at ELSE 0 END AS updated_at, CASE WHEN p.created_at <> 0 THEN p.created_at ELSE COALESCE(
			(SELECT MAX(m.at) FROM base.mentions m WHERE m.session = p.session AND p.session <> '' AND m.at <= @),
			(SELECT MAX(m.at) FROM base.links k JOIN base.mentions m ON m.session = k.session
				WHERE k.pull_key = p.key AND m.at <= @), 0) END AS sort_at,
		 p.issue_ids, CAST(CASE WHEN ` + namedThen + ` THEN p.session ELSE '' END AS TEXT) AS session,
		CASE WHEN ` + namedThen + ` THEN p.basis ELSE '' END AS basis, '[]' AS candidates,
		CASE WHEN p.merged_at <= @ THEN p.merged_at ELSE 0 END AS merged_at,
		CASE WHEN p.reverted_at <= @ THEN p.reverted_at ELSE 0 END AS reverted_at,
		CASE WHEN p.reverted_at <= @ THEN p.reverted_by ELSE '' END AS reverted_by,
		CASE WHEN p.closed_at <= @ THEN p.closed_at ELSE 0 END AS closed_at, ` + ShownThen + ` AS shown,
		CASE ` + ShownThen + ` WHEN 'merged' THEN 'closed' ELSE ` + ShownThen + ` END AS state
	FROM base.pulls p WHERE ` + KnownPullThen
