package lists

import (
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// Decisions are what people decided about issues, newest first.
func Decisions(s *store.Store) *List[telemetry.Decision] {
	type row = telemetry.Decision
	return bind(s, List[row]{
		Name: "decisions", Noun: "decisions",
		From: "decisions d", Key: "d.id", Past: "decisions d", Default: "at",
		Repo: func(_ moment, key string) Cond {
			return that("o.key = ?", key).within(onIssue + "JOIN repos o ON o.id = i.repo_id WHERE ")
		},
		Free:    func(_ moment, text string) Cond { return anyContains(text, "d.comment", "d.made_by", "d.assignee") },
		Example: "action:dismiss reason:false_positive",
		Views: []query.View{
			{Name: "All"}, {Name: "Standing", Query: "is:standing"}, {Name: "Dismissals", Query: "action:dismiss"},
			{Name: "Accepted risks", Query: "action:accept"}, {Name: "Undone", Query: "is:undone"},
		},
		Fields: []Field[row]{
			{Name: "id", Help: "its number", Column: "d.id", Into: func(d *row) any { return &d.ID }, CSV: "id",
				Asked: exact(func(n int64) Cond { return that("d.id = ?", n) })},
			{Name: "action", Help: "what was decided", Column: "d.action", Into: func(d *row) any { return &d.Action }, CSV: "action",
				Asked: isOne("d.action", telemetry.DecisionActions()...)},
			{Name: "is", Help: "undone, or standing: in force on an issue", Asked: is(word{"undone", "d.undone_at <> 0"},
				word{"standing", standing})},
			{Name: "reason", Help: "why issues were dismissed", Column: "d.reason", Into: func(d *row) any { return &d.Reason }, CSV: "reason",
				Asked: isOne("d.reason", telemetry.DismissReasons()...)},
			{Name: "by", Help: "who decided; @me is you", Column: "d.made_by", Into: func(d *row) any { return &d.By }, CSV: "by",
				Asked: assignedTo("d.made_by"), Values: ofRows("made_by", "decisions WHERE made_by <> ''")},
			{Name: "assignee", Help: "who was assigned; @me is you", Column: "d.assignee", Into: func(d *row) any { return &d.Assignee },
				CSV: "assignee", Asked: assignedTo("d.assignee"), Values: ofRows("assignee", "decisions WHERE assignee <> ''")},
			{Name: "repo", Help: repoHelp, Asked: issueRepo(), Values: ofRepos()},
			{Name: "issue", Help: "id in the address of an issue that it is about", Asked: text(func(text string) Cond {
				return issueID(text).within(onIssue + "WHERE ")
			})},
			{Name: "at", Aliases: []string{"date"}, Help: "when it was made", Column: "d.at", Into: func(d *row) any { return &d.At }, CSV: "at",
				Asked: date("d.at").offers("<1d", "<7d", "<30d"), Sort: down("d.at | d.id")},
			{Name: "until", Column: "d.until_at", Into: func(d *row) any { return &d.Until }, CSV: "until", Sort: up("d.until_at | d.id")},
			{Name: "issues", Help: "number of issues that it is about", Column: "d.issues", Into: func(d *row) any { return &d.Issues },
				CSV: "issues", Asked: number("d.issues").offers(">1"), Sort: down("d.issues | d.id")},
			{Name: "comment", Column: "d.comment", Into: func(d *row) any { return &d.Comment }, CSV: "comment"},
			{Name: "query", Column: "d.query", Into: func(d *row) any { return &d.Query }, CSV: "query"},
			{Name: "rows", Column: "d.needs", Into: func(d *row) any { return store.ListOf(&d.Needs) }, CSV: "rows"},
			{Name: "undone_at", Column: "d.undone_at", Into: func(d *row) any { return &d.UndoneAt }, CSV: "undone_at"},
			{Name: "undone_by", Column: "d.undone_by", Into: func(d *row) any { return &d.UndoneBy }, CSV: "undone_by"},
		},
	})
}

// standing is true of a decision d that is in force on an issue.
const standing = `d.id IN (SELECT x.decision_id FROM decided x
	WHERE x.from_at <= CAST(@ AS BIGINT) AND x.to_at > CAST(@ AS BIGINT))
	OR d.needs <> '[]' AND d.undone_at = 0 AND (d.until_at = 0 OR d.until_at > CAST(@ AS BIGINT))`

// onIssue begins a decision d on an issue i such that.
const onIssue = "d.id IN (SELECT x.decision_id FROM decision_issues x JOIN issues i ON i.id = x.issue_id "

func issueRepo() *asked {
	a := repoID("i.repo_id")
	inner := a.cond
	a.cond = func(m moment, values []query.Value) Cond { return inner(m, values).within(onIssue + "WHERE ") }
	return a
}

// Matches are the store's ids of all issues that a query names, in a transaction.
func Matches(issues *List[telemetry.IssueRow], tx *store.Tx, a query.Ask) ([]int64, error) {
	q, err := issues.question(tx, a)
	if err != nil {
		return nil, err
	}
	q.sort, q.order = nil, Cond{}
	st := issues.selected(&statement{at: q.at}, q, "i.id", q.conds).add(" ORDER BY i.id")
	return store.All[int64](tx, st.text.String(), st.args...), tx.Err()
}
