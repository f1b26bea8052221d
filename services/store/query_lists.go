package store

import (
	"strconv"
	"strings"

	"telemetry-dashboard/services/telemetry"
)

// issueMatchers are what spelled queries of issues understand, over issues i. Those
// of countedQualifiers are over columns that issue_counts has as well.
func issueMatchers(now int64) matchers {
	return matchers{
		"":            anyPart([]string{"i.file"}, issueText),
		"is":          rankIs("i.status_rank", statusRanks),
		"severity":    rankIs("i.severity_rank", func(word string) []int { return []int{telemetry.SeverityRank(word)} }),
		"family":      nameIs("i.family"),
		"rule":        nameIs("i.rule"),
		"repo":        repoIs("i.repo_id"),
		"path":        pathIs("i.file"),
		"id":          anyValue(issueID),
		"fingerprint": anyValue(func(v telemetry.QueryValue) condition { return like("i.prints", `%"`+escapeLike(v.Text)+`%`) }),
		"run": anyValue(func(v telemetry.QueryValue) condition {
			return condition{"i.id IN (SELECT a.issue_id FROM appearances a JOIN runs r ON r.id = a.run_id WHERE r.run_number = ?)", []any{v.Span.Low}}
		}),
		"appearances": numberIs("i.appearances"),
		"age":         whenIs("i.first_at", now),
		"first":       whenIs("i.first_at", now),
		"closed":      lived("closes", "to_at", now),
		"opened":      lived("opens", "from_at", now),
		"taken":       taken(now),
		"seen":        whenIs("i.last_at", now),
		"attempts":    numberIs("i.attempts"),
		"session": anyValue(func(v telemetry.QueryValue) condition {
			c := sessionID("a.session")(v)
			return condition{"i.id IN (SELECT a.issue_id FROM attempts a WHERE " + c.sql + ")", c.args}
		}),
		"pr": anyValue(func(v telemetry.QueryValue) condition {
			c := pullIs("p.repo_key", "p.number")([]telemetry.QueryValue{v})
			return condition{issueWithPull + " WHERE " + c.sql + ")", c.args}
		}),
		"has": wordIs(map[string]string{"session": "i.attempts > 0", "pr": issueWithPull + ")"}),
		"no":  wordIs(map[string]string{"session": "i.attempts = 0", "pr": "NOT " + issueWithPull + ")", "family": "i.family = ''"}),
	}
}

// lived matches issues one of whose lives began or ended at such a time.
func lived(flag, column string, now int64) matcher {
	when := whenIs("l."+column, now)
	return func(values []telemetry.QueryValue) condition {
		c := when(values)
		return condition{"i.id IN (SELECT l.issue_id FROM lives l WHERE l." + flag + " = 1 AND " + c.sql + ")", c.args}
	}
}

// taken matches issues that a session took at such a time: that of any record
// that says so, be it the verification of its fix.
func taken(now int64) matcher {
	when := whenIs("a.at", now)
	return func(values []telemetry.QueryValue) condition {
		c := when(values)
		return condition{"i.id IN (SELECT a.issue_id FROM attempts a WHERE a.session <> '' AND " + c.sql + ")", c.args}
	}
}

// issueWithPull is true of issues that a session with a pull request took;
// what is guessed does not count.
const issueWithPull = `i.id IN (SELECT a.issue_id FROM attempts a JOIN links l ON l.session = a.session AND l.guess = 0 JOIN pulls p ON p.key = l.pull_key`

// statusRanks are the statuses that a word stands for.
func statusRanks(word string) []int {
	var ranks []int
	for _, s := range telemetry.Statuses() {
		if string(s) == word || (word == telemetry.WordOpen && s.Open()) {
			ranks = append(ranks, s.Rank())
		}
	}
	return ranks
}

func issueID(v telemetry.QueryValue) condition {
	id := lowerASCII(v.Text)
	return anyCondition([]condition{sameText("i.latest_issue_id", v.Text), {"i.public_id = ?", []any{id}},
		{"i.public_id IN (SELECT d.new_id FROM redirects d WHERE d.old_id = ?)", []any{id}}})
}

// issueText finds a text elsewhere than in the file's path: in the few rules,
// families and repositories, and, where it may be an id, in ids.
func issueText(text string) []condition {
	list := []condition{}
	for _, name := range []string{"rule", "family"} {
		c := contains("c."+name, text)
		list = append(list, condition{"i." + name + " IN (SELECT c." + name + " FROM issue_counts c WHERE c.repo_id = 0 AND " + c.sql + ")", c.args})
	}
	repo := contains("key", text)
	list = append(list, condition{"i.repo_id IN (SELECT id FROM repos WHERE " + repo.sql + ")", repo.args})
	if strings.ContainsAny(text, "0123456789") {
		list = append(list, contains("i.latest_issue_id", text))
	}
	if isHex(text) && len(text) >= 6 {
		list = append(list, like("i.public_id", escapeLike(text)+"%"), like("i.prints", `%"`+escapeLike(text)+`%`))
	}
	return list
}

func isHex(s string) bool {
	return strings.Trim(lowerASCII(s), "0123456789abcdef") == ""
}

// sessionMatchers are what queries of sessions understand, over sessions
// s.
func sessionMatchers(d dialect, now int64) matchers {
	return matchers{
		"": anyPart([]string{"s.id", "s.title", "s.family", "s.target_repo", "s.status", "s.reason", "s.run_label", "s.pr_url"}, func(text string) []condition {
			return []condition{inFile("s.run_file", text), idsContain(d, "s.issue_ids", text)}
		}),
		"is":      anyValue(stateIs(now)),
		"repo":    repoIs("s.repo_id"),
		"family":  textIs("s.family"),
		"run":     numberIs("s.run_number"),
		"batch":   numberIs("s.batch_id"),
		"issue":   idsHold(d, "s.issue_ids"),
		"id":      anyValue(sessionID("s.key")),
		"pr":      anyValue(sessionPull),
		"has":     wordIs(map[string]string{"pr": "s.has_pr = 1", "issue": "s.issue_ids <> '[]'"}),
		"no":      wordIs(map[string]string{"pr": "s.has_pr = 0", "issue": "s.issue_ids = '[]'"}),
		"age":     whenIs("s.since", now),
		"started": whenIs("s.at", now),
	}
}

// stateIs matches a state. Active is what was polled, or recorded of late
// (product.md §5).
func stateIs(now int64) func(telemetry.QueryValue) condition {
	return func(v telemetry.QueryValue) condition {
		if v.Text != telemetry.WordActive {
			return condition{"s.state = ?", []any{v.Text}}
		}
		return condition{"(s.state IN (" + activeStates + ") AND " + strings.Replace(recent, "$1", "?", 1) + ")", []any{now - telemetry.RecordedFor.Milliseconds()}}
	}
}

// sessionID matches the key of a session by its id in any spelling. A column
// is "" where there is no session.
func sessionID(column string) func(telemetry.QueryValue) condition {
	return func(v telemetry.QueryValue) condition {
		id := telemetry.BareID(v.Text)
		if strings.Contains(id, "*") {
			c := like(column, globLike(id))
			return condition{"(" + column + " <> '' AND " + c.sql + ")", c.args}
		}
		if id == "" { // what records write for "none"
			return condition{sql: "1 = 0"}
		}
		return condition{column + " = ?", []any{id}}
	}
}

// sessionPull matches sessions by any pull request that they are linked to.
func sessionPull(v telemetry.QueryValue) condition {
	c := pullIs("p2.repo_key", "p2.number")([]telemetry.QueryValue{v})
	return condition{"s.key IN (SELECT l.session FROM links l JOIN pulls p2 ON p2.key = l.pull_key WHERE l.guess = 0 AND " + c.sql + ")", c.args}
}

// pullMatchers are what queries of pull requests understand, over pulls p.
func pullMatchers(d dialect, now int64) matchers {
	return matchers{
		"": anyPart([]string{"p.title", "p.author", "p.repo_key", "p.session", "p.head_ref"}, func(text string) []condition {
			list := []condition{idsContain(d, "p.issue_ids", text)}
			if _, ok := telemetry.PullOf(text); ok {
				list = append(list, pullIs("p.repo_key", "p.number")([]telemetry.QueryValue{{Text: text}}))
			}
			return list
		}),
		"is": wordIs(map[string]string{
			"open":    "p.shown = 'open'",
			"closed":  "p.shown = 'closed'",
			"merged":  "p.shown = 'merged'",
			"unknown": "p.shown = 'unknown'",
			"draft":   "p.shown = 'open' AND p.draft = 1",
		}),
		"repo":    pullRepo,
		"author":  textIs("p.author"),
		"session": anyValue(sessionID("p.session")),
		"issue":   idsHold(d, "p.issue_ids"),
		"pr":      pullIs("p.repo_key", "p.number"),
		"linked":  anyValue(func(v telemetry.QueryValue) condition { return condition{"p.basis = ?", []any{v.Text}} }),
		"has":     wordIs(map[string]string{"session": "p.session <> ''", "issue": "p.issue_ids <> '[]'"}),
		"no":      wordIs(map[string]string{"session": "p.session = ''", "issue": "p.issue_ids = '[]'"}),
		"age":     whenIs("p.created_at", now),
		"created": whenIs("p.created_at", now),
		"merged":  whenIs("p.merged_at", now),
		"closed":  whenIs("p.closed_at", now),
	}
}

// pullRepo matches pull requests of a target repository or of its forks, and
// those of a repository that is no target.
func pullRepo(values []telemetry.QueryValue) condition {
	target, own := repoKeyIs("r.key")(values), repoKeyIs("p.repo_key")(values)
	return anyCondition([]condition{own, {"p.repo_key IN (SELECT h.key FROM homes h JOIN repos r ON r.id = h.repo_id WHERE " + target.sql + ")", target.args}})
}

// inFile finds a text in the name of a record's file. Its ending, which all
// have, is found with what stands before it.
func inFile(column, text string) condition {
	const ending = ".json"
	_, begins := strings.CutPrefix(ending, lowerASCII(strings.TrimSpace(text)))
	if begins || !strings.Contains(text, ".") {
		column = "REPLACE(" + column + ", '.json', '')"
	}
	return contains(column, text)
}

// runKind is the kind of a run r as the index of kinds has it: by an
// expression, so that no query of one repository's scans takes that index.
const runKind = `(r.kind||'')`

// runMatchers are what queries of runs understand, over runs r.
func runMatchers(now int64) matchers {
	return matchers{
		"": anyPart([]string{"r.target_repo", "r.run_label", "r.run_id"}, func(text string) []condition {
			list := []condition{inFile("r.file", text)}
			if n, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64); err == nil {
				list = append(list, condition{"r.run_number = ?", []any{n}})
			}
			return list
		}),
		"kind": anyValue(func(v telemetry.QueryValue) condition { return condition{runKind + " = ?", []any{v.Text}} }),
		"is": wordIs(map[string]string{
			"reduced": "r.reduced = 1",
			"unnamed": "r.kind = 'scan' AND r.has_findings = 0",
			"empty":   "r.issues_found = 0",
		}),
		"repo":     repoIs("r.repo_id"),
		"run":      numberIs("r.run_number"),
		"found":    numberIs("r.issues_found"),
		"new":      knownNumber("r.new_n"),
		"gone":     knownNumber("r.gone_n"),
		"sessions": numberIs("r.sessions"),
		"file":     pathIs("r.file"),
		"age":      whenIs("r.at", now),
		"date":     whenIs("r.at", now),
	}
}

// knownNumber matches a column in which -1 stands for unknown.
func knownNumber(column string) matcher {
	return anyValue(func(v telemetry.QueryValue) condition {
		c := within(column, v.Span)
		return condition{"(" + column + " >= 0 AND " + c.sql + ")", c.args}
	})
}

// repoMatchers are what queries of repositories understand, over repos r.
func repoMatchers(now int64) matchers {
	return matchers{
		"":              anyPart([]string{"r.key", "r.fork_key"}, nil),
		"repo":          repoKeyIs("r.key"),
		"is":            wordIs(map[string]string{"listed": "r.listed = 1", "reduced": "r.data_reduced = 1", "clean": "r.open = 0"}),
		"open":          numberIs("r.open"),
		"critical_high": numberIs("r.critical_high"),
		"runs":          numberIs("r.runs"),
		"active":        numberIs(activeCount),
		"waiting":       numberIs("r.prs_open"),
		"age":           whenIs("r.last_run", now),
	}
}
