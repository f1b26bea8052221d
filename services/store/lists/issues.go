package lists

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Issues are the security issues of all repositories.
func Issues(s *store.Store) *List[telemetry.IssueRow] {
	return bind(s, List[telemetry.IssueRow]{
		Name: "issues", Noun: "issues",
		From: "issues i", Key: "i.id", Default: "status",
		Past: issuesPast(), PastKeyed: "(" + issuesThen("i.file, i.line") + ") AS i", PastWhole: true,
		Repo:   func(_ moment, key string) Cond { return idOfRepo("i.repo_id", key) },
		Free:   issueText,
		Finish: finishIssues,
		Cheap:  "is severity family rule repo attempts age first seen assignee group",
		Kept:   &kept{From: "issue_counts i", Sum: "i.n", Serves: keptIssues, All: "i.repo_id = 0", One: "i.repo_id <> 0"},
		CSV: "id repo severity status state rule family file line age_days attempts appearances first_seen last_seen" +
			" first_seen_run last_seen_run latest_issue_id fingerprint session claim found score cwes owners title assignee dismissed_reason due_at",
		Example: "is:open severity:critical,high age:>30d",
		Views: []query.View{
			{Name: "All open", Query: "is:open"},
			{Name: "Critical and high", Query: "is:open severity:critical,high"},
			{Name: "Reopened", Query: "is:reopened"},
			{Name: "Tried 3 times or more", Query: "is:open attempts:>=3"},
			{Name: "Overdue", Query: "is:overdue"},
			{Name: "Never attempted", Query: "is:open attempts:0"},
			{Name: "New this week", Query: "is:open age:<7d"},
			{Name: "Mine", Query: "is:open assignee:@me"},
			{Name: "Dismissed", Query: "is:dismissed"},
			{Name: "Accepted", Query: "is:accepted"},
			{Name: "Fixed", Query: "is:fixed"},
			{Name: "All"},
		},
		Fields: slices.Concat(issueQualifiers(), issueGroups(), issueDecisions(), issueLogs(), issueOwners(), issueDue(), issueClaims(),
			issueCampaigns(), issueColumns()),
	})
}

// keptIssues reports whether the counts of issues answer a term: they do not
// tell more than three attempts apart.
func keptIssues(t query.Term) bool {
	if t.Field == "attempts" {
		return !slices.ContainsFunc(t.Values, func(v query.Value) bool { return v.Span.Low > 3 || v.Span.High > 3 })
	}
	if t.Field == "is" {
		return !slices.ContainsFunc(t.Values, func(v query.Value) bool { return statusRanks(v.Text) == nil })
	}
	return t.Field == "severity" || t.Field == "repo"
}

const (
	issueLast     = "i.public_id | i.id"
	issueSeverity = "i.severity_rank | i.state_rank | i.first_at | " + issueLast
)

// issueQualifiers are what queries ask for, in the order of completion.
func issueQualifiers() []Field[telemetry.IssueRow] {
	type row = telemetry.IssueRow
	return []Field[row]{
		{Name: "is", Aliases: []string{"state"},
			Help:   "state of the issue; overdue; fixed by its due date (in_time) or after it (late); a session or pull request is under_way",
			Column: "i.state_rank", Into: func(i *row) any { return statusOf(&i.State) }, CSV: "state",
			Asked: issueIs()},
		{Name: "severity", Help: "severity tier", Column: "i.severity", Into: func(i *row) any { return &i.Severity }, CSV: "severity",
			Asked: ranked("{i.severity_rank}", append(telemetry.Severities(), telemetry.KeywordOther), severityRanks),
			Sort:  up(issueSeverity).keep("i.family", "i.rule")},
		{Name: "family", Help: "CWE family, for example xss", Column: "i.family", Into: func(i *row) any { return &i.Family },
			CSV: "family", Asked: named("family"), Values: ofIssues("family"), Sort: up("i.family | " + issueSeverity).keep("i.rule")},
		{Name: "rule", Help: "CodeQL rule, for example js/sql-injection or js/*", Column: "i.rule",
			Into: func(i *row) any { return &i.Rule }, CSV: "rule",
			Asked: named("rule"), Values: ofIssues("rule"), Sort: up("i.rule | " + issueSeverity).keep("i.family")},
		{Name: "repo", Help: repoHelp, Column: nameAndURL("i.repo_id", "t.target_repo"),
			Into: func(i *row) any { return repoOf(&i.Repo, &i.TargetRepo) }, CSV: "repo",
			Asked: repoID("i.repo_id"), Values: ofRepos(),
			Sort: up("o.key | "+issueSeverity).by("repos o", "i.repo_id = {o.id}")},
		{Name: "path", Aliases: []string{"file"}, Help: "part of the file's path; * and a leading / anchor it",
			Asked: path("i.file"), NoPast: true},
		{Name: "id", Help: "issue id (CQLF-…), or the id in the page's address", Column: "i.public_id",
			Into: func(i *row) any { return &i.PublicID }, CSV: "id", Asked: text(issueID)},
		{Name: "fingerprint", Help: "beginning of any fingerprint that the issue had", Column: "i.fingerprint",
			Into: func(i *row) any { return &i.Fingerprint }, CSV: "fingerprint", NoPast: true,
			Asked: prefix(func(text string) Cond { return like("i.fingerprints", `%"`+escaped(text)+`%`) })},
		{Name: "run", Help: "number of a run that named the issue", Asked: exact(func(n int64) Cond {
			return that("i.id IN (SELECT a.issue_id FROM appearances a JOIN runs r ON r.id = a.run_id WHERE r.run_number = ? AND r.at <= @)", n)
		})},
		{Name: "appearances", Help: "number of scans that named it", Column: "i.appearances",
			Into: func(i *row) any { return &i.Appearances }, CSV: "appearances", NoPast: true,
			Asked: number("i.appearances").offers(">=2", ">=5"), Sort: down("i.appearances | " + issueLast)},
		{Name: "age", Help: "time since it was first seen", Asked: age("{i.first_at}").offers(">7d", ">30d", ">90d", "<7d"),
			Sort: ages("i.first_at | " + issueLast).keep("i.state_rank"),
			CSV:  "age_days", Cell: ageInDays(func(i *row) time.Time { return i.FirstSeen.At.Time })},
		{Name: "first", Help: "when it was first seen", Asked: date("{i.first_at}").offers("<7d", "<30d")},
		{Name: "opened", Help: "when it was first seen or reopened",
			Asked: dated("l.from_at", inIntervals+"l.opens = 1 AND l.from_at <= @ AND ").offers("<7d", "<30d")},
		{Name: "closed", Help: "when a scan no longer named it",
			Asked: dated("l.to_at", inIntervals+"l.closes = 1 AND l.to_at <= @ AND ").offers("<7d", "<30d")},
		{Name: "taken", Help: "when a session worked on it, or its fix was verified",
			Asked: dated("a.at", inAttempts+"a.session <> '' AND ").offers("<7d", "<30d")},
		{Name: "seen", Aliases: []string{"last"}, Help: "when it was last seen", Asked: date("{i.last_at}").offers("<7d", ">30d")},
		{Name: "attempts", Help: "number of sessions that worked on it", Column: "i.attempts", Into: func(i *row) any { return &i.Attempts },
			CSV: "attempts", Asked: number("{i.attempts}").offers(">0", ">=3", "0"), Sort: down("i.attempts | " + issueLast)},
		{Name: "session", Help: "session that worked on it, with or without devin-", Column: "i.session",
			Into: func(i *row) any { return &i.Session }, CSV: "session",
			Asked: text(func(text string) Cond { return sessionIs("a.session", text).within(inAttempts) }), Sort: down("i.session | " + issueLast)},
		{Name: "pr", Help: "pull request of a session that worked on it, or whose re-scan checked it: number, owner/name#number or URL",
			Asked: pullRequest(func(c Cond) Cond {
				return anyOf(c.within(withPull+" WHERE "), c.within(withRescan+" WHERE "))
			}, "p.repo_key", "p.number")},
		{Name: "verified", Help: "the outcome of a verification of its fix", Asked: verified(
			"i.id IN (SELECT a.issue_id FROM attempts a JOIN verifications v ON v.id = a.record_id WHERE a.result > 0")},
		{Name: "has", Help: "what it has",
			Asked: is(word{"session", "i.attempts > 0"}, word{"pr", "(" + withPull + ") OR " + withRescan + "))"})},
		{Name: "no", Help: "what it does not have",
			Asked: is(word{"session", "i.attempts = 0"}, word{"pr", "NOT (" + withPull + ") OR " + withRescan + "))"},
				word{"family", "i.family = ''"}, word{"owner", withoutOwner}, word{"assignee", "i.assignee = ''"},
				word{"playbook", withoutPlaybook}, word{"reason", withoutReason})},
	}
}

// issueColumns are what else is shown of an issue.
func issueColumns() []Field[telemetry.IssueRow] {
	type row = telemetry.IssueRow
	return []Field[row]{
		{Name: "tier", Asked: text(func(text string) Cond { return that("i.severity = ?", text) }).withinProgram()},
		{Name: "status", Help: "what scans say, whatever was decided", Column: "i.status_rank",
			Into: func(i *row) any { return statusOf(&i.Status) }, CSV: "status",
			Asked: ranked("i.status_rank", statusWords(telemetry.Statuses()), statusRanks),
			Sort:  up("i.state_rank | i.last_at | " + issueLast).also("state")},
		{Name: "file", Column: "i.file", Into: func(i *row) any { return &i.File }, CSV: "file",
			Sort: up("i.file | i.line | " + issueLast), NoPast: true},
		{Name: "line", Column: "i.line", Into: func(i *row) any { return &i.Line }, CSV: "line"},
		{Name: "first_seen", Column: "i.first_at", Into: func(i *row) any { return &i.FirstSeen.At }, CSV: "first_seen",
			Sort: down("i.first_at | " + issueLast).keep("i.state_rank")},
		{Name: "last_seen", Column: "i.last_at", Into: func(i *row) any { return &i.LastSeen.At }, CSV: "last_seen",
			Sort: down("i.last_at | " + issueLast).keep("i.state_rank")},
		{Name: "first_recorded", Column: recordedAt("i.first_at"),
			Into: func(i *row) any { return store.RecordedOf(&i.FirstSeen.At) }, Large: true},
		{Name: "last_recorded", Column: recordedAt("i.last_at"), Into: func(i *row) any { return store.RecordedOf(&i.LastSeen.At) }, Large: true},
		{Name: "first_seen_run", Column: "i.first_run", Into: func(i *row) any { return &i.FirstSeen.Run }, CSV: "first_seen_run"},
		{Name: "last_seen_run", Column: "i.last_run", Into: func(i *row) any { return &i.LastSeen.Run }, CSV: "last_seen_run"},
		{Name: "latest_issue_id", Column: "i.latest_issue_id", Into: func(i *row) any { return &i.LatestIssueID }, CSV: "latest_issue_id"},
		{Name: "first_file", Column: "i.first_file", Into: func(i *row) any { return &i.FirstSeen.File }},
		{Name: "last_file", Column: "i.last_file", Into: func(i *row) any { return &i.LastSeen.File }},
		{Name: "ever_fixed", Column: "i.ever_fixed", Into: func(i *row) any { return &i.EverFixed }},
		{Name: "runs", Column: "i.runs", Into: func(i *row) any { return store.NumbersOf(&i.Runs) }},
		{Name: "fingerprints", Column: "i.fingerprints", Into: func(i *row) any { return store.ListOf(&i.Fingerprints) }},
		{Name: "first_ord", Column: "i.first_ord", Into: func(i *row) any { return &i.FirstOrd }},
		{Name: "from_start", Column: "i.from_start", Into: func(i *row) any { return &i.FromStart }},
		{Name: "closed_at", Column: "i.closed_at", Into: func(i *row) any { return &i.Closed.At }},
		{Name: "closed_file", Column: "i.closed_file", Into: func(i *row) any { return &i.Closed.File }},
		{Name: "closed_run", Column: "i.closed_run", Into: func(i *row) any { return &i.Closed.Run }},
		{Name: "store_id", Column: "i.id", Into: func(i *row) any { return &i.StoreID }},
	}
}

// recordedAt is the time of an issue's scan as its record has it.
func recordedAt(at string) string {
	return "(SELECT x.at_text FROM runs x WHERE x.repo_id = i.repo_id AND x.at = " + at + " LIMIT 1)"
}

// withPull begins an issue i that a session with a pull request worked on; no guess counts.
const withPull = `i.id IN (SELECT a.issue_id FROM attempts a JOIN links l ON l.session = a.session AND l.ambiguous = 0
	JOIN pulls p ON p.key = l.pull_key`

// withRescan begins an issue i that a verification of a pull request checked.
const withRescan = `i.id IN (SELECT a.issue_id FROM attempts a JOIN verifications v ON v.id = a.record_id
	JOIN pulls p ON p.key = v.pull_key`

// inIntervals and inAttempts begin the issues that have an interval l, or an attempt a, such that.
const (
	inIntervals = "i.id IN (SELECT l.issue_id FROM issue_intervals l WHERE "
	inAttempts  = "i.id IN (SELECT a.issue_id FROM attempts a WHERE a.at <= @ AND "
)

func statusWords(of []telemetry.Status) []string {
	words := []string{telemetry.KeywordOpen}
	for _, s := range of {
		words = append(words, string(s))
	}
	return words
}

// statusRanks are the statuses and states that a word stands for.
func statusRanks(word string) []int {
	var ranks []int
	for _, s := range telemetry.IssueStates() {
		if string(s) == word || (word == telemetry.KeywordOpen && s.Open()) {
			ranks = append(ranks, s.Rank())
		}
	}
	return ranks
}

// statusOf reads a status by its rank.
func statusOf(into *telemetry.Status) any {
	return store.Column{Read: func(v any) error {
		rank, err := store.Whole(v)
		if all := telemetry.IssueStates(); err == nil && rank >= 0 && int(rank) < len(all) {
			*into = all[rank]
		}
		return err
	}, Value: func() any { return *into }}
}

func severityRanks(word string) []int { return []int{telemetry.SeverityRank(word)} }

// finishIssues adds what came of the latest attempts, and puts back, as of a past
// time, what the last record by then said. An issue may be there more than once.
func finishIssues(tx *store.Tx, m moment, rows []telemetry.IssueRow) {
	byID := map[int64]*telemetry.IssueRow{}
	for i := range rows {
		if byID[rows[i].StoreID] == nil {
			byID[rows[i].StoreID] = &rows[i]
		}
	}
	ids := slices.Sorted(maps.Keys(byID))
	readIssueClaims(tx, ids, byID)
	readDecided(tx, byID)
	if m.past {
		asLastSeen(tx, m.at, ids, byID)
		asLogged(tx, m, byID, ids)
		asOwned(tx, m.at, byID, ids)
	}
	for i := range rows {
		rows[i] = *byID[rows[i].StoreID]
	}
	asDue(m, rows)
}

// asLastSeen gives issues the words of the last record by a time.
func asLastSeen(tx *store.Tx, at int64, ids []int64, byID map[int64]*telemetry.IssueRow) {
	for _, row := range byID {
		row.Appearances, row.Runs = 0, []int64{}
	}
	type sight struct{ run, ord int64 }
	last := map[int64]sight{}
	st := (&statement{at: at}).add(`SELECT a.issue_id, a.run_id, a.ord, r.run_number, r.at, r.at_text, r.file
		FROM appearances a JOIN runs r ON r.id = a.run_id
		WHERE r.at <= @ AND a.issue_id ` + tx.In(2, "BIGINT") + ` ORDER BY r.at, r.file`)
	tx.Each(st.text.String(), append(st.args, store.JSON(ids)), func(r *store.Row) {
		var id int64
		var seen sight
		var place telemetry.ScanPosition
		r.Scan(&id, &seen.run, &seen.ord, &place.Run, &place.At, store.RecordedOf(&place.At), &place.File)
		v := byID[id]
		v.Appearances++
		v.Runs = append(v.Runs, place.Run)
		v.LastSeen, last[id] = telemetry.LastSeen(place), seen
	})
	var run int64 // whose findings are read: once, however many issues they are of
	var findings []telemetry.Finding
	for _, id := range slices.SortedFunc(maps.Keys(last), func(a, b int64) int { return cmp.Compare(last[a].run, last[b].run) }) {
		if last[id].run != run {
			run, findings = last[id].run, Findings(tx, last[id].run)
		}
		asFound(byID[id], findings, last[id].ord)
	}
}

// asFound gives an issue the words of one of a record's findings.
func asFound(v *telemetry.IssueRow, findings []telemetry.Finding, ord int64) {
	if ord >= int64(len(findings)) {
		return
	}
	f := &findings[ord]
	v.Fingerprint, v.File, v.Line, v.LatestIssueID = f.Fingerprint, f.File, f.Line, f.IssueID
	if n := slices.Index(v.Fingerprints, f.Fingerprint); n >= 0 { // they stand in the order of their first appearance
		v.Fingerprints = v.Fingerprints[:n+1]
	}
}

func issueID(text string) Cond {
	id := lowered(text)
	return anyOf(sameText("i.latest_issue_id", text), that("i.public_id = ?", id),
		that(`i.public_id IN (WITH RECURSIVE moved(id) AS (SELECT d.new_id FROM redirects d WHERE d.old_id = ?
			UNION SELECT d.new_id FROM moved JOIN redirects d ON d.old_id = moved.id) SELECT moved.id FROM moved)`, id))
}

// issueText finds a text in paths, rules with their titles, families, messages,
// repositories and, where it may be one, ids.
func issueText(m moment, text string) Cond {
	list := []Cond{
		contains("i.file", text), contains("key", text).within("i.repo_id IN (SELECT id FROM repos WHERE "),
		contains("title", text).within("i.rule IN (SELECT rule FROM rules WHERE "), messageHas(m, text),
	}
	for _, name := range []string{"rule", "family"} {
		c := contains("i."+name, text)
		if !m.past { // the names of now are looked up among few
			c = in("i."+name, namesOf(m.tx, name, c))
		}
		list = append(list, c)
	}
	if strings.ContainsAny(text, "0123456789") {
		list = append(list, contains("i.latest_issue_id", text))
	}
	if telemetry.IsHex(lowered(text)) && len(text) >= 6 {
		list = append(list, like("i.public_id", escaped(text)+"%"), like("i.fingerprints", `%"`+escaped(text)+`%`))
	}
	return anyOf(list...)
}

// Findings are the findings of a stored run.
func Findings(tx *store.Tx, run int64) []telemetry.Finding {
	var body []byte
	tx.Row(`SELECT body FROM files WHERE id = $1`, run).Scan(store.Unpacked(&body))
	rec, err := telemetry.ParseRecord(body)
	if err != nil {
		return nil
	}
	return rec.Findings
}
