package lists

import (
	"maps"
	"slices"

	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/store/outcomes"
	"telemetry-dashboard/services/telemetry"
)

// foundNotMerged stands for the two ends of a pull request that is not merged.
const foundNotMerged = "not_merged"

// said and scanFound compare what came of an attempt, of the rows c of claims.
func said() *asked {
	var words []string
	for _, s := range telemetry.Saids() {
		words = append(words, string(s))
	}
	return &asked{kind: query.Keyword(), words: words, cond: each(func(_ moment, v query.Value) Cond { return that("c.said = ?", v.Text) })}
}

func scanFound() *asked {
	words := []string{foundNotMerged}
	for _, f := range telemetry.Founds() {
		words = append(words, string(f))
	}
	return &asked{kind: query.Keyword(), words: words, cond: each(func(_ moment, v query.Value) Cond {
		if v.Text == foundNotMerged {
			return that("c.found IN (?, ?)", string(telemetry.FoundOpen), string(telemetry.FoundThrownAway))
		}
		return that("c.found = ?", v.Text)
	})}
}

// within puts a qualifier's condition inside a query that it ends.
func (a *asked) within(before string) *asked {
	inner := a.cond
	a.cond = func(m moment, values []query.Value) Cond { return inner(m, values).within(before) }
	return a
}

// lastAttempt is true of an issue i whose latest attempt c has a condition.
func lastAttempt(a *asked) *asked { return a.within(lastClaim) }

const lastClaim = "i.id IN (SELECT c.issue_id FROM claims c WHERE c.last = 1 AND "

func reasonWords() []string {
	var words []string
	for _, r := range telemetry.DismissReasons() {
		words = append(words, string(r))
	}
	return words
}

// anyAttempt is true of a session s of which an attempt c has a condition.
func anyAttempt(a *asked) *asked {
	return a.within("s.key IN (SELECT c.session FROM claims c WHERE ")
}

// ruleOf compares the rule of the issue of a row c of claims.
func ruleOf() *asked {
	return text(func(text string) Cond {
		return sameText("i.rule", text).within("c.issue_id IN (SELECT i.id FROM issues i WHERE ")
	})
}

// polled is true of a session s of which the polled row o has a condition.
func polled(a *asked) *asked {
	return a.within("s.key IN (SELECT o.session FROM polls o WHERE ")
}

const (
	claimHelp = "what Devin says of it: fixed, blocked, or nothing"
	foundHelp = "what scans found since"
)

// withoutPlaybook is true of an issue i whose latest session had none, or that
// no session took.
const withoutPlaybook = "i.id NOT IN (SELECT c.issue_id FROM claims c WHERE c.last = 1 AND c.playbook <> '')"

// withoutReason is true of an issue i whose latest session said nothing of why
// it was blocked.
const withoutReason = "i.id NOT IN (SELECT c.issue_id FROM claims c WHERE c.last = 1 AND c.reason <> '')"

// issueClaims are what queries ask of an issue's latest attempt.
func issueClaims() []Field[telemetry.IssueRow] {
	type row = telemetry.IssueRow
	return []Field[row]{
		{Name: "claim", Help: claimHelp, Asked: lastAttempt(said()),
			CSV: "claim", Cell: cell(func(i *row) any { return i.Claim })},
		{Name: "found", Help: foundHelp + " its latest attempt", Asked: lastAttempt(scanFound()),
			CSV: "found", Cell: cell(func(i *row) any { return i.Found })},
		{Name: "merge", Help: "whether a merge of its latest fix is known", Asked: lastAttempt(is(
			word{"known", "c.merge_unknown = 0"}, word{"unknown", "c.merge_unknown = 1"}))},
		{Name: "reason", Help: "why it is dismissed (false_positive, wont_fix, used_in_tests, mitigated), or why its latest session was blocked",
			Asked: text(func(text string) Cond {
				blocked := allOf(that("c.reason <> ''"), sameText("c.reason", text)).within(lastClaim)
				return anyOf(dismissedFor(text), blocked)
			}).offers(reasonWords()...)},
		{Name: "tried", Help: "when its latest session was started",
			Asked: lastAttempt(date("c.at").offers("<7d", "<30d"))},
		{Name: "playbook", Help: "playbook of its latest session", Values: ofRows("playbook", "polls WHERE playbook <> ''"),
			Asked: lastAttempt(same("c.playbook"))},
	}
}

// sessionClaims are what queries ask of what Devin says of a session.
func sessionClaims() []Field[telemetry.SessionRow] {
	type row = telemetry.SessionRow
	return []Field[row]{
		{Name: "claim", Help: "what it says of its issues: fixed or blocked of some, or nothing", Asked: is(
			word{"fixed", claimsSome("o.fixed_n > 0")}, word{"blocked", claimsSome("o.blocked_n > 0")},
			word{"nothing", "NOT " + claimsSome("o.fixed_n > 0 OR o.blocked_n > 0")})},
		{Name: "found", Help: foundHelp + " of one of its issues", Asked: anyAttempt(scanFound())},
		{Name: "rule", Help: "CodeQL rule of an issue that it worked on", Asked: anyAttempt(ruleOf())},
		{Name: "acus", Help: "whole ACUs that it has cost, where that is known", Asked: polled(wholeACUs()),
			Sort: down("COALESCE(o.milli_acus, 0) | s.at | s.key"), CSV: "acus", Cell: cell(func(s *row) any { return s.ACUs })},
		{Name: "playbook", Help: "its playbook", Values: ofRows("playbook", "polls WHERE playbook <> ''"),
			Asked: polled(same("o.playbook")), CSV: "playbook_id", Cell: cell(func(s *row) any { return string(s.Playbook) })},
		{Name: "tests", Help: "what it says of the tests", Asked: is(word{"passing", claimsSome("o.tests = 1")},
			word{"failing", claimsSome("o.tests = 0")}, word{"unknown", "NOT " + claimsSome("o.tests >= 0")}),
			CSV: "tests_passing", Cell: cell(func(s *row) any { return s.TestsPassing })},
		{Name: "tag", Help: "a tag of it", Asked: polled(text(func(text string) Cond { return among("o.tags", text, glob, "") })),
			CSV: "tags", Cell: cell(func(s *row) any { return s.Tags })},
		{Name: "claimed_fixed", CSV: "claimed_fixed", Cell: cell(func(s *row) any { return s.ClaimedFixed })},
		{Name: "claimed_blocked", CSV: "claimed_blocked", Cell: cell(func(s *row) any { return s.ClaimedBlocked })},
	}
}

func claimsSome(condition string) string {
	return "s.key IN (SELECT o.session FROM polls o WHERE " + condition + ")"
}

// wholeACUs compares a cost: as a number names all up to the next one, 5 is
// less than 6 ACUs.
func wholeACUs() *asked {
	const most = 1 << 50 // beyond it is no cost
	return &asked{kind: query.Number(), cond: each(func(_ moment, v query.Value) Cond {
		s := *v.Span
		s.Low, s.High = min(s.Low, most)*1000, min(s.High, most)*1000
		return allOf(that("o.milli_acus > 0"), within("o.milli_acus", s))
	})}
}

// readIssueClaims gives issues what came of their latest attempt.
func readIssueClaims(tx *store.Tx, ids []int64, byID map[int64]*telemetry.IssueRow) {
	for _, c := range ClaimsOf(tx, ids) {
		if c.Last {
			byID[c.Issue].Claim, byID[c.Issue].Found = telemetry.Optional(c.Said), telemetry.Optional(c.Found)
		}
	}
}

// ClaimsOf are what came of the attempts at issues: of now as it is stored, of
// a past time found out again.
func ClaimsOf(tx *store.Tx, issues []int64) []outcomes.Claim {
	if tx.Past() {
		return outcomes.Of(tx, issues)
	}
	return store.Rows(tx, `SELECT `+store.Names((&outcomes.Claim{}).Fields())+` FROM claims WHERE issue_id `+tx.In(1, "BIGINT"),
		[]any{store.JSON(issues)}, func(c *outcomes.Claim) []any { return store.Pointers(c.Fields()) })
}

// ReadClaims gives sessions what Devin says of them beside their states.
func ReadClaims(tx *store.Tx, rows []telemetry.SessionRow) {
	byKey := map[string][]*telemetry.SessionRow{}
	keys := []string{}
	for i := range rows {
		rows[i].Tags = []string{}
		if key := rows[i].Key; rows[i].ID != "" {
			byKey[key] = append(byKey[key], &rows[i])
			keys = append(keys, key)
		}
	}
	columns := "claim_status, fixed_n, blocked_n, tests, ''"
	if tx.Past() {
		columns = "'', 0, 0, 0, output"
	}
	tx.Each(`SELECT session, tags, playbook, milli_acus, said_at, `+columns+`
		FROM polls WHERE session `+tx.In(1, "TEXT"), []any{store.JSON(keys)}, func(r *store.Row) {
		var key, output string
		var s telemetry.SessionRow
		var acus, tests int64
		r.Scan(&key, store.ListOf(&s.Tags), &s.Playbook, &acus, &s.ClaimedAt, &s.ClaimStatus, &s.ClaimedFixed, &s.ClaimedBlocked, &tests, &output)
		if tx.Past() {
			said := outcomes.SummaryOf([]byte(output))
			s.ClaimStatus, s.ClaimedFixed, s.ClaimedBlocked, tests = telemetry.Optional(said.Status), said.Fixed, said.Blocked, said.Tests
		}
		for _, row := range byKey[key] {
			row.Tags, row.Playbook, row.ACUs = slices.Clone(s.Tags), s.Playbook, telemetry.ACUsOf(acus)
			row.ClaimedAt, row.ClaimStatus, row.ClaimedFixed, row.ClaimedBlocked = s.ClaimedAt, s.ClaimStatus, s.ClaimedFixed, s.ClaimedBlocked
			if row.TestsPassing = nil; tests >= 0 {
				passing := tests == 1
				row.TestsPassing = &passing
			}
		}
	})
}

// OddsOf is what came of earlier attempts at issues of a rule in a
// repository; where there are none, of its family there, and without either
// of the repository. Dismissed and accepted issues are out of them; the
// sessions are all that took such issues.
func OddsOf(tx *store.Tx, repo, rule, family string) telemetry.Odds {
	var odds telemetry.Odds
	for _, of := range []struct{ by, name, where string }{
		{"rule", rule, " AND i.rule = $2"}, {"family", family, " AND i.family = $2"}, {"repo", repo, " AND $2 <> ''"},
	} {
		if of.name == "" {
			continue
		}
		odds = telemetry.Odds{By: of.by, Name: of.name}
		issues, gone, sessions := map[int64]bool{}, map[int64]bool{}, map[string]bool{}
		decided := store.Map[int64, bool](tx, `SELECT i.id, CASE WHEN `+Decided(`i.state_rank`)+` THEN 1 ELSE 0 END FROM issues i
			WHERE i.repo_id = (SELECT id FROM repos WHERE key = $1) AND i.attempts > 0`+of.where, repo, of.name)
		for _, c := range ClaimsOf(tx, slices.Sorted(maps.Keys(decided))) {
			if sessions[c.Session] = true; decided[c.Issue] {
				continue
			}
			issues[c.Issue] = true
			if c.Last && c.Found == telemetry.FoundGone {
				gone[c.Issue] = true
			}
		}
		odds.Issues, odds.Gone = int64(len(issues)), int64(len(gone))
		// A session that the orchestrator's state alone names has no row.
		odds.Sessions = store.One[int64](tx, `SELECT COUNT(*) FROM sessions WHERE key `+tx.In(1, "TEXT"),
			store.JSON(slices.Sorted(maps.Keys(sessions))))
		if odds.Issues > 0 {
			break
		}
	}
	return odds
}
