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
		{Name: "snooze", Column: "COALESCE(z.id, 0)", Into: func(n *row) any { return &n.Snooze }},
		{Name: "snoozed_until", Column: "CASE WHEN z.until_at < " + neverAt + " THEN z.until_at ELSE 0 END",
			Into: func(n *row) any { return &n.SnoozedUntil }},
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

// NeedMark is what a row of Needs you is about, by its key, in a transaction;
// found is false where no row waits under it.
func NeedMark(needs *List[telemetry.NeedRow], tx *store.Tx, key string) (mark string, found bool, err error) {
	q, err := needs.question(tx, query.Ask{})
	if err != nil {
		return "", false, err
	}
	q.sort, q.order = nil, Cond{}
	st := needs.selected(&statement{at: q.at}, q, needMark, append(q.conds, that(needKey+" = ?", key)))
	found = tx.Row(st.text.String(), st.args...).Scan(&mark).Found
	return mark, found, tx.Err()
}
