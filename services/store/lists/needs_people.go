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
	// Nobody's, or of a team or a tag: who is in it is not known, so that it would be for nobody.
	shared := "(" + owners + " LIKE '%/%' OR " + owners + " NOT LIKE '%@%')"
	return []Field[row]{
		{Name: "for", Help: "me: what is assigned to you, or else yours to own; you: that, and what is nobody's or a team's",
			Asked: &asked{kind: query.Keyword(), words: []string{"you", "me"}, cond: each(func(m moment, v query.Value) Cond {
				if m.tx.Alone() { // whoever asks is the one person that there is
					return that("1 = 1")
				}
				mine := anyOf(that(assignee+" = ?", m.tx.Person()), allOf(that(assignee+" = ''"), ownedIn(owners, m.tx.Person())))
				if v.Text == "me" {
					return mine
				}
				return anyOf(mine, that(assignee+" = '' AND "+shared))
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
	}
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
