package lists

import (
	"telemetry-dashboard/services/query"
	"telemetry-dashboard/services/store"
	"telemetry-dashboard/services/telemetry"
)

// needPeople are whom rows of Needs you are for, by the worst of their issues,
// and that they are snoozed.
func needPeople() []Field[telemetry.NeedRow] {
	type row = telemetry.NeedRow
	assignee, owners := ofIssueNeeded("assignee"), "COALESCE("+issueNeeded("owners")+", '[]')"
	return []Field[row]{
		{Name: "for", Help: "me: what is assigned to you, or else yours or your team's to own; you: that, and what is nobody's",
			Asked: &asked{kind: query.Keyword(), words: []string{"you", "me"}, cond: each(func(m moment, v query.Value) Cond {
				return forPerson(m.tx, v.Text, assignee, owners)
			})}},
		{Name: "assignee", Help: "who works on the worst of its issues; @me is you", Column: assignee,
			Into: func(n *row) any { return &n.Assignee }, CSV: "assignee", Asked: assignedTo(assignee)},
		{Name: "owner", Help: "person or team that owns the worst of its issues", Column: owners,
			Into: func(n *row) any { return store.ListOf(&n.Owners) }, NoPast: true,
			Asked: &asked{kind: query.Text(), cond: each(func(_ moment, v query.Value) Cond { return ownedIn(owners, v.Text) })}},
		campaignOf[row]("that one of its issues is in", holdsCampaign),
		{Name: "snooze", Column: "COALESCE(z.id, 0)", Into: func(n *row) any { return &n.Snooze }},
		{Name: "snoozed_until", Column: "CASE WHEN z.until_at < " + neverAt + " THEN z.until_at ELSE 0 END",
			Into: func(n *row) any { return &n.SnoozedUntil }},
		{Name: "snoozed_rows", Column: "COALESCE((SELECT COUNT(*) FROM decision_needs y WHERE y.decision_id = z.id), 0)",
			Into: func(n *row) any { return &n.SnoozedRows }},
	}
}

// forPerson holds for what is assigned to who asks, or owned by them or their team
// and assigned to nobody; with the word "you", for what is nobody's, too.
func forPerson(tx *store.Tx, word, assignee, owners string) Cond {
	if tx.Alone() { // whoever asks is the one person that there is
		return that("1 = 1")
	}
	teams, known := tx.Teams()
	theirs := []Cond{ownedIn(owners, tx.Person()), ownedByTeams(owners, teams)}
	if word == "you" {
		theirs = append(theirs, that(owners+" NOT LIKE ?", "%@%")) // nobody's, or a tag's of the registry
		if !known {                                                // what is a team's would be for none of its members
			theirs = append(theirs, that(owners+" LIKE '%/%'"))
		}
	}
	return anyOf(that(assignee+" = ?", tx.Person()), allOf(that(assignee+" = ''"), anyOf(theirs...)))
}

// NeedMarks are what rows of Needs you are about, by their keys, in a
// transaction: of those of the keys under which a row waits.
func NeedMarks(needs *List[telemetry.NeedRow], tx *store.Tx, keys []string) (map[string]string, error) {
	q, err := needs.question(tx, query.Ask{})
	if err != nil {
		return nil, err
	}
	q.sort, q.order = nil, Cond{}
	st := needs.selected(&statement{at: q.at}, q, needKey+", "+needMark, append(q.conds, in(needKey, keys)))
	return store.Map[string, string](tx, st.text.String(), st.args...), tx.Err()
}
